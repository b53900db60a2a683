/* SPDX-License-Identifier: Apache-2.0 */
/* The proof of a partition in two passes over its ranges in the order of offsets: first each range finds the one that
 * it names, compares, and tells it where it ends; then ranges that overlap are found. A range names an earlier one, so
 * when its turn comes, all that it can name is settled. */
#include "verify/prove.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct prover {
	struct ledger_partition *p;
	struct findings *findings;
	struct proof *proof;
	int64_t missing_start; /* the range that was told to be missing last */
	uint64_t missing_id;
};

static struct finding about(const struct prover *v, enum finding_kind kind, int64_t first, int64_t next)
{
	return (struct finding){ kind, v->p->topic, v->p->partition, first, next, NULL };
}

#define tell(v, kind, first, next, ...)                                \
	do {                                                           \
		struct finding finding_ = about(v, kind, first, next); \
		(v)->p->faults++;                                      \
		findings_add((v)->findings, &finding_, __VA_ARGS__);   \
	} while (0)

static void tell_differs(void *arg, const struct ledger_entry *r)
{
	struct prover *v = arg;

	tell(v, FINDING_CHAIN, r->start, -1, "the objects of range %016" PRIx64 " do not name the same range before it",
	     r->id);
}

static struct ledger_entry *find(const struct ledger_partition *p, int64_t start, uint64_t id)
{
	size_t from = 0, to = p->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		struct ledger_entry *e = &p->entries[middle];

		if (e->start == start && e->id == id)
			return e;
		if (e->start < start || (e->start == start && e->id < id))
			from = middle + 1;
		else
			to = middle;
	}
	return NULL;
}

/* Only the missing range could say whether it follows the last one that is there. */
static void tell_missing(struct prover *v, const struct ledger_entry *r)
{
	char before[96] = "";

	if (v->missing_start == r->previous_start && v->missing_id == r->previous_id)
		return;
	v->missing_start = r->previous_start;
	v->missing_id = r->previous_id;
	if (r > v->p->entries && r[-1].start < r->previous_start)
		snprintf(before, sizeof(before),
			 "; where the one before it ends, from offset %" PRId64 ", is not known", r[-1].start);
	tell(v, FINDING_MISSING, r->previous_start, r->start,
	     "range %016" PRIx64 " is not there: %d objects with %" PRId64 " records%s", r->previous_id,
	     r->previous_objects, r->previous_records, before);
}

/* What r says of the range before it against what is there. */
static void compare(struct prover *v, const struct ledger_entry *before, const struct ledger_entry *r)
{
	const int32_t said = r->previous_objects;

	if (before->objects < said)
		tell(v, FINDING_MISSING, before->start, r->start,
		     "range %016" PRIx64 " lacks %d of its %d objects (%" PRId64 " records in all of them)", before->id,
		     said - before->objects, said, r->previous_records);
	else if (before->objects > said)
		tell(v, FINDING_DOUBLE, before->start, r->start,
		     "range %016" PRIx64 " was written as %d objects, and %d are there", before->id, said,
		     before->objects);
	else if (before->lines >= 0 && before->lines != r->previous_records)
		tell(v, before->lines < r->previous_records ? FINDING_MISSING : FINDING_DOUBLE, before->start, r->start,
		     "range %016" PRIx64 " was written with %" PRId64 " records, and %" PRId64 " are there", before->id,
		     r->previous_records, before->lines);
	if ((before->flags & LEDGER_FACTS) != 0 && before->cluster != r->cluster)
		tell(v, FINDING_CHAIN, r->start, -1,
		     "range %016" PRIx64 " comes from another cluster than the one that it names", r->id);
}

static void link_to(struct prover *v, struct ledger_entry *before, const struct ledger_entry *r)
{
	compare(v, before, r);
	if ((before->flags & LEDGER_NAMED) == 0) {
		before->end = r->start;
		v->proof->records += (uint64_t)r->previous_records;
	} else if (before->end < r->start) {
		tell(v, FINDING_DOUBLE, r->start, r->end,
		     "range %016" PRIx64 " names a range that another one names too, which began at offset %" PRId64,
		     r->id, before->end);
	}
	before->flags |= LEDGER_NAMED;
}

static void add_seam(struct proof *proof, const struct ledger_entry *r)
{
	if (proof->n_seams < PROOF_SEAMS_MAX)
		proof->seams[proof->n_seams] = (struct proof_seam){ r->start, r->begins };
	proof->n_seams++;
}

static void follow_links(struct prover *v, bool oldest_given)
{
	bool seen = false;

	for (size_t i = 0; i < v->p->n; i++) {
		struct ledger_entry *r = &v->p->entries[i], *before;
		bool oldest = !seen;

		if ((r->flags & LEDGER_FACTS) == 0)
			continue;
		seen = true;
		if (r->begins != BEGINS_NOT) {
			if (i > 0)
				add_seam(v->proof, r);
			continue;
		}
		before = find(v->p, r->previous_start, r->previous_id);
		if (before != NULL && before < r)
			link_to(v, before, r);
		else if (before != NULL)
			tell(v, FINDING_CHAIN, r->start, -1,
			     "range %016" PRIx64 " names one that does not come before it", r->id);
		else if (!oldest || !oldest_given)
			tell_missing(v, r);
	}
}

static int64_t lower_end(int64_t a, int64_t b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

static void find_overlaps(struct prover *v)
{
	const struct ledger_entry *e = v->p->entries;
	size_t widest = 0; /* the range before that reaches farthest */

	for (size_t i = 1; i < v->p->n; i++) {
		if (e[i].start == e[widest].start || e[i].start < e[widest].end)
			tell(v, FINDING_DOUBLE, e[i].start, lower_end(e[widest].end, e[i].end),
			     "range %016" PRIx64 ", from offset %" PRId64 ", and range %016" PRIx64
			     ", from offset %" PRId64 ", hold the same offsets",
			     e[widest].id, e[widest].start, e[i].id, e[i].start);
		if (e[i].end >= e[widest].end || e[widest].end <= e[i].start)
			widest = i;
	}
}

static void count_unnamed(struct prover *v)
{
	for (size_t i = 0; i < v->p->n; i++) {
		const struct ledger_entry *e = &v->p->entries[i];

		if ((e->flags & LEDGER_NAMED) != 0)
			continue;
		if (e->lines >= 0)
			v->proof->records += (uint64_t)e->lines;
		else
			v->proof->uncounted++;
	}
}

void prove(struct ledger_partition *p, bool oldest_given, struct findings *f, struct proof *proof)
{
	struct prover v = { .p = p, .findings = f, .proof = proof, .missing_start = -1 };

	*proof = (struct proof){ .objects = p->objects, .bytes = p->bytes, .first = -1, .newest_start = -1 };
	if (p->n == 0)
		return;
	ledger_fold(p, tell_differs, &v);
	follow_links(&v, oldest_given);
	find_overlaps(&v);
	count_unnamed(&v);
	proof->ranges = p->n;
	proof->first = p->entries[0].start;
	proof->newest_start = p->entries[p->n - 1].start;
	proof->newest_id = p->entries[p->n - 1].id;
	proof->newest_objects = p->entries[p->n - 1].objects;
}
