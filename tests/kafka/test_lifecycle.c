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

struct outcome {
	enum partition_state state;
	unsigned duties;
	bool same_epoch;
};

/* In a state as if it had come there: its delivery has begun, and there is something to commit. */
static struct lifecycle in(enum partition_state s)
{
	struct intent_text t = { .cluster = "c", .topic = "t", .start = 5 };
	struct lifecycle l = { .state = s, .epoch = 7 };

	delivery_begin_start(&l.delivery, &t, NOW_MS);
	return l;
}

static void assert_outcome(const struct lifecycle *l, unsigned duties, enum partition_state from, struct outcome o)
{
	if (l->state != o.state || duties != o.duties || (l->epoch == 7) != o.same_epoch)
		fail_msg("from state %d: state %d, duties %#x, epoch %d", (int)from, (int)l->state, duties,
			 (int)l->epoch);
	assert_true(l->epoch >= 7);
}

static void assert_all(unsigned (*event)(struct lifecycle *l), bool taken_out, const struct outcome outcomes[STATES])
{
	for (enum partition_state s = PARTITION_AWAY; s < STATES; s++) {
		struct lifecycle l = in(s);

		l.taken_out = taken_out;
		assert_outcome(&l, event(&l), s, outcomes[s]);
	}
}

static void test_lost(void **state)
{
	const struct outcome outcomes[STATES] = {
		[PARTITION_AWAY] = { PARTITION_AWAY, DUTY_FORGET, false },
		[PARTITION_PARKED] = { PARTITION_AWAY, DUTY_FORGET, false },
		[PARTITION_STARTING] = { PARTITION_AWAY, DUTY_FORGET, false },
		[PARTITION_ACTIVE] = { PARTITION_AWAY, DUTY_FORGET | DUTY_DROP, false },
		[PARTITION_ENDING] = { PARTITION_AWAY, DUTY_FORGET | DUTY_DROP, false },
		[PARTITION_REVOKING] = { PARTITION_AWAY, DUTY_FORGET | DUTY_DROP, false },
		[PARTITION_DONE] = { PARTITION_AWAY, DUTY_FORGET, false },
	};

	(void)state;
	assert_all(lifecycle_lost, false, outcomes);
}

static void test_revoked(void **state)
{
	const struct outcome outcomes[STATES] = {
		[PARTITION_AWAY] = { PARTITION_AWAY, DUTY_FORGET, false },
		[PARTITION_PARKED] = { PARTITION_AWAY, DUTY_FORGET, false },
		[PARTITION_STARTING] = { PARTITION_AWAY, DUTY_FORGET, false },
		[PARTITION_ACTIVE] = { PARTITION_REVOKING, DUTY_SEAL, true },
		[PARTITION_ENDING] = { PARTITION_REVOKING, 0, true },
		[PARTITION_REVOKING] = { PARTITION_REVOKING, 0, true },
		[PARTITION_DONE] = { PARTITION_AWAY, DUTY_FORGET, false },
	};

	(void)state;
	assert_all(lifecycle_revoked, false, outcomes);
}

static void test_parked(void **state)
{
	const struct outcome outcomes[STATES] = {
		[PARTITION_AWAY] = { PARTITION_AWAY, 0, true },
		[PARTITION_PARKED] = { PARTITION_PARKED, DUTY_STOP, false },
		[PARTITION_STARTING] = { PARTITION_PARKED, DUTY_STOP, false },
		[PARTITION_ACTIVE] = { PARTITION_PARKED, DUTY_DROP | DUTY_STOP, false },
		[PARTITION_ENDING] = { PARTITION_PARKED, DUTY_DROP | DUTY_STOP, false },
		[PARTITION_REVOKING] = { PARTITION_AWAY, DUTY_FORGET | DUTY_DROP, false },
		[PARTITION_DONE] = { PARTITION_DONE, 0, true },
	};

	(void)state;
	assert_all(lifecycle_parked, false, outcomes);
}

