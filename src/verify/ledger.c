/* SPDX-License-Identifier: Apache-2.0 */
/* Objects seen, by partition; sorted in place when all are there (the C library's sort would take as much again). */
#include "verify/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define FIRST_ENTRIES 16

_Static_assert(sizeof(struct ledger_entry) == 72, "the bound in the header");

void ledger_init(struct ledger *l)
{
	*l = (struct ledger){ 0 };
}

void ledger_free(struct ledger *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->partitions[i]->topic);
		free(l->partitions[i]->entries);
		free(l->partitions[i]);
	}
	free(l->partitions);
	ledger_init(l);
}

static int compare(const struct ledger_partition *p, const char *topic, int32_t partition)
{
	int by_topic = strcmp(p->topic, topic);

	return by_topic != 0 ? by_topic : (p->partition > partition) - (p->partition < partition);
}

static struct ledger_partition *insert(struct ledger *l, size_t at, const char *topic, int32_t partition)
{
	struct ledger_partition *p = mem_zalloc(sizeof(*p));

	if (l->n == l->cap) {
		l->cap = l->cap > 0 ? l->cap * 2 : FIRST_ENTRIES;
		l->partitions = mem_realloc(l->partitions, l->cap * sizeof(l->partitions[0]));
	}
	memmove(l->partitions + at + 1, l->partitions + at, (l->n - at) * sizeof(l->partitions[0]));
	l->partitions[at] = p;
	l->n++;
	p->topic = mem_strdup(topic);
	p->partition = partition;
	return p;
}

struct ledger_partition *ledger_partition(struct ledger *l, const char *topic, int32_t partition)
{
	size_t from = 0, to = l->n;

	if (l->last != NULL && compare(l->last, topic, partition) == 0)
		return l->last;
	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (compare(l->partitions[middle], topic, partition) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	if (from < l->n && compare(l->partitions[from], topic, partition) == 0)
		l->last = l->partitions[from];
	else
		l->last = insert(l, from, topic, partition);
	return l->last;
}

/* FNV-1a. */
static uint32_t hash(uint32_t h, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 16777619U;
	return h;
}

void ledger_add(struct ledger_partition *p, int64_t start, uint64_t id, const struct facts *facts, int64_t lines,
		int64_t bytes)
{
	const uint32_t basis = 2166136261U;
	struct ledger_entry *e;

	if (p->n == p->cap) {
		p->cap = p->cap > 0 ? p->cap + p->cap / 2 : FIRST_ENTRIES;
		p->entries = mem_realloc(p->entries, p->cap * sizeof(p->entries[0]));
	}
	e = &p->entries[p->n++];
	*e = (struct ledger_entry){ .start = start, .id = id, .lines = lines, .end = -1, .objects = 1 };
	p->objects++;
	p->bytes += (uint64_t)bytes;
	if (facts == NULL)
		return;
	e->flags = LEDGER_FACTS;
	e->begins = (unsigned)facts->begins & 15U;
	e->previous_start = facts->previous_start;
	e->previous_id = facts->previous_id;
	e->previous_objects = facts->previous_objects;
	e->previous_records = facts->previous_records;
	e->cluster = hash(basis, facts->cluster, strlen(facts->cluster));
	e->origin = hash(e->cluster, &facts->skipped_first, sizeof(facts->skipped_first));
	e->origin = hash(e->origin, &facts->skipped_next, sizeof(facts->skipped_next));
}

static bool before(const struct ledger_entry *a, const struct ledger_entry *b)
{
	return a->start != b->start ? a->start < b->start : a->id < b->id;
}

static void sift(struct ledger_entry *e, size_t at, size_t n)
{
	struct ledger_entry moving = e[at];

	for (size_t child; (child = at * 2 + 1) < n; at = child) {
		if (child + 1 < n && before(&e[child], &e[child + 1]))
			child++;
		if (!before(&moving, &e[child]))
			break;
		e[at] = e[child];
	}
	e[at] = moving;
}

static void sort(struct ledger_entry *e, size_t n)
{
	for (size_t i = n / 2; i > 0; i--)
		sift(e, i - 1, n);
	for (size_t i = n; i > 1; i--) {
		struct ledger_entry last = e[i - 1];

		e[i - 1] = e[0];
		e[0] = last;
		sift(e, 0, i - 1);
	}
}

static bool says_the_same(const struct ledger_entry *a, const struct ledger_entry *b)
{
	return a->begins == b->begins && a->origin == b->origin && a->previous_start == b->previous_start &&
	       a->previous_id == b->previous_id && a->previous_objects == b->previous_objects &&
	       a->previous_records == b->previous_records;
}

/* Another object of the range. False: it says something else than those before it. */
static bool join(struct ledger_entry *range, const struct ledger_entry *object)
{
	int32_t objects = range->objects + 1;
	int64_t lines = range->lines < 0 || object->lines < 0 ? -1 : range->lines + object->lines;
	bool same = (range->flags & object->flags & LEDGER_FACTS) == 0 || says_the_same(range, object);

	if ((range->flags & LEDGER_FACTS) == 0)
		*range = *object;
	range->objects = objects & 0x7fffff;
	range->lines = lines;
	return same;
}

void ledger_fold(struct ledger_partition *p, void (*differs)(void *arg, const struct ledger_entry *range), void *arg)
{
	size_t n = 0;
	bool told = false;

	sort(p->entries, p->n);
	for (size_t i = 0; i < p->n; i++) {
		const struct ledger_entry *e = &p->entries[i];
		struct ledger_entry *range = &p->entries[n > 0 ? n - 1 : 0];

		if (n == 0 || range->start != e->start || range->id != e->id) {
			p->entries[n++] = *e;
			told = false;
		} else if (!join(range, e) && !told) {
			differs(arg, range);
			told = true;
		}
	}
	p->n = n;
}
