/* SPDX-License-Identifier: Apache-2.0 */
/* One thread that asks, and a snapshot for all.
 *
 *     sources ◄──fetch── its thread ──► snapshot ──copy──► uploaders, MSK, Glue
 *                            ▲ refresh: wanted                    │ S3 said that they are expired
 *                            └────────────────────────────────────┘
 *
 * Invariants: only the thread calls sources that are not quick, and no mutex is held meanwhile; quick ones are called
 * under the mutex by anybody; inner changes in the thread, under the mutex; no answer is asked for within a second of
 * the one before it, whatever sources and clocks say. */
#include "aws/credentials_cache.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "aws/exchange.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/mem.h"

#define AHEAD_MS (15 * 60000)
#define SHORTEST_MS 1000 /* between two questions */
#define PAST_MS 60000    /* a source gives what is past its end: it, or this clock, knows better */
#define FORCED_MS 3000   /* between two questions that were wanted */
#define PERSON_MS 10000  /* between two that a person must answer, at least */
#define TURN_MS 1000     /* how often the thread beats while it has nothing to do */
#define TOLD_EVERY_MS 60000

struct cache {
	struct credential_provider base;
	atomic_int holds;
	atomic_bool stopping;
	struct board *board;                                              /* NULL: none */
	struct credential_provider *(*sources)(const struct settings *s); /* of other settings */
	pthread_t thread;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t changed;
	struct credential_provider *inner;
	struct credential_provider *next; /* takes inner's place; NULL: none */
	struct credentials now;           /* access_key_id NULL: none */
	bool failed;                      /* the last question; then why */
	struct error why;
	bool wanted; /* a refresh */

	/* The thread's own. */
	int64_t due_boot_ms, asked_boot_ms, told_boot_ms;
	int failures;
	uint64_t seed;
};

int64_t credentials_ask_in_ms(int64_t expires_ms, int64_t now_real_ms)
{
	int64_t life = expires_ms - now_real_ms, wait;

	if (expires_ms == INT64_MAX)
		return INT64_MAX;
	if (life <= 0)
		return PAST_MS;
	wait = life >= 2 * AHEAD_MS ? life - AHEAD_MS : life / 2;
	return wait > SHORTEST_MS ? wait : SHORTEST_MS;
}

static struct credential_provider *newest(const struct cache *c)
{
	return c->next != NULL ? c->next : c->inner;
}

/* Of the snapshot. */
static int copy(const struct cache *c, int64_t now_real_ms, struct credentials *out, struct error *e)
{
	*out = (struct credentials){ .expires_ms = 0 };
	if (c->now.access_key_id != NULL && (!c->failed || now_real_ms < c->now.expires_ms || c->now.outlive)) {
		credentials_copy(&c->now, out);
		return 0;
	}
	if (!c->failed)
		return error_set(e, ERROR_RETRY, EAGAIN, "credentials are being asked for");
	*e = c->why;
	return -1;
}

static int cache_fetch(struct credential_provider *p, int64_t now_real_ms, struct credentials *out, struct error *e)
{
	struct cache *c = (struct cache *)p;
	struct credential_provider *from;
	int rc;

	pthread_mutex_lock(&c->lock);
	from = newest(c);
	rc = from->quick ? from->fetch(from, now_real_ms, out, e) : copy(c, now_real_ms, out, e);
	pthread_mutex_unlock(&c->lock);
	return rc;
}

static void cache_refresh(struct credential_provider *p)
{
	struct cache *c = (struct cache *)p;
	struct credential_provider *from;

	pthread_mutex_lock(&c->lock);
	from = newest(c);
	if (!from->quick) {
		c->wanted = true;
		pthread_cond_signal(&c->changed);
	} else if (from->refresh != NULL) {
		from->refresh(from);
	}
	pthread_mutex_unlock(&c->lock);
}

/* While a source waits for its answer. */
static bool goes_on(void *arg)
{
	struct cache *c = arg;

	if (c->board != NULL)
		board_beat(c->board, BEAT_CREDENTIALS, clock_boot_ms(), "an answer of a source of credentials");
	return !atomic_load(&c->stopping);
}

/* Under the lock. */
static void adopt(struct cache *c)
{
	if (c->next == NULL)
		return;
	c->inner->free(c->inner);
	c->inner = c->next;
	c->next = NULL;
	credentials_wipe(&c->now);
	c->failed = false;
	c->failures = 0;
	c->due_boot_ms = c->asked_boot_ms = 0;
}

/* That there are none at all is told by those who wait for them. */
static void tell(struct cache *c, const struct credentials *got, const struct error *e, int64_t now_real_ms)
{
	const int64_t now = clock_boot_ms();
	int64_t left = c->now.access_key_id != NULL ? c->now.expires_ms - now_real_ms : 0;

	if (got != NULL && (c->failed || c->now.access_key_id == NULL))
		log_info("credentials: from %s", got->source);
	if (got != NULL || left <= 0 || (c->failed && now < c->told_boot_ms + TOLD_EVERY_MS))
		return;
	c->told_boot_ms = now;
	log_event(MESSAGE_CREDENTIALS_KEPT, LOG_FIELDS(LOG_NUMBER("SECONDS", left / 1000)),
		  "new credentials cannot be had, those in use are good for another %" PRId64 " s: %s", left / 1000,
		  e->text);
}

