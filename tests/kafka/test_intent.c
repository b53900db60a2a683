/* SPDX-License-Identifier: Apache-2.0 */

#include "kafka/intent.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "support/dice.h"

#define ROUNDS 5000

static void random_word(struct dice *d, char *out, size_t len)
{
	static const char letters[] = "abcXYZ019._-";

	for (size_t i = 0; i < len; i++)
		out[i] = letters[dice_below(d, sizeof(letters) - 1)];
	out[len] = '\0';
}

static void random_id(struct dice *d, char id[RANGE_ID_SIZE])
{
	snprintf(id, RANGE_ID_SIZE, "%016" PRIx64, dice_next(d));
}

/* Small and large numbers alike. */
static int64_t random_count(struct dice *d)
{
	return (int64_t)(dice_next(d) >> (1 + dice_below(d, 63)));
}

static void random_before(struct dice *d, struct intent_text *t)
{
	struct chain *c = &t->before;

	if (dice_chance(d, 30)) {
		random_word(d, c->begins, 1 + (size_t)dice_below(d, CHAIN_REASON_SIZE - 1));
	} else {
		random_id(d, c->previous_id);
		c->previous_start = random_count(d);
		c->previous_objects = (int32_t)(dice_next(d) >> 40);
		c->previous_records = random_count(d);
	}
	if (dice_chance(d, 50)) {
		c->skipped_first = random_count(d) / 2;
		c->skipped_next = c->skipped_first + 1 + dice_below(d, 1000);
		c->skipped_tombstones = random_count(d);
	}
}

static void random_text(struct dice *d, struct intent_text *t)
{
	memset(t, 0, sizeof(*t));
	random_word(d, t->cluster, 1 + (size_t)dice_below(d, 30));
	random_word(d, t->topic, 1 + (size_t)dice_below(d, 249));
	t->partition = (int32_t)(dice_next(d) >> 33);
	t->start = random_count(d) / 2;
	t->destination = dice_next(d);
	t->schema = (int32_t)dice_next(d);
	t->birth = (struct birth){ random_count(d), dice_below(d, 2000) - 2, (int32_t)dice_below(d, 1000) };
	random_before(d, t);
	if (dice_chance(d, 30)) {
		t->land = (struct intent_land){
			true, random_count(d) / 2, 0, random_count(d), random_count(d), random_count(d), random_count(d)
		};
		t->land.stop = t->land.first + dice_below(d, 1000);
	}
	t->n = (int)dice_below(d, ASSIGNMENT_MAX_SEALED + 1);
	for (int i = 0; i < t->n; i++) {
		struct range_facts *f = &t->ranges[i];

		random_id(d, f->id);
		f->start = i > 0 ? t->ranges[i - 1].end : t->start;
		f->end = f->start + 1 + dice_below(d, 1 << 30);
		f->fingerprint = dice_next(d);
		f->landed = random_count(d);
		f->dead = random_count(d);
		f->skipped = random_count(d);
		f->bytes = random_count(d);
		f->objects = (int32_t)dice_below(d, 1000);
	}
}

static void assert_same(const struct intent_text *a, const struct intent_text *b)
{
	assert_memory_equal(a, b, sizeof(*a));
}

static void test_round_trip(void **state)
{
	struct intent_text t, back;
	char text[INTENT_TEXT_MAX];
	struct dice d;
	int len;

	(void)state;
	dice_init(&d, dice_seed(1));
	for (int i = 0; i < ROUNDS; i++) {
		random_text(&d, &t);
		len = intent_write(&t, ASSIGNMENT_MAX_SEALED, text);
		assert_int_equal(len, strlen(text));
		assert_int_equal(intent_read(text, &back), INTENT_OURS);
		assert_same(&t, &back);
	}
}

