/* SPDX-License-Identifier: Apache-2.0 */
/* The committed text. Words of "name=value", so that a person reads it with any Kafka tool, and strict to read back: a
 * word that is not known means a newer program wrote it, and what it meant must not be guessed. */
#include "kafka/intent.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM "kafka2s3/"
#define WORD_MAX 512
#define NUMBERS_MAX 8

/* Values of a comma list while it is read: a number, or an id in its place. */
struct values {
	char words[NUMBERS_MAX][INTENT_NAME_MAX];
	int n;
};

static bool read_values(const char *s, struct values *v)
{
	v->n = 0;
	for (;;) {
		size_t len = strcspn(s, ",");

		if (len == 0 || len >= INTENT_NAME_MAX || v->n == NUMBERS_MAX)
			return false;
		memcpy(v->words[v->n], s, len);
		v->words[v->n++][len] = '\0';
		if (s[len] == '\0')
			return true;
		s += len + 1;
	}
}

/* Only what intent_write writes: no plus, no white space, no leading zero. */
static bool read_number(const char *s, int64_t *n)
{
	const char *digits = *s == '-' ? s + 1 : s;

	if (*digits == '\0' || digits[strspn(digits, "0123456789")] != '\0' ||
	    (*digits == '0' && (digits != s || digits[1] != '\0')))
		return false;
	errno = 0;
	*n = strtoll(s, NULL, 10);
	return errno == 0;
}

/* An offset, a number of records, bytes. */
static bool read_count(const char *s, int64_t *n)
{
	return read_number(s, n) && *n >= 0;
}

static bool read_int(const char *s, int32_t *n)
{
	int64_t wide;

	if (!read_number(s, &wide) || wide < INT32_MIN || wide > INT32_MAX)
		return false;
	*n = (int32_t)wide;
	return true;
}

static bool read_small_count(const char *s, int32_t *n)
{
	return read_int(s, n) && *n >= 0;
}

static bool read_hash(const char *s, uint64_t *hash)
{
	char *end;

	if (strlen(s) != 16 || strspn(s, "0123456789abcdef") != 16)
		return false;
	*hash = strtoull(s, &end, 16);
	return true;
}

static bool read_id(const char *s, char id[RANGE_ID_SIZE])
{
	if (strlen(s) != RANGE_ID_SIZE - 1 || strspn(s, "0123456789abcdef") != RANGE_ID_SIZE - 1)
		return false;
	memcpy(id, s, RANGE_ID_SIZE);
	return true;
}

/* Neither Kafka nor this program makes names of anything else. */
static bool is_plain(const char *s)
{
	while (*s > ' ' && *s < 0x7f)
		s++;
	return *s == '\0';
}

static bool read_name(const char *s, char name[INTENT_NAME_MAX])
{
	size_t len = strlen(s);

	if (len == 0 || len >= INTENT_NAME_MAX || !is_plain(s))
		return false;
	memcpy(name, s, len + 1);
	return true;
}

static bool read_birth(const char *s, struct birth *b)
{
	struct values v;

	return read_values(s, &v) && v.n == 3 && read_number(v.words[0], &b->time_ms) &&
	       read_number(v.words[1], &b->start_ms) && read_small_count(v.words[2], &b->partitions);
}

static bool read_before(const char *s, struct chain *c)
{
	static const char begins[] = "begins:";
	struct values v;

	if (strncmp(s, begins, sizeof(begins) - 1) == 0) {
		s += sizeof(begins) - 1;
		if (*s == '\0' || strlen(s) >= sizeof(c->begins) || !is_plain(s))
			return false;
		memcpy(c->begins, s, strlen(s) + 1);
		return true;
	}
	return read_values(s, &v) && v.n == 4 && read_count(v.words[0], &c->previous_start) &&
	       read_id(v.words[1], c->previous_id) && read_small_count(v.words[2], &c->previous_objects) &&
	       read_count(v.words[3], &c->previous_records);
}

