/* SPDX-License-Identifier: Apache-2.0 */
/* Where partitions without an offset begin: `start` as of the group's birth, which every committed text carries, so
 * that a partition or a topic that came later begins at its beginning (protocol.md H12); and where a one-shot land
 * ends, which its texts carry from then on. All that come in one turn are resolved together, and their starts committed
 * in one request. Thread: consumer. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "encode/fingerprint.h"
#include "kafka/session.h"
#include "kafka/topics.h"

/* One partition without a leader makes the client wait for it, so it is asked for alone and not for long. */
#define ONE_LIMIT_MS 200
/* More than so many are told in one line. */
#define TOLD_ONE_BY_ONE 8

static void ask_alone(struct consumer *c, rd_kafka_t *rk, rd_kafka_topic_partition_t *e, int64_t time_ms)
{
	rd_kafka_topic_partition_list_t *one = rd_kafka_topic_partition_list_new(1);
	int limit_ms = session_left_ms(c) < ONE_LIMIT_MS ? session_left_ms(c) : ONE_LIMIT_MS;

	rd_kafka_topic_partition_list_add(one, e->topic, e->partition)->offset = time_ms;
	if (rd_kafka_offsets_for_times(rk, one, limit_ms) == RD_KAFKA_RESP_ERR_NO_ERROR &&
	    one->elems[0].err == RD_KAFKA_RESP_ERR_NO_ERROR)
		e->offset = one->elems[0].offset;
	else
		e->offset = RD_KAFKA_OFFSET_INVALID;
	rd_kafka_topic_partition_list_destroy(one);
}

/* A request that is refused at first and sent again by the client ends in success, and the first answer stands: an
 * error with the offset -1, which without its error would say that the time is behind the last record. */
static void ask(struct consumer *c, rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list, int64_t time_ms)
{
	bool answered;

	for (int i = 0; i < list->cnt; i++)
		list->elems[i].offset = time_ms;
	answered = rd_kafka_offsets_for_times(rk, list, session_left_ms(c) / 2) == RD_KAFKA_RESP_ERR_NO_ERROR;
	for (int i = 0; i < list->cnt; i++) {
		if (!answered || list->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)
			ask_alone(c, rk, &list->elems[i], time_ms);
	}
}

void start_ask_log(struct consumer *c, rd_kafka_t *rk, struct candidate *candidates, int n, int64_t time_ms)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(n);
	int at = 0;

	for (int i = 0; i < n; i++) {
		candidates[i].answer = RD_KAFKA_OFFSET_INVALID;
		if (candidates[i].asked)
			rd_kafka_topic_partition_list_add(list, candidates[i].p->topic, candidates[i].p->id);
	}
	if (rk != NULL && list->cnt > 0)
		ask(c, rk, list, time_ms);
	for (int i = 0; i < n && rk != NULL; i++) {
		if (candidates[i].asked)
			candidates[i].answer = list->elems[at++].offset;
	}
	rd_kafka_topic_partition_list_destroy(list);
}

void start_base_text(const struct consumer *c, const struct partition *p, struct intent_text *t)
{
	memset(t, 0, sizeof(*t));
	snprintf(t->cluster, sizeof(t->cluster), "%s", c->cluster);
	snprintf(t->topic, sizeof(t->topic), "%s", p->topic);
	t->partition = p->id;
	t->destination = destination_of(c->settings->s3_bucket, p->settings);
}

enum finding start_at(struct partition *p, struct intent_text *t, int64_t start, const char *reason)
{
	t->start = start;
	t->n = 0;
	chain_begin(&t->before, reason);
	partition_chain_begins(p, start, reason);
	delivery_begin_start(&p->life.delivery, t, clock_boot_ms());
	return FOUND_START;
}

bool start_is_land(const struct consumer *c)
{
	return c->settings->kafka_stop_ms != INT64_MAX;
}

/* The time that `start` means for this partition: partitions and topics that came after the group's birth begin at
 * their beginning; a one-shot land means its times for all of them. */
static int64_t start_time(const struct consumer *c, const struct partition *p, const struct topic_info *i)
{
	if (start_is_land(c))
		return c->settings->kafka_start_ms;
	if (!i->born)
		return c->group_is_born ? RD_KAFKA_OFFSET_BEGINNING : c->settings->kafka_start_ms;
	if (p->id >= i->birth.partitions)
		return RD_KAFKA_OFFSET_BEGINNING;
	return i->birth.start_ms == RD_KAFKA_OFFSET_END ? i->birth.time_ms : i->birth.start_ms;
}

/* Where there is no such offset, what stood there stays. */
static void resolve_time(struct consumer *c, struct candidate *candidates, int n, int64_t meant_ms, int64_t time_ms)
{
	for (int i = 0; i < n; i++)
		candidates[i].asked = candidates[i].finding == FOUND_NO_OFFSET &&
				      candidates[i].start_time_ms == meant_ms;
	start_ask_log(c, c->rk, candidates, n, time_ms);
	for (int i = 0; i < n; i++) {
		if (candidates[i].asked && candidates[i].answer != RD_KAFKA_OFFSET_END)
			candidates[i].start = candidates[i].answer;
		candidates[i].resolved |= candidates[i].asked;
	}
}

/* Each time that is meant, for all that mean it; as a rule there is one. A time behind the last record means the end of
 * the log, which is asked for first: so a record that comes in between is not skipped. */
