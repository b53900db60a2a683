/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_SIGV4_H
#define AWS_SIGV4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/credentials.h"
#include "base/buf.h"

/* AWS Signature Version 4 as three pure functions, each tested by itself against published examples.
 * Source: AWS "Signature Version 4 signing process"; aws.md 5.2. */

struct sigv4_header {
	const char *name;  /* lower case */
	const char *value; /* surrounding and repeated spaces are folded here */
};

struct sigv4_request {
	const char *method;
	const char *path;  /* already percent-encoded, exactly as sent; S3: encoded once, not normalised */
	const char *query; /* percent-encoded, no "?", "" for none; sorted here; "uploads" signs as "uploads=" */
	const struct sigv4_header *headers; /* all that are signed, host included; any order */
	size_t n_headers;
	const char *payload_hash; /* hex SHA-256, or "UNSIGNED-PAYLOAD" */
};

struct sigv4_scope {
	const char *region;
	const char *service; /* "s3" */
	int64_t time_ms;     /* wall clock, corrected by the endpoint's offset */
};

#define SIGV4_TIME 17 /* "20260102T030405Z" and the zero */

void sigv4_time(int64_t time_ms, char out[SIGV4_TIME]);

/* Step 1. Appends to out; also appends the list of signed headers ("host;x-amz-date") to signed_headers. */
void sigv4_canonical_request(const struct sigv4_request *r, struct buf *out, struct buf *signed_headers);
/* Step 2. */
void sigv4_string_to_sign(const struct sigv4_scope *scope, const void *canonical, size_t len, struct buf *out);
/* Step 3. Hex signature. */
void sigv4_signature(const struct sigv4_scope *scope, const char *secret, const void *to_sign, size_t len,
		     char out[65]);

/* All three: the value of the Authorization header, appended to out. */
void sigv4_authorization(const struct sigv4_request *r, const struct sigv4_scope *scope, const struct credentials *c,
			 struct buf *out);

/* The same for a request that is signed in its query, as for a link: the whole query, r->query first, appended to out.
 * Its headers, host at least, are those that whoever uses it sends. */
void sigv4_presign(const struct sigv4_request *r, const struct sigv4_scope *scope, const struct credentials *c,
		   int64_t lifetime_s, struct buf *out);

/* Percent-encode as SigV4 wants it (unreserved A-Za-z0-9-_.~ raw, upper-case hex); keep_slash for object keys. */
void sigv4_encode(const char *s, bool keep_slash, struct buf *out);

#endif