static bool read_skipped(const char *s, struct chain *c)
{
	struct values v;

	return read_values(s, &v) && v.n == 3 && read_count(v.words[0], &c->skipped_first) &&
	       read_count(v.words[1], &c->skipped_next) && c->skipped_next > c->skipped_first &&
	       read_count(v.words[2], &c->skipped_tombstones);
}

static bool read_land(const char *s, struct intent_land *l)
{
	struct values v;

	l->given = true;
	return read_values(s, &v) && v.n == 6 && read_count(v.words[0], &l->first) &&
	       read_count(v.words[1], &l->stop) && l->first <= l->stop && read_count(v.words[2], &l->objects) &&
	       read_count(v.words[3], &l->landed) && read_count(v.words[4], &l->dead) &&
	       read_count(v.words[5], &l->skipped);
}

static bool read_range(const char *s, struct intent_text *t)
{
	struct values v;
	struct range_facts *f;

	if (t->n == ASSIGNMENT_MAX_SEALED || !read_values(s, &v) || v.n != 8)
		return false;
	f = &t->ranges[t->n];
	f->start = t->n > 0 ? t->ranges[t->n - 1].end : t->start;
	t->n++;
	return read_count(v.words[0], &f->end) && f->end > f->start && read_id(v.words[1], f->id) &&
	       read_hash(v.words[2], &f->fingerprint) && read_small_count(v.words[3], &f->objects) &&
	       read_count(v.words[4], &f->landed) && read_count(v.words[5], &f->dead) &&
	       read_count(v.words[6], &f->skipped) && read_count(v.words[7], &f->bytes);
}

/* The words in the order in which they stand; each but the repeated and the optional exactly once. */
enum word {
	WORD_CLUSTER,
	WORD_TOPIC,
	WORD_PARTITION,
	WORD_START,
	WORD_TO,
	WORD_SCHEMA,
	WORD_BORN,
	WORD_BEFORE,
	WORD_SKIPPED, /* from here on a word may be missing */
	WORD_LAND,
	WORD_RANGE,
	WORDS,
};

static const char *const word_names[WORDS] = {
	[WORD_CLUSTER] = "cluster", [WORD_TOPIC] = "topic",   [WORD_PARTITION] = "partition", [WORD_START] = "start",
	[WORD_TO] = "to",           [WORD_SCHEMA] = "schema", [WORD_BORN] = "born",           [WORD_BEFORE] = "before",
	[WORD_SKIPPED] = "skipped", [WORD_LAND] = "land",     [WORD_RANGE] = "range",
};

static bool read_word(enum word word, const char *value, struct intent_text *t)
{
	switch (word) {
	case WORD_CLUSTER:
		return read_name(value, t->cluster);
	case WORD_TOPIC:
		return read_name(value, t->topic);
	case WORD_PARTITION:
		return read_small_count(value, &t->partition);
	case WORD_START:
		return read_count(value, &t->start);
	case WORD_TO:
		return read_hash(value, &t->destination);
	case WORD_SCHEMA:
		return read_int(value, &t->schema);
	case WORD_BORN:
		return read_birth(value, &t->birth);
	case WORD_BEFORE:
		return read_before(value, &t->before);
	case WORD_SKIPPED:
		return read_skipped(value, &t->before);
	case WORD_LAND:
		return read_land(value, &t->land);
	case WORD_RANGE:
		return read_range(value, t);
	default:
		return false;
	}
}

static enum word find_word(const char *name, size_t len)
{
	enum word w = 0;

	while (w < WORDS && (strncmp(word_names[w], name, len) != 0 || word_names[w][len] != '\0'))
		w++;
	return w;
}

/* One "name=value"; words must come in order, so that none is missing and none is doubled. */
static enum intent_verdict take_word(const char *text, size_t len, enum word *expected, struct intent_text *t)
{
	char word[WORD_MAX];
	size_t name_len;
	enum word w;