/* The text of the header's own comment, so that the format cannot change unseen. */
static void test_golden(void **state)
{
	static const char golden[] = "kafka2s3/1 cluster=ID topic=T partition=3 start=100 to=0123456789abcdef schema=0 "
				     "born=1795360838000,-2,4 before=50,5c1f00aa01bb02cc,1,50 skipped=90,100,10 "
				     "range=200,5c1fd000000000d0,9f8e7d6c5b4a3928,1,99,1,0,1048576";
	struct intent_text t;
	char text[INTENT_TEXT_MAX];

	(void)state;
	assert_int_equal(intent_read(golden, &t), INTENT_OURS);
	assert_string_equal(t.cluster, "ID");
	assert_string_equal(t.topic, "T");
	assert_int_equal(t.partition, 3);
	assert_int_equal(t.start, 100);
	assert_true(t.destination == 0x0123456789abcdef);
	assert_int_equal(t.birth.time_ms, 1795360838000);
	assert_int_equal(t.birth.start_ms, -2);
	assert_int_equal(t.birth.partitions, 4);
	assert_string_equal(t.before.begins, "");
	assert_string_equal(t.before.previous_id, "5c1f00aa01bb02cc");
	assert_int_equal(t.before.previous_start, 50);
	assert_int_equal(t.before.previous_objects, 1);
	assert_int_equal(t.before.previous_records, 50);
	assert_int_equal(t.before.skipped_first, 90);
	assert_int_equal(t.before.skipped_next, 100);
	assert_int_equal(t.before.skipped_tombstones, 10);
	assert_int_equal(t.n, 1);
	assert_int_equal(t.ranges[0].start, 100);
	assert_int_equal(t.ranges[0].end, 200);
	assert_string_equal(t.ranges[0].id, "5c1fd000000000d0");
	assert_true(t.ranges[0].fingerprint == 0x9f8e7d6c5b4a3928);
	assert_int_equal(t.ranges[0].objects, 1);
	assert_int_equal(t.ranges[0].landed, 99);
	assert_int_equal(t.ranges[0].dead, 1);
	assert_int_equal(t.ranges[0].skipped, 0);
	assert_int_equal(t.ranges[0].bytes, 1048576);
	intent_write(&t, ASSIGNMENT_MAX_SEALED, text);
	assert_string_equal(text, golden);
}

static void test_golden_land(void **state)
{
	static const char golden[] = "kafka2s3/1 cluster=ID topic=T partition=3 start=100 to=0123456789abcdef schema=0 "
				     "born=1795360838000,50,4 before=50,5c1f00aa01bb02cc,1,50 land=0,900,2,95,5,7 "
				     "range=200,5c1fd000000000d0,9f8e7d6c5b4a3928,1,99,1,0,1048576";
	struct intent_text t;
	char text[INTENT_TEXT_MAX];

	(void)state;
	assert_int_equal(intent_read(golden, &t), INTENT_OURS);
	assert_true(t.land.given);
	assert_int_equal(t.land.first, 0);
	assert_int_equal(t.land.stop, 900);
	assert_int_equal(t.land.objects, 2);
	assert_int_equal(t.land.landed, 95);
	assert_int_equal(t.land.dead, 5);
	assert_int_equal(t.land.skipped, 7);
	assert_int_equal(t.n, 1);
	intent_write(&t, ASSIGNMENT_MAX_SEALED, text);
	assert_string_equal(text, golden);
}

/* The longest that can be: names at their limits, every number at its widest, eight ranges. */
/* A log that has less than a land began with, as that of a topic made again: its text is to be read back. */
static void test_a_land_that_ends_earlier(void **state)
{
	static const struct {
		int64_t first, stop, end, first_then;
	} cases[] = { { 500, 1000, 700, 500 }, { 500, 1000, 500, 500 }, { 500, 1000, 100, 100 }, { 500, 1000, 0, 0 } };
	struct dice d;

	(void)state;
	dice_init(&d, dice_seed(11));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct intent_text t, back;
		char text[INTENT_TEXT_MAX];

		random_text(&d, &t);
		t.land.given = true;
		t.land.first = cases[i].first;
		t.land.stop = cases[i].stop;
		intent_land_end_at(&t.land, cases[i].end);
		assert_int_equal(t.land.first, cases[i].first_then);
		assert_int_equal(t.land.stop, cases[i].end);
		intent_write(&t, t.n, text);
		assert_int_equal(intent_read(text, &back), INTENT_OURS);
		assert_same(&t, &back);
	}
}

