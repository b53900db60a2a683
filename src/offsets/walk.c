/* SPDX-License-Identifier: Apache-2.0 */
/* Each record is encoded as a writer would, and counted for the object whose key it makes. Of a range whose end is
 * known the numbers must agree with what its successor says; of one whose end is not, the lines must be those of its
 * objects. Records of such a range that belong to an object that is not there are part of it up to the last line that
 * is: what comes behind was visible nowhere, and may be cut anew. */
#include "offsets/walk.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "batch/range_id.h"
#include "encode/encoder.h"
#include "encode/fingerprint.h"
#include "store/key.h"

#define BLOCK_BYTES (INT64_C(1) << 20)
#define LINE_MAX_BYTES ((size_t)1 << 30)

/* What the settings make of the records so far: an object of the range in work. */
struct made {
	struct made *next;
	int64_t slot;
	bool dead;
	int64_t records, bytes;
	char key[KEY_MAX + 1];
	const struct bucket_object *there;
	const struct bucket_lines *lines;
	size_t at; /* the next of them */
};

struct walk {
	const struct walk_about *about;
	const struct tail *tail;
	const struct encoder_ops *encoder;
	struct record_source source;
	struct skip skip; /* its offsets are those of about */
	struct buf line;
	bool late;

	struct tail_range range; /* the one in work */
	int next;                /* of the tail's, the one behind it */
	struct range_facts facts;
	struct made *made;
	size_t consumed;               /* objects of which all lines were met */
	int64_t line_end;              /* behind the last record whose line is there; -1: none yet */
	int64_t strange;               /* the first record since then that S3 does not show; -1: none */
	int64_t strangers, look_ahead; /* as many of them; and so many at most */
	int64_t records, line_records; /* of any kind; when the last line was met */

	struct walked_range done[WALK_MAX];
	int n_done;
	bool ended;
	bool failed;
	struct error error;
};

