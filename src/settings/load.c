/* SPDX-License-Identifier: Apache-2.0 */
/* The loader: the file through libconfig into struct settings, row by row of the table. What a value must look like is
 * value.c's and check.c's, what values say to each other pairs.c's. Two passes: an override copies the common values,
 * and may stand before them in the file. The only includer of libconfig.h. */
#include "settings/settings.h"

#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "settings/check.h"
#include "settings/groups.h"
#include "settings/kafka_options.h"
#include "settings/origin.h"
#include "settings/pairs.h"
#include "settings/path.h"
#include "settings/source.h"
#include "settings/syntax.h"
#include "settings/table.h"
#include "settings/value.h"

struct load {
	struct source source;
	config_t config;
	struct settings *s;
	char *exposed; /* a file with a secret in it that others can read; the first that is found */
	char exposed_by[ROW_PATH_MAX];
	bool look; /* only to look it over: credentials need not be there */
	struct error *e;
};

/* Stands for the content of a credential that is not there. */
static const char absent[] = "not-there";

/* Each element carries the line that syntax_check found for it. */
static int line_of(const config_setting_t *c)
{
	return (int)(intptr_t)config_setting_get_hook(c);
}

static void give_lines(config_setting_t *parent, const struct syntax_lines *lines, size_t *n)
{
	for (int i = 0; i < config_setting_length(parent); i++) {
		config_setting_t *c = config_setting_get_elem(parent, (unsigned)i);

		if (*n < lines->n)
			config_setting_set_hook(c, (void *)(intptr_t)lines->lines[(*n)++]);
		if (config_setting_is_aggregate(c))
			give_lines(c, lines, n);
	}
}

/* Puts file, line and setting before the text of *e. */
static int fail_at(struct load *l, int line, const char *path)
{
	return error_context(l->e, "%s:%d: %s", source_file_at(&l->source, line), source_line_at(&l->source, line),
			     path);
}

static int unknown(struct load *l, int line, const char *group, const char *name)
{
	char nearest[ROW_PATH_MAX];

	row_nearest(group, name, nearest);
	if (nearest[0] != '\0')
		error_set(l->e, ERROR_GIVE_UP, 0, "there is no such setting; did you mean %s?", nearest);
	else
		error_set(l->e, ERROR_GIVE_UP, 0, "there is no such setting; kafka2s3.conf(5) lists them all");
	error_context(l->e, "%s:%d: %s%s%s", source_file_at(&l->source, line), source_line_at(&l->source, line), group,
		      group[0] != '\0' ? "." : "", name);
	return -1;
}

static void note_exposed(struct load *l, const struct row *r, const char *file)
{
	if (l->exposed != NULL)
		return;
	l->exposed = mem_strdup(file);
	row_path(r, l->exposed_by);
}

/* "file:PATH" becomes the file's content, behind the first keep bytes of text. Owns: the caller frees. */
static char *resolve_file(struct load *l, const struct row *r, const char *text, size_t keep)
{
	const char *path = text + keep + strlen("file:");
	char *full = path_resolve(path, l->e), *content = NULL, *result = NULL;
	bool others_can_read = false;

	if (full != NULL && source_read_value(l->s->file, full, &content, &others_can_read, l->e) == 0) {
		result = mem_printf("%.*s%s", (int)keep, text, content);
		explicit_bzero(content, strlen(content));
		free(content);
	} else if (l->look && path_is_credential(path)) {
		result = mem_printf("%.*s%s", (int)keep, text, absent);
	}
	if (others_can_read)
		note_exposed(l, r, path);
	free(full);
	return result;
}

/* A path below the credentials, behind the first keep bytes of text. Owns: the caller frees. */
static char *resolve_credential(struct load *l, const char *text, size_t keep)
{
	char *full = path_resolve(text + keep, l->e), *result = NULL;

	if (l->look || (full != NULL && path_must_be_readable(full, l->e) == 0))
		result = mem_printf("%.*s%s", (int)keep, text, full != NULL ? full : text + keep);
	free(full);
	return result;
}

