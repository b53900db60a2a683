/* SPDX-License-Identifier: Apache-2.0 */
/* Reads an object's user metadata. Values are percent-encoded as they were sent; lists of numbers are as they are. */
#include "verify/facts.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_DIGITS 16

static const char *const begins_names[] = {
	[BEGINS_NOT] = "not",     [BEGINS_FIRST] = "first",       [BEGINS_DESTINATION] = "destination",
	[BEGINS_MOVED] = "moved", [BEGINS_SETTINGS] = "settings", [BEGINS_TRUNCATED] = "truncated",
	[BEGINS_OTHER] = "other",
};

const char *facts_begins_name(enum facts_begins b)
{
	return begins_names[b];
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool facts_parse_id(const char *s, size_t len, uint64_t *id)
{
	uint64_t value = 0;

	if (len != ID_DIGITS)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (digit(s[i]) < 0)
			return false;
		value = value << 4 | (uint64_t)digit(s[i]);
	}
	*id = value;
	return true;
}

/* A value, decoded; false: it does not fit. */
static bool decode(const char *s, size_t len, char out[FACTS_NAME_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		int high = -1, low = -1;

		if (n + 1 >= FACTS_NAME_MAX)
			return false;
		if (s[i] == '%' && i + 2 < len) {
			high = digit((char)tolower((unsigned char)s[i + 1]));
			low = digit((char)tolower((unsigned char)s[i + 2]));
		}
		if (high >= 0 && low >= 0) {
			out[n++] = (char)(high * 16 + low);
			i += 2;
		} else {
			out[n++] = s[i];
		}
	}
	out[n] = '\0';
	return true;
}

/* A number that is not negative, and the character behind it. */
static bool take_number(const char **at, char behind, int64_t *value)
{
	char *end;

	if (!isdigit((unsigned char)**at))
		return false;
	*value = strtoll(*at, &end, 10);
	if (*end != behind || *value == INT64_MAX)
		return false;
	*at = end + (behind != '\0');
	return true;
}

/* "start,id,objects,records" */
static bool read_previous(const char *s, struct facts *f)
{
	size_t digits;
	int64_t objects;

	if (!take_number(&s, ',', &f->previous_start))
		return false;
	digits = strcspn(s, ",");
	if (s[digits] != ',' || !facts_parse_id(s, digits, &f->previous_id))
		return false;
	s += digits + 1;
	if (!take_number(&s, ',', &objects) || objects < 1 || objects > INT32_MAX)
		return false;
	f->previous_objects = (int32_t)objects;
	return take_number(&s, '\0', &f->previous_records);
}

/* "first,next,tombstones=N"; other counts may come to stand behind it. */
static bool read_skipped(const char *s, struct facts *f)
{
	static const char tombstones[] = "tombstones=";

	if (!take_number(&s, ',', &f->skipped_first) || !take_number(&s, ',', &f->skipped_next))
		return false;
	if (strncmp(s, tombstones, sizeof(tombstones) - 1) == 0)
		f->skipped_tombstones = strtoll(s + sizeof(tombstones) - 1, NULL, 10);
	return f->skipped_first < f->skipped_next;
}

static enum facts_begins read_begins(const char *s)
{
	for (enum facts_begins b = BEGINS_FIRST; b < BEGINS_OTHER; b++)
		if (strcmp(s, begins_names[b]) == 0)
			return b;
	return BEGINS_OTHER;
}

/* Which of them were there, as bits. */
enum { SEEN_ID = 1, SEEN_GROUP = 2, SEEN_CLUSTER = 4, SEEN_PREVIOUS = 8, SEEN_BEGINS = 16 };

/* 0 or -1: the value is not what it should be. */
static int take(struct facts *f, unsigned *seen, const char *name, const char *value)
{
	bool fine = true;

	if (strcmp(name, "range-id") == 0) {
		*seen |= SEEN_ID;
		fine = facts_parse_id(value, strlen(value), &f->id);
	} else if (strcmp(name, "group") == 0) {
		*seen |= SEEN_GROUP;
		fine = decode(value, strlen(value), f->group);
	} else if (strcmp(name, "cluster") == 0) {
		*seen |= SEEN_CLUSTER;
		fine = decode(value, strlen(value), f->cluster);
	} else if (strcmp(name, "previous") == 0) {
		*seen |= SEEN_PREVIOUS;
		fine = read_previous(value, f);
	} else if (strcmp(name, "chain-begins") == 0) {
		*seen |= SEEN_BEGINS;
		f->begins = read_begins(value);
	} else if (strcmp(name, "skipped") == 0) {
		fine = read_skipped(value, f);
	}
	return fine ? 0 : -1;
}

int facts_read(const char *lines, struct facts *f, struct error *e)
{
	char bad[64] = "", name[64], value[1024];
	unsigned seen = 0;

	*f = (struct facts){ .begins = BEGINS_NOT };
	for (size_t len; *lines != '\0'; lines += len + (lines[len] == '\n')) {
		size_t tab = strcspn(lines, "\t\n");

		len = strcspn(lines, "\n");
		if (tab >= len || tab >= sizeof(name) || len - tab > sizeof(value))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)tab, lines);
		snprintf(value, sizeof(value), "%.*s", (int)(len - tab - 1), lines + tab + 1);
		if (take(f, &seen, name, value) != 0 && bad[0] == '\0')
			snprintf(bad, sizeof(bad), "%s", name);
	}
	if ((seen & SEEN_ID) == 0)
		return 1;
	if (bad[0] != '\0')
		return error_set(e, ERROR_GIVE_UP, 0, "its metadata '%s' is not what kafka2s3 writes", bad);
	if ((seen & SEEN_GROUP) == 0 || (seen & SEEN_CLUSTER) == 0)
		return error_set(e, ERROR_GIVE_UP, 0, "its metadata names no group or no cluster");
	if (!(seen & SEEN_PREVIOUS) == !(seen & SEEN_BEGINS))
		return error_set(e, ERROR_GIVE_UP, 0, "its metadata does not say what comes before it");
	return 0;
}
