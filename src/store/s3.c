/* SPDX-License-Identifier: Apache-2.0 */
/* The life of S3 calls: ready, sent, backing off, done. Each attempt is built and signed anew when it is about to be
 * sent. Leaves requests to s3_request.c, transfers to src/http, and what an answer leads to to s3_settle.c.
 * Thread: the one that made it; s3_wakeup from any.
 * Invariants: a call is in exactly one list, that of its phase; no more than `connections` are sent; while nothing
 * succeeds, new calls do not join the ones that fail, but for one probe a second. */
#include "store/s3.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "aws/region.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/mem.h"
#include "settings/access_point.h"
#include "store/s3_state.h"

#define STALL_MS 30000
#define CONNECT_MS 10000
#define CONNECTION_LIFE_MS 240000
#define PROBE_MS 1000
#define STUCK_FAILURES 4
#define CREDENTIALS_LOOK_MS 100
#define TROUBLE_MAX (ERROR_TEXT_MAX + 32)

/* This uploader's share, rounded up: nothing would be no limit. */
static int64_t bandwidth_of(const struct settings *s)
{
	int64_t uploaders = s->uploaders > 0 ? s->uploaders : 1;

	return (s->s3_bandwidth_bytes + uploaders - 1) / uploaders;
}

/* A store that says where it is has nothing to do with where this machine is. */
static int find_endpoint(struct s3_endpoint *ep, const struct settings *s, struct error *e)
{
	bool says = s->s3_endpoint[0] != '\0' || access_point_is(s->s3_bucket);
	char *region = says ? region_given(s) : region_resolve(s);
	int rc = s3_endpoint_init(ep, s, region, e);

	free(region);
	return rc;
}

struct s3 *s3_new(const struct settings *settings, struct credential_provider *provider, int connections,
		  struct error *e)
{
	struct s3 *s3 = mem_zalloc(sizeof(*s3));
	struct http_options o = { .ca_file = settings->s3_ca_file,
				  .proxy = settings->s3_proxy,
				  .connections = connections,
				  .bandwidth_bytes = bandwidth_of(settings),
				  .stall_ms = STALL_MS,
				  .connect_ms = CONNECT_MS,
				  .connection_life_ms = CONNECTION_LIFE_MS };

	s3->settings = settings;
	s3->provider = provider;
	s3->connections = connections > 0 ? connections : 1;
	s3->healthy = true;
	s3->trouble = mem_zalloc(TROUBLE_MAX);
	for (int i = 0; i < S3_PHASES; i++)
		TAILQ_INIT(&s3->lists[i]);
	if (getrandom(&s3->seed, sizeof(s3->seed), 0) < 0)
		s3->seed = (uint64_t)clock_real_ms();
	if (find_endpoint(&s3->endpoint, settings, e) != 0) {
		s3_free(s3);
		return NULL;
	}
	if (settings->s3_ca_file[0] != '\0' && access(settings->s3_ca_file, R_OK) != 0) {
		error_set(e, ERROR_GIVE_UP, errno, "s3.ca_file '%s': %s", settings->s3_ca_file, strerror(errno));
		s3_free(s3);
		return NULL;
	}
	s3->http = http_new(&o);
	return s3;
}

void s3_reload(struct s3 *s3, const struct settings *settings, int connections)
{
	s3->connections = connections > 0 ? connections : 1;
	http_limit(s3->http, s3->connections, bandwidth_of(settings));
}

void s3_free(struct s3 *s3)
{
	if (s3 == NULL)
		return;
	for (int i = 0; i < S3_PHASES; i++)
		while (!TAILQ_EMPTY(&s3->lists[i]))
			s3_cancel(s3, TAILQ_FIRST(&s3->lists[i])->call);
	http_free(s3->http);
	s3->provider->free(s3->provider);
	s3_endpoint_free(&s3->endpoint);
	free(s3->trouble);
	free(s3);
}

static void enter(struct s3 *s3, struct s3_attempt *a, enum s3_phase phase)
{
	a->phase = phase;
	TAILQ_INSERT_TAIL(&s3->lists[phase], a, entry);
	s3->n[phase]++;
}

static void leave(struct s3 *s3, struct s3_attempt *a)
{
	TAILQ_REMOVE(&s3->lists[a->phase], a, entry);
	s3->n[a->phase]--;
}

