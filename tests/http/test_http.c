/* SPDX-License-Identifier: Apache-2.0 */
/* Requests against a peer that each test scripts as a conversation: a thread on a loopback socket that accepts, reads,
 * answers, stalls or hangs up. */
#include "http/http.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"

#define PEER_BYTES (1 << 22)
#define PATIENCE_MS 60000

struct peer {
	int listener, fd;
	pthread_t thread;
	void (*talk)(struct peer *p);
	char url[64];
	char *heads[4]; /* of the requests it has read */
	int n_heads, accepted;
	char *data; /* what has come and was not taken yet */
	size_t len, body_len;
	uint64_t body_sum;
};

/* The peer's side. A peer is static in its test: should that fail, the thread still has where to stand. */

static void hang_up(struct peer *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	p->len = 0;
}

static void meet(struct peer *p)
{
	struct pollfd wait = { .fd = p->listener, .events = POLLIN };

	hang_up(p);
	if (poll(&wait, 1, PATIENCE_MS) == 1) {
		p->fd = accept(p->listener, NULL, NULL);
		p->accepted++;
	}
}

static bool more(struct peer *p)
{
	ssize_t n = p->fd >= 0 && p->len < PEER_BYTES ? recv(p->fd, p->data + p->len, PEER_BYTES - p->len, 0) : 0;

	p->len += n > 0 ? (size_t)n : 0;
	p->data[p->len] = '\0';
	return n > 0;
}

static void drop(struct peer *p, size_t n)
{
	memmove(p->data, p->data + n, p->len - n + 1);
	p->len -= n;
}

static void hear_head(struct peer *p)
{
	char *end;

	while ((end = strstr(p->data, "\r\n\r\n")) == NULL || p->len == 0)
		if (!more(p))
			return;
	end[2] = '\0';
	p->heads[p->n_heads++] = mem_strdup(p->data);
	drop(p, (size_t)(end + 4 - p->data));
}

static void hear_body(struct peer *p, size_t bytes)
{
	p->body_len = 0;
	p->body_sum = 0;
	while (p->body_len < bytes && (p->len > 0 || more(p))) {
		size_t n = p->len < bytes - p->body_len ? p->len : bytes - p->body_len;

		for (size_t i = 0; i < n; i++)
			p->body_sum = p->body_sum * 31 + (unsigned char)p->data[i];
		p->body_len += n;
		drop(p, n);
	}
}

