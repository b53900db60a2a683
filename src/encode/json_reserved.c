/* SPDX-License-Identifier: Apache-2.0 */
/* The names of the metadata columns, and which keys would meet them. Names are ASCII; of all other characters only the
 * Kelvin sign becomes one of their letters in lower case. */
#include "encode/json_reserved.h"

#include <string.h>

#include "settings/settings.h"

#define NAME_MAX_LEN 15 /* kafka_timestamp */
#define KELVIN 0x212a

static const struct {
	unsigned column;
	const char *name;
} names[] = {
	{ METADATA_TOPIC, "kafka_topic" },   { METADATA_PARTITION, "kafka_partition" },
	{ METADATA_OFFSET, "kafka_offset" }, { METADATA_TIMESTAMP, "kafka_timestamp" },
	{ METADATA_KEY, "kafka_key" },       { METADATA_HEADERS, "kafka_headers" },
};

static unsigned hex_value(uint8_t c)
{
	return c <= '9' ? (unsigned)(c - '0') : (c | 0x20U) - 'a' + 10;
}

/* The character at *p, which moves behind it; 0 for any that no name can hold. */
static unsigned character(const uint8_t **p)
{
	const uint8_t *at = *p;
	unsigned c = 0;

	if (at[0] == '\\' && at[1] == 'u') {
		for (int i = 2; i < 6; i++)
			c = c << 4 | hex_value(at[i]);
		*p += 6;
	} else if (at[0] == '\\') {
		*p += 2;
	} else if (at[0] == 0xe2 && at[1] == 0x84 && at[2] == 0xaa) {
		c = KELVIN;
		*p += 3;
	} else {
		c = at[0];
		*p += 1;
	}
	if (c == KELVIN)
		return 'k';
	return c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c;
}

bool json_reserved(const uint8_t *key, size_t len, unsigned columns)
{
	const uint8_t *p = key;
	char lower[NAME_MAX_LEN + 1];
	size_t n = 0;

	while (p < key + len) {
		unsigned c = character(&p);

		if (n == NAME_MAX_LEN || c == 0 || c >= 0x80)
			return false;
		lower[n++] = (char)c;
	}
	lower[n] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((columns & names[i].column) != 0 && strcmp(lower, names[i].name) == 0)
			return true;
	return false;
}

const char *json_metadata_name(unsigned column)
{
	size_t i = 0;

	while (names[i].column != column)
		i++;
	return names[i].name;
}