void s3_start(struct s3 *s3, struct s3_call *c, int64_t now_boot_ms)
{
	struct s3_attempt *a = s3_attempt_new(c);

	a->due_boot_ms = now_boot_ms;
	a->bucket_owner = c->bucket_owner != NULL ? c->bucket_owner : s3->settings->s3_expected_bucket_owner;
	c->attempt = a;
	c->attempts = 0;
	c->new_upload_id = c->listed = c->next_page = c->part.etag = NULL;
	c->got = (struct buf){ 0 };
	enter(s3, a, PHASE_READY);
}

void s3_cancel(struct s3 *s3, struct s3_call *c)
{
	struct s3_attempt *a = c->attempt;

	if (a == NULL)
		return;
	if (a->phase == PHASE_SENT)
		http_cancel(s3->http, &a->request);
	leave(s3, a);
	s3_attempt_free(a);
	c->attempt = NULL;
	free(c->new_upload_id);
	free(c->listed);
	free(c->next_page);
	free(c->part.etag);
	buf_free(&c->got);
	c->new_upload_id = c->listed = c->next_page = c->part.etag = NULL;
}

void s3_done(struct s3 *s3, struct s3_attempt *a, enum s3_result result)
{
	a->call->result = result;
	s3_request_drop(a);
	leave(s3, a);
	enter(s3, a, PHASE_DONE);
}

void s3_again(struct s3 *s3, struct s3_attempt *a)
{
	leave(s3, a);
	a->phase = PHASE_READY;
	TAILQ_INSERT_HEAD(&s3->lists[PHASE_READY], a, entry);
	s3->n[PHASE_READY]++;
}

void s3_back_off(struct s3 *s3, struct s3_attempt *a, int64_t floor_ms)
{
	a->failures++;
	a->due_boot_ms = clock_boot_ms() + backoff_ms(&s3->seed, a->failures, floor_ms);
	s3->healthy = false;
	s3->counters.retries++;
	s3_request_drop(a);
	leave(s3, a);
	enter(s3, a, PHASE_BACKING_OFF);
}

/* The first credentials are on their way: no failure, and nothing that others would have to back off from. */
static void wait_for_credentials(struct s3 *s3, struct s3_attempt *a, int64_t now_boot_ms)
{
	a->due_boot_ms = now_boot_ms + CREDENTIALS_LOOK_MS;
	leave(s3, a);
	enter(s3, a, PHASE_BACKING_OFF);
}

static const enum board_call calls[] = {
	[S3_PUT] = BOARD_PUT,           [S3_CREATE] = BOARD_CREATE, [S3_PART] = BOARD_PART,
	[S3_COMPLETE] = BOARD_COMPLETE, [S3_ABORT] = BOARD_ABORT,   [S3_LIST_UPLOADS] = BOARD_LIST,
	[S3_LIST_OBJECTS] = BOARD_LIST, [S3_HEAD] = BOARD_HEAD,     [S3_GET] = BOARD_GET,
	[S3_DELETE] = BOARD_ABORT,      [S3_LIFECYCLE] = BOARD_GET,
};

/* Sign and send, if it is still wanted and there are credentials. */
static void launch(struct s3 *s3, struct s3_attempt *a, int64_t now_boot_ms)
{
	const int64_t now_real = clock_real_ms();
	enum s3_op op = a->call->op;
	struct credentials c;
	struct error e;

	/* By the clock of this moment: the process may have been frozen since the turn began (protocol.md H15). */
	if ((op == S3_PUT || op == S3_COMPLETE) && clock_boot_ms() >= a->call->not_after_boot_ms) {
		s3_done(s3, a, S3_STALE);
		return;
	}
	if (s3->provider->fetch(s3->provider, now_real, &c, &e) != 0) {
		if (e.action == ERROR_RETRY && e.code == EAGAIN) {
			wait_for_credentials(s3, a, now_boot_ms);
			return;
		}
		snprintf(a->trouble, sizeof(a->trouble), "%s", e.text);
		a->lacks_credentials = true;
		s3_back_off(s3, a, 0);
		return;
	}
	a->lacks_credentials = false;
	s3->counters.expires_real_ms = c.expires_ms;
	s3_request_drop(a);
	a->unconditional |= s3->counters.unconditional;
	a->offset_ms = s3->counters.clock_offset_ms;
	a->hopeful = s3->healthy && a->failures == 0;
	s3_request_build(a, &s3->endpoint, &c, now_real);
	credentials_wipe(&c);
	leave(s3, a);
	enter(s3, a, PHASE_SENT);
	http_start(s3->http, &a->request);
	a->sent_boot_ms = now_boot_ms;
	s3->counters.calls[calls[op]]++;
}