/* The text that counts: of a secret perhaps from a file. NULL: *e is set. Owns: the caller wipes and frees. */
static char *resolve_text(struct load *l, const struct row *r, const char *text, int line)
{
	const char *equals = strchr(text, '=');
	bool option = r->check == kafka_option_check && equals != NULL;
	bool secret = option ? kafka_option_is_secret(text, (size_t)(equals - text)) : (r->flags & ROW_SECRET) != 0;
	size_t keep = option ? (size_t)(equals - text) + 1 : 0;

	if ((option || r->flags & ROW_PATH) && path_is_credential(text + keep))
		return resolve_credential(l, text, keep);
	if (!secret || text[keep] == '\0')
		return mem_strdup(text);
	if (strncmp(text + keep, "file:", strlen("file:")) == 0)
		return resolve_file(l, r, text, keep);
	if (source_others_can_read(&l->source, line) && (!option || kafka_option_holds_secret(text, keep - 1)))
		note_exposed(l, r, source_file_at(&l->source, line));
	return mem_strdup(text);
}

static int set_text(struct load *l, const struct row *r, void *base, const config_setting_t *c, bool element)
{
	char *text = resolve_text(l, r, config_setting_get_string(c), line_of(c));
	int rc = -1;

	if (text != NULL && element)
		rc = value_add(r, base, text, l->e);
	else if (text != NULL)
		rc = value_set_string(r, base, text, l->e);
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
	return rc;
}

static int set_row(struct load *l, const struct row *r, void *base, config_setting_t *c, const char *path);

static int set_list(struct load *l, const struct row *r, void *base, config_setting_t *c, const char *path)
{
	if (!value_is_list(r)) {
		error_set(l->e, ERROR_GIVE_UP, 0, "this is a list, where %s is meant", value_type_text(r));
		return fail_at(l, line_of(c), path);
	}
	value_clear(r, base);
	for (int i = 0; i < config_setting_length(c); i++) {
		config_setting_t *element = config_setting_get_elem(c, (unsigned)i);

		if (config_setting_type(element) != CONFIG_TYPE_STRING)
			error_set(l->e, ERROR_GIVE_UP, 0, "element %d is no text in quotes", i + 1);
		else if (set_text(l, r, base, element, true) == 0)
			continue;
		return fail_at(l, line_of(element), path);
	}
	return 0;
}

static int set_member(struct load *l, const struct row *list, void *entry, config_setting_t *c)
{
	const char *name = config_setting_name(c), *nearest = groups_nearest(list, name);
	const struct row *r = groups_member(list, name);
	char path[2 * ROW_PATH_MAX];

	snprintf(path, sizeof(path), "%s.%s", list->name, name);
	if (r == NULL && nearest[0] != '\0')
		error_set(l->e, ERROR_GIVE_UP, 0, "there is no such setting; did you mean %s?", nearest);
	else if (r == NULL)
		error_set(l->e, ERROR_GIVE_UP, 0, "there is no such setting; kafka2s3.conf(5) lists them all");
	else
		return set_row(l, r, entry, c, path);
	return fail_at(l, line_of(c), path);
}

/* A list of groups. */
static int set_groups(struct load *l, const struct row *r, void *base, config_setting_t *c, const char *path)
{
	void *field = (char *)base + r->offset;

	value_clear(r, base);
	for (int i = 0; i < config_setting_length(c); i++) {
		config_setting_t *group = config_setting_get_elem(c, (unsigned)i);
		void *entry = groups_add(r, field);

		if (!config_setting_is_group(group)) {
			error_set(l->e, ERROR_GIVE_UP, 0, "element %d is no group; write %s", i + 1,
				  value_type_text(r));
			return fail_at(l, line_of(group), path);
		}
		for (int m = 0; m < config_setting_length(group); m++)
			if (set_member(l, r, entry, config_setting_get_elem(group, (unsigned)m)) < 0)
				return -1;
		if (groups_check_last(r, field, l->e) < 0)
			return fail_at(l, line_of(group), path);
	}
	return 0;
}