static void test_largest_fits(void **state)
{
	struct intent_text t, back;
	char text[INTENT_TEXT_MAX];

	(void)state;
	memset(&t, 0, sizeof(t));
	memset(t.cluster, 'c', INTENT_NAME_MAX - 1);
	memset(t.topic, 't', 249);
	t.partition = INT32_MAX;
	t.start = INT64_MAX - 100;
	t.destination = UINT64_MAX;
	t.schema = INT32_MIN;
	t.birth = (struct birth){ INT64_MAX, INT64_MIN, INT32_MAX };
	t.before = (struct chain){ .previous_id = "ffffffffffffffff",
				   .previous_start = INT64_MAX,
				   .previous_records = INT64_MAX,
				   .previous_objects = INT32_MAX,
				   .skipped_first = INT64_MAX - 1,
				   .skipped_next = INT64_MAX,
				   .skipped_tombstones = INT64_MAX };
	t.land = (struct intent_land){ true, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX };
	t.n = ASSIGNMENT_MAX_SEALED;
	for (int i = 0; i < t.n; i++) {
		t.ranges[i] = (struct range_facts){ .id = "ffffffffffffffff",
						    .start = t.start + i,
						    .end = t.start + i + 1,
						    .fingerprint = UINT64_MAX,
						    .landed = INT64_MAX,
						    .dead = INT64_MAX,
						    .skipped = INT64_MAX,
						    .bytes = INT64_MAX,
						    .objects = INT32_MAX };
	}
	assert_in_range(intent_write(&t, t.n, text), 1000, 3000);
	assert_int_equal(intent_read(text, &back), INTENT_OURS);
	assert_string_equal(back.cluster, t.cluster);
	assert_string_equal(back.topic, t.topic);
	assert_int_equal(back.n, ASSIGNMENT_MAX_SEALED);
	assert_int_equal(back.ranges[7].end, INT64_MAX - 92);
}

static void test_names_fewer(void **state)
{
	struct intent_text t, back;
	char text[INTENT_TEXT_MAX];
	struct dice d;

	(void)state;
	dice_init(&d, 7);
	do
		random_text(&d, &t);
	while (t.n < 3);
	intent_write(&t, 2, text);
	assert_int_equal(intent_read(text, &back), INTENT_OURS);
	assert_int_equal(back.n, 2);
	assert_memory_equal(back.ranges, t.ranges, 2 * sizeof(t.ranges[0]));
}

static void assert_verdict(const char *text, enum intent_verdict verdict)
{
	struct intent_text t;

	if (intent_read(text, &t) != verdict)
		fail_msg("\"%s\" is not read as %d", text, (int)verdict);
}

#define HEAD "kafka2s3/1 cluster=ID topic=T partition=3 start=100 to=0123456789abcdef schema=0"
#define BORN HEAD " born=5,-2,4"
#define WHOLE BORN " before=begins:first"
#define RANGE "5c1fd000000000d0,9f8e7d6c5b4a3928,1,99,1,0,10"

static void test_foreign(void **state)
{
	(void)state;
	assert_verdict(NULL, INTENT_ABSENT);
	assert_verdict("", INTENT_ABSENT);
	assert_verdict(" ", INTENT_ABSENT);
	assert_verdict("NO_METADATA", INTENT_ABSENT);
	assert_verdict("{\"version\":1}", INTENT_ABSENT);
	assert_verdict("kafka2s3", INTENT_ABSENT);
	assert_verdict(" " WHOLE, INTENT_ABSENT);
	assert_verdict("Kafka2s3/1 cluster=ID", INTENT_ABSENT);
}

static void test_newer(void **state)
{
	(void)state;
	assert_verdict(WHOLE, INTENT_OURS);
	assert_verdict("kafka2s3/2 cluster=ID", INTENT_NEWER);
	assert_verdict("kafka2s3/10 cluster=ID", INTENT_NEWER);
	assert_verdict("kafka2s3/1.1 cluster=ID", INTENT_NEWER);
	assert_verdict("kafka2s3/", INTENT_NEWER);
	assert_verdict(WHOLE " colour=blue", INTENT_NEWER);
	assert_verdict(HEAD " colour=blue born=5,-2,4 before=begins:first", INTENT_NEWER);
	assert_verdict(WHOLE " ranges=200," RANGE, INTENT_NEWER);
	assert_verdict(WHOLE " rang=200," RANGE, INTENT_NEWER);
}

