/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_S3_REQUEST_H
#define STORE_S3_REQUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "aws/credentials.h"
#include "store/s3.h"
#include "store/s3_endpoint.h"

/* A call's own state behind the curtain, and the request that is made of it for each attempt. Internal to src/store. */

enum s3_phase { PHASE_READY, PHASE_BACKING_OFF, PHASE_SENT, PHASE_DONE };

struct s3_attempt {
	TAILQ_ENTRY(s3_attempt) entry;
	struct s3_call *call;
	enum s3_phase phase;
	int64_t due_boot_ms;          /* PHASE_BACKING_OFF */
	int failures;                 /* passing errors so far */
	int moves;                    /* redirects and changes of region so far */
	struct s3_place moved_to;     /* where a redirect sent this one call; origin NULL: nowhere */
	char trouble[ERROR_TEXT_MAX]; /* what failed last; "": nothing */
	bool lacks_credentials;       /* that was it: nothing could be signed */
	const char *bucket_owner;     /* whose the bucket has to be; NULL or "": whoever's it is */
	bool unconditional;           /* the store seems not to know If-None-Match: this call goes without */

	/* Made once. */
	bool hashed;
	uint8_t sha256[SHA256_BYTES]; /* of the body */
	char payload_hash[SHA256_HEX];
	struct buf document; /* COMPLETE: the body */
	struct iovec document_piece;

	struct buf listed; /* LIST_UPLOADS, LIST_OBJECTS, HEAD: lines of the answer */

	/* Of the attempt in flight. */
	struct http_request request;
	char *url;
	struct http_header *headers;
	size_t n_headers;
	bool conditional;        /* it says If-None-Match */
	bool hopeful;            /* the call's first, begun while the store answered well */
	char region[REGION_MAX]; /* that it was signed for */
	int64_t offset_ms;       /* of the clock that it was signed by */
	int64_t sent_boot_ms;
};

struct s3_attempt *s3_attempt_new(struct s3_call *call);
void s3_attempt_free(struct s3_attempt *a); /* NULL is fine */

/* Make a->request anew: URL, headers, body, signature. Hashes the body the first time. The attempt's unconditional and
 * offset_ms are set; now_real_ms: wall clock, not corrected. */
void s3_request_build(struct s3_attempt *a, const struct s3_endpoint *ep, const struct credentials *c,
		      int64_t now_real_ms);
/* Free what build made, and the response. */
void s3_request_drop(struct s3_attempt *a);

/* "put", "create", … for messages. */
const char *s3_op_name(enum s3_op op);
/* Encoded path below the bucket's root: "/key", or "" for the bucket itself. Owns: the caller frees. */
char *s3_request_tail(const struct s3_call *call);

#endif
