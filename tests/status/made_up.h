/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STATUS_MADE_UP_H
#define STATUS_MADE_UP_H

#include <stdio.h>
#include <string.h>

#include "batch/roll.h"
#include "board/board.h"
#include "status/view.h"

/* A board as a busy daemon would have it, for tests of what is made of it. Now is MADE_UP_MS. To be included by one
 * file of a test. */

#define MADE_UP_MS 10000000LL
#define MADE_UP_REAL_MS 1790000000000LL
/* What others wrote may be anything: markup, an escape sequence, bytes that are no UTF-8. */
#define MADE_UP_NASTY "<script>alert(1)</script>&\"'\033[2J\xff"

static void made_up_partition(struct board_consumer *c, const char *topic, int32_t id, int64_t committed, int64_t high)
{
	struct board_partition *p = board_add_partition(c);

	p->topic = texts_add(&c->texts, topic);
	p->id = id;
	p->state = "active";
	p->epoch = 1;
	p->low = 100;
	p->committed = p->next = p->open_start = committed;
	p->high = high;
	p->headroom_ms = p->open_transaction = BOARD_UNKNOWN;
	p->behind_since_ms = high > committed ? MADE_UP_MS - 7000 : 0;
}

static void made_up_consumer(struct board *b)
{
	struct board_consumer *c = board_consumer_begin(b);
	struct board_partition *p;

	c->connected = c->joined = c->steady = true;
	c->exactly_once = BOARD_EXACTLY_ONCE;
	c->assigned = 4;
	c->queued_records = 10;
	c->queued_bytes = 5000;
	c->queue_limit_bytes = 48 << 20;
	c->ring_bytes = 777;
	c->ring_limit_bytes = 16 << 20;
	c->totals = (struct board_totals){ .taken = 1000,
					   .taken_bytes = 123456,
					   .ranges = 9,
					   .landed = 900,
					   .dead = 3,
					   .skipped = 2,
					   .bytes = 45678,
					   .lost = 11,
					   .commits = 20,
					   .commits_failed = 1,
					   .rebalances = 2,
					   .parked = 4 };
	c->totals.rolls[ROLL_AGE] = 8;
	c->totals.rolls[ROLL_MEMORY] = 1;
	c->taken_rate = (struct meter_rates){ 100, 25000, 50, 12500 };
	c->landed_rate = (struct meter_rates){ 90, 4000, 45, 2000 };
	made_up_partition(c, "orders", 1, 500, 600); /* not in the order of their names */
	made_up_partition(c, "clicks", 10, 1000, 1000);
	made_up_partition(c, "clicks", 9, 900, 990);
	p = &c->partitions[2];
	p->wait = WAIT_S3;
	p->state = "parked";
	p->wait_text = texts_add(&c->texts, "object \"raw/" MADE_UP_NASTY "\": 403 AccessDenied");
	p->wait_since_ms = MADE_UP_MS - 600000;
	p->lost = 11;
	p->chain_begins = "moved";
	p->chain_begins_at = 850;
	made_up_partition(c, "clicks" MADE_UP_NASTY, 0, 200, 300);
	p = &c->partitions[3];
	p->open_transaction = 250;
	p->open_transaction_since_ms = MADE_UP_MS - 60000;
	p->headroom_ms = 3600 * 1000LL;
	c->trouble = texts_add(&c->texts, "2/2 brokers are down"); /* an old one: Kafka is not away */
	board_consumer_show(b, MADE_UP_MS - 500);
}

static void made_up_range(struct board_uploader *u, const char *topic, int32_t partition, uint64_t epoch, int64_t start)
{
	struct board_range *r = board_add_range(u);

	r->topic = texts_add(&u->texts, topic);
	r->partition = partition;
	r->epoch = epoch;
	r->oldest_time_ms = MADE_UP_REAL_MS - 120000;
	r->oldest_taken_ms = MADE_UP_MS - 30000;
	r->open_start = start;
	r->open_records = 42;
	r->open_bytes = 4242;
	r->open_held = 9999;
	r->open_objects = 2;
	r->open_since_ms = MADE_UP_MS - 20000;
	r->open_until_ms = MADE_UP_MS + 40000;
}

