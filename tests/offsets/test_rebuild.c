/* SPDX-License-Identifier: Apache-2.0 */
/* A lost group rebuilt, against a model: a log is cut into ranges as a daemon does, up to eight of them are left in S3
 * in any part, and what the rebuilt text makes of that must land each record once. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "encode/encoder.h"
#include "offsets/plan.h"
#include "offsets/tail.h"
#include "offsets/walk.h"
#include "store/key.h"
#include "support/dice.h"
#include "support/fake_headers.h"
#include "support/fake_record.h"

#define ROUNDS 8000
#define RECORDS 120
#define RANGES 24
#define SLOTS 4
#define HOUR_MS INT64_C(3600000)
#define CLUSTER "c"
#define GROUP "g"
#define MARK "abcd"

enum what { LANDS, DIES, SKIPPED };

struct model_record {
	int64_t offset;
	int slot;
	enum what what;
	char value[24];
};

struct model_range {
	struct range_facts facts;
	struct chain before;
	bool there[2 * SLOTS]; /* objects in S3: by slot, dead letters behind */
};

struct model {
	struct dice dice;
	struct settings settings;
	struct model_record records[RECORDS];
	int n;
	int64_t log_end;
	struct model_range ranges[RANGES]; /* sealed */
	int n_ranges;
	int committed; /* of them, finished */
	struct bucket_partition bucket;
	struct bucket_lines *lines[BUCKET_RANGES];
	struct tail tail;
	struct plan plan;
	struct error error;
	int refused;
};

static struct model *m;

static int setup(void **state)
{
	(void)state;
	m = calloc(1, sizeof(*m));
	dice_init(&m->dice, dice_seed(11));
	m->settings.s3_bucket = (char *)"b";
	m->settings.kafka_group = (char *)GROUP;
	m->settings.kafka_start_ms = -2;
	m->settings.topic = fake_settings();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(m);
	return 0;
}

static struct record record_of(const struct model_record *r)
{
	static struct fake_headers none;
	struct record out = fake_record(r->what == SKIPPED ? NULL : r->value, NULL);

	out.offset = r->offset;
	out.timestamp_ms = (1000 + r->slot) * HOUR_MS + r->offset;
	out.message = &none;
	return out;
}

static void make_log(int gaps_percent)
{
	int64_t offset = dice_below(&m->dice, 50);

	m->n = 1 + (int)dice_below(&m->dice, RECORDS);
	for (int i = 0; i < m->n; i++) {
		struct model_record *r = &m->records[i];

		offset += dice_chance(&m->dice, gaps_percent) ? 1 + dice_below(&m->dice, 4) : 0;
		r->offset = offset++;
		r->slot = (int)dice_below(&m->dice, SLOTS);
		r->what = dice_chance(&m->dice, 80) ? LANDS : dice_chance(&m->dice, 50) ? DIES : SKIPPED;
		snprintf(r->value, sizeof(r->value), r->what == LANDS ? "{\"n\":%d}" : "no json %d", i);
	}
	m->log_end = offset + dice_below(&m->dice, 3);
}

/* The object of a record: by slot, dead letters behind. */
static int object_of(const struct model_record *r)
{
	return r->slot + (r->what == DIES ? SLOTS : 0);
}

static int count_objects(int64_t start, int64_t end, int records[2 * SLOTS], struct range_facts *f)
{
	int n = 0;

	memset(records, 0, 2 * SLOTS * sizeof(records[0]));
	for (int i = 0; i < m->n; i++) {
		const struct model_record *r = &m->records[i];

		if (r->offset < start || r->offset >= end)
			continue;
		f->landed += r->what == LANDS;
		f->dead += r->what == DIES;
		f->skipped += r->what == SKIPPED;
		if (r->what != SKIPPED)
			n += records[object_of(r)]++ == 0;
	}
	return n;
}

