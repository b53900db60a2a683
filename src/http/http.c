/* SPDX-License-Identifier: Apache-2.0 */
/* Requests in flight over curl's multi interface. Keeps as many running as there may be connections, the others wait in
 * line; watches for stalls; deals out the bandwidth. What one request is to curl stands in transfer.c.
 * Thread: the one that made it; http_wakeup from any.
 * Invariants: a transfer is in exactly one of the lists pending, active, done; none is begun while connections or more
 * are active; an easy handle is either in idle or held by an active transfer, and
 * goes with one that gets no answer. */
#include "http/http.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "http/transfer.h"

#define STALL_CHECK_MS 250
#define REFILL_MS 20     /* how often a limited body goes on */
#define BURST_DIVISOR 10 /* at most a tenth of a second's bytes at once */

struct http {
	struct http_options options;
	CURLM *multi;
	struct http_handle **idle;
	int n_idle, n_active, most_idle; /* most_idle: what idle has room for */
	struct transfer_list pending, active, done;
	struct http_allowance allowance;
	int64_t checked_at_ms, performed_at_ms;
	atomic_bool woken;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void global_init(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		abort();
}

struct http *http_new(const struct http_options *o)
{
	struct http *h = mem_zalloc(sizeof(*h));

	pthread_once(&once, global_init);
	h->options = *o;
	h->options.ca_file = mem_strdup(o->ca_file);
	h->options.proxy = mem_strdup(o->proxy);
	h->multi = curl_multi_init();
	if (h->multi == NULL)
		abort();
	curl_multi_setopt(h->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	TAILQ_INIT(&h->pending);
	TAILQ_INIT(&h->active);
	TAILQ_INIT(&h->done);
	http_limit(h, o->connections, o->bandwidth_bytes);
	return h;
}

/* A body that waited for its allowance. */
static void go_on(struct http_transfer *t, int64_t now)
{
	t->paused = false;
	t->progress_at_ms = now;
	curl_easy_pause(t->handle->easy, CURLPAUSE_CONT);
}

void http_limit(struct http *h, int connections, int64_t bandwidth_bytes)
{
	const int64_t now = clock_boot_ms();
	struct http_transfer *t;

	h->options.connections = connections < 1 ? 1 : connections;
	curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)h->options.connections);
	if (h->options.connections > h->most_idle) {
		h->most_idle = h->options.connections;
		h->idle = mem_realloc(h->idle, (size_t)h->most_idle * sizeof(struct http_handle *));
	}
	h->allowance.bytes_per_second = bandwidth_bytes;
	h->allowance.left = bandwidth_bytes / BURST_DIVISOR;
	h->allowance.refilled_at_ms = now;
	TAILQ_FOREACH(t, &h->active, entry) {
		if (t->paused && bandwidth_bytes == 0)
			go_on(t, now);
	}
}

static void deactivate(struct http *h, struct http_transfer *t)
{
	struct http_handle *handle = t->handle;

	curl_multi_remove_handle(h->multi, handle->easy);
	transfer_release(t);
	TAILQ_REMOVE(&h->active, t, entry);
	h->n_active--;
	/* What a lost connection leaves in a handle spoils the next request: libcurl 8.14 still wants to rewind a body.
	 */
	if (t->request->status != 0)
		h->idle[h->n_idle++] = handle;
	else
		handle_free(handle);
}

static void finish(struct http *h, struct http_transfer *t, CURLcode result)
{
	transfer_finish(t, result);
	deactivate(h, t);
	t->state = TRANSFER_DONE;
	TAILQ_INSERT_TAIL(&h->done, t, entry);
}

void http_cancel(struct http *h, struct http_request *r)
{
	struct http_transfer *t = r->transfer;

	if (t == NULL)
		return;
	if (t->state == TRANSFER_ACTIVE)
		deactivate(h, t);
	else if (t->state == TRANSFER_PENDING)
		TAILQ_REMOVE(&h->pending, t, entry);
	else
		TAILQ_REMOVE(&h->done, t, entry);
	free(t);
	r->transfer = NULL;
}

static void cancel_all(struct http *h, struct transfer_list *list)
{
	while (!TAILQ_EMPTY(list))
		http_cancel(h, TAILQ_FIRST(list)->request);
}

void http_free(struct http *h)
{
	if (h == NULL)
		return;
	cancel_all(h, &h->pending);
	cancel_all(h, &h->active);
	cancel_all(h, &h->done);
	for (int i = 0; i < h->n_idle; i++)
		handle_free(h->idle[i]);
	free(h->idle);
	curl_multi_cleanup(h->multi);
	free((char *)h->options.ca_file);
	free((char *)h->options.proxy);
	free(h);
}

void http_request_init(struct http_request *r)
{
	*r = (struct http_request){ .method = "GET" };
}

void http_request_free(struct http_request *r)
{
	for (size_t i = 0; i < r->n_response_headers; i++) {
		free(r->response_headers[i].name);
		free(r->response_headers[i].value);
	}
	free(r->response_headers);
	r->response_headers = NULL;
	r->n_response_headers = 0;
	buf_free(&r->response);
}

