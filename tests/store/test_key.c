/* SPDX-License-Identifier: Apache-2.0 */
/* Slots, keys, and what a key template may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "store/key.h"

#define HOUR INT64_C(3600000)
#define DAY INT64_C(86400000)
#define YEAR_10000 INT64_C(253402300800000)
#define DEFAULT_KEY "{prefix}/{table}/dt={dt}/hour={hour}/{topic}+{partition}+{start}+{id}.{ext}"
#define NULL_DT "__HIVE_DEFAULT_PARTITION__"
#define ID "00ff12ab34cd56ef"

static struct topic_settings defaults(void)
{
	return (struct topic_settings){
		.table = (char *)"",
		.prefix = (char *)"raw",
		.format = (char *)"json",
		.compression = COMPRESSION_GZIP,
		.level = -1,
		.partition_by = PARTITION_BY_HOUR,
		.key = (char *)DEFAULT_KEY,
		.dead_letter_prefix = (char *)"dead-letter",
	};
}

static struct key_facts facts(void)
{
	return (struct key_facts){
		.topic = "stock_market",
		.table = "stock_market",
		.partition = 3,
		.start = 4711,
		.range_id = ID,
		.slot = INT64_C(1795357800000) / HOUR * HOUR, /* 2026-11-22T14 */
	};
}

static void expect_key(const struct topic_settings *t, const struct key_facts *f, const char *key)
{
	struct error e = { 0 };
	char out[KEY_MAX + 1];

	if (key_template_check(t, strlen(f->topic), &e) != 0)
		fail_msg("refused: %s", e.text);
	key_build(t, f, out);
	assert_string_equal(out, key);
}

