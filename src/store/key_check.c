/* SPDX-License-Identifier: Apache-2.0 */
/* What a key template may be. Every range, and every slot of a range, must get keys of its own, visible to Athena and
 * short enough for S3; whatever could break that is refused here, so that key_build cannot fail. */
#include "store/key.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "encode/codec.h"
#include "store/key_template.h"

#define TABLE_MAX 255

/* Besides letters and digits: what neither S3, Hadoop paths nor URLs give a meaning of its own. */
#define LITERALS "-_.=+,@!()'"

static int check_literal(const struct topic_settings *t, const struct key_token *token, struct error *e)
{
	for (size_t i = 0; i < token->len; i++) {
		char c = token->text[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (!plain && strchr(LITERALS, c) == NULL)
			return error_set(
				e, ERROR_GIVE_UP, 0,
				"the key template has the byte 0x%02x at character %zu; use letters, digits and "
				"any of " LITERALS,
				(unsigned char)c, (size_t)(token->text + i - t->key) + 1);
	}
	return 0;
}

static int check_component(const struct topic_settings *t, const struct key_component *c, struct error *e)
{
	size_t place = (size_t)(c->text - t->key) + 1;
	struct key_token token;

	if (c->len == 0)
		return error_set(
			e, ERROR_GIVE_UP, 0,
			"the key template has an empty folder or name at character %zu; take out the \"/\" too many",
			place);
	if (strspn(c->text, ".") == c->len && c->len <= 2)
		return error_set(
			e, ERROR_GIVE_UP, 0,
			"the key template has \"%.*s\" as a folder or name at character %zu; S3 clients resolve it",
			(int)c->len, c->text, place);
	for (const char *p = c->text; p < c->text + c->len; p += token.len) {
		token = key_token_at(p, c->text + c->len);
		if (token.field == FIELD_UNKNOWN)
			return error_set(
				e, ERROR_GIVE_UP, 0,
				"the key template has the unknown placeholder \"%.*s\" at character %zu; there are "
				"{prefix} {table} {dt} {hour} {topic} {partition} {start} {id} {ext}",
				(int)token.len, token.text, (size_t)(p - t->key) + 1);
		if (token.field == FIELD_LITERAL && check_literal(t, &token, e) != 0)
			return -1;
	}
	if ((c->fields & KEY_FIELD(FIELD_PREFIX)) != 0 &&
	    (c->text != t->key || c->len != strlen(key_field_names[FIELD_PREFIX])))
		return error_set(e, ERROR_GIVE_UP, 0,
				 "the key template has \"{prefix}\" at character %zu; it may only be the first folder",
				 place);
	return 0;
}

static int check_base(const struct topic_settings *t, const struct key_component *c, struct error *e)
{
	static const char ending[] = ".{ext}";
	size_t len = sizeof(ending) - 1, place = (size_t)(c->text - t->key) + 1;

	if (!key_component_kept(c, t->partition_by))
		return error_set(
			e, ERROR_GIVE_UP, 0,
			"the key template's name at character %zu holds a time that output.partition_by does not give",
			place);
	if (c->text[0] == '_' || c->text[0] == '.')
		return error_set(
			e, ERROR_GIVE_UP, 0,
			"the key template's name at character %zu begins with \"%c\", which hides objects from Athena",
			place, c->text[0]);
	if (c->len < len || memcmp(c->text + c->len - len, ending, len) != 0)
		return error_set(e, ERROR_GIVE_UP, 0,
				 "the key template must end in \"%s\": Athena tells the compression by it", ending);
	return 0;
}

/* Every range, and every slot of a range, has keys of its own. */
static int check_fields(const struct topic_settings *t, unsigned fields, struct error *e)
{
	unsigned times = KEY_FIELD(FIELD_DT) | KEY_FIELD(FIELD_HOUR);
	unsigned need = KEY_RANGE_FIELDS | (times & ~key_fields_without(t->partition_by));

	for (enum key_field f = 0; f < N_FIELDS; f++)
		if ((need & ~fields & KEY_FIELD(f)) != 0)
			return error_set(
				e, ERROR_GIVE_UP, 0,
				"the key template lacks \"%s\", without which two objects would get the same key",
				key_field_names[f]);
	return 0;
}

static int check_prefix(const char *name, const char *prefix, struct error *e)
{
	size_t len = strlen(prefix);

	if (len == 0)
		return 0;
	if (prefix[0] == '/' || prefix[len - 1] == '/' || strstr(prefix, "//") != NULL)
		return error_set(
			e, ERROR_GIVE_UP, 0,
			"%s = \"%s\" has an empty folder; write it without \"/\" at its ends and without \"//\"", name,
			prefix);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)prefix[i] < 0x20 || prefix[i] == 0x7f || prefix[i] == '\\')
			return error_set(e, ERROR_GIVE_UP, 0, "%s has the byte 0x%02x at character %zu", name,
					 (unsigned char)prefix[i], i + 1);
	if (!text_is_utf8(prefix, len))
		return error_set(e, ERROR_GIVE_UP, 0, "%s is not UTF-8, as S3 keys must be", name);
	return 0;
}