/* Ranges as a daemon seals them, each behind the one before it; what is behind the last is open. */
static void cut(void)
{
	struct chain chain;
	int64_t start = m->records[0].offset;
	int records[2 * SLOTS];

	chain_begin(&chain, "first");
	m->n_ranges = 0;
	while (m->n_ranges < RANGES && start < m->log_end && !dice_chance(&m->dice, 8)) {
		struct model_range *r = &m->ranges[m->n_ranges++];

		*r = (struct model_range){ .before = chain, .facts = { .start = start } };
		r->facts.end = start + 1 + dice_below(&m->dice, dice_chance(&m->dice, 50) ? 3 : 20);
		if (r->facts.end > m->log_end)
			r->facts.end = m->log_end;
		snprintf(r->facts.id, sizeof(r->facts.id), MARK "%012x", (unsigned)(m->n_ranges * 7919 % 101));
		r->facts.objects = count_objects(start, r->facts.end, records, &r->facts);
		for (int i = 0; i < 2 * SLOTS; i++)
			r->there[i] = records[i] > 0;
		chain_advance(&chain, &r->facts);
		start = r->facts.end;
	}
}

/* The last of them, at most as many as a text names, are published in any part. */
static void publish(void)
{
	int unfinished = (int)dice_below(&m->dice, ASSIGNMENT_MAX_SEALED + 1);
	int percent = (int)dice_below(&m->dice, 101);

	m->committed = m->n_ranges > unfinished ? m->n_ranges - unfinished : 0;
	for (int i = m->committed; i < m->n_ranges; i++)
		for (int k = 0; k < 2 * SLOTS; k++)
			m->ranges[i].there[k] = m->ranges[i].there[k] && dice_chance(&m->dice, percent);
}

static void key_of(const char *id, int64_t start, int object, char key[KEY_MAX + 1])
{
	key_build(&m->settings.topic,
		  &(struct key_facts){ .topic = "t",
				       .table = "t",
				       .partition = 3,
				       .start = start,
				       .range_id = id,
				       .slot = (1000 + object % SLOTS) * HOUR_MS,
				       .dead = object >= SLOTS },
		  key);
}

static void line_of(const struct model_record *r, struct bucket_lines *lines)
{
	struct topic_settings *t = &m->settings.topic;
	const struct record_source source = { "t", 3 };
	struct record record = record_of(r);
	const char *reason = NULL;
	struct buf b;

	buf_init(&b, 1 << 20);
	if (encoder_find("json")->encode(t, &source, &record, &b, &reason) == ENCODE_DEAD)
		assert_true(dead_letter_encode(t, &source, &record, reason, &b));
	lines->hashes = mem_realloc(lines->hashes, (lines->n + 1) * sizeof(lines->hashes[0]));
	lines->hashes[lines->n++] = bucket_line_hash(b.data, b.len);
	buf_free(&b);
}

static void describe(const struct model_range *r, struct facts *f)
{
	const struct chain *c = &r->before;

	*f = (struct facts){ .id = strtoull(r->facts.id, NULL, 16), .group = GROUP, .cluster = CLUSTER };
	f->begins = c->begins[0] != '\0' ? BEGINS_FIRST : BEGINS_NOT;
	f->previous_start = c->previous_start;
	f->previous_id = strtoull(c->previous_id, NULL, 16);
	f->previous_objects = c->previous_objects;
	f->previous_records = c->previous_records;
	f->skipped_first = c->skipped_first;
	f->skipped_next = c->skipped_next;
	f->skipped_tombstones = c->skipped_tombstones;
}

static void list_range(const struct model_range *r)
{
	struct bucket_range *to = &m->bucket.ranges[m->bucket.n];
	char key[KEY_MAX + 1];

	*to = (struct bucket_range){ .start = r->facts.start, .id = strtoull(r->facts.id, NULL, 16) };
	describe(r, &to->facts);
	to->objects = mem_array(2 * SLOTS, sizeof(to->objects[0]));
	m->lines[m->bucket.n] = mem_array(2 * SLOTS, sizeof(struct bucket_lines));
	for (int object = 0; object < 2 * SLOTS; object++) {
		struct bucket_lines *lines = &m->lines[m->bucket.n][to->n];

		if (!r->there[object])
			continue;
		key_of(r->facts.id, r->facts.start, object, key);
		to->objects[to->n++] = (struct bucket_object){ mem_strdup(key), 100 };
		for (int i = 0; i < m->n; i++)
			if (m->records[i].offset >= r->facts.start && m->records[i].offset < r->facts.end &&
			    m->records[i].what != SKIPPED && object_of(&m->records[i]) == object)
				line_of(&m->records[i], lines);
	}
	m->bucket.n++;
}

static bool is_shown(const struct model_range *r)
{
	bool any = false;

	for (int k = 0; k < 2 * SLOTS; k++)
		any = any || r->there[k];
	return any;
}

