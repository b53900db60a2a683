/* SPDX-License-Identifier: Apache-2.0 */

/* An S3 that throws away what it gets: no signature is checked, no byte is kept, not even copied out of the kernel.
 *     sink [DELAY_MS]
 * Prints its port, then serves until it is killed; each answer comes DELAY_MS after its request. `GET /` answers with
 * what was published so far: objects, bytes of all bodies, and the wall clock of the last one and of the last part.
 * One thread, epoll. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX 16384
#define EVENTS 64
#define FDS_MAX 512

struct connection {
	int fd;
	char head[HEAD_MAX];
	size_t head_len;
	long long body_left;
	bool in_body;
	char answer[512];
	double answer_at; /* 0: none is due */
	bool hung_up;
	struct connection *next; /* among those whose answer is due later */
};

struct sink {
	int epoll_fd, listen_fd;
	struct connection connections[FDS_MAX]; /* by fd */
	double delay;
	struct connection *first,
		**last; /* answers in the order in which they are due: the delay is the same for all */
	long objects;
	long long bytes;
	double last_published;
	double last_part;
};

static double now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what)
{
	fprintf(stderr, "sink: %s: %s\n", what, strerror(errno));
	exit(EX_OSERR);
}

/* One whose answer is still due keeps its place until then. */
static void hang_up(struct connection *c)
{
	c->hung_up = true;
	if (c->answer_at == 0)
		close(c->fd);
}

/* The value behind a header's name, or NULL. */
static const char *header(const struct connection *c, const char *name)
{
	const char *line = c->head;

	while ((line = strstr(line, "\r\n")) != NULL) {
		line += 2;
		if (strncasecmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
			return line + strlen(name) + 1;
	}
	return NULL;
}

static void say(struct connection *c, const char *status, const char *headers, const char *body)
{
	snprintf(c->answer, sizeof(c->answer), "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n%s", status, headers,
		 strlen(body), body);
}

static void published(struct sink *s)
{
	s->objects++;
	s->last_published = now(CLOCK_REALTIME) + s->delay;
}

static void say_totals(const struct sink *s, struct connection *c)
{
	char body[160];

	snprintf(body, sizeof(body), "{\"objects\": %ld, \"bytes\": %lld, \"last\": %.3f, \"part\": %.3f}", s->objects,
		 s->bytes, s->last_published, s->last_part);
	say(c, "200 OK", "", body);
}

static void compose(struct sink *s, struct connection *c)
{
	static const char etag[] = "ETag: \"00000000000000000000000000000000\"\r\n";
	size_t line = strcspn(c->head, "\r");
	bool part = memmem(c->head, line, "partNumber=", 11) != NULL;

	if (strncmp(c->head, "PUT ", 4) == 0) {
		if (part)
			s->last_part = now(CLOCK_REALTIME);
		else
			published(s);
		say(c, "200 OK", etag, "");
	} else if (strncmp(c->head, "POST ", 5) == 0 && memmem(c->head, line, "uploadId=", 9) != NULL) {
		published(s);
		say(c, "200 OK", "",
		    "<CompleteMultipartUploadResult><ETag>\"0\"</ETag></CompleteMultipartUploadResult>");
	} else if (strncmp(c->head, "POST ", 5) == 0) {
		say(c, "200 OK", "",
		    "<InitiateMultipartUploadResult><UploadId>upload</UploadId></InitiateMultipartUploadResult>");
	} else if (strncmp(c->head, "DELETE ", 7) == 0) {
		say(c, "204 No Content", "", "");
	} else if (strncmp(c->head, "GET / ", 6) == 0) {
		say_totals(s, c);
	} else {
		say(c, "200 OK", "",
		    "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>");
	}
}

/* Answers are smaller than any socket's buffer. */
static bool send_answer(struct connection *c)
{
	size_t len = strlen(c->answer);

	c->answer_at = 0;
	if (!c->hung_up && send(c->fd, c->answer, len, MSG_NOSIGNAL) == (ssize_t)len)
		return true;
	hang_up(c);
	return false;
}

static bool request_ended(struct sink *s, struct connection *c)
{
	compose(s, c);
	c->in_body = false;
	c->head_len = 0;
	if (s->delay == 0)
		return send_answer(c);
	c->answer_at = now(CLOCK_MONOTONIC) + s->delay;
	c->next = NULL;
	*s->last = c;
	s->last = &c->next;
	return true;
}

static void send_due(struct sink *s)
{
	while (s->first != NULL && s->first->answer_at <= now(CLOCK_MONOTONIC)) {
		struct connection *c = s->first;

		s->first = c->next;
		if (s->first == NULL)
			s->last = &s->first;
		send_answer(c);
	}
}

static bool head_ended(struct sink *s, struct connection *c, size_t body_read)
{
	const char *length = header(c, "content-length");

	c->body_left = length != NULL ? strtoll(length, NULL, 10) : 0;
	s->bytes += c->body_left;
	c->body_left -= (long long)body_read;
	c->in_body = true;
	if (header(c, "expect") != NULL && send(c->fd, "HTTP/1.1 100 Continue\r\n\r\n", 25, MSG_NOSIGNAL) != 25) {
		hang_up(c);
		return false;
	}
	return c->body_left > 0 || request_ended(s, c);
}

/* False: the connection is gone, or has no more to read for now. */
static bool read_head(struct sink *s, struct connection *c)
{
	ssize_t n = recv(c->fd, c->head + c->head_len, HEAD_MAX - 1 - c->head_len, 0);
	char *end;

	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			hang_up(c);
		return false;
	}
	c->head_len += (size_t)n;
	c->head[c->head_len] = '\0';
	end = strstr(c->head, "\r\n\r\n");
	if (end == NULL)
		return true;
	n = (ssize_t)(c->head_len - (size_t)(end + 4 - c->head));
	return head_ended(s, c, (size_t)n);
}

