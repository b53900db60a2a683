/* SPDX-License-Identifier: Apache-2.0 */
/* `kafka2s3 settings`: values that can be loaded again, where each came from, and no secret. */
#include "settings/scratch.h"

/* A bit of everything, and a secret in each place that takes one. */
static const char rich[] =
	"kafka = { topics = [ \"^a\" ]; group = \"g\"; options = [ \"sasl.password=hunter2\", \"a.b=\\\"c\\\\\" ]; };\n"
	"s3 = { bucket = \"my-lake\"; access_key_id = \"hunter2\"; secret_access_key = \"hunter2\";\n"
	"  session_token = \"hunter2\"; proxy = \"http://me:hunter2@proxy:3128\"; };\n"
	"output = { metadata = [ \"kafka_key\", \"kafka_topic\" ]; level = 9; };\n"
	"replay = { rate = 0.1; limit = 5000000000L; };\n"
	"override = (\n"
	"  { topics = \"^ab\"; table = \"t\"; roll = { age = \"1min\"; }; columns = ( ); },\n"
	"  { topics = \"ac\"; output = { compression = \"zstd\"; };\n"
	"    columns = ( { name = \"a\"; type = \"int\"; } ); }\n"
	");\n"
	"columns = ( { path = \"Adj \\\"Close\\\"\"; name = \"adj\"; type = \"decimal(10,2)\"; },\n"
	"  { name = \"s\"; type = \"struct<a:int>\"; } );\n";

/* Owns: the caller frees. */
static char *printed(const struct settings *s, const char *topic)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	settings_print(s, topic, out);
	fclose(out);
	return text;
}

/* The line that begins with name, its blanks in front taken away: "value;  # origin". */
static void assert_line(const char *text, const char *name, const char *value, const char *origin)
{
	char start[256], end[128];
	const char *p;

	snprintf(start, sizeof(start), "\t%s = %s; ", name, value);
	snprintf(end, sizeof(end), " # %s\n", origin);
	p = strstr(text, start);
	if (p == NULL)
		fail_msg("'%s' is not in: %s", start, text);
	if (strstr(p, end) == NULL || strstr(p, end) > strchr(p, '\n'))
		fail_msg("'%s' is not from '%s': %.100s", name, origin, p);
}

/* The line of columns at the top, in an override, and of a topic that the override is for. */
static void lists_of_groups_are_printed(void **state)
{
	static const char common[] =
		"\ncolumns = ( { name = \"adj\"; type = \"decimal(10,2)\"; path = \"Adj \\\"Close\\\"\"; }, "
		"{ name = \"s\"; type = \"struct<a:int>\"; } ); # a.conf:11\n";
	struct settings *s = scratch_load(rich);
	char *text = printed(s, NULL), *of_topic = printed(s, "ac"), *of_other = printed(s, "az");

	(void)state;
	assert_non_null(strstr(text, common));
	assert_non_null(strstr(text, "\n\t\tcolumns = ( { name = \"a\"; type = \"int\"; } );"));
	assert_non_null(strstr(text, "\n\t\tcolumns = ( );"));
	assert_non_null(strstr(of_topic, "\ncolumns = ( { name = \"a\"; type = \"int\"; } );"));
	assert_non_null(strstr(of_topic, "# override a.conf:9\n"));
	assert_non_null(strstr(of_other, common));
	free(text);
	free(of_topic);
	free(of_other);
	settings_free(s);
}

static void origins_are_named(void **state)
{
	struct settings *s = scratch_load(rich);
	char *text = printed(s, NULL);

	(void)state;
	assert_line(text, "group", "\"g\"", "a.conf:1");
	assert_line(text, "bucket", "\"my-lake\"", "a.conf:2");
	assert_line(text, "part_size", "\"8MiB\"", "default");
	assert_line(text, "bandwidth", "0", "default");
	assert_line(text, "level", "9", "a.conf:4");
	assert_line(text, "metadata", "[ \"kafka_topic\", \"kafka_key\" ]", "a.conf:4");
	assert_line(text, "age", "\"5min\"", "default");
	assert_line(text, "age", "\"1min\"", "override a.conf:7");
	assert_line(text, "rate", "0.1", "a.conf:5");
	assert_line(text, "limit", "5000000000L", "a.conf:5");
	free(text);
	settings_free(s);
}

