/* SPDX-License-Identifier: Apache-2.0 */
/* What another file changes, row by row of the whole table: what is reloadable comes into force, and nothing else. */
#include "settings/scratch.h"

#include "settings/change.h"
#include "settings/value.h"

/* One setting given otherwise, whatever its type. */
static void alter(const struct row *r, void *base)
{
	char *field = (char *)base + r->offset;
	struct string_list *list = (struct string_list *)field;
	struct column_list *columns = (struct column_list *)field;

	switch (r->type) {
	case ROW_STRING:
		free(*(char **)field);
		*(char **)field = strdup("other");
		break;
	case ROW_STRINGS:
		list->items = realloc(list->items, (list->n + 1) * sizeof(*list->items));
		list->items[list->n++] = strdup("other");
		break;
	case ROW_GROUPS:
		columns->items = realloc(columns->items, (columns->n + 1) * sizeof(*columns->items));
		columns->items[columns->n++] =
			(struct column_setting){ strdup("other"), strdup("int"), strdup("Other") };
		break;
	case ROW_FLOAT:
		*(double *)field += 1;
		break;
	case ROW_BOOL:
		*(bool *)field = !*(bool *)field;
		break;
	case ROW_CHOICE:
	case ROW_SET:
		*(unsigned *)field ^= 1;
		break;
	default:
		*(int64_t *)field += 1;
	}
}

static const char two_overrides[] = HEAD "override = ( { topics = [ \"a\" ]; table = \"x\"; },\n"
					 "  { topics = [ \"^b\" ]; roll = { age = \"1min\"; }; } );\n";

static void assert_only(const struct settings *a, const struct settings *b, const struct row *r)
{
	char path[ROW_PATH_MAX];
	struct changes c;

	row_path(r, path);
	changes_find(a, b, &c);
	if (c.n != 1 || c.items[0].row != r || c.items[0].restart != !(r->flags & ROW_RELOAD))
		fail_msg("%s: changed alone, it is not what is found", path);
	changes_free(&c);
}

static void assert_same(const struct settings *a, const struct settings *b)
{
	struct changes c;
	char *now, *later;

	changes_find(a, b, &c);
	now = changes_names(&c, false);
	later = changes_names(&c, true);
	if (c.n != 0)
		fail_msg("changed: %s; %s", now, later);
	free(now);
	free(later);
	changes_free(&c);
}

/* Each row of the table, above the overrides and in the second one: found by its name, reloadable or not; and kept at
 * its running value just when it is not. */
static void each_setting_is_found_and_kept_by_its_row(void **state)
{
	int reloadable = 0;

	(void)state;
	for (size_t i = 0; i < n_rows; i++) {
		const struct row *r = &rows[i];

		for (int in_override = 0; in_override <= ((r->flags & ROW_PER_TOPIC) != 0); in_override++) {
			struct settings *running = scratch_load(two_overrides), *fresh = scratch_load(two_overrides);

			assert_same(running, fresh);
			alter(r,
			      in_override ? (void *)&fresh->overrides[1].topic : value_base(r, fresh, &fresh->topic));
			assert_only(running, fresh, r);
			changes_keep(running, fresh);
			if (r->flags & ROW_RELOAD)
				assert_only(running, fresh, r);
			else
				assert_same(running, fresh);
			settings_free(running);
			settings_free(fresh);
		}
		reloadable += (r->flags & ROW_RELOAD) != 0;
	}
	assert_true(reloadable >= 12);
}

