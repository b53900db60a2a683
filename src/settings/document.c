/* SPDX-License-Identifier: Apache-2.0 */
/* The sample file and the settings part of the man page. Both go through the table once, group by group; what is not in
 * a row (overrides, includes) is said in prose here or in the man page itself. Pure. */
#include "settings/document.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "settings/settings.h"
#include "settings/table.h"
#include "settings/value.h"

#define SAMPLE_WIDTH 100
#define MAN_WIDTH 78

static const char sample_head[] =
	"# Settings of kafka2s3; kafka2s3.conf(5) explains the syntax. Lines without \"#\" must be given; all others show\n"
	"# the default. `kafka2s3 check --syntax` looks a file over, `kafka2s3 settings` shows what is in force.\n"
	"# What is reloadable takes effect at SIGHUP (systemctl reload); all else needs a restart.\n";

static const char sample_override[] =
	"# What differs from topic to topic: table, columns, output, roll, s3.prefix, s3.storage_class, s3.sse and s3.kms_key_id.\n"
	"# The first entry that matches a topic is the only one applied; what it does not say comes from above.\n"
	"#override = (\n"
	"#\t{ topics = [ \"^clicks\\\\.\" ]; table = \"clicks\"; roll = { age = \"1min\"; }; s3 = { prefix = \"clicks\"; }; }\n"
	"#);\n";

/* The defaults as the loader sees them. */
static struct settings *defaults(void)
{
	struct settings *s = mem_zalloc(sizeof(*s));
	struct error e;

	if (value_set_defaults(s, &e) < 0)
		fprintf(stderr, "kafka2s3: %s\n", e.text);
	return s;
}

/* One line of words after the other, each with the prefix. */
static void print_wrapped(const char *text, const char *prefix, size_t width, FILE *out)
{
	while (*text != '\0') {
		size_t room = width - strlen(prefix), len = strlen(text);

		if (len > room) {
			for (len = room; len > 0 && text[len] != ' '; len--)
				;
			if (len == 0)
				len = strcspn(text, " ");
		}
		fprintf(out, "%s%.*s\n", prefix, (int)len, text);
		text += len;
		text += strspn(text, " ");
	}
}

/* What may be given, when the type alone does not say it: "One of …", a range. Owns: the caller frees. */
static char *legal_text(const struct row *r)
{
	bool unit = r->type == ROW_INTEGER && r->unit != NULL;
	char *text = NULL, range[96];
	size_t size;
	FILE *out;

	value_range_text(r, range);
	if (range[0] != '\0')
		return mem_printf("Range: %s%s%s.", range, unit ? " " : "", unit ? r->unit : "");
	out = r->choices != NULL && r->choices[1] != NULL ? open_memstream(&text, &size) : NULL;
	if (out == NULL)
		return mem_strdup("");
	fputs(r->type == ROW_SET ? "Any of " : "One of ", out);
	for (size_t i = 0; r->choices[i] != NULL; i++)
		fprintf(out, "%s\"%s\"", i > 0 ? ", " : "", r->choices[i]);
	fputc('.', out);
	fclose(out);
	return text;
}

/* The default in the file's syntax; "" of a row that is absent by default. Owns: the caller frees. */
static char *default_text(const struct row *r, const struct settings *s)
{
	char *text = NULL;
	size_t size;
	FILE *out = r->fallback != NULL ? open_memstream(&text, &size) : NULL;

	if (out == NULL)
		return mem_strdup("");
	value_print(r, r->flags & ROW_PER_TOPIC ? (const void *)&s->topic : (const void *)s, out);
	fclose(out);
	return text;
}

static void sample_row(const struct row *r, const struct settings *s, const char *indent, FILE *out)
{
	char *legal = legal_text(r), *value = default_text(r, s);
	char *help = mem_printf("%s%s%s%s", r->help, legal[0] != '\0' ? " " : "", legal,
				r->flags & ROW_RELOAD ? " Reloadable." : "");
	char *prefix = mem_printf("%s# ", indent);

	print_wrapped(help, prefix, SAMPLE_WIDTH, out);
	fprintf(out, "%s%s%s = %s;\n", indent, r->flags & ROW_REQUIRED ? "" : "#", r->name,
		r->example != NULL ? r->example : value);
	free(prefix);
	free(help);
	free(value);
	free(legal);
}

