/* SPDX-License-Identifier: Apache-2.0 */

#include "batch/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static const struct range_facts full = {
	.id = "00000000000000a1", .start = 100, .end = 200, .landed = 90, .dead = 5, .skipped = 5, .objects = 3
};
static const struct range_facts empty = { .id = "00000000000000b2", .start = 200, .end = 300, .skipped = 60 };
static const struct range_facts empty_too = { .id = "00000000000000c3", .start = 300, .end = 310, .skipped = 1 };
static const struct range_facts next = { .id = "00000000000000d4", .start = 310, .end = 320, .dead = 10, .objects = 1 };

static void assert_no_stretch(const struct chain *c)
{
	assert_int_equal(c->skipped_first, 0);
	assert_int_equal(c->skipped_next, 0);
	assert_int_equal(c->skipped_tombstones, 0);
}

static void assert_previous(const struct chain *c, const struct range_facts *f)
{
	assert_string_equal(c->begins, "");
	assert_string_equal(c->previous_id, f->id);
	assert_int_equal(c->previous_start, f->start);
	assert_int_equal(c->previous_records, f->landed + f->dead);
	assert_int_equal(c->previous_objects, f->objects);
}

static void test_begin(void **state)
{
	struct chain c;

	(void)state;
	memset(&c, 0xff, sizeof(c));
	chain_begin(&c, "destination");
	assert_string_equal(c.begins, "destination");
	assert_string_equal(c.previous_id, "");
	assert_int_equal(c.previous_start, 0);
	assert_int_equal(c.previous_objects, 0);
	assert_no_stretch(&c);
}

static void test_advance(void **state)
{
	struct chain c;

	(void)state;
	chain_begin(&c, "first");
	chain_advance(&c, &full);
	assert_previous(&c, &full);
	assert_no_stretch(&c);
	chain_advance(&c, &next);
	assert_previous(&c, &next);
}

/* Ranges without objects join into one stretch, which ends with the next range that has some. */
static void test_skipped_stretch(void **state)
{
	struct chain c;

	(void)state;
	chain_begin(&c, "first");
	chain_advance(&c, &full);
	chain_advance(&c, &empty);
	assert_previous(&c, &full);
	assert_int_equal(c.skipped_first, 200);
	assert_int_equal(c.skipped_next, 300);
	assert_int_equal(c.skipped_tombstones, 60);
	chain_advance(&c, &empty_too);
	assert_previous(&c, &full);
	assert_int_equal(c.skipped_first, 200);
	assert_int_equal(c.skipped_next, 310);
	assert_int_equal(c.skipped_tombstones, 61);
	chain_advance(&c, &next);
	assert_previous(&c, &next);
	assert_no_stretch(&c);
}

static void test_begins_with_skipped(void **state)
{
	struct chain c;

	(void)state;
	chain_begin(&c, "moved");
	chain_advance(&c, &empty);
	assert_string_equal(c.begins, "moved");
	assert_int_equal(c.skipped_first, 200);
	assert_int_equal(c.skipped_next, 300);
	chain_advance(&c, &full);
	assert_previous(&c, &full);
	assert_no_stretch(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_begin),
		cmocka_unit_test(test_advance),
		cmocka_unit_test(test_skipped_stretch),
		cmocka_unit_test(test_begins_with_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
