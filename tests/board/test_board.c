/* SPDX-License-Identifier: Apache-2.0 */
#include "board/board.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void show_partitions(struct board *b, int n, int64_t number, int64_t now_ms)
{
	struct board_consumer *c = board_consumer_begin(b);

	for (int i = 0; i < n; i++) {
		struct board_partition *p = board_add_partition(c);
		char text[64];

		snprintf(text, sizeof(text), "waits, %lld", (long long)number);
		p->topic = texts_add(&c->texts, "t");
		p->id = i;
		p->committed = p->high = number;
		p->wait_text = texts_add(&c->texts, text);
	}
	c->totals.taken = (uint64_t)number;
	board_consumer_show(b, now_ms);
}

static void test_a_copy_is_what_was_shown(void **state)
{
	struct board *b = board_new(2);
	struct board_copy c;

	(void)state;
	show_partitions(b, 3, 7, 100);
	show_partitions(b, 1000, 8, 200);
	board_consumer_begin(b)->totals.taken = 99; /* not shown yet */
	board_copy(b, &c);
	assert_int_equal(c.consumer.n, 1000);
	assert_int_equal(c.consumer.shown_ms, 200);
	assert_int_equal(c.consumer.totals.taken, 8);
	assert_int_equal(c.consumer.partitions[999].id, 999);
	assert_string_equal(texts_get(&c.consumer.texts, c.consumer.partitions[999].topic), "t");
	assert_string_equal(texts_get(&c.consumer.texts, c.consumer.partitions[999].wait_text), "waits, 8");
	assert_int_equal(c.n_uploaders, 2);
	assert_int_equal(c.uploaders[1].shown_ms, 0);
	board_copy_free(&c);
	show_partitions(b, 2, 9, 300);
	board_copy(b, &c);
	assert_int_equal(c.consumer.n, 2);
	board_copy_free(&c);
	board_free(b);
}

static void test_a_section_begins_empty(void **state)
{
	struct board *b = board_new(1);

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct board_uploader *u = board_uploader_begin(b, 0);

		assert_int_equal(u->n, 0);
		assert_int_equal(u->open_bytes, 0);
		assert_int_equal(u->texts.all.len, 0);
		board_add_range(u)->open_records = 5;
		u->open_bytes = 77;
		texts_add(&u->texts, "something");
		board_uploader_show(b, 0, 1000 + i);
	}
	board_free(b);
}

static void test_due_after_a_second_and_when_asked(void **state)
{
	struct board *b = board_new(1);
	uint64_t asked;

	(void)state;
	assert_true(board_consumer_due(b, 5000));
	show_partitions(b, 1, 1, 5000);
	assert_false(board_consumer_due(b, 5999));
	assert_true(board_consumer_due(b, 6000));
	asked = board_ask(b);
	assert_true(board_consumer_due(b, 5001));
	show_partitions(b, 1, 1, 5001);
	assert_false(board_consumer_due(b, 5002));
	assert_true(board_has_answered(b, asked)); /* nobody runs */
	board_free(b);
}

static void test_asked_while_it_is_filled_in_is_asked_again(void **state)
{
	struct board *b = board_new(1);

	(void)state;
	board_consumer_begin(b);
	board_ask(b);
	board_consumer_show(b, 5000);
	assert_true(board_consumer_due(b, 5001));
	board_free(b);
}

static void test_all_that_run_must_answer(void **state)
{
	struct board *b = board_new(2);
	uint64_t asked;

	(void)state;
	board_beat(b, BEAT_CONSUMER, 1, "x");
	board_beat(b, BEAT_UPLOADER + 1, 1, "x");
	asked = board_ask(b);
	show_partitions(b, 1, 1, 10);
	assert_false(board_has_answered(b, asked));
	board_uploader_begin(b, 1);
	board_uploader_show(b, 1, 10);
	assert_true(board_has_answered(b, asked));
	board_beat(b, BEAT_UPLOADER, 1, "x");
	assert_false(board_has_answered(b, asked));
	board_beat_ends(b, BEAT_UPLOADER);
	assert_true(board_has_answered(b, asked));
	board_free(b);
}

static void test_beats_have_names(void **state)
{
	struct board *b = board_new(2);
	struct board_beat beats[8];

	(void)state;
	board_beat(b, BEAT_UPLOADER + 1, 42, "records");
	assert_int_equal(board_beats(b, beats, 8), 6);
	assert_string_equal(beats[0].thread, "consumer");
	assert_int_equal(beats[0].at_ms, 0);
	assert_string_equal(beats[1].thread, "replay");
	assert_string_equal(beats[2].thread, "credentials");
	assert_string_equal(beats[3].thread, "glue");
	assert_string_equal(beats[5].thread, "uploader 1");
	assert_int_equal(beats[5].at_ms, 42);
	assert_string_equal(beats[5].what, "records");
	assert_int_equal(board_beats(b, beats, 1), 1);
	board_free(b);
}

