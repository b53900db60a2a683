/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of an object, counted as it is read. libdeflate takes whole members only: so input is kept until a member is
 * whole, which is a block of the writer's; a member that does not fit together looks like one that is not whole yet,
 * and is told at the end or when it is longer than any of ours. */
#include "encode/line_count.h"

#include <libdeflate.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "encode/codec.h"

#define OUT_BYTES ((size_t)2 << 20)
#define OUT_MAX ((size_t)256 << 20)

struct line_count {
	enum compression compression;
	int64_t lines;
	bool unended; /* bytes stand behind the last line feed */
	uint8_t *out;
	size_t out_size;
	struct libdeflate_decompressor *gzip;
	struct buf window; /* gzip: from the first member that is not whole yet */
	ZSTD_DStream *zstd;
	bool in_frame;
	void (*hear)(void *arg, const uint8_t *text, size_t len); /* NULL: nobody does */
	void *arg;
};

struct line_count *line_count_new(enum compression compression)
{
	struct line_count *c = mem_zalloc(sizeof(*c));

	c->compression = compression;
	buf_init(&c->window, LINE_COUNT_MEMBER_MAX);
	if (compression == COMPRESSION_GZIP) {
		c->gzip = mem_must(libdeflate_alloc_decompressor());
		c->out_size = OUT_BYTES;
	} else if (compression == COMPRESSION_ZSTD) {
		c->zstd = mem_must(ZSTD_createDStream());
		c->out_size = ZSTD_DStreamOutSize();
	}
	if (c->out_size > 0)
		c->out = mem_alloc(c->out_size);
	return c;
}

void line_count_free(struct line_count *c)
{
	if (c == NULL)
		return;
	if (c->gzip != NULL)
		libdeflate_free_decompressor(c->gzip);
	ZSTD_freeDStream(c->zstd);
	buf_free(&c->window);
	free(c->out);
	free(c);
}

void line_count_hear(struct line_count *c, void (*hear)(void *arg, const uint8_t *text, size_t len), void *arg)
{
	c->hear = hear;
	c->arg = arg;
}

static void count(struct line_count *c, const uint8_t *text, size_t len)
{
	const uint8_t *end = text + len, *at = text;

	if (len == 0)
		return;
	if (c->hear != NULL)
		c->hear(c->arg, text, len);
	while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		c->lines++;
		at++;
	}
	c->unended = end[-1] != '\n';
}

/* 1: a member was whole, and *used bytes of the window are done; 0: more is needed; -1: longer than any of ours. */
static int read_member(struct line_count *c, const uint8_t *in, size_t len, size_t *used)
{
	size_t made;

	for (;;) {
		switch (libdeflate_gzip_decompress_ex(c->gzip, in, len, c->out, c->out_size, used, &made)) {
		case LIBDEFLATE_SUCCESS:
			count(c, c->out, made);
			return 1;
		case LIBDEFLATE_INSUFFICIENT_SPACE:
			if (c->out_size >= OUT_MAX)
				return -1;
			c->out_size *= 2;
			free(c->out);
			c->out = mem_alloc(c->out_size);
			break;
		default:
			return 0;
		}
	}
}

static int add_gzip(struct line_count *c, const void *data, size_t len, struct error *e)
{
	size_t at = 0, used;
	int rc = 1;

	if (!buf_add(&c->window, data, len))
		return error_set(e, ERROR_GIVE_UP, 0, "damaged: no whole gzip member in %zu bytes", c->window.len);
	while (at < c->window.len && (rc = read_member(c, c->window.data + at, c->window.len - at, &used)) > 0)
		at += used;
	if (rc < 0)
		return error_set(e, ERROR_GIVE_UP, 0, "damaged: a gzip member of more than %zu bytes", OUT_MAX);
	if (at > 0) {
		memmove(c->window.data, c->window.data + at, c->window.len - at);
		c->window.len -= at;
	}
	return 0;
}

static int add_zstd(struct line_count *c, const void *data, size_t len, struct error *e)
{
	ZSTD_inBuffer in = { data, len, 0 };
	ZSTD_outBuffer out;
	size_t rc;

	do {
		out = (ZSTD_outBuffer){ c->out, c->out_size, 0 };
		rc = ZSTD_decompressStream(c->zstd, &out, &in);
		if (ZSTD_isError(rc))
			return error_set(e, ERROR_GIVE_UP, 0, "damaged: zstd says: %s", ZSTD_getErrorName(rc));
		count(c, c->out, out.pos);
		c->in_frame = rc != 0;
	} while (in.pos < in.size || out.pos == out.size);
	return 0;
}

int line_count_add(struct line_count *c, const void *data, size_t len, struct error *e)
{
	if (len == 0)
		return 0;
	switch (c->compression) {
	case COMPRESSION_GZIP:
		return add_gzip(c, data, len, e);
	case COMPRESSION_ZSTD:
		return add_zstd(c, data, len, e);
	case COMPRESSION_NONE:
		break;
	}
	count(c, data, len);
	return 0;
}

int64_t line_count_end(struct line_count *c, struct error *e)
{
	if (c->window.len > 0)
		return error_set(e, ERROR_GIVE_UP, 0,
				 "cut short or damaged: its last %zu bytes are no whole gzip member", c->window.len);
	if (c->in_frame)
		return error_set(e, ERROR_GIVE_UP, 0, "cut short: its last zstd frame is not whole");
	if (c->unended)
		return error_set(e, ERROR_GIVE_UP, 0, "cut short: its last line has no end");
	if (c->lines == 0)
		return error_set(e, ERROR_GIVE_UP, 0, "it has no line");
	return c->lines;
}

enum compression line_count_codec(const char *key)
{
	static const enum compression suffixed[] = { COMPRESSION_GZIP, COMPRESSION_ZSTD };
	size_t len = strlen(key);

	for (size_t i = 0; i < sizeof(suffixed) / sizeof(suffixed[0]); i++) {
		const char *suffix = codec_find(suffixed[i])->suffix;

		if (len >= strlen(suffix) && strcmp(key + len - strlen(suffix), suffix) == 0)
			return suffixed[i];
	}
	return COMPRESSION_NONE;
}
