/* SPDX-License-Identifier: Apache-2.0 */
/* 100,000 records through routing and the encoder, for the instruction budget: check_budget counts what happens inside
 * budget_run(). No compressor, no client: what is left is our own code. With "sampled" as argument, as an uploader does
 * it for a catalog; what learns from the samples, in the daemon another thread, is counted in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "encode/encoder.h"
#include "schema/sampler.h"
#include "schema/schema.h"
#include "store/key.h"
#include "support/fake_record.h"
#include "support/market_rows.h"

#define RECORDS 100000
#define ROWS 5000 /* each comes round so often: generating them costs more than what is counted */
#define RECORDS_AN_HOUR 5000
#define HOUR_MS 3600000
#define BLOCK (1 << 20)

size_t budget_run(const struct market_rows *rows, struct sampler *sampler, struct schema *schema);

/* As the glue thread does it, in between. */
static void learn(struct sampler *sampler, struct schema *schema)
{
	struct sample sample;
	struct buf taken;
	size_t at = 0;

	if (sampler == NULL)
		return;
	buf_init(&taken, SAMPLER_BYTES_MAX);
	sampler_take(sampler, &taken);
	while (sample_next(&taken, &at, &sample))
		schema_learn_line(schema, sample.line, sample.len);
	buf_free(&taken);
}

/* The slot of each record, a key for each new slot, a line for each record. Not inlined: callgrind looks for its name.
 */
__attribute__((noinline)) size_t budget_run(const struct market_rows *rows, struct sampler *sampler,
					    struct schema *schema)
{
	struct topic_settings t = fake_settings();
	struct record_source source = { "stock_market", 3 };
	struct record r = fake_record(NULL, NULL);
	const struct encoder_ops *encoder = encoder_find(t.format);
	struct key_facts facts = { source.topic, "stock_market", 3, 0, "00ff12ab34cd56ef", 0, false };
	struct skip skip = { .next = INT64_MAX };
	int64_t slot = 0, end = 0;
	char key[KEY_MAX + 1];
	const char *reason;
	size_t landed = 0;
	struct sampling sampling;
	struct buf out;

	sampling_begin(&sampling, sampler);
	buf_init(&out, 2 * BLOCK);
	for (size_t i = 0; i < RECORDS; i++) {
		size_t row = i % rows->n, len;

		r.offset = (int64_t)i;
		r.timestamp_ms += HOUR_MS / RECORDS_AN_HOUR;
		r.value = (const uint8_t *)rows->text + rows->at[row];
		r.value_len = (uint32_t)(rows->at[row + 1] - rows->at[row]);
		if (r.timestamp_ms < slot || r.timestamp_ms >= end) {
			facts.slot = slot = slot_of(t.partition_by, r.timestamp_ms);
			end = slot_end(t.partition_by, slot);
			key_build(&t, &facts, key);
		}
		if (out.len >= BLOCK) {
			buf_clear(&out);
			learn(sampler, schema);
		}
		len = out.len;
		if (encoder_route(encoder, &skip, &t, &source, &r, &out, &reason) != ENCODED)
			continue;
		sampling_line(&sampling, source.topic, out.data + len, out.len - len - 1);
		landed++;
	}
	buf_free(&out);
	return landed;
}

int main(int argc, char **argv)
{
	struct market_rows rows = market_rows_make(ROWS, MARKET_PLAIN, 1);
	bool sampled = argc > 1 && strcmp(argv[1], "sampled") == 0;
	struct sampler *sampler = sampled ? sampler_new() : NULL;
	struct topic_settings t = fake_settings();
	struct schema *schema = schema_new(&t);
	size_t landed = budget_run(&rows, sampler, schema);
	uint64_t documents = schema_counts(schema).documents;

	market_rows_free(&rows);
	sampler_free(sampler);
	schema_free(schema);
	if (landed != RECORDS || (documents > RECORDS / 512) != sampled) {
		fprintf(stderr, "budget: %zu of %d records landed, %llu sampled\n", landed, RECORDS,
			(unsigned long long)documents);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
