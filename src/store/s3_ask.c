/* SPDX-License-Identifier: Apache-2.0 */
/* A call as a question and its answer. */
#include "store/s3_ask.h"

#include "base/clock.h"

#define LOOK_MS 1000

int s3_ask(struct s3 *s3, struct s3_call *c, int limit_ms, struct error *e)
{
	int64_t now = clock_boot_ms(), deadline = now + limit_ms;
	const char *trouble;

	s3_start(s3, c, now);
	while (s3_next_done(s3) == NULL) {
		now = clock_boot_ms();
		if (now >= deadline) {
			trouble = s3_trouble(s3);
			error_set(e, ERROR_RETRY, 0, "nothing is answered: %s",
				  trouble != NULL ? trouble : "no connection moves");
			s3_cancel(s3, c);
			return -1;
		}
		s3_wait(s3, deadline - now < LOOK_MS ? (int)(deadline - now) : LOOK_MS);
	}
	if (c->result == S3_DONE)
		return 0;
	*e = c->error;
	return -1;
}
