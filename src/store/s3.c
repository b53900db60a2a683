/* SPDX-License-Identifier: Apache-2.0 */
/* The life of S3 calls: ready, sent, backing off, done. Each attempt is built and signed anew when it is about to be
 * sent; what its answer means says s3_error.c; what is done about it stands here. Leaves requests to s3_request.c and
 * transfers to src/http.
 * Thread: the one that made it; s3_wakeup from any.
 * Invariants: a call is in exactly one list, that of its phase; no more than `connections` are sent; while nothing
 * succeeds, new calls do not join the ones that fail, but for one probe a second. */
#include "store/s3.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/backoff.h"
#include "store/s3_endpoint.h"
#include "store/s3_error.h"
#include "store/s3_listing.h"
#include "store/s3_request.h"
#include "store/s3_xml.h"

#define STALL_MS 30000
#define CONNECT_MS 10000
#define CONNECTION_LIFE_MS 240000
#define PROBE_MS 1000
#define MOVES_MAX 5
#define CERTAIN_SKEW_MS 1000    /* S3 said that the clock is off */
#define POSSIBLE_SKEW_MS 240000 /* S3 said something that a clock can be the cause of */
#define TROUBLE_MAX (ERROR_TEXT_MAX + 32)
#define PHASES (PHASE_DONE + 1)

TAILQ_HEAD(attempt_list, s3_attempt);

struct s3 {
	const struct settings *settings;
	struct credential_provider *provider;
	struct http *http;
	struct s3_endpoint endpoint;
	int connections;
	struct attempt_list lists[PHASES];
	int n[PHASES];
	int64_t clock_offset_ms; /* the store's clock less ours; for signing only */
	bool unconditional;      /* the store does not know If-None-Match */
	bool healthy;            /* the last answer was one */
	int64_t probe_at_ms;
	uint64_t seed;
	char *trouble;
	struct s3_counters counters;
	atomic_bool woken;
};

struct s3 *s3_new(const struct settings *settings, struct credential_provider *provider, int connections,
		  struct error *e)
{
	struct s3 *s3 = mem_zalloc(sizeof(*s3));
	const char *region = getenv("AWS_REGION");
	struct http_options o = { .ca_file = settings->s3_ca_file,
				  .proxy = settings->s3_proxy,
				  .connections = connections,
				  .bandwidth_bytes = settings->s3_bandwidth_bytes /
						     (settings->uploaders > 0 ? settings->uploaders : 1),
				  .stall_ms = STALL_MS,
				  .connect_ms = CONNECT_MS,
				  .connection_life_ms = CONNECTION_LIFE_MS };

