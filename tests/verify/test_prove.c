/* SPDX-License-Identifier: Apache-2.0 */
/* The prover against made-up chains: whole ones in any order of their objects, and ones with a range or an object taken
 * away, doubled, or counted otherwise. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/dice.h"
#include "verify/prove.h"

#define RANGES 40

/* A range as a daemon would have written it. */
struct made {
	int64_t start;
	uint64_t id;
	int32_t objects;
	int64_t records;
	struct facts facts;
};

struct bucket {
	struct made ranges[RANGES];
	struct ledger ledger;
	struct ledger_partition *p;
	struct findings findings;
	struct proof proof;
};

static struct bucket *b;

/* RANGES ranges of one to three objects; range i begins at 100 * i. */
static void make_chain(void)
{
	for (int i = 0; i < RANGES; i++) {
		struct made *r = &b->ranges[i];

		*r = (struct made){ .start = 100 * i,
				    .id = 0xabcd000000000000U + (unsigned)(i * 7919 % 1000),
				    .objects = 1 + i % 3,
				    .records = 90 + i };
		r->facts = (struct facts){ .id = r->id, .group = "g", .cluster = "c" };
		if (i == 0) {
			r->facts.begins = BEGINS_FIRST;
			continue;
		}
		r->facts.previous_start = r[-1].start;
		r->facts.previous_id = r[-1].id;
		r->facts.previous_objects = r[-1].objects;
		r->facts.previous_records = r[-1].records;
	}
}

static int setup(void **state)
{
	(void)state;
	b = calloc(1, sizeof(*b));
	make_chain();
	ledger_init(&b->ledger);
	findings_init(&b->findings);
	b->p = ledger_partition(&b->ledger, "t", 3);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	findings_free(&b->findings);
	ledger_free(&b->ledger);
	free(b);
	return 0;
}

static void land(const struct made *r, int32_t objects, int64_t lines)
{
	for (int32_t i = 0; i < objects; i++)
		ledger_add(b->p, r->start, r->id, &r->facts, lines, 10);
}

static void land_all_but(int without)
{
	for (int i = 0; i < RANGES; i++)
		if (i != without)
			land(&b->ranges[i], b->ranges[i].objects, -1);
}

static void prove_it(void)
{
	prove(b->p, false, &b->findings, &b->proof);
}

static void assert_found(enum finding_kind kind, int64_t first, int64_t next)
{
	assert_int_equal(findings_total(&b->findings), 1);
	assert_int_equal(b->findings.items[0].kind, kind);
	assert_int_equal(b->findings.items[0].first, first);
	assert_int_equal(b->findings.items[0].next, next);
	assert_string_equal(b->findings.items[0].topic, "t");
	assert_int_equal(b->p->faults, 1);
}

static void a_whole_chain_is_whole_in_any_order(void **state)
{
	struct dice dice;
	size_t n;

	(void)state;
	dice_init(&dice, dice_seed(5));
	for (int round = 0; round < 50; round++) {
		b->p->n = 0;
		b->p->objects = 0;
		land_all_but(-1);
		n = b->p->n;
		for (size_t i = n - 1; i > 0; i--) {
			size_t with = (size_t)dice_below(&dice, (int64_t)i + 1);
			struct ledger_entry e = b->p->entries[i];

			b->p->entries[i] = b->p->entries[with];
			b->p->entries[with] = e;
		}
		prove_it();
		assert_int_equal(findings_total(&b->findings), 0);
		assert_int_equal(b->proof.ranges, RANGES);
		assert_int_equal(b->proof.objects, n);
		assert_int_equal(b->proof.uncounted, 1);
		assert_int_equal(b->proof.records, (90 + 90 + RANGES - 2) * (RANGES - 1) / 2);
		assert_int_equal(b->proof.first, 0);
		assert_int_equal(b->proof.newest_start, 100 * (RANGES - 1));
	}
}

static void each_range_that_is_taken_away_is_named(void **state)
{
	(void)state;
	for (int i = 0; i < RANGES - 1; i++) {
		b->p->n = 0;
		land_all_but(i);
		prove_it();
		assert_found(FINDING_MISSING, 100 * i, 100 * (i + 1));
		teardown(NULL);
		setup(NULL);
	}
}

static void the_newest_range_cannot_be_missed(void **state)
{
	(void)state;
	land_all_but(RANGES - 1);
	prove_it();
	assert_int_equal(findings_total(&b->findings), 0);
	assert_int_equal(b->proof.newest_start, 100 * (RANGES - 2));
}

