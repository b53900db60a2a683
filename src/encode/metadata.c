/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata columns, and headers for dead letters too. Sizes are found first, so that writing needs no checks. */
#include "encode/metadata.h"

#include <string.h>

#include "encode/json_reserved.h"
#include "encode/json_text.h"

#define HEADER_START "{\"key\":"
#define HEADER_MIDDLE ",\"value\":"

struct header {
	const char *name;
	const uint8_t *value;
	size_t len;
};

static bool header_at(const struct record *r, size_t n, struct header *h)
{
	return r->message != NULL && record_header(r, n, &h->name, &h->value, &h->len) != 0;
}

size_t headers_size(const struct record *r)
{
	size_t size = sizeof("[]");
	struct header h;

	for (size_t n = 0; header_at(r, n, &h); n++)
		size += sizeof(HEADER_START HEADER_MIDDLE "}") +
			json_text_size((const uint8_t *)h.name, strlen(h.name)) + json_text_size(h.value, h.len);
	return size;
}

uint8_t *headers_put(uint8_t *out, const struct record *r)
{
	struct header h;

	*out++ = '[';
	for (size_t n = 0; header_at(r, n, &h); n++) {
		if (n > 0)
			*out++ = ',';
		out = json_raw_put(out, HEADER_START);
		out = json_text_put(out, (const uint8_t *)h.name, strlen(h.name));
		out = json_raw_put(out, HEADER_MIDDLE);
		out = json_text_put(out, h.value, h.len);
		*out++ = '}';
	}
	*out++ = ']';
	return out;
}

static size_t column_size(unsigned column, const struct record_source *source, const struct record *r)
{
	switch (column) {
	case METADATA_TOPIC:
		return json_text_size((const uint8_t *)source->topic, strlen(source->topic));
	case METADATA_TIMESTAMP:
		return JSON_TIME_MAX;
	case METADATA_KEY:
		return json_text_size(r->key, r->key_len);
	case METADATA_HEADERS:
		return headers_size(r);
	default:
		return JSON_INT_MAX;
	}
}

static uint8_t *column_put(uint8_t *out, unsigned column, const struct record_source *source, const struct record *r)
{
	switch (column) {
	case METADATA_TOPIC:
		return json_text_put(out, (const uint8_t *)source->topic, strlen(source->topic));
	case METADATA_PARTITION:
		return json_int_put(out, source->partition);
	case METADATA_OFFSET:
		return json_int_put(out, r->offset);
	case METADATA_TIMESTAMP:
		return json_time_put(out, r->timestamp_ms);
	case METADATA_KEY:
		return json_text_put(out, r->key, r->key_len);
	default:
		return headers_put(out, r);
	}
}

size_t metadata_size(unsigned columns, const struct record_source *source, const struct record *r)
{
	size_t size = 0;

	for (unsigned c = METADATA_TOPIC; c <= METADATA_HEADERS; c <<= 1)
		if ((columns & c) != 0)
			size += sizeof(",\"\":") + strlen(json_metadata_name(c)) + column_size(c, source, r);
	return size;
}

uint8_t *metadata_put(uint8_t *out, unsigned columns, const struct record_source *source, const struct record *r)
{
	for (unsigned c = METADATA_TOPIC; c <= METADATA_HEADERS; c <<= 1) {
		if ((columns & c) == 0)
			continue;
		out = json_raw_put(out, ",\"");
		out = json_raw_put(out, json_metadata_name(c));
		out = json_raw_put(out, "\":");
		out = column_put(out, c, source, r);
	}
	return out;
}
