/* SPDX-License-Identifier: Apache-2.0 */
/* Dead letters: a record that cannot be written as asked, as one JSON object a line, with all that is needed to land it
 * by other means. Every member is always there and keeps its type:
 *   topic, reason: strings · partition, offset: integers · timestamp: "yyyy-MM-dd HH:mm:ss.SSS" in UTC, or null ·
 *   key: string or null, headers: array of {"key", "value"}, both as in metadata columns · value: base64, or null.
 * A value above max_record is left out: the line is a reference to the record in Kafka. So is a key, and so are
 * headers, that are above it alone. */
#include "encode/encoders.h"

#include <string.h>

#include "encode/json_text.h"
#include "encode/metadata.h"

#define NAMES "{\"topic\":,\"partition\":,\"offset\":,\"timestamp\":,\"key\":,\"headers\":,\"value\":,\"reason\":}\n"
#define REASON_MAX 512

/* What a letter holds of a record, and its size. */
struct contents {
	const uint8_t *key, *value;
	bool headers;
	size_t size;
};

static struct contents contents_of(const struct topic_settings *t, const struct record_source *source,
				   const struct record *r)
{
	size_t max = (size_t)t->max_record_bytes, headers = headers_size(r);
	struct contents c = {
		.key = r->key_len <= max ? r->key : NULL,
		.value = r->value_len <= max ? r->value : NULL,
		.headers = headers <= max,
	};

	c.size = sizeof(NAMES) + 2 * JSON_INT_MAX + JSON_TIME_MAX +
		 json_text_size((const uint8_t *)source->topic, strlen(source->topic)) +
		 json_text_size(c.key, r->key_len) + (c.headers ? headers : sizeof("[]")) +
		 json_base64_size(c.value, r->value_len);
	return c;
}

size_t dead_letter_bound(const struct topic_settings *t, const struct record_source *source, const struct record *r)
{
	return contents_of(t, source, r).size + REASON_MAX;
}

bool dead_letter_encode(const struct topic_settings *t, const struct record_source *source, const struct record *r,
			const char *reason, struct buf *out)
{
	struct contents c = contents_of(t, source, r);
	const uint8_t *why = (const uint8_t *)reason;
	uint8_t *to = buf_reserve(out, c.size + json_text_size(why, strlen(reason))), *end;

	if (to == NULL)
		return false;
	end = json_raw_put(to, "{\"topic\":");
	end = json_text_put(end, (const uint8_t *)source->topic, strlen(source->topic));
	end = json_raw_put(end, ",\"partition\":");
	end = json_int_put(end, source->partition);
	end = json_raw_put(end, ",\"offset\":");
	end = json_int_put(end, r->offset);
	end = json_raw_put(end, ",\"timestamp\":");
	end = json_time_put(end, r->timestamp_ms);
	end = json_raw_put(end, ",\"key\":");
	end = json_text_put(end, c.key, r->key_len);
	end = json_raw_put(end, ",\"headers\":");
	end = c.headers ? headers_put(end, r) : json_raw_put(end, "[]");
	end = json_raw_put(end, ",\"value\":");
	end = json_base64_put(end, c.value, r->value_len);
	end = json_raw_put(end, ",\"reason\":");
	end = json_text_put(end, why, strlen(reason));
	end = json_raw_put(end, "}\n");
	out->len += (size_t)(end - to);
	return true;
}
