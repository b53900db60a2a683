/* SPDX-License-Identifier: Apache-2.0 */

#include "kafka/committer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define N 4

/* Only its address counts. */
struct partition {
	int id;
};

static struct partition partitions[N];

static int setup(void **state)
{
	static struct committer c;

	c = (struct committer){ 0 };
	*state = &c;
	return 0;
}

static int teardown(void **state)
{
	committer_free(*state);
	return 0;
}

static void add(struct committer *c, int i)
{
	struct intent_text sent = { .start = 100 + i };
	char text[32];

	snprintf(text, sizeof(text), "text %d", i);
	committer_add(c, &partitions[i], (uint64_t)i + 7, "topic", i, &sent, text);
}

static void fill(struct committer *c, int n)
{
	assert_int_equal(c->state, COMMITTER_IDLE);
	for (int i = 0; i < n; i++)
		add(c, i);
}

/* What is due now, as a text of partition numbers; each entry's bytes are still those that were added. */
static const char *due(struct committer *c, int64_t now)
{
	static char out[64];
	char text[32];
	size_t first, n = committer_due(c, now, &first), len = 0;

	out[0] = '\0';
	for (size_t i = first; i < first + n; i++) {
		const struct commit_entry *e = &c->entries[i];

		assert_ptr_equal(e->partition, &partitions[e->partition_id]);
		assert_int_equal(e->epoch, e->partition_id + 7);
		assert_int_equal(e->sent.start, 100 + e->partition_id);
		snprintf(text, sizeof(text), "text %d", (int)e->partition_id);
		assert_string_equal(e->text, text);
		assert_false(e->acked);
		len += (size_t)snprintf(out + len, sizeof(out) - len, "%d", (int)e->partition_id);
	}
	return out;
}

static void send_due(struct committer *c, int64_t now, const char *expected)
{
	assert_string_equal(due(c, now), expected);
	committer_sent(c, now);
	assert_int_equal(c->state, COMMITTER_IN_FLIGHT);
	assert_string_equal(due(c, now + 100000), "");
}

/* All that was acknowledged, in order. */
static const char *acked(struct committer *c)
{
	static char out[64];
	const struct commit_entry *e;
	size_t len = 0;

	out[0] = '\0';
	while ((e = committer_next_acked(c)) != NULL)
		len += (size_t)snprintf(out + len, sizeof(out) - len, "%d", (int)e->partition_id);
	return out;
}

static void test_acknowledged(void **state)
{
	struct committer *c = *state;

	assert_string_equal(due(c, 0), "");
	fill(c, 3);
	assert_int_equal(c->state, COMMITTER_READY);
	send_due(c, 1000, "012");
	assert_int_equal(c->sent_boot_ms, 1000);
	assert_null(committer_answer(c, COMMIT_ACKED, 1010));
	assert_string_equal(acked(c), "012");
	assert_int_equal(c->state, COMMITTER_IDLE);
	assert_string_equal(acked(c), "");
	fill(c, 1);
	send_due(c, 2000, "0");
}

/* The same bytes, later and later, and never anything else. */
static void test_same_again(void **state)
{
	static const int64_t pauses[] = { 200, 400, 800, 1600, 3200, 5000, 5000, 5000 };
	struct committer *c = *state;
	int64_t now = 1000;

	fill(c, 2);
	for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
		send_due(c, now, "01");
		assert_null(committer_answer(c, i % 2 ? COMMIT_FENCED : COMMIT_AGAIN, now));
		assert_int_equal(c->state, COMMITTER_READY);
		assert_string_equal(acked(c), "");
		assert_string_equal(due(c, now + pauses[i] - 1), "");
		now += pauses[i];
	}
	send_due(c, now, "01");
	assert_int_equal(c->sent_boot_ms, now);
	committer_answer(c, COMMIT_ACKED, now);
	assert_string_equal(acked(c), "01");
	fill(c, 1);
	send_due(c, now, "0");
	committer_answer(c, COMMIT_AGAIN, now);
	assert_string_equal(due(c, now + 200), "0"); /* the pause begins anew */
}

