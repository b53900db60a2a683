/* SPDX-License-Identifier: Apache-2.0 */
/* The outstanding commit request. Whether a refusal was final makes no difference here: sealed ranges never change, so
 * the same bytes may always be sent again, and must be before anything newer is. */
#include "kafka/committer.h"

#include <stdlib.h>

#include "base/mem.h"

#define FIRST_PAUSE_MS 200
#define LONGEST_PAUSE_MS 5000

static void clear(struct committer *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->entries[i].text);
	free(c->entries);
	c->entries = NULL;
	c->cap = 0;
	c->n = 0;
	c->first = 0;
	c->alone = false;
	c->failures = 0;
	c->state = COMMITTER_IDLE;
}

void committer_free(struct committer *c)
{
	clear(c);
}

void committer_add(struct committer *c, struct partition *p, uint64_t epoch, const char *topic, int32_t partition_id,
		   const struct intent_text *sent, const char *text)
{
	if (c->n == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 16;
		c->entries = mem_realloc(c->entries, c->cap * sizeof(*c->entries));
	}
	c->entries[c->n++] = (struct commit_entry){ .partition = p,
						    .epoch = epoch,
						    .topic = topic,
						    .partition_id = partition_id,
						    .sent = *sent,
						    .text = mem_strdup(text) };
	c->state = COMMITTER_READY;
	c->not_before_boot_ms = 0;
}

void committer_forget(struct committer *c, const struct partition *p)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->entries[i].partition == p)
			c->entries[i].partition = NULL;
	}
}

/* Forgotten entries leave before the request is sent again. */
static void compact(struct committer *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n; i++) {
		if (c->entries[i].partition == NULL || c->entries[i].acked)
			free(c->entries[i].text);
		else
			c->entries[kept++] = c->entries[i];
	}
	c->n = kept;
	c->first = 0;
	if (kept == 0)
		clear(c);
}

static bool acked_remain(const struct committer *c)
{
	for (size_t i = c->first; i < c->n; i++) {
		if (c->entries[i].acked && c->entries[i].partition != NULL)
			return true;
	}
	return false;
}

size_t committer_due(struct committer *c, int64_t now_boot_ms, size_t *first)
{
	*first = 0;
	if (c->state != COMMITTER_READY || acked_remain(c))
		return 0;
	compact(c);
	if (c->n == 0 || now_boot_ms < c->not_before_boot_ms)
		return 0;
	return c->alone ? 1 : c->n;
}

void committer_sent(struct committer *c, int64_t now_boot_ms)
{
	c->state = COMMITTER_IN_FLIGHT;
	c->sent_boot_ms = now_boot_ms;
	c->last_boot_ms = now_boot_ms;
}

static int64_t pause_ms(const struct committer *c)
{
	int64_t pause = FIRST_PAUSE_MS;

	for (int i = 1; i < c->failures && pause < LONGEST_PAUSE_MS; i++)
		pause *= 2;
	return pause < LONGEST_PAUSE_MS ? pause : LONGEST_PAUSE_MS;
}

static void again(struct committer *c, int64_t now_boot_ms)
{
	c->failures++;
	c->state = COMMITTER_READY;
	c->not_before_boot_ms = now_boot_ms + pause_ms(c);
}

struct partition *committer_answer(struct committer *c, enum commit_answer answer, int64_t now_boot_ms)
{
	struct partition *culprit = NULL;
	size_t sent = c->alone ? 1 : c->n;

	c->state = COMMITTER_READY;
	c->not_before_boot_ms = now_boot_ms;
	if (answer == COMMIT_ACKED) {
		c->failures = 0;
		for (size_t i = 0; i < sent; i++)
			c->entries[i].acked = true;
	} else if (answer == COMMIT_SUSPECT && c->n > 1 && !c->alone) {
		c->alone = true;
	} else if (answer == COMMIT_SUSPECT) {
		culprit = c->entries[0].partition;
		c->entries[0].partition = NULL;
	} else {
		again(c, now_boot_ms);
	}
	return culprit;
}

const struct commit_entry *committer_next_acked(struct committer *c)
{
	while (c->first < c->n) {
		const struct commit_entry *e = &c->entries[c->first++];

		if (e->acked && e->partition != NULL)
			return e;
	}
	compact(c);
	return NULL;
}