/* design.md names these. */
static void what_the_design_reloads_is_reloadable(void **state)
{
	static const char *const names[][2] = {
		{ "kafka", "topics" },     { "kafka", "skip" },
		{ "roll", "bytes" },       { "roll", "records" },
		{ "roll", "age" },         { "output", "dead_letter_limit" },
		{ "s3", "bandwidth" },     { "s3", "connections" },
		{ "s3", "access_key_id" }, { "s3", "secret_access_key" },
		{ "s3", "session_token" }, { "s3", "credentials_file" },
		{ "log", "level" },        { "log", "format" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_true(row_find(names[i][0], names[i][1])->flags & ROW_RELOAD);
}

/* What the fingerprint covers is the same in every generation, but for kafka.skip. */
static void what_decides_keys_is_not_reloadable(void **state)
{
	static const char *const names[][2] = {
		{ "s3", "bucket" },           { "s3", "prefix" },
		{ "output", "key" },          { "", "table" },
		{ "output", "format" },       { "output", "compression" },
		{ "output", "partition_by" }, { "output", "tombstones" },
		{ "output", "max_record" },   { "output", "metadata" },
		{ "kafka", "options" },       { "output", "dead_letter_prefix" },
		{ "kafka", "group" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_false(row_find(names[i][0], names[i][1])->flags & ROW_RELOAD);
}

struct pair {
	const char *running, *fresh; /* overrides */
	const char *now, *later;     /* names of what has changed */
	size_t overrides;            /* that are in force then */
};

#define OVERRIDES(text) "override = ( " text " );\n"
#define TABLE_A "{ topics = [ \"a\" ]; table = \"x\"; }"
#define ROLL_A "{ topics = [ \"a\" ]; roll = { age = \"1s\"; }; }"
#define ROLL_ALL "{ topics = [ \"^.\" ]; roll = { age = \"1s\"; }; }"
#define PREFIX_ALL "{ topics = [ \"^.\" ]; s3 = { prefix = \"p\"; }; }"
#define NEW_TOPIC "{ topics = [ \"new\" ]; table = \"n\"; s3 = { prefix = \"p\"; }; }"

/* kafka.topics is "a" in all of them. */
static const struct pair pairs[] = {
	{ "", OVERRIDES(ROLL_ALL), "override", "", 1 },
	{ OVERRIDES(ROLL_A), "", "override", "", 0 },
	{ OVERRIDES(TABLE_A), OVERRIDES(TABLE_A ", " ROLL_ALL), "override", "", 2 },
	{ OVERRIDES(TABLE_A), OVERRIDES(TABLE_A ", " NEW_TOPIC), "override", "", 2 },
	{ OVERRIDES(NEW_TOPIC), "", "override", "", 0 },
	{ "", OVERRIDES(NEW_TOPIC "," ROLL_A), "override", "", 2 },
	/* It would take the topic out of the first entry, or put it into one. */
	{ OVERRIDES(TABLE_A), OVERRIDES(ROLL_ALL ", " TABLE_A), "", "override", 1 },
	{ OVERRIDES(TABLE_A), "", "", "override", 1 },
	{ OVERRIDES(TABLE_A ", " ROLL_ALL), OVERRIDES(PREFIX_ALL), "", "override", 2 },
	{ "", OVERRIDES(PREFIX_ALL), "", "override", 0 },
	{ "", OVERRIDES(TABLE_A), "", "override", 0 },
	/* Both at once. */
	{ OVERRIDES(TABLE_A), OVERRIDES(ROLL_A), "roll.age", "table", 1 },
	{ OVERRIDES(TABLE_A), OVERRIDES(ROLL_ALL) "roll = { age = \"7s\"; };\n", "roll.age", "override", 1 },
};

static struct settings *load_pair(const char *overrides)
{
	char text[1024];

	snprintf(text, sizeof(text), HEAD "%s", overrides);
	return scratch_load(text);
}

static void overrides_come_and_go_where_nothing_moves(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		const struct pair *p = &pairs[i];
		struct settings *running = load_pair(p->running), *fresh = load_pair(p->fresh);
		struct changes c;
		char *now, *later;

		changes_find(running, fresh, &c);
		now = changes_names(&c, false);
		later = changes_names(&c, true);
		if (strcmp(now, p->now) != 0 || strcmp(later, p->later) != 0)
			fail_msg("%s to %s: \"%s\" and \"%s\"", p->running, p->fresh, now, later);
		changes_keep(running, fresh);
		assert_int_equal(fresh->n_overrides, p->overrides);
		assert_string_equal(settings_for_topic(fresh, "a")->table, settings_for_topic(running, "a")->table);
		assert_string_equal(settings_for_topic(fresh, "a")->prefix, settings_for_topic(running, "a")->prefix);
		free(now);
		free(later);
		changes_free(&c);
		settings_free(running);
		settings_free(fresh);
	}
}

/* Of a topic that was read its ranges may be under way still, and one that reloads twice may not have been seen to be
 * taken out. */
static void what_was_read_once_goes_where_it_went(void **state)
{
	struct settings *with = scratch_load("kafka = { topics = [ \"a\", \"new\" ]; group = \"g\"; };\n"
					     "s3 = { bucket = \"my-lake\"; };\n");
	struct settings *without = load_pair(""), *moved = load_pair(OVERRIDES(NEW_TOPIC));
	struct changes c;

	(void)state;
	changes_keep(with, without);
	for (int i = 0; i < 2; i++) { /* however often it is tried */
		changes_find(without, moved, &c);
		assert_int_equal(c.n, 1);
		assert_null(c.items[0].row);
		assert_true(c.items[0].restart);
		changes_free(&c);
		changes_keep(without, moved);
		assert_int_equal(moved->n_overrides, 0);
		settings_free(without);
		without = moved;
		moved = load_pair(OVERRIDES(NEW_TOPIC));
	}
	settings_free(with);
	settings_free(without);
	settings_free(moved);
}

static void a_generation_lives_as_long_as_it_is_held(void **state)
{
	const struct settings *s = scratch_load(HEAD), *held = settings_hold(s);

	(void)state;
	assert_ptr_equal(s, held);
	settings_free(s);
	assert_string_equal(held->kafka_group, "g");
	settings_free(held);
	settings_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_setting_is_found_and_kept_by_its_row),
		cmocka_unit_test(what_the_design_reloads_is_reloadable),
		cmocka_unit_test(what_decides_keys_is_not_reloadable),
		cmocka_unit_test(overrides_come_and_go_where_nothing_moves),
		cmocka_unit_test(what_was_read_once_goes_where_it_went),
		cmocka_unit_test(a_generation_lives_as_long_as_it_is_held),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
