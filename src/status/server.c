/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server. GET and HEAD only, no body is read, and nothing that a client sends is used but the path. What was
 * made for one who asks is given to all who ask within half a second: however many there are, the daemon's work goes
 * on. Invariant: a connection costs at most CONNECTION_BYTES, and there are no more than CONNECTIONS at a place. */
#include "status/server.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "status/listen.h"
#include "status/metrics.h"
#include "status/view.h"

#define CONNECTIONS 16U
#define CONNECTION_BYTES ((size_t)32 << 10)
#define TIMEOUT_S 15U
#define AGAIN_MS 10000
#define KEPT_MS 500
#define FORGOTTEN_MS 5000
#define ANSWER_MAX ((size_t)256 << 20)

struct endpoint {
	const char *path;
	const char *type;
	void (*render)(const struct view *v, struct buf *out);
	bool (*is_well)(const struct view *v); /* false: 503; NULL: always well */
};

static bool is_live(const struct view *v)
{
	return v->live;
}

static bool is_ready(const struct view *v)
{
	return v->ready;
}

static const struct endpoint endpoints[] = {
	{ "/", "text/html; charset=utf-8", view_page, NULL },
	{ "/status", "application/json", view_json, NULL },
	{ "/status.txt", "text/plain; charset=utf-8", view_text, NULL },
	{ "/metrics", OPENMETRICS_TYPE, view_metrics, NULL },
	{ "/healthz", "application/json", view_health, is_live },
	{ "/readyz", "application/json", view_health, is_ready },
};

#define ENDPOINTS (sizeof(endpoints) / sizeof(endpoints[0]))

/* What was made last for an endpoint. */
struct answer {
	struct MHD_Response *response; /* NULL: nothing */
	unsigned code;
	int64_t made_ms;
};

struct place {
	const char *setting;
	struct listen_place at;
	char path[LISTEN_NAME_MAX]; /* what at.path points to */
	char name[LISTEN_NAME_MAX];
	struct MHD_Daemon *daemon; /* NULL: not had yet */
	int64_t again_ms;
	bool told;
};

struct server {
	struct board *board;
	struct place places[2];
	int n;
	pthread_mutex_t lock; /* of the answers */
	struct answer answers[ENDPOINTS];
};

/* ---- Answers. Thread: one of the library's ---- */

static void add_header(struct MHD_Response *r, const char *name, const char *value)
{
	if (MHD_add_response_header(r, name, value) != MHD_YES)
		abort();
}

static struct MHD_Response *respond(struct buf *body, const char *type)
{
	struct MHD_Response *r =
		mem_must(MHD_create_response_from_buffer(body->len, body->data, MHD_RESPMEM_MUST_FREE));

	add_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	add_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	add_header(r, "X-Content-Type-Options", "nosniff");
	add_header(r, "Referrer-Policy", "no-referrer");
	add_header(r, "Content-Security-Policy",
		   "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
		   "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
	return r;
}

static void make(struct server *s, const struct endpoint *e, struct answer *a)
{
	struct board_copy copy;
	struct view v;
	struct buf body;

	board_copy(s->board, &copy);
	view_init(&v, &copy, clock_boot_ms(), clock_real_ms());
	buf_init(&body, ANSWER_MAX);
	e->render(&v, &body);
	a->code = e->is_well == NULL || e->is_well(&v) ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
	view_free(&v);
	if (a->response != NULL)
		MHD_destroy_response(a->response);
	a->response = respond(&body, e->type);
	a->made_ms = clock_boot_ms();
}

static enum MHD_Result give(struct server *s, struct MHD_Connection *c, size_t which)
{
	struct answer *a = &s->answers[which];
	enum MHD_Result result;

	pthread_mutex_lock(&s->lock);
	if (a->response == NULL || clock_boot_ms() >= a->made_ms + KEPT_MS)
		make(s, &endpoints[which], a);
	result = MHD_queue_response(c, a->code, a->response);
	pthread_mutex_unlock(&s->lock);
	return result;
}

static enum MHD_Result refuse(struct MHD_Connection *c, unsigned code, const char *why)
{
	struct buf body;
	struct MHD_Response *r;
	enum MHD_Result result;

