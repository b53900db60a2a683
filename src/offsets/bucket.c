/* SPDX-License-Identifier: Apache-2.0 */
/* What S3 shows of the newest ranges: one listing, then a HEAD for each range that was kept, 64 at a time; and another
 * listing for what other settings have made. Thread: the caller's. */
#include "offsets/bucket.h"

#include <stdlib.h>
#include <string.h>

#include "aws/credentials_cache.h"
#include "base/clock.h"
#include "base/mem.h"
#include "encode/line_count.h"
#include "store/s3.h"
#include "verify/listing.h"

#define HEADS 64
#define SILENCE_MS 60000
#define PIECE_BYTES ((int64_t)8 << 20)
#define FNV_BASIS UINT64_C(14695981039346656037)
#define FNV_PRIME UINT64_C(1099511628211)
#define ID_DIGITS 16

/* An object of a topic that lies where these settings put none. */
struct astray {
	const char *topic;
	char *key; /* NULL: none was found */
};

struct bucket {
	struct places places;
	struct s3 *s3;
	struct bucket_partition **partitions; /* by topic, then number */
	size_t n, cap;
	char *stranger;
	struct astray *astray;
	size_t n_astray;
	const char *mark; /* of the group's range ids, while that is looked for */
};

static int compare(const struct bucket_partition *p, const char *topic, int32_t partition)
{
	int by_topic = strcmp(p->topic, topic);

	return by_topic != 0 ? by_topic : (p->partition > partition) - (p->partition < partition);
}

