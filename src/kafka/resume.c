/* SPDX-License-Identifier: Apache-2.0 */
/* The one way to reading a partition: read its committed offset and text, understand them, find out whether the log
 * still holds what they speak of, admit it by memory, assign it at that offset, open it at its uploader. First
 * assignment, recovery after a crash, start without an offset and every trouble come through here (ARCHITECTURE.md). */
#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "encode/fingerprint.h"
#include "kafka/handle.h"
#include "kafka/session.h"
#include "kafka/topics.h"
#include "settings/memory.h"

#define ADMISSION_PAUSE_MS 500
/* What the client takes for a moment to look at so many partitions goes back to the system. */
#define MANY 256

static uint64_t partition_fingerprint(const struct consumer *c, const struct partition *p)
{
	char *table = settings_table_name(p->settings, p->topic);
	uint64_t f = fingerprint_of(c->settings->s3_bucket, table, p->settings, c->isolation_level);

	free(table);
	return f;
}

/* Ranges that were cut for other keys cannot be made again here: from there on the records are cut anew. */
static void forget_foreign_ranges(const struct consumer *c, struct partition *p, struct intent_text *t)
{
	uint64_t fingerprint = partition_fingerprint(c, p);
	struct skip skip;
	int n = 0;

	skip_init(&skip, c->settings, p->topic, p->id);
	while (n < t->n && t->ranges[n].fingerprint ==
				   fingerprint_of_range(fingerprint, &skip, t->ranges[n].start, t->ranges[n].end))
		n++;
	skip_free(&skip);
	if (n == t->n)
		return;
	partition_event(MESSAGE_MAY_STAND_TWICE, p, OFFSETS(t->ranges[n].start, t->ranges[t->n - 1].end),
			"the settings that decide keys have changed since the intents of offsets %" PRId64
			" to %" PRId64
			" were written, or kafka.skip has: these records may stand twice, under old and new keys",
			t->ranges[n].start, t->ranges[t->n - 1].end);
	if (n == 0) {
		chain_begin(&t->before, "settings");
		partition_chain_begins(p, t->start, "settings");
	}
	t->n = n;
}

/* An offset that someone else set, or another place in S3: there is nothing to recover, and the chain begins anew. That
 * is committed first, so that it is said once. */
static enum finding begin_moved(struct consumer *c, const struct topics *topics, struct partition *p, int64_t offset,
				const struct intent_text *t, bool ours)
{
	bool destination = ours && intent_is_about(t, c->cluster, p->topic, p->id, offset);
	const struct topic_info *info = topics != NULL ? topics_find(topics, p->topic) : NULL;
	int32_t partitions = info != NULL ? info->partitions : p->id + 1;
	struct intent_text fresh;

	partition_event(destination ? MESSAGE_DESTINATION_CHANGED : MESSAGE_OFFSET_MOVED, p,
			LOG_FIELDS(LOG_NUMBER("OFFSET_FIRST", offset)), "%s: going on at offset %" PRId64,
			destination ? "the destination has changed since the last commit"
				    : "its offset was set from outside, or by another program",
			offset);
	start_base_text(c, p, &fresh);
	fresh.birth = ours ? t->birth : (struct birth){ clock_real_ms(), c->settings->kafka_start_ms, partitions };
	return start_at(p, &fresh, offset, destination ? "destination" : "moved");
}

/* Once a topic and session: a table that was its own stays its own. */
static bool has_its_table(struct consumer *c, struct topics *topics, struct partition *p, int64_t now_boot_ms)
{
	const struct topic_info *info = topics != NULL ? topics_find(topics, p->topic) : NULL;
	const char *owner;
	char why[ERROR_TEXT_MAX];

	if (p->has_table)
		return true;
	if (info == NULL || topics_owner_of_table(c, topics, info, &owner) < 0) {
		session_wait(c, p, WAIT_OFFSETS, "the cluster's topics cannot be read", now_boot_ms);
		return false;
	}
	if (owner != NULL) {
		snprintf(why, sizeof(why), "topic \"%s\" has it already", owner);
		session_wait(c, p, WAIT_TABLE, why, now_boot_ms);
		return false;
	}
	p->has_table = true;
	return true;
}

