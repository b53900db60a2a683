/* SPDX-License-Identifier: Apache-2.0 */
/* Which record goes where is promised to whoever takes over a range: by the committed intent, written perhaps by
 * another version of this program. golden/routing.jsonl holds records with their settings, and what became of each when
 * it was recorded; its first line is the ROUTING_VERSION of that time. Another verdict, slot or key under the same
 * version is a range that two daemons would cut differently: raise ROUTING_VERSION, then record anew with
 *   KAFKA2S3_RECORD_GOLDEN=1 build/tests/encode/test_golden
 * which refuses to change what is recorded under the same version, and fills in what is new. Another line alone breaks
 * no promise, but wants to be seen: it can be recorded under the same version. */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "encode/encoder.h"
#include "store/key.h"
#include "support/fake_headers.h"

#define GOLDEN "tests/encode/golden/routing.jsonl"
#define TOPIC "stock.market"
#define PARTITION 3
#define VALUE_MAX 8192
#define HEADERS_MAX 8

/* One line of the file made ready. */
struct golden {
	struct topic_settings settings;
	struct skip skip;
	struct record record;
	struct fake_headers headers;
	struct fake_header items[HEADERS_MAX];
	uint8_t value[VALUE_MAX];
};

static const char *text_of(const json_t *j, const char *name, const char *otherwise)
{
	const json_t *s = json_object_get(j, name);

	return s != NULL ? json_string_value(s) : otherwise;
}

static int choice(const char *text, const char *const names[])
{
	int i = 0;

	while (strcmp(names[i], text) != 0) {
		i++;
		assert_non_null(names[i]);
	}
	return i;
}

static void read_settings(const json_t *j, struct topic_settings *t)
{
	static const char *const compressions[] = { "none", "gzip", "zstd", NULL };
	static const char *const tombstones[] = { "skip", "write", "dead-letter", NULL };
	static const char *const partitionings[] = { "hour", "day", "none", NULL };
	const json_t *max = json_object_get(j, "max_record");

	*t = fake_settings();
	t->prefix = (char *)text_of(j, "prefix", t->prefix);
	t->key = (char *)text_of(j, "key", t->key);
	t->compression = (enum compression)choice(text_of(j, "compression", "gzip"), compressions);
	t->tombstones = (enum tombstones)choice(text_of(j, "tombstones", "skip"), tombstones);
	t->partition_by = (enum partition_by)choice(text_of(j, "partition_by", "hour"), partitionings);
	t->metadata = (unsigned)json_integer_value(json_object_get(j, "metadata"));
	t->max_record_bytes = max != NULL ? json_integer_value(max) : t->max_record_bytes;
}

/* kafka.skip as the file has it. */
static void read_skip(const json_t *j, struct skip *k)
{
	struct settings s = { 0 };
	const json_t *entry;
	char *items[8];
	size_t i;

	json_array_foreach(j, i, entry)
		items[i] = (char *)json_string_value(entry);
	s.kafka_skip = (struct string_list){ items, json_array_size(j) };
	skip_init(k, &s, TOPIC, PARTITION);
}

/* value: text or null · value_hex: any bytes · value_nested: so many brackets. */
static void read_value(const json_t *j, struct golden *g)
{
	const char *hex = text_of(j, "value_hex", NULL), *text = text_of(j, "value", NULL);
	size_t nested = (size_t)json_integer_value(json_object_get(j, "value_nested")), len = 0;

	if (hex != NULL) {
		for (; hex[2 * len] != '\0'; len++)
			assert_int_equal(sscanf(hex + 2 * len, "%2hhx", &g->value[len]), 1);
	} else if (nested > 0) {
		len = 2 * nested;
		memset(g->value, '[', nested);
		memset(g->value + nested, ']', nested);
	} else if (text != NULL) {
		len = strlen(text);
		assert_true(len <= sizeof(g->value));
		memcpy(g->value, text, len);
	}
	g->record.value = text == NULL && hex == NULL && nested == 0 ? NULL : g->value;
	g->record.value_len = (uint32_t)len;
}

static void read_case(const json_t *j, struct golden *g)
{
	const json_t *timestamp = json_object_get(j, "timestamp"), *header;
	size_t i;

	skip_free(&g->skip);
	memset(g, 0, sizeof(*g));
	read_settings(json_object_get(j, "settings"), &g->settings);
	read_skip(json_object_get(json_object_get(j, "settings"), "skip"), &g->skip);
	g->record = fake_record(NULL, text_of(j, "kafka_key", NULL));
	if (timestamp != NULL)
		g->record.timestamp_ms = json_integer_value(timestamp);
	read_value(j, g);
	json_array_foreach(json_object_get(j, "headers"), i, header) {
		const char *value = json_string_value(json_array_get(header, 1));

		g->items[i].name = json_string_value(json_array_get(header, 0));
		g->items[i].value = value;
		g->items[i].len = value == NULL ? 0 : strlen(value);
	}
	g->headers = (struct fake_headers){ g->items, i };
	g->record.message = i > 0 ? &g->headers : NULL;
}

