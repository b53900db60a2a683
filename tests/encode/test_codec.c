/* SPDX-License-Identifier: Apache-2.0 */
/* The codecs: blocks that other readers concatenate, the same bytes each time, compressors kept by level. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libdeflate.h>
#include <zstd.h>

#include "encode/codec.h"

#define ROWS 4000
#define ROW_MAX 128

/* Rows that compress like real ones. Owns: the caller frees. */
static uint8_t *sample(size_t *len)
{
	char *text = malloc(ROWS * ROW_MAX);

	*len = 0;
	for (int i = 0; i < ROWS; i++)
		*len += (size_t)snprintf(text + *len, ROW_MAX,
					 "{\"Index\":\"NYA\",\"Date\":\"%04d-12-31\",\"Open\":%d.%06d}\n",
					 1965 + i % 50, 500 + i, i * 7919 % 1000000);
	return (uint8_t *)text;
}

static size_t unpack(enum compression c, const uint8_t *in, size_t len, uint8_t *out, size_t cap, size_t *used)
{
	size_t n = 0;

	*used = len;
	if (c == COMPRESSION_NONE) {
		memcpy(out, in, len);
		return len;
	}
	if (c == COMPRESSION_ZSTD) {
		*used = ZSTD_findFrameCompressedSize(in, len);
		return ZSTD_decompress(out, cap, in, *used);
	}
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	assert_int_equal(libdeflate_gzip_decompress_ex(d, in, len, out, cap, used, &n), LIBDEFLATE_SUCCESS);
	libdeflate_free_decompressor(d);
	return n;
}

static void round_trip(enum compression c, int64_t level)
{
	const struct codec_ops *ops = codec_find(c);
	struct codecs *codecs = codecs_new();
	void *state = codecs_state(codecs, c, level);
	size_t len, used, first, total;
	uint8_t *in = sample(&len), *out, *back = malloc(len);

	out = malloc(2 * ops->bound(state, len));
	first = ops->compress(state, in, len, out, ops->bound(state, len));
	assert_true(first > 0 && first <= ops->bound(state, len));
	total = first + ops->compress(state, in, len / 2, out + first, ops->bound(state, len));
	assert_int_equal(unpack(c, out, c == COMPRESSION_NONE ? first : total, back, len, &used), len);
	assert_int_equal(used, first);
	assert_memory_equal(back, in, len);
	assert_int_equal(unpack(c, out + first, total - first, back, len, &used), len / 2);
	assert_memory_equal(back, in, len / 2);
	if (c != COMPRESSION_NONE)
		assert_true(first < len / 2);
	free(back);
	free(out);
	free(in);
	codecs_free(codecs);
}

static void test_round_trips(void **state)
{
	(void)state;
	round_trip(COMPRESSION_NONE, -1);
	for (int64_t level = 1; level <= 12; level++)
		round_trip(COMPRESSION_GZIP, level);
	for (int64_t level = 1; level <= 19; level += 3)
		round_trip(COMPRESSION_ZSTD, level);
}

/* A block that cannot be made smaller still fits its bound. */
static void test_incompressible(void **state)
{
	enum compression all[] = { COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_ZSTD };
	uint8_t in[4096];
	struct codecs *codecs = codecs_new();

	(void)state;
	srand(7);
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(rand() >> 8);
	for (size_t i = 0; i < 3; i++) {
		const struct codec_ops *ops = codec_find(all[i]);
		void *compressor = codecs_state(codecs, all[i], -1);

		for (size_t len = 1; len <= sizeof(in); len = len * 2 + 1) {
			size_t cap = ops->bound(compressor, len), used;
			uint8_t *out = malloc(cap), back[sizeof(in)];
			size_t n = ops->compress(compressor, in, len, out, cap);

			assert_in_range(n, 1, cap);
			assert_int_equal(unpack(all[i], out, n, back, sizeof(back), &used), len);
			assert_memory_equal(back, in, len);
			free(out);
		}
	}
	codecs_free(codecs);
}

/* No time, no name, no flags: the header says nothing that differs from run to run. */
static void test_gzip_header(void **state)
{
	struct codecs *codecs = codecs_new();
	const struct codec_ops *ops = codec_find(COMPRESSION_GZIP);
	void *compressor = codecs_state(codecs, COMPRESSION_GZIP, -1);
	const uint8_t in[] = "{\"a\":1}\n", start[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0 };
	uint8_t a[256], b[256];
	size_t n;

	(void)state;
	assert_true(ops->bound(compressor, sizeof(in)) <= sizeof(a));
	n = ops->compress(compressor, in, sizeof(in) - 1, a, sizeof(a));
	assert_memory_equal(a, start, sizeof(start));
	assert_int_equal(ops->compress(compressor, in, sizeof(in) - 1, b, sizeof(b)), n);
	assert_memory_equal(a, b, n);
	codecs_free(codecs);
}

static void test_states_are_kept(void **state)
{
	struct codecs *codecs = codecs_new();
	void *gzip = codecs_state(codecs, COMPRESSION_GZIP, -1), *zstd = codecs_state(codecs, COMPRESSION_ZSTD, -1);

	(void)state;
	assert_ptr_equal(codecs_state(codecs, COMPRESSION_GZIP, 3), gzip);
	assert_ptr_equal(codecs_state(codecs, COMPRESSION_ZSTD, 1), zstd);
	assert_ptr_not_equal(codecs_state(codecs, COMPRESSION_GZIP, 6), gzip);
	assert_non_null(codecs_state(codecs, COMPRESSION_NONE, 5));
	codecs_free(codecs);
	codecs_free(NULL);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(codec_find(COMPRESSION_NONE)->suffix, "");
	assert_string_equal(codec_find(COMPRESSION_GZIP)->suffix, ".gz");
	assert_string_equal(codec_find(COMPRESSION_ZSTD)->suffix, ".zst");
	assert_string_equal(codec_find(COMPRESSION_NONE)->content_type, "application/x-ndjson");
	assert_string_equal(codec_find(COMPRESSION_GZIP)->content_type, "application/gzip");
	assert_string_equal(codec_find(COMPRESSION_ZSTD)->content_type, "application/zstd");
	assert_int_equal(codec_find(COMPRESSION_GZIP)->default_level, 3);
	assert_int_equal(codec_find(COMPRESSION_ZSTD)->default_level, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trips), cmocka_unit_test(test_incompressible),
		cmocka_unit_test(test_gzip_header), cmocka_unit_test(test_states_are_kept),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
