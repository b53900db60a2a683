/* SPDX-License-Identifier: Apache-2.0 */
/* The table of partitions: a chained hash over topic and number, and a list in order of first meeting. Partitions are
 * never freed before the end, so that a late event finds a partition, and its epoch tells that it is late. */
#include "kafka/partition.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define BUCKETS 4096

struct partition_table {
	struct partition *buckets[BUCKETS];
	struct partition *first;
	struct partition **last;
};

static size_t bucket_of(const char *topic, int32_t id)
{
	uint32_t h = 2166136261U;

	for (const char *s = topic; *s != '\0'; s++)
		h = (h ^ (uint8_t)*s) * 16777619U;
	h = (h ^ (uint32_t)id) * 16777619U;
	return (h ^ h >> 16) % BUCKETS;
}

struct partition_table *partition_table_new(void)
{
	struct partition_table *t = mem_zalloc(sizeof(*t));

	t->last = &t->first;
	return t;
}

void partition_table_free(struct partition_table *t)
{
	if (t == NULL)
		return;
	while (t->first != NULL) {
		struct partition *p = t->first;

		t->first = p->next;
		free(p->topic);
		free(p);
	}
	free(t);
}

struct partition *partition_find(const struct partition_table *t, const char *topic, int32_t id)
{
	struct partition *p = t->buckets[bucket_of(topic, id)];

	while (p != NULL && (p->id != id || strcmp(p->topic, topic) != 0))
		p = p->next_in_bucket;
	return p;
}

struct partition *partition_get(struct partition_table *t, const char *topic, int32_t id)
{
	struct partition *p = partition_find(t, topic, id);
	size_t bucket = bucket_of(topic, id);

	if (p != NULL)
		return p;
	p = mem_zalloc(sizeof(*p));
	p->topic = mem_strdup(topic);
	p->id = id;
	p->committed = p->low = p->high = p->held_at = -1;
	p->next_in_bucket = t->buckets[bucket];
	t->buckets[bucket] = p;
	*t->last = p;
	t->last = &p->next;
	return p;
}

struct partition *partition_first(const struct partition_table *t)
{
	return t->first;
}

void partition_log_is(struct partition *p, int64_t low, int64_t high, int64_t now_boot_ms)
{
	if (high >= 0)
		p->high = high;
	if (low < 0)
		return;
	p->low = low;
	creep_note(&p->retention, now_boot_ms, low);
}

void partition_chain_begins(struct partition *p, int64_t offset, const char *reason)
{
	if (strcmp(reason, "first") == 0)
		return;
	p->chain_begins = reason;
	p->chain_begins_at = offset;
}

const char *partition_state_name(enum partition_state s)
{
	static const char *const names[] = {
		[PARTITION_AWAY] = "away",     [PARTITION_PARKED] = "parked", [PARTITION_STARTING] = "starting",
		[PARTITION_ACTIVE] = "active", [PARTITION_ENDING] = "ending", [PARTITION_REVOKING] = "revoking",
		[PARTITION_DONE] = "done",
	};

	return names[s];
}
