/* SPDX-License-Identifier: Apache-2.0 */
/* Each event in each state: where the partition stands then, what that asks for, and whether its epoch has ended. What
 * must hold in any order of them is the model checker's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "kafka/lifecycle.h"

#define STATES (PARTITION_DONE + 1)
#define NOW_MS 1000
#define EPOCH 7
#define START 5

struct outcome {
	enum partition_state state;
	unsigned duties;
	bool ends; /* the epoch */
};

/* As if it had come there, and something is to be committed; a land is at its end with that. */
static struct lifecycle in(enum partition_state s, bool land)
{
	struct intent_text t = { .cluster = "c", .topic = "t", .start = START };
	struct lifecycle l = { .state = s, .epoch = EPOCH };

	if (land)
		t.land = (struct intent_land){ .given = true, .first = START, .stop = START };
	delivery_begin_start(&l.delivery, &t, NOW_MS);
	return l;
}

static unsigned acked(struct lifecycle *l)
{
	struct intent_text sent;
	char text[INTENT_TEXT_MAX];
	bool moved;

	delivery_compose(&l->delivery, &sent, text);
	return lifecycle_acked(l, &sent, NOW_MS, &moved);
}

static unsigned named(struct lifecycle *l)
{
	lifecycle_named(l, true);
	return 0;
}

static unsigned named_no_more(struct lifecycle *l)
{
	lifecycle_named(l, false);
	return 0;
}

static void assert_outcome(unsigned (*event)(struct lifecycle *l), struct lifecycle l, struct outcome o)
{
	enum partition_state from = l.state;
	unsigned duties = event(&l);

	if (l.state != o.state || duties != o.duties || (l.epoch > EPOCH) != o.ends || l.epoch < EPOCH)
		fail_msg("from state %d: state %d, duties %#x, epoch %d", (int)from, (int)l.state, duties,
			 (int)l.epoch);
}

static void assert_all(unsigned (*event)(struct lifecycle *l), bool taken_out, bool land,
		       const struct outcome outcomes[STATES])
{
	for (enum partition_state s = PARTITION_AWAY; s < STATES; s++) {
		struct lifecycle l = in(s, land);

		l.taken_out = taken_out;
		assert_outcome(event, l, outcomes[s]);
	}
}

static void test_given(void **state)
{
	struct outcome outcomes[STATES] = {
		[PARTITION_AWAY] = { PARTITION_PARKED, 0, true },
		[PARTITION_PARKED] = { PARTITION_PARKED, 0, true },
		[PARTITION_STARTING] = { PARTITION_PARKED, 0, true },
		[PARTITION_ACTIVE] = { PARTITION_PARKED, DUTY_DROP, true },
		[PARTITION_ENDING] = { PARTITION_PARKED, DUTY_DROP, true },
		[PARTITION_REVOKING] = { PARTITION_PARKED, DUTY_DROP, true },
		[PARTITION_DONE] = { PARTITION_PARKED, 0, true },
	};

	(void)state;
	assert_all(lifecycle_given, false, false, outcomes);
	for (int s = 0; s < STATES; s++)
		outcomes[s].state = PARTITION_DONE;
	assert_all(lifecycle_given, true, false, outcomes);
}

static void test_lost(void **state)
{
	const struct outcome outcomes[STATES] = {
		[PARTITION_AWAY] = { PARTITION_AWAY, DUTY_FORGET, true },
		[PARTITION_PARKED] = { PARTITION_AWAY, DUTY_FORGET, true },
		[PARTITION_STARTING] = { PARTITION_AWAY, DUTY_FORGET, true },
		[PARTITION_ACTIVE] = { PARTITION_AWAY, DUTY_FORGET | DUTY_DROP, true },
		[PARTITION_ENDING] = { PARTITION_AWAY, DUTY_FORGET | DUTY_DROP, true },
		[PARTITION_REVOKING] = { PARTITION_AWAY, DUTY_FORGET | DUTY_DROP, true },
		[PARTITION_DONE] = { PARTITION_AWAY, DUTY_FORGET, true },
	};

	(void)state;
	assert_all(lifecycle_lost, false, false, outcomes);
}

