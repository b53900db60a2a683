/* SPDX-License-Identifier: Apache-2.0 */
/* The fingerprint of the settings that route records. A line a fact, hashed; a new fact is a new line at the end. */
#include "encode/fingerprint.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/sha256.h"
#include "encode/codec.h"
#include "encode/encoder.h"

#define FACTS_MAX (64 << 10)

static uint64_t hash(struct buf *facts)
{
	uint8_t digest[SHA256_BYTES];
	uint64_t h = 0;

	sha256_of(facts->data, facts->len, digest);
	for (int i = 0; i < 8; i++)
		h = h << 8 | digest[i];
	buf_free(facts);
	return h;
}

uint64_t fingerprint_of(const char *bucket, const char *table, const struct topic_settings *t,
			const char *isolation_level)
{
	struct buf facts;

	buf_init(&facts, FACTS_MAX);
	buf_addf(&facts, "routing %d\nbucket %s\nprefix %s\nkey %s\ntable %s\n", ROUTING_VERSION, bucket, t->prefix,
		 t->key, table);
	buf_addf(&facts, "format %s\nsuffix %s\npartition %d\ntombstones %d\n", t->format,
		 codec_find(t->compression)->suffix, (int)t->partition_by, (int)t->tombstones);
	buf_addf(&facts, "record %" PRId64 "\ndead %s\nmetadata %u\nisolation %s\nschema 0\n", t->max_record_bytes,
		 t->dead_letter_prefix, t->metadata, isolation_level);
	return hash(&facts);
}

uint64_t fingerprint_of_range(uint64_t settings, const struct skip *k, int64_t start, int64_t end)
{
	struct buf facts;
	bool any = false;

	buf_init(&facts, SIZE_MAX);
	buf_addf(&facts, "settings %016" PRIx64 "\n", settings);
	for (size_t i = 0; i < k->n; i++) {
		if (k->offsets[i] < start || k->offsets[i] >= end)
			continue;
		buf_addf(&facts, "skip %" PRId64 "\n", k->offsets[i]);
		any = true;
	}
	if (any)
		return hash(&facts);
	buf_free(&facts);
	return settings;
}

uint64_t destination_of(const char *bucket, const struct topic_settings *t)
{
	struct buf facts;

	buf_init(&facts, FACTS_MAX);
	buf_addf(&facts, "bucket %s\nprefix %s\n", bucket, t->prefix);
	return hash(&facts);
}
