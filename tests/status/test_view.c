/* SPDX-License-Identifier: Apache-2.0 */
#include "status/view.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/text.h"
#include "status/made_up.h"

struct fixture {
	struct board *board;
	struct view view;
	struct buf out;
};

static int begin(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->board = made_up_board();
	made_up_view(f->board, &f->view);
	buf_init(&f->out, 1 << 20);
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;

	view_free(&f->view);
	buf_free(&f->out);
	board_free(f->board);
	free(f);
	return 0;
}

static void look_again(struct fixture *f)
{
	view_free(&f->view);
	made_up_view(f->board, &f->view);
}

static void test_partitions_come_by_topic_and_number(void **state)
{
	const struct view *v = &((struct fixture *)*state)->view;

	assert_int_equal(v->n, 4);
	assert_string_equal(v->partitions[0].topic, "clicks");
	assert_int_equal(v->partitions[0].is->id, 9);
	assert_string_equal(v->partitions[1].topic, "clicks");
	assert_int_equal(v->partitions[1].is->id, 10);
	assert_string_equal(v->partitions[2].topic, "clicks" MADE_UP_NASTY);
	assert_string_equal(v->partitions[3].topic, "orders");
}

static void test_lag_headroom_and_freshness(void **state)
{
	const struct view *v = &((struct fixture *)*state)->view;
	const struct view_partition *p = v->partitions;

	assert_int_equal(p[0].lag, 90); /* parked: nothing of it is here, and it waits */
	assert_int_equal(p[0].headroom, 800);
	assert_int_equal(p[0].freshness_ms, 7000);
	assert_int_equal(p[1].lag, 0);
	assert_int_equal(p[1].freshness_ms, 0);
	assert_int_equal(p[3].lag, 100); /* by the timestamp of the record that is held */
	assert_int_equal(p[3].freshness_ms, 120000);
	assert_non_null(p[3].range);
	assert_int_equal(v->lag, 290);
	assert_int_equal(v->freshness_ms, 120000);
	assert_int_equal(v->headroom_ms, 3600000);
}

static void test_what_is_not_known_stays_so(void **state)
{
	struct fixture *f = *state;
	struct board_consumer *c = board_consumer_begin(f->board);

	made_up_partition(c, "new", 0, BOARD_UNKNOWN, BOARD_UNKNOWN);
	c->partitions[0].low = BOARD_UNKNOWN;
	board_consumer_show(f->board, MADE_UP_MS);
	look_again(f);
	assert_int_equal(f->view.partitions[0].lag, BOARD_UNKNOWN);
	assert_int_equal(f->view.partitions[0].headroom, BOARD_UNKNOWN);
	assert_int_equal(f->view.partitions[0].freshness_ms, BOARD_UNKNOWN);
	assert_int_equal(f->view.lag, 0);
	assert_int_equal(f->view.headroom_ms, BOARD_UNKNOWN);
}

/* A record from the future, or without a time, is as old as it is here. */
static void test_timestamps_that_cannot_be_true(void **state)
{
	static const int64_t times[] = { 0, MADE_UP_REAL_MS + 1 };
	struct fixture *f = *state;

	for (size_t i = 0; i < 2; i++) {
		struct board_uploader *u = board_uploader_begin(f->board, 0);

		made_up_range(u, "orders", 1, 1, 550);
		u->ranges[0].oldest_time_ms = times[i];
		board_uploader_show(f->board, 0, MADE_UP_MS);
		look_again(f);
		assert_int_equal(f->view.partitions[3].freshness_ms, 30000);
	}
}

/* Of an epoch that has ended an uploader may still hold something. */
static void test_a_range_of_another_epoch_counts_no_more(void **state)
{
	struct fixture *f = *state;
	struct board_uploader *u = board_uploader_begin(f->board, 0);

	made_up_range(u, "orders", 1, 2, 550);
	board_uploader_show(f->board, 0, MADE_UP_MS);
	look_again(f);
	assert_null(f->view.partitions[3].range);
}

