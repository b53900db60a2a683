/* SPDX-License-Identifier: Apache-2.0 */
/* Key templates read backwards. A pattern is a template with its prefix filled in and the folders left out that its
 * partitioning has no value for; a key is matched against each of the few patterns, with a step back where a field
 * could have been shorter. */
#include "verify/places.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "settings/match.h"
#include "store/key_template.h"
#include "verify/facts.h"

#define START_DIGITS 20
#define ID_DIGITS 16
#define PARTITION_DIGITS 10

static void add_unique(char ***list, size_t *n, const char *text)
{
	for (size_t i = 0; i < *n; i++)
		if (strcmp((*list)[i], text) == 0)
			return;
	*list = mem_realloc(*list, (*n + 1) * sizeof(**list));
	(*list)[(*n)++] = mem_strdup(text);
}

/* A component with its prefix, and table and topic when they are known, filled in. False: something else is left. */
static bool fill(struct buf *b, const struct key_component *c, const char *prefix, const char *table, const char *topic)
{
	bool whole = true;
	struct key_token t;

	for (const char *at = c->text; at < c->text + c->len; at += t.len) {
		const char *value = NULL;

		t = key_token_at(at, c->text + c->len);
		if (t.field == FIELD_PREFIX)
			value = prefix;
		else if (t.field == FIELD_TABLE)
			value = table;
		else if (t.field == FIELD_TOPIC)
			value = topic;
		if (value != NULL)
			buf_adds(b, value);
		else
			buf_add(b, t.text, t.len);
		whole = whole && (value != NULL || t.field == FIELD_LITERAL);
	}
	return whole;
}

/* Folders of a template, each with its slash; known: only the first ones, as far as they are known whole. */
static void add_folders(struct buf *b, const char *template, bool with_last, bool known, enum partition_by by,
			const char *prefix, const char *table, const char *topic)
{
	while (template != NULL) {
		struct key_component c = key_component_next(&template);
		size_t before = b->len;

		if ((c.last && !with_last) || !key_component_kept(&c, by))
			continue;
		if (!fill(b, &c, prefix, table, topic) && known) {
			b->len = before;
			return;
		}
		if (b->len > before)
			buf_addc(b, '/');
	}
}

static void add_patterns(struct places *p, const struct topic_settings *t)
{
	static const enum partition_by all[] = { PARTITION_BY_HOUR, PARTITION_BY_DAY, PARTITION_BY_NONE };
	struct buf b;

	buf_init(&b, SIZE_MAX);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		buf_clear(&b);
		add_folders(&b, t->key, false, false, all[i], t->prefix, NULL, NULL);
		buf_adds(&b, key_base_of(t->key).text);
		add_unique(&p->patterns, &p->n_patterns, buf_str(&b));
		buf_clear(&b);
		add_folders(&b, KEY_DEAD_FOLDERS, true, false, all[i], t->dead_letter_prefix, NULL, NULL);
		buf_adds(&b, key_dead_base(t));
		add_unique(&p->patterns, &p->n_patterns, buf_str(&b));
	}
	buf_free(&b);
}

