/* SPDX-License-Identifier: Apache-2.0 */
#include "glue/lake.h"

#include <stdlib.h>
#include <string.h>

#include "aws/exchange.h"
#include "base/clock.h"

#define SILENCE_MS 8000
#define LOOK_MS 200

int lake_open(struct lake *l, const struct settings *s, struct credential_provider *p, struct error *e)
{
	l->s3 = s3_new(s, p, 1, e);
	return l->s3 == NULL ? -1 : 0;
}

void lake_close(struct lake *l)
{
	s3_free(l->s3);
	l->s3 = NULL;
}

int lake_call(struct lake *l, struct s3_call *c, struct error *e)
{
	int64_t deadline = clock_boot_ms() + SILENCE_MS;
	const char *trouble;

	s3_start(l->s3, c, clock_boot_ms());
	while (s3_next_done(l->s3) == NULL) {
		if (clock_boot_ms() >= deadline || exchange_stopped()) {
			trouble = s3_trouble(l->s3);
			error_set(e, ERROR_RETRY, 0, "S3 does not answer: %s",
				  trouble != NULL ? trouble : "no connection moves");
			s3_cancel(l->s3, c);
			return -1;
		}
		s3_wait(l->s3, LOOK_MS);
	}
	if (c->result == S3_DONE)
		return 0;
	*e = c->error;
	return -1;
}

bool lake_row(char **at, int64_t *bytes, int64_t *modified_ms, char **key)
{
	char *end = strchr(*at, '\n'), *number;

	if (end == NULL)
		return false;
	*end = '\0';
	*bytes = strtoll(*at, &number, 10);
	*modified_ms = strtoll(number, &number, 10);
	*key = number + 1;
	*at = end + 1;
	return true;
}
