/* SPDX-License-Identifier: Apache-2.0 */
/* The bucket into the ledger. The listing runs one page ahead of the requests for metadata; each of those has a slot,
 * and with deep goes on in it to read its object, piece by piece, when there is a reader free.
 * What was written after the run began is only known to be there: a range that is being published can show its objects
 * in another order than the listing passes them.
 * Thread: the caller's. Invariant: a slot's call is under way exactly while its state is not SLOT_FREE or SLOT_WAITING.
 */
#include "verify/scan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/credentials_cache.h"
#include "base/clock.h"
#include "base/mem.h"
#include "encode/line_count.h"
#include "store/s3.h"
#include "verify/listing.h"

#define SILENCE_MS 60000
#define PIECE_BYTES ((int64_t)2 << 20)
#define LISTED_KEY_MAX 3072
#define NOT_FOUND 404
#define NO_SUCH_STRETCH 416

enum slot_state { SLOT_FREE, SLOT_HEAD, SLOT_WAITING, SLOT_READING };

struct slot {
	enum slot_state state;
	struct s3_call call;
	char key[LISTED_KEY_MAX + 1];
	bool stranger; /* the key is none of ours */
	struct place place;
	struct facts facts;
	int64_t bytes, at;
	struct line_count *lines;
};

struct scan {
	const struct settings *settings;
	const struct scan_options *options;
	struct places places;
	struct s3 *s3;
	struct ledger *ledger;
	struct findings *findings;
	struct scan_counts *counts;
	int64_t began_ms; /* wall clock */

	struct listing listing;
	struct slot slots[SCAN_HEADS];
	int n_busy, n_reading;
};

/* There is one: it is only asked for while n_busy says so. */
static struct slot *free_slot(struct scan *s)
{
	struct slot *slot = s->slots;

	while (slot->state != SLOT_FREE)
		slot++;
	return slot;
}

static void release(struct scan *s, struct slot *slot)
{
	line_count_free(slot->lines);
	slot->lines = NULL;
	s->n_reading -= slot->state == SLOT_READING;
	slot->state = SLOT_FREE;
	s->n_busy--;
}

static void look_at(struct scan *s, const struct listing_row *r, const struct place *place, bool stranger, int64_t now)
{
	struct slot *slot = free_slot(s);

	snprintf(slot->key, sizeof(slot->key), "%s", r->key);
	slot->stranger = stranger;
	slot->place = *place;
	slot->bytes = r->bytes;
	slot->at = 0;
	slot->state = SLOT_HEAD;
	slot->call = (struct s3_call){ .op = S3_HEAD, .key = slot->key, .user = slot };
	s->n_busy++;
	s3_start(s->s3, &slot->call, now);
}

static void admit(struct scan *s, const struct listing_row *r, int64_t now)
{
	struct place place = { .partition = -1 };
	enum place_kind kind = places_find(&s->places, r->key, &place);
	bool later = r->modified_ms > s->began_ms;

	s->counts->listed++;
	if (kind == PLACE_HIDDEN)
		s->counts->strangers++;
	else if (kind == PLACE_UNKNOWN)
		look_at(s, r, &place, true, now);
	if (kind != PLACE_OURS)
		return;
	s->counts->objects++;
	s->counts->later += later;
	if (later || r->modified_ms < s->options->since_ms)
		ledger_add(ledger_partition(s->ledger, place.topic, place.partition), place.start, place.id, NULL, -1,
			   r->bytes);
	else
		look_at(s, r, &place, false, now);
}

#define tell(s, slot, kind, ...)                                     \
	do {                                                         \
		struct finding finding_ = find_about(s, slot, kind); \
		findings_add((s)->findings, &finding_, __VA_ARGS__); \
	} while (0)

static struct finding find_about(struct scan *s, const struct slot *slot, enum finding_kind kind)
{
	const struct place *p = &slot->place;
	struct ledger_partition *partition;