static void list_bucket(void)
{
	int shown = 0, first = m->n_ranges;

	for (; first > 0 && shown < BUCKET_RANGES; first--)
		shown += is_shown(&m->ranges[first - 1]);
	m->bucket = (struct bucket_partition){ .topic = (char *)"t", .partition = 3 };
	for (int i = first; i < m->n_ranges; i++)
		if (is_shown(&m->ranges[i]))
			list_range(&m->ranges[i]);
}

static void unlist(void)
{
	for (size_t i = 0; i < m->bucket.n; i++) {
		for (size_t k = 0; k < m->bucket.ranges[i].n; k++) {
			free(m->bucket.ranges[i].objects[k].key);
			free(m->lines[i][k].hashes);
		}
		free(m->bucket.ranges[i].objects);
		free(m->lines[i]);
	}
}

static int feed(struct walk *w, int64_t from)
{
	bool more = true;

	for (int i = 0; i < m->n && more; i++) {
		struct record r = record_of(&m->records[i]);

		if (r.offset >= from)
			more = walk_add(w, &r);
	}
	return walk_end(w, more ? &m->log_end : NULL, &m->error);
}

/* What rebuild.c does, without Kafka and S3. low: where the log begins now. */
static void rebuild(int64_t low)
{
	struct walk_about about = {
		.topic = "t", .partition = 3, .settings = &m->settings.topic, .table = "t", .mark = MARK
	};
	struct group_partition of = { .topic = (char *)"t", .partition = 3, .of = 4, .offset = -1, .text = (char *)"" };
	struct standing standing = { .of = &of };
	struct plan_world world = { .settings = &m->settings, .cluster = CLUSTER };
	const struct walked_range *ranges[WALK_MAX];
	struct tail *t = &m->tail;
	int64_t first;
	struct walk *w;
	int n;

	of.low = low;
	of.high = m->log_end;
	if (tail_of(&m->bucket, GROUP, CLUSTER, MARK, t, &m->error) < 0) {
		plan_refuse(&m->plan, &standing, m->error.text);
		return;
	}
	for (int i = 0; i < t->n; i++)
		if (t->ranges[i].end < 0)
			t->ranges[i].lines = m->lines[t->ranges[i].there - m->bucket.ranges];
	first = t->open ? m->records[0].offset : t->ranges[0].start;
	w = walk_new(&about, t, first, low > first);
	n = feed(w, low > first ? low : first);
	for (int i = 0; i < n; i++)
		ranges[i] = walk_range(w, i);
	if (t->open)
		chain_begin(&t->before, "first");
	if (n < 0)
		plan_refuse(&m->plan, &standing, m->error.text);
	else if (n == 0)
		plan_offset(&m->plan, &world, &standing, low, "truncated");
	else
		plan_ranges(&m->plan, &world, &standing, &t->before, ranges, n);
	walk_free(w);
}

/* How often each record stands in S3 once a daemon has gone on with the text. */
static void land(int landed[RECORDS])
{
	const struct intent_text *t = &m->plan.text;

	memset(landed, 0, RECORDS * sizeof(landed[0]));
	for (int i = 0; i < m->n; i++) {
		const struct model_record *r = &m->records[i];

		for (int k = 0; k < m->n_ranges; k++)
			landed[i] += r->what != SKIPPED && r->offset >= m->ranges[k].facts.start &&
				     r->offset < m->ranges[k].facts.end && m->ranges[k].there[object_of(r)];
		for (int k = 0; k < t->n && r->what != SKIPPED; k++) {
			char key[KEY_MAX + 1];
			bool exists = false;

			if (r->offset < t->ranges[k].start || r->offset >= t->ranges[k].end)
				continue;
			key_of(t->ranges[k].id, t->ranges[k].start, object_of(r), key);
			for (size_t b = 0; b < m->bucket.n; b++)
				for (size_t o = 0; o < m->bucket.ranges[b].n; o++)
					exists = exists || strcmp(m->bucket.ranges[b].objects[o].key, key) == 0;
			landed[i] += !exists;
		}
		landed[i] += r->what != SKIPPED && r->offset >= (t->n > 0 ? t->ranges[t->n - 1].end : t->start);
	}
}