static bool read_body(struct sink *s, struct connection *c)
{
	static char nowhere[1 << 20];
	size_t want = c->body_left < (long long)sizeof(nowhere) ? (size_t)c->body_left : sizeof(nowhere);
	ssize_t n = recv(c->fd, nowhere, want, MSG_TRUNC); /* TCP: drops the bytes, copies nothing */

	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			hang_up(c);
		return false;
	}
	c->body_left -= n;
	return c->body_left > 0 || request_ended(s, c);
}

static void serve(struct sink *s, struct connection *c)
{
	bool more = true;

	while (more)
		more = c->in_body ? read_body(s, c) : read_head(s, c);
}

static void accept_all(struct sink *s)
{
	const int one = 1;
	int fd;

	while ((fd = accept4(s->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct epoll_event e = { .events = EPOLLIN | EPOLLET, .data.fd = fd };

		if (fd >= FDS_MAX)
			die("too many connections");
		s->connections[fd] = (struct connection){ .fd = fd };
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &e) < 0)
			die("epoll_ctl");
	}
}

static int timeout_ms(const struct sink *s)
{
	double left;

	if (s->first == NULL)
		return -1;
	left = s->first->answer_at - now(CLOCK_MONOTONIC);
	return left > 0 ? (int)(left * 1000) + 1 : 0;
}

static void listen_anywhere(struct sink *s)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct epoll_event e = { .events = EPOLLIN };
	socklen_t len = sizeof(at);

	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	s->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	e.data.fd = s->listen_fd;
	if (bind(s->listen_fd, (struct sockaddr *)&at, len) < 0 || listen(s->listen_fd, EVENTS) < 0 ||
	    getsockname(s->listen_fd, (struct sockaddr *)&at, &len) < 0 ||
	    epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->listen_fd, &e) < 0)
		die("listen");
	printf("%d\n", ntohs(at.sin_port));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	static struct sink s;

	s.delay = argc > 1 ? (double)strtol(argv[1], NULL, 10) / 1000 : 0;
	s.last = &s.first;
	listen_anywhere(&s);
	for (;;) {
		int n = epoll_wait(s.epoll_fd, events, EVENTS, timeout_ms(&s));

		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == s.listen_fd)
				accept_all(&s);
			else
				serve(&s, &s.connections[events[i].data.fd]);
		}
		send_due(&s);
	}
}