	if (slot->stranger)
		return (struct finding){ kind, NULL, -1, -1, -1, NULL };
	partition = ledger_partition(s->ledger, p->topic, p->partition);
	partition->faults++;
	return (struct finding){ kind, partition->topic, p->partition, p->start, -1, NULL };
}

static void enter(struct scan *s, const struct slot *slot, const struct facts *facts, int64_t lines)
{
	const struct place *p = &slot->place;

	ledger_add(ledger_partition(s->ledger, p->topic, p->partition), p->start, p->id, facts, lines, slot->bytes);
}

/* True when the object has its place in the chain. */
static bool belongs(struct scan *s, const struct slot *slot)
{
	const struct facts *f = &slot->facts;

	if (slot->stranger) {
		tell(s, slot, FINDING_DOUBLE,
		     "object '%s' is one of range %016" PRIx64 ", under a key that these settings do not make",
		     slot->key, f->id);
	} else if (f->id != slot->place.id) {
		tell(s, slot, FINDING_DOUBLE, "object '%s' is a copy of one of range %016" PRIx64, slot->key, f->id);
	} else if (strcmp(f->group, s->settings->kafka_group) != 0) {
		tell(s, slot, FINDING_CHAIN, "object '%s' was written by group '%s'", slot->key, f->group);
	} else if (f->skipped_next > slot->place.start) {
		tell(s, slot, FINDING_CHAIN,
		     "object '%s' names a skipped stretch [%" PRId64 ", %" PRId64 ") that does not lie before it",
		     slot->key, f->skipped_first, f->skipped_next);
	} else {
		return true;
	}
	return false;
}

static void take_facts(struct scan *s, struct slot *slot, const char *lines)
{
	struct error e;
	int rc = facts_read(lines, &slot->facts, &e);

	s->counts->looked_at++;
	if (rc > 0 && slot->stranger) {
		s->counts->strangers++;
	} else if (rc != 0) {
		tell(s, slot, FINDING_CHAIN, "object '%s': %s", slot->key, rc > 0 ? "it carries no range id" : e.text);
		if (!slot->stranger)
			enter(s, slot, NULL, -1);
	} else if (belongs(s, slot)) {
		if (s->options->deep) {
			slot->state = SLOT_WAITING;
			return;
		}
		enter(s, slot, &slot->facts, -1);
	}
	release(s, slot);
}

static void read_on(struct scan *s, struct slot *slot, int64_t now)
{
	int64_t left = slot->bytes - slot->at;

	slot->call = (struct s3_call){ .op = S3_GET,
				       .key = slot->key,
				       .first_byte = slot->at,
				       .n_bytes = left < PIECE_BYTES ? left : PIECE_BYTES,
				       .user = slot };
	s3_start(s->s3, &slot->call, now);
}

static void finish_reading(struct scan *s, struct slot *slot, int64_t lines, const struct error *e)
{
	s->counts->read++;
	if (lines < 0)
		tell(s, slot, FINDING_DAMAGED, "object '%s': %s", slot->key, e->text);
	enter(s, slot, &slot->facts, lines);
	release(s, slot);
}

static void begin_reading(struct scan *s, struct slot *slot, int64_t now)
{
	struct error e;

	slot->state = SLOT_READING;
	s->n_reading++;
	slot->lines = line_count_new(line_count_codec(slot->key));
	if (slot->bytes > 0) {
		read_on(s, slot, now);
		return;
	}
	finish_reading(s, slot, line_count_end(slot->lines, &e), &e);
}

static void take_piece(struct scan *s, struct slot *slot, const struct buf *got, int64_t now)
{
	struct error e;
	int rc;

	s->counts->bytes_read += got->len;
	slot->at += (int64_t)got->len;
	rc = line_count_add(slot->lines, got->data, got->len, &e);
	if (rc == 0 && got->len > 0 && slot->at < slot->bytes)
		read_on(s, slot, now);
	else
		finish_reading(s, slot, rc == 0 ? line_count_end(slot->lines, &e) : -1, &e);
}

