/* SPDX-License-Identifier: Apache-2.0 */
/* One request on one easy handle. What is the same for all requests is set once, when the handle is made; the rest
 * before each request, since curl_easy_reset would throw the upload buffer away. The body is gathered from the caller's
 * pieces as curl asks for it. Leaves to http.c which transfer runs when.
 * Invariants: a request is sent once: whether it may be sent again, and how it is signed then, is the caller's to say;
 * (piece, piece_at) is the next byte to send; a paused transfer is unpaused by http.c alone. */
#include "http/transfer.h"

#include <ctype.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/mem.h"

#define RESPONSE_MAX_DEFAULT (1 << 20)
#define RESPONSE_HEADERS_MAX 100
#define EXPECT_WAIT_MS 1000L
#define IDLE_SECONDS 20L /* S3 closes idle connections at about that age */
#define UNSENT_BYTES (128 << 10)
#define SMALL_BUFFER (64L << 10)
#define BIG_BUFFER (256L << 10)

static size_t body_bytes(const struct http_request *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_body; i++)
		n += r->body[i].iov_len;
	return n;
}

static size_t gather(struct http_transfer *t, char *to, size_t max)
{
	const struct http_request *r = t->request;
	size_t done = 0;

	while (done < max && t->piece < r->n_body) {
		const struct iovec *v = &r->body[t->piece];
		size_t n = v->iov_len - t->piece_at;

		if (n > max - done)
			n = max - done;
		if (n > 0)
			memcpy(to + done, (const char *)v->iov_base + t->piece_at, n);
		done += n;
		t->piece_at += n;
		if (t->piece_at == v->iov_len) {
			t->piece++;
			t->piece_at = 0;
		}
	}
	return done;
}

static size_t read_body(char *to, size_t size, size_t n, void *user)
{
	struct http_transfer *t = user;
	struct http_allowance *a = t->allowance;
	size_t max = size * n;

	if (a->bytes_per_second == 0)
		return gather(t, to, max);
	if (a->left <= 0 && t->piece < t->request->n_body) {
		t->paused = true;
		return CURL_READFUNC_PAUSE;
	}
	if ((int64_t)max > a->left)
		max = a->left > 0 ? (size_t)a->left : 0;
	if ((int64_t)max > a->portion)
		max = (size_t)a->portion;
	max = gather(t, to, max);
	a->left -= (int64_t)max;
	return max;
}

/* Called before each request that curl sends for the transfer. By itself it would send one again when a kept connection
 * ends without an answer, or when the server refuses an "Expect". */
static int before_request(void *user, char *peer, char *local, int peer_port, int local_port)
{
	struct http_transfer *t = user;

	(void)peer;
	(void)local;
	(void)peer_port;
	(void)local_port;
	t->again = t->begun;
	t->begun = true;
	return t->again ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static void forget_headers(struct http_request *r)
{
	for (size_t i = 0; i < r->n_response_headers; i++) {
		free(r->response_headers[i].name);
		free(r->response_headers[i].value);
	}
	free(r->response_headers);
	r->response_headers = NULL;
	r->n_response_headers = 0;
}

static char *trimmed(const char *s, size_t len, bool lower)
{
	char *out;

	while (len > 0 && isspace((unsigned char)*s)) {
		s++;
		len--;
	}
	while (len > 0 && isspace((unsigned char)s[len - 1]))
		len--;
	out = mem_alloc(len + 1);
	for (size_t i = 0; i < len; i++)
		out[i] = lower ? (char)tolower((unsigned char)s[i]) : s[i];
	out[len] = '\0';
	return out;
}

/* A new status line begins a new answer: what a "100 Continue" carried is not the final one's. */
static size_t read_header(char *line, size_t size, size_t n, void *user)
{
	struct http_transfer *t = user;
	struct http_request *r = t->request;
	size_t len = size * n;
	const char *colon = memchr(line, ':', len);
	struct http_header *h;

	if (len >= 5 && strncasecmp(line, "HTTP/", 5) == 0) {
		forget_headers(r);
		return len;
	}
	if (colon == NULL || r->n_response_headers >= RESPONSE_HEADERS_MAX)
		return len;
	if (r->response_headers == NULL)
		r->response_headers = mem_array(RESPONSE_HEADERS_MAX, sizeof(*r->response_headers));
	h = &r->response_headers[r->n_response_headers++];
	h->name = trimmed(line, (size_t)(colon - line), true);
	h->value = trimmed(colon + 1, len - (size_t)(colon + 1 - line), false);
	return len;
}

static size_t read_answer(char *data, size_t size, size_t n, void *user)
{
	struct http_transfer *t = user;

	if (!buf_add(&t->request->response, data, size * n)) {
		t->too_long = true;
		return 0;
	}
	return size * n;
}

/* The kernel would take megabytes at once, and a slow line would look stalled while they leave. */
static int set_socket(void *user, curl_socket_t fd, curlsocktype purpose)
{
	int bytes = UNSENT_BYTES;

	(void)user;
	(void)purpose;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof(bytes));
	return CURL_SOCKOPT_OK;
}