static void each_object_that_is_taken_away_is_named(void **state)
{
	(void)state;
	for (int i = 0; i < RANGES - 1; i++) {
		if (b->ranges[i].objects < 2)
			continue;
		land_all_but(i);
		land(&b->ranges[i], b->ranges[i].objects - 1, -1);
		prove_it();
		assert_found(FINDING_MISSING, 100 * i, 100 * (i + 1));
		teardown(NULL);
		setup(NULL);
	}
}

static void two_neighbours_that_are_taken_away_are_one_gap(void **state)
{
	(void)state;
	for (int i = 0; i < RANGES; i++)
		if (i != 7 && i != 8)
			land(&b->ranges[i], b->ranges[i].objects, -1);
	prove_it();
	assert_found(FINDING_MISSING, 800, 900);
	assert_non_null(strstr(b->findings.items[0].text, "from offset 600, is not known"));
}

static void an_object_too_many_is_double(void **state)
{
	(void)state;
	land_all_but(-1);
	land(&b->ranges[4], 1, -1);
	prove_it();
	assert_found(FINDING_DOUBLE, 400, 500);
}

/* As when two daemons had cut the same offsets: all that the objects say is right, each by itself. */
static void the_same_offsets_under_another_id_are_double(void **state)
{
	(void)state;
	for (int id = -1; id <= 1; id += 2) {
		struct made twin = b->ranges[4];

		land_all_but(-1);
		twin.id += (uint64_t)(int64_t)id;
		land(&twin, twin.objects, -1);
		prove_it();
		assert_int_equal(findings_total(&b->findings), 1);
		assert_int_equal(b->findings.items[0].kind, FINDING_DOUBLE);
		assert_int_equal(b->findings.items[0].first, 400);
		assert_int_equal(b->findings.items[0].next, 500);
		teardown(NULL);
		setup(NULL);
	}
}

static void the_newest_range_twice_is_double(void **state)
{
	struct made twin = b->ranges[RANGES - 1];

	(void)state;
	land_all_but(-1);
	twin.id++;
	land(&twin, 1, -1);
	prove_it();
	assert_found(FINDING_DOUBLE, 100 * (RANGES - 1), -1);
}

static void a_range_inside_another_is_double(void **state)
{
	struct made inside = b->ranges[4];

	(void)state;
	land_all_but(-1);
	inside.id++;
	inside.start += 50;
	inside.facts.begins = BEGINS_MOVED;
	land(&inside, 1, -1);
	prove_it();
	assert_found(FINDING_DOUBLE, 450, 500);
	assert_int_equal(b->proof.n_seams, 1);
}

/* The group's offsets were lost, and all was read again: the two chains stand in each other's offsets. */
static void everything_twice_is_double_everywhere(void **state)
{
	(void)state;
	land_all_but(-1);
	for (int i = 0; i < RANGES; i++) {
		struct made again = b->ranges[i];

		again.id ^= 1U << 20;
		again.facts.previous_id ^= 1U << 20;
		land(&again, again.objects, -1);
	}
	prove_it();
	assert_int_equal(b->findings.counts[FINDING_DOUBLE], RANGES);
	assert_int_equal(findings_total(&b->findings), RANGES);
}

static void lines_are_compared_where_they_were_counted(void **state)
{
	for (int more = -1; more <= 1; more++) {
		land_all_but(6);
		land(&b->ranges[6], 1, b->ranges[6].records + more);
		assert_int_equal(b->ranges[6].objects, 1);
		prove_it();
		if (more == 0)
			assert_int_equal(findings_total(&b->findings), 0);
		else
			assert_found(more < 0 ? FINDING_MISSING : FINDING_DOUBLE, 600, 700);
		teardown(state);
		setup(state);
	}
}

static void a_new_beginning_is_said_and_is_no_fault(void **state)
{
	(void)state;
	b->ranges[9].facts.begins = BEGINS_TRUNCATED;
	land_all_but(8);
	prove_it();
	assert_int_equal(findings_total(&b->findings), 0);
	assert_int_equal(b->proof.n_seams, 1);
	assert_int_equal(b->proof.seams[0].offset, 900);
	assert_int_equal(b->proof.seams[0].reason, BEGINS_TRUNCATED);
}