static void test_given(void **state)
{
	struct lifecycle l = in(PARTITION_AWAY);

	(void)state;
	assert_outcome(&l, lifecycle_given(&l), PARTITION_AWAY, (struct outcome){ PARTITION_PARKED, 0, false });
	l = in(PARTITION_AWAY);
	l.taken_out = true;
	assert_outcome(&l, lifecycle_given(&l), PARTITION_AWAY, (struct outcome){ PARTITION_DONE, 0, false });
}

static void test_taken_out(void **state)
{
	const struct outcome begun[STATES] = {
		[PARTITION_AWAY] = { PARTITION_AWAY, 0, true },
		[PARTITION_PARKED] = { PARTITION_PARKED, 0, true },
		[PARTITION_STARTING] = { PARTITION_STARTING, 0, true },
		[PARTITION_ACTIVE] = { PARTITION_ENDING, DUTY_SEAL | DUTY_STOP, true },
		[PARTITION_ENDING] = { PARTITION_ENDING, 0, true },
		[PARTITION_REVOKING] = { PARTITION_REVOKING, 0, true },
		[PARTITION_DONE] = { PARTITION_DONE, 0, true },
	};
	struct lifecycle l = in(PARTITION_ENDING);

	(void)state;
	assert_all(lifecycle_end, true, begun);
	l.taken_out = true;
	assert_true(lifecycle_leaves(&l));
	assert_outcome(&l, lifecycle_ended(&l), PARTITION_ENDING,
		       (struct outcome){ PARTITION_DONE, DUTY_DROP | DUTY_STOP, false });
	assert_false(lifecycle_leaves(&l));
	lifecycle_named(&l, true);
	assert_int_equal(l.state, PARTITION_PARKED);
	assert_false(lifecycle_leaves(&l));
}

/* What its text names is recovered before its topic is let go. */
static void test_taken_out_in_recovery(void **state)
{
	struct lifecycle l = in(PARTITION_ACTIVE);
	struct intent_text t = { .start = 5, .n = 1, .ranges[0] = { .id = "1", .start = 5, .end = 9 } };

	(void)state;
	delivery_begin(&l.delivery, &t, NOW_MS);
	lifecycle_named(&l, false);
	assert_int_equal(lifecycle_end(&l), 0);
	assert_int_equal(l.state, PARTITION_ACTIVE);
}

static void test_a_start_is_acknowledged(void **state)
{
	struct lifecycle l = in(PARTITION_PARKED);
	struct intent_text sent;
	char text[INTENT_TEXT_MAX];
	bool moved;

	(void)state;
	assert_false(lifecycle_wants_commit(&l, NOW_MS));
	lifecycle_start(&l);
	assert_true(lifecycle_wants_commit(&l, NOW_MS));
	assert_true(lifecycle_hears(&l, 8));
	delivery_compose(&l.delivery, &sent, text);
	assert_int_equal(lifecycle_acked(&l, &sent, NOW_MS, &moved), 0);
	assert_int_equal(l.state, PARTITION_PARKED);
	assert_false(lifecycle_hears(&l, 8));
	lifecycle_open(&l);
	assert_false(lifecycle_hears(&l, 8));
	assert_true(lifecycle_hears(&l, l.epoch));
}

/* A seal that was answered before is none of the next one. */
static void test_finished(void **state)
{
	struct lifecycle l = in(PARTITION_ACTIVE);
	struct intent_text sent;
	char text[INTENT_TEXT_MAX];
	bool moved;

	(void)state;
	l.quiet = true;
	lifecycle_revoked(&l);
	assert_false(lifecycle_is_finished(&l));
	l.quiet = true;
	assert_false(lifecycle_is_finished(&l)); /* not committed yet */
	delivery_compose(&l.delivery, &sent, text);
	assert_int_equal(lifecycle_acked(&l, &sent, NOW_MS, &moved), DUTY_PUBLISH);
	assert_true(lifecycle_is_finished(&l));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_revoked),
		cmocka_unit_test(test_parked),
		cmocka_unit_test(test_given),
		cmocka_unit_test(test_taken_out),
		cmocka_unit_test(test_taken_out_in_recovery),
		cmocka_unit_test(test_a_start_is_acknowledged),
		cmocka_unit_test(test_finished),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
