/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_S3_ERROR_H
#define STORE_S3_ERROR_H

#include <stdint.h>

#include "http/http.h"
#include "store/s3.h"

/* What S3's answers mean: one table from code, status and operation to a verdict, with what to tell the person.
 * Source: aws.md 5.3 and 5.5. */

enum s3_verdict {
	VERDICT_RETRY,         /* passes by itself */
	VERDICT_REFRESH,       /* the credentials are expired */
	VERDICT_SKEW,          /* our clock is off */
	VERDICT_SIGNATURE,     /* our clock may be off, else a person must mend it */
	VERDICT_MOVED,         /* another region or endpoint */
	VERDICT_UNCONDITIONAL, /* the store knows no If-None-Match */
	VERDICT_EXISTS,
	VERDICT_DEAD, /* the upload */
	VERDICT_GONE, /* what was to be removed is not there: done */
	VERDICT_PERSON,
};

struct s3_rule {
	const char *code;           /* NULL: any; a "*" at its end stands for the rest */
	int status_from, status_to; /* 0, 0: any */
	unsigned ops;               /* bits of 1 << enum s3_op; 0: any */
	enum s3_verdict verdict;
	const char *advice; /* what to do about it, or NULL */
};

/* What an answer that is no success says of itself; "" for what it does not say. */
struct s3_answer {
	int status;
	char code[64];
	char message[512];
	char region[64];        /* x-amz-bucket-region, or <Region> */
	char endpoint[256];     /* <Endpoint> */
	int64_t date_ms;        /* Date, in wall clock ms; 0: none */
	int64_t retry_after_ms; /* 0: none */
};

/* Never NULL: the first rule of the table that fits. */
const struct s3_rule *s3_rule_for(enum s3_op op, int status, const char *code);

/* now_real_ms: for a Retry-After that is a date. */
void s3_answer_read(const struct http_request *r, int64_t now_real_ms, struct s3_answer *a);

#endif
