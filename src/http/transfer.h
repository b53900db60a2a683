/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_TRANSFER_H
#define HTTP_TRANSFER_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "http/http.h"

/* One request on one easy handle: options in, body out, headers and answer back. Internal to src/http. */

enum transfer_state { TRANSFER_PENDING, TRANSFER_ACTIVE, TRANSFER_DONE };

struct http_transfer {
	TAILQ_ENTRY(http_transfer) entry;
	enum transfer_state state;
	struct http_request *request;
	struct http_allowance *allowance;

	/* While active. */
	struct http_handle *handle;
	struct curl_slist *headers;
	size_t piece, piece_at; /* the next byte of the body: in which iovec, and where in it */
	bool paused;            /* the body waits for the allowance */
	bool begun;             /* the request was sent, or is about to be */
	bool again;             /* curl would have sent it once more */
	bool too_long;
	int64_t progress; /* what had moved when it last moved */
	int64_t progress_at_ms;
	char why[CURL_ERROR_SIZE];
};
TAILQ_HEAD(transfer_list, http_transfer);

/* An easy handle, used again and again. */
struct http_handle {
	CURL *easy;
	long upload_buffer_bytes;
};

/* The bandwidth limit over all transfers: bytes that may still leave. */
struct http_allowance {
	int64_t bytes_per_second; /* 0: no limit */
	int64_t left;
	int64_t portion; /* of it, for one transfer at a time: none waits while another has its whole body sent */
	int64_t refilled_at_ms;
};

struct http_handle *handle_new(const struct http_options *o);
void handle_free(struct http_handle *h);

/* Put the request's options on the handle and make it ready for the multi. */
void transfer_prepare(struct http_transfer *t, struct http_handle *handle, int64_t now_boot_ms);
/* Take them off again; the handle is free for the next. */
void transfer_release(struct http_transfer *t);
/* Translate what curl says at the end into the request's status and error. */
void transfer_finish(struct http_transfer *t, CURLcode result);
/* True when nothing has moved for longer than its stall limit. */
bool transfer_stalled(struct http_transfer *t, int stall_ms, int64_t now_boot_ms);

#endif
