/* SPDX-License-Identifier: Apache-2.0 */
/* Each setting by itself: does it decide which record goes under which key, and whether it goes at all? One that does
 * changes the fingerprint, so that no intent is recovered under other keys; one that does not leaves it as it is, so
 * that neither a restart with another value nor an upgrade doubles anything (protocol.md H4, H16). */
#include "encode/fingerprint.h"

#include "encode/encoder.h"
#include "kafka/handle.h"
#include "settings/scratch.h"
#include "settings/table.h"

static const char *const routing[] = {
	"s3.bucket",
	"s3.prefix",
	"table",
	"output.format",
	"output.key",
	"output.compression",
	"output.metadata",
	"output.partition_by",
	"output.tombstones",
	"output.max_record",
	"output.dead_letter_prefix",
};

/* Of kafka.options isolation.level alone routes, and kafka.skip is a range's: they have tests of their own. */
static const char *const not_routing[] = {
	"kafka.brokers",
	"kafka.topics",
	"kafka.skip",
	"kafka.group",
	"kafka.start",
	"kafka.rack",
	"kafka.auth",
	"kafka.options",
	"s3.region",
	"s3.endpoint",
	"s3.path_style",
	"s3.dualstack",
	"s3.fips",
	"s3.access_key_id",
	"s3.secret_access_key",
	"s3.session_token",
	"s3.credentials_file",
	"s3.profile",
	"s3.role_arn",
	"s3.external_id",
	"s3.role_session_name",
	"s3.part_size",
	"s3.connections",
	"s3.bandwidth",
	"s3.storage_class",
	"s3.sse",
	"s3.kms_key_id",
	"s3.ca_file",
	"s3.expected_bucket_owner",
	"s3.proxy",
	"output.level",
	"output.max_open_slots",
	"output.dead_letter_limit",
	"roll.bytes",
	"roll.records",
	"roll.age",
	"catalog",
	"columns",
	"glue.database",
	"glue.partitions",
	"glue.region",
	"glue.endpoint",
	"glue.catalog_id",
	"glue.crawler",
	"glue.crawler_role",
	"glue.crawler_interval",
	"athena.workgroup",
	"athena.output",
	"athena.endpoint",
	"memory",
	"uploaders",
	"replay.enabled",
	"replay.file",
	"replay.topic",
	"replay.rate",
	"replay.order",
	"replay.seed",
	"replay.loop",
	"replay.limit",
	"replay.delimiter",
	"replay.header",
	"replay.strings",
	"replay.key_column",
	"replay.timestamp_column",
	"replay.pace_column",
	"replay.pace_factor",
	"replay.strict",
	"status.socket",
	"metrics.listen",
	"log.level",
	"log.format",
	"start_timeout",
};

#define LENGTH(list) (sizeof(list) / sizeof((list)[0]))

/* What a field of struct settings holds, by the type of its row. */
union value {
	char *string;
	struct string_list strings;
	struct column_list columns;
	int64_t number;
	double real;
	bool flag;
	unsigned choice;
};

static size_t size_of(enum row_type type)
{
	switch (type) {
	case ROW_STRING:
		return sizeof(char *);
	case ROW_STRINGS:
		return sizeof(struct string_list);
	case ROW_GROUPS:
		return sizeof(struct column_list);
	case ROW_FLOAT:
		return sizeof(double);
	case ROW_BOOL:
		return sizeof(bool);
	case ROW_CHOICE:
	case ROW_SET:
		return sizeof(unsigned);
	default:
		return sizeof(int64_t);
	}
}

/* How many other values are tried. */
static unsigned others(const struct row *r)
{
	unsigned n = 0;

	if (r->type != ROW_CHOICE && r->type != ROW_SET)
		return 1;
	while (r->choices[n] != NULL)
		n++;
	return r->type == ROW_CHOICE ? n - 1 : n;
}

static void change(const struct row *r, union value *v, unsigned n)
{
	static char other[] = "other";
	static char *list[] = { other };
	static struct column_setting columns[] = { { other, other, other } };

	switch (r->type) {
	case ROW_STRING:
		v->string = other;
		break;
	case ROW_STRINGS:
		v->strings = (struct string_list){ list, 1 };
		break;
	case ROW_GROUPS:
		v->columns = (struct column_list){ columns, 1 };
		break;
	case ROW_FLOAT:
		v->real += 1;
		break;
	case ROW_BOOL:
		v->flag = !v->flag;
		break;
	case ROW_CHOICE:
		v->choice = (v->choice + 1 + n) % (others(r) + 1);
		break;
	case ROW_SET:
		v->choice ^= 1U << n;
		break;
	default:
		v->number++;
	}
}

static uint64_t fingerprint(const struct settings *s)
{
	char *table = settings_table_name(&s->topic, "a");
	uint64_t f = fingerprint_of(s->s3_bucket, table, &s->topic, handle_isolation_level(s));

	free(table);
	return f;
}

