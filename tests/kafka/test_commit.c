/* SPDX-License-Identifier: Apache-2.0 */
/* When a commit request goes out: at most one a second and none while the group is rebalancing, but at once where it
 * finishes a revocation or a stop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "kafka/session.h"

#define HELD_AT_MOST_MS 30000

static int sent; /* requests that the client was given */

rd_kafka_resp_err_t rd_kafka_commit_queue(rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *offsets,
					  rd_kafka_queue_t *queue,
					  void (*cb)(rd_kafka_t *rk, rd_kafka_resp_err_t err,
						     rd_kafka_topic_partition_list_t *offsets, void *opaque),
					  void *opaque)
{
	(void)rk;
	(void)queue;
	(void)cb;
	(void)opaque;
	assert_int_equal(offsets->cnt, 2);
	sent++;
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static int begin(void **state)
{
	struct intent_text t = { .cluster = "c", .topic = "t" };
	struct consumer *c = mem_zalloc(sizeof(*c));

	chain_begin(&t.before, "first");
	c->partitions = partition_table_new();
	for (int32_t i = 0; i < 2; i++) {
		struct partition *p = partition_get(c->partitions, "t", i);

		delivery_begin(&p->life.delivery, &t, 0);
		lifecycle_open(&p->life);
	}
	sent = 0;
	*state = c;
	return 0;
}

static int end(void **state)
{
	struct consumer *c = *state;

	committer_free(&c->committer);
	partition_table_free(c->partitions);
	free(c);
	return 0;
}

/* Each partition has something to say: does it go out now? It is acknowledged at once. */
static bool goes_out(struct consumer *c, int64_t now)
{
	int before = sent;

	for (struct partition *p = partition_first(c->partitions); p != NULL; p = p->next)
		p->life.delivery.changed = true;
	commit_if_due(c, now);
	assert_in_range(sent, before, before + 1);
	if (sent == before)
		return false;
	commit_if_due(c, now + 100000); /* not while it is out */
	assert_int_equal(sent, before + 1);
	c->answer_ready = true;
	c->answer = COMMIT_ACKED;
	commit_serve_answer(c, now);
	return true;
}

static void test_one_a_second(void **state)
{
	struct consumer *c = *state;

	assert_true(goes_out(c, 5000));
	assert_false(goes_out(c, 5000));
	assert_false(goes_out(c, 5999));
	assert_true(goes_out(c, 6000));
	c->revoking = true;
	assert_true(goes_out(c, 6001));
	assert_true(goes_out(c, 6002));
	c->revoking = false;
	c->stopping = true;
	assert_true(goes_out(c, 6003));
}

static void test_held_after_a_rebalance_event(void **state)
{
	struct consumer *c = *state;

	c->hold_until_boot_ms = 7000;
	assert_false(goes_out(c, 6999));
	assert_true(goes_out(c, 7000));
	c->hold_until_boot_ms = 100000;
	c->stopping = true;
	assert_true(goes_out(c, 8000));
}

/* For as long as the client says so, but statistics that do not come hold nothing for ever. */
static void test_held_while_the_group_is_unsteady(void **state)
{
	struct consumer *c = *state;

	c->unsteady_since_boot_ms = 5000;
	assert_false(goes_out(c, 5001));
	assert_false(goes_out(c, 5000 + HELD_AT_MOST_MS - 1));
	assert_true(goes_out(c, 5000 + HELD_AT_MOST_MS));
	c->unsteady_since_boot_ms = 50000;
	c->revoking = true;
	assert_true(goes_out(c, 50001));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_a_second, begin, end),
		cmocka_unit_test_setup_teardown(test_held_after_a_rebalance_event, begin, end),
		cmocka_unit_test_setup_teardown(test_held_while_the_group_is_unsteady, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