/* Whether a call that has not been tried yet may go out now. */
static bool may_begin(struct s3 *s3, int64_t now)
{
	if (s3->healthy || s3->n[PHASE_SENT] + s3->n[PHASE_BACKING_OFF] < s3->connections)
		return true;
	if (now < s3->probe_at_ms)
		return false;
	s3->probe_at_ms = now + PROBE_MS;
	return true;
}

static void launch_due(struct s3 *s3, int64_t now)
{
	struct s3_attempt *a, *next;

	for (a = TAILQ_FIRST(&s3->lists[PHASE_BACKING_OFF]); a != NULL; a = next) {
		next = TAILQ_NEXT(a, entry);
		if (s3->n[PHASE_SENT] < s3->connections && a->due_boot_ms <= now)
			launch(s3, a, now);
	}
	for (a = TAILQ_FIRST(&s3->lists[PHASE_READY]); a != NULL; a = next) {
		next = TAILQ_NEXT(a, entry);
		if (s3->n[PHASE_SENT] >= s3->connections || !may_begin(s3, now))
			return;
		launch(s3, a, now);
	}
}

/* How long to sleep: until a back-off ends, or a probe is due. */
static int64_t until_next(const struct s3 *s3, int64_t now, int64_t wait)
{
	struct s3_attempt *a;

	if (s3->n[PHASE_SENT] >= s3->connections)
		return wait;
	TAILQ_FOREACH(a, &s3->lists[PHASE_BACKING_OFF], entry) {
		if (a->due_boot_ms - now < wait)
			wait = a->due_boot_ms - now;
	}
	if (!s3->healthy && s3->n[PHASE_READY] > 0 && wait > PROBE_MS)
		wait = PROBE_MS;
	return wait > 0 ? wait : 0;
}

void s3_wait(struct s3 *s3, int timeout_ms)
{
	int64_t now = clock_boot_ms(), wait;
	const int64_t until = now + timeout_ms;
	struct http_request *r;

	for (;;) {
		launch_due(s3, now);
		wait = s3->n[PHASE_DONE] > 0 ? 0 : until_next(s3, now, until > now ? until - now : 0);
		http_wait(s3->http, (int)wait);
		while ((r = http_next_done(s3->http)) != NULL)
			s3_settle(s3, r->user);
		now = clock_boot_ms();
		if (s3->n[PHASE_DONE] > 0 || atomic_exchange(&s3->woken, false) || now >= until)
			break;
	}
	launch_due(s3, now);
}

struct s3_call *s3_next_done(struct s3 *s3)
{
	struct s3_attempt *a = TAILQ_FIRST(&s3->lists[PHASE_DONE]);
	struct s3_call *c;

	if (a == NULL)
		return NULL;
	leave(s3, a);
	c = a->call;
	c->attempt = NULL;
	s3_attempt_free(a);
	return c;
}

void s3_wakeup(struct s3 *s3)
{
	atomic_store(&s3->woken, true);
	http_wakeup(s3->http);
}

static const struct s3_attempt *worst_of(const struct s3 *s3)
{
	const struct s3_attempt *a, *worst = NULL;

	for (int i = PHASE_READY; i < PHASE_DONE; i++)
		TAILQ_FOREACH(a, &s3->lists[i], entry)
			if (a->failures > 0 && (worst == NULL || a->failures > worst->failures))
				worst = a;
	return worst;
}

bool s3_is_stuck(const struct s3 *s3)
{
	const struct s3_attempt *worst = worst_of(s3);

	return worst != NULL && worst->failures >= STUCK_FAILURES;
}

bool s3_lacks_credentials(const struct s3 *s3)
{
	const struct s3_attempt *worst = worst_of(s3);

	return worst != NULL && worst->lacks_credentials;
}

const char *s3_trouble(const struct s3 *s3)
{
	const struct s3_attempt *worst = worst_of(s3);

	if (worst == NULL)
		return NULL;
	snprintf(s3->trouble, TROUBLE_MAX, "%s, %d attempts", worst->trouble, worst->failures);
	return s3->trouble;
}

const char *s3_region(const struct s3 *s3)
{
	return s3->endpoint.region;
}

const struct board_s3 *s3_counters(const struct s3 *s3)
{
	return &s3->counters;
}

uint64_t s3_bytes_taken(const struct s3 *s3)
{
	uint64_t bytes = s3->bytes_taken;
	const struct s3_attempt *a;

	TAILQ_FOREACH(a, &s3->lists[PHASE_SENT], entry)
		bytes += a->hopeful ? (uint64_t)a->request.sent_bytes : 0;
	return bytes;
}
