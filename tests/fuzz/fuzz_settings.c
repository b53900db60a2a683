/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a settings file; behind a zero byte stand a second and a third file, which the first may name: "b.conf",
 * "secret". What loads is printed, and what is printed loads as the same settings. What does not load says why. */
#include "settings/settings.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "settings/table.h"
#include "settings/value.h"
#include "target.h"

static char folder[] = "/tmp/kafka2s3-fuzz-XXXXXX";
static const char *const names[] = { "a.conf", "b.conf", "secret", "printed.conf" };
#define NAMES (sizeof(names) / sizeof(names[0]))
#define PRINTED (NAMES - 1)

static char *paths[NAMES];

static void remove_folder(void)
{
	for (size_t i = 0; i < NAMES; i++) {
		unlink(paths[i]);
		free(paths[i]);
	}
	rmdir(folder);
}

static void make_folder(void)
{
	static const char *const variables[] = { "AWS_REGION",        "AWS_DEFAULT_REGION",
						 "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
						 "AWS_SESSION_TOKEN", "CREDENTIALS_DIRECTORY" };

	if (paths[0] != NULL)
		return;
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		unsetenv(variables[i]);
	log_set_level(LOG_LEVEL_ERROR);
	must(mkdtemp(folder) != NULL);
	for (size_t i = 0; i < NAMES; i++)
		paths[i] = mem_printf("%s/%s", folder, names[i]);
	atexit(remove_folder);
}

static void write_file(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	close(fd);
}

static char *row_text(const struct row *r, struct settings *s, struct topic_settings *t)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	value_print(r, value_base(r, s, t), f);
	fclose(f);
	return text;
}

/* A level that is not given is printed as what is then in force. */
static bool is_level(const struct row *r)
{
	return r->type == ROW_INTEGER && r->fallback == NULL;
}

static void must_be_exact(const struct row *r, const void *a, const void *b)
{
	if (r->type == ROW_FLOAT)
		must(memcmp((const char *)a + r->offset, (const char *)b + r->offset, sizeof(double)) == 0);
}

static void must_be_same(struct settings *a, struct topic_settings *at, struct settings *b, struct topic_settings *bt)
{
	for (size_t i = 0; i < n_rows; i++) {
		char *x, *y;

		if ((at != &a->topic && !(rows[i].flags & ROW_PER_TOPIC)) || is_level(&rows[i]))
			continue;
		must_be_exact(&rows[i], value_base(&rows[i], a, at), value_base(&rows[i], b, bt));
		x = row_text(&rows[i], a, at);
		y = row_text(&rows[i], b, bt);
		if (strcmp(x, y) != 0) {
			fprintf(stderr, "%s.%s: %s became %s\n", rows[i].group, rows[i].name, x, y);
			abort();
		}
		free(x);
		free(y);
	}
}

static void check_loads_again(struct settings *s, const char *text, size_t len)
{
	struct settings *again;
	struct error e;

	write_file(paths[PRINTED], text, len);
	if (settings_load(paths[PRINTED], &again, &e) != 0) {
		fprintf(stderr, "%s\n%.*s", e.text, (int)len, text);
		abort();
	}
	must_be_same(s, &s->topic, again, &again->topic);
	must(s->n_overrides == again->n_overrides);
	for (size_t i = 0; i < s->n_overrides; i++)
		must_be_same(s, &s->overrides[i].topic, again, &again->overrides[i].topic);
	settings_free(again);
}

static void check_loaded(struct settings *s)
{
	char *text, *name = settings_table_name(settings_for_topic(s, "A.b"), "A.b");
	size_t size;
	FILE *f = open_memstream(&text, &size);

	settings_print(s, NULL, f);
	fflush(f);
	/* What is masked is another value. */
	if (strstr(text, "***") == NULL)
		check_loads_again(s, text, size);
	settings_print(s, "A.b", f);
	fclose(f);
	free(text);
	free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings *s;
	struct error e = { 0 };

	make_folder();
	for (size_t i = 0; i < PRINTED; i++) {
		const uint8_t *stop = size > 0 && i + 1 < PRINTED ? memchr(data, 0, size) : NULL;
		size_t len = stop != NULL ? (size_t)(stop - data) : size;

		write_file(paths[i], data, len);
		data += len + (stop != NULL);
		size -= len + (stop != NULL);
	}
	if (settings_load(paths[0], &s, &e) == 0)
		check_loaded(s);
	else
		must(s == NULL && e.action == ERROR_GIVE_UP && e.text[0] != '\0');
	settings_free(s);
	return 0;
}
