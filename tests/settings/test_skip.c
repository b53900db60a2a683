/* SPDX-License-Identifier: Apache-2.0 */
/* kafka.skip: the entries of one partition, in order, and a reader of rising offsets that meets each of them. */
#include "settings/scratch.h"

#include "settings/skip.h"

static struct skip skip_of(char **entries, size_t n, const char *topic, int32_t partition)
{
	struct settings s = { .kafka_skip = { entries, n } };
	struct skip k;

	skip_init(&k, &s, topic, partition);
	return k;
}

static void entries_are_told_apart(void **state)
{
	char *entries[] = { (char *)"t:0:7",  (char *)"t:10:8", (char *)"t.0:0:9",
			    (char *)"u:0:10", (char *)"t:0:3",  (char *)"t:0:7" };
	struct skip k = skip_of(entries, 6, "t", 0);

	(void)state;
	assert_int_equal(k.n, 2);
	assert_int_equal(k.offsets[0], 3);
	assert_int_equal(k.offsets[1], 7);
	skip_free(&k);
	k = skip_of(entries, 6, "t", 10);
	assert_int_equal(k.n, 1);
	assert_int_equal(k.offsets[0], 8);
	skip_free(&k);
	k = skip_of(entries, 6, "v", 0);
	assert_int_equal(k.n, 0);
	assert_false(skip_names(&k, 7));
	assert_true(k.next == INT64_MAX);
	skip_free(&k);
}

static void each_is_met_once_it_comes(void **state)
{
	char *entries[] = { (char *)"t:0:100", (char *)"t:0:3", (char *)"t:0:4", (char *)"t:0:50" };
	struct skip k = skip_of(entries, 4, "t", 0), none = { 0 };
	int met = 0;

	(void)state;
	for (int64_t offset = 0; offset < 200; offset += offset == 49 ? 2 : 1) { /* 50 is a gap in the log */
		bool named = skip_names(&k, offset);

		assert_true(named == (offset == 3 || offset == 4 || offset == 100));
		assert_true(skip_names(&k, offset) == named); /* asked again, it is the same */
		met += named;
	}
	assert_int_equal(met, 3);
	assert_false(skip_names(&none, 0));
	assert_false(skip_names(&none, INT64_MAX - 1));
	skip_free(&k);
}

static void bad_entries_are_refused(void **state)
{
	static const char *const bad[] = { "t",
					   "t:0",
					   "t:0:",
					   "t::5",
					   ":0:5",
					   "t:0:5:6",
					   "t:0:-5",
					   "t:x:5",
					   "t:0:5x",
					   "t:0: 5",
					   "t:2147483648:5",
					   "t/u:0:5",
					   "t:0:9223372036854775807",
					   "t:0:99999999999999999999" };
	size_t len;
	int32_t partition;
	int64_t offset;
	struct error e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (skip_parse(bad[i], &len, &partition, &offset, &e) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
		assert_non_null(strstr(e.text, "topic:partition:offset"));
	}
	assert_int_equal(skip_parse("a.b-c_D:2147483647:9223372036854775806", &len, &partition, &offset, &e), 0);
	assert_int_equal(len, 7);
	assert_int_equal(partition, INT32_MAX);
	assert_true(offset == INT64_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_told_apart),
		cmocka_unit_test(each_is_met_once_it_comes),
		cmocka_unit_test(bad_entries_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