/* Take what was answered. Under the lock. */
static void settle(struct cache *c, int rc, struct credentials *got, const struct error *e)
{
	const int64_t now_real = clock_real_ms();
	int64_t wait;

	tell(c, rc == 0 ? got : NULL, e, now_real);
	c->failed = rc != 0;
	if (rc == 0) {
		credentials_wipe(&c->now);
		c->now = *got;
		c->failures = 0;
		wait = credentials_ask_in_ms(got->expires_ms, now_real);
	} else {
		c->why = *e;
		wait = backoff_ms(&c->seed, ++c->failures, e->action == ERROR_RETRY ? SHORTEST_MS : PERSON_MS);
	}
	c->asked_boot_ms = clock_boot_ms();
	c->due_boot_ms = wait == INT64_MAX ? INT64_MAX : c->asked_boot_ms + wait;
}

/* Ask, without the lock. */
static void ask(struct cache *c, bool forget)
{
	struct credential_provider *from = c->inner;
	struct credentials got;
	struct error e;
	int rc;

	pthread_mutex_unlock(&c->lock);
	if (forget && from->refresh != NULL)
		from->refresh(from);
	rc = from->fetch(from, clock_real_ms(), &got, &e);
	if (rc == 0 && got.source == NULL)
		got.source = from->name;
	pthread_mutex_lock(&c->lock);
	if (c->next == NULL && !atomic_load(&c->stopping))
		settle(c, rc, &got, &e);
	else if (rc == 0)
		credentials_wipe(&got);
}

/* Is it time to ask? What was wanted shortly after an answer was wanted of the one before it. */
static bool is_due(struct cache *c, int64_t now_boot_ms, bool *forget)
{
	*forget = c->wanted && now_boot_ms >= c->asked_boot_ms + FORCED_MS;
	c->wanted = false;
	return !c->inner->quick && (*forget || now_boot_ms >= c->due_boot_ms);
}

static void sleep_a_turn(struct cache *c, int64_t now_boot_ms)
{
	int64_t ms = c->inner->quick ? TURN_MS : c->due_boot_ms - now_boot_ms;
	struct timespec until;

	ms = ms > TURN_MS ? TURN_MS : ms;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (long)ms * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&c->changed, &c->lock, &until);
}

static void *cache_main(void *arg)
{
	struct cache *c = arg;
	bool forget;

	crash_stack();
	crash_unblock();
	exchange_watch(goes_on, c);
	pthread_mutex_lock(&c->lock);
	while (!atomic_load(&c->stopping)) {
		int64_t now = clock_boot_ms();

		if (c->board != NULL)
			board_beat(c->board, BEAT_CREDENTIALS, now, "the time to ask for credentials again");
		adopt(c);
		if (is_due(c, now, &forget))
			ask(c, forget);
		else
			sleep_a_turn(c, now);
	}
	pthread_mutex_unlock(&c->lock);
	if (c->board != NULL)
		board_beat_ends(c->board, BEAT_CREDENTIALS);
	return NULL;
}

static void cache_hold(struct credential_provider *p)
{
	atomic_fetch_add(&((struct cache *)p)->holds, 1);
}

static void cache_free(struct credential_provider *p)
{
	struct cache *c = (struct cache *)p;

	if (atomic_fetch_sub(&c->holds, 1) > 1)
		return;
	pthread_mutex_lock(&c->lock);
	atomic_store(&c->stopping, true);
	pthread_cond_signal(&c->changed);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	c->inner->free(c->inner);
	if (c->next != NULL)
		c->next->free(c->next);
	credentials_wipe(&c->now);
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static void start(struct cache *c)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&c->thread, NULL, cache_main, c) != 0)
		abort();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_setname_np(c->thread, "credentials");
}

struct credential_provider *credentials_cache(struct credential_provider *inner, struct board *board)
{
	struct cache *c = mem_zalloc(sizeof(*c));
	pthread_condattr_t monotonic;

	c->base = (struct credential_provider){
		.name = "cache", .fetch = cache_fetch, .refresh = cache_refresh, .free = cache_free, .hold = cache_hold
	};
	atomic_store(&c->holds, 1);
	c->board = board;
	c->inner = inner;
	c->sources = credentials_default;
	c->told_boot_ms = INT64_MIN / 2;
	if (getrandom(&c->seed, sizeof(c->seed), 0) < 0)
		c->seed = (uint64_t)clock_real_ms();
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&c->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	start(c);
	return &c->base;
}

static struct credential_provider *cache_of(struct credential_provider *(*sources)(const struct settings *s),
					    const struct settings *s, struct board *board)
{
	struct credential_provider *p = credentials_cache(sources(s), board);

	((struct cache *)p)->sources = sources;
	return p;
}

struct credential_provider *credentials_shared(const struct settings *s, struct board *board)
{
	return cache_of(credentials_default, s, board);
}

struct credential_provider *credentials_shared_base(const struct settings *s, struct board *board)
{
	return cache_of(credentials_base, s, board);
}

static bool same_sources(const struct settings *a, const struct settings *b)
{
	const char *const pairs[][2] = {
		{ a->s3_access_key_id, b->s3_access_key_id },
		{ a->s3_secret_access_key, b->s3_secret_access_key },
		{ a->s3_session_token, b->s3_session_token },
		{ a->s3_credentials_file, b->s3_credentials_file },
		{ a->s3_profile, b->s3_profile },
		{ a->s3_role_arn, b->s3_role_arn },
		{ a->s3_external_id, b->s3_external_id },
		{ a->s3_role_session_name, b->s3_role_session_name },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (strcmp(pairs[i][0], pairs[i][1]) != 0)
			return false;
	return true;
}

void credentials_change(struct credential_provider *cache, const struct settings *from, const struct settings *to)
{
	struct cache *c = (struct cache *)cache;

	if (same_sources(from, to)) {
		cache_refresh(cache);
		return;
	}
	pthread_mutex_lock(&c->lock);
	if (c->next != NULL)
		c->next->free(c->next);
	c->next = c->sources(to);
	pthread_cond_signal(&c->changed);
	pthread_mutex_unlock(&c->lock);
}
