/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include <jansson.h>

#include "base/buf.h"
#include "base/error.h"
#include "settings/settings.h"

/* IAM policies: what these very settings need, and no action more. Source: Service authorization reference; aws.md 6.
 */

enum policy_role {
	POLICY_DAEMON,  /* the daemon, and the commands that go to Kafka, S3 and Glue as it does */
	POLICY_BASE,    /* who assumes s3.role_arn, and goes to Kafka itself */
	POLICY_CRAWLER, /* the role of a Glue crawler over the tables, beside AWSGlueServiceRole */
	POLICY_ANALYST, /* who queries the tables in Athena */
	POLICY_MSK,     /* the part of the daemon's that is about Kafka */
};

/* The roles' names, with NULL at the end. */
extern const char *const policy_roles[];

/* The policy document. region: as far as it is known, else ""; account: twelve digits, or "" for what the settings say.
 * notes: lines for a person are appended: what stands for itself in the document since nothing says it, and what a
 * policy cannot give. Pure. Owns: the caller's json_decref. Errors: the settings have nothing that this role is for. */
json_t *policy_build(const struct settings *s, enum policy_role role, const char *region, const char *account,
		     struct buf *notes, struct error *e);

/* `kafka2s3 iam-policy`: the document to standard output, the notes to standard error. role, account: NULL if not
 * given. Returns the exit code. */
int policy_command(const struct settings *s, const char *role, const char *account);

#endif