	if (len >= sizeof(word))
		return INTENT_DAMAGED;
	memcpy(word, text, len);
	word[len] = '\0';
	name_len = strcspn(word, "=");
	w = find_word(word, name_len);
	if (w == WORDS)
		return INTENT_NEWER;
	if (word[name_len] == '\0')
		return INTENT_DAMAGED;
	if (w > *expected && *expected >= WORD_SKIPPED)
		*expected = w;
	if (w != *expected || !read_word(w, word + name_len + 1, t))
		return INTENT_DAMAGED;
	if (w != WORD_RANGE)
		(*expected)++;
	return INTENT_OURS;
}

enum intent_verdict intent_read(const char *text, struct intent_text *t)
{
	enum word expected = WORD_CLUSTER;
	enum intent_verdict verdict = INTENT_OURS;
	size_t len;

	memset(t, 0, sizeof(*t));
	if (text == NULL || strncmp(text, PROGRAM, sizeof(PROGRAM) - 1) != 0)
		return INTENT_ABSENT;
	text += sizeof(PROGRAM) - 1;
	len = strcspn(text, " ");
	if (len != 1 || text[0] != '0' + INTENT_VERSION)
		return INTENT_NEWER;
	for (text += len; *text == ' ' && verdict == INTENT_OURS; text += len) {
		text++;
		len = strcspn(text, " ");
		verdict = take_word(text, len, &expected, t);
	}
	if (verdict == INTENT_OURS && expected < WORD_SKIPPED)
		verdict = INTENT_DAMAGED;
	return verdict;
}

void intent_land_end_at(struct intent_land *l, int64_t stop)
{
	l->stop = stop;
	l->first = l->first < stop ? l->first : stop;
}

bool intent_is_about(const struct intent_text *t, const char *cluster, const char *topic, int32_t partition,
		     int64_t offset)
{
	return strcmp(t->cluster, cluster) == 0 && strcmp(t->topic, topic) == 0 && t->partition == partition &&
	       t->start == offset;
}

static int add(char *out, int len, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static int add(char *out, int len, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(out + len, (size_t)(INTENT_TEXT_MAX - len), fmt, ap);
	va_end(ap);
	return len + n < INTENT_TEXT_MAX ? len + n : INTENT_TEXT_MAX - 1;
}

static int add_before(char *out, int len, const struct chain *c)
{
	if (c->begins[0] != '\0')
		len = add(out, len, " before=begins:%s", c->begins);
	else
		len = add(out, len, " before=%" PRId64 ",%s,%" PRId32 ",%" PRId64, c->previous_start, c->previous_id,
			  c->previous_objects, c->previous_records);
	if (c->skipped_first != c->skipped_next)
		len = add(out, len, " skipped=%" PRId64 ",%" PRId64 ",%" PRId64, c->skipped_first, c->skipped_next,
			  c->skipped_tombstones);
	return len;
}

static int add_land(char *out, int len, const struct intent_land *l)
{
	return add(out, len, " land=%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64, l->first,
		   l->stop, l->objects, l->landed, l->dead, l->skipped);
}

int intent_write(const struct intent_text *t, int max_ranges, char *out)
{
	int len = add(out, 0, PROGRAM "%d cluster=%s topic=%s partition=%" PRId32 " start=%" PRId64, INTENT_VERSION,
		      t->cluster, t->topic, t->partition, t->start);

	len = add(out, len, " to=%016" PRIx64 " schema=%" PRId32 " born=%" PRId64 ",%" PRId64 ",%" PRId32,
		  t->destination, t->schema, t->birth.time_ms, t->birth.start_ms, t->birth.partitions);
	len = add_before(out, len, &t->before);
	if (t->land.given)
		len = add_land(out, len, &t->land);
	for (int i = 0; i < t->n && i < max_ranges; i++) {
		const struct range_facts *f = &t->ranges[i];

		len = add(out, len,
			  " range=%" PRId64 ",%s,%016" PRIx64 ",%" PRId32 ",%" PRId64 ",%" PRId64 ",%" PRId64
			  ",%" PRId64,
			  f->end, f->id, f->fingerprint, f->objects, f->landed, f->dead, f->skipped, f->bytes);
	}
	return len;
}