static void test_last_objects_of_all_uploaders_newest_first(void **state)
{
	const struct view *v = &((struct fixture *)*state)->view;

	assert_int_equal(v->n_objects, BOARD_LAST_OBJECTS);
	assert_string_equal(v->objects[0].key, "raw/orders/0-0.json.gz");
	assert_string_equal(v->objects[1].key, "raw/orders/1-0.json.gz");
	assert_string_equal(v->objects[19].key, "raw/orders/1-9.json.gz");
	for (int i = 1; i < v->n_objects; i++)
		assert_true(v->objects[i].is->at_ms <= v->objects[i - 1].is->at_ms);
}

static void test_uploaders_are_added_up(void **state)
{
	const struct view *v = &((struct fixture *)*state)->view;

	assert_int_equal(v->s3.calls[BOARD_PUT], 24);
	assert_int_equal(v->s3.errors, 3);
	assert_string_equal(v->s3.by_error[0].name, "503 SlowDown");
	assert_int_equal(v->s3.by_error[0].n, 2);
	assert_int_equal(v->s3.by_error[1].n, 1);
	assert_int_equal(v->s3.latency.count, 2);
	assert_int_equal(v->sizes.count, 2);
	assert_int_equal(v->open_bytes, 2000000);
	assert_int_equal(v->landed_objects, 24);
	assert_int_equal(v->waiting_objects, 2);
}

static void test_waits_are_counted_by_reason(void **state)
{
	struct fixture *f = *state;
	struct board_consumer *c = board_consumer_begin(f->board);

	for (int i = 0; i < 6; i++) {
		made_up_partition(c, "t", i, 1, 2);
		c->partitions[i].wait = i == 0 ? WAIT_TABLE : i < 5 ? WAIT_S3 : WAIT_NOTHING;
		c->partitions[i].wait_since_ms = i == 1 ? 0 : MADE_UP_MS - 1000 * i;
		c->partitions[i].wait_text = texts_add(&c->texts, i == 4 ? "the oldest" : "another");
	}
	board_consumer_show(f->board, MADE_UP_MS);
	look_again(f);
	assert_int_equal(f->view.n_waits, 2);
	assert_int_equal(f->view.waits[0].reason, WAIT_S3);
	assert_int_equal(f->view.waits[0].partitions, 4);
	assert_int_equal(f->view.waits[0].since_ms, MADE_UP_MS - 4000);
	assert_string_equal(f->view.waits[0].text, "the oldest");
	assert_int_equal(f->view.waits[1].reason, WAIT_TABLE);
}

static void show_daemon(struct fixture *f, bool ready, bool stopping, const char *waits_for)
{
	struct board_daemon d = f->view.board.daemon;

	d.ready = ready;
	d.stopping = stopping;
	snprintf(d.waits_for, sizeof(d.waits_for), "%s", waits_for);
	board_daemon_show(f->board, &d, MADE_UP_MS);
	look_again(f);
}

static void test_health(void **state)
{
	struct fixture *f = *state;

	assert_true(f->view.live && f->view.ready);
	assert_string_equal(f->view.why, "");
	show_daemon(f, false, false, "waits for Kafka");
	assert_true(f->view.live && !f->view.ready);
	assert_string_equal(f->view.why, "starting: waits for Kafka");
	show_daemon(f, true, true, "");
	assert_true(f->view.live && !f->view.ready);
	assert_string_equal(f->view.why, "stopping");
	show_daemon(f, true, false, "");
	board_beat(f->board, BEAT_UPLOADER, MADE_UP_MS - VIEW_HANGS_MS, "records");
	look_again(f);
	assert_true(f->view.live && f->view.ready);
	board_beat(f->board, BEAT_UPLOADER, MADE_UP_MS - VIEW_HANGS_MS - 1, "records");
	look_again(f);
	assert_false(f->view.live || f->view.ready);
	assert_non_null(strstr(f->view.why, "\"uploader 0\" hangs for 30 s; it was at: records"));
	board_beat_ends(f->board, BEAT_UPLOADER); /* has ended, and hangs no more */
	look_again(f);
	assert_true(f->view.live);
}

static void assert_has(struct fixture *f, const char *what)
{
	if (strstr(buf_str(&f->out), what) == NULL)
		fail_msg("no \"%s\" in: %s", what, buf_str(&f->out));
}