/* Where it is, or would be. */
static size_t place_of(const struct bucket *b, const char *topic, int32_t partition)
{
	size_t from = 0, to = b->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (compare(b->partitions[middle], topic, partition) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

const struct bucket_partition *bucket_find(const struct bucket *b, const char *topic, int32_t partition)
{
	size_t at = place_of(b, topic, partition);

	return at < b->n && compare(b->partitions[at], topic, partition) == 0 ? b->partitions[at] : NULL;
}

const char *bucket_stranger(const struct bucket *b, const char *topic)
{
	for (size_t i = 0; b->stranger == NULL && i < b->n_astray; i++)
		if (strcmp(b->astray[i].topic, topic) == 0)
			return b->astray[i].key;
	return b->stranger;
}

static struct bucket_partition *find_or_make(struct bucket *b, const char *topic, int32_t partition)
{
	size_t at = place_of(b, topic, partition);
	struct bucket_partition *p;

	if (at < b->n && compare(b->partitions[at], topic, partition) == 0)
		return b->partitions[at];
	if (b->n == b->cap) {
		b->cap = b->cap > 0 ? b->cap * 2 : 16;
		b->partitions = mem_realloc(b->partitions, b->cap * sizeof(struct bucket_partition *));
	}
	memmove(&b->partitions[at + 1], &b->partitions[at], (b->n++ - at) * sizeof(struct bucket_partition *));
	p = b->partitions[at] = mem_zalloc(sizeof(*p));
	p->topic = mem_strdup(topic);
	p->partition = partition;
	return p;
}

static void free_range(struct bucket_range *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->objects[i].key);
	free(r->objects);
	free(r->wrong);
}

/* NULL: it is older than all that are kept. */
static struct bucket_range *range_of(struct bucket_partition *p, int64_t start, uint64_t id)
{
	size_t at = p->n;

	while (at > 0 &&
	       (p->ranges[at - 1].start > start || (p->ranges[at - 1].start == start && p->ranges[at - 1].id > id)))
		at--;
	if (at > 0 && p->ranges[at - 1].start == start && p->ranges[at - 1].id == id)
		return &p->ranges[at - 1];
	if (p->n == BUCKET_RANGES && at == 0)
		return NULL;
	if (p->n == BUCKET_RANGES) {
		free_range(&p->ranges[0]);
		memmove(&p->ranges[0], &p->ranges[1], (--at) * sizeof(p->ranges[0]));
	} else {
		memmove(&p->ranges[at + 1], &p->ranges[at], (p->n - at) * sizeof(p->ranges[0]));
		p->n++;
	}
	p->ranges[at] = (struct bucket_range){ .start = start, .id = id };
	return &p->ranges[at];
}

static void enter(struct bucket *b, const struct listing_row *row)
{
	struct place place;
	enum place_kind kind = places_find(&b->places, row->key, &place);
	struct bucket_partition *p;
	struct bucket_range *r;

	if (kind == PLACE_UNKNOWN && b->stranger == NULL)
		b->stranger = mem_strdup(row->key);
	if (kind != PLACE_OURS)
		return;
	p = find_or_make(b, place.topic, place.partition);
	p->objects++;
	r = range_of(p, place.start, place.id);
	if (r == NULL)
		return;
	r->objects = mem_realloc(r->objects, (r->n + 1) * sizeof(r->objects[0]));
	r->objects[r->n++] = (struct bucket_object){ mem_strdup(row->key), row->bytes };
}

static bool has_id(const char *key, const char *mark)
{
	for (const char *at = strstr(key, mark); at != NULL; at = strstr(at + 1, mark))
		if (strspn(at, "0123456789abcdef") >= ID_DIGITS)
			return true;
	return false;
}

static void enter_astray(struct bucket *b, const struct listing_row *row)
{
	struct place place;

	if (places_find(&b->places, row->key, &place) != PLACE_UNKNOWN || !has_id(row->key, b->mark))
		return;
	for (size_t i = 0; i < b->n_astray; i++)
		if (b->astray[i].key == NULL && strstr(row->key, b->astray[i].topic) != NULL)
			b->astray[i].key = mem_strdup(row->key);
}

/* The next call that is done; NULL: none for too long. */
static struct s3_call *await(struct s3 *s3, struct error *e)
{
	int64_t deadline = clock_boot_ms() + SILENCE_MS;
	const char *trouble;
	struct s3_call *c;

	while ((c = s3_next_done(s3)) == NULL && clock_boot_ms() < deadline)
		s3_wait(s3, 1000);
	if (c != NULL)
		return c;
	trouble = s3_trouble(s3);
	error_set(e, ERROR_RETRY, 0, "nothing is answered: %s", trouble != NULL ? trouble : "no connection moves");
	return NULL;
}

static int list_all(struct bucket *b, void (*see)(struct bucket *b, const struct listing_row *row), struct error *e)
{
	struct listing l;
	struct listing_row row;
	int rc = 0;

	listing_init(&l, b->s3, &b->places);
	while (rc == 0 && !listing_ended(&l)) {
		listing_start(&l, clock_boot_ms());
		while (listing_next(&l, &row)) {
			see(b, &row);
			listing_start(&l, clock_boot_ms());
		}
		if (l.asking)
			rc = await(b->s3, e) != NULL ? listing_take(&l, e) : -1;
	}
	s3_cancel(b->s3, &l.call);
	listing_free(&l);
	return rc;
}

static int take_head(struct s3_call *c, struct error *e)
{
	struct bucket_range *r = c->user;
	int rc;

	if (c->result != S3_DONE) {
		*e = c->error;
		return -1;
	}
	rc = facts_read(c->listed, &r->facts, e);
	free(c->listed);
	if (rc != 0)
		r->wrong = mem_strdup(rc > 0 ? "its objects carry no range id" : e->text);
	else if (r->facts.id != r->id)
		r->wrong = mem_strdup("its objects are copies of another range's");
	return 0;
}

static struct bucket_range *nth_range(const struct bucket *b, size_t *partition, size_t *range)
{
	while (*partition < b->n && *range == b->partitions[*partition]->n) {
		(*partition)++;
		*range = 0;
	}
	return *partition < b->n ? &b->partitions[*partition]->ranges[(*range)++] : NULL;
}

static struct s3_call *free_call(struct s3_call *calls)
{
	while (calls->user != NULL)
		calls++;
	return calls;
}

static int describe_all(struct bucket *b, struct error *e)
{
	struct s3_call *calls = mem_array(HEADS, sizeof(*calls)), *c;
	size_t partition = 0, range = 0;
	struct bucket_range *r = nth_range(b, &partition, &range);
	int busy = 0, rc = 0;

	while (rc == 0 && (r != NULL || busy > 0)) {
		while (r != NULL && busy < HEADS) {
			c = free_call(calls);
			*c = (struct s3_call){ .op = S3_HEAD, .key = r->objects[0].key, .user = r };
			s3_start(b->s3, c, clock_boot_ms());
			busy++;
			r = nth_range(b, &partition, &range);
		}
		c = await(b->s3, e);
		rc = c != NULL ? take_head(c, e) : -1;
		busy--;
		if (c != NULL)
			c->user = NULL;
	}
	for (int i = 0; i < HEADS; i++)
		if (calls[i].user != NULL)
			s3_cancel(b->s3, &calls[i]);
	free(calls);
	return rc;
}

struct bucket *bucket_look(const struct settings *s, const char *topic, struct error *e)
{
	struct bucket *b = mem_zalloc(sizeof(*b));

	places_init(&b->places, s, topic);
	b->s3 = s3_new(s, credentials_shared(s, NULL), HEADS, e);
	if (b->s3 != NULL && list_all(b, enter, e) == 0 && describe_all(b, e) == 0)
		return b;
	bucket_free(b);
	return NULL;
}

int bucket_look_around(struct bucket *b, const char *const *topics, size_t n, const char *mark, struct error *e)
{
	const struct settings *s = b->places.settings;

	b->astray = mem_array(n + 1, sizeof(b->astray[0]));
	b->n_astray = n;
	for (size_t i = 0; i < n; i++)
		b->astray[i] = (struct astray){ topics[i], NULL };
	b->mark = mark;
	places_free(&b->places);
	places_init_wide(&b->places, s);
	return list_all(b, enter_astray, e);
}

void bucket_free(struct bucket *b)
{
	if (b == NULL)
		return;
	s3_free(b->s3);
	places_free(&b->places);
	for (size_t i = 0; i < b->n; i++) {
		for (size_t k = 0; k < b->partitions[i]->n; k++)
			free_range(&b->partitions[i]->ranges[k]);
		free(b->partitions[i]->topic);
		free(b->partitions[i]);
	}
	for (size_t i = 0; i < b->n_astray; i++)
		free(b->astray[i].key);
	free(b->astray);
	free(b->partitions);
	free(b->stranger);
	free(b);
}

/* FNV-1a. */
static uint64_t hash_more(uint64_t h, const uint8_t *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		h = (h ^ text[i]) * FNV_PRIME;
	return h;
}

uint64_t bucket_line_hash(const void *line, size_t len)
{
	return hash_more(FNV_BASIS, line, len);
}

struct hearing {
	struct bucket_lines *lines;
	uint64_t hash; /* of the line so far */
};

static void hear(void *arg, const uint8_t *text, size_t len)
{
	struct hearing *h = arg;
	struct bucket_lines *l = h->lines;

	while (len > 0) {
		const uint8_t *end = memchr(text, '\n', len);
		size_t n = end != NULL ? (size_t)(end - text) + 1 : len;

		h->hash = hash_more(h->hash, text, n);
		text += n;
		len -= n;
		if (end == NULL)
			return;
		if (l->n == l->cap) {
			l->cap = l->cap > 0 ? l->cap * 2 : 1024;
			l->hashes = mem_realloc(l->hashes, l->cap * sizeof(l->hashes[0]));
		}
		l->hashes[l->n++] = h->hash;
		h->hash = FNV_BASIS;
	}
}

static int read_pieces(struct bucket *b, const struct bucket_object *o, struct line_count *counter, struct error *e)
{
	int rc = 0;

	for (int64_t at = 0; at < o->bytes && rc == 0;) {
		int64_t left = o->bytes - at;
		struct s3_call c = { .op = S3_GET,
				     .key = o->key,
				     .first_byte = at,
				     .n_bytes = left < PIECE_BYTES ? left : PIECE_BYTES };

		s3_start(b->s3, &c, clock_boot_ms());
		if (await(b->s3, e) == NULL) {
			s3_cancel(b->s3, &c);
			return -1;
		}
		if (c.result != S3_DONE || c.got.len == 0) {
			*e = c.error;
			return c.result != S3_DONE ? -1 : error_set(e, ERROR_GIVE_UP, 0, "it ends before its size");
		}
		at += (int64_t)c.got.len;
		rc = line_count_add(counter, c.got.data, c.got.len, e);
		buf_free(&c.got);
	}
	return rc;
}

int bucket_read(struct bucket *b, const struct bucket_object *o, struct bucket_lines *lines, struct error *e)
{
	struct line_count *counter = line_count_new(line_count_codec(o->key));
	struct hearing h = { lines, FNV_BASIS };
	int rc;

	*lines = (struct bucket_lines){ 0 };
	line_count_hear(counter, hear, &h);
	rc = read_pieces(b, o, counter, e);
	if (rc == 0 && line_count_end(counter, e) < 0)
		rc = -1;
	line_count_free(counter);
	if (rc == 0)
		return 0;
	free(lines->hashes);
	*lines = (struct bucket_lines){ 0 };
	return error_context(e, "object \"%s\"", o->key);
}
