/* SPDX-License-Identifier: Apache-2.0 */

#include "kafka/delivery.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* Range i is [100 + 10 i, 110 + 10 i). */
static struct range_facts range(int i, int objects)
{
	struct range_facts f = { .start = 100 + 10 * i, .end = 110 + 10 * i, .objects = objects, .landed = objects };

	snprintf(f.id, sizeof(f.id), "000000000000000%x", (unsigned)i & 15);
	return f;
}

/* A text at 100 that names the first n ranges. */
static struct intent_text text(int n)
{
	struct intent_text t = { .cluster = "c", .topic = "t", .start = 100, .n = n };

	chain_begin(&t.before, "first");
	for (int i = 0; i < n; i++)
		t.ranges[i] = range(i, 1);
	return t;
}

static void begin(struct delivery *d, int n)
{
	struct intent_text t = text(n);

	delivery_begin(d, &t, 0);
}

static void seal(struct delivery *d, int i)
{
	struct range_facts f = range(i, 1);

	assert_true(delivery_sealed(d, &f, f.objects > 0));
}

static struct intent_text compose(const struct delivery *d)
{
	struct intent_text sent, back;
	char out[INTENT_TEXT_MAX];

	delivery_compose(d, &sent, out);
	assert_int_equal(intent_read(out, &back), INTENT_OURS);
	assert_int_equal(back.start, sent.start);
	assert_int_equal(back.n, sent.n);
	return sent;
}

static void ack(struct delivery *d, int64_t now)
{
	struct intent_text sent = compose(d);

	delivery_acked(d, &sent, now);
}

static void expect_publish(struct delivery *d, int i, int64_t acked)
{
	int64_t at;
	const struct range_facts *f = delivery_next_publish(d, &at);

	if (i < 0) {
		assert_null(f);
		return;
	}
	assert_non_null(f);
	assert_int_equal(f->start, 100 + 10 * i);
	assert_int_equal(at, acked);
}

static void published(struct delivery *d, int i)
{
	struct range_facts f = range(i, 1);

	assert_true(delivery_published(d, f.id));
}

static void test_one_range(void **state)
{
	struct delivery d;

	(void)state;
	begin(&d, 0);
	assert_false(delivery_wants_commit(&d, 1000));
	assert_true(delivery_settled(&d));
	seal(&d, 0);
	assert_true(delivery_wants_commit(&d, 1000));
	expect_publish(&d, -1, 0);
	ack(&d, 1000);
	assert_false(delivery_wants_commit(&d, 1000));
	assert_false(delivery_settled(&d));
	expect_publish(&d, 0, 1000);
	expect_publish(&d, -1, 0);
	published(&d, 0);
	assert_true(delivery_wants_commit(&d, 1000));
	assert_false(delivery_settled(&d));
	assert_int_equal(compose(&d).start, 110);
	assert_string_equal(compose(&d).before.previous_id, "0000000000000000");
	ack(&d, 2000);
	assert_true(delivery_settled(&d));
	assert_false(delivery_wants_commit(&d, 2000 + 12 * 3600 * 1000 - 1));
	assert_true(delivery_wants_commit(&d, 2000 + 12 * 3600 * 1000));
}

/* What was sealed after the text was composed is not named by it. */
static void test_ack_of_an_older_state(void **state)
{
	struct intent_text sent;
	struct delivery d;

	(void)state;
	begin(&d, 0);
	seal(&d, 0);
	sent = compose(&d);
	seal(&d, 1);
	delivery_acked(&d, &sent, 1000);
	expect_publish(&d, 0, 1000);
	expect_publish(&d, -1, 0);
	assert_true(delivery_wants_commit(&d, 1000));
	sent = compose(&d);
	published(&d, 0);
	delivery_acked(&d, &sent, 2000);
	expect_publish(&d, 1, 2000);
	assert_true(delivery_wants_commit(&d, 2000)); /* the offset has moved since */
}

/* What is sent again under a lease that ran out says nothing new. */
static void test_news(void **state)
{
	struct delivery d;
	struct intent_text sent;

	(void)state;
	begin(&d, 1);
	seal(&d, 0);
	sent = compose(&d);
	assert_false(delivery_acked(&d, &sent, 1000)); /* named before this epoch */
	expect_publish(&d, 0, 1000);
	seal(&d, 1);
	sent = compose(&d);
	assert_true(delivery_acked(&d, &sent, 2000));
	expect_publish(&d, 1, 2000);
	delivery_stale(&d, range(1, 1).id);
	sent = compose(&d);
	assert_false(delivery_acked(&d, &sent, 3000));
	expect_publish(&d, 1, 3000);
	published(&d, 0);
	sent = compose(&d);
	assert_true(delivery_acked(&d, &sent, 4000));
	assert_false(delivery_acked(&d, &sent, 5000));
}

