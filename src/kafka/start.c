/* SPDX-License-Identifier: Apache-2.0 */
/* Where a partition without an offset begins: `start` as of the group's birth, which every committed text carries, so
 * that a partition or a topic that came later begins at its beginning (protocol.md H12). Thread: consumer. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "encode/fingerprint.h"
#include "kafka/session.h"

/* Offsets at a time (or -2 earliest, -1 latest) of all elements in one call; where that fails, one by one, since the
 * client reports one bad partition as the failure of all. What could not be had is -1. */
void start_offsets_at(struct consumer *c, rd_kafka_topic_partition_list_t *list, int64_t time_ms)
{
	for (int i = 0; i < list->cnt; i++)
		list->elems[i].offset = time_ms;
	if (list->cnt == 0 || rd_kafka_offsets_for_times(c->rk, list, session_left_ms(c)) == RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	for (int i = 0; i < list->cnt; i++) {
		rd_kafka_topic_partition_t *e = &list->elems[i];
		rd_kafka_topic_partition_list_t *one = rd_kafka_topic_partition_list_new(1);

		rd_kafka_topic_partition_list_add(one, e->topic, e->partition)->offset = time_ms;
		if (rd_kafka_offsets_for_times(c->rk, one, session_left_ms(c)) == RD_KAFKA_RESP_ERR_NO_ERROR &&
		    one->elems[0].err == RD_KAFKA_RESP_ERR_NO_ERROR)
			e->offset = one->elems[0].offset;
		else
			e->offset = -1;
		rd_kafka_topic_partition_list_destroy(one);
	}
}

static int64_t offset_at(struct consumer *c, const struct partition *p, int64_t time_ms)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	int64_t offset;

	rd_kafka_topic_partition_list_add(list, p->topic, p->id);
	start_offsets_at(c, list, time_ms);
	offset = list->elems[0].offset;
	rd_kafka_topic_partition_list_destroy(list);
	return offset;
}

int32_t start_partitions_of(struct consumer *c, const char *topic)
{
	rd_kafka_topic_t *rkt = rd_kafka_topic_new(c->rk, topic, NULL);
	const struct rd_kafka_metadata *m = NULL;
	int32_t n = 0;

	if (rkt == NULL)
		return 0;
	if (rd_kafka_metadata(c->rk, 0, rkt, &m, session_left_ms(c)) == RD_KAFKA_RESP_ERR_NO_ERROR) {
		n = m->topic_cnt == 1 ? m->topics[0].partition_cnt : 0;
		rd_kafka_metadata_destroy(m);
	}
	rd_kafka_topic_destroy(rkt);
	return n;
}

char *start_text_of(const rd_kafka_topic_partition_t *e)
{
	char *text = mem_zalloc(e->metadata_size + 1);

	if (e->metadata_size > 0)
		memcpy(text, e->metadata, e->metadata_size);
	return text;
}

static bool read_text(const rd_kafka_topic_partition_t *e, struct intent_text *t)
{
	char *text = start_text_of(e);
	enum intent_verdict v = intent_read(text, t);

	free(text);
	return v == INTENT_OURS;
}

/* The birth that any partition of the topic tells; false: none has a text; -1 through *failed: it could not be read. */
bool start_find_birth(struct consumer *c, const char *topic, int32_t partitions, struct birth *birth, bool *failed)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
	struct intent_text t;
	bool found = false;

	if (partitions > 0)
		rd_kafka_topic_partition_list_add_range(list, topic, 0, partitions - 1);
	*failed = rd_kafka_committed(c->rk, list, session_left_ms(c)) != RD_KAFKA_RESP_ERR_NO_ERROR;
	for (int i = 0; i < list->cnt && !*failed && !found; i++) {
		*failed = list->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR;
		found = !*failed && read_text(&list->elems[i], &t);
	}
	if (found)
		*birth = t.birth;
	rd_kafka_topic_partition_list_destroy(list);
	return found;
}

static bool group_has_texts(const struct consumer *c)
{
	for (const struct partition *p = partition_first(c->partitions); p != NULL; p = p->next) {
		if (p->has_text)
			return true;
	}
	return false;
}

/* The time that `start` means for this partition: partitions and topics that came after the group's birth begin at
 * their beginning. */
static int64_t start_time(const struct consumer *c, const struct partition *p, const struct birth *birth, bool born)
{
	if (born)
		return p->id >= birth->partitions               ? RD_KAFKA_OFFSET_BEGINNING
		       : birth->start_ms == RD_KAFKA_OFFSET_END ? birth->time_ms
								: birth->start_ms;
	return group_has_texts(c) ? RD_KAFKA_OFFSET_BEGINNING : c->settings->kafka_start_ms;
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
	delivery_begin_start(&p->delivery, t, clock_boot_ms());
	return FOUND_START;
}

enum finding start_find(struct consumer *c, struct partition *p, int64_t now_boot_ms)
{
	struct intent_text t;
	int32_t partitions = session_left_ms(c) > 0 ? start_partitions_of(c, p->topic) : 0;
	bool failed = partitions == 0;
	bool born = !failed && start_find_birth(c, p->topic, partitions, &t.birth, &failed);
	struct birth birth = t.birth;
	int64_t when, start;

	if (failed) {
		session_wait(p, WAIT_START, "the topic's partitions or their offsets cannot be read", now_boot_ms);
		return FOUND_WAIT;
	}
	if (!born)
		birth = (struct birth){ clock_real_ms(), c->settings->kafka_start_ms, partitions };
	when = start_time(c, p, &birth, born);
	start = offset_at(c, p, when);
	if (start < 0 && when >= 0)
		start = offset_at(c, p, RD_KAFKA_OFFSET_END);
	if (start < 0) {
		session_wait(p, WAIT_START, "the log's first or last offset cannot be read", now_boot_ms);
		return FOUND_WAIT;
	}
	start_base_text(c, p, &t);
	t.birth = birth;
	partition_log(LOG_LEVEL_INFO, p, "begins at offset %" PRId64 " (%s)", start,
		      when == RD_KAFKA_OFFSET_BEGINNING ? "earliest"
		      : when == RD_KAFKA_OFFSET_END     ? "latest"
							: "by time");
	return start_at(p, &t, start, "first");
}
