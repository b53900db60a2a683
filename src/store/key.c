/* SPDX-License-Identifier: Apache-2.0 */
/* Slots and object keys. A slot is the hour or day of a record's timestamp; a key is the template with the facts of one
 * object filled in. Percent-encoding belongs to who signs.
 * A folder of the template that names {dt} or {hour} is left out where the partitioning has no such thing, so the
 * default template serves hour, day and none alike. Dead letters use folders of their own and the template's base name.
 * Pure; any thread. */
#include "store/key.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "encode/codec.h"
#include "store/key_catalog.h"
#include "store/key_template.h"

#define HOUR_MS INT64_C(3600000)
/* In the shape of a key: what stands for any such character. */
#define ANY_DIGIT '\1'
#define ANY_HEX '\2'

int64_t slot_of(enum partition_by by, int64_t timestamp_ms)
{
	if (by == PARTITION_BY_NONE)
		return 0;
	if (timestamp_ms < 0 || timestamp_ms >= CIVIL_END_MS)
		return SLOT_NONE;
	return timestamp_ms - timestamp_ms % (by == PARTITION_BY_DAY ? CIVIL_DAY_MS : HOUR_MS);
}

int64_t slot_end(enum partition_by by, int64_t slot)
{
	if (by == PARTITION_BY_NONE)
		return INT64_MAX;
	if (slot == SLOT_NONE)
		return 0;
	return slot + (by == PARTITION_BY_DAY ? CIVIL_DAY_MS : HOUR_MS);
}

void key_slot_texts(int64_t slot, char dt[KEY_SLOT_TEXT + 1], char hour[KEY_SLOT_TEXT + 1])
{
	struct civil_date d;

	if (slot == SLOT_NONE) {
		memcpy(dt, KEY_NULL_PARTITION, KEY_SLOT_TEXT + 1);
		memcpy(hour, KEY_NULL_PARTITION, KEY_SLOT_TEXT + 1);
		return;
	}
	d = civil_date(slot / CIVIL_DAY_MS);
	snprintf(dt, KEY_SLOT_TEXT + 1, "%04d-%02d-%02d", d.year, d.month, d.day);
	snprintf(hour, KEY_SLOT_TEXT + 1, "%02d", (int)(slot % CIVIL_DAY_MS / HOUR_MS));
}

/* Values for every placeholder, and the memory behind those that are made here. */
struct values {
	const char *of[N_FIELDS];
	char dt[KEY_SLOT_TEXT + 1], hour[KEY_SLOT_TEXT + 1];
	char partition[12], start[21], ext[KEY_EXT_SIZE];
};

static void values_fill(struct values *v, const struct topic_settings *t, const struct key_facts *f)
{
	key_slot_texts(f->slot, v->dt, v->hour);
	snprintf(v->partition, sizeof(v->partition), "%d", (int)f->partition);
	snprintf(v->start, sizeof(v->start), "%020lld", (long long)f->start);
	snprintf(v->ext, sizeof(v->ext), "%s%s", f->dead ? KEY_DEAD_FORMAT : t->format,
		 codec_find(t->compression)->suffix);
	v->of[FIELD_PREFIX] = f->dead ? t->dead_letter_prefix : t->prefix;
	v->of[FIELD_TABLE] = f->table;
	v->of[FIELD_DT] = v->dt;
	v->of[FIELD_HOUR] = v->hour;
	v->of[FIELD_TOPIC] = f->topic;
	v->of[FIELD_PARTITION] = v->partition;
	v->of[FIELD_START] = v->start;
	v->of[FIELD_ID] = f->range_id;
	v->of[FIELD_EXT] = v->ext;
}

static size_t put(char *out, size_t at, const char *text, size_t len)
{
	assert(len <= KEY_MAX - at);
	memcpy(out + at, text, len);
	return at + len;
}