	buf_init(&body, 1024);
	buf_adds(&body, why);
	r = respond(&body, "text/plain; charset=utf-8");
	if (code == MHD_HTTP_METHOD_NOT_ALLOWED)
		add_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(c, code, r);
	MHD_destroy_response(r);
	return result;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *c, const char *url, const char *method,
				  const char *version, const char *data, size_t *len, void **state)
{
	struct server *s = arg;

	(void)version, (void)data, (void)len, (void)state;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return refuse(c, MHD_HTTP_METHOD_NOT_ALLOWED, "GET or HEAD\n");
	for (size_t i = 0; i < ENDPOINTS; i++) {
		if (strcmp(url, endpoints[i].path) == 0)
			return give(s, c, i);
	}
	return refuse(c, MHD_HTTP_NOT_FOUND, "/, /status, /status.txt, /metrics, /healthz, /readyz\n");
}

static void on_library_log(void *arg, const char *fmt, va_list ap)
{
	(void)arg, (void)fmt, (void)ap;
}

/* ---- Places. Thread: main ---- */

static struct MHD_Daemon *start_daemon(struct server *s, int fd)
{
	return MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO | MHD_USE_ERROR_LOG, 0, NULL, NULL,
				on_request, s, MHD_OPTION_EXTERNAL_LOGGER, on_library_log, NULL,
				MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS,
				MHD_OPTION_CONNECTION_TIMEOUT, TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				CONNECTION_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

static int open_place(struct server *s, struct place *p, struct error *e)
{
	int fd = listen_open(&p->at, p->name, e);

	if (fd < 0)
		return -1;
	p->daemon = start_daemon(s, fd);
	if (p->daemon != NULL)
		return 0;
	close(fd);
	return error_set(e, ERROR_RETRY, 0, "%s: the server does not start", p->name);
}

/* Without systemd nobody makes the runtime directory: that is not worth a warning. */
static bool is_missing_directory(const struct place *p, const struct error *e)
{
	return p->at.path != NULL && e->code == ENOENT && getenv("RUNTIME_DIRECTORY") == NULL;
}

static void try_place(struct server *s, struct place *p, int64_t now_boot_ms)
{
	struct error e;

	p->again_ms = now_boot_ms + AGAIN_MS;
	if (open_place(s, p, &e) == 0) {
		log_info("status: answers at %s", p->name);
		return;
	}
	if (!p->told && is_missing_directory(p, &e))
		log_info("status: no directory for %s: make it, or name another place by status.socket, and \"kafka2s3 "
			 "status\" gets an answer",
			 p->name);
	else if (!p->told)
		log_event(MESSAGE_LISTEN_FAILED,
			  LOG_FIELDS(LOG_TEXT("SETTING", p->setting), LOG_TEXT("PLACE", p->name)),
			  "status: %s cannot listen at %s; it is tried again now and then", p->setting, e.text);
	p->told = true;
}

static void add_place(struct server *s, const char *setting, const char *value)
{
	struct place *p = &s->places[s->n];
	struct error e;

	if (value[0] == '\0')
		return;
	p->setting = setting;
	if (listen_parse(value, &p->at, &e) < 0) {
		log_warning("status: %s \"%s\": %s", setting, value, e.text);
		return;
	}
	if (p->at.path != NULL) {
		memcpy(p->path, p->at.path, strlen(p->at.path) + 1);
		p->at.path = p->path;
	}
	s->n++;
}

struct server *server_new(struct board *b, const struct settings *settings, int64_t now_boot_ms)
{
	struct server *s = mem_zalloc(sizeof(*s));
	char socket[LISTEN_NAME_MAX];

	s->board = b;
	pthread_mutex_init(&s->lock, NULL);
	listen_own_socket(settings, settings->file, socket, sizeof(socket));
	add_place(s, "status.socket", socket);
	add_place(s, "metrics.listen", settings->metrics_listen);
	for (int i = 0; i < s->n; i++)
		try_place(s, &s->places[i], now_boot_ms);
	return s;
}

static void forget_answers(struct server *s, int64_t now_boot_ms)
{
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < ENDPOINTS; i++) {
		struct answer *a = &s->answers[i];

		if (a->response == NULL || now_boot_ms < a->made_ms + FORGOTTEN_MS)
			continue;
		MHD_destroy_response(a->response);
		a->response = NULL;
	}
	pthread_mutex_unlock(&s->lock);
}

void server_tick(struct server *s, int64_t now_boot_ms)
{
	for (int i = 0; i < s->n; i++) {
		if (s->places[i].daemon == NULL && now_boot_ms >= s->places[i].again_ms)
			try_place(s, &s->places[i], now_boot_ms);
	}
	forget_answers(s, now_boot_ms);
}

void server_free(struct server *s)
{
	if (s == NULL)
		return;
	for (int i = 0; i < s->n; i++) {
		if (s->places[i].daemon == NULL)
			continue;
		MHD_stop_daemon(s->places[i].daemon);
		if (s->places[i].at.path != NULL)
			unlink(s->places[i].path);
	}
	forget_answers(s, INT64_MAX);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

const char *server_library_version(void)
{
	return MHD_get_version();
}
