/* SPDX-License-Identifier: Apache-2.0 */
/* The one line that says how the daemon stands. */

#include "daemon/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/wait.h"

struct bench {
	struct board_copy copy;
	struct board_uploader uploaders[2];
	struct board_partition partitions[3];
	struct notify_state out;
};

/* Two partitions, 10 and 7 records behind, and all is well. */
static int setup(void **state)
{
	static struct bench bench;
	struct bench *b = &bench;
	struct board_consumer *c = &b->copy.consumer;

	memset(b, 0, sizeof(*b));
	snprintf(b->copy.daemon.group, sizeof(b->copy.daemon.group), "lake");
	snprintf(b->copy.daemon.brokers, sizeof(b->copy.daemon.brokers), "kafka:9092");
	b->copy.uploaders = b->uploaders;
	b->copy.n_uploaders = 2;
	texts_init(&c->texts);
	for (int i = 0; i < 2; i++)
		texts_init(&b->uploaders[i].texts);
	c->joined = c->steady = true;
	c->assigned = 2;
	c->partitions = b->partitions;
	c->n = 2;
	for (int i = 0; i < 3; i++)
		b->partitions[i] = (struct board_partition){ .topic = texts_add(&c->texts, "stock_market"), .id = i };
	b->partitions[0].committed = 90;
	b->partitions[0].high = 100;
	b->partitions[1].committed = 3;
	b->partitions[1].high = 10;
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	texts_free(&b->copy.consumer.texts);
	for (int i = 0; i < 2; i++)
		texts_free(&b->uploaders[i].texts);
	return 0;
}

static void it_lands(void **state)
{
	struct bench *b = *state;

	state_describe(&b->copy, true, "", &b->out);
	assert_true(b->out.started);
	assert_string_equal(b->out.status, "lands 2 partitions, 17 records behind");
	b->copy.consumer.assigned = 1;
	b->copy.consumer.n = 1;
	b->partitions[0].committed = BOARD_UNKNOWN;
	state_describe(&b->copy, true, "", &b->out);
	assert_string_equal(b->out.status, "lands 1 partition, 0 records behind");
}

static void it_stands_by(void **state)
{
	struct bench *b = *state;

	b->copy.consumer.assigned = 0;
	b->copy.consumer.n = 0;
	state_describe(&b->copy, true, "", &b->out);
	assert_true(b->out.started);
	assert_string_equal(b->out.status, "stands by: the group \"lake\" has no partitions for this daemon");
	b->copy.consumer.steady = false;
	state_describe(&b->copy, true, "", &b->out);
	assert_string_equal(b->out.status, "waits for Kafka: the group \"lake\" is rebalancing");
}

/* Without a broker the group takes its partitions back, and that is no standing by. */
static void it_waits_for_a_broker(void **state)
{
	struct bench *b = *state;
	struct board_consumer *c = &b->copy.consumer;

	c->away_since_ms = 5;
	c->assigned = 0;
	c->n = 0;
	c->trouble = texts_add(&c->texts, "1/1 brokers are down");
	state_describe(&b->copy, true, "", &b->out);
	assert_true(b->out.started); /* that it waits does not undo the start */
	assert_string_equal(b->out.status,
			    "waits for Kafka: no broker of \"kafka:9092\" can be reached: 1/1 brokers are down");
}

static void it_waits_for_the_group(void **state)
{
	struct bench *b = *state;
	struct board_consumer *c = &b->copy.consumer;

	c->joined = false;
	state_describe(&b->copy, true, "", &b->out);
	assert_false(b->out.started);
	assert_string_equal(b->out.status, "waits for Kafka: the group \"lake\" at \"kafka:9092\" has not answered");
	c->trouble = texts_add(&c->texts, "all brokers are down");
	state_describe(&b->copy, true, "", &b->out);
	assert_non_null(strstr(b->out.status, "has not answered: all brokers are down"));
}

static void it_waits_for_s3(void **state)
{
	struct bench *b = *state;

	state_describe(&b->copy, false, "", &b->out);
	assert_false(b->out.started);
	assert_string_equal(b->out.status, "waits for S3: a first upload is not answered yet");
	state_describe(&b->copy, false, "403 AccessDenied", &b->out);
	assert_string_equal(b->out.status, "waits for S3: 403 AccessDenied");
	b->uploaders[1].stuck = true;
	b->uploaders[1].trouble = texts_add(&b->uploaders[1].texts, "503 SlowDown, 9 attempts");
	state_describe(&b->copy, true, "", &b->out);
	assert_true(b->out.started); /* that it waits does not undo the start */
	assert_string_equal(b->out.status, "waits for S3: 503 SlowDown, 9 attempts");
}

static void some_partitions_wait(void **state)
{
	struct bench *b = *state;
	struct board_consumer *c = &b->copy.consumer;

	c->n = c->assigned = 3;
	b->partitions[1].wait = b->partitions[2].wait = WAIT_S3;
	b->partitions[1].wait_text = texts_add(&c->texts, "404 NoSuchBucket");
	b->partitions[2].trying = true;
	state_describe(&b->copy, true, "", &b->out);
	assert_true(b->out.started);
	assert_string_equal(b->out.status,
			    "lands 3 partitions, 17 records behind; 1 of them waits, topic \"stock_market\" "
			    "partition 1 for a person to mend what S3 refuses: 404 NoSuchBucket");
	b->partitions[2].trying = false;
	state_describe(&b->copy, true, "", &b->out);
	assert_non_null(strstr(b->out.status, "; 2 of them wait, topic \"stock_market\" partition 1 for "));
}

/* Texts of any length end where there is no more room. */
static void long_texts_are_cut(void **state)
{
	struct bench *b = *state;
	struct board_consumer *c = &b->copy.consumer;
	char text[2 * NOTIFY_STATUS_MAX];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	b->partitions[0].wait = WAIT_BROKER;
	b->partitions[0].wait_text = texts_add(&c->texts, text);
	state_describe(&b->copy, true, "", &b->out);
	assert_int_equal(strlen(b->out.status), NOTIFY_STATUS_MAX - 1);
}

#define state_test(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		state_test(it_lands),
		state_test(it_stands_by),
		state_test(it_waits_for_a_broker),
		state_test(it_waits_for_the_group),
		state_test(it_waits_for_s3),
		state_test(some_partitions_wait),
		state_test(long_texts_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