/* -1: the bucket cannot be read. */
static int take_slot(struct scan *s, struct slot *slot, int64_t now, struct error *e)
{
	const struct s3_call *c = &slot->call; /* the next one may take its place */
	bool get = c->op == S3_GET;
	char *listed = c->listed;
	struct buf got = c->got;

	*(get ? &s->counts->get_requests : &s->counts->head_requests) += (uint64_t)c->attempts;
	if (c->result != S3_DONE) {
		if (c->error.code != NOT_FOUND && !(get && c->error.code == NO_SUCH_STRETCH)) {
			*e = c->error;
			return -1;
		}
		s->counts->gone++;
		release(s, slot);
		return 0;
	}
	if (get)
		take_piece(s, slot, &got, now);
	else
		take_facts(s, slot, listed);
	free(listed);
	buf_free(&got);
	return 0;
}

static int take_done(struct scan *s, int64_t now, int64_t *last_done_ms, struct error *e)
{
	struct s3_call *c;
	int rc = 0;

	while (rc == 0 && (c = s3_next_done(s->s3)) != NULL) {
		*last_done_ms = now;
		rc = c == &s->listing.call ? listing_take(&s->listing, e) : take_slot(s, c->user, now, e);
	}
	return rc;
}

/* Whatever can be begun. */
static void begin_more(struct scan *s, int64_t now)
{
	struct listing_row r;

	for (int i = 0; i < SCAN_HEADS && s->n_reading < SCAN_READERS; i++)
		if (s->slots[i].state == SLOT_WAITING)
			begin_reading(s, &s->slots[i], now);
	listing_start(&s->listing, now);
	while (s->n_busy < SCAN_HEADS && listing_next(&s->listing, &r)) {
		admit(s, &r, now);
		listing_start(&s->listing, now);
	}
}

static bool has_ended(const struct scan *s)
{
	return s->n_busy == 0 && listing_ended(&s->listing);
}

static int run(struct scan *s, const struct scan_watch *watch, struct error *e)
{
	int64_t now = clock_boot_ms(), last_done_ms = now, tick_ms = now + watch->every_ms;

	for (;;) {
		begin_more(s, now);
		if (has_ended(s))
			return 0;
		s3_wait(s->s3, watch->every_ms < 1000 ? watch->every_ms : 1000);
		now = clock_boot_ms();
		if (take_done(s, now, &last_done_ms, e) < 0)
			return -1;
		if (now - last_done_ms > SILENCE_MS) {
			const char *trouble = s3_trouble(s->s3);

			return error_set(e, ERROR_RETRY, 0, "nothing is answered: %s",
					 trouble != NULL ? trouble : "no connection moves");
		}
		if (now >= tick_ms) {
			watch->tick(watch->arg, s->counts, now);
			tick_ms = now + watch->every_ms;
		}
	}
}

int scan_run(const struct settings *s, const struct scan_options *o, const struct scan_watch *watch, struct ledger *l,
	     struct findings *f, struct scan_counts *counts, struct error *e)
{
	struct scan *scan = mem_zalloc(sizeof(*scan));
	int rc = -1;

	scan->settings = s;
	scan->options = o;
	scan->ledger = l;
	scan->findings = f;
	scan->counts = counts;
	scan->began_ms = clock_real_ms();
	*counts = (struct scan_counts){ 0 };
	places_init(&scan->places, s, o->topic);
	scan->s3 = s3_new(s, credentials_shared(s, NULL), SCAN_HEADS, e);
	listing_init(&scan->listing, scan->s3, &scan->places);
	if (scan->s3 != NULL) {
		rc = run(scan, watch, e);
		counts->list_requests = scan->listing.requests;
		counts->again = s3_counters(scan->s3)->retries;
	}
	s3_free(scan->s3);
	for (int i = 0; i < SCAN_HEADS; i++)
		line_count_free(scan->slots[i].lines);
	places_free(&scan->places);
	listing_free(&scan->listing);
	free(scan);
	return rc;
}
