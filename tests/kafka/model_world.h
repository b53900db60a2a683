/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_MODEL_WORLD_H
#define KAFKA_MODEL_WORLD_H

/* The world of the model checker: the log of one partition, a broker that keeps (offset, text) behind a generation
 * fence, the network between, S3, and a ledger of all that became visible. Included by test_model.c only.
 *
 * The ledger holds after each step: each offset is published under one key at most; nothing is visible but under an
 * id that an acknowledged text named, inside its [start, end); an id means one start and one end; the committed offset
 * never goes back and never passes a record that is not durable; what an acknowledged text named stays named until the
 * offset has passed it. Of a one-shot land also: nothing from its stop on is visible or committed, the stop is what the
 * group's first acknowledged text said, and the counts in each text are those of what lies before its offset. Source:
 * design.md, Invariants; protocol.md. */

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "kafka/delivery.h"
#include "store/fake_s3.h"
#include "support/dice.h"

#define LOG_MAX 120
#define DAEMONS 3
#define REQUESTS 16
#define RANGES 1024
#define GHOSTS 32
#define PATH_MAX_CHOICES 16
#define SESSION_MS 10000
#define HOUR_MS INT64_C(3600000)

/* What the daemons do wrong, so that it shows that the model finds it. */
enum mutant {
	NO_MUTANT,
	PUBLISH_UNACKED,    /* publish as soon as a range is sealed */
	COMMIT_AHEAD,       /* commit the end of a range that is not published */
	FORGET_PLAN,        /* recover at the offset, but not the ranges that the text names */
	NEW_ID,             /* recover a range under an id of its own */
	OLD_EPOCH_COMMIT,   /* send entries of an ended epoch again */
	TWO_OUTSTANDING,    /* after an unknown outcome, commit the newer state instead of the same bytes */
	FORGET_UNKNOWN,     /* park, and let the request go whose outcome is unknown, before it is acknowledged */
	NO_LEASE,           /* publish under an acknowledgement of any age */
	STRAY_RECORDS,      /* records of an ended epoch go to the next writer */
	GROW_UNKNOWN,       /* a range grows under its id after an unknown outcome */
	PARK_REVOKED,       /* trouble of a partition that is being revoked: park it, as if it were to stay */
	COMMIT_GIVEN_AWAY,  /* go on committing after the revocation was answered */
	PASS_IS_ALL,        /* a pass over a range that left objects out counts as all of it */
	LEAVE_OUT_NAMED,    /* for the sake of a shorter text, name a range no more that was named before */
	NO_FENCE,           /* the broker takes commits of any generation */
	TELL_UNREGISTERED,  /* what is durable counts as published, whether Glue has its partitions or not */
	NO_STALL,           /* what gives nothing is waited for, however long */
	ERROR_IS_NO_OFFSET, /* an offset that cannot be read is taken for one that is not there */
	OTHER_ROUTING,      /* each other process puts records under other keys, and its fingerprint is the same */
	DEAD_IS_DONE,       /* an upload that the store has forgotten counts as completed */
	FORGET_BEFORE,      /* recover, but not what stands before the ranges that the text names */
	READ_WHILE_OUT,     /* read the committed offset while a commit is out */
	FORGET_TAKEN_OUT,   /* as FORGET_UNKNOWN, where a topic is taken out and named again */
	NO_END_MARKER,      /* the uploader is not told where the log ends */
	KEY_WITHOUT_HOUR,   /* objects of one range for two hours have one key */
	FIRST_OF_LANDS,     /* from here on: what only a one-shot land can do wrong */
	STOP_EARLY = FIRST_OF_LANDS, /* it stops one record early */
	PAST_STOP,                   /* it reads one record behind its stop, and commits it */
	NO_STOP_MARKER,              /* the uploader is not told where it ends */
	MOVE_STOP,                   /* whoever goes on with it finds the stop anew */
	DONE_WHEN_READ,              /* it is done when it has read all, committed or not */
	COUNT_ANEW,                  /* whoever goes on with it counts from zero */
	COUNT_PASSES,                /* what a pass has made is counted, and then the whole range too */
	MUTANTS,
};

enum trouble {
	TROUBLE_PARK,
	TROUBLE_CRASH,
	TROUBLE_FREEZE,
	TROUBLE_CUT,
	TROUBLE_GROUP,
	TROUBLE_MOVE,
	TROUBLE_STUCK,
	TROUBLE_RELOAD,
	TROUBLES
};