static void test_revoked(void **state)
{
	const struct outcome outcomes[STATES] = {
		[PARTITION_AWAY] = { PARTITION_AWAY, DUTY_FORGET, true },
		[PARTITION_PARKED] = { PARTITION_AWAY, DUTY_FORGET, true },
		[PARTITION_STARTING] = { PARTITION_AWAY, DUTY_FORGET, true },
		[PARTITION_ACTIVE] = { PARTITION_REVOKING, DUTY_SEAL, false },
		[PARTITION_ENDING] = { PARTITION_REVOKING, 0, false },
		[PARTITION_REVOKING] = { PARTITION_REVOKING, 0, false },
		[PARTITION_DONE] = { PARTITION_AWAY, DUTY_FORGET, true },
	};

	(void)state;
	assert_all(lifecycle_revoked, false, false, outcomes);
}

static void test_parked(void **state)
{
	const struct outcome outcomes[STATES] = {
		[PARTITION_AWAY] = { PARTITION_AWAY, 0, false },
		[PARTITION_PARKED] = { PARTITION_PARKED, DUTY_STOP_READING, true },
		[PARTITION_STARTING] = { PARTITION_PARKED, DUTY_STOP_READING, true },
		[PARTITION_ACTIVE] = { PARTITION_PARKED, DUTY_DROP | DUTY_STOP_READING, true },
		[PARTITION_ENDING] = { PARTITION_PARKED, DUTY_DROP | DUTY_STOP_READING, true },
		[PARTITION_REVOKING] = { PARTITION_AWAY, DUTY_FORGET | DUTY_DROP, true },
		[PARTITION_DONE] = { PARTITION_DONE, 0, false },
	};

	(void)state;
	assert_all(lifecycle_parked, false, false, outcomes);
}

/* Only what is at work is ever acknowledged. A land that is at its end goes on to be given back, where it was asked
 * for. */
static void test_acked(void **state)
{
	(void)state;
	assert_outcome(acked, in(PARTITION_STARTING, false), (struct outcome){ PARTITION_PARKED, 0, true });
	assert_outcome(acked, in(PARTITION_ACTIVE, false), (struct outcome){ PARTITION_ACTIVE, DUTY_PUBLISH, false });
	assert_outcome(acked, in(PARTITION_ENDING, false), (struct outcome){ PARTITION_ENDING, DUTY_PUBLISH, false });
	assert_outcome(acked, in(PARTITION_REVOKING, false),
		       (struct outcome){ PARTITION_REVOKING, DUTY_PUBLISH, false });
	assert_outcome(acked, in(PARTITION_STARTING, true), (struct outcome){ PARTITION_PARKED, 0, true });
	assert_outcome(acked, in(PARTITION_ACTIVE, true), (struct outcome){ PARTITION_DONE, DUTY_DROP, true });
	assert_outcome(acked, in(PARTITION_ENDING, true), (struct outcome){ PARTITION_ENDING, DUTY_PUBLISH, false });
	assert_outcome(acked, in(PARTITION_REVOKING, true),
		       (struct outcome){ PARTITION_REVOKING, DUTY_PUBLISH, false });
}

static void test_named(void **state)
{
	struct outcome outcomes[STATES];

	(void)state;
	for (enum partition_state s = PARTITION_AWAY; s < STATES; s++)
		outcomes[s] = (struct outcome){ s, 0, false };
	assert_all(named_no_more, false, false, outcomes);
	outcomes[PARTITION_DONE].state = PARTITION_PARKED;
	assert_all(named, true, false, outcomes);
}

