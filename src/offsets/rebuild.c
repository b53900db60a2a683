/* SPDX-License-Identifier: Apache-2.0 */
/* The chain's tail from S3, its unnamed objects line by line, the log from there on: and from these three the text that
 * the group has lost. Thread: the caller's. */
#include "offsets/rebuild.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "encode/fingerprint.h"
#include "offsets/tail.h"

/* Errors of one partition, and of all. */
enum outcome { OUTCOME_FINE, OUTCOME_REFUSED, OUTCOME_FAILED };

static enum outcome outcome_of(int rc, const struct error *e)
{
	if (rc == 0)
		return OUTCOME_FINE;
	return e->action == ERROR_GIVE_UP ? OUTCOME_REFUSED : OUTCOME_FAILED;
}

static void free_lines(struct tail *t)
{
	for (int i = 0; i < t->n; i++) {
		for (size_t k = 0; t->ranges[i].lines != NULL && k < t->ranges[i].there->n; k++)
			free(t->ranges[i].lines[k].hashes);
		free(t->ranges[i].lines);
	}
}

static int read_lines(struct tail *t, struct bucket *b, struct error *e)
{
	for (int i = 0; i < t->n; i++) {
		struct tail_range *r = &t->ranges[i];

		if (r->end >= 0)
			continue;
		r->lines = mem_array(r->there->n, sizeof(r->lines[0]));
		for (size_t k = 0; k < r->there->n; k++)
			if (bucket_read(b, &r->there->objects[k], &r->lines[k], e) < 0)
				return -1;
	}
	return 0;
}

static void describe(struct walk_about *a, const struct plan_world *w, const struct group_partition *of,
		     const struct group *g)
{
	const struct topic_settings *t = settings_for_topic(w->settings, of->topic);
	char *table = settings_table_name(t, of->topic);

	*a = (struct walk_about){ .topic = of->topic,
				  .partition = of->partition,
				  .settings = t,
				  .table = table,
				  .part_bytes = w->settings->s3_part_size_bytes };
	a->fingerprint = fingerprint_of(w->settings->s3_bucket, table, t, group_isolation_level(g));
	skip_init(&a->skip, w->settings, of->topic, of->partition);
	range_mark(w->cluster, w->settings->kafka_group, a->mark);
}

static bool take(void *arg, struct record *r)
{
	bool more = walk_add(arg, r);

	record_release(r);
	return more;
}

static void plan_walked(struct plan *p, const struct plan_world *w, const struct standing *from, const struct tail *t,
			const struct walk *walk, int n)
{
	const struct walked_range *ranges[WALK_MAX];
	struct chain before = t->before;

	if (n == 0) {
		plan_offset(p, w, from, from->of->low, "truncated");
		snprintf(p->note, sizeof(p->note),
			 "the log no longer reaches back to what was landed last, range %s from offset %" PRId64,
			 t->ranges[0].id, t->ranges[0].start);
		return;
	}
	if (t->open)
		chain_begin(&before, "first");
	for (int i = 0; i < n; i++)
		ranges[i] = walk_range(walk, i);
	plan_ranges(p, w, from, &before, ranges, n);
}

/* The log from the tail's start on. */
static enum outcome walk_log(struct plan *p, const struct plan_world *w, const struct standing *from, struct tail *t,
			     int64_t start, struct group *g, struct error *e)
{
	const struct group_partition *of = from->of;
	int64_t first = t->open && start < t->ranges[0].start ? start : t->ranges[0].start;
	bool late = of->low > first;
	struct walk_about about;
	struct walk *walk;
	int64_t end;
	int rc;

	if (late && (t->open || t->n > 1)) {
		error_set(e, ERROR_GIVE_UP, 0,
			  "the log begins at offset %" PRId64 ", behind range %s from offset %" PRId64
			  " which is not whole in S3: give the offset as %s:%" PRId32 "=OFFSET",
			  of->low, t->ranges[0].id, t->ranges[0].start, of->topic, of->partition);
		return OUTCOME_REFUSED;
	}
	describe(&about, w, of, g);
	walk = walk_new(&about, t, first, late);
	rc = group_read(g, of, late ? of->low : first, take, walk, &end, e);
	if (rc >= 0) {
		rc = walk_end(walk, rc == 0 ? &end : NULL, e);
		if (rc >= 0)
			plan_walked(p, w, from, t, walk, rc);
		rc = rc < 0 ? -1 : 0;
	}
	walk_free(walk);
	free((char *)about.table);
	skip_free(&about.skip);
	return outcome_of(rc, e);
}

static enum outcome rebuild(struct plan *p, const struct plan_world *w, const struct standing *from, int64_t start,
			    const struct bucket_partition *found, struct bucket *b, struct group *g, struct error *e)
{
	char mark[RANGE_MARK_SIZE];
	enum outcome outcome;
	struct tail t;

	range_mark(w->cluster, w->settings->kafka_group, mark);
	outcome = outcome_of(tail_of(found, w->settings->kafka_group, w->cluster, mark, &t, e), e);
	if (outcome != OUTCOME_FINE)
		return outcome;
	if (t.ranges[t.n - 1].start >= from->of->high) {
		error_set(e, ERROR_GIVE_UP, 0,
			  "the log ends at offset %" PRId64 ", and S3 has range %s from offset %" PRId64
			  ": the topic was truncated or made again",
			  from->of->high, t.ranges[t.n - 1].id, t.ranges[t.n - 1].start);
		return OUTCOME_REFUSED;
	}
	outcome = outcome_of(read_lines(&t, b, e), e);
	if (outcome == OUTCOME_FINE)
		outcome = walk_log(p, w, from, &t, start, g, e);
	free_lines(&t);
	return outcome;
}

int rebuild_plan(struct plan *p, const struct plan_world *w, const struct standing *from, int64_t start,
		 struct bucket *b, struct group *g, struct error *e)
{
	const struct bucket_partition *found = bucket_find(b, from->of->topic, from->of->partition);
	const char *stranger = bucket_stranger(b, from->of->topic);

	if (found == NULL && stranger != NULL) {
		error_set(
			e, ERROR_GIVE_UP, 0,
			"S3 holds nothing of it under the keys of these settings, and \"%s\", which they do not make: if "
			"it was landed with others, it would stand twice; give the offset as %s:%" PRId32 "=OFFSET",
			stranger, from->of->topic, from->of->partition);
		plan_refuse(p, from, e->text);
		return 0;
	}
	if (found == NULL) {
		plan_offset(p, w, from, start, "first");
		if (p->kind == PLAN_SET)
			snprintf(p->note, sizeof(p->note), "nothing of it is in S3%s",
				 w->settings->kafka_start_ms == -1
					 ? ", and nobody knows where \"latest\" was: from the log's beginning"
					 : "");
		return 0;
	}
	switch (rebuild(p, w, from, start, found, b, g, e)) {
	case OUTCOME_FINE:
		return 0;
	case OUTCOME_REFUSED:
		plan_refuse(p, from, e->text);
		return 0;
	default:
		return error_context(e, "topic \"%s\" partition %" PRId32, from->of->topic, from->of->partition);
	}
}