static void test_damaged(void **state)
{
	static const char *const damaged[] = {
		"kafka2s3/1",
		"kafka2s3/1 cluster=ID",
		"kafka2s3/1 topic=T cluster=ID",
		"kafka2s3/1 cluster= topic=T",
		"kafka2s3/1 cluster",
		HEAD,
		BORN,
		HEAD " before=begins:first",
		WHOLE " before=begins:first",
		WHOLE " range=200," RANGE " skipped=1,2,3",
		WHOLE " skipped=1,2,3 skipped=1,2,3",
		WHOLE " skipped=5,5,0",
		WHOLE " skipped=6,5,0",
		WHOLE " skipped=-1,5,0",
		WHOLE " skipped=1,2",
		WHOLE " land=0,9,1,1,1",
		WHOLE " land=0,9,1,1,1,1,1",
		WHOLE " land=10,9,1,1,1,1",
		WHOLE " land=0,9,1,1,1,-1",
		WHOLE " land=0,9,1,1,1,1 land=0,9,1,1,1,1",
		WHOLE " land=0,9,1,1,1,1 skipped=1,2,3",
		WHOLE " range=200," RANGE " land=0,9,1,1,1,1",
		BORN " before=begins:",
		BORN " before=begins:a\033[2J",
		"kafka2s3/1 cluster=I\xff topic=T partition=3 start=100 to=0123456789abcdef schema=0 born=5,-2,4 "
		"before=begins:first",
		BORN " before=begins:0123456789abcdef",
		BORN " before=50,5c1f00aa01bb02cc,1",
		BORN " before=50,5c1f00aa01bb02cc,1,50,9",
		BORN " before=-50,5c1f00aa01bb02cc,1,50",
		BORN " before=50,5c1f00aa01bb02c,1,50",
		BORN " before=50,5C1F00AA01BB02CC,1,50",
		BORN " before=50,5c1f00aa01bb02cc,-1,50",
		HEAD " born=5,-2 before=begins:first",
		HEAD " born=5,-2,4,4 before=begins:first",
		HEAD " born=5,-2,-4 before=begins:first",
		WHOLE " range=100," RANGE, /* empty */
		WHOLE " range=99," RANGE,  /* backwards */
		WHOLE " range=200," RANGE " range=200," RANGE,
		WHOLE " range=," RANGE,
		WHOLE " range=200," RANGE ",7",
		WHOLE " range=200,5c1fd000000000d0,9f8e7d6c5b4a3928,1,99,1,0",
		WHOLE " range=200,5c1fd000000000d0,9f8e7d6c5b4a3928,-1,99,1,0,10",
		WHOLE " range=200,5c1fd000000000d0,9f8e7d6c5b4a3928,1,-99,1,0,10",
		WHOLE " range=200,5c1fd000000000d0,9f8e7d6c5b4a3928,1,99,-1,0,10",
		WHOLE " range=200,5c1fd000000000d0,9f8e7d6c5b4a3928,1,99,1,-1,10",
		WHOLE " range=200,5c1fd000000000d0,9f8e7d6c5b4a3928,1,99,1,0,-10",
		WHOLE " range=200,5c1fd000000000d,9f8e7d6c5b4a3928,1,99,1,0,10",
		WHOLE " range=200,5c1fd000000000d0,9f8e7d6c5b4a392,1,99,1,0,10",
		WHOLE " range=9223372036854775808," RANGE,
		WHOLE " range=200,5c1fd000000000d0,9f8e7d6c5b4a3928,2147483648,99,1,0,10",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++)
		assert_verdict(damaged[i], INTENT_DAMAGED);
}