static void test_finish(void **state)
{
	struct outcome outcomes[STATES];
	struct lifecycle l = in(PARTITION_ACTIVE, false);
	struct intent_text t = { .start = START, .n = 1, .ranges[0] = { .id = "1", .start = START, .end = 9 } };

	(void)state;
	for (enum partition_state s = PARTITION_AWAY; s < STATES; s++)
		outcomes[s] = (struct outcome){ s, 0, false };
	assert_all(lifecycle_finish, false, false, outcomes);
	outcomes[PARTITION_ACTIVE] = (struct outcome){ PARTITION_ENDING, DUTY_SEAL | DUTY_STOP_READING, false };
	assert_all(lifecycle_finish, true, false, outcomes);
	/* What its text names is recovered before. */
	delivery_begin(&l.delivery, &t, NOW_MS);
	l.taken_out = true;
	assert_outcome(lifecycle_finish, l, (struct outcome){ PARTITION_ACTIVE, 0, false });
}

static void test_let_go(void **state)
{
	for (enum partition_state s = PARTITION_PARKED; s <= PARTITION_ENDING; s++) {
		struct lifecycle l = in(s, false);
		struct outcome o = { PARTITION_PARKED, DUTY_STOP_READING, true };

		if (lifecycle_is_open(&l))
			o.duties |= DUTY_DROP;
		assert_outcome(lifecycle_let_go, l, o);
		l.taken_out = true;
		o.state = PARTITION_DONE;
		assert_outcome(lifecycle_let_go, l, o);
	}
	(void)state;
}

static void test_what_each_state_is(void **state)
{
	const struct {
		bool open, at_work, leaving, leaving_taken_out;
	} expected[STATES] = {
		[PARTITION_PARKED] = { .leaving_taken_out = true },
		[PARTITION_STARTING] = { .at_work = true, .leaving_taken_out = true },
		[PARTITION_ACTIVE] = { .open = true, .at_work = true, .leaving_taken_out = true },
		[PARTITION_ENDING] = { true, true, true, true },
		[PARTITION_REVOKING] = { .open = true, .at_work = true },
	};

	(void)state;
	for (enum partition_state s = PARTITION_AWAY; s < STATES; s++) {
		struct lifecycle l = in(s, false);

		assert_int_equal(lifecycle_is_open(&l), expected[s].open);
		assert_int_equal(lifecycle_is_at_work(&l), expected[s].at_work);
		assert_int_equal(lifecycle_hears(&l, EPOCH), expected[s].at_work);
		assert_false(lifecycle_hears(&l, EPOCH - 1));
		assert_int_equal(lifecycle_wants_commit(&l, NOW_MS), expected[s].at_work);
		assert_int_equal(lifecycle_is_leaving(&l), expected[s].leaving);
		l.taken_out = true;
		assert_int_equal(lifecycle_is_leaving(&l), expected[s].leaving_taken_out);
	}
}

/* What was said of the epoch before is not of the next one. */
static void test_epochs(void **state)
{
	struct lifecycle l = in(PARTITION_PARKED, false);
	uint64_t start;

	(void)state;
	lifecycle_start(&l);
	start = l.epoch;
	assert_true(lifecycle_hears(&l, start));
	acked(&l);
	lifecycle_open(&l);
	assert_false(lifecycle_hears(&l, start));
	assert_true(lifecycle_hears(&l, l.epoch));
}

/* A seal that was answered before is none of this one's, and what is sealed has to be committed. */
static void test_finished(void **state)
{
	struct lifecycle l = in(PARTITION_ACTIVE, false);

	(void)state;
	l.quiet = true;
	lifecycle_revoked(&l);
	assert_false(l.quiet);
	acked(&l);
	assert_true(delivery_settled(&l.delivery));
	assert_false(lifecycle_is_finished(&l));
	l.quiet = true;
	assert_true(lifecycle_is_finished(&l));
	l.delivery.changed = true;
	assert_false(lifecycle_is_finished(&l));
	lifecycle_lost(&l);
	lifecycle_given(&l);
	lifecycle_open(&l);
	assert_false(l.quiet);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_given),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_revoked),
		cmocka_unit_test(test_parked),
		cmocka_unit_test(test_acked),
		cmocka_unit_test(test_named),
		cmocka_unit_test(test_finish),
		cmocka_unit_test(test_let_go),
		cmocka_unit_test(test_what_each_state_is),
		cmocka_unit_test(test_epochs),
		cmocka_unit_test(test_finished),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