static int set_row(struct load *l, const struct row *r, void *base, config_setting_t *c, const char *path)
{
	int rc;

	switch (config_setting_type(c)) {
	case CONFIG_TYPE_STRING:
		rc = set_text(l, r, base, c, false);
		break;
	case CONFIG_TYPE_INT:
		rc = value_set_integer(r, base, config_setting_get_int(c), l->e);
		break;
	case CONFIG_TYPE_INT64:
		rc = value_set_integer(r, base, config_setting_get_int64(c), l->e);
		break;
	case CONFIG_TYPE_FLOAT:
		rc = value_set_float(r, base, config_setting_get_float(c), l->e);
		break;
	case CONFIG_TYPE_BOOL:
		rc = value_set_bool(r, base, config_setting_get_bool(c) != 0, l->e);
		break;
	case CONFIG_TYPE_GROUP:
		rc = error_set(l->e, ERROR_GIVE_UP, 0, "this is a group, where %s is meant", value_type_text(r));
		break;
	default:
		return r->type == ROW_GROUPS ? set_groups(l, r, base, c, path) : set_list(l, r, base, c, path);
	}
	return rc < 0 ? fail_at(l, line_of(c), path) : 0;
}

/* One setting of the common part (number ORIGIN_COMMON) or of an override. */
static int load_row(struct load *l, size_t number, const struct row *r, config_setting_t *c)
{
	struct topic_settings *t = number == ORIGIN_COMMON ? &l->s->topic : &l->s->overrides[number - 1].topic;
	char path[ROW_PATH_MAX];
	int line = line_of(c);

	row_path(r, path);
	if (number == ORIGIN_COMMON && r->flags & ROW_OVERRIDE_ONLY) {
		error_set(l->e, ERROR_GIVE_UP, 0, "this belongs in an override, else all topics would share it");
		return fail_at(l, line, path);
	}
	if (number != ORIGIN_COMMON && !(r->flags & ROW_PER_TOPIC)) {
		error_set(l->e, ERROR_GIVE_UP, 0,
			  "this cannot differ from topic to topic; run a second instance with a file of its own");
		return fail_at(l, line, path);
	}
	if (set_row(l, r, value_base(r, l->s, t), c, path) < 0)
		return -1;
	origins_set(l->s->origins, number, r,
		    (struct origin){ .kind = ORIGIN_FILE,
				     .file = origins_file(l->s->origins, source_file_at(&l->source, line)),
				     .line = source_line_at(&l->source, line) });
	return 0;
}

static int load_group(struct load *l, size_t number, config_setting_t *group)
{
	const char *name = config_setting_name(group);

	if (!config_setting_is_group(group)) {
		error_set(l->e, ERROR_GIVE_UP, 0, "this is a group: write %s = { … };", name);
		return fail_at(l, line_of(group), name);
	}
	for (int i = 0; i < config_setting_length(group); i++) {
		config_setting_t *c = config_setting_get_elem(group, (unsigned)i);
		const struct row *r = row_find(name, config_setting_name(c));

		if (r == NULL)
			return unknown(l, line_of(c), name, config_setting_name(c));
		if (load_row(l, number, r, c) < 0)
			return -1;
	}
	return 0;
}

/* What stands at the top of the file, or of an override. */
static int load_member(struct load *l, size_t number, config_setting_t *c)
{
	const char *name = config_setting_name(c);
	const struct row *r = row_find("", name);

	if (row_group_find(name) != NULL)
		return load_group(l, number, c);
	if (r == NULL)
		return unknown(l, line_of(c), "", name);
	return load_row(l, number, r, c);
}

static int load_common(struct load *l)
{
	config_setting_t *root = config_root_setting(&l->config);

	for (int i = 0; i < config_setting_length(root); i++) {
		config_setting_t *c = config_setting_get_elem(root, (unsigned)i);

		if (strcmp(config_setting_name(c), "override") != 0 && load_member(l, ORIGIN_COMMON, c) < 0)
			return -1;
	}
	return 0;
}