static void assert_each_once(void)
{
	const struct intent_text *t = &m->plan.text;
	int landed[RECORDS];
	int64_t at = t->start;

	if (m->plan.kind != PLAN_SET)
		fail_msg("refused: %s", m->plan.why);
	for (int i = 0; i < t->n; at = t->ranges[i++].end) {
		assert_int_equal(t->ranges[i].start, at);
		assert_true(t->ranges[i].end > at);
	}
	land(landed);
	for (int i = 0; i < m->n; i++)
		if (landed[i] != (m->records[i].what != SKIPPED))
			fail_msg("offset %d stands %d times", (int)m->records[i].offset, landed[i]);
}

/* The facts that the daemon holds against the log once more, and those of the chain. */
static void assert_facts(void)
{
	const struct intent_text *t = &m->plan.text;
	int records[2 * SLOTS];

	for (int i = 0; i < t->n; i++) {
		struct range_facts f = { 0 };

		assert_int_equal(t->ranges[i].objects,
				 count_objects(t->ranges[i].start, t->ranges[i].end, records, &f));
		assert_int_equal(t->ranges[i].landed, f.landed);
		assert_int_equal(t->ranges[i].dead, f.dead);
		assert_int_equal(t->ranges[i].skipped, f.skipped);
	}
}

static void any_tail_is_completed_exactly_once(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		make_log(i % 2 * 15);
		cut();
		publish();
		list_bucket();
		if (m->bucket.n > 0) {
			rebuild(0);
			assert_each_once();
			assert_facts();
		}
		unlist();
	}
}

/* Whole in S3, the chain goes on where it ended, without anything to be made again. */
static void a_whole_chain_goes_on_behind_its_end(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++) {
		const struct model_range *last;
		struct chain chain;

		make_log(0);
		cut();
		m->committed = m->n_ranges;
		list_bucket();
		if (m->bucket.n > 0) {
			for (last = &m->ranges[m->n_ranges - 1]; last->facts.objects == 0; last--)
				;
			chain = last->before;
			chain_advance(&chain, &last->facts);
			rebuild(0);
			assert_each_once();
			assert_int_equal(m->plan.text.n, 0);
			assert_true(m->plan.text.start <= last->facts.end);
			assert_memory_equal(&m->plan.text.before, &chain, sizeof(chain));
		}
		unlist();
	}
}

/* Retention has passed the start of the newest range, or all of it: what the log still has is landed once, or nothing
 * is set. */
static void a_log_that_begins_late_is_told_or_right(void **state)
{
	int set = 0, behind = 0;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		int64_t low;
		int landed[RECORDS];

		make_log(0);
		cut();
		publish();
		list_bucket();
		if (m->bucket.n > 0) {
			low = m->bucket.ranges[m->bucket.n - 1].start + 1 + dice_below(&m->dice, 12);
			low = low < m->log_end ? low : m->log_end;
			tail_of(&m->bucket, GROUP, CLUSTER, MARK, &m->tail, &m->error);
			if (!m->tail.open && m->tail.n == 1) {
				rebuild(low);
				land(landed);
				for (int k = 0; k < m->n && m->plan.kind == PLAN_SET; k++)
					if (m->records[k].offset >= low)
						assert_int_equal(landed[k], m->records[k].what != SKIPPED);
				set += m->plan.kind == PLAN_SET;
				behind += m->plan.kind == PLAN_SET && m->plan.text.before.begins[0] == 't';
			}
		}
		unlist();
	}
	assert_true(set > 500);
	assert_true(behind > 50);
}

static void refuses(const char *why)
{
	rebuild(0);
	assert_int_equal(m->plan.kind, PLAN_REFUSED);
	if (strstr(m->plan.why, why) == NULL)
		fail_msg("%s", m->plan.why);
}

static void make_two_ranges(void)
{
	do {
		make_log(0);
		cut();
	} while (m->n_ranges < 2 || m->ranges[0].facts.objects < 2 || m->ranges[1].facts.objects < 2);
	m->n_ranges = m->committed = 2;
	list_bucket();
}