/* The offset waits for the first, whatever is done behind it. */
static void test_out_of_order(void **state)
{
	struct delivery d;

	(void)state;
	begin(&d, 0);
	for (int i = 0; i < 3; i++)
		seal(&d, i);
	ack(&d, 1000);
	for (int i = 0; i < 3; i++)
		expect_publish(&d, i, 1000);
	published(&d, 2);
	published(&d, 1);
	assert_int_equal(compose(&d).start, 100);
	assert_int_equal(compose(&d).n, 3);
	published(&d, 0);
	assert_int_equal(compose(&d).start, 130);
	assert_int_equal(compose(&d).n, 0);
}

static void test_refuses(void **state)
{
	struct range_facts f = range(1, 1);
	struct delivery d;

	(void)state;
	begin(&d, 0);
	assert_false(delivery_sealed(&d, &f, true)); /* a gap */
	f = range(0, 1);
	f.end = f.start;
	assert_false(delivery_sealed(&d, &f, true));
	seal(&d, 0);
	f = range(0, 1);
	assert_false(delivery_sealed(&d, &f, true)); /* twice */
	assert_false(delivery_published(&d, f.id));  /* never given out */
	assert_false(delivery_published(&d, "ffffffffffffffff"));
	for (int i = 1; i < ASSIGNMENT_MAX_SEALED; i++)
		seal(&d, i);
	f = range(ASSIGNMENT_MAX_SEALED, 1);
	assert_false(delivery_sealed(&d, &f, true));
	begin(&d, 1);
	f = range(0, 1);
	f.end++;
	assert_false(delivery_sealed(&d, &f, true)); /* an id means one start and one end */
}

static void test_planned(void **state)
{
	struct intent_text sent;
	struct delivery d;

	(void)state;
	begin(&d, 2);
	assert_false(delivery_wants_commit(&d, 1000));
	assert_true(delivery_settled(&d));
	expect_publish(&d, -1, 0);
	sent = compose(&d);
	seal(&d, 0);
	assert_true(delivery_wants_commit(&d, 1000));
	assert_false(delivery_settled(&d));
	expect_publish(&d, -1, 0); /* named, but not acknowledged in this epoch */
	delivery_acked(&d, &sent, 1000);
	expect_publish(&d, 0, 1000);
	expect_publish(&d, -1, 0);
	published(&d, 0);
	ack(&d, 2000);
	assert_true(delivery_settled(&d)); /* the second is left to whoever comes next */
	expect_publish(&d, -1, 0);
	seal(&d, 1);
	assert_false(delivery_settled(&d));
	ack(&d, 3000);
	expect_publish(&d, 1, 3000);
}

static void test_start_is_committed_first(void **state)
{
	struct intent_text t = text(0);
	struct delivery d;

	(void)state;
	delivery_begin_start(&d, &t, 0);
	assert_true(delivery_wants_commit(&d, 1000));
	assert_false(delivery_settled(&d));
	ack(&d, 1000);
	assert_false(delivery_wants_commit(&d, 1000));
	assert_true(delivery_settled(&d));
}

static void test_without_objects(void **state)
{
	struct range_facts empty = range(1, 0);
	struct delivery d;

	(void)state;
	begin(&d, 0);
	seal(&d, 0);
	assert_true(delivery_sealed(&d, &empty, false));
	ack(&d, 1000);
	expect_publish(&d, 0, 1000);
	expect_publish(&d, -1, 0); /* nothing to publish of the second */
	published(&d, 0);
	assert_int_equal(compose(&d).start, 120);
	assert_int_equal(compose(&d).before.skipped_first, 110);
	assert_int_equal(compose(&d).before.skipped_next, 120);
}

/* A part of a range is durable: nothing is committed behind its start, and it is read again once all before it is. */
static void test_passed(void **state)
{
	struct delivery d;

	(void)state;
	begin(&d, 2);
	assert_false(delivery_passed(&d, range(1, 1).id)); /* not built */
	seal(&d, 0);
	seal(&d, 1);
	ack(&d, 5);
	expect_publish(&d, 0, 5);
	expect_publish(&d, 1, 5);
	assert_true(delivery_passed(&d, range(1, 1).id));
	assert_false(delivery_wants_pass(&d)); /* the range before it is not published */
	published(&d, 0);
	assert_false(delivery_wants_pass(&d)); /* nor is that committed */
	assert_false(delivery_settled(&d));
	ack(&d, 6);
	assert_true(delivery_wants_pass(&d));
	assert_true(delivery_settled(&d));
	assert_false(delivery_published(&d, range(1, 1).id));
	assert_int_equal(d.text.start, 110);
	assert_int_equal(compose(&d).n, 1); /* the intent stays */
	expect_publish(&d, -1, 0);
}