static enum finding understand(struct consumer *c, struct topics *topics, struct partition *p,
			       const rd_kafka_topic_partition_t *e, int64_t now_boot_ms)
{
	struct intent_text t;
	enum intent_verdict v;
	char *text;

	if (e->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
		session_wait(c, p, WAIT_OFFSETS, rd_kafka_err2str(e->err), now_boot_ms);
		return FOUND_WAIT;
	}
	if (!has_its_table(c, topics, p, now_boot_ms))
		return FOUND_WAIT;
	p->committed = e->offset >= 0 ? e->offset : -1;
	if (e->offset < 0)
		return FOUND_NO_OFFSET;
	text = handle_text_of(e);
	v = intent_read(text, &t);
	if (v == INTENT_NEWER || v == INTENT_DAMAGED) {
		session_wait(c, p, WAIT_TEXT, text, now_boot_ms);
		free(text);
		return FOUND_WAIT;
	}
	free(text);
	if (v == INTENT_ABSENT || !intent_is_about(&t, c->cluster, p->topic, p->id, e->offset) ||
	    t.land.given != start_is_land(c) || t.destination != destination_of(c->settings->s3_bucket, p->settings)) {
		if (!start_is_land(c))
			return begin_moved(c, topics, p, e->offset, &t, v == INTENT_OURS);
		session_wait(c, p, WAIT_LAND, "", now_boot_ms);
		return FOUND_WAIT;
	}
	c->group_is_born = true;
	forget_foreign_ranges(c, p, &t);
	delivery_begin(&p->life.delivery, &t, clock_boot_ms());
	return delivery_at_end(&p->life.delivery) ? FOUND_DONE : FOUND_READY;
}

static int64_t planned_bytes(const struct partition *p)
{
	int64_t bytes = 0;

	for (int i = 0; i < p->life.delivery.text.n; i++) {
		if (p->life.delivery.ranges[i].state == RANGE_PLANNED)
			bytes += p->life.delivery.text.ranges[i].bytes;
	}
	return bytes;
}

/* Recovered ranges cannot be cut, so those of one uploader must fit together; one alone is always let in (H7). */
static bool admit(const struct consumer *c, struct partition *p)
{
	int64_t share = memory_of_uploader(c->settings) / 2;
	int64_t bytes = planned_bytes(p);
	int64_t held = 0;

	if (bytes == 0)
		return true;
	for (const struct partition *o = partition_first(c->partitions); o != NULL; o = o->next) {
		if (lifecycle_is_open(&o->life) && o->lane == p->lane)
			held += planned_bytes(o);
	}
	return held == 0 || held + bytes <= share;
}

static void open_partition(struct consumer *c, struct partition *p)
{
	const struct intent_text *t = &p->life.delivery.text;
	struct assignment *a = assignment_new(p->topic, p->id);

	a->partition = p;
	lifecycle_open(&p->life);
	a->epoch = p->life.epoch;
	a->table = settings_table_name(p->settings, p->topic);
	a->group = mem_strdup(c->settings->kafka_group);
	a->cluster = mem_strdup(c->cluster);
	memcpy(a->mark, c->mark, sizeof(a->mark));
	a->fingerprint = partition_fingerprint(c, p);
	a->start = t->start;
	a->chain = t->before;
	a->n_plan = t->n;
	memcpy(a->plan, t->ranges, sizeof(a->plan));
	a->pass = p->pass;
	p->assignment = a;
	p->stop_offset = t->land.given ? t->land.stop : INT64_MAX;
	stall_begin(&p->stall, c->reading_ms);
	p->wait = WAIT_NOTHING;
	mailbox_post(p->lane->lane.commands, &(struct message){ .kind = COMMAND_OPEN, .assignment = a });
	partition_log(LOG_LEVEL_DEBUG, p, "is read from offset %" PRId64, p->next_offset);
	if (t->n > 0 && p->failures == 0)
		partition_event(MESSAGE_RECOVERS, p, OFFSETS(t->start, t->ranges[t->n - 1].end),
				"recovers %d sealed range%s, offsets %" PRId64 " to %" PRId64, t->n,
				t->n == 1 ? "" : "s", t->start, t->ranges[t->n - 1].end);
}

static void settle(struct consumer *c, struct candidate *candidates, int n, int64_t now_boot_ms)
{
	struct partition **ready = mem_array((size_t)n, sizeof(*ready));
	int n_ready = 0;

	for (int i = 0; i < n; i++) {
		struct partition *p = candidates[i].p;

		if (candidates[i].finding == FOUND_START) {
			lifecycle_start(&p->life);
		} else if (candidates[i].finding == FOUND_DONE) {
			lifecycle_done(&p->life);
			p->wait = WAIT_NOTHING;
		} else if (candidates[i].finding == FOUND_READY && admit(c, p)) {
			ready[n_ready++] = p;
			open_partition(c, p);
		} else if (candidates[i].finding == FOUND_READY) {
			session_wait(c, p, WAIT_MEMORY, "", now_boot_ms);
			p->resume_boot_ms = now_boot_ms + ADMISSION_PAUSE_MS;
		}
	}
	if (n_ready > 0 && !rebalance_read(c, ready, n_ready)) {
		for (int i = 0; i < n_ready; i++)
			session_park(c, ready[i], WAIT_OFFSETS, "the group is rebalancing", now_boot_ms);
	}
	free(ready);
}

