/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_SCRIPTED_CURL_H
#define FUZZ_SCRIPTED_CURL_H

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

#include "base/clock.h"
#include "base/mem.h"
#include "target.h"

/* libcurl, as far as src/http calls it, on top of a script of answers instead of sockets, and a clock that goes on when
 * somebody waits. Defined in the program, these functions come before those of the library.
 *
 * An answer begins where a line begins with "HTTP/": status line, header lines, an empty line, the body. Status 0 is
 * none: the number behind it is the CURLcode, or 0 for a server that says nothing. After a 1xx comes the next. */

struct scripted_easy {
	curl_read_callback read;
	curl_write_callback read_header, write;
	void *read_data, *header_data, *write_data, *user;
	const struct curl_slist *headers;
	const char *url;
	bool head;

	bool waiting; /* for its answer */
	bool silent;  /* and none will come */
	bool finished;
	long status;
	curl_off_t up, down;
	CURLMsg message;
};

/* What the includer defines: looks at a request; says what is answered when the script is at its end; hears what has
 * been answered. */
static void script_request(const struct scripted_easy *e);
static const char *script_good_answer(void);
static void script_answered(long status, const char *body, size_t len);

#define SCRIPT_HANDLES 4
#define SCRIPT_EPOCH_MS 1792567680000 /* 2026-10-21T07:28:00Z */
#define SCRIPT_PIECE 500

static struct {
	const char *at, *end;
	int64_t clock_ms;
	struct scripted_easy *handles[SCRIPT_HANDLES];
} script;

int64_t clock_boot_ms(void)
{
	return script.clock_ms;
}

int64_t clock_real_ms(void)
{
	return SCRIPT_EPOCH_MS + script.clock_ms;
}

CURLcode curl_global_init(long flags)
{
	(void)flags;
	return CURLE_OK;
}

CURL *curl_easy_init(void)
{
	return mem_zalloc(sizeof(struct scripted_easy));
}

void curl_easy_cleanup(CURL *curl)
{
	free(curl);
}

CURLcode curl_easy_setopt(CURL *curl, CURLoption option, ...)
{
	struct scripted_easy *e = curl;
	va_list ap;

	va_start(ap, option);
	if (option == CURLOPT_READFUNCTION)
		e->read = va_arg(ap, curl_read_callback);
	else if (option == CURLOPT_HEADERFUNCTION)
		e->read_header = va_arg(ap, curl_write_callback);
	else if (option == CURLOPT_WRITEFUNCTION)
		e->write = va_arg(ap, curl_write_callback);
	else if (option == CURLOPT_READDATA)
		e->read_data = va_arg(ap, void *);
	else if (option == CURLOPT_HEADERDATA)
		e->header_data = va_arg(ap, void *);
	else if (option == CURLOPT_WRITEDATA)
		e->write_data = va_arg(ap, void *);
	else if (option == CURLOPT_PRIVATE)
		e->user = va_arg(ap, void *);
	else if (option == CURLOPT_HTTPHEADER)
		e->headers = va_arg(ap, struct curl_slist *);
	else if (option == CURLOPT_URL)
		e->url = va_arg(ap, const char *);
	else if (option == CURLOPT_NOBODY)
		e->head = va_arg(ap, long) != 0;
	va_end(ap);
	return CURLE_OK;
}

CURLcode curl_easy_getinfo(CURL *curl, CURLINFO info, ...)
{
	const struct scripted_easy *e = curl;
	va_list ap;

	va_start(ap, info);
	if (info == CURLINFO_PRIVATE)
		*va_arg(ap, void **) = e->user;
	else if (info == CURLINFO_RESPONSE_CODE)
		*va_arg(ap, long *) = e->status;
	else if (info == CURLINFO_SIZE_UPLOAD_T)
		*va_arg(ap, curl_off_t *) = e->up;
	else if (info == CURLINFO_SIZE_DOWNLOAD_T)
		*va_arg(ap, curl_off_t *) = e->down;
	va_end(ap);
	return CURLE_OK;
}

CURLcode curl_easy_pause(CURL *curl, int bits)
{
	(void)curl;
	(void)bits;
	return CURLE_OK;
}

CURLM *curl_multi_init(void)
{
	return &script;
}

CURLMcode curl_multi_cleanup(CURLM *multi)
{
	(void)multi;
	return CURLM_OK;
}

CURLMcode curl_multi_setopt(CURLM *multi, CURLMoption option, ...)
{
	(void)multi;
	(void)option;
	return CURLM_OK;
}