/* What goes with a value that the override gives otherwise is not inherited. */
static void disinherit(struct load *l, size_t number, const char *group, const char *given, const char *dependent)
{
	const struct row *r = row_find(group, dependent), *cause = row_find(group, given);
	struct error e;

	if (origins_get(l->s->origins, number, cause)->kind != ORIGIN_FILE ||
	    origins_get(l->s->origins, number, r)->kind != ORIGIN_NONE)
		return;
	value_set_default(r, &l->s->overrides[number - 1].topic, &e);
	origins_set(l->s->origins, number, r, (struct origin){ .kind = ORIGIN_DEFAULT });
}

static int load_override(struct load *l, config_setting_t *entry)
{
	size_t number = origins_add_override(l->s->origins);
	struct override *o;
	bool topics = false;

	l->s->overrides = mem_realloc(l->s->overrides, number * sizeof(*o));
	o = &l->s->overrides[l->s->n_overrides++];
	*o = (struct override){ .line = source_line_at(&l->source, line_of(entry)) };
	for (size_t i = 0; i < n_rows; i++)
		if (rows[i].flags & ROW_PER_TOPIC)
			value_copy(&rows[i], &o->topic, &l->s->topic);
	for (int i = 0; i < config_setting_length(entry); i++) {
		config_setting_t *c = config_setting_get_elem(entry, (unsigned)i);

		if (strcmp(config_setting_name(c), "topics") == 0) {
			if (set_row(l, &override_topics, o, c, "override.topics") < 0)
				return -1;
			topics = o->topics.n > 0;
		} else if (load_member(l, number, c) < 0) {
			return -1;
		}
	}
	if (!topics) {
		error_set(l->e, ERROR_GIVE_UP, 0, "topics must be given: the topics that the entry is for");
		return fail_at(l, line_of(entry), "override");
	}
	disinherit(l, number, "output", "compression", "level");
	disinherit(l, number, "s3", "sse", "kms_key_id");
	return 0;
}

static int load_overrides(struct load *l)
{
	config_setting_t *list = config_lookup(&l->config, "override");

	if (list == NULL)
		return 0;
	if (!config_setting_is_list(list)) {
		error_set(l->e, ERROR_GIVE_UP, 0, "this is a list of groups: write override = ( { … }, { … } );");
		return fail_at(l, line_of(list), "override");
	}
	for (int i = 0; i < config_setting_length(list); i++) {
		config_setting_t *entry = config_setting_get_elem(list, (unsigned)i);

		if (!config_setting_is_group(entry)) {
			error_set(l->e, ERROR_GIVE_UP, 0, "an entry is a group: { topics = [ … ]; … }");
			return fail_at(l, line_of(entry), "override");
		}
		if (load_override(l, entry) < 0)
			return -1;
	}
	return 0;
}

/* Credentials are the chain's business, which asks the environment last; other rows take it here. */
static int load_environment(struct load *l)
{
	for (size_t i = 0; i < n_rows; i++) {
		const struct row *r = &rows[i];

		for (size_t j = 0; j < 2 && r->environment[j] != NULL && !(r->flags & ROW_SECRET); j++) {
			const char *value = getenv(r->environment[j]);
			char **field = (char **)((char *)l->s + r->offset);

			if (value == NULL || value[0] == '\0' || (*field)[0] != '\0')
				continue;
			if (value_set_string(r, l->s, value, l->e) < 0)
				return error_context(l->e, "%s of the environment", r->environment[j]);
			origins_set(l->s->origins, ORIGIN_COMMON, r,
				    (struct origin){ .kind = ORIGIN_ENVIRONMENT, .variable = r->environment[j] });
		}
	}
	return 0;
}

static bool is_empty(const struct row *r, const struct settings *s)
{
	const char *field = (const char *)s + r->offset;

	return r->type == ROW_STRINGS ? ((const struct string_list *)field)->n == 0
				      : (*(char *const *)field)[0] == '\0';
}

static int check_required(struct load *l)
{
	for (size_t i = 0; i < n_rows; i++) {
		const struct row *r = &rows[i];
		config_setting_t *place = config_lookup(&l->config, r->group);
		char path[ROW_PATH_MAX];

		if (!(r->flags & ROW_REQUIRED) || !is_empty(r, l->s))
			continue;
		row_path(r, path);
		if (place != NULL && config_setting_get_member(place, r->name) != NULL) {
			place = config_setting_get_member(place, r->name);
			error_set(l->e, ERROR_GIVE_UP, 0, "this is empty, and has no default");
		} else {
			error_set(l->e, ERROR_GIVE_UP, 0, "this must be given: it has no default");
		}
		return fail_at(l, place != NULL ? line_of(place) : 1, path);
	}
	return 0;
}