static void floats_are_exact(void **state)
{
	static const char *const rates[] = { "0.0",       "1.0",           "0.1",    "123456789.12345679",
					     "1000000.0", "1000000000.0",  "0.0001", "1.0e-05",
					     "1.2e-10",   "1.23456789e-05" };

	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		char file[256], *text;
		struct settings *s;

		snprintf(file, sizeof(file), HEAD "replay = { rate = %s; };\n", rates[i]);
		s = scratch_load(file);
		text = printed(s, NULL);
		assert_line(text, "rate", rates[i], "a.conf:3");
		free(text);
		settings_free(s);
	}
}

static void topics_have_their_own(void **state)
{
	struct settings *s = scratch_load(rich);
	char *text = printed(s, "ab.c");

	(void)state;
	assert_non_null(strstr(text, "# topic ab.c, override at line 7\n# table = \"t\"; override a.conf:7\n"));
	assert_line(text, "age", "\"1min\"", "override a.conf:7");
	assert_line(text, "level", "9", "a.conf:4");
	assert_null(strstr(text, "override = ("));
	free(text);

	/* What belongs to another codec is not inherited. */
	text = printed(s, "ac");
	assert_line(text, "compression", "\"zstd\"", "override a.conf:8");
	assert_line(text, "level", "1", "default");
	assert_line(text, "age", "\"5min\"", "default");
	free(text);

	text = printed(s, "B.x");
	assert_non_null(strstr(text, "# table = \"b_x\"; default\n# kafka.topics does not take this topic\n"));
	free(text);
	settings_free(s);
}

static void secrets_are_masked(void **state)
{
	struct settings *s = scratch_load(rich);
	char *text = printed(s, NULL);

	(void)state;
	assert_null(strstr(text, "hunter2"));
	assert_line(text, "secret_access_key", "\"***\"", "a.conf:2");
	assert_line(text, "session_token", "\"***\"", "a.conf:3");
	assert_line(text, "proxy", "\"http://***@proxy:3128\"", "a.conf:3");
	assert_line(text, "options", "[ \"sasl.password=***\", \"a.b=\\\"c\\\\\" ]", "a.conf:1");
	free(text);
	settings_free(s);
}

static void environment_is_named(void **state)
{
	struct settings *s;
	char *text;

	(void)state;
	setenv("AWS_REGION", "eu-west-1", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "hunter2", 1);
	s = scratch_load(HEAD);
	text = printed(s, NULL);
	assert_line(text, "region", "\"eu-west-1\"", "environment AWS_REGION");
	assert_line(text, "secret_access_key", "\"***\"", "environment AWS_SECRET_ACCESS_KEY");
	assert_line(text, "access_key_id", "\"\"", "default");
	assert_null(strstr(text, "hunter2"));
	free(text);
	settings_free(s);
	unsetenv("AWS_REGION");
	unsetenv("AWS_SECRET_ACCESS_KEY");
}

/* Take the comments off: they name lines of different files. */
static void cut_comments(char *text)
{
	char *to = text;

	for (char *p = text; *p != '\0'; p++) {
		if (strncmp(p, " # ", 3) == 0)
			p = strchr(p, '\n');
		*to++ = *p;
	}
	*to = '\0';
}

static void print_loads_again(void **state)
{
	struct settings *s = scratch_load(rich);
	char *first = printed(s, NULL), *second;

	(void)state;
	settings_free(s);
	s = scratch_load(first);
	second = printed(s, NULL);
	settings_free(s);
	cut_comments(first);
	cut_comments(second);
	assert_string_equal(first, second);
	assert_non_null(strstr(first, "override = (\n"));
	free(first);
	free(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(origins_are_named),           cmocka_unit_test(floats_are_exact),
		cmocka_unit_test(topics_have_their_own),       cmocka_unit_test(secrets_are_masked),
		cmocka_unit_test(environment_is_named),        cmocka_unit_test(print_loads_again),
		cmocka_unit_test(lists_of_groups_are_printed),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