static void sample_group(const struct row_group *g, const struct settings *s, FILE *out)
{
	bool top = g->name[0] == '\0', first = true;

	fputc('\n', out);
	if (!top) {
		print_wrapped(g->help, "# ", SAMPLE_WIDTH, out);
		fprintf(out, "%s = {\n", g->name);
	}
	for (size_t i = 0; i < n_rows; i++) {
		if (strcmp(rows[i].group, g->name) != 0 || rows[i].flags & ROW_OVERRIDE_ONLY)
			continue;
		if (!first)
			fputc('\n', out);
		first = false;
		sample_row(&rows[i], s, top ? "" : "\t", out);
	}
	if (!top)
		fputs("};\n", out);
}

void document_sample(FILE *out)
{
	struct settings *s = defaults();

	fputs(sample_head, out);
	for (size_t g = 0; g < n_row_groups; g++) {
		if (row_groups[g].name[0] == '\0')
			fprintf(out, "\n%s", sample_override);
		sample_group(&row_groups[g], s, out);
	}
	settings_free(s);
}

/* A character as roff takes it literally. */
static const char *roff_char(char c, char plain[2])
{
	if (c == '\\')
		return "\\e";
	if (c == '"')
		return "\\(dq";
	plain[0] = c;
	plain[1] = '\0';
	return plain;
}

/* Text in a line of its own, or behind a macro that takes column characters; a long word may be broken at its slashes,
 * and its source line is folded. */
static void print_roff(const char *text, size_t len, size_t column, FILE *out)
{
	bool is_long = len > MAN_WIDTH / 2;
	char plain[2];

	for (size_t i = 0; i < len; i++, column++) {
		if (column >= MAN_WIDTH - 10) {
			fputs("\\\n", out);
			column = 0;
		}
		if (i == 0 && (text[i] == '.' || text[i] == '\''))
			fputs("\\&", out);
		fputs(roff_char(text[i], plain), out);
		if (text[i] == '/' && is_long) {
			fputs("\\:", out);
			column += 2;
		}
	}
}

static size_t roff_length(const char *text, size_t len)
{
	char plain[2];
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += strlen(roff_char(text[i], plain));
	return n;
}

/* A sentence a line, as mdoc wants it, and lines that are not too long. */
static void man_sentences(const char *text, FILE *out)
{
	size_t column = 0;

	while (*text != '\0') {
		size_t len = strcspn(text, " "), room = roff_length(text, len);
		bool ends = len > 0 && text[len - 1] == '.';

		if (column > 0 && column + 1 + room > MAN_WIDTH) {
			fputc('\n', out);
			column = 0;
		}
		if (column > 0)
			fputc(' ', out);
		print_roff(text, len, 0, out);
		column += room + 1;
		text += len;
		text += strspn(text, " ");
		if (ends || *text == '\0') {
			fputc('\n', out);
			column = 0;
		}
	}
}

static void man_row(const struct row *r, const struct settings *s, FILE *out)
{
	char *legal = legal_text(r), *value = default_text(r, s);

	fprintf(out, ".It Va %s%s%s\n", r->group, r->group[0] != '\0' ? "." : "", r->name);
	man_sentences(r->help, out);
	man_sentences(legal, out);
	if (r->flags & ROW_REQUIRED) {
		fputs("Must be given.\n", out);
	} else if (value[0] != '\0') {
		fputs("Default:\n.Ql ", out);
		print_roff(value, strlen(value), strlen(".Ql "), out);
		fputs(" .\n", out);
	}
	if (r->flags & ROW_OVERRIDE_ONLY)
		fputs("Only in an\n.Va override .\n", out);
	else if (r->flags & ROW_PER_TOPIC)
		fputs("Also in an\n.Va override .\n", out);
	if (r->flags & ROW_RELOAD)
		fputs("Reloadable.\n", out);
	free(value);
	free(legal);
}

void document_man(FILE *out)
{
	struct settings *s = defaults();

	for (size_t g = 0; g < n_row_groups; g++) {
		fprintf(out, ".Ss %s\n", row_groups[g].name[0] != '\0' ? row_groups[g].name : "Top of the file");
		man_sentences(row_groups[g].help, out);
		fputs(".Bl -tag -width Ds\n", out);
		for (size_t i = 0; i < n_rows; i++)
			if (strcmp(rows[i].group, row_groups[g].name) == 0)
				man_row(&rows[i], s, out);
		fputs(".El\n", out);
	}
	settings_free(s);
}
