/* SPDX-License-Identifier: Apache-2.0 */
/* What the JSON scanner costs over generated rows of about 250 bytes, with memcpy of the same rows as the floor.
 *   build/tests/bench/scan_bench [ROWS]
 * Each line is the best of five passes, in CPU time. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "encode/encoder.h"
#include "encode/json_fast_kernel.h"
#include "encode/json_scan.h"
#include "settings/settings.h"
#include "support/fake_record.h"
#include "support/market_rows.h"

#define PASSES 5
#define BLOCK (1 << 20)
#define ROW_MAX 4096

static uint8_t row_out[ROW_MAX];
static struct buf lines;
static struct topic_settings settings;

static bool by_memcpy(const char *row, size_t len)
{
	memcpy(row_out, row, len);
	__asm__ volatile("" : : "r"(row_out) : "memory");
	return true;
}

static bool by_scan(const char *row, size_t len)
{
	return json_scan((const uint8_t *)row, len, 0, row_out).verdict == SCAN_OBJECT;
}

static bool by_scan_with_columns(const char *row, size_t len)
{
	return json_scan((const uint8_t *)row, len, METADATA_TOPIC | METADATA_OFFSET, row_out).verdict == SCAN_OBJECT;
}

static bool by_baseline(const char *row, size_t len)
{
	return fast_document((const uint8_t *)row, len, false, row_out);
}

static bool by_encoder(const char *row, size_t len)
{
	static const struct record_source source = { "stock_market", 0 };
	struct record r = fake_record(NULL, NULL);
	const char *reason;

	r.value = (const uint8_t *)row;
	r.value_len = (uint32_t)len;
	if (lines.len >= BLOCK)
		buf_clear(&lines);
	return encoder_find("json")->encode(&settings, &source, &r, &lines, &reason) == ENCODED;
}

static bool by_jansson(const char *row, size_t len)
{
	json_t *j = json_loadb(row, len, 0, NULL);
	bool valid = j != NULL;

	json_decref(j);
	return valid;
}

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void measure(const char *name, const struct market_rows *rows, bool (*one)(const char *, size_t))
{
	double best = 1e9;

	for (int pass = 0; pass < PASSES; pass++) {
		double start = cpu_s(), spent;

		for (size_t i = 0; i < rows->n; i++)
			if (!one(rows->text + rows->at[i], rows->at[i + 1] - rows->at[i]))
				abort();
		spent = cpu_s() - start;
		best = spent < best ? spent : best;
	}
	printf("%-34s %9.0f MB/s %8.1f ns a row %8.2f CPU s for 1.01 GB\n", name,
	       (double)rows->at[rows->n] / best / 1e6, best * 1e9 / (double)rows->n,
	       1.01e9 / (double)rows->at[rows->n] * best);
}

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 200000;
	struct market_rows plain = market_rows_make(n, MARKET_PLAIN, 1), spaced = market_rows_make(n, MARKET_SPACED, 1);
	struct market_rows unicode = market_rows_make(n, MARKET_UNICODE, 1);

	settings = fake_settings();
	buf_init(&lines, 2 * BLOCK);
	printf("%zu rows of %zu bytes\n", n, plain.at[n] / n);
	measure("memcpy", &plain, by_memcpy);
	measure("json_scan", &plain, by_scan);
	measure("json_scan, reserved keys", &plain, by_scan_with_columns);
	measure("the quick way without AVX2", &plain, by_baseline);
	measure("the encoder, into 1 MiB blocks", &plain, by_encoder);
	measure("json_scan, white space", &spaced, by_scan);
	measure("json_scan, not ASCII", &unicode, by_scan);
	measure("jansson", &plain, by_jansson);
	market_rows_free(&plain);
	market_rows_free(&spaced);
	market_rows_free(&unicode);
	buf_free(&lines);
	return 0;
}