static void learn_cluster(struct consumer *c)
{
	c->cluster = handle_cluster(c->rk, session_left_ms(c));
	if (c->cluster != NULL)
		range_mark(c->cluster, c->settings->kafka_group, c->mark);
}

/* To read it again before that would only land again what is there. */
static bool waits_for_its_table(const struct consumer *c, const struct partition *p)
{
	char *table = p->wait == WAIT_CATALOG ? settings_table_name(p->settings, p->topic) : NULL;
	char why[ERROR_TEXT_MAX];
	bool waits = table != NULL && registry_is_in_trouble(c->registry, table, why);

	free(table);
	return waits;
}

static rd_kafka_topic_partition_list_t *collect_due(struct consumer *c, int64_t now_boot_ms)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);

	for (struct partition *p = partition_first(c->partitions); p != NULL; p = p->next) {
		if (p->life.state == PARTITION_PARKED && now_boot_ms >= p->resume_boot_ms && !waits_for_its_table(c, p))
			rd_kafka_topic_partition_list_add(list, p->topic, p->id);
	}
	return list;
}

/* The cluster's topics are asked for only where something is not known yet. */
static bool needs_topics(const struct consumer *c, const rd_kafka_topic_partition_list_t *list)
{
	for (int i = 0; i < list->cnt; i++) {
		const rd_kafka_topic_partition_t *e = &list->elems[i];

		if (e->offset < 0 || !partition_find(c->partitions, e->topic, e->partition)->has_table)
			return true;
	}
	return false;
}

static void look_at(struct consumer *c, rd_kafka_topic_partition_list_t *list, struct candidate *candidates,
		    int64_t now_boot_ms)
{
	struct topics *topics = needs_topics(c, list) ? topics_load(c) : NULL;

	for (int i = 0; i < list->cnt; i++)
		candidates[i].finding = understand(c, topics, candidates[i].p, &list->elems[i], now_boot_ms);
	start_find(c, topics, candidates, list->cnt, now_boot_ms);
	ends_ask(c, candidates, list->cnt);
	for (int i = 0; i < list->cnt; i++) {
		partition_log_is(candidates[i].p, candidates[i].low, candidates[i].high, now_boot_ms);
		if (candidates[i].finding == FOUND_READY)
			candidates[i].finding = ends_hold(c, &candidates[i], now_boot_ms);
	}
	settle(c, candidates, list->cnt, now_boot_ms);
	topics_free(topics);
}

static void resume_list(struct consumer *c, rd_kafka_topic_partition_list_t *list, int64_t now_boot_ms)
{
	/* One more than there are: the last, without a partition, ends the array. */
	struct candidate *candidates = mem_array((size_t)list->cnt + 1, sizeof(*candidates));
	rd_kafka_resp_err_t err = rd_kafka_committed(c->rk, list, session_left_ms(c));

	for (int i = 0; i < list->cnt; i++) {
		candidates[i].p = partition_find(c->partitions, list->elems[i].topic, list->elems[i].partition);
		if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
			session_wait(c, candidates[i].p, WAIT_OFFSETS, rd_kafka_err2str(err), now_boot_ms);
	}
	if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
		look_at(c, list, candidates, now_boot_ms);
	free(candidates);
	if (list->cnt >= MANY)
		malloc_trim(0);
}

/* Only between commits: a request that is still out could change what is read here (protocol.md H2). */
void resume_due(struct consumer *c, int64_t now_boot_ms)
{
	rd_kafka_topic_partition_list_t *list;

	if (c->committer.state != COMMITTER_IDLE || c->revoking || c->stopping || c->drain)
		return;
	list = collect_due(c, now_boot_ms);
	if (list->cnt > 0 && c->cluster == NULL)
		learn_cluster(c);
	if (list->cnt > 0 && c->cluster != NULL)
		resume_list(c, list, now_boot_ms);
	rd_kafka_topic_partition_list_destroy(list);
}
