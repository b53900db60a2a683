/* SPDX-License-Identifier: Apache-2.0 */
/* From the newest range back along the names, and over what nothing names. A range that is not there hides what came
 * before it; then the next older one that is there goes on, and where it ends is not known. */
#include "offsets/tail.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "batch/assignment.h"
#include "batch/range_id.h"

/* The way back, newest first. */
struct way {
	const struct bucket_partition *p;
	const char *mark;
	struct tail_range ranges[TAIL_MAX];
	int n;
};

static struct tail_range *step(struct way *w, const struct tail_range *r)
{
	w->ranges[w->n] = *r;
	return &w->ranges[w->n++];
}

static const struct bucket_range *find(const struct bucket_partition *p, int64_t start, uint64_t id)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->ranges[i].start == start && p->ranges[i].id == id)
			return &p->ranges[i];
	return NULL;
}

static const struct bucket_range *newest_before(const struct bucket_partition *p, int64_t start)
{
	size_t i = p->n;

	while (i > 0 && p->ranges[i - 1].start >= start)
		i--;
	return i > 0 ? &p->ranges[i - 1] : NULL;
}

static void name(char id[RANGE_ID_SIZE], uint64_t number)
{
	snprintf(id, RANGE_ID_SIZE, "%016" PRIx64, number);
}

/* A range of which S3 shows objects, and nothing says how many there were or where it ends. */
static struct tail_range *step_unnamed(struct way *w, const struct bucket_range *there)
{
	struct tail_range r = { .start = there->start, .end = -1, .objects = -1, .records = -1, .there = there };

	name(r.id, there->id);
	return step(w, &r);
}

/* What r names, and the stretch without objects between the two. */
static struct tail_range *step_named(struct way *w, const struct tail_range *r)
{
	const struct facts *f = &r->there->facts;
	struct tail_range before = { .start = f->previous_start, .objects = f->previous_objects };

	before.end = r->start;
	before.records = f->previous_records;
	before.there = find(w->p, f->previous_start, f->previous_id);
	name(before.id, f->previous_id);
	if (f->skipped_first < f->skipped_next) {
		struct tail_range stretch = { .start = f->skipped_first, .end = r->start };

		range_id_draw(w->mark, stretch.id);
		before.end = f->skipped_first;
		step(w, &stretch);
	}
	return step(w, &before);
}

static int check(const struct tail_range *r, const char *group, const char *cluster, struct error *e)
{
	const struct bucket_range *there = r->there;

	if (there->wrong != NULL)
		return error_set(e, ERROR_GIVE_UP, 0, "range %s from offset %" PRId64 ": %s", r->id, r->start,
				 there->wrong);
	if (strcmp(there->facts.group, group) != 0)
		return error_set(e, ERROR_GIVE_UP, 0, "range %s from offset %" PRId64 " was written by group \"%s\"",
				 r->id, r->start, there->facts.group);
	if (strcmp(there->facts.cluster, cluster) != 0)
		return error_set(e, ERROR_GIVE_UP, 0,
				 "range %s comes from cluster \"%s\", this is \"%s\": its offsets mean nothing here",
				 r->id, there->facts.cluster, cluster);
	if (r->objects >= 0 && there->n > (size_t)r->objects)
		return error_set(e, ERROR_GIVE_UP, 0, "range %s was written as %" PRId32 " objects, and %zu are there",
				 r->id, r->objects, there->n);
	if (there->facts.begins == BEGINS_NOT && there->facts.previous_start >= r->start)
		return error_set(e, ERROR_GIVE_UP, 0, "range %s names one that does not come before it", r->id);
	return 0;
}

/* 1: it goes on; 0: the way has ended. */
static int go_back(struct way *w, const char *group, const char *cluster, struct error *e)
{
	const struct tail_range *r = &w->ranges[w->n - 1];
	const struct bucket_range *older;

	if (w->n + 2 > TAIL_MAX)
		return 0;
	if (r->there == NULL) {
		older = newest_before(w->p, r->start);
		if (older == NULL)
			return 0;
		step_unnamed(w, older);
		return 1;
	}
	if (check(r, group, cluster, e) < 0)
		return -1;
	if (r->there->facts.begins != BEGINS_NOT || w->n >= ASSIGNMENT_MAX_SEALED)
		return 0;
	step_named(w, r);
	return 1;
}

/* Nothing of it is left to do. */
static bool is_whole(const struct tail_range *r)
{
	return r->end >= 0 && (r->objects == 0 || (r->there != NULL && r->there->n == (size_t)r->objects));
}

static void chain_of(const struct facts *f, struct chain *c)
{
	*c = (struct chain){ .previous_start = f->previous_start,
			     .previous_records = f->previous_records,
			     .previous_objects = f->previous_objects };
	if (f->begins != BEGINS_NOT)
		chain_begin(c, facts_begins_name(f->begins));
	else
		name(c->previous_id, f->previous_id);
	c->skipped_first = f->skipped_first;
	c->skipped_next = f->skipped_next;
	c->skipped_tombstones = f->skipped_tombstones;
}

/* A range that the way has not met stands beside the chain: doubles, or a chain that was begun anew behind its end. */
static int check_beside(const struct bucket_partition *p, const struct tail *t, struct error *e)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct bucket_range *r = &p->ranges[i];
		bool met = r->start < t->ranges[0].start;

		for (int k = 0; k < t->n && !met; k++)
			met = t->ranges[k].there == r;
		if (!met)
			return error_set(e, ERROR_GIVE_UP, 0,
					 "range %016" PRIx64 " from offset %" PRId64
					 " stands beside the chain: `kafka2s3 verify` says more",
					 r->id, r->start);
	}
	return 0;
}

int tail_of(const struct bucket_partition *p, const char *group, const char *cluster, const char *mark, struct tail *t,
	    struct error *e)
{
	struct way w = { .p = p, .mark = mark };
	int rc, oldest;

	*t = (struct tail){ .n = 0 };
	step_unnamed(&w, &p->ranges[p->n - 1]);
	while ((rc = go_back(&w, group, cluster, e)) > 0)
		;
	if (rc < 0)
		return -1;
	oldest = w.n - 1;
	while (oldest > 0 && is_whole(&w.ranges[oldest]))
		oldest--;
	for (int i = oldest; i >= 0; i--)
		t->ranges[t->n++] = w.ranges[i];
	t->open = t->ranges[0].there == NULL;
	if (t->open && p->n == BUCKET_RANGES)
		return error_set(e, ERROR_GIVE_UP, 0,
				 "range %s from offset %" PRId64 " and more before it are not there", t->ranges[0].id,
				 t->ranges[0].start);
	if (!t->open)
		chain_of(&t->ranges[0].there->facts, &t->before);
	return check_beside(p, t, e);
}