static void what_the_oldest_names_can_be_given(void **state)
{
	(void)state;
	for (int i = 10; i < RANGES; i++)
		land(&b->ranges[i], b->ranges[i].objects, -1);
	prove(b->p, true, &b->findings, &b->proof);
	assert_int_equal(findings_total(&b->findings), 0);
	b->p->n = 0;
	for (int i = 10; i < RANGES; i++)
		if (i != 20)
			land(&b->ranges[i], b->ranges[i].objects, -1);
	prove(b->p, true, &b->findings, &b->proof);
	assert_found(FINDING_MISSING, 2000, 2100);
}

/* With --since most are only known to be there; what is named by those that were looked at is compared all the same. */
static void objects_that_were_not_looked_at_count(void **state)
{
	(void)state;
	for (int i = 0; i < RANGES; i++)
		for (int k = 0; k < b->ranges[i].objects; k++)
			ledger_add(b->p, b->ranges[i].start, b->ranges[i].id, i < 20 ? NULL : &b->ranges[i].facts, -1,
				   0);
	prove(b->p, true, &b->findings, &b->proof);
	assert_int_equal(findings_total(&b->findings), 0);
	assert_int_equal(b->proof.ranges, RANGES);
	b->p->n = 0;
	for (int i = 0; i < RANGES; i++)
		for (int k = i == 19; k < b->ranges[i].objects; k++)
			ledger_add(b->p, b->ranges[i].start, b->ranges[i].id, i < 20 ? NULL : &b->ranges[i].facts, -1,
				   0);
	prove(b->p, true, &b->findings, &b->proof);
	assert_found(FINDING_MISSING, 1900, 2000);
}

static void objects_of_a_range_that_differ_are_told(void **state)
{
	struct made other = b->ranges[5];

	(void)state;
	land_all_but(5);
	assert_int_equal(other.objects, 3);
	land(&b->ranges[5], 2, -1);
	other.facts.previous_records++;
	land(&other, 1, -1);
	prove_it();
	assert_int_equal(b->findings.counts[FINDING_CHAIN], 1);
}

static void a_range_that_names_itself_or_a_later_one_is_told(void **state)
{
	(void)state;
	b->ranges[5].facts.previous_id = b->ranges[5].id;
	b->ranges[5].facts.previous_start = b->ranges[5].start;
	land_all_but(-1);
	prove_it();
	assert_int_equal(b->findings.counts[FINDING_CHAIN], 1);
}

static void another_cluster_along_a_chain_is_told(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		b->ranges[i].facts.cluster[0] = 'd';
	land_all_but(-1);
	prove_it();
	assert_found(FINDING_CHAIN, 2000, -1);
}

static void an_empty_partition_is_nothing(void **state)
{
	(void)state;
	prove_it();
	assert_int_equal(findings_total(&b->findings), 0);
	assert_int_equal(b->proof.first, -1);
}

static void partitions_are_kept_apart_and_in_order(void **state)
{
	(void)state;
	for (int i = 300; i > 0; i--)
		assert_int_equal(ledger_partition(&b->ledger, i % 2 ? "a" : "z", i)->partition, i);
	assert_ptr_equal(ledger_partition(&b->ledger, "t", 3), b->p);
	assert_int_equal(b->ledger.n, 301);
	for (size_t i = 1; i < b->ledger.n; i++) {
		const struct ledger_partition *x = b->ledger.partitions[i - 1], *y = b->ledger.partitions[i];
		int order = strcmp(x->topic, y->topic);

		assert_true(order < 0 || (order == 0 && x->partition < y->partition));
	}
}

#define both(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		both(a_whole_chain_is_whole_in_any_order),
		both(each_range_that_is_taken_away_is_named),
		both(the_newest_range_cannot_be_missed),
		both(each_object_that_is_taken_away_is_named),
		both(two_neighbours_that_are_taken_away_are_one_gap),
		both(an_object_too_many_is_double),
		both(the_same_offsets_under_another_id_are_double),
		both(the_newest_range_twice_is_double),
		both(a_range_inside_another_is_double),
		both(everything_twice_is_double_everywhere),
		both(lines_are_compared_where_they_were_counted),
		both(a_new_beginning_is_said_and_is_no_fault),
		both(what_the_oldest_names_can_be_given),
		both(objects_that_were_not_looked_at_count),
		both(objects_of_a_range_that_differ_are_told),
		both(a_range_that_names_itself_or_a_later_one_is_told),
		both(another_cluster_along_a_chain_is_told),
		both(an_empty_partition_is_nothing),
		both(partitions_are_kept_apart_and_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