void http_start(struct http *h, struct http_request *r)
{
	struct http_transfer *t = mem_zalloc(sizeof(*t));

	t->request = r;
	t->allowance = &h->allowance;
	t->state = TRANSFER_PENDING;
	r->transfer = t;
	r->status = 0;
	r->sent_bytes = 0;
	TAILQ_INSERT_TAIL(&h->pending, t, entry);
}

static void activate(struct http *h, int64_t now)
{
	while (!TAILQ_EMPTY(&h->pending) && h->n_active < h->options.connections) {
		struct http_transfer *t = TAILQ_FIRST(&h->pending);
		struct http_handle *handle = h->n_idle > 0 ? h->idle[--h->n_idle] : handle_new(&h->options);

		TAILQ_REMOVE(&h->pending, t, entry);
		TAILQ_INSERT_TAIL(&h->active, t, entry);
		h->n_active++;
		transfer_prepare(t, handle, now);
		curl_multi_add_handle(h->multi, handle->easy);
	}
}

static int64_t most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Give the paused bodies what time has brought, each its part, so that a server sees all of them go on; true when some
 * wait for more. */
static bool refill(struct http *h, int64_t now)
{
	struct http_allowance *a = &h->allowance;
	int64_t burst = a->bytes_per_second / BURST_DIVISOR + 1;
	int64_t more = a->bytes_per_second * (now - a->refilled_at_ms) / 1000;
	struct http_transfer *t;
	bool waiting = false;

	if (a->bytes_per_second == 0)
		return false;
	if (more > 0) {
		a->left = a->left + more > burst ? burst : a->left + more;
		a->refilled_at_ms = now;
	}
	a->portion = most(a->left / most(h->n_active, 1), 1);
	TAILQ_FOREACH(t, &h->active, entry) {
		if (t->paused && a->left > 0)
			go_on(t, now);
		waiting |= t->paused;
	}
	return waiting;
}

static void take_finished(struct http *h)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(h->multi, &left)) != NULL) {
		struct http_transfer *t = NULL;
		CURLcode result = m->data.result;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
		finish(h, t, result);
	}
}

static void end_stalled(struct http *h, int64_t now)
{
	struct http_transfer *t, *next;

	if (now - h->checked_at_ms < STALL_CHECK_MS)
		return;
	h->checked_at_ms = now;
	for (t = TAILQ_FIRST(&h->active); t != NULL; t = next) {
		next = TAILQ_NEXT(t, entry);
		if (!transfer_stalled(t, h->options.stall_ms, now))
			continue;
		finish(h, t, CURLE_OPERATION_TIMEDOUT);
		t->request->status = 0;
		error_set(&t->request->error, ERROR_RETRY, (int)CURLE_OPERATION_TIMEDOUT, "nothing moved for %lld ms",
			  (long long)(now - t->progress_at_ms));
	}
}

void http_wait(struct http *h, int timeout_ms)
{
	int64_t now = clock_boot_ms();
	const int64_t until = now + timeout_ms;
	int running;

	/* A caller with other work looks in often; each look costs a system call a connection. */
	if (timeout_ms <= 0 && now == h->performed_at_ms && TAILQ_EMPTY(&h->pending))
		return;
	for (;;) {
		int64_t wait = until - now;
		bool waiting;

		activate(h, now);
		waiting = refill(h, now);
		curl_multi_perform(h->multi, &running);
		h->performed_at_ms = now;
		take_finished(h);
		end_stalled(h, now);
		if (!TAILQ_EMPTY(&h->done) || atomic_exchange(&h->woken, false) || wait <= 0) {
			activate(h, now);
			return;
		}
		if (h->n_active > 0 && wait > STALL_CHECK_MS)
			wait = STALL_CHECK_MS;
		if (waiting && wait > REFILL_MS)
			wait = REFILL_MS;
		curl_multi_poll(h->multi, NULL, 0, (int)wait, NULL);
		now = clock_boot_ms();
	}
}

struct http_request *http_next_done(struct http *h)
{
	struct http_transfer *t = TAILQ_FIRST(&h->done);
	struct http_request *r;

	if (t == NULL)
		return NULL;
	TAILQ_REMOVE(&h->done, t, entry);
	r = t->request;
	r->transfer = NULL;
	free(t);
	return r;
}

void http_wakeup(struct http *h)
{
	atomic_store(&h->woken, true);
	curl_multi_wakeup(h->multi);
}

const char *http_response_header(const struct http_request *r, const char *name)
{
	for (size_t i = 0; i < r->n_response_headers; i++)
		if (strcmp(r->response_headers[i].name, name) == 0)
			return r->response_headers[i].value;
	return NULL;
}

int64_t http_date(const char *s)
{
	struct tm tm = { .tm_isdst = 0 };
	const char *end = strptime(s, "%a, %d %b %Y %H:%M:%S GMT", &tm);

	return end == NULL || *end != '\0' ? 0 : (int64_t)timegm(&tm) * 1000;
}

const char *http_library_version(void)
{
	return curl_version_info(CURLVERSION_NOW)->version;
}