static json_t *key_of(const struct golden *g, int64_t slot, bool dead)
{
	struct key_facts f = { TOPIC, "stock_market", PARTITION, 4700, "00ff12ab34cd56ef", slot, dead };
	struct error e;
	char key[KEY_MAX + 1];

	if (key_template_check(&g->settings, strlen(f.topic), &e) != 0)
		fail_msg("%s", e.text);
	key_build(&g->settings, &f, key);
	return json_string(key);
}

/* What becomes of a record now: verdict, slot, key and line; reason for a dead one. */
static json_t *outcome(struct golden *g)
{
	static const struct record_source source = { TOPIC, PARTITION };
	int64_t slot = slot_of(g->settings.partition_by, g->record.timestamp_ms);
	const char *reason = NULL;
	json_t *j = json_object();
	enum encoded e;
	struct buf out;

	buf_init(&out, 1 << 20);
	e = encoder_route(encoder_find("json"), &g->skip, &g->settings, &source, &g->record, &out, &reason);
	if (e == ENCODE_DEAD)
		assert_true(dead_letter_encode(&g->settings, &source, &g->record, reason, &out));
	json_object_set_new(j, "verdict", json_string(e == ENCODED ? "landed" : e == ENCODE_DEAD ? "dead" : "skip"));
	if (reason != NULL)
		json_object_set_new(j, "reason", json_string(reason));
	if (e != ENCODE_SKIP) {
		json_object_set_new(j, "slot", slot == SLOT_NONE ? json_null() : json_integer(slot));
		json_object_set_new(j, "key", key_of(g, slot, e == ENCODE_DEAD));
		json_object_set_new(j, "line", json_stringn((char *)out.data, out.len));
	}
	buf_free(&out);
	return j;
}

static bool same(const json_t *was, const json_t *is, const char *name)
{
	const json_t *a = json_object_get(was, name), *b = json_object_get(is, name);

	return a == b || json_equal(a, b);
}

static bool routed_alike(const json_t *was, const json_t *is)
{
	return same(was, is, "verdict") && same(was, is, "slot") && same(was, is, "key");
}

/* The file as an array: the version's object first. */
static json_t *load(void)
{
	FILE *f = fopen(GOLDEN, "r");
	json_t *all = json_array();
	char *line = NULL;
	size_t cap = 0;

	assert_non_null(f);
	while (getline(&line, &cap, f) > 0) {
		json_error_t e;
		json_t *j = json_loads(line, 0, &e);

		if (j == NULL)
			fail_msg("%s: %s", GOLDEN, e.text);
		json_array_append_new(all, j);
	}
	free(line);
	fclose(f);
	return all;
}

static void save(const json_t *all)
{
	FILE *f = fopen(GOLDEN, "w");
	const json_t *j;
	size_t i;

	assert_non_null(f);
	json_array_foreach(all, i, j) {
		assert_int_equal(json_dumpf(j, f, JSON_COMPACT), 0);
		fputc('\n', f);
	}
	assert_int_equal(fclose(f), 0);
}

static json_int_t recorded_version(const json_t *all)
{
	return json_integer_value(json_object_get(json_array_get(all, 0), "routing_version"));
}

static void must_be_as_recorded(const json_t *j, const json_t *now)
{
	const json_t *was = json_object_get(j, "outcome");
	char *text = json_dumps(now, JSON_COMPACT);

	if (!routed_alike(was, now))
		fail_msg("%s: routed otherwise than recorded; raise ROUTING_VERSION. Now: %s", text_of(j, "name", ""),
			 text);
	if (!same(was, now, "line") || !same(was, now, "reason"))
		fail_msg("%s: another line than recorded. Now: %s", text_of(j, "name", ""), text);
	free(text);
}

static void must_not_break(const json_t *j, const json_t *now, json_int_t version)
{
	const json_t *was = json_object_get(j, "outcome");

	if (was != NULL && version == ROUTING_VERSION && !routed_alike(was, now))
		fail_msg("%s: routed otherwise under the same ROUTING_VERSION", text_of(j, "name", ""));
}

static void test_routing(void **state)
{
	bool record = getenv("KAFKA2S3_RECORD_GOLDEN") != NULL;
	static struct golden g;
	json_t *all = load(), *j;
	json_int_t version = recorded_version(all);
	size_t i;

	(void)state;
	assert_true(json_array_size(all) > 60);
	if (!record && version != ROUTING_VERSION)
		fail_msg("recorded under ROUTING_VERSION %d, this is %d: record anew", (int)version, ROUTING_VERSION);
	json_array_foreach(all, i, j) {
		json_t *now;

		if (i == 0)
			continue;
		read_case(j, &g);
		now = outcome(&g);
		if (record)
			must_not_break(j, now, version);
		else
			must_be_as_recorded(j, now);
		json_object_set_new(j, "outcome", now);
	}
	json_object_set_new(json_array_get(all, 0), "routing_version", json_integer(ROUTING_VERSION));
	skip_free(&g.skip);
	if (record)
		save(all);
	json_decref(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_routing) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