CURLMcode curl_multi_add_handle(CURLM *multi, CURL *curl)
{
	struct scripted_easy *e = curl;
	int i = 0;

	(void)multi;
	while (script.handles[i] != NULL)
		must(++i < SCRIPT_HANDLES);
	script.handles[i] = e;
	e->waiting = true;
	e->silent = e->finished = false;
	e->status = 0;
	e->up = e->down = 0;
	return CURLM_OK;
}

CURLMcode curl_multi_remove_handle(CURLM *multi, CURL *curl)
{
	int i = 0;

	(void)multi;
	while (script.handles[i] != curl)
		must(++i < SCRIPT_HANDLES);
	script.handles[i] = NULL;
	return CURLM_OK;
}

CURLMcode curl_multi_wakeup(CURLM *multi)
{
	(void)multi;
	return CURLM_OK;
}

CURLMcode curl_multi_poll(CURLM *multi, struct curl_waitfd fds[], unsigned n, int timeout_ms, int *ready)
{
	(void)multi;
	(void)fds;
	(void)n;
	(void)ready;
	script.clock_ms += timeout_ms > 0 ? timeout_ms : 1;
	return CURLM_OK;
}

CURLMsg *curl_multi_info_read(CURLM *multi, int *left)
{
	(void)multi;
	*left = 0;
	for (int i = 0; i < SCRIPT_HANDLES; i++) {
		struct scripted_easy *e = script.handles[i];

		if (e != NULL && e->finished) {
			e->finished = false;
			return &e->message;
		}
	}
	return NULL;
}

static void script_finish(struct scripted_easy *e, CURLcode result)
{
	e->waiting = false;
	e->finished = true;
	e->message = (CURLMsg){ .msg = CURLMSG_DONE, .easy_handle = e, .data.result = result };
}

/* A line as it comes from the network, in memory of exactly its size. */
static void script_header(const struct scripted_easy *e, const char *line, size_t len)
{
	char *copy = mem_alloc(len + 2);

	memcpy(copy, line, len);
	memcpy(copy + len, "\r\n", 2);
	(void)e->read_header(copy, 1, len + 2, e->header_data);
	free(copy);
}

static void script_body(struct scripted_easy *e, const char *body, const char *end)
{
	CURLcode result = CURLE_OK;

	for (const char *p = body; p < end && !e->head && result == CURLE_OK;) {
		size_t n = end - p > SCRIPT_PIECE ? SCRIPT_PIECE : (size_t)(end - p);
		char *copy = mem_alloc(n);

		memcpy(copy, p, n);
		if (e->write(copy, 1, n, e->write_data) != n)
			result = CURLE_WRITE_ERROR;
		free(copy);
		e->down += (curl_off_t)n;
		p += n;
	}
	script_answered(result == CURLE_OK ? e->status : 0, body, e->head ? 0 : (size_t)(end - body));
	script_finish(e, result);
}

static void script_answer(struct scripted_easy *e, const char *p, const char *end)
{
	char first[64], *rest;
	const char *line_end;

	snprintf(first, sizeof(first), "%.*s", (int)(end - p), p);
	e->status = strtol(first + strcspn(first, " "), &rest, 10);
	if (e->status < 1 || e->status > 999) {
		long result = strtol(rest, NULL, 10);

		e->status = 0;
		e->silent = result < 1 || result >= CURL_LAST;
		script_answered(0, "", 0);
		if (!e->silent)
			script_finish(e, (CURLcode)result);
		return;
	}
	do {
		line_end = memchr(p, '\n', (size_t)(end - p));
		if (line_end == NULL)
			line_end = end;
		script_header(e, p, (size_t)(line_end - p));
		p = line_end < end ? line_end + 1 : end;
	} while (p < end && *p != '\n');
	if (e->status >= 200)
		script_body(e, p < end ? p + 1 : end, end);
}

static void script_next_answer(struct scripted_easy *e)
{
	const char *from = script.at, *next;

	if (from == script.end) {
		from = script_good_answer();
		script_answer(e, from, from + strlen(from));
		return;
	}
	next = memmem(from + 1, (size_t)(script.end - from - 1), "\nHTTP/", 6);
	script.at = next != NULL ? next + 1 : script.end;
	script_answer(e, from, script.at);
}

CURLMcode curl_multi_perform(CURLM *multi, int *running)
{
	(void)multi;
	*running = 0;
	for (int i = 0; i < SCRIPT_HANDLES; i++) {
		struct scripted_easy *e = script.handles[i];
		char piece[SCRIPT_PIECE];
		size_t n;

		if (e == NULL || !e->waiting || e->silent)
			continue;
		script_request(e);
		while ((n = e->read(piece, 1, sizeof(piece), e->read_data)) > 0)
			e->up += (curl_off_t)n;
		while (e->waiting && !e->silent)
			script_next_answer(e);
	}
	return CURLM_OK;
}

#endif
