/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_S3_STATE_H
#define STORE_S3_STATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/s3.h"
#include "store/s3_endpoint.h"
#include "store/s3_request.h"

/* What s3.c, which moves calls, and s3_settle.c, which judges answers, share. Internal to src/store. */

#define S3_PHASES (PHASE_DONE + 1)

TAILQ_HEAD(attempt_list, s3_attempt);

struct s3 {
	const struct settings *settings;
	struct credential_provider *provider;
	struct http *http;
	struct s3_endpoint endpoint;
	int connections;
	struct attempt_list lists[S3_PHASES];
	int n[S3_PHASES];
	bool healthy; /* the last answer was one */
	int64_t probe_at_ms;
	uint64_t seed;
	char *trouble;
	struct board_s3 counters;
	uint64_t bytes_taken; /* but for what is under way */
	atomic_bool woken;
};

/* Ways out of an attempt. */
void s3_done(struct s3 *s3, struct s3_attempt *a, enum s3_result result);
void s3_again(struct s3 *s3, struct s3_attempt *a);                      /* at once */
void s3_back_off(struct s3 *s3, struct s3_attempt *a, int64_t floor_ms); /* after a while; a->trouble says why */

/* An answer has come, or none: sort out what it means. */
void s3_settle(struct s3 *s3, struct s3_attempt *a);

#endif