/* Is the fingerprint another one with each other value of this setting? -1: with some of them. */
static int changes(struct settings *s, const struct row *r)
{
	void *field = (char *)(r->flags & ROW_PER_TOPIC ? (void *)&s->topic : (void *)s) + r->offset;
	uint64_t before = fingerprint(s);
	unsigned changed = 0;
	union value was;

	memcpy(&was, field, size_of(r->type));
	for (unsigned n = 0; n < others(r); n++) {
		union value v = was;

		change(r, &v, n);
		memcpy(field, &v, size_of(r->type));
		changed += fingerprint(s) != before;
	}
	memcpy(field, &was, size_of(r->type));
	assert_true(fingerprint(s) == before);
	return changed == 0 ? 0 : changed == others(r) ? 1 : -1;
}

static bool is_in(const char *path, const char *const list[], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(list[i], path) == 0)
			return true;
	}
	return false;
}

static void test_each_setting(void **state)
{
	struct settings *s = scratch_load(HEAD);

	(void)state;
	for (size_t i = 0; i < n_rows; i++) {
		char path[ROW_PATH_MAX];
		bool routes, does_not;
		int found;

		row_path(&rows[i], path);
		routes = is_in(path, routing, LENGTH(routing));
		does_not = is_in(path, not_routing, LENGTH(not_routing));
		if (routes == does_not)
			fail_msg(
				"%s stands in %s of the lists above: does it decide which record goes under which key?",
				path, routes ? "both" : "neither");
		found = changes(s, &rows[i]);
		if (found != routes)
			fail_msg("%s %s the fingerprint", path,
				 found == 0  ? "does not change"
				 : found > 0 ? "changes"
					     : "changes with some of its values only");
	}
	settings_free(s);
}

static void test_each_name_is_a_setting(void **state)
{
	(void)state;
	assert_int_equal(LENGTH(routing) + LENGTH(not_routing), n_rows);
}

static void test_the_isolation_level_of_the_options(void **state)
{
	struct settings *plain = scratch_load(HEAD), *s;
	static const struct {
		const char *options;
		bool changes;
	} cases[] = {
		{ "isolation.level=read_committed", false },
		{ "isolation.level=read_uncommitted", true },
		{ "session.timeout.ms=6000", false },
	};
	char file[256];

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		snprintf(file, sizeof(file),
			 "kafka = { topics = [ \"a\" ]; group = \"g\"; options = [ \"%s\" ]; };\n"
			 "s3 = { bucket = \"my-lake\"; };\n",
			 cases[i].options);
		s = scratch_load(file);
		assert_int_equal(fingerprint(s) != fingerprint(plain), cases[i].changes);
		settings_free(s);
	}
	settings_free(plain);
}

#define OF_SETTINGS UINT64_C(0x0123456789abcdef)

static uint64_t of_range(char **skip, size_t n, int64_t start, int64_t end)
{
	struct settings s = { .kafka_skip = { skip, n } };
	struct skip k;
	uint64_t f;

	skip_init(&k, &s, "t", 3);
	f = fingerprint_of_range(OF_SETTINGS, &k, start, end);
	skip_free(&k);
	return f;
}

/* Of kafka.skip a range covers the offsets inside of it, whatever their order, and nothing else. */
static void test_what_a_range_skips(void **state)
{
	char *some[] = { (char *)"t:3:20", (char *)"t:3:10", (char *)"t:4:15", (char *)"u:3:15", (char *)"t:3:10" };
	char *same[] = { (char *)"t:3:10", (char *)"t:3:20" };
	char *other[] = { (char *)"t:3:11", (char *)"t:3:20" };

	(void)state;
	assert_true(of_range(NULL, 0, 0, 100) == OF_SETTINGS);
	assert_true(of_range(some, 5, 0, 10) == OF_SETTINGS);
	assert_true(of_range(some, 5, 11, 20) == OF_SETTINGS);
	assert_true(of_range(some, 5, 21, 100) == OF_SETTINGS);
	assert_true(of_range(some, 5, 10, 11) != OF_SETTINGS);
	assert_true(of_range(some, 5, 10, 11) == of_range(some, 5, 0, 20));
	assert_true(of_range(some, 5, 0, 21) != of_range(some, 5, 0, 20));
	assert_true(of_range(some, 5, 0, 21) == of_range(same, 2, 0, 21));
	assert_true(of_range(other, 2, 0, 21) != of_range(same, 2, 0, 21));
}

/* What is written into intents today: another one under the same settings would double a range at each upgrade. It may
 * change with ROUTING_VERSION. The number: the first 64 bits of SHA-256 over the lines in fingerprint.c. */
static void test_it_outlasts_versions_of_the_program(void **state)
{
	struct settings *s = scratch_load(HEAD);
	char *skip[] = { (char *)"t:3:10" };

	(void)state;
	assert_true(of_range(skip, 1, 0, 20) == UINT64_C(0xc5dfee6b123dba0f));
	assert_int_equal(ROUTING_VERSION, 1);
	assert_true(fingerprint(s) == UINT64_C(0xda45658fe9f572e9));
	settings_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_setting),
		cmocka_unit_test(test_each_name_is_a_setting),
		cmocka_unit_test(test_the_isolation_level_of_the_options),
		cmocka_unit_test(test_what_a_range_skips),
		cmocka_unit_test(test_it_outlasts_versions_of_the_program),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