#define LOG_HOURS 3 /* of the records' timestamps */

enum log_kind { LOG_RECORD, LOG_DEAD, LOG_TOMBSTONE, LOG_GAP };

struct log_entry {
	enum log_kind kind;
	bool gone; /* compacted since */
	int64_t timestamp_ms;
	uint32_t len;
};

struct request {
	bool live;
	bool answered; /* the daemon does not wait for it any more: a ghost */
	int daemon;
	uint64_t process; /* of the daemon's process */
	uint64_t generation;
	int later; /* requests of the same daemon that were processed since */
	int64_t offset;
	char text[INTENT_TEXT_MAX];
	struct intent_text sent;
};

struct broker {
	int64_t offset; /* -1: none */
	char text[INTENT_TEXT_MAX];
	uint64_t generation;
	int owner;  /* -1: none */
	int wanted; /* who gets it when the revocation is answered; -1: nobody */
	struct request requests[REQUESTS];
};

/* What became visible, or may: one for each range id that any text named. */
struct seen_range {
	char id[RANGE_ID_SIZE];
	int64_t start, end;
	bool acked;
	int objects;
	int64_t records;
	char *metadata; /* of its objects; NULL: none is visible */
};

/* A request to S3 that was cancelled and may still take effect. */
struct ghost {
	enum s3_op op;
	char *key;
	char *metadata;
	char upload_id[24];
	struct buf body;
	size_t n_parts;
};

struct counts {
	int64_t steps, commits, fenced, unknown, ghosts, recovered, published, exists, stale, parked, crashes, late,
		passes, stuck, done, land_passes, ended;
};

struct world {
	enum mutant mutant;
	struct dice dice;
	/* Instead of the dice: this path, which grows as it is walked. */
	bool exhaustive;
	bool calm; /* nothing goes wrong any more */
	int path[PATH_MAX_CHOICES], radix[PATH_MAX_CHOICES];
	int n_path, at, depth;

	int64_t now;
	struct log_entry log[LOG_MAX];
	int64_t log_end, log_limit;
	bool compacts;       /* tombstones go from the log */
	bool land;           /* a one-shot land, of */
	int64_t first, stop; /* these offsets: what the group's first text says; stop -1: there is none yet */
	bool begun;          /* that text was acknowledged, and stands */
	struct broker broker;
	int64_t acked_offset;       /* the highest that a daemon knows to be committed */
	bool catalog;               /* there is one, and partitions are registered in it: */
	bool registered[LOG_HOURS]; /* those of these hours */
	struct fake_store store;
	struct ghost ghosts[GHOSTS];
	int n_ghosts;
	char *published[LOG_MAX]; /* the key under which an offset is */
	struct seen_range ranges[RANGES];
	int n_ranges;
	char violation[512];
	struct counts counts;
	/* How much of each kind of trouble this walk has: some walks are all about one. */
	int temper[TROUBLES];
	int acked_percent;
};

static struct world *the_world; /* for the doubles, which have no argument for it */