struct http_handle *handle_new(const struct http_options *o)
{
	struct http_handle *h = mem_zalloc(sizeof(*h));
	CURL *e = curl_easy_init();

	if (e == NULL)
		abort();
	h->easy = e;
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	/* Else a cancel or a time-out waits until the resolver's thread has given up. */
	curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(e, CURLOPT_DNS_SHUFFLE_ADDRESSES, 1L);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)o->connect_ms);
	curl_easy_setopt(e, CURLOPT_EXPECT_100_TIMEOUT_MS, EXPECT_WAIT_MS);
	curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, IDLE_SECONDS);
	curl_easy_setopt(e, CURLOPT_MAXLIFETIME_CONN, (long)((o->connection_life_ms + 999) / 1000));
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (o->ca_file[0] != '\0')
		curl_easy_setopt(e, CURLOPT_CAINFO, o->ca_file);
	curl_easy_setopt(e, CURLOPT_PROXY, o->proxy); /* "" also keeps the environment's proxy out */
	curl_easy_setopt(e, CURLOPT_SOCKOPTFUNCTION, set_socket);
	curl_easy_setopt(e, CURLOPT_READFUNCTION, read_body);
	curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, before_request);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, read_header);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, read_answer);
	return h;
}

void handle_free(struct http_handle *h)
{
	if (h == NULL)
		return;
	curl_easy_cleanup(h->easy);
	free(h);
}

static void add_line(struct http_transfer *t, const char *line)
{
	struct curl_slist *more = curl_slist_append(t->headers, line);

	if (more == NULL)
		abort();
	t->headers = more;
}

/* curl takes "name:" as "leave it out"; an empty value is written "name;". */
static void set_headers(struct http_transfer *t)
{
	const struct http_request *r = t->request;
	bool expect = r->expect_continue && r->n_body > 0;

	for (size_t i = 0; i < r->n_headers; i++) {
		const struct http_header *h = &r->headers[i];
		char *line = h->value[0] != '\0' ? mem_printf("%s: %s", h->name, h->value) : mem_printf("%s;", h->name);

		add_line(t, line);
		free(line);
	}
	add_line(t, expect ? "Expect: 100-continue" : "Expect:");
	add_line(t, "Accept:");
	add_line(t, "Transfer-Encoding:");
	curl_easy_setopt(t->handle->easy, CURLOPT_HTTPHEADER, t->headers);
}

static void set_method(struct http_transfer *t, size_t body)
{
	const struct http_request *r = t->request;
	CURL *e = t->handle->easy;
	bool upload = body > 0 || strcmp(r->method, "PUT") == 0 || strcmp(r->method, "POST") == 0;

	curl_easy_setopt(e, CURLOPT_NOBODY, 0L);
	if (upload) {
		curl_easy_setopt(e, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(e, CURLOPT_INFILESIZE_LARGE, (curl_off_t)body);
	} else if (strcmp(r->method, "HEAD") == 0) {
		curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
	} else {
		curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
	}
	curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, r->method);
}

