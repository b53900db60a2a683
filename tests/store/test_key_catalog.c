/* SPDX-License-Identifier: Apache-2.0 */
/* What a catalog makes of key templates; those that are refused are in tests/settings/test_bad.c. */
#include "store/key_catalog.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store/key.h"

#define NAME "{topic}+{partition}+{start}+{id}.{ext}"

struct one {
	const char *key;
	enum partition_by by;
	const char *columns; /* "dt:{dt} hour:{hour} " */
};

static const struct one templates[] = {
	{ "{prefix}/{table}/dt={dt}/hour={hour}/" NAME, PARTITION_BY_HOUR, "dt:{dt} hour:{hour} " },
	{ "{prefix}/{table}/dt={dt}/hour={hour}/" NAME, PARTITION_BY_DAY, "dt:{dt} " },
	{ "{prefix}/{table}/dt={dt}/hour={hour}/" NAME, PARTITION_BY_NONE, "" },
	{ "{table}/h_1={hour}/day={dt}/" NAME, PARTITION_BY_HOUR, "h_1:{hour} day:{dt} " },
	{ "lake/tables/{table}/" NAME, PARTITION_BY_NONE, "" },
	{ "{dt}/{table}/x={hour}/" NAME, PARTITION_BY_NONE, "" },
};

static void columns_of(const struct topic_settings *t, char out[64])
{
	struct key_partition p[KEY_PARTITIONS_MAX];
	size_t n = key_partitions(t, p), at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(out + at, 64 - at, "%.*s:%s ", (int)p[i].len, p[i].name,
				       key_field_names[p[i].field]);
}

static void test_partition_columns(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(templates) / sizeof(templates[0]); i++) {
		struct topic_settings t = { .key = (char *)templates[i].key, .partition_by = templates[i].by };
		struct error e = { 0 };
		char columns[64];

		assert_int_equal(key_catalog_check(&t, &e), 0);
		columns_of(&t, columns);
		assert_string_equal(columns, templates[i].columns);
	}
}

static void test_values_of_a_slot(void **state)
{
	char dt[KEY_SLOT_TEXT + 1], hour[KEY_SLOT_TEXT + 1];

	(void)state;
	key_slot_texts(slot_of(PARTITION_BY_HOUR, INT64_C(1767323045000)), dt, hour);
	assert_string_equal(dt, "2026-01-02");
	assert_string_equal(hour, "03");
	key_slot_texts(SLOT_NONE, dt, hour);
	assert_string_equal(dt, "__HIVE_DEFAULT_PARTITION__");
	assert_string_equal(hour, "__HIVE_DEFAULT_PARTITION__");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_partition_columns),
		cmocka_unit_test(test_values_of_a_slot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