/* What libconfig has copied. */
static void wipe_texts(config_setting_t *parent)
{
	for (int i = 0; i < config_setting_length(parent); i++) {
		config_setting_t *c = config_setting_get_elem(parent, (unsigned)i);
		char *text = (char *)config_setting_get_string(c);

		if (text != NULL)
			explicit_bzero(text, strlen(text));
		if (config_setting_is_aggregate(c))
			wipe_texts(c);
	}
}

static int parse(struct load *l, const char *path)
{
	struct syntax_lines lines = { 0 };
	size_t n = 0;
	int rc = source_read(&l->source, path, l->e);

	if (rc == 0)
		rc = syntax_check(&l->source, &lines, l->e);
	if (rc == 0 && config_read_string(&l->config, buf_str(&l->source.text)) != CONFIG_TRUE) {
		int line = config_error_line(&l->config);

		rc = error_set(l->e, ERROR_GIVE_UP, 0, "%s:%d: %s", source_file_at(&l->source, line),
			       source_line_at(&l->source, line), config_error_text(&l->config));
	}
	if (rc == 0)
		give_lines(config_root_setting(&l->config), &lines, &n);
	free(lines.lines);
	return rc;
}

/* Takes the text. */
static void doubt(struct settings *s, char *text)
{
	s->doubts.items = mem_realloc(s->doubts.items, (s->doubts.n + 1) * sizeof(*s->doubts.items));
	s->doubts.items[s->doubts.n++] = text;
}

static void find_doubts(const struct load *l)
{
	if (l->exposed != NULL)
		doubt(l->s, mem_printf("'%s' holds a secret (%s) and others can read it; chmod o-r '%s'", l->exposed,
				       l->exposed_by, l->exposed));
	for (size_t i = 0; i < l->s->kafka_options.n; i++) {
		const char *why = kafka_option_doubt(l->s->kafka_options.items[i]);

		if (why != NULL)
			doubt(l->s, mem_printf("kafka.options: %s", why));
	}
}

void settings_tell_doubts(const struct settings *s)
{
	for (size_t i = 0; i < s->doubts.n; i++)
		log_event(MESSAGE_SETTINGS_DOUBTFUL, LOG_FIELDS(LOG_TEXT("FILE", s->file)), "%s", s->doubts.items[i]);
}

static int load(const char *path, bool look, struct settings **s, struct error *e)
{
	struct load l = { .look = look, .e = e };
	int rc;

	*s = NULL;
	l.s = mem_zalloc(sizeof(*l.s));
	l.s->file = mem_strdup(path);
	l.s->kafka_stop_ms = INT64_MAX;
	l.s->origins = origins_new();
	config_init(&l.config);
	rc = value_set_defaults(l.s, e);
	if (rc == 0)
		rc = parse(&l, path);
	if (rc == 0)
		rc = load_common(&l);
	if (rc == 0)
		rc = load_environment(&l);
	if (rc == 0)
		rc = check_required(&l);
	if (rc == 0)
		rc = load_overrides(&l);
	if (rc == 0)
		rc = start_parse(l.s->kafka_start, &l.s->kafka_start_ms, e);
	if (rc == 0)
		rc = pairs_check(l.s, e);
	if (rc == 0)
		find_doubts(&l);
	wipe_texts(config_root_setting(&l.config));
	config_destroy(&l.config);
	source_free(&l.source);
	free(l.exposed);
	if (rc == 0)
		*s = l.s;
	else
		settings_free(l.s);
	return rc;
}

int settings_load(const char *path, struct settings **s, struct error *e)
{
	return load(path, false, s, e);
}

int settings_look_over(const char *path, struct settings **s, struct error *e)
{
	return load(path, true, s, e);
}
