/* SPDX-License-Identifier: Apache-2.0 */
/* The table itself, and that the sample file and the man page say what it says. Runs in the tree's top folder. */
#include "settings/scratch.h"

#include "settings/document.h"
#include "settings/table.h"
#include "settings/value.h"

#define BEGIN ".\\\" settings begin: made by tools/settings-doc\n"
#define END ".\\\" settings end\n"

/* Owns: the caller frees. */
static char *made(void (*make)(FILE *))
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	make(out);
	fclose(out);
	return text;
}

/* Owns: the caller frees. */
static char *read_tree(const char *path)
{
	char *text = calloc(1, 1 << 20);
	FILE *f = fopen(path, "r");

	if (f == NULL)
		fail_msg("cannot read %s: run the test in the tree's top folder", path);
	assert_true(fread(text, 1, (1 << 20) - 1, f) > 0);
	fclose(f);
	return text;
}

static void sample_is_up_to_date(void **state)
{
	char *expected = made(document_sample), *found = read_tree("etc/kafka2s3.conf");

	(void)state;
	if (strcmp(expected, found) != 0)
		fail_msg("etc/kafka2s3.conf differs from the table: run tools/settings-doc");
	free(expected);
	free(found);
}

static void man_page_is_up_to_date(void **state)
{
	char *expected = made(document_man), *found = read_tree("man/kafka2s3.conf.5");
	char *part = strstr(found, BEGIN), *end = strstr(found, END);

	(void)state;
	assert_non_null(part);
	assert_non_null(end);
	part += strlen(BEGIN);
	*end = '\0';
	if (strcmp(expected, part) != 0)
		fail_msg("man/kafka2s3.conf.5 differs from the table: run tools/settings-doc");
	free(expected);
	free(found);
}

static struct settings *load_text(const char *text)
{
	char name[] = "/tmp/kafka2s3-sample-XXXXXX";
	struct settings *s;
	struct error e;
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	close(fd);
	scratch_write(name, text, 0644);
	if (settings_load(name, &s, &e) < 0)
		fail_msg("%s", e.text);
	unlink(name);
	return s;
}

/* As it is, and with every default that it shows taken for a setting. */
static void sample_loads(void **state)
{
	char *text = made(document_sample), *to = text;
	struct settings *s = load_text(text);
	size_t n = 0;

	(void)state;
	assert_string_equal(s->kafka_group, "stock-to-lake");
	settings_free(s);
	for (const char *p = text; *p != '\0'; p++) {
		bool begins = p == text || p[-1] == '\n' || p[-1] == '\t';

		if (begins && *p == '#' && p[1] >= 'a' && p[1] <= 'z' && strncmp(p, "#override", 9) != 0)
			n++;
		else
			*to++ = *p;
	}
	*to = '\0';
	assert_true(n > n_rows / 2);
	s = load_text(text);
	assert_int_equal(s->topic.roll_age_ms, 300000);
	assert_int_equal(s->topic.level, 3);
	settings_free(s);
	free(text);
}

/* What a person reads of a row is whole sentences, and no row hides another. */
static void rows_are_sound(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_rows; i++) {
		const struct row *r = &rows[i];
		size_t len = strlen(r->help);

		assert_true(len > 0 && r->help[len - 1] == '.');
		assert_ptr_equal(row_find(r->group, r->name), r);
		assert_true(r->group[0] == '\0' || row_group_find(r->group) != NULL);
		assert_true(r->fallback != NULL || r->type == ROW_INTEGER);
		assert_true(!(r->flags & ROW_REQUIRED) || r->example != NULL);
		assert_true(r->type != ROW_CHOICE || r->choices != NULL);
	}
}

static void nearest_names(void **state)
{
	static const char *const cases[][3] = {
		{ "kafka", "broker", "kafka.brokers" },
		{ "kafka", "bucket", "s3.bucket" },
		{ "", "kafak", "kafka" },
		{ "", "overrides", "override" },
		{ "", "rate", "replay.rate" },
		{ "log", "lvl", "" },
		{ "s3", "acces_key", "" },
		{ "output", "compressio", "output.compression" },
	};
	char out[ROW_PATH_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		row_nearest(cases[i][0], cases[i][1], out);
		assert_string_equal(out, cases[i][2]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sample_is_up_to_date), cmocka_unit_test(man_page_is_up_to_date),
		cmocka_unit_test(sample_loads),         cmocka_unit_test(rows_are_sound),
		cmocka_unit_test(nearest_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
