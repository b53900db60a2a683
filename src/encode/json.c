/* SPDX-License-Identifier: Apache-2.0 */
/* Records to JSON lines. A value that is a JSON document is written as it came, less white space outside strings; what
 * is no object is wrapped; metadata columns come last. Nothing else is composed here: see metadata.c, dead_letter.c. */
#include "encode/encoders.h"

#include <string.h>

#include "encode/json_scan.h"
#include "encode/json_text.h"
#include "encode/metadata.h"

#define WRAPPER "{\"value\":"
#define AROUND (sizeof(WRAPPER "}\n") - 1)

static const char too_large[] = "larger than output.max_record";

static enum encoded dead(const char *why, const char **reason)
{
	*reason = why;
	return ENCODE_DEAD;
}

/* Put the columns into the object that ends at end, and end the line. */
static uint8_t *finish_object(const struct topic_settings *t, const struct record_source *source,
			      const struct record *r, uint8_t *end, bool empty)
{
	if (t->metadata != 0) {
		uint8_t *columns = end - 1; /* over the closing brace */

		end = metadata_put(columns, t->metadata, source, r);
		if (empty)
			memmove(columns, columns + 1, (size_t)(--end - columns)); /* no comma after { */
		*end++ = '}';
	}
	*end++ = '\n';
	return end;
}

/* {"value": and the len bytes that follow at out already, shifted, or null. */
static uint8_t *wrap(uint8_t *out, size_t len)
{
	memmove(out + sizeof(WRAPPER) - 1, out, len);
	memcpy(out, WRAPPER, sizeof(WRAPPER) - 1);
	out += sizeof(WRAPPER) - 1 + len;
	*out++ = '}';
	return out;
}

static enum encoded encode_tombstone(const struct topic_settings *t, const struct record_source *source,
				     const struct record *r, struct buf *out, uint8_t *to)
{
	uint8_t *end = json_raw_put(to, WRAPPER "null}");

	end = finish_object(t, source, r, end, false);
	out->len += (size_t)(end - to);
	return ENCODED;
}

static enum encoded json_encode(const struct topic_settings *t, const struct record_source *source,
				const struct record *r, struct buf *out, const char **reason)
{
	size_t len = r->value != NULL ? r->value_len : sizeof("null") - 1;
	struct json_scanned scanned;
	uint8_t *to, *end;

	if (r->value == NULL && t->tombstones == TOMBSTONES_SKIP)
		return ENCODE_SKIP;
	if (r->value == NULL && t->tombstones == TOMBSTONES_DEAD_LETTER)
		return dead("a tombstone", reason);
	if (t->metadata != 0)
		len += metadata_size(t->metadata, source, r);
	if (len > (size_t)t->max_record_bytes)
		return dead(too_large, reason);
	to = buf_reserve(out, len + AROUND);
	if (to == NULL)
		return ENCODE_FULL;
	if (r->value == NULL)
		return encode_tombstone(t, source, r, out, to);
	scanned = json_scan(r->value, r->value_len, t->metadata, to);
	if (scanned.verdict != SCAN_OBJECT && scanned.verdict != SCAN_OTHER)
		return dead(json_verdict_text(scanned.verdict), reason);
	end = scanned.verdict == SCAN_OBJECT ? to + scanned.len : wrap(to, scanned.len);
	end = finish_object(t, source, r, end, scanned.empty_object);
	out->len += (size_t)(end - to);
	return ENCODED;
}

const struct encoder_ops encoder_json = {
	.name = "json",
	.suffix = ".json",
	.encode = json_encode,
};
