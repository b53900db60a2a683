/* SPDX-License-Identifier: Apache-2.0 */
/* The consumer's section of the board: how each partition is, and all of them together. Once a second, when something
 * that matters has changed, and when someone asks; nothing here blocks or counts a record. Thread: consumer. */
#include <string.h>

#include "base/clock.h"
#include "kafka/handle.h"
#include "kafka/session.h"
#include "settings/memory.h"

/* What a record takes in the client beside its value and key. */
#define CLIENT_RECORD_BYTES 400

_Static_assert(ROLL_REASONS <= BOARD_ROLLS, "the board has room for all reasons to roll");

/* What the client has seen of the log. It keeps the last values of a partition that it does not read: one that waits
 * for a person is read for a moment each time it is tried, once a minute at least. */
static void look_at_log(const struct consumer *c, struct partition *p, int64_t now_boot_ms)
{
	int64_t low, high;

	if (c->rk != NULL &&
	    rd_kafka_get_watermark_offsets(c->rk, p->topic, p->id, &low, &high) == RD_KAFKA_RESP_ERR_NO_ERROR)
		partition_log_is(p, low, high, now_boot_ms);
	if (p->high <= p->committed || p->committed < 0)
		p->behind_since_boot_ms = 0;
	else if (p->behind_since_boot_ms == 0 || p->behind_at != p->committed)
		p->behind_since_boot_ms = now_boot_ms;
	p->behind_at = p->committed;
}

/* Only committed records are read, the end of what can be read has come, and the log goes on behind it: so a
 * transaction is open there. Time goes on only while records are asked for: what is not taken may hold them. */
static void look_for_transaction(const struct consumer *c, struct partition *p)
{
	bool held = p->life.state == PARTITION_ACTIVE && p->end_seen >= p->next_offset && p->high > p->end_seen &&
		    strcmp(c->isolation_level, "read_committed") == 0;

	if (!held || p->held_at != p->end_seen || p->held_since_reading_ms == 0)
		p->held_since_reading_ms = held ? c->reading_ms : 0;
	p->held_at = held ? p->end_seen : BOARD_UNKNOWN;
}

static void show_wait(struct board_consumer *out, struct board_partition *s, const struct partition *p)
{
	bool waits = p->wait != WAIT_NOTHING;

	if (!waits && p->life.state == PARTITION_PARKED) {
		s->wait = WAIT_OFFSETS;
		return;
	}
	s->trying = !waits && p->failures > 0 && p->told_wait != WAIT_NOTHING;
	if (!waits && !s->trying)
		return;
	s->wait = waits ? p->wait : p->told_wait;
	s->wait_text = texts_add(&out->texts, p->wait_text);
	s->wait_since_ms = p->wait_since_boot_ms;
}

static void show_offsets(const struct consumer *c, struct board_partition *s, const struct partition *p,
			 int64_t now_boot_ms)
{
	const struct intent_text *t = &p->life.delivery.text;
	bool known = p->committed >= 0;

	s->committed = p->committed;
	s->low = p->low;
	s->high = p->high;
	s->next = p->assignment != NULL ? p->next_offset : p->committed;
	s->sealed = p->assignment != NULL ? t->n : 0;
	s->open_start = s->sealed > 0 ? t->ranges[t->n - 1].end : p->assignment != NULL ? t->start : p->committed;
	s->behind_since_ms = p->behind_since_boot_ms;
	s->headroom_ms = known && p->low >= 0 && p->high > p->committed
				 ? creep_until(&p->retention, now_boot_ms, p->committed - p->low)
				 : BOARD_UNKNOWN;
	s->open_transaction = BOARD_UNKNOWN;
	if (p->held_since_reading_ms > 0 && c->reading_ms >= p->held_since_reading_ms + HELD_AT_LEAST_MS) {
		s->open_transaction = p->held_at;
		s->open_transaction_since_ms = now_boot_ms - (c->reading_ms - p->held_since_reading_ms);
	}
}

static void show_partition(const struct consumer *c, struct board_consumer *out, const struct partition *p,
			   int64_t now_boot_ms)
{
	struct board_partition *s = board_add_partition(out);

	s->topic = texts_add(&out->texts, p->topic);
	s->id = p->id;
	s->state = partition_state_name(p->life.state);
	s->epoch = p->life.epoch;
	show_wait(out, s, p);
	show_offsets(c, s, p, now_boot_ms);
	s->taken = p->records;
	s->ranges = p->ranges;
	s->landed = p->landed;
	s->dead = p->dead;
	s->skipped = p->skipped;
	s->bytes = p->landed_bytes;
	s->lost = p->lost_records;
	s->chain_begins = p->chain_begins;
	s->chain_begins_at = p->chain_begins_at;
	memcpy(s->rolls, p->rolls, sizeof(p->rolls));
}

