/* SPDX-License-Identifier: Apache-2.0 */
/* Records on their way from the client's message queue into the rings, as many as there is room for. Thread: consumer.
 * Invariants: only rising offsets of an active partition go in; a full ring stops the taking and nothing else (I8). */
#include "kafka/handle.h"
#include "kafka/message.h"
#include "kafka/session.h"

#define WAKE_EVERY_MS 10
#define WATCH_EVERY_MS 1000
/* Those who waited meanwhile are to be first. */
#define STALLED_PAUSE_MS 10000

static struct partition *partition_of(struct consumer *c, const rd_kafka_message_t *m)
{
	if (m->rkt != c->cached_topic || m->partition != c->cached_id || c->cached == NULL) {
		c->cached = m->rkt != NULL ? partition_find(c->partitions, rd_kafka_topic_name(m->rkt), m->partition)
					   : NULL;
		c->cached_topic = m->rkt;
		c->cached_id = m->partition;
	}
	return c->cached;
}

/* Nothing from here on is asked for: the uploader learns where the last range ends, and the client reads on no more. A
 * rebalance that is under way can have it read again for a moment: then it comes here again. */
static void reach_stop(struct consumer *c, struct partition *p)
{
	if (!p->local)
		return;
	ring_put(p->lane->lane.ring, &(struct record){ .kind = RECORD_STOP,
						       .assignment = p->assignment,
						       .offset = p->stop_offset,
						       .timestamp_ms = -1 });
	rebalance_stop_reading(c, p);
}

/* The end of the log is a marker in its place between the records; anything else that comes instead of a record stops
 * this partition until resume.c has looked at it. */
static void on_partition_error(struct consumer *c, struct partition *p, const rd_kafka_message_t *m,
			       int64_t now_boot_ms)
{
	if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		p->end_seen = m->offset;
		if (m->offset >= p->stop_offset)
			reach_stop(c, p);
		else if (m->offset >= p->next_offset)
			ring_put(p->lane->lane.ring, &(struct record){ .kind = RECORD_END,
								       .assignment = p->assignment,
								       .offset = m->offset,
								       .timestamp_ms = -1 });
		return;
	}
	p->check_log = m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
		       m->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
	session_park(c, p, WAIT_BROKER, rd_kafka_message_errstr(m), now_boot_ms);
}

static void put_record(struct consumer *c, struct partition *p, rd_kafka_message_t *m)
{
	struct record r = message_record(m, p->assignment);

	p->next_offset = m->offset + 1;
	p->records++;
	c->taken_bytes += m->len + m->key_len;
	c->record_bytes += ((int64_t)(m->len + m->key_len) - c->record_bytes) / 16;
	ring_put(p->lane->lane.ring, &r);
}

/* Every record of an epoch goes through here, and only rising offsets pass: what the client hands out again is dropped.
 */
static void take_message(struct consumer *c, rd_kafka_message_t *m, int64_t now_boot_ms)
{
	struct partition *p = partition_of(c, m);

	if (p != NULL && p->life.state == PARTITION_ACTIVE && !p->astray) {
		if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
			on_partition_error(c, p, m, now_boot_ms);
		} else if (m->offset >= p->next_offset && m->offset < p->stop_offset) {
			put_record(c, p, m);
			return;
		} else if (m->offset >= p->next_offset) {
			reach_stop(c, p);
		}
	}
	rd_kafka_message_destroy(m);
}

/* Between the start of a partition and the forwarding of its queue records can come by the group queue, and what comes
 * behind them by the right one: thrown away they would be a gap like any that a log may have. The group queue is served
 * to its end before records are taken, so none of those is in a ring yet. */
bool records_found_astray(struct consumer *c, rd_kafka_event_t *event)
{
	rd_kafka_event_type_t type = rd_kafka_event_type(event);
	rd_kafka_topic_partition_t *e = NULL;
	const rd_kafka_message_t *m = NULL;
	struct partition *p = NULL;

	if (type == RD_KAFKA_EVENT_FETCH && (m = rd_kafka_event_message_next(event)) != NULL) {
		p = partition_of(c, m);
	} else if (type == RD_KAFKA_EVENT_ERROR && (e = rd_kafka_event_topic_partition(event)) != NULL) {
		p = partition_find(c->partitions, e->topic, e->partition);
		rd_kafka_topic_partition_destroy(e);
	}
	if (p == NULL || !p->local)
		return false;
	if (m == NULL || m->offset >= p->next_offset)
		c->astray = p->astray = true;
	return true;
}

static size_t room(const struct consumer *c)
{
	size_t least = BATCH_MESSAGES;

	for (int i = 0; i < c->n_lanes; i++) {
		size_t r = ring_room(c->lanes[i].lane.ring, c->record_bytes);

		least = r < least ? r : least;
	}
	return least;
}

void records_put_farewells(struct lane_state *l)
{
	while (l->farewells != NULL && ring_room(l->lane.ring, 0) > 0) {
		struct assignment *a = l->farewells;

		l->farewells = a->next_farewell;
		ring_put(l->lane.ring, &(struct record){ .kind = RECORD_FAREWELL, .assignment = a });
	}
}

/* The queue has room again, or is empty: the client is to see it soon. */
static void wake_fetchers(struct consumer *c, bool empty, int64_t now_boot_ms)
{
	if (!c->took || (!empty && now_boot_ms < c->next_wake_boot_ms))
		return;
	handle_wake(c->rk);
	c->took = false;
	c->next_wake_boot_ms = now_boot_ms + WAKE_EVERY_MS;
}

/* Time goes on only while records are asked for: neither a full ring nor a process that was stopped is a standstill. */
static void count_reading(struct consumer *c, int64_t now_boot_ms)
{
	int64_t passed = now_boot_ms - c->asked_boot_ms;

	c->asked_boot_ms = now_boot_ms;
	if (!c->was_full)
		c->reading_ms += passed < WATCH_EVERY_MS ? passed : WATCH_EVERY_MS;
}

void records_watch(struct consumer *c, int64_t now_boot_ms)
{
	if (c->stopping || c->reading_ms < c->next_watch_ms)
		return;
	c->next_watch_ms = c->reading_ms + WATCH_EVERY_MS;
	for (struct partition *p = partition_first(c->partitions); p != NULL; p = p->next) {
		if (p->life.state != PARTITION_ACTIVE || !p->local ||
		    !stall_found(&p->stall, &p->life.delivery, p->next_offset, p->end_seen, c->reading_ms))
			continue;
		p->check_log = true;
		session_park(c, p, WAIT_BROKER, "neither a record nor the end of its log has come for long",
			     now_boot_ms);
		p->resume_boot_ms = now_boot_ms + STALLED_PAUSE_MS;
	}
}

size_t records_take(struct consumer *c, int64_t now_boot_ms)
{
	size_t n = room(c);
	ssize_t got = 0;

	count_reading(c, now_boot_ms);
	c->was_full = n == 0;
	if (n > 0 && !c->stopping)
		got = rd_kafka_consume_batch_queue(c->record_queue, 0, c->batch, n);
	for (ssize_t i = 0; i < got; i++)
		take_message(c, c->batch[i], now_boot_ms);
	c->took |= got > 0;
	if (got > 0)
		atomic_fetch_add_explicit(&c->taken, (uint64_t)got, memory_order_relaxed);
	wake_fetchers(c, n > 0 && got <= 0, now_boot_ms);
	for (int i = 0; i < c->n_lanes; i++) {
		records_put_farewells(&c->lanes[i]);
		ring_publish(c->lanes[i].lane.ring);
	}
	return got > 0 ? (size_t)got : 0;
}