static void made_up_uploader(struct board *b, int number)
{
	struct board_uploader *u = board_uploader_begin(b, number);

	u->open_bytes = 1000000;
	u->moving_bytes = 2000000;
	u->share_bytes = 96 << 20;
	u->open_objects = 2;
	u->waiting_objects = 1;
	u->seals_for_memory = 1;
	u->share_wanted_bytes = (number + 1) * 150 << 20;
	u->objects = 12;
	u->n_last = 12;
	for (int i = 0; i < u->n_last; i++) {
		char key[64];

		snprintf(key, sizeof(key), "raw/orders/%d-%d.json.gz", number, i);
		u->last[i] = (struct board_object){ .key = texts_add(&u->texts, key),
						    .topic = texts_add(&u->texts, "orders"),
						    .partition = 1,
						    .start = 10 * i,
						    .end = 10 * i + 10,
						    .bytes = 1000 + i,
						    .records = 10,
						    .at_ms = MADE_UP_MS - 1000 * (2 * i + number) };
	}
	u->s3.calls[BOARD_PUT] = 12;
	u->s3.calls[BOARD_CREATE] = 1;
	u->s3.retries = 3;
	u->s3.bytes_sent = 34567;
	u->s3.clock_offset_ms = 1200000;
	u->s3.expires_real_ms = MADE_UP_REAL_MS + 3600000;
	board_count_error(&u->s3, "503 SlowDown", MADE_UP_MS - 9000);
	if (number == 1)
		board_count_error(&u->s3, "500 InternalError", MADE_UP_MS - 8000);
	histogram_add(&u->s3.latency, &histogram_seconds, 0.2);
	histogram_add(&u->sizes, &histogram_bytes, 5000);
	histogram_add(&u->freshness, &histogram_ages, 61);
	if (number == 0)
		made_up_range(u, "orders", 1, 1, 550);
	else
		u->trouble = texts_add(&u->texts, "503 SlowDown, 3 attempts");
	board_uploader_show(b, number, MADE_UP_MS - 400);
}

static void made_up_daemon(struct board *b)
{
	struct board_daemon d = { .version = "9.8.7",
				  .libraries = "librdkafka 2.0.2",
				  .name = "clicks",
				  .file = "/etc/kafka2s3/clicks.conf",
				  .group = "the-group",
				  .bucket = "the-bucket",
				  .brokers = "broker:9092",
				  .memory_bytes = 256 << 20,
				  .started_ms = MADE_UP_MS - 3723000,
				  .started_real_ms = MADE_UP_REAL_MS - 3723000,
				  .ready = true,
				  .generation = 2,
				  .reloaded_ms = MADE_UP_MS - 100000,
				  .rss_bytes = 88 << 20 };

	board_daemon_show(b, &d, MADE_UP_MS - 100);
}

/* The caller frees. */
static struct board *made_up_board(void)
{
	struct board *b = board_new(2);

	made_up_daemon(b);
	made_up_consumer(b);
	made_up_uploader(b, 0);
	made_up_uploader(b, 1);
	board_beat(b, BEAT_CONSUMER, MADE_UP_MS - 50, "what Kafka has");
	board_beat(b, BEAT_UPLOADER, MADE_UP_MS - 60, "records");
	board_beat(b, BEAT_UPLOADER + 1, MADE_UP_MS - 70, "S3, which takes nothing");
	return b;
}

/* A view of b, now. */
static void made_up_view(struct board *b, struct view *v)
{
	struct board_copy copy;

	board_copy(b, &copy);
	view_init(v, &copy, MADE_UP_MS, MADE_UP_REAL_MS);
}

#endif
