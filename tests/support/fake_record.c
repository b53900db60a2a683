/* SPDX-License-Identifier: Apache-2.0 */
/* Records and settings for tests of what lies behind the ring. */
#include "support/fake_record.h"

#include <string.h>

struct topic_settings fake_settings(void)
{
	return (struct topic_settings){
		.table = (char *)"",
		.prefix = (char *)"raw",
		.storage_class = (char *)"",
		.sse = (char *)"",
		.kms_key_id = (char *)"",
		.format = (char *)"json",
		.compression = COMPRESSION_GZIP,
		.level = -1,
		.partition_by = PARTITION_BY_HOUR,
		.key = (char *)"{prefix}/{table}/dt={dt}/hour={hour}/{topic}+{partition}+{start}+{id}.{ext}",
		.tombstones = TOMBSTONES_SKIP,
		.max_open_slots = 64,
		.max_record_bytes = 32 << 20,
		.dead_letter_prefix = (char *)"dead-letter",
		.dead_letter_limit_percent = 10,
	};
}

struct record fake_record(const char *value, const char *key)
{
	return (struct record){
		.offset = 4711,
		.timestamp_ms = INT64_C(1795359845678),
		.value = (const uint8_t *)value,
		.value_len = value == NULL ? 0 : (uint32_t)strlen(value),
		.key = (const uint8_t *)key,
		.key_len = key == NULL ? 0 : (uint32_t)strlen(key),
	};
}
