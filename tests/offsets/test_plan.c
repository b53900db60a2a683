/* SPDX-License-Identifier: Apache-2.0 */
#include "offsets/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "encode/fingerprint.h"
#include "support/fake_record.h"

#define CLUSTER "MkU3OEVBNTcwNTJENDM2Qk"

struct fixture {
	struct settings settings;
	struct group_partition of;
	struct standing standing;
	struct plan_world world;
	struct plan plan;
	char text[INTENT_TEXT_MAX];
};

static struct fixture f;

static struct intent_text ours(void)
{
	struct intent_text t = { .cluster = CLUSTER, .topic = "t", .partition = 3, .start = 100 };

	t.destination = destination_of("b", &f.settings.topic);
	t.birth = (struct birth){ 77, -1, 2 };
	chain_begin(&t.before, "first");
	return t;
}

static void add_range(struct intent_text *t, const char *id, int64_t end)
{
	struct range_facts *r = &t->ranges[t->n];

	*r = (struct range_facts){ .start = t->n > 0 ? r[-1].end : t->start, .end = end, .landed = 5, .objects = 1 };
	snprintf(r->id, sizeof(r->id), "%s", id);
	t->n++;
}

static void stand(int64_t offset, const struct intent_text *t)
{
	if (t != NULL)
		intent_write(t, t->n, f.text);
	f.of.offset = offset;
	f.of.text = f.text;
	standing_read(&f.standing, &f.of, CLUSTER, &f.settings);
}

static int setup(void **state)
{
	(void)state;
	f = (struct fixture){ .settings = { .s3_bucket = (char *)"b", .kafka_start_ms = -2, .topic = fake_settings() },
			      .of = { .topic = (char *)"t", .partition = 3, .of = 4, .low = 50, .high = 900 } };
	f.world = (struct plan_world){ .settings = &f.settings, .cluster = CLUSTER, .standings = &f.standing, .n = 1 };
	f.world.now_ms = 12345;
	return 0;
}

static void a_standing_is_told_from_its_text(void **state)
{
	struct intent_text t = ours();

	(void)state;
	stand(-1, NULL);
	assert_int_equal(f.standing.kind, STANDING_NONE);
	stand(100, NULL);
	assert_int_equal(f.standing.kind, STANDING_BARE);
	stand(100, &t);
	assert_int_equal(f.standing.kind, STANDING_OURS);
	assert_false(f.standing.moved);
	stand(101, &t);
	assert_int_equal(f.standing.kind, STANDING_ELSEWHERE);
	f.settings.s3_bucket = (char *)"c";
	stand(100, &t);
	assert_true(f.standing.moved);
	snprintf(f.text, sizeof(f.text), "kafka2s3/2 more");
	stand(100, NULL);
	assert_int_equal(f.standing.kind, STANDING_NEWER);
	snprintf(f.text, sizeof(f.text), "kafka2s3/1 cluster=");
	stand(100, NULL);
	assert_int_equal(f.standing.kind, STANDING_DAMAGED);
}

/* What a daemon reads back without a word: its own cluster, topic, partition, offset and destination. */
static void assert_goes_on(int64_t offset)
{
	char text[INTENT_TEXT_MAX];
	struct intent_text t;

	assert_int_equal(f.plan.kind, PLAN_SET);
	intent_write(&f.plan.text, f.plan.text.n, text);
	assert_int_equal(intent_read(text, &t), INTENT_OURS);
	assert_true(intent_is_about(&t, CLUSTER, "t", 3, offset));
	assert_true(t.destination == destination_of(f.settings.s3_bucket, &f.settings.topic));
}

static void an_offset_is_set_with_a_text_of_ours(void **state)
{
	struct intent_text t = ours();

	(void)state;
	stand(-1, NULL);
	plan_offset(&f.plan, &f.world, &f.standing, 200, "first");
	assert_goes_on(200);
	assert_string_equal(f.plan.text.before.begins, "first");
	assert_int_equal(f.plan.text.birth.time_ms, 12345);
	assert_int_equal(f.plan.text.birth.start_ms, -2);
	assert_int_equal(f.plan.text.birth.partitions, 4);
	stand(100, &t);
	plan_offset(&f.plan, &f.world, &f.standing, 200, "moved");
	assert_goes_on(200);
	assert_string_equal(f.plan.text.before.begins, "moved");
	assert_int_equal(f.plan.text.birth.time_ms, 77);
	assert_string_equal(f.plan.note, "records 100 to 199 are not landed");
	plan_offset(&f.plan, &f.world, &f.standing, 60, "moved");
	assert_string_equal(f.plan.note, "records 60 to 99 are landed a second time");
}