/* Nothing that others wrote reaches a terminal or a browser as more than text. */
static void assert_plain(struct fixture *f)
{
	const char *s = buf_str(&f->out);

	assert_true(text_is_utf8(s, strlen(s)));
	for (; *s != '\0'; s++)
		assert_true((unsigned char)*s >= 0x20 || *s == '\n');
}

static void test_text(void **state)
{
	struct fixture *f = *state;

	view_text(&f->view, &f->out);
	assert_plain(f);
	assert_has(f, "kafka2s3 9.8.7, up 1 h 2 min, ready\n");
	assert_has(f, "the-group at broker:9092, to bucket the-bucket\n");
	assert_has(f, "exactly once\n");
	assert_has(f, "100 records/s, 24.4 KiB/s; over the last minute 50 records/s");
	assert_has(f, "24 objects landed");
	assert_has(f, "2 ranges were finished early for want of memory: memory = \"800MiB\" avoids it\n");
	assert_has(
		f,
		"256 MiB: Kafka client about 4.9 KiB, rings 777 B, uploaders 1.9 MiB open and 3.8 MiB moving of 192 MiB;");
	assert_has(f, "503 SlowDown: 2; 500 InternalError: 1");
	assert_has(f, "-1200 s off the store's");
	assert_has(f, "uploader 1 for S3: 503 SlowDown, 3 attempts");
	assert_has(f, "1 partition for a person to mend what S3 refuses, since 10 min 0 s: object \"raw/<script>");
	assert_has(f, ":0 for an open transaction at offset 250, since 1 min 0 s");
	assert_has(f, "4 partitions, lag 290\n");
	assert_has(f, "42 records from 550 on, 20 s, 2 objects, 9.8 KiB");
	assert_has(f, "11 records lost to retention; the chain began anew at offset 850: moved\n");
	assert_has(f, "800");
	assert_has(f, "100, 1 h 0 min");
	assert_has(f, "raw/orders/0-0.json.gz\n");
}

static json_t *document(struct fixture *f, void (*form)(const struct view *v, struct buf *out))
{
	json_error_t e;
	json_t *j;

	form(&f->view, &f->out);
	j = json_loadb((const char *)f->out.data, f->out.len, 0, &e);
	assert_non_null(j);
	return j;
}

static json_t *at(json_t *j, const char *name)
{
	json_t *found = json_object_get(j, name);

	if (found == NULL)
		fail_msg("no \"%s\"", name);
	return found;
}

static void test_json(void **state)
{
	struct fixture *f = *state;
	json_t *j = document(f, view_json);
	json_t *p = json_array_get(at(j, "partitions"), 0);

	assert_plain(f);
	assert_string_equal(json_string_value(at(j, "group")), "the-group");
	assert_true(json_is_true(at(j, "exactly_once")));
	assert_true(json_is_true(at(j, "ready")));
	assert_int_equal(json_array_size(at(j, "partitions")), 4);
	assert_int_equal(json_integer_value(at(p, "lag")), 90);
	assert_int_equal(json_integer_value(at(p, "committed")), 900);
	assert_string_equal(json_string_value(at(at(p, "wait"), "reason")), wait_reason_word(WAIT_S3));
	assert_true(json_real_value(at(at(p, "wait"), "since_s")) == 600);
	assert_true(json_is_null(at(p, "open")));
	assert_true(json_is_null(at(p, "headroom_s")));
	assert_int_equal(json_integer_value(at(at(p, "chain_begins"), "offset")), 850);
	assert_string_equal(json_string_value(at(at(p, "chain_begins"), "reason")), "moved");
	p = json_array_get(at(j, "partitions"), 2);
	assert_int_equal(json_integer_value(at(at(p, "open_transaction"), "offset")), 250);
	assert_true(json_real_value(at(p, "headroom_s")) == 3600);
	p = json_array_get(at(j, "partitions"), 3);
	assert_int_equal(json_integer_value(at(at(p, "open"), "records")), 42);
	assert_true(json_real_value(at(p, "freshness_s")) == 120);
	assert_true(json_is_null(at(p, "wait")));
	assert_true(json_is_null(at(p, "chain_begins")));
	assert_int_equal(json_integer_value(at(at(at(j, "s3"), "requests"), "put")), 24);
	assert_int_equal(json_integer_value(at(at(at(j, "s3"), "errors"), "503 SlowDown")), 2);
	assert_int_equal(json_integer_value(at(at(at(j, "totals"), "rolls"), roll_reason_name(ROLL_AGE))), 8);
	assert_int_equal(json_integer_value(at(at(j, "kafka"), "commits_failed")), 1);
	assert_int_equal(json_array_size(at(j, "objects")), BOARD_LAST_OBJECTS);
	assert_int_equal(json_array_size(at(j, "threads")), 3);
	assert_int_equal(json_array_size(at(j, "uploaders")), 2);
	assert_true(json_is_null(at(j, "replay")));
	json_decref(j);
}