static void resolve(struct consumer *c, struct candidate *candidates, int n)
{
	for (int i = 0; i < n; i++) {
		int64_t meant_ms = candidates[i].start_time_ms;

		if (candidates[i].finding != FOUND_NO_OFFSET || candidates[i].resolved)
			continue;
		if (meant_ms != RD_KAFKA_OFFSET_BEGINNING)
			resolve_time(c, candidates, n, meant_ms, RD_KAFKA_OFFSET_END);
		if (meant_ms != RD_KAFKA_OFFSET_END)
			resolve_time(c, candidates, n, meant_ms, meant_ms);
	}
}

/* Where a one-shot land ends: at the first record of its end's time or later, else at the end of the log. That is asked
 * for before the time, and the start after both: so no record that comes in between lies inside. */
static void resolve_stops(struct consumer *c, struct candidate *candidates, int n)
{
	const int64_t times_ms[] = { RD_KAFKA_OFFSET_END, c->settings->kafka_stop_ms };

	for (int i = 0; i < n; i++)
		candidates[i].asked = candidates[i].finding == FOUND_NO_OFFSET;
	for (int t = 0; t < 2; t++) {
		start_ask_log(c, c->rk, candidates, n, times_ms[t]);
		for (int i = 0; i < n; i++) {
			if (candidates[i].asked && (t == 0 || candidates[i].answer != RD_KAFKA_OFFSET_END))
				candidates[i].stop = candidates[i].answer;
		}
	}
}

static bool is_wanted(const struct topic_info *i, const void *candidates)
{
	for (const struct candidate *k = candidates; k->p != NULL; k++) {
		if (k->finding == FOUND_NO_OFFSET && strcmp(k->p->topic, i->name) == 0)
			return true;
	}
	return false;
}

/* What was there before this topic is asked for only where it makes a difference. */
static int ask_births(struct consumer *c, struct topics *t, const struct candidate *candidates, int n)
{
	bool unborn = false;

	if (topics_ask_births(c, t, is_wanted, candidates) < 0)
		return -1;
	for (int i = 0; i < n; i++) {
		const struct topic_info *info = topics_find(t, candidates[i].p->topic);

		unborn |= candidates[i].finding == FOUND_NO_OFFSET && info != NULL && !info->born;
	}
	if (!unborn || c->settings->kafka_start_ms == RD_KAFKA_OFFSET_BEGINNING)
		return 0;
	return topics_ask_group(c, t);
}

static void begin(struct consumer *c, struct candidate *k, const struct topic_info *i, int64_t now_boot_ms)
{
	struct intent_text t;

	if (k->start < 0 || k->stop < 0) {
		session_wait(c, k->p, WAIT_START, "the log's first or last offset cannot be read", now_boot_ms);
		k->finding = FOUND_WAIT;
		return;
	}
	start_base_text(c, k->p, &t);
	t.birth = i->born ? i->birth : (struct birth){ clock_real_ms(), c->settings->kafka_start_ms, i->partitions };
	if (start_is_land(c)) {
		k->start = k->start < k->stop ? k->start : k->stop;
		t.land = (struct intent_land){ .given = true, .first = k->start, .stop = k->stop };
	}
	k->finding = start_at(k->p, &t, k->start, "first");
}

static void tell(const struct candidate *candidates, int n, int found)
{
	if (found > TOLD_ONE_BY_ONE)
		log_event(MESSAGE_BEGINS, LOG_FIELDS(LOG_NUMBER("PARTITIONS", found)),
			  "%d partitions without a committed offset begin", found);
	for (int i = 0; i < n; i++) {
		if (candidates[i].finding != FOUND_START || !candidates[i].resolved)
			continue;
		if (found > TOLD_ONE_BY_ONE)
			partition_log(LOG_LEVEL_DEBUG, candidates[i].p, "begins at offset %" PRId64,
				      candidates[i].start);
		else
			partition_event(MESSAGE_BEGINS, candidates[i].p,
					LOG_FIELDS(LOG_NUMBER("OFFSET_FIRST", candidates[i].start)),
					"begins at offset %" PRId64, candidates[i].start);
	}
}

void start_find(struct consumer *c, struct topics *t, struct candidate *candidates, int n, int64_t now_boot_ms)
{
	bool failed = t == NULL || ask_births(c, t, candidates, n) < 0;
	int found = 0;

	for (int i = 0; i < n; i++) {
		const struct topic_info *info = t != NULL ? topics_find(t, candidates[i].p->topic) : NULL;

		if (candidates[i].finding != FOUND_NO_OFFSET)
			continue;
		candidates[i].start = RD_KAFKA_OFFSET_END;
		if (!failed && info != NULL && info->partitions > 0) {
			candidates[i].start_time_ms = start_time(c, candidates[i].p, info);
			continue;
		}
		session_wait(c, candidates[i].p, WAIT_START, "the topic's partitions or their offsets cannot be read",
			     now_boot_ms);
		candidates[i].finding = FOUND_WAIT;
	}
	if (start_is_land(c))
		resolve_stops(c, candidates, n);
	resolve(c, candidates, n);
	for (int i = 0; i < n; i++) {
		if (candidates[i].finding == FOUND_NO_OFFSET)
			begin(c, &candidates[i], topics_find(t, candidates[i].p->topic), now_boot_ms);
		found += candidates[i].finding == FOUND_START && candidates[i].resolved;
	}
	tell(candidates, n, found);
}