static void an_offset_outside_the_log_is_refused(void **state)
{
	(void)state;
	stand(-1, NULL);
	plan_offset(&f.plan, &f.world, &f.standing, 49, "moved");
	assert_int_equal(f.plan.kind, PLAN_REFUSED);
	plan_offset(&f.plan, &f.world, &f.standing, 901, "moved");
	assert_int_equal(f.plan.kind, PLAN_REFUSED);
	plan_offset(&f.plan, &f.world, &f.standing, 900, "moved");
	assert_goes_on(900);
}

static void where_it_is_already_it_stays_with_its_intents(void **state)
{
	struct intent_text t = ours();

	(void)state;
	add_range(&t, "00000000000000aa", 150);
	stand(100, &t);
	plan_offset(&f.plan, &f.world, &f.standing, 100, "moved");
	assert_int_equal(f.plan.kind, PLAN_SAME);
	f.settings.s3_bucket = (char *)"c";
	stand(100, &t);
	plan_offset(&f.plan, &f.world, &f.standing, 100, "moved");
	assert_int_equal(f.plan.kind, PLAN_REFUSED);
}

static void intents_are_dropped_only_when_asked(void **state)
{
	struct intent_text t = ours();

	(void)state;
	add_range(&t, "00000000000000aa", 150);
	stand(100, &t);
	plan_offset(&f.plan, &f.world, &f.standing, 200, "moved");
	assert_int_equal(f.plan.kind, PLAN_REFUSED);
	assert_non_null(strstr(f.plan.why, "range 00000000000000aa, offsets [100, 150)"));
	f.world.drop_intents = true;
	plan_offset(&f.plan, &f.world, &f.standing, 200, "moved");
	assert_goes_on(200);
	t.land = (struct intent_land){ .given = true, .first = 100, .stop = 300 };
	stand(100, &t);
	plan_offset(&f.plan, &f.world, &f.standing, 200, "moved");
	assert_int_equal(f.plan.kind, PLAN_REFUSED);
	assert_non_null(strstr(f.plan.why, "that of a land"));
	f.world.drop_intents = false;
	snprintf(f.text, sizeof(f.text), "kafka2s3/2 more");
	stand(100, NULL);
	plan_offset(&f.plan, &f.world, &f.standing, 200, "moved");
	assert_int_equal(f.plan.kind, PLAN_REFUSED);
	assert_non_null(strstr(f.plan.why, "cannot be read"));
}

static struct walked_range walked(const char *id, int64_t start, int64_t end, bool whole)
{
	struct walked_range r = { .facts = { .start = start, .end = end, .landed = 5, .objects = 1 }, .whole = whole };

	snprintf(r.facts.id, sizeof(r.facts.id), "%s", id);
	return r;
}

static void ranges_become_the_chain_and_intents(void **state)
{
	struct walked_range a = walked("00000000000000aa", 100, 150, true),
			    b = walked("00000000000000bb", 150, 170, false);
	struct walked_range c = walked("00000000000000cc", 170, 200, true);
	const struct walked_range *all[] = { &a, &b, &c };
	struct chain before = { 0 };

	(void)state;
	chain_begin(&before, "first");
	stand(-1, NULL);
	plan_ranges(&f.plan, &f.world, &f.standing, &before, all, 3);
	assert_goes_on(150);
	assert_string_equal(f.plan.text.before.previous_id, a.facts.id);
	assert_int_equal(f.plan.text.n, 2);
	assert_string_equal(f.plan.text.ranges[0].id, b.facts.id);
	b.whole = true;
	plan_ranges(&f.plan, &f.world, &f.standing, &before, all, 3);
	assert_goes_on(200);
	assert_string_equal(f.plan.text.before.previous_id, c.facts.id);
	assert_int_equal(f.plan.text.n, 0);
}