/* topic NULL: any. */
static void add_prefixes(struct places *p, const struct topic_settings *t, const char *topic)
{
	char *table = topic != NULL ? settings_table_name(t, topic) : NULL;
	struct buf b;

	buf_init(&b, SIZE_MAX);
	add_folders(&b, t->key, false, true, PARTITION_BY_HOUR, t->prefix, table, topic);
	add_unique(&p->prefixes, &p->n_prefixes, buf_str(&b));
	buf_clear(&b);
	add_folders(&b, KEY_DEAD_FOLDERS, true, true, PARTITION_BY_HOUR, t->dead_letter_prefix, table, topic);
	add_unique(&p->prefixes, &p->n_prefixes, buf_str(&b));
	buf_free(&b);
	free(table);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A prefix that another one holds would list the same keys again. */
static void drop_held(struct places *p)
{
	size_t n = 0;

	qsort(p->prefixes, p->n_prefixes, sizeof(p->prefixes[0]), by_text);
	for (size_t i = 0; i < p->n_prefixes; i++) {
		if (n > 0 && strncmp(p->prefixes[i], p->prefixes[n - 1], strlen(p->prefixes[n - 1])) == 0)
			free(p->prefixes[i]);
		else
			p->prefixes[n++] = p->prefixes[i];
	}
	p->n_prefixes = n;
}

static void add_topic(struct places *p, const char *topic)
{
	const struct topic_settings *t = settings_for_topic(p->settings, topic);

	add_patterns(p, t);
	add_prefixes(p, t, topic);
}

static void add_all(struct places *p)
{
	const struct settings *s = p->settings;

	add_patterns(p, &s->topic);
	add_prefixes(p, &s->topic, NULL);
	for (size_t i = 0; i < s->n_overrides; i++) {
		add_patterns(p, &s->overrides[i].topic);
		add_prefixes(p, &s->overrides[i].topic, NULL);
	}
}

void places_init(struct places *p, const struct settings *s, const char *topic)
{
	bool named = true;

	*p = (struct places){ .settings = s, .topic = topic };
	for (size_t i = 0; i < s->kafka_topics.n; i++)
		named = named && s->kafka_topics.items[i][0] != '^';
	if (topic != NULL)
		add_topic(p, topic);
	else if (named)
		for (size_t i = 0; i < s->kafka_topics.n; i++)
			add_topic(p, s->kafka_topics.items[i]);
	else
		add_all(p);
	drop_held(p);
}

static void add_whole_prefix(struct places *p, const struct topic_settings *t)
{
	char *folder = t->prefix[0] != '\0' ? mem_printf("%s/", t->prefix) : mem_strdup("");

	add_unique(&p->prefixes, &p->n_prefixes, folder);
	free(folder);
}

void places_init_wide(struct places *p, const struct settings *s)
{
	*p = (struct places){ .settings = s };
	add_all(p);
	add_whole_prefix(p, &s->topic);
	for (size_t i = 0; i < s->n_overrides; i++)
		add_whole_prefix(p, &s->overrides[i].topic);
	drop_held(p);
}

void places_free(struct places *p)
{
	for (size_t i = 0; i < p->n_prefixes; i++)
		free(p->prefixes[i]);
	for (size_t i = 0; i < p->n_patterns; i++)
		free(p->patterns[i]);
	free(p->prefixes);
	free(p->patterns);
	*p = (struct places){ 0 };
}

static bool is_of(enum key_field field, char c)
{
	switch (field) {
	case FIELD_PARTITION:
	case FIELD_START:
		return isdigit((unsigned char)c);
	case FIELD_ID:
		return isdigit((unsigned char)c) || (c >= 'a' && c <= 'f');
	case FIELD_TOPIC:
		return isalnum((unsigned char)c) || c == '.' || c == '_' || c == '-';
	default:
		return c != '/';
	}
}

static void limits(enum key_field field, size_t *least, size_t *most)
{
	*least = field == FIELD_START ? START_DIGITS : field == FIELD_ID ? ID_DIGITS : 1;
	*most = field == FIELD_START       ? START_DIGITS
		: field == FIELD_ID        ? ID_DIGITS
		: field == FIELD_PARTITION ? PARTITION_DIGITS
		: field == FIELD_TOPIC     ? PLACE_TOPIC_MAX
					   : SIZE_MAX;
}

static bool take(struct place *out, enum key_field field, const char *text, size_t len)
{
	int64_t number;

	switch (field) {
	case FIELD_TOPIC:
		memcpy(out->topic, text, len);
		out->topic[len] = '\0';
		return true;
	case FIELD_PARTITION:
		number = strtoll(text, NULL, 10);
		out->partition = (int32_t)number;
		return number <= INT32_MAX;
	case FIELD_START:
		out->start = strtoll(text, NULL, 10);
		return out->start < INT64_MAX;
	case FIELD_ID:
		return facts_parse_id(text, len, &out->id);
	default:
		return true;
	}
}

static bool match(const char *pattern, const char *end, const char *key, struct place *out)
{
	struct key_token t;
	size_t least, most, len = 0;

	if (pattern == end)
		return *key == '\0';
	t = key_token_at(pattern, end);
	if (t.field >= N_FIELDS)
		return strncmp(key, t.text, t.len) == 0 && match(pattern + t.len, end, key + t.len, out);
	limits(t.field, &least, &most);
	while (len < most && key[len] != '\0' && is_of(t.field, key[len]))
		len++;
	for (; len >= least; len--)
		if (match(pattern + t.len, end, key + len, out) && take(out, t.field, key, len))
			return true;
	return false;
}

static bool asked_for(const struct places *p, const char *topic)
{
	return p->topic != NULL ? strcmp(p->topic, topic) == 0 : match_topic(&p->settings->kafka_topics, topic);
}

static bool is_hidden(const char *key)
{
	const char *slash = strrchr(key, '/');
	const char *name = slash != NULL ? slash + 1 : key;

	return *name == '_' || *name == '.' || *name == '\0';
}

enum place_kind places_find(const struct places *p, const char *key, struct place *out)
{
	for (size_t i = 0; i < p->n_patterns; i++) {
		if (!match(p->patterns[i], p->patterns[i] + strlen(p->patterns[i]), key, out))
			continue;
		if (asked_for(p, out->topic))
			return PLACE_OURS;
		/* A base name that would begin with "_" or "." has a "t" before it. */
		if (out->topic[0] == 't' && (out->topic[1] == '_' || out->topic[1] == '.') &&
		    asked_for(p, out->topic + 1)) {
			memmove(out->topic, out->topic + 1, strlen(out->topic));
			return PLACE_OURS;
		}
		return PLACE_OTHER;
	}
	return is_hidden(key) ? PLACE_HIDDEN : PLACE_UNKNOWN;
}