/* librdkafka reports one bad partition as the failure of all. */
static void test_culprit(void **state)
{
	struct committer *c = *state;

	fill(c, 4);
	send_due(c, 1000, "0123");
	assert_null(committer_answer(c, COMMIT_SUSPECT, 1001));
	assert_string_equal(acked(c), "");
	send_due(c, 1001, "0");
	assert_null(committer_answer(c, COMMIT_ACKED, 1002));
	assert_string_equal(acked(c), "0");
	send_due(c, 1002, "1");
	assert_null(committer_answer(c, COMMIT_AGAIN, 1003));
	assert_string_equal(due(c, 1004), "");
	send_due(c, 1203, "1");
	assert_ptr_equal(committer_answer(c, COMMIT_SUSPECT, 1204), &partitions[1]);
	assert_string_equal(acked(c), "");
	send_due(c, 1204, "2");
	committer_answer(c, COMMIT_ACKED, 1205);
	assert_string_equal(acked(c), "2");
	send_due(c, 1205, "3");
	assert_ptr_equal(committer_answer(c, COMMIT_SUSPECT, 1206), &partitions[3]);
	assert_string_equal(due(c, 1206), "");
	assert_int_equal(c->state, COMMITTER_IDLE);
	fill(c, 2);
	send_due(c, 2000, "01"); /* together again */
}

static void test_only_one_is_the_culprit(void **state)
{
	struct committer *c = *state;

	fill(c, 1);
	send_due(c, 1000, "0");
	assert_ptr_equal(committer_answer(c, COMMIT_SUSPECT, 1001), &partitions[0]);
	assert_string_equal(due(c, 1001), "");
	assert_int_equal(c->state, COMMITTER_IDLE);
}

static void test_forget_ready(void **state)
{
	struct committer *c = *state;

	fill(c, 3);
	committer_forget(c, &partitions[3]);
	committer_forget(c, &partitions[1]);
	committer_forget(c, &partitions[1]);
	send_due(c, 1000, "02");
	committer_answer(c, COMMIT_ACKED, 1001);
	assert_string_equal(acked(c), "02");
}

static void test_forget_in_flight(void **state)
{
	struct committer *c = *state;

	fill(c, 3);
	send_due(c, 1000, "012");
	committer_forget(c, &partitions[0]);
	committer_answer(c, COMMIT_AGAIN, 1001);
	send_due(c, 1201, "12");
	committer_forget(c, &partitions[2]);
	committer_answer(c, COMMIT_ACKED, 1202);
	assert_string_equal(acked(c), "1");
	assert_int_equal(c->state, COMMITTER_IDLE);
}

/* The first and the last of those that are sent alone. */
static void test_forget_alone(void **state)
{
	struct committer *c = *state;

	fill(c, 3);
	send_due(c, 1000, "012");
	committer_answer(c, COMMIT_SUSPECT, 1001);
	send_due(c, 1001, "0");
	committer_forget(c, &partitions[0]);
	assert_null(committer_answer(c, COMMIT_SUSPECT, 1002)); /* its epoch has ended: nobody to blame */
	send_due(c, 1002, "1");
	committer_forget(c, &partitions[2]);
	committer_answer(c, COMMIT_ACKED, 1003);
	assert_string_equal(acked(c), "1");
	assert_string_equal(due(c, 1003), "");
	assert_int_equal(c->state, COMMITTER_IDLE);
}

/* While the answer is acted on: an entry whose epoch ends before it was given is not given. */
static void test_forget_acked(void **state)
{
	struct committer *c = *state;
	const struct commit_entry *e;

	fill(c, 3);
	send_due(c, 1000, "012");
	committer_answer(c, COMMIT_ACKED, 1001);
	e = committer_next_acked(c);
	assert_non_null(e);
	assert_int_equal(e->partition_id, 0);
	committer_forget(c, &partitions[1]);
	assert_string_equal(acked(c), "2");
	assert_int_equal(c->state, COMMITTER_IDLE);
}

static void test_forget_all(void **state)
{
	struct committer *c = *state;

	fill(c, 2);
	send_due(c, 1000, "01");
	committer_answer(c, COMMIT_AGAIN, 1001);
	committer_forget(c, &partitions[0]);
	committer_forget(c, &partitions[1]);
	assert_string_equal(due(c, 1001), ""); /* nobody waits for a pause that belonged to them */
	assert_int_equal(c->state, COMMITTER_IDLE);
}

/* What was acknowledged is not lost when somebody looks for work before it was given out. */
static void test_due_before_acked_are_given(void **state)
{
	struct committer *c = *state;

	fill(c, 2);
	send_due(c, 1000, "01");
	committer_answer(c, COMMIT_ACKED, 1001);
	assert_string_equal(due(c, 1001), "");
	assert_string_equal(acked(c), "01");
	assert_int_equal(c->state, COMMITTER_IDLE);
}

#define committer_test(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		committer_test(test_acknowledged), committer_test(test_same_again),
		committer_test(test_culprit),      committer_test(test_only_one_is_the_culprit),
		committer_test(test_forget_ready), committer_test(test_forget_in_flight),
		committer_test(test_forget_alone), committer_test(test_forget_acked),
		committer_test(test_forget_all),   committer_test(test_due_before_acked_are_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