static void add_up(struct board_totals *t, const struct partition *p)
{
	t->taken += p->records;
	t->ranges += p->ranges;
	t->landed += p->landed;
	t->dead += p->dead;
	t->skipped += p->skipped;
	t->bytes += p->landed_bytes;
	t->lost += p->lost_records;
	for (int i = 0; i < ROLL_REASONS; i++)
		t->rolls[i] += p->rolls[i];
}

static void show_partitions(struct consumer *c, struct board_consumer *out, int64_t now_boot_ms)
{
	for (struct partition *p = partition_first(c->partitions); p != NULL; p = p->next) {
		add_up(&out->totals, p);
		if (p->life.state == PARTITION_AWAY)
			continue;
		out->assigned++;
		look_at_log(c, p, now_boot_ms);
		look_for_transaction(c, p);
		show_partition(c, out, p, now_boot_ms);
	}
	out->totals.taken_bytes = c->taken_bytes;
	out->totals.commits = c->commits;
	out->totals.commits_failed = c->commits_failed;
	out->totals.rebalances = c->rebalances;
	out->totals.parked = c->parked;
	meter_add(&c->taken_meter, now_boot_ms, out->totals.taken, out->totals.taken_bytes);
	meter_add(&c->landed_meter, now_boot_ms, out->totals.landed + out->totals.dead, out->totals.bytes);
	out->taken_rate = meter_rates(&c->taken_meter);
	out->landed_rate = meter_rates(&c->landed_meter);
}

static void show_client(const struct consumer *c, struct board_consumer *out)
{
	static const enum board_exactly_once exactly_once[] = {
		[TEXTS_UNPROVED] = BOARD_UNPROVED,
		[TEXTS_KEPT] = BOARD_EXACTLY_ONCE,
		[TEXTS_LOST] = BOARD_AT_LEAST_ONCE,
	};

	out->exactly_once = exactly_once[c->texts];
	out->connected = c->rk != NULL;
	out->client_due_ms = c->client_due_boot_ms;
	out->joined = c->was_assigned;
	out->away_since_ms = c->away_since_boot_ms;
	out->steady = c->unsteady_since_boot_ms == 0;
	out->stopping = c->stopping;
	if (c->unacked_since_boot_ms != 0 && c->committer.state != COMMITTER_IDLE) {
		out->unacked_since_ms = c->unacked_since_boot_ms;
		out->unacked_text = texts_add(&out->texts, c->answer_text);
	}
	out->trouble = texts_add(&out->texts, c->trouble);
	out->trouble_ms = c->trouble_boot_ms;
}

static void show_memory(const struct consumer *c, struct board_consumer *out)
{
	if (c->record_queue != NULL)
		out->queued_records = rd_kafka_queue_length(c->record_queue);
	out->queued_bytes = (int64_t)out->queued_records * (c->record_bytes + CLIENT_RECORD_BYTES);
	out->queue_limit_bytes = memory_of_client_queue(c->settings);
	out->ring_limit_bytes = memory_of_ring(c->settings) * c->n_lanes;
	for (int i = 0; i < c->n_lanes; i++)
		out->ring_bytes += ring_bytes(c->lanes[i].lane.ring);
}

void show_consumer(struct consumer *c, int64_t now_boot_ms)
{
	struct board_consumer *out;

	if (!board_consumer_due(c->board, now_boot_ms))
		return;
	out = board_consumer_begin(c->board);
	show_client(c, out);
	show_memory(c, out);
	show_partitions(c, out, now_boot_ms);
	board_consumer_show(c->board, now_boot_ms);
}

void show_beat(const struct consumer *c, int64_t now_boot_ms)
{
	const char *what = "what Kafka has";

	if (c->rk == NULL)
		what = "the next Kafka client, after a back-off";
	else if (c->was_full)
		what = "room in the rings: the uploaders hold all that they may";
	else if (c->stopping)
		what = "the last ranges to be published and committed";
	board_beat(c->board, BEAT_CONSUMER, now_boot_ms, what);
}