static void a_rebuilt_text_may_not_forget_intents_either(void **state)
{
	struct walked_range a = walked("00000000000000aa", 100, 150, true),
			    b = walked("00000000000000bb", 150, 170, false);
	const struct walked_range *all[] = { &a, &b };
	struct intent_text t = ours();
	struct chain before = { 0 };

	(void)state;
	chain_begin(&before, "first");
	add_range(&t, "00000000000000aa", 150);
	add_range(&t, "00000000000000bb", 170);
	stand(100, &t);
	plan_ranges(&f.plan, &f.world, &f.standing, &before, all, 2);
	assert_goes_on(150);
	add_range(&t, "00000000000000cc", 180);
	stand(100, &t);
	plan_ranges(&f.plan, &f.world, &f.standing, &before, all, 2);
	assert_int_equal(f.plan.kind, PLAN_REFUSED);
	assert_non_null(strstr(f.plan.why, "range 00000000000000cc"));
}

static void more_than_a_text_can_name_is_refused(void **state)
{
	struct walked_range ranges[ASSIGNMENT_MAX_SEALED + 1];
	const struct walked_range *all[ASSIGNMENT_MAX_SEALED + 1];
	struct chain before = { 0 };

	(void)state;
	chain_begin(&before, "first");
	stand(-1, NULL);
	for (int i = 0; i <= ASSIGNMENT_MAX_SEALED; i++) {
		ranges[i] = walked("00000000000000aa", 100 + i, 101 + i, false);
		all[i] = &ranges[i];
	}
	plan_ranges(&f.plan, &f.world, &f.standing, &before, all, ASSIGNMENT_MAX_SEALED);
	assert_goes_on(100);
	plan_ranges(&f.plan, &f.world, &f.standing, &before, all, ASSIGNMENT_MAX_SEALED + 1);
	assert_int_equal(f.plan.kind, PLAN_REFUSED);
}

static void a_rebuilt_text_that_says_the_same_changes_nothing(void **state)
{
	struct walked_range a = walked("00000000000000aa", 100, 150, false);
	const struct walked_range *all[] = { &a };
	struct chain before = { 0 };
	char text[INTENT_TEXT_MAX];

	(void)state;
	chain_begin(&before, "first");
	stand(-1, NULL);
	plan_ranges(&f.plan, &f.world, &f.standing, &before, all, 1);
	intent_write(&f.plan.text, f.plan.text.n, text);
	memcpy(f.text, text, sizeof(text));
	stand(100, NULL);
	plan_ranges(&f.plan, &f.world, &f.standing, &before, all, 1);
	assert_int_equal(f.plan.kind, PLAN_SAME);
}

static void places_are_parsed(void **state)
{
	static const char *const bad[] = { "",      "t",     "t:3",    "t=5",    ":3=5",   "t:=5",           "t:3=",
					   "t:a=5", "t:3=b", "t:-3=5", "t:3=-5", "t:3=5x", "t:99999999999=5" };
	char good[] = "a:b:17=9000000000", text[64];
	const char *topic;
	int32_t partition;
	int64_t offset;

	(void)state;
	assert_true(plan_parse(good, &topic, &partition, &offset));
	assert_string_equal(topic, "a:b");
	assert_int_equal(partition, 17);
	assert_true(offset == 9000000000);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "%s", bad[i]);
		if (plan_parse(text, &topic, &partition, &offset))
			fail_msg("%s", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_standing_is_told_from_its_text, setup),
		cmocka_unit_test_setup(an_offset_is_set_with_a_text_of_ours, setup),
		cmocka_unit_test_setup(an_offset_outside_the_log_is_refused, setup),
		cmocka_unit_test_setup(where_it_is_already_it_stays_with_its_intents, setup),
		cmocka_unit_test_setup(intents_are_dropped_only_when_asked, setup),
		cmocka_unit_test_setup(ranges_become_the_chain_and_intents, setup),
		cmocka_unit_test_setup(a_rebuilt_text_may_not_forget_intents_either, setup),
		cmocka_unit_test_setup(more_than_a_text_can_name_is_refused, setup),
		cmocka_unit_test_setup(a_rebuilt_text_that_says_the_same_changes_nothing, setup),
		cmocka_unit_test_setup(places_are_parsed, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
