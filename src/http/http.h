/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/buf.h"
#include "base/error.h"

/* Requests in flight over libcurl's multi interface; the only includer of curl.h. No callbacks to the caller: start,
 * wait, take what is done. A request that was started is sent at most once. Thread: the one that made the struct http,
 * except http_wakeup. */

struct http_options {
	const char *ca_file;     /* "": the system's */
	const char *proxy;       /* "": none */
	int connections;         /* most connections at once; further requests wait inside */
	int64_t bandwidth_bytes; /* upload limit per second over all; 0: none */
	int stall_ms;            /* a transfer that moves nothing for so long has failed; no total limit */
	int connect_ms;
	int connection_life_ms; /* connections older than this are not used again (S3 rotates addresses) */
};

struct http_header {
	char *name; /* lower case in responses */
	char *value;
};

/* One request and its response. Plain fields are set by the caller between http_request_init and http_start, and
 * must stay alive until it is done. Owns: the struct is the caller's, its response part is http_request_free's. */
struct http_request {
	const char *method; /* "PUT" */
	const char *url;    /* sent exactly as given (path as is) */
	const struct http_header *headers;
	size_t n_headers;
	const struct iovec *body; /* gathered as it is sent, never copied whole */
	size_t n_body;
	bool expect_continue; /* wait up to 1 s for 100 before the body, so that a refusal costs no upload */
	int stall_ms;         /* 0: that of the options (Complete may be silent for minutes) */
	size_t response_max;  /* a longer body is an error */
	bool secret;          /* the response is overwritten when it is freed */
	void *user;

	/* Response, valid once done. */
	int status; /* 0: no answer; then error says why (always RETRY, except a bad certificate or URL) */
	struct error error;
	struct http_header *response_headers;
	size_t n_response_headers;
	struct buf response;
	int64_t sent_bytes; /* of the body, so far; valid in flight too, a quarter of a second late */

	struct http_transfer *transfer; /* http's own */
};

struct http *http_new(const struct http_options *o);
/* Other limits from now on; transfers that run beyond a lower number of connections end first. */
void http_limit(struct http *h, int connections, int64_t bandwidth_bytes);
void http_free(struct http *h); /* cancels what is in flight */

void http_request_init(struct http_request *r);
void http_request_free(struct http_request *r); /* frees the response; the struct can be used again after init */

void http_start(struct http *h, struct http_request *r);
void http_cancel(struct http *h, struct http_request *r); /* fine when not started or done */

/* Move transfers and wait until one is done, timeout_ms has passed, or http_wakeup was called. */
void http_wait(struct http *h, int timeout_ms);
/* The next request that is done, in order of completion; NULL when there is none. */
struct http_request *http_next_done(struct http *h);

/* Make a running or the next http_wait return at once. Thread: any. */
void http_wakeup(struct http *h);

/* Value of a response header (name in lower case), NULL when it is absent. */
const char *http_response_header(const struct http_request *r, const char *name);

/* A Date header, "Wed, 21 Oct 2026 07:28:00 GMT", as ms since 1970; 0: no such date. */
int64_t http_date(const char *s);

/* Version of libcurl as it runs. Thread: any. */
const char *http_library_version(void);

#endif
