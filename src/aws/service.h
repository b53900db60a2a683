/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_SERVICE_H
#define AWS_SERVICE_H

#include <jansson.h>

#include "aws/credentials.h"
#include "base/buf.h"
#include "base/error.h"

/* Calls of an AWS service other than S3, one at a time, each waited for: JSON 1.1 (Glue, Athena) and the query protocol
 * (STS). Thread: the one that made it. Source: aws.md 3.1 and 4.3. */

struct aws_service;

struct aws_service_options {
	const char *service;  /* "glue", "athena", "sts" */
	const char *region;   /* "": that of the endpoint, or STS's global one; the others need it */
	const char *endpoint; /* "": AWS_ENDPOINT_URL_<SERVICE>, else AWS's own */
	const char *ca_file, *proxy;
	struct credential_provider *provider; /* a hold is taken, or it is borrowed where it is one's alone; NULL:
					       * nothing is signed */
};

/* Errors: GIVE_UP, what is wrong with region or endpoint; RETRY, no region is known. */
struct aws_service *aws_service_new(const struct aws_service_options *o, struct error *e);
void aws_service_free(struct aws_service *a);

/* What the service itself says of a call that failed. */
struct aws_fault {
	char code[64];     /* "EntityNotFoundException"; "": it said nothing that could be read */
	char message[512]; /* its first line: printable, and without what it tells of the signature */
	int status;        /* 0: no answer */
};

/* target: "AWSGlue.GetTable"; in is borrowed; *out is the caller's to json_decref, NULL after an error.
 * 0, or -1: f says what the service said, e says it for a person, and e->action is RETRY (throttled, 5xx, no answer, no
 * credentials yet), WAIT_PERSON (denied) or GIVE_UP (any other code: the caller reads f->code). Sent again is only what
 * was refused for expired credentials or a wrong clock, once, with new ones or a corrected time. */
int aws_service_call(struct aws_service *a, const char *target, const json_t *in, json_t **out, struct aws_fault *f,
		     struct error *e);

/* The same for the query protocol: form is "Action=…&Version=…", encoded; *answer is an XML document that the caller
 * frees, also after an error. */
int aws_service_query(struct aws_service *a, const char *form, struct buf *answer, struct aws_fault *f,
		      struct error *e);

#endif
