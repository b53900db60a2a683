/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens for Amazon MSK's IAM authentication. The handle asks when four fifths of a token's life are over, and gives
 * each connection that it makes the newest one; what is connected stays so. Credentials are the provider's, the token
 * is made in aws/msk. Thread: the background thread of the handle. Invariants: a token stands in no log and in no
 * error. */
#include "kafka/msk_iam.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aws/credentials_cache.h"
#include "aws/msk.h"
#include "aws/region.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

#define TOKEN_MAX_BYTES 16384
/* The first credentials come soon after the start; a failure would be tried again in ten seconds only. */
#define FIRST_LIMIT_MS 2000
#define FIRST_LOOK_MS 50
/* Credentials that are over and still the newest that there are: the broker has the last word on them. */
#define LEAST_LIFETIME_MS 10000

struct msk_iam {
	const struct settings *settings; /* a hold */
	struct credential_provider *credentials;
	char *region; /* "": not known yet */
};

struct msk_iam *msk_iam_new(const struct settings *s, struct credential_provider *credentials)
{
	struct msk_iam *m = mem_zalloc(sizeof(*m));

	m->settings = settings_hold(s);
	m->credentials = credentials != NULL ? credentials_hold(credentials) : credentials_shared_base(s, NULL);
	m->region = mem_strdup("");
	return m;
}

void msk_iam_free(struct msk_iam *m)
{
	if (m == NULL)
		return;
	m->credentials->free(m->credentials);
	settings_free(m->settings);
	free(m->region);
	free(m);
}

/* Owns: the caller frees. */
static char *find_region(const struct settings *s)
{
	char region[MSK_REGION_MAX];

	return msk_region_of(s->kafka_brokers, region) ? mem_strdup(region) : region_resolve(s);
}

static int fetch_credentials(struct msk_iam *m, struct credentials *c, struct error *e)
{
	const struct timespec look = { .tv_nsec = FIRST_LOOK_MS * 1000000L };
	int64_t deadline = clock_boot_ms() + FIRST_LIMIT_MS;
	int rc;

	while ((rc = m->credentials->fetch(m->credentials, clock_real_ms(), c, e)) < 0 && e->action == ERROR_RETRY &&
	       clock_boot_ms() < deadline)
		nanosleep(&look, NULL);
	return rc;
}

static int make_token(struct msk_iam *m, struct buf *token, int64_t *expires_ms, struct error *e)
{
	struct credentials c;
	int64_t now;

	if (m->region[0] == '\0') {
		free(m->region);
		m->region = find_region(m->settings);
	}
	if (m->region[0] == '\0')
		return error_set(e, ERROR_WAIT_PERSON, 0,
				 "the cluster's region is not known: the names in kafka.brokers do not have it; set "
				 "s3.region, or AWS_REGION");
	if (fetch_credentials(m, &c, e) < 0)
		return -1;
	now = clock_real_ms();
	msk_token(m->region, &c, now, token);
	*expires_ms = msk_token_expires_ms(&c, now);
	if (*expires_ms < now + LEAST_LIFETIME_MS)
		*expires_ms = now + LEAST_LIFETIME_MS;
	credentials_wipe(&c);
	return 0;
}

void msk_iam_refresh(struct msk_iam *m, rd_kafka_t *rk)
{
	int64_t expires_ms = 0;
	struct buf token;
	struct error e;
	char why[256];

	buf_init_secret(&token, TOKEN_MAX_BYTES);
	if (make_token(m, &token, &expires_ms, &e) < 0)
		rd_kafka_oauthbearer_set_token_failure(rk, e.text);
	else if (rd_kafka_oauthbearer_set_token(rk, buf_str(&token), expires_ms, "kafka2s3", NULL, 0, why,
						sizeof(why)) != RD_KAFKA_RESP_ERR_NO_ERROR)
		rd_kafka_oauthbearer_set_token_failure(rk, why);
	buf_free(&token);
}