static void test_errors_are_counted_by_name(void **state)
{
	struct board_s3 s = { 0 };
	uint64_t other = 0;

	(void)state;
	board_count_error(&s, "503 SlowDown", 10);
	board_count_error(&s, "500", 11);
	board_count_error(&s, "503 SlowDown", 12);
	assert_string_equal(s.by_error[0].name, "503 SlowDown");
	assert_int_equal(s.by_error[0].n, 2);
	assert_int_equal(s.by_error[0].last_ms, 12);
	for (int i = 0; i < 100; i++) {
		char name[200];

		snprintf(name, sizeof(name), "%d a name that is much longer than there is room for, by far", 600 + i);
		board_count_error(&s, name, 20);
		board_count_error(&s, name, 20);
	}
	for (int i = 0; i < BOARD_ERRORS; i++)
		other += s.by_error[i].n;
	assert_int_equal(other, 203);
	assert_int_equal(s.errors, 203);
	assert_string_equal(s.by_error[BOARD_ERRORS - 1].name, "other");
	assert_int_equal(s.by_error[2].n, 2);
}

#define HANGS_MS 30000
#define TURNS 2000

/* Each section that a reader copies is one that was shown, never a mixture. */
static void *write_all(void *arg)
{
	struct board *b = arg;

	for (int i = 1; i <= TURNS; i++) {
		struct board_uploader *u;

		show_partitions(b, 1 + i % 50, i, i);
		u = board_uploader_begin(b, 0);
		u->open_bytes = u->moving_bytes = i;
		board_uploader_show(b, 0, i);
		board_beat(b, BEAT_CONSUMER, i, "what Kafka has");
	}
	return NULL;
}

static void test_readers_see_whole_sections(void **state)
{
	struct board *b = board_new(1);
	pthread_t thread;
	int64_t seen = 0;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, write_all, b), 0);
	while (seen < TURNS) {
		struct board_copy c;
		char text[64];

		board_copy(b, &c);
		snprintf(text, sizeof(text), "waits, %llu", (unsigned long long)c.consumer.totals.taken);
		for (size_t i = 0; i < c.consumer.n; i++) {
			const struct board_partition *p = &c.consumer.partitions[i];

			assert_int_equal(p->committed, c.consumer.totals.taken);
			assert_int_equal(p->high, c.consumer.totals.taken);
			assert_string_equal(texts_get(&c.consumer.texts, p->wait_text), text);
		}
		assert_int_equal(c.uploaders[0].open_bytes, c.uploaders[0].moving_bytes);
		assert_true(c.consumer.shown_ms >= seen);
		seen = c.consumer.shown_ms;
		board_copy_free(&c);
	}
	pthread_join(thread, NULL);
	board_free(b);
}

static void test_a_thread_that_does_not_go_round_hangs(void **state)
{
	const struct board_beat beats[] = { { "consumer", 100000, "serves the group" },
					    { "replay", 0, NULL },
					    { "uploader 0", 80000, "waits for S3" } };

	(void)state;
	assert_null(board_hangs(beats, 3, HANGS_MS, 100000));
	assert_null(board_hangs(beats, 3, HANGS_MS, 80000 + HANGS_MS));
	assert_ptr_equal(board_hangs(beats, 3, HANGS_MS, 80001 + HANGS_MS), &beats[2]);
	assert_ptr_equal(board_hangs(beats, 3, HANGS_MS, 100001 + HANGS_MS), &beats[0]);
	assert_null(board_hangs(beats + 1, 1, HANGS_MS, 100001 + HANGS_MS)); /* it does not run */
	assert_null(board_hangs(beats, 0, HANGS_MS, 100001 + HANGS_MS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_copy_is_what_was_shown),
		cmocka_unit_test(test_a_section_begins_empty),
		cmocka_unit_test(test_due_after_a_second_and_when_asked),
		cmocka_unit_test(test_asked_while_it_is_filled_in_is_asked_again),
		cmocka_unit_test(test_all_that_run_must_answer),
		cmocka_unit_test(test_beats_have_names),
		cmocka_unit_test(test_a_thread_that_does_not_go_round_hangs),
		cmocka_unit_test(test_errors_are_counted_by_name),
		cmocka_unit_test(test_readers_see_whole_sections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