static void say(struct peer *p, const char *text)
{
	if (p->fd >= 0 && send(p->fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		hang_up(p);
}

static void say_ok(struct peer *p)
{
	say(p, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

static void reset(struct peer *p)
{
	struct linger now = { 1, 0 };

	setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	hang_up(p);
}

static void until_it_hangs_up(struct peer *p)
{
	while (more(p))
		p->len = 0;
}

/* The test's side. */

static void *peer_main(void *arg)
{
	struct peer *p = arg;

	p->talk(p);
	hang_up(p);
	return NULL;
}

static void peer_begin(struct peer *p, void (*talk)(struct peer *))
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(a);

	*p = (struct peer){ .fd = -1, .talk = talk };
	p->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(p->listener, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(p->listener, 8), 0);
	getsockname(p->listener, (struct sockaddr *)&a, &size);
	snprintf(p->url, sizeof(p->url), "http://127.0.0.1:%d", ntohs(a.sin_port));
	p->data = mem_zalloc(PEER_BYTES + 1);
	pthread_create(&p->thread, NULL, peer_main, p);
}

static void peer_end(struct peer *p)
{
	pthread_join(p->thread, NULL);
	close(p->listener);
	for (int i = 0; i < p->n_heads; i++)
		free(p->heads[i]);
	free(p->data);
}

static struct http *client(int connections, int stall_ms, int64_t bandwidth)
{
	struct http_options o = { .ca_file = "",
				  .proxy = "",
				  .connections = connections,
				  .bandwidth_bytes = bandwidth,
				  .stall_ms = stall_ms,
				  .connect_ms = 2000,
				  .connection_life_ms = 60000 };

	return http_new(&o);
}

static struct http_request *finish(struct http *h)
{
	int64_t until = clock_boot_ms() + PATIENCE_MS;
	struct http_request *r = http_next_done(h);

	while (r == NULL && clock_boot_ms() < until) {
		http_wait(h, 100);
		r = http_next_done(h);
	}
	assert_non_null(r);
	return r;
}

/* One GET of url, done. */
static void fetch(struct http *h, struct http_request *r, const char *url)
{
	http_request_init(r);
	r->url = url;
	http_start(h, r);
	assert_ptr_equal(finish(h), r);
}

static void talk_plain(struct peer *p)
{
	meet(p);
	hear_head(p);
	say(p, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Amz-Thing:   a  b \r\nEmpty:\r\n\r\nhello");
}

static void an_answer_is_taken(void **state)
{
	static struct peer p;
	struct http *h = client(2, 3000, 0);
	struct http_request r;
	char url[96];

	(void)state;
	peer_begin(&p, talk_plain);
	snprintf(url, sizeof(url), "%s/a/../b//./c%%2F?x=%%20", p.url);
	fetch(h, &r, url);
	assert_int_equal(r.status, 200);
	assert_string_equal(buf_str(&r.response), "hello");
	assert_string_equal(http_response_header(&r, "x-amz-thing"), "a  b");
	assert_string_equal(http_response_header(&r, "empty"), "");
	assert_null(http_response_header(&r, "absent"));
	assert_int_equal(strncmp(p.heads[0], "GET /a/../b//./c%2F?x=%20 HTTP/1.1\r\n", 36), 0);
	assert_null(strcasestr(p.heads[0], "accept"));
	http_request_free(&r);
	http_free(h);
	peer_end(&p);
}

#define BODY_PIECES 5
static const size_t piece_sizes[BODY_PIECES] = { 1, 100000, 0, 70000, 3 };
#define BODY_BYTES 170004

static struct iovec *body_new(uint64_t *sum)
{
	struct iovec *v = mem_array(BODY_PIECES, sizeof(*v));
	unsigned char c = 0;

	*sum = 0;
	for (int i = 0; i < BODY_PIECES; i++) {
		v[i].iov_base = mem_alloc(piece_sizes[i]);
		v[i].iov_len = piece_sizes[i];
		for (size_t k = 0; k < piece_sizes[i]; k++) {
			c = (unsigned char)(c * 5 + 3 + k);
			((unsigned char *)v[i].iov_base)[k] = c;
			*sum = *sum * 31 + c;
		}
	}
	return v;
}

static void body_free(struct iovec *v)
{
	for (int i = 0; i < BODY_PIECES; i++)
		free(v[i].iov_base);
	free(v);
}

static const struct http_header put_headers[] = {
	{ (char *)"host", (char *)"bucket.example" },
	{ (char *)"x-empty", (char *)"" },
	{ (char *)"x-amz-meta-a", (char *)"b" },
};

static void put(struct http *h, struct http_request *r, const char *url, const struct iovec *body, bool expect)
{
	http_request_init(r);
	r->method = "PUT";
	r->url = url;
	r->headers = put_headers;
	r->n_headers = 3;
	r->body = body;
	r->n_body = BODY_PIECES;
	r->expect_continue = expect;
	http_start(h, r);
}

static void talk_two_puts(struct peer *p)
{
	meet(p);
	for (int i = 0; i < 2; i++) {
		hear_head(p);
		hear_body(p, BODY_BYTES);
		say_ok(p);
	}
}

static void a_body_is_gathered_and_the_connection_kept(void **state)
{
	static struct peer p;
	struct http *h = client(2, 3000, 0);
	struct http_request r;
	uint64_t sum;
	struct iovec *body = body_new(&sum);

	(void)state;
	peer_begin(&p, talk_two_puts);
	for (int i = 0; i < 2; i++) {
		put(h, &r, p.url, body, false);
		finish(h);
		assert_int_equal(r.status, 200);
		assert_int_equal(r.sent_bytes, BODY_BYTES);
		http_request_free(&r);
	}
	http_free(h);
	assert_int_equal(p.n_heads, 2);
	assert_non_null(strcasestr(p.heads[0], "\r\nhost: bucket.example\r\n"));
	assert_non_null(strstr(p.heads[0], "\r\nx-empty:\r\n"));
	assert_non_null(strcasestr(p.heads[0], "\r\nContent-Length: 170004\r\n"));
	assert_null(strcasestr(p.heads[0], "transfer-encoding"));
	assert_null(strcasestr(p.heads[0], "expect"));
	peer_end(&p);
	assert_int_equal(p.accepted, 1);
	assert_int_equal(p.body_len, BODY_BYTES);
	assert_true(p.body_sum == sum);
	body_free(body);
}

static size_t lost_at; /* so much of the body is there when the connection is lost */
static char asked_last[8];

/* Keeps the first connection, then hangs up on the second request. curl by itself connects anew and sends it again;
 * what comes then is the third only if the test has asked for it, which it does once it is told that the second is
 * lost. */
static void talk_hang_up_on_the_second(struct peer *p)
{
	meet(p);
	hear_head(p);
	say_ok(p);
	hear_head(p);
	hear_body(p, lost_at);
	hang_up(p);
	while (p->n_heads < 3 && p->accepted < 4) {
		meet(p);
		hear_head(p);
	}
	snprintf(asked_last, sizeof(asked_last), "%s", p->n_heads == 3 ? p->heads[2] : "");
	say_ok(p);
}

static void lose(const char *method, const struct iovec *body, size_t n_body, int64_t bandwidth, size_t at)
{
	static struct peer p;
	struct http *h = client(1, 3000, bandwidth);
	struct http_request r;

	lost_at = at;
	peer_begin(&p, talk_hang_up_on_the_second);
	fetch(h, &r, p.url);
	assert_int_equal(r.status, 200);
	http_request_free(&r);
	for (int i = 0; i < 2; i++) {
		http_request_init(&r);
		r.method = i == 0 ? method : "GET";
		r.url = p.url;
		r.body = body;
		r.n_body = i == 0 ? n_body : 0;
		http_start(h, &r);
		finish(h);
		assert_int_equal(r.status, i == 0 ? 0 : 200);
		if (i == 0) {
			assert_int_equal(r.error.action, ERROR_RETRY);
			assert_true(r.error.text[0] != '\0');
		}
		http_request_free(&r);
	}
	http_free(h);
	peer_end(&p);
	assert_int_equal(strncmp(asked_last, "GET ", 4), 0);
}

static void a_request_is_sent_once(void **state)
{
	uint64_t sum;
	struct iovec *body = body_new(&sum);

	(void)state;
	lose("PUT", body, BODY_PIECES, 0, BODY_BYTES);
	lose("PUT", body, BODY_PIECES, 1, 0); /* held back: nothing of it has even been read */
	lose("PUT", NULL, 0, 0, 0);
	lose("POST", NULL, 0, 0, 0);
	lose("DELETE", NULL, 0, 0, 0);
	lose("HEAD", NULL, 0, 0, 0);
	body_free(body);
}

static void talk_no_expectations(struct peer *p)
{
	meet(p);
	hear_head(p);
	say(p, "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");
	hear_head(p);
}

static void a_refused_expectation_is_only_told(void **state)
{
	static struct peer p;
	struct http *h = client(1, 3000, 0);
	struct http_request r;
	uint64_t sum;
	struct iovec *body = body_new(&sum);

	(void)state;
	peer_begin(&p, talk_no_expectations);
	put(h, &r, p.url, body, true);
	finish(h);
	assert_int_equal(r.status, 417);
	http_request_free(&r);
	http_free(h);
	peer_end(&p);
	assert_int_equal(p.n_heads, 1);
	body_free(body);
}

static void talk_refuse_early(struct peer *p)
{
	meet(p);
	hear_head(p);
	say(p, "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
	hear_body(p, BODY_BYTES);
}

static void a_refusal_costs_no_upload(void **state)
{
	static struct peer p;
	struct http *h = client(1, 3000, 0);
	struct http_request r;
	uint64_t sum;
	struct iovec *body = body_new(&sum);

	(void)state;
	peer_begin(&p, talk_refuse_early);
	put(h, &r, p.url, body, true);
	finish(h);
	assert_int_equal(r.status, 403);
	assert_string_equal(buf_str(&r.response), "no");
	http_request_free(&r);
	http_free(h);
	peer_end(&p);
	assert_int_equal(p.body_len, 0);
	body_free(body);
}

static void talk_agree_early(struct peer *p)
{
	meet(p);
	hear_head(p);
	say_ok(p);
	until_it_hangs_up(p);
}

/* Nobody can have what has not left. */
static void an_early_yes_is_none(void **state)
{
	static struct peer p;
	struct http *h = client(1, 3000, 0);
	struct http_request r;
	uint64_t sum;
	struct iovec *body = body_new(&sum);

	(void)state;
	peer_begin(&p, talk_agree_early);
	put(h, &r, p.url, body, true);
	finish(h);
	assert_true(r.status == 0 || r.sent_bytes == BODY_BYTES);
	http_request_free(&r);
	http_free(h);
	peer_end(&p);
	body_free(body);
}

static void talk_continue(struct peer *p)
{
	meet(p);
	hear_head(p);
	say(p, "HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\n");
	hear_body(p, BODY_BYTES);
	say(p, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Late: 2\r\n\r\n");
}

static void headers_are_the_final_answers(void **state)
{
	static struct peer p;
	struct http *h = client(1, 3000, 0);
	struct http_request r;
	uint64_t sum;
	struct iovec *body = body_new(&sum);

	(void)state;
	peer_begin(&p, talk_continue);
	put(h, &r, p.url, body, true);
	finish(h);
	assert_int_equal(r.status, 200);
	assert_null(http_response_header(&r, "x-early"));
	assert_string_equal(http_response_header(&r, "x-late"), "2");
	http_request_free(&r);
	http_free(h);
	peer_end(&p);
	assert_true(p.body_sum == sum);
	body_free(body);
}

static void talk_nothing(struct peer *p)
{
	meet(p);
	hear_head(p);
	until_it_hangs_up(p);
}

static void silence_is_a_stall(void **state)
{
	static struct peer p;
	struct http *h = client(1, 500, 0);
	struct http_request r;
	int64_t begun = clock_boot_ms();

	(void)state;
	peer_begin(&p, talk_nothing);
	fetch(h, &r, p.url);
	assert_int_equal(r.status, 0);
	assert_int_equal(r.error.action, ERROR_RETRY);
	assert_non_null(strstr(r.error.text, "nothing moved for"));
	assert_in_range(clock_boot_ms() - begun, 500, PATIENCE_MS);
	http_request_free(&r);
	http_free(h);
	peer_end(&p);
}

static void talk_no_reading(struct peer *p)
{
	meet(p);
	usleep(1500000);
}

static void a_peer_that_reads_nothing_is_a_stall(void **state)
{
	static char big[8 << 20];
	static struct peer p;
	struct http *h = client(1, 500, 0);
	struct http_request r;
	struct iovec body = { big, sizeof(big) };
	int64_t begun = clock_boot_ms();

	(void)state;
	peer_begin(&p, talk_no_reading);
	http_request_init(&r);
	r.method = "PUT";
	r.url = p.url;
	r.body = &body;
	r.n_body = 1;
	http_start(h, &r);
	finish(h);
	assert_int_equal(r.status, 0);
	assert_int_equal(r.error.action, ERROR_RETRY);
	assert_non_null(strstr(r.error.text, "nothing moved for"));
	assert_in_range(clock_boot_ms() - begun, 500, PATIENCE_MS);
	http_request_free(&r);
	http_free(h);
	peer_end(&p);
}

#define SLOW_BYTES 4000000
#define SLOW_STEP 100000

/* Reads for four seconds what the kernel would have taken at once. */
static void talk_slow_reading(struct peer *p)
{
	int small = 150000;

	setsockopt(p->listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	meet(p);
	hear_head(p);
	for (size_t left = SLOW_BYTES - p->len; left > 0;) {
		ssize_t n = recv(p->fd, p->data, left < SLOW_STEP ? left : SLOW_STEP, 0);

		left -= n > 0 ? (size_t)n : left;
		usleep(100000);
	}
	p->len = 0;
	say_ok(p);
}

static void a_slow_peer_is_no_stall(void **state)
{
	static char big[SLOW_BYTES];
	static struct peer p;
	struct http *h = client(1, 1700, 0);
	struct http_request r;
	struct iovec body = { big, sizeof(big) };

	(void)state;
	peer_begin(&p, talk_slow_reading);
	http_request_init(&r);
	r.method = "PUT";
	r.url = p.url;
	r.body = &body;
	r.n_body = 1;
	http_start(h, &r);
	finish(h);
	assert_int_equal(r.status, 200);
	http_request_free(&r);
	http_free(h);
	peer_end(&p);
}

static void talk_drip(struct peer *p)
{
	meet(p);
	hear_head(p);
	say(p, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n");
	for (int i = 0; i < 20; i++) {
		usleep(100000);
		say(p, " ");
	}
}

static void a_drip_is_no_stall(void **state)
{
	static struct peer p;
	struct http *h = client(1, 1500, 0);
	struct http_request r;

	(void)state;
	peer_begin(&p, talk_drip);
	fetch(h, &r, p.url);
	assert_int_equal(r.status, 200);
	assert_int_equal(r.response.len, 20);
	http_request_free(&r);
	http_free(h);
	peer_end(&p);
}

static void a_request_has_its_own_patience(void **state)
{
	static struct peer p;
	struct http *h = client(1, 60000, 0);
	struct http_request r;

	(void)state;
	peer_begin(&p, talk_nothing);
	http_request_init(&r);
	r.url = p.url;
	r.stall_ms = 300;
	http_start(h, &r);
	finish(h);
	assert_int_equal(r.status, 0);
	http_request_free(&r);
	http_free(h);
	peer_end(&p);
}

static void talk_cut(struct peer *p)
{
	meet(p);
	hear_head(p);
	say(p, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly so much");
	usleep(50000);
	reset(p);
}

static void half_an_answer_is_none(void **state)
{
	static struct peer p;
	struct http *h = client(1, 3000, 0);
	struct http_request r;

	(void)state;
	peer_begin(&p, talk_cut);
	fetch(h, &r, p.url);
	assert_int_equal(r.status, 0);
	assert_int_equal(r.error.action, ERROR_RETRY);
	assert_true(r.error.text[0] != '\0');
	http_request_free(&r);
	http_free(h);
	peer_end(&p);
}

static void talk_redirect(struct peer *p)
{
	meet(p);
	hear_head(p);
	say(p, "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
}

static void a_redirect_is_only_told(void **state)
{
	static struct peer p;
	struct http *h = client(1, 3000, 0);
	struct http_request r;

	(void)state;
	peer_begin(&p, talk_redirect);
	fetch(h, &r, p.url);
	assert_int_equal(r.status, 307);
	assert_string_equal(http_response_header(&r, "location"), "http://127.0.0.1:1/");
	http_request_free(&r);
	http_free(h);
	peer_end(&p);
}

static void too_long_is_an_error(void **state)
{
	static struct peer p;
	struct http *h = client(1, 3000, 0);
	struct http_request r;

	(void)state;
	peer_begin(&p, talk_plain);
	http_request_init(&r);
	r.url = p.url;
	r.response_max = 4;
	http_start(h, &r);
	finish(h);
	assert_int_equal(r.status, 0);
	assert_non_null(strstr(r.error.text, "longer than 4 bytes"));
	http_request_free(&r);
	http_free(h);
	peer_end(&p);
}

static void *wake_later(void *h)
{
	usleep(100000);
	http_wakeup(h);
	return NULL;
}

static void a_wait_can_be_woken(void **state)
{
	struct http *h = client(1, 3000, 0);
	int64_t begun = clock_boot_ms();
	pthread_t t;

	(void)state;
	pthread_create(&t, NULL, wake_later, h);
	http_wait(h, PATIENCE_MS);
	assert_in_range(clock_boot_ms() - begun, 80, PATIENCE_MS / 2);
	pthread_join(t, NULL);
	http_wakeup(h);
	begun = clock_boot_ms();
	http_wait(h, PATIENCE_MS);
	assert_in_range(clock_boot_ms() - begun, 0, PATIENCE_MS / 2);
	begun = clock_boot_ms();
	http_wait(h, 100);
	assert_in_range(clock_boot_ms() - begun, 90, PATIENCE_MS / 2);
	http_free(h);
}

static void talk_two_at_once(struct peer *p)
{
	struct pollfd third = { .fd = p->listener, .events = POLLIN };
	int first;

	meet(p);
	hear_head(p);
	first = p->fd;
	p->fd = -1;
	p->len = 0;
	p->data[0] = '\0';
	meet(p);
	hear_head(p);
	if (poll(&third, 1, 300) > 0)
		p->accepted = 99;
	say(p, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	hear_head(p);
	say_ok(p);
	until_it_hangs_up(p);
	close(first);
}

static void the_rest_waits_in_line(void **state)
{
	static struct peer p;
	struct http *h = client(2, 10000, 0);
	struct http_request r[3];
	int ok = 0;

	(void)state;
	peer_begin(&p, talk_two_at_once);
	for (int i = 0; i < 3; i++) {
		http_request_init(&r[i]);
		r[i].url = p.url;
		http_start(h, &r[i]);
	}
	for (int i = 0; i < 3; i++)
		ok += finish(h)->status == 200;
	assert_int_equal(ok, 2);
	assert_int_equal(r[2].status, 200);
	for (int i = 0; i < 3; i++)
		http_request_free(&r[i]);
	http_free(h);
	peer_end(&p);
	assert_int_equal(p.accepted, 2);
}

static void a_cancelled_request_never_comes(void **state)
{
	static struct peer p;
	struct http *h = client(1, 1000, 0);
	struct http_request sent, waiting;

	(void)state;
	peer_begin(&p, talk_nothing);
	http_request_init(&sent);
	http_request_init(&waiting);
	sent.url = waiting.url = p.url;
	http_start(h, &sent);
	http_start(h, &waiting);
	http_wait(h, 100);
	http_cancel(h, &waiting);
	http_cancel(h, &sent);
	http_cancel(h, &sent);
	http_wait(h, 50);
	assert_null(http_next_done(h));
	http_request_free(&sent);
	http_request_free(&waiting);
	http_free(h);
	peer_end(&p);
}

/* The first connection stays open, with nobody who listens. */
static void talk_on_a_new_connection(struct peer *p)
{
	int first;

	meet(p);
	hear_head(p);
	say_ok(p);
	first = p->fd;
	p->fd = -1;
	meet(p);
	hear_head(p);
	say_ok(p);
	close(first);
}

static void a_connection_is_renewed(void **state)
{
	static struct peer p;
	struct http_options o = { .ca_file = "",
				  .proxy = "",
				  .connections = 1,
				  .stall_ms = 3000,
				  .connect_ms = 2000,
				  .connection_life_ms = 1000 };
	struct http *h = http_new(&o);
	struct http_request r;

	(void)state;
	peer_begin(&p, talk_on_a_new_connection);
	for (int i = 0; i < 2; i++) {
		fetch(h, &r, p.url);
		assert_int_equal(r.status, 200);
		http_request_free(&r);
		usleep(i == 0 ? 2200000 : 0); /* curl counts whole seconds */
	}
	http_free(h);
	peer_end(&p);
	assert_int_equal(p.accepted, 2);
}

static void talk_one_put(struct peer *p)
{
	meet(p);
	hear_head(p);
	hear_body(p, BODY_BYTES);
	say_ok(p);
}

static void bandwidth_is_kept(void **state)
{
	static struct peer p;
	struct http *h = client(1, 800, 170004);
	struct http_request r;
	uint64_t sum;
	struct iovec *body = body_new(&sum);
	int64_t begun = clock_boot_ms();

	(void)state;
	peer_begin(&p, talk_one_put);
	put(h, &r, p.url, body, false);
	finish(h);
	assert_int_equal(r.status, 200);
	assert_in_range(clock_boot_ms() - begun, 700, PATIENCE_MS);
	http_request_free(&r);
	http_free(h);
	peer_end(&p);
	assert_true(p.body_sum == sum);
	body_free(body);
}

/* Two bodies at once; body_len: how far the other is when the first is whole. */
static void talk_two_bodies(struct peer *p)
{
	struct pollfd fds[2] = { 0 };
	bool whole = false;
	size_t got[2];

	for (int i = 0; i < 2; i++) {
		p->fd = -1;
		meet(p);
		hear_head(p);
		fds[i] = (struct pollfd){ .fd = p->fd, .events = POLLIN };
		got[i] = p->len;
		drop(p, p->len);
	}
	while ((got[0] < BODY_BYTES || got[1] < BODY_BYTES) && poll(fds, 2, PATIENCE_MS) > 0) {
		for (int i = 0; i < 2; i++) {
			ssize_t n = fds[i].revents != 0 ? recv(fds[i].fd, p->data, PEER_BYTES, 0) : 0;

			got[i] += n > 0 ? (size_t)n : 0;
			if (got[i] < BODY_BYTES || whole)
				continue;
			whole = true;
			p->body_len = got[1 - i];
		}
	}
	for (int i = 0; i < 2; i++) {
		p->fd = fds[i].fd;
		say_ok(p);
		hang_up(p);
	}
}

static void bandwidth_is_shared(void **state)
{
	static struct peer p;
	struct http *h = client(2, 3000, 2 * BODY_BYTES);
	struct http_request r[2];
	uint64_t sum;
	struct iovec *body = body_new(&sum);

	(void)state;
	peer_begin(&p, talk_two_bodies);
	for (int i = 0; i < 2; i++)
		put(h, &r[i], p.url, body, false);
	for (int i = 0; i < 2; i++)
		assert_int_equal(finish(h)->status, 200);
	for (int i = 0; i < 2; i++)
		http_request_free(&r[i]);
	http_free(h);
	peer_end(&p);
	assert_in_range(p.body_len, BODY_BYTES / 2, BODY_BYTES);
	body_free(body);
}

/* A body that waits for its allowance goes on when there is none any more, and more requests at once than before. */
static void limits_can_be_lifted(void **state)
{
	static struct peer p;
	struct http *h = client(1, 60000, 1000); /* minutes */
	struct http_request r;
	uint64_t sum;
	struct iovec *body = body_new(&sum);

	(void)state;
	peer_begin(&p, talk_one_put);
	put(h, &r, p.url, body, false);
	for (int i = 0; i < 20; i++)
		http_wait(h, 10);
	assert_null(http_next_done(h));
	http_limit(h, 4, 0);
	assert_ptr_equal(finish(h), &r);
	assert_int_equal(r.status, 200);
	http_request_free(&r);
	http_limit(h, 2, 1 << 20);
	http_free(h);
	peer_end(&p);
	assert_true(p.body_sum == sum);
	body_free(body);
}

static void no_answer_is_told_apart(void **state)
{
	static const struct {
		const char *url;
		enum error_action action;
	} cases[] = {
		{ "http://127.0.0.1:1/", ERROR_RETRY }, { "http://no-such-host.invalid/", ERROR_RETRY },
		{ "ftp://127.0.0.1/", ERROR_GIVE_UP },  { "file:///etc/hostname", ERROR_GIVE_UP },
		{ "http://[::1/", ERROR_GIVE_UP },
	};
	struct http *h = client(1, 3000, 0);
	struct http_request r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fetch(h, &r, cases[i].url);
		assert_int_equal(r.status, 0);
		assert_int_equal(r.error.action, cases[i].action);
		assert_true(r.error.text[0] != '\0');
		http_request_free(&r);
	}
	http_free(h);
}

static void talk_methods(struct peer *p)
{
	meet(p);
	hear_head(p);
	say(p, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
	hear_head(p);
	say(p, "HTTP/1.1 204 No Content\r\n\r\n");
	hear_head(p);
	say_ok(p);
	hear_head(p);
	say_ok(p);
}

static void methods_mix_on_one_handle(void **state)
{
	static const char *const methods[] = { "HEAD", "DELETE", "POST", "GET" };
	static struct peer p;
	struct http *h = client(1, 1000, 0);
	struct http_request r;

	(void)state;
	peer_begin(&p, talk_methods);
	for (int i = 0; i < 4; i++) {
		http_request_init(&r);
		r.method = methods[i];
		r.url = p.url;
		http_start(h, &r);
		finish(h);
		assert_in_range(r.status, 200, 204);
		http_request_free(&r);
		assert_int_equal(strncmp(p.heads[i], methods[i], strlen(methods[i])), 0);
		assert_int_equal(strcasestr(p.heads[i], "content-length") != NULL, i == 2);
	}
	http_free(h);
	peer_end(&p);
	assert_int_equal(p.accepted, 1);
}

static void dates(void **state)
{
	(void)state;
	assert_true(http_date("Wed, 21 Oct 2026 07:28:00 GMT") == INT64_C(1792567680000));
	assert_true(http_date("Thu, 01 Jan 1970 00:00:01 GMT") == 1000);
	assert_true(http_date("2026-10-21T07:28:00Z") == 0);
	assert_true(http_date("Wed, 21 Oct 2026 07:28:00 GMT and more") == 0);
	assert_true(http_date("") == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_taken),
		cmocka_unit_test(a_body_is_gathered_and_the_connection_kept),
		cmocka_unit_test(a_request_is_sent_once),
		cmocka_unit_test(a_refused_expectation_is_only_told),
		cmocka_unit_test(a_refusal_costs_no_upload),
		cmocka_unit_test(an_early_yes_is_none),
		cmocka_unit_test(headers_are_the_final_answers),
		cmocka_unit_test(silence_is_a_stall),
		cmocka_unit_test(a_peer_that_reads_nothing_is_a_stall),
		cmocka_unit_test(a_slow_peer_is_no_stall),
		cmocka_unit_test(a_drip_is_no_stall),
		cmocka_unit_test(a_request_has_its_own_patience),
		cmocka_unit_test(half_an_answer_is_none),
		cmocka_unit_test(a_redirect_is_only_told),
		cmocka_unit_test(too_long_is_an_error),
		cmocka_unit_test(a_wait_can_be_woken),
		cmocka_unit_test(the_rest_waits_in_line),
		cmocka_unit_test(a_cancelled_request_never_comes),
		cmocka_unit_test(a_connection_is_renewed),
		cmocka_unit_test(bandwidth_is_kept),
		cmocka_unit_test(bandwidth_is_shared),
		cmocka_unit_test(limits_can_be_lifted),
		cmocka_unit_test(no_answer_is_told_apart),
		cmocka_unit_test(methods_mix_on_one_handle),
		cmocka_unit_test(dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
