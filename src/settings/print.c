/* SPDX-License-Identifier: Apache-2.0 */
/* `kafka2s3 settings`: the effective values in the file's own syntax, each with where it came from. What it prints can
 * be loaded again, but for secrets. Pure but for the environment, which it names and does not show. */
#include "settings/settings.h"

#include <stdlib.h>
#include <string.h>

#include "settings/match.h"
#include "settings/origin.h"
#include "settings/table.h"
#include "settings/value.h"

#define COMMENT_COLUMN 56
#define TAB_WIDTH 8

struct view {
	const struct settings *s;
	const struct topic_settings *topic;
	size_t number; /* of the override that topic belongs to, or ORIGIN_COMMON */
	FILE *out;
};

static const void *base_of(const struct view *v, const struct row *r)
{
	return r->flags & ROW_PER_TOPIC ? (const void *)v->topic : (const void *)v->s;
}

/* The environment stands in for credentials that neither the file nor the credentials file nor a profile gives. */
static const char *variable_behind(const struct view *v, const struct row *r)
{
	const char *value;

	if (!(r->flags & ROW_SECRET) || r->environment[0] == NULL || v->s->s3_access_key_id[0] != '\0' ||
	    v->s->s3_credentials_file[0] != '\0' || v->s->s3_profile[0] != '\0')
		return NULL;
	value = getenv(r->environment[0]);
	return value != NULL && value[0] != '\0' ? r->environment[0] : NULL;
}

static void print_origin(const struct view *v, const struct row *r)
{
	const struct origin *own = origins_get(v->s->origins, v->number, r);
	const struct origin *o = own->kind != ORIGIN_NONE ? own : origins_get(v->s->origins, ORIGIN_COMMON, r);

	if (o->kind == ORIGIN_FILE)
		fprintf(v->out, "%s%s:%d", v->number != ORIGIN_COMMON && o == own ? "override " : "", o->file, o->line);
	else if (o->kind == ORIGIN_ENVIRONMENT)
		fprintf(v->out, "environment %s", o->variable);
	else
		fputs("default", v->out);
}

/* output.level that is not given: what the codec then takes. -1: it has none. */
static int64_t effective_level(const struct topic_settings *t)
{
	static const int64_t levels[] = {
		[COMPRESSION_NONE] = -1,
		[COMPRESSION_GZIP] = 3,
		[COMPRESSION_ZSTD] = 1,
	};

	return t->level >= 0 ? t->level : levels[t->compression];
}

static void print_value(const struct view *v, const struct row *r, FILE *out)
{
	if (variable_behind(v, r) != NULL)
		fputs("\"***\"", out);
	else if (r->type == ROW_INTEGER && r->fallback == NULL)
		fprintf(out, "%lld", (long long)effective_level(v->topic));
	else
		value_print(r, base_of(v, r), out);
}

static bool is_shown(const struct view *v, const struct row *r, const char *group)
{
	if (strcmp(r->group, group) != 0 ||
	    (r->type == ROW_INTEGER && r->fallback == NULL && effective_level(v->topic) < 0))
		return false;
	return !(r->flags & ROW_OVERRIDE_ONLY);
}

static void print_row(const struct view *v, const struct row *r, const char *indent)
{
	char *text = NULL;
	size_t size;
	FILE *line = open_memstream(&text, &size);
	const char *variable = variable_behind(v, r);

	if (line == NULL)
		return;
	fprintf(line, "%s%s = ", indent, r->name);
	print_value(v, r, line);
	fputc(';', line);
	fclose(line);
	fprintf(v->out, "%-*s # ", COMMENT_COLUMN - (TAB_WIDTH - 1) * (int)strlen(indent), text);
	if (variable != NULL)
		fprintf(v->out, "environment %s", variable);
	else
		print_origin(v, r);
	fputc('\n', v->out);
	explicit_bzero(text, size);
	free(text);
}

static void print_group(const struct view *v, const char *group)
{
	bool top = group[0] == '\0';

	if (!top)
		fprintf(v->out, "%s = {\n", group);
	for (size_t i = 0; i < n_rows; i++)
		if (is_shown(v, &rows[i], group))
			print_row(v, &rows[i], top ? "" : "\t");
	if (!top)
		fputs("};\n", v->out);
}

/* What the override itself says, group by group. */
static void print_given(const struct view *v, const char *group)
{
	bool open = false;

	for (size_t i = 0; i < n_rows; i++) {
		if (strcmp(rows[i].group, group) != 0 ||
		    origins_get(v->s->origins, v->number, &rows[i])->kind < ORIGIN_FILE)
			continue;
		if (!open && group[0] != '\0')
			fprintf(v->out, "\t\t%s = {\n", group);
		open = true;
		print_row(v, &rows[i], group[0] != '\0' ? "\t\t\t" : "\t\t");
	}
	if (open && group[0] != '\0')
		fputs("\t\t};\n", v->out);
}

static void print_overrides(const struct settings *s, FILE *out)
{
	if (s->n_overrides == 0)
		return;
	fputs("override = (\n", out);
	for (size_t i = 0; i < s->n_overrides; i++) {
		struct view v = { .s = s, .topic = &s->overrides[i].topic, .number = i + 1, .out = out };

		fputs("\t{\n\t\ttopics = ", out);
		value_print(&override_topics, &s->overrides[i], out);
		fputs(";\n", out);
		for (size_t g = 0; g < n_row_groups; g++)
			print_given(&v, row_groups[g].name);
		fprintf(out, "\t}%s\n", i + 1 < s->n_overrides ? "," : "");
	}
	fputs(");\n", out);
}

/* The table goes as a comment: a file holds it in an override only. */
static void print_topic_head(const struct view *v, const char *topic)
{
	char *table = settings_table_name(v->topic, topic);

	fprintf(v->out, "# topic %s", topic);
	if (v->number != ORIGIN_COMMON)
		fprintf(v->out, ", override at line %d", v->s->overrides[v->number - 1].line);
	fprintf(v->out, "\n# table = \"%s\"; ", table);
	print_origin(v, row_find("", "table"));
	fputc('\n', v->out);
	if (!match_topic(&v->s->kafka_topics, topic))
		fputs("# kafka.topics does not take this topic\n", v->out);
	free(table);
}

void settings_print(const struct settings *s, const char *topic, FILE *out)
{
	const struct override *o = topic != NULL ? match_override(s, topic) : NULL;
	struct view v = { .s = s, .topic = &s->topic, .number = ORIGIN_COMMON, .out = out };

	if (o != NULL) {
		v.topic = &o->topic;
		v.number = (size_t)(o - s->overrides) + 1;
	}
	if (topic != NULL)
		print_topic_head(&v, topic);
	for (size_t g = 0; g < n_row_groups; g++)
		print_group(&v, row_groups[g].name);
	if (topic == NULL)
		print_overrides(s, out);
}