static bool path_within(const char *path, size_t len, const char *folder, size_t folder_len)
{
	return len >= folder_len && memcmp(path, folder, folder_len) == 0 &&
	       (len == folder_len || path[folder_len] == '/');
}

/* A template without {prefix} has fixed folders of its own, which the dead letters' must not meet either. */
static int check_dead_prefix(const struct topic_settings *t, struct error *e)
{
	size_t head = strcspn(t->key, "{"), len = strlen(t->dead_letter_prefix);

	if (len == 0)
		return error_set(e, ERROR_GIVE_UP, 0,
				 "output.dead_letter_prefix is empty; dead letters need a folder outside every table");
	while (head > 0 && t->key[head - 1] != '/')
		head--;
	if (head > 0 && (path_within(t->key, head - 1, t->dead_letter_prefix, len) ||
			 path_within(t->dead_letter_prefix, len, t->key, head - 1)))
		return error_set(
			e, ERROR_GIVE_UP, 0,
			"the key template's folder \"%.*s\" and output.dead_letter_prefix = \"%s\" lie in one another",
			(int)(head - 1), t->key, t->dead_letter_prefix);
	return 0;
}

/* The longest that a template can become, a slash behind each component included. */
static size_t longest(const char *template, enum partition_by by, const size_t max[N_FIELDS])
{
	size_t len = 0;
	struct key_token token;

	while (template != NULL) {
		struct key_component c = key_component_next(&template);

		if (!key_component_kept(&c, by))
			continue;
		for (const char *p = c.text; p < c.text + c.len; p += token.len) {
			token = key_token_at(p, c.text + c.len);
			len += token.field < N_FIELDS ? max[token.field] : token.len;
		}
		len++;
	}
	return len;
}

static int check_length(const struct topic_settings *t, size_t topic_len, struct error *e)
{
	size_t table_len = t->table[0] != '\0' ? strlen(t->table) : topic_len + 1;
	size_t max[N_FIELDS] = {
		[FIELD_PREFIX] = strlen(t->prefix),
		[FIELD_TABLE] = table_len < TABLE_MAX ? table_len : TABLE_MAX,
		[FIELD_DT] = KEY_SLOT_TEXT,
		[FIELD_HOUR] = KEY_SLOT_TEXT,
		[FIELD_TOPIC] = topic_len,
		[FIELD_PARTITION] = sizeof("2147483647") - 1,
		[FIELD_START] = 20,
		[FIELD_ID] = RANGE_ID_HEX - 1,
		[FIELD_EXT] = strlen(t->format) + strlen(codec_find(t->compression)->suffix),
	};
	/* The slash counted behind the name makes up for the "t" that may come before it. */
	size_t len = longest(t->key, t->partition_by, max), dead;

	assert(max[FIELD_EXT] < KEY_EXT_SIZE);
	max[FIELD_PREFIX] = strlen(t->dead_letter_prefix);
	dead = longest(KEY_DEAD_FOLDERS, t->partition_by, max) + longest(key_dead_base(t), t->partition_by, max);
	len = len > dead ? len : dead;
	if (len > KEY_MAX)
		return error_set(
			e, ERROR_GIVE_UP, 0,
			"keys for a topic of %zu characters can be %zu bytes long and S3 allows %d; shorten the key "
			"template or the prefix",
			topic_len, len, KEY_MAX);
	return 0;
}

int key_template_check(const struct topic_settings *t, size_t topic_len, struct error *e)
{
	const char *p = t->key;
	struct key_component c;
	unsigned fields = 0;

	do {
		c = key_component_next(&p);
		if (check_component(t, &c, e) != 0)
			return -1;
		if (key_component_kept(&c, t->partition_by))
			fields |= c.fields;
	} while (p != NULL);
	if (check_base(t, &c, e) != 0 || check_fields(t, fields, e) != 0 ||
	    check_prefix("s3.prefix", t->prefix, e) != 0 ||
	    check_prefix("output.dead_letter_prefix", t->dead_letter_prefix, e) != 0)
		return -1;
	return check_dead_prefix(t, e) != 0 ? -1 : check_length(t, topic_len, e);
}
