/* SPDX-License-Identifier: Apache-2.0 */
/* Settings turned into those of a one-shot land: what changes, what the group's name follows from, what is refused. */
#include "settings/redirect.h"

#include "settings/scratch.h"

#define TWO "override = ( { topics = [ \"b\" ]; s3 = { prefix = \"clicks\"; }; roll = { age = \"1min\"; }; } );\n"
#define TOPICS(topics) "kafka = { topics = [ " topics " ]; group = \"g\"; };\ns3 = { bucket = \"my-lake\"; };\n"

static const struct redirect request = { 1000, 2000, "back/fill" };

static void everything_goes_to_the_new_place(void **state)
{
	struct settings *s = scratch_load(HEAD TWO "replay = { enabled = true; file = \"x\"; topic = \"a\"; };\n"
						   "catalog = \"table\"; glue = { database = \"lake\"; };\n");
	struct error e;

	(void)state;
	assert_true(s->kafka_stop_ms == INT64_MAX);
	assert_int_equal(settings_redirect(s, &request, &e), 0);
	assert_string_equal(s->topic.prefix, "back/fill");
	assert_string_equal(s->topic.dead_letter_prefix, "back/fill-dead-letter");
	assert_string_equal(s->overrides[0].topic.prefix, "back/fill");
	assert_string_equal(s->overrides[0].topic.dead_letter_prefix, "back/fill-dead-letter");
	assert_int_equal(s->overrides[0].topic.roll_age_ms, 60000);
	assert_int_equal(s->kafka_start_ms, 1000);
	assert_int_equal(s->kafka_stop_ms, 2000);
	assert_false(s->replay_enabled);
	assert_int_equal(s->catalog, CATALOG_NONE); /* its prefix is no place of the tables */
	assert_memory_equal(s->kafka_group, "g.land.", 7);
	assert_int_equal(strlen(s->kafka_group), 7 + 16);
	settings_free(s);
}

static char *group_of(const char *text, const struct redirect *r)
{
	struct settings *s = scratch_load(text);
	struct error e;
	char *group;

	assert_int_equal(settings_redirect(s, r, &e), 0);
	group = strdup(s->kafka_group);
	settings_free(s);
	return group;
}

static void the_same_request_is_the_same_group(void **state)
{
	static const struct {
		const char *text;
		struct redirect request;
		bool same;
	} cases[] = {
		{ TOPICS("\"a\", \"b\""), { 1000, 2000, "p" }, true },
		{ TOPICS("\"b\", \"a\""), { 1000, 2000, "p" }, true },
		{ TOPICS("\"a\", \"b\"") "roll = { age = \"1min\"; };", { 1000, 2000, "p" }, true },
		{ TOPICS("\"a\""), { 1000, 2000, "p" }, false },
		{ TOPICS("\"a\", \"b\""), { 1001, 2000, "p" }, false },
		{ TOPICS("\"a\", \"b\""), { 1000, 2001, "p" }, false },
		{ TOPICS("\"a\", \"b\""), { 1000, 2000, "q" }, false },
		{ "kafka = { topics = [ \"a\", \"b\" ]; group = \"g\"; };\ns3 = { bucket = \"other\"; };\n",
		  { 1000, 2000, "p" },
		  false },
		{ "kafka = { topics = [ \"a\", \"b\" ]; group = \"h\"; };\ns3 = { bucket = \"my-lake\"; };\n",
		  { 1000, 2000, "p" },
		  false },
	};
	char *first = group_of(cases[0].text, &cases[0].request);

	(void)state;
	for (size_t i = 1; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *group = group_of(cases[i].text, &cases[i].request);

		if ((strcmp(group, first) == 0) != cases[i].same)
			fail_msg("case %zu: \"%s\" and \"%s\"", i, group, first);
		free(group);
	}
	free(first);
}

static void what_cannot_be_is_refused(void **state)
{
	static const struct {
		const char *text;
		struct redirect request;
		const char *part;
	} cases[] = {
		{ HEAD, { -1, 2000, "p" }, "--from lies before 1970" },
		{ HEAD, { 2000, 2000, "p" }, "--to must be later" },
		{ HEAD, { 1000, 2000, "" }, "--prefix is empty" },
		{ HEAD, { 1000, 2000, "/p" }, "--prefix: \"/p\" has an empty folder" },
		{ HEAD, { 1000, 2000, "raw" }, "\"raw\" and \"raw\", where objects" },
		{ HEAD, { 1000, 2000, "raw/p" }, "where objects of these settings go" },
		{ HEAD, { 1000, 2000, "dead-letter" }, "where dead letters of these settings go" },
		{ HEAD TWO, { 1000, 2000, "clicks/p" }, "\"clicks\", where objects" },
		{ TOPICS("\"a\"") "output = { dead_letter_prefix = \"p-dead-letter/x\"; };",
		  { 1000, 2000, "p" },
		  "\"p-dead-letter\" and \"p-dead-letter/x\", where dead letters" },
		{ TOPICS("\"a\"") "output = { key = \"fixed/{table}/dt={dt}/hour={hour}/"
				  "{topic}+{partition}+{start}+{id}.{ext}\"; };",
		  { 1000, 2000, "p" },
		  "does not begin with \"{prefix}/\"" },
		{ TOPICS("\"a\"") "override = ( { topics = [ \"b\" ]; s3 = { prefix = \"lake/b\"; }; } );",
		  { 1000, 2000, "lake" },
		  "\"lake\" and \"lake/b\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct settings *s = scratch_load(cases[i].text);
		struct error e;

		if (settings_redirect(s, &cases[i].request, &e) == 0)
			fail_msg("case %zu is taken", i);
		if (strstr(e.text, cases[i].part) == NULL)
			fail_msg("case %zu: %s", i, e.text);
		settings_free(s);
	}
}

static void a_key_that_grows_too_long_is_refused(void **state)
{
	struct settings *s = scratch_load(TOPICS("\"^a\""));
	char prefix[900];
	struct redirect r = { 1000, 2000, prefix };
	struct error e;

	(void)state;
	memset(prefix, 'p', sizeof(prefix));
	prefix[600] = '\0';
	assert_int_equal(settings_redirect(s, &r, &e), -1);
	settings_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_goes_to_the_new_place),
		cmocka_unit_test(the_same_request_is_the_same_group),
		cmocka_unit_test(what_cannot_be_is_refused),
		cmocka_unit_test(a_key_that_grows_too_long_is_refused),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