static void violate(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The first one counts. */
static void violate(struct world *w, const char *fmt, ...)
{
	va_list ap;

	if (w->violation[0] != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(w->violation, sizeof(w->violation), fmt, ap);
	va_end(ap);
}

/* 0 to n - 1; 0 is always what goes well. */
static int64_t choose(struct world *w, int64_t n)
{
	if (w->calm || n <= 1)
		return 0;
	if (!w->exhaustive)
		return dice_below(&w->dice, n);
	if (w->at >= w->depth)
		return 0;
	if (w->at == w->n_path) {
		w->path[w->n_path] = 0;
		w->radix[w->n_path++] = (int)n;
	}
	return w->path[w->at++];
}

/* Does something unlikely happen? */
static bool odds(struct world *w, int percent)
{
	return w->exhaustive && !w->calm ? choose(w, 2) == 1 : !w->calm && dice_chance(&w->dice, percent);
}

/* ---- the log */

static void log_add(struct world *w, int64_t n)
{
	static const enum log_kind kinds[] = { LOG_RECORD, LOG_RECORD,    LOG_RECORD,    LOG_RECORD,
					       LOG_DEAD,   LOG_TOMBSTONE, LOG_TOMBSTONE, LOG_GAP };

	for (; n > 0 && w->log_end < w->log_limit; n--) {
		enum log_kind kind = w->exhaustive ? LOG_RECORD : kinds[choose(w, 8)];

		w->log[w->log_end++] = (struct log_entry){ kind, kind == LOG_GAP, choose(w, LOG_HOURS) * HOUR_MS,
							   kind == LOG_DEAD ? 1 : 2 + 5 * (uint32_t)choose(w, 3) };
	}
}

/* Only what is landed nowhere goes: of a record that is compacted before it is landed nothing can be asked. */
static void log_compact(struct world *w, int64_t offset)
{
	if (w->log[offset].kind == LOG_TOMBSTONE)
		w->log[offset].gone = true;
}

/* Where the last offset that is to be landed ends. */
static int64_t log_stop(const struct world *w)
{
	return w->land ? w->stop : w->log_end;
}

/* ---- the ledger */

static struct seen_range *find_seen(struct world *w, const char *id)
{
	for (int i = 0; i < w->n_ranges; i++) {
		if (strcmp(w->ranges[i].id, id) == 0)
			return &w->ranges[i];
	}
	return NULL;
}

/* A text is on its way: what an id means is fixed from here on. */
static void note_sent(struct world *w, const struct intent_text *t)
{
	for (int i = 0; i < t->n; i++) {
		const struct range_facts *f = &t->ranges[i];
		struct seen_range *r = find_seen(w, f->id);

		if (r == NULL && w->n_ranges < RANGES) {
			r = &w->ranges[w->n_ranges++];
			*r = (struct seen_range){ .start = f->start, .end = f->end };
			memcpy(r->id, f->id, sizeof(r->id));
		}
		if (r == NULL || r->start != f->start || r->end != f->end)
			violate(w, "range %s was [%" PRId64 ", %" PRId64 ") and is [%" PRId64 ", %" PRId64 ")", f->id,
				r ? r->start : -1, r ? r->end : -1, f->start, f->end);
	}
}

static void note_acked(struct world *w, const struct intent_text *t)
{
	w->begun = true;
	if (t->start > w->acked_offset)
		w->acked_offset = t->start;
	for (int i = 0; i < t->n; i++) {
		struct seen_range *r = find_seen(w, t->ranges[i].id);

		if (r != NULL)
			r->acked = true;
	}
}

static void note_offset(struct world *w, const struct fake_object *o, const struct seen_range *r, int64_t offset)
{
	enum log_kind expected = strncmp(o->key, "dead/", 5) == 0 ? LOG_DEAD : LOG_RECORD;

	if (offset < r->start || offset >= r->end || offset >= w->log_end || w->log[offset].kind != expected ||
	    (w->land && offset >= w->stop))
		violate(w, "offset %" PRId64 " does not belong under \"%s\"", offset, o->key);
	else if (w->published[offset] != NULL)
		violate(w, "offset %" PRId64 " is published twice: as \"%s\" and as \"%s\"", offset,
			w->published[offset], o->key);
	else
		w->published[offset] = mem_strdup(o->key);
}

static void on_visible(void *arg, const struct fake_object *o)
{
	struct world *w = arg;
	const struct buf body = o->body;
	char id[RANGE_ID_SIZE];
	struct seen_range *r;

	w->counts.published++;
	if (!fake_metadata_value(o->metadata, "range-id", id, sizeof(id)) || strstr(o->key, id) == NULL) {
		violate(w, "\"%s\" does not name its range", o->key);
		return;
	}
	r = find_seen(w, id);
	if (r == NULL || !r->acked) {
		violate(w, "\"%s\" is visible before its intent was acknowledged", o->key);
		return;
	}
	if (r->metadata != NULL && strcmp(r->metadata, o->metadata) != 0)
		violate(w, "objects of range %s do not agree about what comes before it", id);
	if (r->metadata == NULL)
		r->metadata = mem_strdup(o->metadata);
	r->objects++;
	for (size_t i = 0; i < body.len; i++) {
		if (i > 0 && body.data[i - 1] != '\n')
			continue;
		r->records++;
		note_offset(w, o, r, strtoll((const char *)body.data + i, NULL, 10));
	}
}

/* The same key: the same records. */
static void on_refused(void *arg, const struct fake_object *there, const struct buf *body)
{
	struct world *w = arg;

	w->counts.exists++;
	if (there->body.len != body->len || memcmp(there->body.data, body->data, body->len) != 0)
		violate(w, "\"%s\" is made again with other records", there->key);
}

/* ---- the broker */

static bool names(const struct intent_text *t, const char *id)
{
	for (int i = 0; i < t->n; i++) {
		if (strcmp(t->ranges[i].id, id) == 0)
			return true;
	}
	return false;
}

/* What may be visible. */
static void check_named(struct world *w, const struct intent_text *t)
{
	for (int i = 0; i < w->n_ranges; i++) {
		const struct seen_range *r = &w->ranges[i];

		if (r->acked && r->start >= t->start && !names(t, r->id))
			violate(w, "range %s was named and acknowledged, and a text at %" PRId64 " leaves it out",
				r->id, t->start);
	}
}

/* What a land has landed before this offset. */
static struct intent_land count_land(const struct world *w, int64_t offset)
{
	struct intent_land l = { .given = true, .first = w->first, .stop = w->stop };

	for (int64_t i = w->first; i < offset && i < w->log_end; i++) {
		l.landed += w->log[i].kind == LOG_RECORD;
		l.dead += w->log[i].kind == LOG_DEAD;
		l.skipped += w->log[i].kind == LOG_TOMBSTONE;
	}
	for (int i = 0; i < w->n_ranges; i++)
		l.objects += w->ranges[i].end <= offset ? w->ranges[i].objects : 0;
	return l;
}

static void check_land(struct world *w, const struct intent_text *t)
{
	const struct intent_land *l = &t->land;
	struct intent_land all;

	if (!w->begun) { /* one that nobody was told of may come late, after its daemon has looked anew */
		w->first = l->first;
		w->stop = l->stop;
	}
	all = count_land(w, t->start);
	if (!l->given || l->first != w->first || l->stop != w->stop || t->start > w->stop)
		violate(w,
			"a land of [%" PRId64 ", %" PRId64 ") says at %" PRId64 " that it is one of [%" PRId64
			", %" PRId64 ")",
			w->first, w->stop, t->start, l->first, l->stop);
	else if (l->objects != all.objects || l->landed != all.landed || l->dead != all.dead ||
		 l->skipped != all.skipped)
		violate(w,
			"a land counts %" PRId64 " objects, %" PRId64 "+%" PRId64 "+%" PRId64 " records up to %" PRId64
			", and it is %" PRId64 ", %" PRId64 "+%" PRId64 "+%" PRId64,
			l->objects, l->landed, l->dead, l->skipped, t->start, all.objects, all.landed, all.dead,
			all.skipped);
}

static void check_commit(struct world *w, int64_t offset)
{
	if (offset < w->acked_offset)
		violate(w, "the committed offset goes back to %" PRId64 ", behind %" PRId64 ", which was acknowledged",
			offset, w->acked_offset);
	for (int64_t i = w->first; i < offset; i++) {
		if (i >= w->log_end || (w->published[i] == NULL && w->log[i].kind <= LOG_DEAD))
			violate(w, "offset %" PRId64 " is committed, but %" PRId64 " is not durable", offset, i);
		else if (w->catalog && w->log[i].kind == LOG_RECORD && !w->registered[w->log[i].timestamp_ms / HOUR_MS])
			violate(w, "offset %" PRId64 " is committed, but the partition of %" PRId64 " is not in Glue",
				offset, i);
	}
}

/* True: accepted. It asks for the generation, and not who owns the partition (protocol.md H1). */
static bool broker_apply(struct world *w, const struct request *r)
{
	if (w->mutant != NO_FENCE && r->generation != w->broker.generation)
		return false;
	if (w->land)
		check_land(w, &r->sent);
	check_named(w, &r->sent);
	check_commit(w, r->offset);
	w->broker.offset = r->offset;
	memcpy(w->broker.text, r->text, sizeof(w->broker.text));
	w->counts.commits++;
	return true;
}

/* A request was processed: ghosts of the same daemon from before two such are gone (ARCHITECTURE.md, Assumptions). */
static void broker_age(struct world *w, const struct request *processed)
{
	for (int i = 0; i < REQUESTS; i++) {
		struct request *r = &w->broker.requests[i];

		if (r->live && r->answered && r != processed && r->daemon == processed->daemon && ++r->later >= 2)
			r->live = false;
	}
}

static struct request *broker_send(struct world *w, int daemon, uint64_t process, uint64_t generation,
				   const struct intent_text *sent, const char *text)
{
	struct request *r = w->broker.requests;

	while (r < w->broker.requests + REQUESTS && r->live)
		r++;
	if (r == w->broker.requests + REQUESTS) { /* the oldest memories fade */
		r = w->broker.requests;
		while (!r->answered)
			r++;
	}
	note_sent(w, sent);
	*r = (struct request){ .live = true,
			       .daemon = daemon,
			       .process = process,
			       .generation = generation,
			       .offset = sent->start,
			       .sent = *sent };
	snprintf(r->text, sizeof(r->text), "%s", text);
	return r;
}

static void ghost_request(struct world *w, struct request *r)
{
	w->counts.ghosts++;
	broker_age(w, r);
	broker_apply(w, r);
	r->live = false;
}

/* ---- S3's ghosts */

static void ghost_free(struct world *w, int i)
{
	free(w->ghosts[i].key);
	free(w->ghosts[i].metadata);
	buf_free(&w->ghosts[i].body);
	w->ghosts[i] = w->ghosts[--w->n_ghosts];
}

static void on_cancelled(struct s3 *s3, const struct s3_call *c)
{
	struct world *w = the_world;
	struct ghost *g = &w->ghosts[w->n_ghosts];

	(void)s3;
	if ((c->op != S3_PUT && c->op != S3_COMPLETE) || w->now > c->not_after_boot_ms || w->n_ghosts == GHOSTS ||
	    !odds(w, 30))
		return;
	w->n_ghosts++;
	*g = (struct ghost){ .op = c->op, .key = mem_strdup(c->key), .n_parts = c->n_parts };
	buf_init(&g->body, 1 << 20);
	if (c->op == S3_PUT) {
		g->metadata = fake_metadata(c);
		fake_add_body(c, &g->body);
	} else {
		snprintf(g->upload_id, sizeof(g->upload_id), "%s", c->upload_id);
	}
}

static void ghost_call(struct world *w, int i)
{
	struct ghost *g = &w->ghosts[i];
	struct fake_upload *u = g->op == S3_COMPLETE ? fake_upload(&w->store, g->upload_id) : NULL;
	struct buf body;

	if (g->op == S3_PUT) {
		fake_show(&w->store, g->key, g->metadata, &g->body);
		g->metadata = NULL;
		buf_init(&g->body, 1);
	} else if (u != NULL && u->open) {
		buf_init(&body, 1 << 20);
		for (size_t p = 0; p < g->n_parts; p++)
			buf_add(&body, u->parts[p].data, u->parts[p].len);
		u->open = fake_show(&w->store, g->key, mem_strdup(u->metadata), &body) == S3_EXISTS;
	}
	ghost_free(w, i);
}

/* Those who use the objects may move them once the committed offset has passed them, and nobody is still sending them
 * (design.md, Assumptions). An offset that no daemon knows to be committed does not count: it may go back. */
static void move_object(struct world *w)
{
	struct fake_object **at = &w->store.objects;
	char id[RANGE_ID_SIZE];

	while (*at != NULL) {
		struct fake_object *o = *at;
		const struct seen_range *r;
		bool sending = false;

		fake_metadata_value(o->metadata, "range-id", id, sizeof(id));
		r = find_seen(w, id);
		for (int i = 0; i < w->n_ghosts; i++)
			sending |= strcmp(w->ghosts[i].key, o->key) == 0;
		if (r != NULL && r->end <= w->acked_offset && !sending) {
			*at = o->next;
			fake_object_free(o);
			return;
		}
		at = &o->next;
	}
}

/* ---- the end */

static int64_t last_record(const struct world *w)
{
	int64_t i = w->log_end;

	while (i > 0 && w->log[i - 1].gone)
		i--;
	return i;
}

static const struct seen_range *next_range(const struct world *w, int64_t start)
{
	const struct seen_range *next = NULL;

	for (int i = 0; i < w->n_ranges; i++) {
		const struct seen_range *r = &w->ranges[i];

		if (r->metadata != NULL && r->start >= start && (next == NULL || r->start < next->start))
			next = r;
	}
	return next;
}

static void check_link(struct world *w, const struct seen_range *before, const struct seen_range *r)
{
	char expected[128], found[128] = "";
	int64_t from = before != NULL ? before->end : w->first;
	int64_t tombstones = 0;

	if (before == NULL) {
		if (!fake_metadata_value(r->metadata, "chain-begins", found, sizeof(found)))
			violate(w, "the chain does not begin");
	} else {
		snprintf(expected, sizeof(expected), "%" PRId64 ",%s,%d,%" PRId64, before->start, before->id,
			 before->objects, before->records);
		if (!fake_metadata_value(r->metadata, "previous", found, sizeof(found)) || strcmp(found, expected) != 0)
			violate(w, "range %s names \"%s\" before it, but that is \"%s\"", r->id, found, expected);
	}
	for (int64_t i = from; i < r->start; i++)
		tombstones += w->log[i].kind == LOG_TOMBSTONE;
	snprintf(expected, sizeof(expected), "%" PRId64 ",%" PRId64 ",tombstones=%" PRId64, from, r->start, tombstones);
	found[0] = '\0';
	fake_metadata_value(r->metadata, "skipped", found, sizeof(found));
	if (!w->compacts && strcmp(found, from < r->start ? expected : "") != 0)
		violate(w, "range %s says \"%s\" was skipped before it, not \"%s\"", r->id, found, expected);
}

/* Every record is there once, and the chain is whole. */
static void check_end(struct world *w)
{
	const struct seen_range *before = NULL, *r = next_range(w, w->first);
	struct intent_text t;

	for (int64_t i = w->first; i < log_stop(w); i++) {
		if (w->log[i].kind <= LOG_DEAD && w->published[i] == NULL)
			violate(w, "offset %" PRId64 " is lost", i);
	}
	for (; r != NULL; before = r, r = next_range(w, r->end))
		check_link(w, before, r);
	if (intent_read(w->broker.text, &t) != INTENT_OURS || t.n != 0)
		violate(w, "the last text is \"%s\"", w->broker.text);
	else if (before != NULL && strcmp(t.before.previous_id, before->id) != 0)
		violate(w, "the last text names range %s before it, not %s", t.before.previous_id, before->id);
}

/* A rare harm is looked for where it is likely. */
static void sharpen(struct world *w)
{
	if (w->mutant == FORGET_UNKNOWN) {
		memset(w->temper, 0, sizeof(w->temper));
		w->temper[TROUBLE_PARK] = 10;
		w->acked_percent = 30;
	} else if (w->mutant == FORGET_TAKEN_OUT) {
		memset(w->temper, 0, sizeof(w->temper));
		w->temper[TROUBLE_RELOAD] = 10;
		w->acked_percent = 30;
	} else if (w->mutant == NO_END_MARKER) {
		memset(w->temper, 0, sizeof(w->temper));
		w->temper[TROUBLE_PARK] = 10;
		w->temper[TROUBLE_CRASH] = 4;
	} else if (w->mutant == NO_LEASE) {
		memset(w->temper, 0, sizeof(w->temper));
		w->temper[TROUBLE_FREEZE] = 4;
		w->temper[TROUBLE_MOVE] = 6;
	}
}

static void world_init(struct world *w, uint64_t seed, enum mutant mutant)
{
	memset(w, 0, sizeof(*w));
	dice_init(&w->dice, seed);
	w->mutant = mutant;
	w->now = 1000000;
	w->broker.offset = w->broker.owner = w->broker.wanted = -1;
	w->log_limit = 10 + dice_below(&w->dice, LOG_MAX - 10);
	for (int i = 0; i < TROUBLES; i++)
		w->temper[i] = (int)(dice_below(&w->dice, 4) * dice_below(&w->dice, 3));
	w->acked_percent = 30 + (int)dice_below(&w->dice, 70);
	sharpen(w);
	w->land = mutant >= FIRST_OF_LANDS || dice_chance(&w->dice, 40);
	w->stop = -1;
	w->compacts = !w->land && (mutant == NO_END_MARKER || dice_chance(&w->dice, 30));
	w->catalog = mutant == TELL_UNREGISTERED || dice_chance(&w->dice, 30);
	if (w->land) /* it is of what is there already */
		log_add(w, dice_below(&w->dice, w->log_limit));
	w->store.visible = on_visible;
	w->store.refused = on_refused;
	w->store.arg = w;
	fake_cancelled = on_cancelled;
	the_world = w;
}

static void world_free(struct world *w)
{
	fake_store_clear(&w->store);
	while (w->n_ghosts > 0)
		ghost_free(w, 0);
	for (int64_t i = 0; i < LOG_MAX; i++)
		free(w->published[i]);
	for (int i = 0; i < w->n_ranges; i++)
		free(w->ranges[i].metadata);
}

#endif