/* What a one-shot land counts is what its offset has passed, and it is at its end only once that is acknowledged. */
static void test_land(void **state)
{
	struct range_facts last = {
		.id = "0000000000000009", .start = 110, .end = 120, .objects = 3, .landed = 7, .dead = 2, .skipped = 1
	};
	struct intent_text t = text(0);
	struct delivery d;

	(void)state;
	t.land = (struct intent_land){ .given = true, .first = 100, .stop = 120, .landed = 1000 };
	delivery_begin(&d, &t, 0);
	seal(&d, 0);
	assert_true(delivery_sealed(&d, &last, true));
	ack(&d, 1000);
	expect_publish(&d, 0, 1000);
	expect_publish(&d, 1, 1000);
	published(&d, 0);
	assert_int_equal(compose(&d).land.landed, 1001);
	assert_int_equal(compose(&d).land.objects, 1);
	ack(&d, 2000);
	assert_false(delivery_at_end(&d));
	assert_true(delivery_published(&d, last.id));
	assert_false(delivery_at_end(&d));
	ack(&d, 3000);
	assert_true(delivery_at_end(&d));
	assert_int_equal(d.text.land.landed, 1008);
	assert_int_equal(d.text.land.objects, 4);
	assert_int_equal(d.text.land.dead, 2);
	assert_int_equal(d.text.land.skipped, 1);
	t.land.given = false;
	t.start = INT64_MAX;
	delivery_begin(&d, &t, 0);
	assert_false(delivery_at_end(&d)); /* a group without an end has none */
}

static void test_stale(void **state)
{
	struct range_facts f = range(0, 1);
	struct delivery d;

	(void)state;
	begin(&d, 0);
	seal(&d, 0);
	ack(&d, 1000);
	expect_publish(&d, 0, 1000);
	assert_false(delivery_wants_commit(&d, 1000));
	delivery_stale(&d, f.id);
	delivery_stale(&d, "ffffffffffffffff");
	assert_true(delivery_wants_commit(&d, 1000));
	expect_publish(&d, -1, 0);
	assert_false(delivery_published(&d, f.id));
	ack(&d, 5000);
	expect_publish(&d, 0, 5000);
	published(&d, 0);
}

/* Texts that the broker finds too long: fewer ranges, but never without one that was named. */
static void test_halve(void **state)
{
	struct delivery d;

	(void)state;
	begin(&d, 0);
	for (int i = 0; i < 6; i++)
		seal(&d, i);
	assert_true(delivery_halve(&d));
	assert_int_equal(compose(&d).n, 4);
	assert_true(delivery_halve(&d));
	assert_int_equal(compose(&d).n, 2);
	ack(&d, 1000);
	expect_publish(&d, 0, 1000);
	expect_publish(&d, 1, 1000);
	expect_publish(&d, -1, 0);
	assert_false(delivery_wants_commit(&d, 1000)); /* the same text again would tell nothing new */
	assert_false(delivery_settled(&d));
	assert_false(delivery_halve(&d)); /* both were named */
	published(&d, 0);
	assert_true(delivery_wants_commit(&d, 1000));
	assert_int_equal(compose(&d).n, 2);
	ack(&d, 2000);
	expect_publish(&d, 2, 2000);
	expect_publish(&d, -1, 0);
}

static void test_halve_to_one(void **state)
{
	struct delivery d;

	(void)state;
	begin(&d, 0);
	seal(&d, 0);
	assert_true(delivery_halve(&d));
	assert_true(delivery_halve(&d));
	assert_true(delivery_halve(&d));
	assert_int_equal(compose(&d).n, 1);
	assert_false(delivery_halve(&d));
	begin(&d, 3);
	assert_true(delivery_halve(&d));
	assert_false(delivery_halve(&d) && delivery_halve(&d));
	assert_int_equal(compose(&d).n, 3); /* an earlier epoch named them */
}

/* A partition that never has a record is committed again too, before brokers forget its offset. */
static void test_idle_from_the_beginning(void **state)
{
	struct delivery d;

	(void)state;
	begin(&d, 0);
	assert_false(delivery_wants_commit(&d, 12 * 3600 * 1000 - 1));
	assert_true(delivery_wants_commit(&d, 12 * 3600 * 1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_idle_from_the_beginning),
		cmocka_unit_test(test_one_range),
		cmocka_unit_test(test_ack_of_an_older_state),
		cmocka_unit_test(test_news),
		cmocka_unit_test(test_out_of_order),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_planned),
		cmocka_unit_test(test_start_is_committed_first),
		cmocka_unit_test(test_without_objects),
		cmocka_unit_test(test_passed),
		cmocka_unit_test(test_land),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_halve),
		cmocka_unit_test(test_halve_to_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