static void test_health_as_json(void **state)
{
	struct fixture *f = *state;
	json_t *j = document(f, view_health);

	assert_true(json_is_true(at(j, "live")) && json_is_true(at(j, "ready")));
	assert_string_equal(json_string_value(at(j, "why")), "");
	json_decref(j);
}

static void test_page_is_escaped(void **state)
{
	struct fixture *f = *state;

	view_page(&f->view, &f->out);
	assert_plain(f);
	assert_has(f, "&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;");
	assert_null(strstr(buf_str(&f->out), "<script>alert"));
	assert_has(f, "<b id=\"lag\">290</b>");
}

/* A Kafka that is away is what waits, whatever was dealt out before. */
static void test_kafka_is_away(void **state)
{
	struct fixture *f = *state;
	struct board_consumer *c = &f->view.board.consumer;

	c->away_since_ms = MADE_UP_MS - 60000;
	view_text(&f->view, &f->out);
	assert_has(f, "waits       the consumer for a Kafka broker that it can reach, since 1 min 0 s: 2/2 brokers ");
	buf_clear(&f->out);
	view_page(&f->view, &f->out);
	assert_has(f, "the consumer for a Kafka broker that it can reach");
	c->away_since_ms = 0;
	c->joined = false;
	buf_clear(&f->out);
	view_text(&f->view, &f->out);
	assert_has(f, "waits       the consumer for its group's first answer: 2/2 brokers are down\n");
}

/* Of a daemon that has only begun nothing is known, and all forms say so. */
static void test_an_empty_board(void **state)
{
	struct fixture *f = *state;
	struct board *b = board_new(1);
	json_t *j;

	view_free(&f->view);
	made_up_view(b, &f->view);
	view_text(&f->view, &f->out);
	assert_has(f, "0 partitions, lag 0\n");
	buf_clear(&f->out);
	view_page(&f->view, &f->out);
	buf_clear(&f->out);
	j = document(f, view_json);
	assert_true(json_is_null(at(j, "exactly_once")));
	json_decref(j);
	board_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_partitions_come_by_topic_and_number, begin, end),
		cmocka_unit_test_setup_teardown(test_lag_headroom_and_freshness, begin, end),
		cmocka_unit_test_setup_teardown(test_what_is_not_known_stays_so, begin, end),
		cmocka_unit_test_setup_teardown(test_timestamps_that_cannot_be_true, begin, end),
		cmocka_unit_test_setup_teardown(test_a_range_of_another_epoch_counts_no_more, begin, end),
		cmocka_unit_test_setup_teardown(test_last_objects_of_all_uploaders_newest_first, begin, end),
		cmocka_unit_test_setup_teardown(test_uploaders_are_added_up, begin, end),
		cmocka_unit_test_setup_teardown(test_waits_are_counted_by_reason, begin, end),
		cmocka_unit_test_setup_teardown(test_health, begin, end),
		cmocka_unit_test_setup_teardown(test_text, begin, end),
		cmocka_unit_test_setup_teardown(test_json, begin, end),
		cmocka_unit_test_setup_teardown(test_health_as_json, begin, end),
		cmocka_unit_test_setup_teardown(test_page_is_escaped, begin, end),
		cmocka_unit_test_setup_teardown(test_kafka_is_away, begin, end),
		cmocka_unit_test_setup_teardown(test_an_empty_board, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