	if (region == NULL || region[0] == '\0')
		region = getenv("AWS_DEFAULT_REGION");
	s3->settings = settings;
	s3->provider = provider;
	s3->connections = connections > 0 ? connections : 1;
	s3->healthy = true;
	s3->trouble = mem_zalloc(TROUBLE_MAX);
	for (int i = 0; i < PHASES; i++)
		TAILQ_INIT(&s3->lists[i]);
	if (getrandom(&s3->seed, sizeof(s3->seed), 0) < 0)
		s3->seed = (uint64_t)clock_real_ms();
	if (s3_endpoint_init(&s3->endpoint, settings, region != NULL ? region : "", e) != 0) {
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

void s3_free(struct s3 *s3)
{
	if (s3 == NULL)
		return;
	for (int i = 0; i < PHASES; i++)
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
	c->attempt = a;
	c->attempts = 0;
	c->new_upload_id = c->listed = c->part.etag = NULL;
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
	free(c->part.etag);
	c->new_upload_id = c->listed = c->part.etag = NULL;
}

/* Outcomes of an attempt. */

static void done(struct s3 *s3, struct s3_attempt *a, enum s3_result result)
{
	a->call->result = result;
	s3_request_drop(a);
	leave(s3, a);
	enter(s3, a, PHASE_DONE);
}

/* The same call again, at once. */
static void again(struct s3 *s3, struct s3_attempt *a)
{
	leave(s3, a);
	a->phase = PHASE_READY;
	TAILQ_INSERT_HEAD(&s3->lists[PHASE_READY], a, entry);
	s3->n[PHASE_READY]++;
}

/* The same call again, after a while; a->trouble says why. */
static void back_off(struct s3 *s3, struct s3_attempt *a, int64_t floor_ms)
{
	a->failures++;
	a->due_boot_ms = clock_boot_ms() + backoff_ms(&s3->seed, a->failures, floor_ms);
	s3->healthy = false;
	s3->counters.retries++;
	s3_request_drop(a);
	leave(s3, a);
	enter(s3, a, PHASE_BACKING_OFF);
}

static void fail(struct s3 *s3, struct s3_attempt *a, enum error_action action, int code, const char *what,
		 const char *advice)
{
	struct s3_call *c = a->call;

	error_set(&c->error, action, code, "%s in bucket '%s': %s%s%s", s3_op_name(c->op), s3->settings->s3_bucket,
		  what, advice != NULL ? "; " : "", advice != NULL ? advice : "");
	done(s3, a, S3_FAILED);
}

static void refresh(struct s3 *s3)
{
	if (s3->provider->refresh != NULL)
		s3->provider->refresh(s3->provider);
}

/* A store that refused a condition and took the request without one does not know conditions. */
static void learn_unconditional(struct s3 *s3, const struct s3_attempt *a)
{
	if (!a->unconditional || s3->unconditional)
		return;
	s3->unconditional = true;
	log_warning("the store at '%s' does not know If-None-Match: writing without it; the same records go under the "
		    "same key again after a crash, which does no harm",
		    s3->endpoint.place.origin);
}

static bool take_page(struct s3 *s3, struct s3_attempt *a)
{
	const struct buf *body = &a->request.response;
	struct s3_page page;

	if (s3_page_read(body->data, body->len, &a->listed, &page) != 0) {
		snprintf(a->trouble, sizeof(a->trouble), "200 without a list of uploads");
		back_off(s3, a, 0);
		return false;
	}
	if (!page.more || page.key_marker[0] == '\0' ||
	    (a->key_marker != NULL && strcmp(a->key_marker, page.key_marker) == 0 &&
	     strcmp(a->upload_marker, page.upload_marker) == 0))
		return true;
	free(a->key_marker);
	free(a->upload_marker);
	a->key_marker = mem_strdup(page.key_marker);
	a->upload_marker = mem_strdup(page.upload_marker);
	again(s3, a);
	return false;
}

/* False: the answer lacks what it must have, and the request goes again; or the call goes on. */
static bool take_result(struct s3 *s3, struct s3_attempt *a)
{
	struct s3_call *c = a->call;
	const struct buf *body = &a->request.response;
	const char *etag = http_response_header(&a->request, "etag");
	char id[1024];

	if (c->op == S3_LIST_UPLOADS) {
		if (!take_page(s3, a))
			return false;
		c->listed = mem_strdup(buf_str(&a->listed));
	} else if (c->op == S3_CREATE) {
		if (!s3_xml_find(body->data, body->len, "/InitiateMultipartUploadResult/UploadId", id, sizeof(id))) {
			snprintf(a->trouble, sizeof(a->trouble), "200 without an upload id");
			back_off(s3, a, 0);
			return false;
		}
		c->new_upload_id = mem_strdup(id);
	} else if (c->op == S3_PART) {
		if (etag == NULL) {
			snprintf(a->trouble, sizeof(a->trouble), "200 without an etag");
			back_off(s3, a, 0);
			return false;
		}
		c->part.etag = mem_strdup(etag);
		memcpy(c->part.sha256, a->sha256, SHA256_BYTES);
	}
	return true;
}

/* The bucket is elsewhere: true when the call goes there. Several calls can learn of the same move. */
static bool follow(struct s3 *s3, struct s3_attempt *a, const struct s3_answer *answer, bool redirect)
{
	const char *location = http_response_header(&a->request, "location");
	bool found = false;
	char *tail;

	if (++a->moves > MOVES_MAX)
		return false;
	if (answer->region[0] != '\0' && strcmp(answer->region, a->region) != 0) {
		found = strcmp(answer->region, s3->endpoint.region) == 0;
		if (s3_endpoint_set_region(&s3->endpoint, answer->region)) {
			log_info("bucket '%s' is in region '%s': going there (s3.region saves the detour)",
				 s3->settings->s3_bucket, answer->region);
			found = true;
		}
	}
	if (!found && redirect) {
		tail = s3_request_tail(a->call);
		found = (location != NULL && s3_place_from_url(&a->moved_to, &s3->endpoint, location, tail)) ||
			(answer->endpoint[0] != '\0' &&
			 s3_place_from_url(&a->moved_to, &s3->endpoint, answer->endpoint, tail));
		free(tail);
	}
	if (found)
		again(s3, a);
	return found;
}

/* True when the clock that signed the request was off by more than the threshold, as the answer's Date says. */
static bool correct_clock(struct s3 *s3, const struct s3_attempt *a, const struct s3_answer *answer,
			  int64_t now_real_ms, int64_t threshold_ms)
{
	int64_t offset = answer->date_ms - now_real_ms;

	if (answer->date_ms == 0 || llabs(offset - a->offset_ms) <= threshold_ms)
		return false;
	if (llabs(offset - s3->clock_offset_ms) > threshold_ms)
		log_warning("this clock is %" PRId64 " s off the store's: corrected for signing only, mend it",
			    -offset / 1000);
	s3->clock_offset_ms = offset;
	return true;
}

static void judge(struct s3 *s3, struct s3_attempt *a)
{
	const int64_t now_real = clock_real_ms();
	struct s3_answer answer;
	const struct s3_rule *rule;
	char what[320];

	s3_answer_read(&a->request, now_real, &answer);
	rule = s3_rule_for(a->call->op, answer.status, answer.code);
	s3->counters.errors += rule->verdict != VERDICT_EXISTS && rule->verdict != VERDICT_GONE;
	snprintf(a->trouble, sizeof(a->trouble), "%d %s", answer.status, answer.code);
	snprintf(what, sizeof(what), "%d %s%s%s", answer.status, answer.code, answer.message[0] != '\0' ? ": " : "",
		 answer.message);
	if (rule->verdict != VERDICT_RETRY)
		s3->healthy = true;
	if (answer.status >= 300 && answer.status < 500 && rule->verdict != VERDICT_RETRY &&
	    follow(s3, a, &answer, rule->verdict == VERDICT_MOVED))
		return;
	switch (rule->verdict) {
	case VERDICT_REFRESH:
		refresh(s3);
		back_off(s3, a, 0);
		return;
	case VERDICT_SKEW:
		correct_clock(s3, a, &answer, now_real, CERTAIN_SKEW_MS);
		back_off(s3, a, 0);
		return;
	case VERDICT_RETRY:
		back_off(s3, a, answer.retry_after_ms);
		return;
	case VERDICT_EXISTS:
		done(s3, a, S3_EXISTS);
		return;
	case VERDICT_DEAD:
		error_set(&a->call->error, ERROR_REPLAY, answer.status, "%s", what);
		done(s3, a, S3_UPLOAD_DEAD);
		return;
	case VERDICT_GONE:
		done(s3, a, S3_DONE);
		return;
	case VERDICT_SIGNATURE:
		if (correct_clock(s3, a, &answer, now_real, POSSIBLE_SKEW_MS)) {
			back_off(s3, a, 0);
			return;
		}
		break;
	case VERDICT_UNCONDITIONAL:
		if (a->conditional) {
			a->unconditional = true;
			again(s3, a);
			return;
		}
		break;
	case VERDICT_MOVED:
	case VERDICT_PERSON:
		break;
	}
	if (answer.status == 401 || answer.status == 403)
		refresh(s3);
	fail(s3, a, ERROR_WAIT_PERSON, answer.status, what, rule->advice);
}

/* An answer has come, or none. */
static void settle(struct s3 *s3, struct s3_attempt *a)
{
	const struct http_request *r = &a->request;
	const struct buf *body = &r->response;

	a->call->attempts++;
	if (r->status == 0) {
		s3->counters.errors++;
		if (r->error.action != ERROR_RETRY) {
			fail(s3, a, r->error.action, r->error.code, r->error.text, NULL);
			return;
		}
		snprintf(a->trouble, sizeof(a->trouble), "%s", r->error.text);
		back_off(s3, a, 0);
		return;
	}
	for (size_t i = 0; i < r->n_body; i++)
		s3->counters.bytes_sent += r->body[i].iov_len;
	/* A Complete can answer 200 and then say in its body that it failed. */
	if (r->status >= 300 || r->status < 200 ||
	    (a->call->op == S3_COMPLETE && !s3_xml_is(body->data, body->len, "/CompleteMultipartUploadResult"))) {
		judge(s3, a);
		return;
	}
	s3->healthy = true;
	if (!take_result(s3, a))
		return;
	learn_unconditional(s3, a);
	done(s3, a, S3_DONE);
}

/* Sign and send, if it is still wanted and there are credentials. */
static void launch(struct s3 *s3, struct s3_attempt *a, int64_t now_boot_ms)
{
	const int64_t now_real = clock_real_ms();
	enum s3_op op = a->call->op;
	struct credentials c;
	struct error e;

	if ((op == S3_PUT || op == S3_COMPLETE) && now_boot_ms >= a->call->not_after_boot_ms) {
		done(s3, a, S3_STALE);
		return;
	}
	if (s3->provider->fetch(s3->provider, now_real, &c, &e) != 0) {
		snprintf(a->trouble, sizeof(a->trouble), "%s", e.text);
		back_off(s3, a, 0);
		return;
	}
	s3_request_drop(a);
	a->unconditional |= s3->unconditional;
	a->offset_ms = s3->clock_offset_ms;
	s3_request_build(a, &s3->endpoint, &c, now_real);
	credentials_wipe(&c);
	leave(s3, a);
	enter(s3, a, PHASE_SENT);
	http_start(s3->http, &a->request);
	s3->counters.requests++;
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
			settle(s3, r->user);
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

const char *s3_trouble(const struct s3 *s3)
{
	const struct s3_attempt *a, *worst = NULL;

	for (int i = PHASE_READY; i < PHASE_DONE; i++)
		TAILQ_FOREACH(a, &s3->lists[i], entry)
			if (a->failures > 0 && (worst == NULL || a->failures > worst->failures))
				worst = a;
	if (worst == NULL)
		return NULL;
	snprintf(s3->trouble, TROUBLE_MAX, "%s, %d attempts", worst->trouble, worst->failures);
	return s3->trouble;
}

struct s3_counters s3_counters(const struct s3 *s3)
{
	return s3->counters;
}
