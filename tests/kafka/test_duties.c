/* SPDX-License-Identifier: Apache-2.0 */
/* What a change of a partition's life asks for is done, each by whom it is asked of, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "kafka/session.h"

static int unassigned; /* partitions that the client was told to read no more */

rd_kafka_error_t *rd_kafka_incremental_unassign(rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *list)
{
	(void)rk;
	unassigned += list->cnt;
	return NULL;
}

const char *rd_kafka_rebalance_protocol(rd_kafka_t *rk)
{
	(void)rk;
	return "COOPERATIVE";
}

int rd_kafka_assignment_lost(rd_kafka_t *rk)
{
	(void)rk;
	return 0;
}

struct fixture {
	struct consumer c;
	struct lane_state lane;
	struct partition *p;
	struct assignment *a;
};

static void wake_nobody(void *arg)
{
	(void)arg;
}

/* A partition that is read, with a range that may be published, and an entry in the commit request. */
static int begin(void **state)
{
	struct fixture *f = mem_zalloc(sizeof(*f));
	struct range_facts facts = { .id = "1", .start = 5, .end = 9 };
	struct intent_text t = { .cluster = "c", .topic = "t", .start = 5 };
	struct intent_text sent;
	char text[INTENT_TEXT_MAX];

	f->c.partitions = partition_table_new();
	f->c.session_ms = 3000;
	f->lane.lane.commands = mailbox_new();
	mailbox_waker(f->lane.lane.commands, (struct waker){ wake_nobody, NULL });
	f->p = partition_get(f->c.partitions, "t", 0);
	f->p->lane = &f->lane;
	f->p->local = true;
	f->p->assignment = f->a = assignment_new("t", 0);
	delivery_begin(&f->p->life.delivery, &t, 0);
	lifecycle_open(&f->p->life);
	assert_true(delivery_sealed(&f->p->life.delivery, &facts, true));
	delivery_compose(&f->p->life.delivery, &sent, text);
	committer_add(&f->c.committer, f->p, f->p->life.epoch, "t", 0, &sent, text);
	assert_true(delivery_acked(&f->p->life.delivery, &sent, 100));
	unassigned = 0;
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;

	assignment_free(f->a);
	committer_free(&f->c.committer);
	mailbox_free(f->lane.lane.commands);
	partition_table_free(f->c.partitions);
	free(f);
	return 0;
}

/* The one command that was posted; false: none was. */
static bool posted(struct fixture *f, struct message *m)
{
	struct message more;

	if (!mailbox_take(f->lane.lane.commands, m))
		return false;
	assert_false(mailbox_take(f->lane.lane.commands, &more));
	assert_ptr_equal(m->assignment, f->a);
	return true;
}

static bool is_in_request(const struct fixture *f)
{
	return f->c.committer.n == 1 && f->c.committer.entries[0].partition == f->p;
}

static void test_nothing(void **state)
{
	struct fixture *f = *state;
	struct message m;

	session_do(&f->c, f->p, 0);
	assert_false(posted(f, &m));
	assert_true(is_in_request(f));
	assert_int_equal(unassigned, 0);
	assert_ptr_equal(f->p->assignment, f->a);
}

static void test_forget(void **state)
{
	struct fixture *f = *state;
	struct message m;

	session_do(&f->c, f->p, DUTY_FORGET);
	assert_false(is_in_request(f));
	assert_false(posted(f, &m));
}

static void test_drop(void **state)
{
	struct fixture *f = *state;
	struct message m;

	session_do(&f->c, f->p, DUTY_DROP);
	assert_true(posted(f, &m));
	assert_int_equal(m.kind, COMMAND_DROP);
	assert_true(atomic_load(&f->a->dropped));
	assert_null(f->p->assignment);
	assert_ptr_equal(f->lane.farewells, f->a);
	assert_true(is_in_request(f));
}

static void test_seal(void **state)
{
	struct fixture *f = *state;
	struct message m;

	session_do(&f->c, f->p, DUTY_SEAL);
	assert_true(posted(f, &m));
	assert_int_equal(m.kind, COMMAND_SEAL);
	assert_int_equal(m.reason, ROLL_REVOKED);
}

static void test_stop_reading(void **state)
{
	struct fixture *f = *state;
	struct message m;

	session_do(&f->c, f->p, DUTY_STOP_READING);
	assert_int_equal(unassigned, 1);
	assert_false(f->p->local);
	assert_false(posted(f, &m));
	session_do(&f->c, f->p, DUTY_STOP_READING); /* it is not read */
	assert_int_equal(unassigned, 1);
}

/* Until the session that acknowledged it may have ended. */
static void test_publish(void **state)
{
	struct fixture *f = *state;
	struct message m;

	session_do(&f->c, f->p, DUTY_PUBLISH);
	assert_true(posted(f, &m));
	assert_int_equal(m.kind, COMMAND_PUBLISH);
	assert_string_equal(m.range_id, "1");
	assert_int_equal(m.not_after_boot_ms, 100 + 3000);
}

static void test_what_is_not_to_be_read_waits_for_nothing(void **state)
{
	struct fixture *f = *state;

	f->p->wait = WAIT_S3;
	session_do(&f->c, f->p, lifecycle_parked(&f->p->life));
	assert_int_equal(f->p->wait, WAIT_S3);
	session_do(&f->c, f->p, lifecycle_lost(&f->p->life));
	assert_int_equal(f->p->wait, WAIT_NOTHING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing, begin, end),
		cmocka_unit_test_setup_teardown(test_forget, begin, end),
		cmocka_unit_test_setup_teardown(test_drop, begin, end),
		cmocka_unit_test_setup_teardown(test_seal, begin, end),
		cmocka_unit_test_setup_teardown(test_stop_reading, begin, end),
		cmocka_unit_test_setup_teardown(test_publish, begin, end),
		cmocka_unit_test_setup_teardown(test_what_is_not_to_be_read_waits_for_nothing, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
