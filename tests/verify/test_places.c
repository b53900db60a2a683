/* SPDX-License-Identifier: Apache-2.0 */
/* Keys read backwards: what key_build makes is found again, and nothing else is taken for it. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/key.h"
#include "verify/places.h"

#define DEFAULT_KEY "{prefix}/{table}/dt={dt}/hour={hour}/{topic}+{partition}+{start}+{id}.{ext}"

static char *topics[3];
static struct topic_settings topic;
static struct override override;
static struct settings settings;

static int setup(void **state)
{
	(void)state;
	topic = (struct topic_settings){ .table = (char *)"",
					 .prefix = (char *)"raw/data",
					 .format = (char *)"json",
					 .compression = COMPRESSION_GZIP,
					 .partition_by = PARTITION_BY_HOUR,
					 .key = (char *)DEFAULT_KEY,
					 .dead_letter_prefix = (char *)"dead-letter" };
	topics[0] = (char *)"Stock.market";
	settings = (struct settings){ .kafka_topics = { topics, 1 }, .topic = topic };
	return 0;
}

static void assert_found_again(const struct places *p, const struct topic_settings *t, const char *name, bool dead,
			       int64_t slot)
{
	char *table = settings_table_name(t, name), key[KEY_MAX + 1];
	struct place place;

	key_build(t,
		  &(struct key_facts){ .topic = name,
				       .table = table,
				       .partition = 17,
				       .start = 123456789,
				       .range_id = "00ffee00c0ffee11",
				       .slot = slot,
				       .dead = dead },
		  key);
	free(table);
	if (places_find(p, key, &place) != PLACE_OURS)
		fail_msg("%s", key);
	assert_string_equal(place.topic, name);
	assert_int_equal(place.partition, 17);
	assert_int_equal(place.start, 123456789);
	assert_true(place.id == 0x00ffee00c0ffee11);
	for (size_t i = 0; i < p->n_prefixes; i++)
		if (strncmp(key, p->prefixes[i], strlen(p->prefixes[i])) == 0)
			return;
	fail_msg("no prefix holds %s", key);
}

static void every_key_is_found_again(void **state)
{
	static const char *const templates[] = {
		DEFAULT_KEY,
		"{prefix}/{table}/{dt}/{topic}-{partition}-{start}-{hour}-{id}.{ext}",
		"{prefix}/{topic}/{partition}/{dt}/{hour}/{start}+{id}.{ext}",
	};
	static const char *const names[] = { "Stock.market", "a", "_hidden", "t_a-b.c" };

	setup(state);
	for (size_t i = 0; i < sizeof(templates) / sizeof(templates[0]); i++) {
		for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
			for (enum partition_by by = PARTITION_BY_HOUR; by <= PARTITION_BY_NONE; by++) {
				struct places p;

				if (i == 1 && by != PARTITION_BY_HOUR)
					continue; /* its name needs the hour */
				settings.topic.key = (char *)templates[i];
				settings.topic.partition_by = by;
				topics[0] = (char *)names[n];
				places_init(&p, &settings, NULL);
				assert_found_again(&p, &settings.topic, names[n], false, 1769869800000);
				assert_found_again(&p, &settings.topic, names[n], true, 1769869800000);
				assert_found_again(&p, &settings.topic, names[n], true, SLOT_NONE);
				places_free(&p);
			}
		}
	}
}

/* Objects from before output.partition_by was changed. */
static void other_folders_of_time_are_known(void **state)
{
	struct topic_settings before;
	struct places p;

	setup(state);
	before = settings.topic;
	before.partition_by = PARTITION_BY_DAY;
	places_init(&p, &settings, NULL);
	assert_found_again(&p, &before, "Stock.market", false, 1769869800000);
	places_free(&p);
}

static void other_keys_are_not_taken(void **state)
{
	static const char *const unknown[] = {
		"raw/data/stock_market/dt=2026-01-31/hour=14/Stock.market+17+00000000000123456789+00ffee00c0ffee1.json.gz",
		"raw/data/stock_market/dt=2026-01-31/hour=14/Stock.market+17+0000000000123456789+00ffee00c0ffee11.json",
		"raw/data/stock_market/dt=1/hour=1/Stock.market+99999999999+00000000000123456789+00ffee00c0ffee11.json",
		"raw/data/stock_market/dt=2026-01-31/hour=14/copy.json.gz",
		"raw/stock_market/dt=2026-01-31/hour=14/Stock.market+17+00000000000123456789+00ffee00c0ffee11.json.gz",
	};
	static const char *const hidden[] = { "raw/data/stock_market/_SUCCESS", "raw/data/.keep", "raw/data/", "" };
	static const char other[] = "raw/data/stock_market/dt=2026-01-31/hour=14/"
				    "another+17+00000000000123456789+00ffee00c0ffee11.json.gz";
	struct places p;
	struct place place;

	setup(state);
	places_init(&p, &settings, NULL);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		if (places_find(&p, unknown[i], &place) != PLACE_UNKNOWN)
			fail_msg("%s", unknown[i]);
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (places_find(&p, hidden[i], &place) != PLACE_HIDDEN)
			fail_msg("%s", hidden[i]);
	assert_int_equal(places_find(&p, other, &place), PLACE_OTHER);
	places_free(&p);
}

static void assert_prefixes(const char *name, const char *const *wanted, size_t n)
{
	struct places p;

	places_init(&p, &settings, name);
	assert_int_equal(p.n_prefixes, n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(p.prefixes[i], wanted[i]);
	places_free(&p);
}

static void prefixes_hold_what_is_asked_for_and_little_else(void **state)
{
	static const char *const one[] = { "dead-letter/stock_market/", "raw/data/stock_market/" };
	static const char *const two[] = { "dead-letter/clicks/", "dead-letter/stock_market/", "hits/clicks/",
					   "raw/data/stock_market/" };
	static const char *const any[] = { "dead-letter/", "hits/", "raw/data/" };
	static const char *const root[] = { "" };

	setup(state);
	assert_prefixes(NULL, one, 2);
	override = (struct override){ .topics = { (char *[]){ (char *)"clicks" }, 1 }, .topic = topic };
	override.topic.prefix = (char *)"hits";
	settings.overrides = &override;
	settings.n_overrides = 1;
	topics[1] = (char *)"clicks";
	settings.kafka_topics.n = 2;
	assert_prefixes(NULL, two, 4);
	assert_prefixes("Stock.market", one, 2);
	topics[1] = (char *)"^c";
	assert_prefixes(NULL, any, 3);
	settings.topic.prefix = (char *)"";
	assert_prefixes(NULL, root, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_found_again),
		cmocka_unit_test(other_folders_of_time_are_known),
		cmocka_unit_test(other_keys_are_not_taken),
		cmocka_unit_test(prefixes_hold_what_is_asked_for_and_little_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
