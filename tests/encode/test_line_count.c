/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of objects in pieces of any size; what is cut short or damaged is found. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "encode/codec.h"
#include "encode/line_count.h"

#define BLOCKS 3
#define LINES 1000

/* Three blocks of a thousand lines each. */
static void make(enum compression compression, struct buf *object)
{
	const struct codec_ops *ops = codec_find(compression);
	void *state = ops->open(ops->default_level);
	struct buf text;

	buf_init(object, SIZE_MAX);
	buf_init(&text, SIZE_MAX);
	for (int block = 0; block < BLOCKS; block++) {
		uint8_t *to;

		buf_clear(&text);
		for (int i = 0; i < LINES; i++)
			buf_addf(&text, "{\"n\":%d}\n", block * LINES + i);
		to = buf_reserve(object, ops->bound(state, text.len));
		object->len += ops->compress(state, text.data, text.len, to, object->cap - object->len);
	}
	buf_free(&text);
	ops->close(state);
}

static int64_t count(enum compression compression, const uint8_t *data, size_t len, size_t piece)
{
	struct line_count *c = line_count_new(compression);
	int64_t lines = -1;
	struct error e;
	int rc = 0;

	for (size_t at = 0; at < len && rc == 0; at += piece) {
		size_t n = piece < len - at ? piece : len - at;
		uint8_t *copy = mem_alloc(n); /* so that reading beyond it is seen */

		memcpy(copy, data + at, n);
		rc = line_count_add(c, copy, n, &e);
		free(copy);
	}
	if (rc == 0)
		lines = line_count_end(c, &e);
	line_count_free(c);
	return lines;
}

static const enum compression codecs[] = { COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_ZSTD };

#define N_CODECS (sizeof(codecs) / sizeof(codecs[0]))

static void lines_are_counted_whatever_the_pieces(void **state)
{
	static const size_t pieces[] = { 1, 7, 1000, 1 << 20 };
	struct buf object;

	(void)state;
	for (size_t i = 0; i < N_CODECS; i++) {
		make(codecs[i], &object);
		for (size_t p = i == 1; p < sizeof(pieces) / sizeof(pieces[0]); p++)
			assert_int_equal(count(codecs[i], object.data, object.len, pieces[p]), BLOCKS * LINES);
		buf_free(&object);
	}
}

static void cut_anywhere_is_no_whole_object_or_has_fewer_lines(void **state)
{
	struct buf object;

	(void)state;
	for (size_t i = 0; i < N_CODECS; i++) {
		make(codecs[i], &object);
		for (size_t len = 0; len < object.len; len += 61)
			assert_true(count(codecs[i], object.data, len, 1 << 20) < BLOCKS * LINES);
		assert_int_equal(count(codecs[i], object.data, object.len - 1, 1 << 20), -1);
		assert_int_equal(count(codecs[i], object.data, 0, 1), -1);
		buf_free(&object);
	}
}

/* Our zstd frames carry no checksum; gzip members do. */
static void a_changed_byte_is_found(void **state)
{
	struct buf object;

	(void)state;
	make(COMPRESSION_GZIP, &object);
	object.data[object.len / 2] ^= 0x55;
	assert_int_equal(count(COMPRESSION_GZIP, object.data, object.len, 1 << 20), -1);
	buf_free(&object);
}

static void a_line_longer_than_a_block_is_one_line(void **state)
{
	const struct codec_ops *ops = codec_find(COMPRESSION_GZIP);
	const size_t len = (size_t)5 << 20;
	void *gzip = ops->open(1);
	uint8_t *text = mem_zalloc(len), *out = mem_alloc(ops->bound(gzip, len));
	size_t n;

	(void)state;
	memset(text, 'x', len);
	text[len - 1] = '\n';
	n = ops->compress(gzip, text, len, out, ops->bound(gzip, len));
	assert_int_equal(count(COMPRESSION_GZIP, out, n, 1000), 1);
	ops->close(gzip);
	free(text);
	free(out);
}

static void the_key_names_the_codec(void **state)
{
	(void)state;
	assert_int_equal(line_count_codec("a/b.json.gz"), COMPRESSION_GZIP);
	assert_int_equal(line_count_codec("a/b.json.zst"), COMPRESSION_ZSTD);
	assert_int_equal(line_count_codec("a.gz/b.json"), COMPRESSION_NONE);
	assert_int_equal(line_count_codec(""), COMPRESSION_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_counted_whatever_the_pieces),
		cmocka_unit_test(cut_anywhere_is_no_whole_object_or_has_fewer_lines),
		cmocka_unit_test(a_changed_byte_is_found),
		cmocka_unit_test(a_line_longer_than_a_block_is_one_line),
		cmocka_unit_test(the_key_names_the_codec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