/* Each change of its size costs curl a new buffer, so there are two sizes, and the big one stays. */
static void set_upload_buffer(struct http_handle *h, size_t body)
{
	long want = body > (size_t)SMALL_BUFFER ? BIG_BUFFER : SMALL_BUFFER;

	if (want <= h->upload_buffer_bytes)
		return;
	curl_easy_setopt(h->easy, CURLOPT_UPLOAD_BUFFERSIZE, want);
	h->upload_buffer_bytes = want;
}

void transfer_prepare(struct http_transfer *t, struct http_handle *handle, int64_t now_boot_ms)
{
	struct http_request *r = t->request;
	CURL *e = handle->easy;
	size_t body = body_bytes(r);

	t->handle = handle;
	t->state = TRANSFER_ACTIVE;
	t->progress_at_ms = now_boot_ms;
	t->progress = -1;
	forget_headers(r);
	buf_free(&r->response);
	buf_init(&r->response, r->response_max ? r->response_max : RESPONSE_MAX_DEFAULT);
	r->response.secret = r->secret;
	curl_easy_setopt(e, CURLOPT_PRIVATE, t);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->why);
	curl_easy_setopt(e, CURLOPT_URL, r->url);
	curl_easy_setopt(e, CURLOPT_READDATA, t);
	curl_easy_setopt(e, CURLOPT_PREREQDATA, t);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
	set_upload_buffer(handle, body);
	set_method(t, body);
	set_headers(t);
}

void transfer_release(struct http_transfer *t)
{
	CURL *e = t->handle->easy;

	curl_easy_setopt(e, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, NULL);
	curl_slist_free_all(t->headers);
	t->headers = NULL;
	t->handle = NULL;
}

/* What a person must mend, or what can never work; all else passes by itself. */
static enum error_action action_of(CURLcode result)
{
	switch (result) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_CIPHER:
		return ERROR_WAIT_PERSON;
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return ERROR_GIVE_UP;
	default:
		return ERROR_RETRY;
	}
}

static int64_t moved(struct http_transfer *t)
{
	curl_off_t up = 0, down = 0;

	curl_easy_getinfo(t->handle->easy, CURLINFO_SIZE_UPLOAD_T, &up);
	curl_easy_getinfo(t->handle->easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
	t->request->sent_bytes = up;
	return up + down + (int64_t)t->request->n_response_headers;
}

void transfer_finish(struct http_transfer *t, CURLcode result)
{
	struct http_request *r = t->request;
	long status = 0;

	(void)moved(t);
	curl_easy_getinfo(t->handle->easy, CURLINFO_RESPONSE_CODE, &status);
	r->status = 0;
	if (t->too_long) {
		error_set(&r->error, ERROR_RETRY, 0, "the answer is longer than %zu bytes", r->response.max);
	} else if (result != CURLE_OK && !t->again) {
		error_set(&r->error, action_of(result), (int)result, "%s",
			  t->why[0] != '\0' ? t->why : curl_easy_strerror(result));
	} else if (status < 200) {
		error_set(&r->error, ERROR_RETRY, (int)CURLE_GOT_NOTHING,
			  "the server closed the connection without an answer");
	} else if (status < 300 && r->sent_bytes < (int64_t)body_bytes(r)) {
		error_set(&r->error, ERROR_RETRY, 0, "%ld before the whole body had left", status);
	} else {
		r->status = (int)status;
	}
}

bool transfer_stalled(struct http_transfer *t, int stall_ms, int64_t now_boot_ms)
{
	int64_t now = moved(t);

	if (t->request->stall_ms > 0)
		stall_ms = t->request->stall_ms;
	if (now != t->progress || t->paused) {
		t->progress = now;
		t->progress_at_ms = now_boot_ms;
		return false;
	}
	return stall_ms > 0 && now_boot_ms - t->progress_at_ms >= stall_ms;
}