static void expect_refused(const struct topic_settings *t, const char *words)
{
	struct error e = { .action = ERROR_RETRY };

	assert_int_equal(key_template_check(t, 12, &e), -1);
	assert_int_equal(e.action, ERROR_GIVE_UP);
	if (strstr(e.text, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", e.text, words);
}

static void expect_template_refused(const char *template, const char *words)
{
	struct topic_settings t = defaults();

	t.key = (char *)template;
	expect_refused(&t, words);
}

static void test_slots(void **state)
{
	(void)state;
	assert_int_equal(slot_of(PARTITION_BY_HOUR, 0), 0);
	assert_int_equal(slot_of(PARTITION_BY_HOUR, HOUR - 1), 0);
	assert_int_equal(slot_of(PARTITION_BY_HOUR, HOUR), HOUR);
	assert_int_equal(slot_of(PARTITION_BY_DAY, DAY - 1), 0);
	assert_int_equal(slot_of(PARTITION_BY_DAY, DAY + HOUR), DAY);
	assert_int_equal(slot_of(PARTITION_BY_HOUR, YEAR_10000 - 1), YEAR_10000 - HOUR);
	assert_int_equal(slot_of(PARTITION_BY_NONE, 12345), 0);
	assert_int_equal(slot_of(PARTITION_BY_NONE, -1), 0);
	for (enum partition_by by = PARTITION_BY_HOUR; by <= PARTITION_BY_DAY; by++) {
		assert_int_equal(slot_of(by, -1), SLOT_NONE);
		assert_int_equal(slot_of(by, INT64_MIN), SLOT_NONE);
		assert_int_equal(slot_of(by, YEAR_10000), SLOT_NONE);
		assert_int_equal(slot_of(by, INT64_MAX), SLOT_NONE);
	}
}

/* The two comparisons of a hot path never call another slot's timestamp theirs. */
static void test_slot_end(void **state)
{
	const int64_t times[] = { INT64_MIN,      -1,         0,        1, HOUR - 1, HOUR, DAY - 1, DAY, DAY + HOUR,
				  YEAR_10000 - 1, YEAR_10000, INT64_MAX };

	(void)state;
	for (enum partition_by by = PARTITION_BY_HOUR; by <= PARTITION_BY_NONE; by++)
		for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
			for (size_t j = 0; j < sizeof(times) / sizeof(times[0]); j++) {
				int64_t slot = slot_of(by, times[i]);

				if (times[j] >= slot && times[j] < slot_end(by, slot))
					assert_int_equal(slot_of(by, times[j]), slot);
				else if (times[j] >= 0 && times[j] < YEAR_10000)
					assert_int_not_equal(slot_of(by, times[j]), slot);
			}
}

static void test_default_key(void **state)
{
	struct topic_settings t = defaults();
	struct key_facts f = facts();

	(void)state;
	expect_key(&t, &f, "raw/stock_market/dt=2026-11-22/hour=14/stock_market+3+00000000000000004711+" ID ".json.gz");
	t.compression = COMPRESSION_ZSTD;
	expect_key(&t, &f,
		   "raw/stock_market/dt=2026-11-22/hour=14/stock_market+3+00000000000000004711+" ID ".json.zst");
	t.compression = COMPRESSION_NONE;
	t.prefix = (char *)"";
	f.start = INT64_MAX;
	f.partition = INT32_MAX;
	expect_key(&t, &f,
		   "stock_market/dt=2026-11-22/hour=14/stock_market+2147483647+09223372036854775807+" ID ".json");
	t.prefix = (char *)"a/b c";
	f.slot = SLOT_NONE;
	f.start = 0;
	f.partition = 0;
	expect_key(&t, &f,
		   "a/b c/stock_market/dt=" NULL_DT "/hour=" NULL_DT "/stock_market+0+00000000000000000000+" ID
		   ".json");
}

static void test_partition_by(void **state)
{
	struct topic_settings t = defaults();
	struct key_facts f = facts();

	(void)state;
	t.partition_by = PARTITION_BY_DAY;
	f.slot = f.slot / DAY * DAY;
	expect_key(&t, &f, "raw/stock_market/dt=2026-11-22/stock_market+3+00000000000000004711+" ID ".json.gz");
	f.slot = SLOT_NONE;
	expect_key(&t, &f, "raw/stock_market/dt=" NULL_DT "/stock_market+3+00000000000000004711+" ID ".json.gz");
	t.partition_by = PARTITION_BY_NONE;
	f.slot = 0;
	expect_key(&t, &f, "raw/stock_market/stock_market+3+00000000000000004711+" ID ".json.gz");
	f.dead = true;
	expect_key(&t, &f, "dead-letter/stock_market/stock_market+3+00000000000000004711+" ID ".json.gz");
}

static void test_dead_letters(void **state)
{
	struct topic_settings t = defaults();
	struct key_facts f = facts();

	(void)state;
	f.dead = true;
	expect_key(&t, &f,
		   "dead-letter/stock_market/dt=2026-11-22/hour=14/stock_market+3+00000000000000004711+" ID ".json.gz");
	t.key = (char *)"{prefix}/{table}/d={dt}/h={hour}/x-{id}-{topic}-{partition}-{start}.{ext}";
	expect_key(&t, &f,
		   "dead-letter/stock_market/dt=2026-11-22/hour=14/x-" ID
		   "-stock_market-3-00000000000000004711.json.gz");
	t.key = (char *)"{prefix}/{table}/{topic}/{partition}/d={dt}/h={hour}/{start}-{id}.{ext}";
	expect_key(&t, &f,
		   "dead-letter/stock_market/dt=2026-11-22/hour=14/stock_market+3+00000000000000004711+" ID ".json.gz");
	f.dead = false;
	expect_key(&t, &f, "raw/stock_market/stock_market/3/d=2026-11-22/h=14/00000000000000004711-" ID ".json.gz");
}

/* Athena does not see names that begin with "_" or ".". */
static void test_hidden_names(void **state)
{
	struct topic_settings t = defaults();
	struct key_facts f = facts();

	(void)state;
	f.topic = "_schemas";
	f.table = "t_schemas";
	expect_key(&t, &f, "raw/t_schemas/dt=2026-11-22/hour=14/t_schemas+3+00000000000000004711+" ID ".json.gz");
	f.topic = ".events";
	f.dead = true;
	expect_key(&t, &f,
		   "dead-letter/t_schemas/dt=2026-11-22/hour=14/t.events+3+00000000000000004711+" ID ".json.gz");
	t.key = (char *)"{dt}-{hour}-{topic}+{partition}+{start}+{id}.{ext}";
	f.dead = false;
	f.slot = SLOT_NONE;
	expect_key(&t, &f, "t" NULL_DT "-" NULL_DT "-.events+3+00000000000000004711+" ID ".json.gz");
	expect_template_refused("{prefix}/dt={dt}/hour={hour}/_{topic}+{partition}+{start}+{id}.{ext}", "hides");
	expect_template_refused("{prefix}/dt={dt}/hour={hour}/.{topic}+{partition}+{start}+{id}.{ext}", "hides");
}

/* Days up to the year 9999 against the C library. */
static void test_dates(void **state)
{
	struct topic_settings t = defaults();
	struct key_facts f = facts();
	char out[KEY_MAX + 1], want[KEY_MAX + 1];

	(void)state;
	t.key = (char *)"dt={dt}/hour={hour}/{topic}+{partition}+{start}+{id}.{ext}";
	f.topic = "t";
	for (int64_t day = 0; day * DAY < YEAR_10000; day += 29) {
		time_t at = (time_t)(day * 86400 + day % 24 * 3600);
		struct tm tm;
		size_t n;

		gmtime_r(&at, &tm);
		n = strftime(want, sizeof(want), "dt=%Y-%m-%d/hour=%H/", &tm);
		snprintf(want + n, sizeof(want) - n, "t+3+00000000000000004711+" ID ".json.gz");
		f.slot = slot_of(PARTITION_BY_HOUR, (int64_t)at * 1000 + 1234567);
		assert_true(f.slot == (int64_t)at * 1000);
		key_build(&t, &f, out);
		assert_string_equal(out, want);
	}
}

static void test_refused(void **state)
{
	(void)state;
	expect_template_refused("{prefix}/dt={dt}/hour={hour}/{topic}+{partition}+{start}.{ext}", "lacks \"{id}\"");
	expect_template_refused("{prefix}/dt={dt}/hour={hour}/{topic}+{partition}+{id}.{ext}", "lacks \"{start}\"");
	expect_template_refused("{prefix}/dt={dt}/hour={hour}/{topic}+{start}+{id}.{ext}", "lacks \"{partition}\"");
	expect_template_refused("{prefix}/dt={dt}/hour={hour}/{partition}+{start}+{id}.{ext}", "lacks \"{topic}\"");
	expect_template_refused("{prefix}/dt={dt}/{topic}+{partition}+{start}+{id}.{ext}", "lacks \"{hour}\"");
	expect_template_refused("{prefix}/{hour}/{topic}+{partition}+{start}+{id}.{ext}", "lacks \"{dt}\"");
	expect_template_refused("{prefix}/{day}/{topic}+{partition}+{start}+{id}.{ext}", "\"{day}\" at character 10");
	expect_template_refused("{prefix}/{dt/{hour}/{topic}+{partition}+{start}+{id}.{ext}",
				"\"{dt\" at character 10");
	expect_template_refused("{prefix}/dt}/{hour}/{topic}+{partition}+{start}+{id}.{ext}", "\"}\" at character 12");
	expect_template_refused("{prefix}/{}/{hour}/{topic}+{partition}+{start}+{id}.{ext}", "\"{}\" at character 10");
	expect_template_refused("{prefix}//dt={dt}/hour={hour}/{topic}+{partition}+{start}+{id}.{ext}", "empty folder");
	expect_template_refused("/{prefix}/dt={dt}/hour={hour}/{topic}+{partition}+{start}+{id}.{ext}", "empty folder");
	expect_template_refused(DEFAULT_KEY "/", "empty folder");
	expect_template_refused("", "empty folder");
	expect_template_refused("{prefix}/../dt={dt}/hour={hour}/{topic}+{partition}+{start}+{id}.{ext}", "\"..\"");
	expect_template_refused("{prefix}/./dt={dt}/hour={hour}/{topic}+{partition}+{start}+{id}.{ext}", "\".\"");
	expect_template_refused("{prefix}/a b/dt={dt}/hour={hour}/{topic}+{partition}+{start}+{id}.{ext}",
				"0x20 at character 11");
	expect_template_refused("{prefix}/\xc3\xa4/dt={dt}/hour={hour}/{topic}+{partition}+{start}+{id}.{ext}", "0xc3");
	expect_template_refused("{prefix}/dt={dt}/hour={hour}/{topic}+{partition}+{start}+{id}", "end in \".{ext}\"");
	expect_template_refused("{prefix}/dt={dt}/hour={hour}/{topic}+{partition}+{start}+{id}{ext}",
				"end in \".{ext}\"");
	expect_template_refused("x/{prefix}/dt={dt}/hour={hour}/{topic}+{partition}+{start}+{id}.{ext}",
				"first folder");
	expect_template_refused("{prefix}{topic}/dt={dt}/hour={hour}/{partition}+{start}+{id}.{ext}", "first folder");
	expect_template_refused("dead-letter/dt={dt}/hour={hour}/{topic}+{partition}+{start}+{id}.{ext}",
				"in one another");
	expect_template_refused("dead-letter/x{table}/dt={dt}/hour={hour}/{topic}+{partition}+{start}+{id}.{ext}",
				"in one another");
}

static void test_refused_with_settings(void **state)
{
	struct topic_settings t = defaults();
	struct error e;

	(void)state;
	t.partition_by = PARTITION_BY_DAY;
	t.key = (char *)"{prefix}/{dt}-{hour}/{topic}+{partition}+{start}+{id}.{ext}";
	expect_refused(&t, "lacks \"{dt}\"");
	t.key = (char *)"{prefix}/{dt}/{hour}{topic}+{partition}+{start}+{id}.{ext}";
	expect_refused(&t, "partition_by");
	t = defaults();
	t.prefix = (char *)"raw/";
	expect_refused(&t, "s3.prefix = \"raw/\"");
	t.prefix = (char *)"/raw";
	expect_refused(&t, "s3.prefix");
	t.prefix = (char *)"a//b";
	expect_refused(&t, "s3.prefix");
	t.prefix = (char *)"a\nb";
	expect_refused(&t, "0x0a at character 2");
	t.prefix = (char *)"a\xe4";
	expect_refused(&t, "UTF-8");
	t.prefix = (char *)"a\xc3\xa4";
	assert_int_equal(key_template_check(&t, 12, &e), 0);
	t = defaults();
	t.dead_letter_prefix = (char *)"";
	expect_refused(&t, "output.dead_letter_prefix is empty");
	t.dead_letter_prefix = (char *)"dead/";
	expect_refused(&t, "output.dead_letter_prefix = \"dead/\"");
	t.dead_letter_prefix = (char *)"data/dead";
	t.key = (char *)"data/dt={dt}/hour={hour}/{topic}+{partition}+{start}+{id}.{ext}";
	expect_refused(&t, "in one another");
	t.key = (char *)"data2/dt={dt}/hour={hour}/{topic}+{partition}+{start}+{id}.{ext}";
	assert_int_equal(key_template_check(&t, 12, &e), 0);
}

/* The longest key that passes the check is exactly KEY_MAX long, for landed and for dead objects. */
static void longest_key(struct topic_settings *t, char *prefix, size_t prefix_size, bool dead)
{
	char topic[250], table[256], out[KEY_MAX + 1];
	struct key_facts f = facts();
	struct error e;
	size_t len = 1;

	memset(topic, '_', 249);
	topic[249] = '\0';
	snprintf(table, sizeof(table), "t%s", topic);
	for (memset(prefix, 'p', prefix_size); len < prefix_size; len++) {
		prefix[len] = '\0';
		if (key_template_check(t, 249, &e) != 0)
			break;
		prefix[len] = 'p';
	}
	assert_non_null(strstr(e.text, "1025 bytes"));
	prefix[len - 1] = '\0';
	f.topic = topic;
	f.table = table;
	f.slot = SLOT_NONE;
	f.partition = INT32_MAX;
	f.dead = dead;
	assert_int_equal(key_template_check(t, 249, &e), 0);
	key_build(t, &f, out);
	assert_int_equal(strlen(out), KEY_MAX);
}

static void test_longest(void **state)
{
	struct topic_settings t = defaults();
	char prefix[KEY_MAX];

	(void)state;
	t.prefix = prefix;
	longest_key(&t, prefix, sizeof(prefix), false);
	t = defaults();
	t.dead_letter_prefix = prefix;
	longest_key(&t, prefix, sizeof(prefix), true);
	t = defaults();
	t.table = (char *)"short";
	assert_int_equal(key_template_check(&t, 249, &(struct error){ 0 }), 0);
}

static void expect_of(const struct topic_settings *t, const char *key, const char *id)
{
	struct key_facts f = facts();
	char found[RANGE_ID_HEX] = "";
	bool is = key_is_of(t, &f, key, found);

	if (is != (id != NULL))
		fail_msg("\"%s\" is %s partition 3", key, is ? "taken for one of" : "not known to be of");
	if (is)
		assert_string_equal(found, id);
}

/* Back from a key to its range: whatever start, id, time and kind, and of no other topic or partition. */
static void test_whose_key(void **state)
{
	static const int64_t slots[] = { 0, INT64_C(1795357800000) / HOUR * HOUR, YEAR_10000 - HOUR, SLOT_NONE };
	static const enum partition_by by[] = { PARTITION_BY_HOUR, PARTITION_BY_DAY, PARTITION_BY_NONE };
	static const char folders_of_all[] =
		"{prefix}/{topic}/{partition}/{start}-{id}/dt={dt}/hour={hour}/{id}+{topic}.{partition}@{start}.{ext}";
	static const char *const templates[] = { DEFAULT_KEY, folders_of_all };
	struct topic_settings t = defaults();
	char key[KEY_MAX + 1];

	(void)state;
	for (int i = 0; i < 3 * 2 * 4 * 2; i++) {
		struct key_facts f = facts();

		t.partition_by = by[i % 3];
		t.key = (char *)templates[i / 3 % 2];
		f.slot = slots[i / 6 % 4];
		f.dead = i / 24 != 0;
		key_build(&t, &f, key);
		expect_of(&t, key, ID);
		f.start = INT64_MAX;
		f.range_id = "ffffffffffffffff";
		key_build(&t, &f, key);
		expect_of(&t, key, f.range_id);
		f.partition = 33;
		key_build(&t, &f, key);
		expect_of(&t, key, NULL);
		f.partition = 3;
		f.topic = "stock_markets";
		key_build(&t, &f, key);
		expect_of(&t, key, NULL);
	}
	t = defaults();
#define FOLDER "raw/stock_market/dt=2026-11-22/hour=14/"
	expect_of(&t, FOLDER "stock_market+3+00000000000000004711+" ID ".json.gz", ID);
	expect_of(&t, FOLDER "stock_market+3+00000000000000004711+" ID ".json.gz2", NULL);
	expect_of(&t, FOLDER "stock_market+3+00000000000000004711+" ID ".json.g", NULL);
	expect_of(&t, FOLDER "stock_market+3+00000000000000004711+" ID ".json", NULL);
	expect_of(&t, FOLDER "stock_market+3+00000000000000004711+00FF12AB34CD56EF.json.gz", NULL);
	expect_of(&t, FOLDER "stock_market+3+0000000000000000471x+" ID ".json.gz", NULL);
	expect_of(&t, "in/" FOLDER "stock_market+3+00000000000000004711+" ID ".json.gz", NULL);
	expect_of(&t, "", NULL);
}

static void expect_prefix(const struct topic_settings *t, bool dead, const char *prefix)
{
	char out[KEY_MAX + 1];

	key_prefix(t, dead, out);
	assert_string_equal(out, prefix);
}

static void test_prefix(void **state)
{
	struct topic_settings t = defaults();

	(void)state;
	expect_prefix(&t, false, "raw/");
	expect_prefix(&t, true, "dead-letter/");
	t.prefix = (char *)"a/b";
	t.key = (char *)"{prefix}/events/v1-{table}/{topic}+{partition}+{start}+{id}.{ext}";
	expect_prefix(&t, false, "a/b/events/");
	t.prefix = (char *)"";
	expect_prefix(&t, false, "events/");
	t.key = (char *)"{topic}+{partition}+{start}+{id}.{ext}";
	expect_prefix(&t, false, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slots),        cmocka_unit_test(test_slot_end),
		cmocka_unit_test(test_default_key),  cmocka_unit_test(test_partition_by),
		cmocka_unit_test(test_dead_letters), cmocka_unit_test(test_hidden_names),
		cmocka_unit_test(test_dates),        cmocka_unit_test(test_refused),
		cmocka_unit_test(test_longest),      cmocka_unit_test(test_refused_with_settings),
		cmocka_unit_test(test_whose_key),    cmocka_unit_test(test_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