/* One number, in the place of "start": strict, since what is read back decides what is cut. */
static void test_numbers(void **state)
{
	static const struct {
		const char *number;
		enum intent_verdict verdict;
	} cases[] = {
		{ "0", INTENT_OURS },
		{ "9223372036854775807", INTENT_OURS },
		{ "9223372036854775808", INTENT_DAMAGED },
		{ "99999999999999999999", INTENT_DAMAGED },
		{ "-1", INTENT_DAMAGED },
		{ "-9223372036854775809", INTENT_DAMAGED },
		{ "+1", INTENT_DAMAGED },
		{ "\t1", INTENT_DAMAGED },
		{ "\n1", INTENT_DAMAGED },
		{ "01", INTENT_DAMAGED },
		{ "-0", INTENT_DAMAGED },
		{ "-", INTENT_DAMAGED },
		{ "", INTENT_DAMAGED },
		{ "0x10", INTENT_DAMAGED },
		{ "1e3", INTENT_DAMAGED },
		{ "1.", INTENT_DAMAGED },
		{ "1,2", INTENT_DAMAGED },
	};
	char text[INTENT_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text),
			 "kafka2s3/1 cluster=ID topic=T partition=3 start=%s to=0123456789abcdef schema=0 born=5,-2,4 "
			 "before=begins:first",
			 cases[i].number);
		assert_verdict(text, cases[i].verdict);
	}
	snprintf(text, sizeof(text), "%s", WHOLE);
	memcpy(strstr(text, "partition=3"), "partition=-", 11);
	assert_verdict(text, INTENT_DAMAGED);
}

static void test_ninth_range(void **state)
{
	char text[INTENT_TEXT_MAX];
	int len = snprintf(text, sizeof(text), "%s", WHOLE);

	(void)state;
	for (int i = 1; i <= ASSIGNMENT_MAX_SEALED; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len, " range=%d,%s", 100 + i, RANGE);
	assert_verdict(text, INTENT_OURS);
	snprintf(text + len, sizeof(text) - (size_t)len, " range=500,%s", RANGE);
	assert_verdict(text, INTENT_DAMAGED);
}

static void test_endless_word(void **state)
{
	char text[INTENT_TEXT_MAX];

	(void)state;
	snprintf(text, sizeof(text), "kafka2s3/1 cluster=%0*d", 3000, 0);
	assert_verdict(text, INTENT_DAMAGED);
	snprintf(text, sizeof(text), "kafka2s3/1 cluster=%0*d topic=T", 256, 0);
	assert_verdict(text, INTENT_DAMAGED);
}

static void damage(struct dice *d, char *text)
{
	static const char odd[] = " =,:-+09afz\t\x01\xff/";
	size_t len = strlen(text) + 1;
	size_t at = (size_t)dice_below(d, (int64_t)len), from = (size_t)dice_below(d, (int64_t)len);
	size_t n = (size_t)dice_below(d, 40);

	switch (dice_below(d, 4)) {
	case 0: /* another byte */
		text[at] = odd[dice_below(d, sizeof(odd) - 1)];
		text[len - 1] = '\0';
		break;
	case 1: /* a stretch missing */
		n = n < len - at ? n : len - at;
		memmove(text + at, text + at + n, len - at - n);
		text[len - 1] = '\0';
		break;
	case 2: /* a stretch over another one */
		n = n < len - at ? n : len - at;
		n = n < len - from ? n : len - from;
		memmove(text + at, text + from, n);
		text[len - 1] = '\0';
		break;
	default: /* the end missing */
		text[at] = '\0';
		break;
	}
}

/* Whatever happens to a text: what is read from it says neither more nor less than what stands there. */
static void test_never_misread(void **state)
{
	struct intent_text t;
	char text[INTENT_TEXT_MAX], again[INTENT_TEXT_MAX];
	uint64_t seed = dice_seed(2);
	struct dice d;
	int whole = 0;

	(void)state;
	dice_init(&d, seed);
	for (int i = 0; i < ROUNDS * 20; i++) {
		random_text(&d, &t);
		intent_write(&t, ASSIGNMENT_MAX_SEALED, text);
		for (int64_t n = dice_below(&d, 3); n >= 0; n--)
			damage(&d, text);
		if (intent_read(text, &t) != INTENT_OURS)
			continue;
		whole++;
		intent_write(&t, ASSIGNMENT_MAX_SEALED, again);
		if (strcmp(text, again) != 0)
			fail_msg("seed %" PRIu64 ": \"%s\" was read as \"%s\"", seed, text, again);
	}
	assert_in_range(whole, 100, ROUNDS * 19);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_largest_fits),
		cmocka_unit_test(test_names_fewer),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_newer),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_ninth_range),
		cmocka_unit_test(test_endless_word),
		cmocka_unit_test(test_never_misread),
		cmocka_unit_test(test_golden_land),
		cmocka_unit_test(test_a_land_that_ends_earlier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
