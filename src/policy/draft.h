/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POLICY_DRAFT_H
#define POLICY_DRAFT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "settings/settings.h"

/* A policy in the making. Internal to src/policy. */
struct draft {
	const struct settings *settings;
	const char *partition;  /* "aws" */
	const char *dns_suffix; /* "amazonaws.com" */
	const char *region;     /* "": not known */
	const char *account;    /* "": not known */
	json_t *statements;
	struct buf *notes;                  /* lines for the person */
	bool region_missed, account_missed; /* something had to stand in */
};

/* One more statement. actions: up to a NULL. Owns: takes resources and condition (NULL: none). Without resources there
 * is none. */
void draft_allow(struct draft *d, const char *sid, const char *const *actions, json_t *resources, json_t *condition);

/* For ARNs; what stands in for one that is not known is noted once, at the end. */
const char *draft_region(struct draft *d);
const char *draft_account(struct draft *d);

/* A text into an array of texts, once. Owns: takes the text. */
void draft_add(json_t *list, char *text);
/* The ARN of a bucket, or with a key (not NULL) of what is in it. */
char *draft_s3_arn(struct draft *d, const char *bucket, const char *key);

/* Parts of documents, each in a file of its own. */
void draft_s3(struct draft *d);        /* what the daemon does there */
void draft_s3_tables(struct draft *d); /* what crawlers and analysts may see */
void draft_kms(struct draft *d, bool writes);
void draft_glue(struct draft *d);
void draft_analyst(struct draft *d);
void draft_kafka(struct draft *d);

#endif