static size_t put_component(char *out, size_t at, const struct key_component *c, const struct values *v)
{
	struct key_token t;

	for (const char *p = c->text; p < c->text + c->len; p += t.len) {
		t = key_token_at(p, c->text + c->len);
		at = t.field < N_FIELDS ? put(out, at, v->of[t.field], strlen(v->of[t.field]))
					: put(out, at, t.text, t.len);
	}
	return at;
}

/* The folders of a template that the partitioning has, each with its slash; an empty prefix leaves none. */
static size_t put_folders(char *out, const char *template, bool with_last, enum partition_by by, const struct values *v)
{
	size_t at = 0, before;

	while (template != NULL) {
		struct key_component c = key_component_next(&template);

		if ((c.last && !with_last) || !key_component_kept(&c, by))
			continue;
		before = at;
		at = put_component(out, at, &c, v);
		if (at > before)
			at = put(out, at, "/", 1);
	}
	return at;
}

static void build(const struct topic_settings *t, bool dead, const struct values *v, char out[KEY_MAX + 1])
{
	const char *base_text = dead ? key_dead_base(t) : key_base_of(t->key).text;
	struct key_component base = key_component_next(&base_text);
	char name[KEY_MAX];
	size_t at, name_len;

	at = put_folders(out, dead ? KEY_DEAD_FOLDERS : t->key, dead, t->partition_by, v);
	name_len = put_component(name, 0, &base, v);
	if (name_len > 0 && (name[0] == '_' || name[0] == '.'))
		at = put(out, at, "t", 1);
	at = put(out, at, name, name_len);
	out[at] = '\0';
}

void key_build(const struct topic_settings *t, const struct key_facts *facts, char out[KEY_MAX + 1])
{
	struct values v;

	values_fill(&v, t, facts);
	build(t, facts->dead, &v, out);
}

void key_prefix(const struct topic_settings *t, bool dead, char out[KEY_MAX + 1])
{
	const char *template = dead ? KEY_DEAD_FOLDERS : t->key;
	struct values v = { .of[FIELD_PREFIX] = dead ? t->dead_letter_prefix : t->prefix };
	struct key_component c = key_component_next(&template);
	size_t at = 0, before;

	for (; !c.last && (c.fields & ~KEY_FIELD(FIELD_PREFIX)) == 0; c = key_component_next(&template)) {
		before = at;
		at = put_component(out, at, &c, &v);
		if (at > before)
			at = put(out, at, "/", 1);
	}
	out[at] = '\0';
}

/* The shape's characters, or any of their kind; id is taken from where it stands. */
static bool fits(const char *shape, const char *key, char id[RANGE_ID_HEX])
{
	size_t n = 0;

	for (; *shape != '\0'; shape++, key++) {
		if (*shape == ANY_HEX && (isdigit((unsigned char)*key) || (*key >= 'a' && *key <= 'f')))
			id[n++ % (RANGE_ID_HEX - 1)] = *key;
		else if (*shape == ANY_DIGIT ? !isdigit((unsigned char)*key) : *shape != *key)
			return false;
	}
	id[RANGE_ID_HEX - 1] = '\0';
	return *key == '\0';
}

bool key_is_of(const struct topic_settings *t, const struct key_facts *facts, const char *key, char id[RANGE_ID_HEX])
{
	char any_start[21] = "", any_id[RANGE_ID_HEX] = "", shape[KEY_MAX + 1];
	struct key_facts f = *facts;
	struct values v;

	memset(any_start, ANY_DIGIT, sizeof(any_start) - 1);
	memset(any_id, ANY_HEX, sizeof(any_id) - 1);
	for (int i = 0; i < 4; i++) {
		f.dead = (i & 1) != 0;
		f.slot = (i & 2) != 0 ? SLOT_NONE : 0;
		values_fill(&v, t, &f);
		v.of[FIELD_START] = any_start;
		v.of[FIELD_ID] = any_id;
		if (f.slot != SLOT_NONE) {
			v.of[FIELD_DT] = "\1\1\1\1-\1\1-\1\1";
			v.of[FIELD_HOUR] = "\1\1";
		}
		build(t, f.dead, &v, shape);
		if (fits(shape, key, id))
			return true;
	}
	return false;
}