static void what_does_not_fit_together_is_refused(void **state)
{
	struct bucket_range *newest;

	(void)state;
	make_two_ranges();
	newest = &m->bucket.ranges[1];
	snprintf(newest->facts.group, sizeof(newest->facts.group), "other");
	refuses("was written by group \"other\"");
	snprintf(newest->facts.group, sizeof(newest->facts.group), GROUP);
	snprintf(newest->facts.cluster, sizeof(newest->facts.cluster), "d");
	refuses("comes from cluster \"d\"");
	snprintf(newest->facts.cluster, sizeof(newest->facts.cluster), CLUSTER);
	newest->wrong = (char *)"odd";
	refuses("odd");
	newest->wrong = NULL;
	newest->facts.previous_objects--;
	refuses("and ");
	newest->facts.previous_objects += 2;
	refuses("settings or the log have changed since");
	newest->facts.previous_objects--;
	m->lines[1][0].hashes[0]++;
	refuses("does not hold the record of offset");
	m->lines[1][0].hashes[0]--;
	m->settings.topic.partition_by = PARTITION_BY_DAY;
	refuses("");
	m->settings.topic.partition_by = PARTITION_BY_HOUR;
	m->n = 1;
	m->log_end = m->records[0].offset + 1;
	refuses("the log ends at offset");
	unlist();
}

static void a_range_beside_the_chain_is_refused(void **state)
{
	(void)state;
	make_two_ranges();
	m->bucket.ranges[0].start = m->bucket.ranges[1].start;
	m->bucket.ranges[1].facts.begins = BEGINS_FIRST;
	refuses("stands beside the chain");
	unlist();
}

/* Equal lines, and a log that has lost some of them: which ones, nobody can tell. */
static void equal_lines_in_a_log_with_gaps_are_refused(void **state)
{
	(void)state;
	m->n = 4;
	for (int i = 0; i < m->n; i++) {
		m->records[i] = (struct model_record){ .offset = 10 + i, .what = LANDS };
		snprintf(m->records[i].value, sizeof(m->records[i].value), "{}");
	}
	m->log_end = 14;
	m->n_ranges = 1;
	m->ranges[0] = (struct model_range){ .facts = { .start = 10, .end = 13, .id = MARK "000000000001" },
					     .there = { true } };
	chain_begin(&m->ranges[0].before, "first");
	list_bucket();
	rebuild(0);
	assert_each_once();
	assert_int_equal(m->plan.text.start, 13);
	memmove(&m->records[1], &m->records[2], 2 * sizeof(m->records[0]));
	m->n = 3;
	refuses("lines that are alike");
	unlist();
}

/* One range of one line at offset 10, in S3 whole; the log goes on in another hour. Returns what walk_end says. */
static int walk_away(int64_t low, bool late, int64_t *fed)
{
	struct walk_about about = {
		.topic = "t", .partition = 3, .settings = &m->settings.topic, .table = "t", .mark = MARK
	};
	struct record r;
	struct walk *w;
	int rc;

	m->n = 1;
	m->records[0] = (struct model_record){ .offset = 10, .what = LANDS, .value = "{}" };
	m->n_ranges = 1;
	m->ranges[0] = (struct model_range){ .facts = { .start = 10, .end = 11, .id = MARK "000000000001" },
					     .there = { true } };
	chain_begin(&m->ranges[0].before, "first");
	list_bucket();
	assert_int_equal(tail_of(&m->bucket, GROUP, CLUSTER, MARK, &m->tail, &m->error), 0);
	m->tail.ranges[0].lines = m->lines[0];
	w = walk_new(&about, &m->tail, 10, late);
	m->records[0].slot = 1;
	r = record_of(&m->records[0]);
	r.value = (const uint8_t *)"1";
	r.value_len = 1;
	for (r.offset = low, *fed = 1; walk_add(w, &r); r.offset++)
		(*fed)++;
	rc = walk_end(w, NULL, &m->error);
	walk_free(w);
	unlist();
	return rc;
}

/* Not the whole log is read for a line that does not come any more. */
static void the_search_for_lines_has_an_end(void **state)
{
	int64_t fed;

	(void)state;
	assert_int_equal(walk_away(500, true, &fed), 0);
	assert_int_equal(fed, WALK_LATE_LOOK_AHEAD + 2 + 1);
	assert_int_equal(walk_away(10, false, &fed), -1);
	assert_int_equal(fed, WALK_LOOK_AHEAD + 1);
	assert_non_null(strstr(m->error.text, "are in no object of range abcd000000000001"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(any_tail_is_completed_exactly_once, setup, teardown),
		cmocka_unit_test_setup_teardown(a_whole_chain_goes_on_behind_its_end, setup, teardown),
		cmocka_unit_test_setup_teardown(a_log_that_begins_late_is_told_or_right, setup, teardown),
		cmocka_unit_test_setup_teardown(what_does_not_fit_together_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_range_beside_the_chain_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(equal_lines_in_a_log_with_gaps_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(the_search_for_lines_has_an_end, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