static void fail(struct walk *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void fail(struct walk *w, const char *fmt, ...)
{
	char text[ERROR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	if (!w->failed)
		error_set(&w->error, ERROR_GIVE_UP, 0, "%s", text);
	w->failed = w->ended = true;
}

static void forget_made(struct walk *w)
{
	while (w->made != NULL) {
		struct made *m = w->made;

		w->made = m->next;
		free(m);
	}
}

static void begin(struct walk *w, const struct tail_range *r)
{
	w->range = *r;
	w->facts = (struct range_facts){ .start = r->start };
	memcpy(w->facts.id, r->id, sizeof(w->facts.id));
	w->consumed = 0;
	w->line_end = w->strange = -1;
	w->records = w->line_records = w->strangers = 0;
	w->look_ahead = w->late ? WALK_LATE_LOOK_AHEAD : WALK_LOOK_AHEAD;
	for (size_t i = 0; w->late && i < r->there->n; i++)
		w->look_ahead += 2 * (int64_t)r->lines[i].n;
}

/* Offsets of which S3 shows nothing. */
static void begin_gap(struct walk *w, int64_t start, int64_t end)
{
	struct tail_range gap = { .start = start, .end = end, .objects = -1, .records = -1 };

	range_id_draw(w->about->mark, gap.id);
	begin(w, &gap);
}

struct walk *walk_new(const struct walk_about *about, const struct tail *tail, int64_t from, bool late)
{
	struct walk *w = mem_zalloc(sizeof(*w));

	w->about = about;
	w->tail = tail;
	w->encoder = encoder_find(about->settings->format);
	w->source = (struct record_source){ about->topic, about->partition };
	w->skip = about->skip;
	w->late = late;
	buf_init(&w->line, LINE_MAX_BYTES);
	if (from < tail->ranges[0].start) {
		begin_gap(w, from, tail->ranges[0].start);
		return w;
	}
	w->next = 1;
	begin(w, &tail->ranges[0]);
	return w;
}

void walk_free(struct walk *w)
{
	if (w == NULL)
		return;
	forget_made(w);
	buf_free(&w->line);
	free(w);
}

static struct made *made_of(struct walk *w, int64_t slot, bool dead)
{
	const struct bucket_range *there = w->range.there;
	struct made *m = w->made;

	while (m != NULL && (m->slot != slot || m->dead != dead))
		m = m->next;
	if (m != NULL)
		return m;
	m = mem_zalloc(sizeof(*m));
	m->slot = slot;
	m->dead = dead;
	key_build(w->about->settings,
		  &(struct key_facts){ .topic = w->about->topic,
				       .table = w->about->table,
				       .partition = w->about->partition,
				       .start = w->range.start,
				       .range_id = w->range.id,
				       .slot = slot,
				       .dead = dead },
		  m->key);
	for (size_t i = 0; there != NULL && i < there->n; i++) {
		if (strcmp(there->objects[i].key, m->key) != 0)
			continue;
		m->there = &there->objects[i];
		m->lines = w->range.lines != NULL ? &w->range.lines[i] : NULL;
	}
	m->next = w->made;
	return w->made = m;
}

/* As a writer does it; the line stays in w->line. */
static enum encoded encode(struct walk *w, const struct record *r)
{
	const struct topic_settings *t = w->about->settings;
	const char *reason = NULL;
	enum encoded e;

	buf_clear(&w->line);
	e = encoder_route(w->encoder, &w->skip, t, &w->source, r, &w->line, &reason);
	if (e == ENCODE_FULL || (e == ENCODE_DEAD && !dead_letter_encode(t, &w->source, r, reason, &w->line)))
		fail(w, "the record of offset %" PRId64 " is too large to look at", r->offset);
	return e;
}

static bool is_consumed(const struct made *m)
{
	return m->at == m->lines->n;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Where the log has lost records, equal lines cannot be told apart, and so not which of them are left. */
static void check_distinct(struct walk *w, const struct made *m)
{
	size_t n = m->lines->n;
	uint64_t *sorted = mem_array(n, sizeof(*sorted));
	bool distinct = true;

	memcpy(sorted, m->lines->hashes, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_value);
	for (size_t i = 1; i < n; i++)
		distinct = distinct && sorted[i] != sorted[i - 1];
	free(sorted);
	if (!distinct)
		fail(w,
		     "object \"%s\" has lines that are alike, and the log lacks offsets of its range: which of its records are "
		     "left cannot be told",
		     m->key);
}

/* The log has lost the first lines of what is there: find where it goes on. */
static bool catch_up(struct walk *w, struct made *m, uint64_t hash)
{
	if (m->at > 0)
		return false;
	while (m->at < m->lines->n && m->lines->hashes[m->at] != hash)
		m->at++;
	if (m->at < m->lines->n) {
		check_distinct(w, m);
		return true;
	}
	m->at = 0;
	return false;
}

/* A record of an object that is there, and whose lines are known. */
static void compare(struct walk *w, struct made *m, const struct record *r)
{
	uint64_t hash = bucket_line_hash(w->line.data, w->line.len);
	bool same = m->at < m->lines->n && m->lines->hashes[m->at] == hash;

	if (!same && w->late)
		same = catch_up(w, m, hash);
	if (!same && w->late) {
		w->ended = true; /* it belongs behind this range */
		return;
	}
	if (!same) {
		fail(w,
		     "object \"%s\" does not hold the record of offset %" PRId64
		     " where it should: settings that decide "
		     "keys or lines have changed since it was written, or compaction has changed the log",
		     m->key, r->offset);
		return;
	}
	if (w->late && w->strange >= 0)
		fail(w,
		     "range %s is not whole in S3 (offset %" PRId64
		     " lacks), and the log does not reach back to its start",
		     w->range.id, w->strange);
	m->at++;
	w->line_end = r->offset + 1;
	w->line_records = w->records;
	w->strange = -1;
	w->strangers = 0;
	if (is_consumed(m))
		w->consumed++;
}

static bool is_whole(const struct walk *w)
{
	for (const struct made *m = w->made; m != NULL; m = m->next)
		if (m->there == NULL)
			return false;
	return true;
}

/* What S3 and the range behind this one say of it against what the log says. */
static void check(struct walk *w)
{
	const struct tail_range *r = &w->range;
	size_t there = 0;

	for (const struct made *m = w->made; m != NULL; m = m->next)
		there += m->there != NULL;
	if (r->there != NULL && there != r->there->n)
		fail(w,
		     "range %s from offset %" PRId64
		     " has objects that these settings do not make: they have changed since it was written",
		     r->id, r->start);
	else if (r->objects >= 0 && (r->objects != w->facts.objects || r->records != w->facts.landed + w->facts.dead))
		fail(w,
		     "range %s was written with %" PRId64 " records in %" PRId32 " objects, and the log makes %" PRId64
		     " in %" PRId32 " of its offsets: settings or the log have changed since",
		     r->id, r->records, r->objects, w->facts.landed + w->facts.dead, w->facts.objects);
}

static void end_facts(const struct walk *w, struct range_facts *f, int64_t end)
{
	f->end = end;
	f->fingerprint = fingerprint_of_range(w->about->fingerprint, &w->skip, f->start, end);
}

/* The range in work ends here; the next one may lie farther on. */
static void close_at(struct walk *w, int64_t end)
{
	const struct tail *t = w->tail;
	struct walked_range *done = &w->done[w->n_done];

	end_facts(w, &w->facts, end);
	for (const struct made *m = w->made; m != NULL; m = m->next) {
		w->facts.objects++;
		w->facts.bytes += (m->bytes < w->about->part_bytes ? m->bytes : w->about->part_bytes) + BLOCK_BYTES;
	}
	if (!w->late)
		check(w);
	*done = (struct walked_range){ w->facts, is_whole(w), w->range.there == NULL && w->range.objects < 0 };
	/* Nothing but missing offsets: they belong to what is before. */
	if (done->new && w->records == 0 && w->n_done > 0)
		end_facts(w, &done[-1].facts, end);
	else
		w->n_done++;
	forget_made(w);
	if (w->next == t->n)
		w->ended = true;
	else if (end < t->ranges[w->next].start)
		begin_gap(w, end, t->ranges[w->next].start);
	else
		begin(w, &t->ranges[w->next++]);
}

static bool has_met_all(const struct walk *w)
{
	return w->range.end < 0 && w->consumed == w->range.there->n;
}

/* All lines that are there have been met. */
static void close_unnamed(struct walk *w, int64_t end)
{
	bool gaps = w->line_records < w->line_end - w->range.start;

	for (const struct made *m = w->made; gaps && !w->late && m != NULL; m = m->next)
		if (m->lines != NULL)
			check_distinct(w, m);
	close_at(w, end);
}

/* Where the range in work must end at the latest. */
static int64_t limit(const struct walk *w)
{
	if (w->range.end >= 0)
		return w->range.end;
	return w->next < w->tail->n ? w->tail->ranges[w->next].start : INT64_MAX;
}

static void close_passed(struct walk *w, int64_t offset)
{
	while (!w->ended && offset >= limit(w)) {
		if (w->range.end >= 0)
			close_at(w, w->range.end);
		else if (has_met_all(w))
			close_unnamed(w, limit(w));
		else
			fail(w, "range %s from offset %" PRId64 " holds more than the log has up to offset %" PRId64,
			     w->range.id, w->range.start, limit(w));
	}
}

/* The object of the record. Another record for one that is whole does not belong to its range any more: what lies up to
 * the next one that S3 knows was visible nowhere. */
static struct made *object_of(struct walk *w, const struct record *r, bool dead)
{
	int64_t slot = slot_of(w->about->settings->partition_by, r->timestamp_ms);
	struct made *m = made_of(w, slot, dead);

	if (!has_met_all(w) || m->lines == NULL)
		return m;
	close_unnamed(w, r->offset);
	return w->ended ? NULL : made_of(w, slot, dead);
}

/* Some may lie between lines that S3 shows, but not any number of them: then these lines do not come any more. */
static void pass_stranger(struct walk *w, const struct record *r)
{
	w->strange = w->strange < 0 ? r->offset : w->strange;
	if (++w->strangers <= w->look_ahead)
		return;
	w->ended = true;
	if (!w->late)
		fail(w,
		     "%" PRId64 " records from offset %" PRId64
		     " on are in no object of range %s that is there: settings "
		     "that decide keys have changed since it was written",
		     w->strangers, w->strange, w->range.id);
}

static void land(struct walk *w, const struct record *r, bool dead)
{
	struct made *m = object_of(w, r, dead);

	if (m == NULL)
		return;
	w->records++;
	*(dead ? &w->facts.dead : &w->facts.landed) += 1;
	m->records++;
	m->bytes += (int64_t)w->line.len;
	if (m->lines != NULL)
		compare(w, m, r);
	else if (w->range.end < 0 && !has_met_all(w))
		pass_stranger(w, r);
}

/* Behind the newest range nothing is in S3, and one that is finished need not be named: the sooner these end, the less
 * is made again. Any other one reaches as far as it can, so that what follows it needs no range of its own: no more
 * ranges come out than a daemon had sealed. */
static bool may_close_early(const struct walk *w)
{
	bool finished = is_whole(w);

	for (int i = 0; i < w->n_done; i++)
		finished = finished && w->done[i].whole;
	return finished || w->next == w->tail->n;
}

bool walk_add(struct walk *w, const struct record *r)
{
	enum encoded e;

	close_passed(w, r->offset);
	if (w->ended)
		return false;
	e = encode(w, r);
	if (w->ended)
		return false;
	if (e == ENCODE_SKIP) {
		w->records++;
		w->facts.skipped++;
	} else {
		land(w, r, e == ENCODE_DEAD);
	}
	if (!w->ended && has_met_all(w) && may_close_early(w))
		close_unnamed(w, w->line_end);
	return !w->ended;
}

static int end_late(struct walk *w, struct error *e)
{
	const struct bucket_range *there = w->range.there;
	struct range_facts *f = &w->done[0].facts;

	if (w->n_done == 0 && w->line_end < 0)
		return 0;
	/* An object that the log does not reach any more is done with; one that it reaches ends in it. */
	for (const struct made *m = w->made; m != NULL; m = m->next)
		if (m->lines != NULL && m->at > 0 && !is_consumed(m))
			return error_set(e, ERROR_GIVE_UP, 0, "object \"%s\" and the log differ behind offset %" PRId64,
					 m->key, w->line_end - 1);
	if (w->n_done == 0)
		close_at(w, w->line_end);
	/* The log has only its end: what S3 holds counts. */
	f->objects = (int32_t)there->n;
	f->landed = f->dead = f->skipped = 0;
	for (size_t i = 0; i < there->n; i++)
		f->landed += (int64_t)w->range.lines[i].n;
	w->done[0].whole = true;
	return 1;
}

int walk_end(struct walk *w, const int64_t *log_end, struct error *e)
{
	if (log_end != NULL)
		close_passed(w, *log_end);
	if (w->failed) {
		*e = w->error;
		return -1;
	}
	if (w->late)
		return end_late(w, e);
	if (!w->ended)
		return error_set(e, ERROR_GIVE_UP, 0,
				 "the log ends at offset %" PRId64 ", and range %s from offset %" PRId64
				 " holds more: the topic was truncated or made again",
				 log_end != NULL ? *log_end : -1, w->range.id, w->range.start);
	return w->n_done;
}

const struct walked_range *walk_range(const struct walk *w, int i)
{
	return &w->done[i];
}
