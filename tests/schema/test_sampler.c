/* SPDX-License-Identifier: Apache-2.0 */
/* Which lines are sampled, what happens to those that find no room, and that none is torn. */
#include "schema/sampler.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

#define RECORDS 100000
#define FIRST 64
#define EVERY 256

static void offer(struct sampling *g, const char *topic, int n)
{
	char line[32];
	int len = snprintf(line, sizeof(line), "{\"n\":%d}\n", n);

	sampling_line(g, topic, (const uint8_t *)line, (size_t)len - 1);
}

/* What the sample says of its place; -1: it is none of ours. */
static int number_of(const struct sample *s, const char *topic)
{
	int n = -1, end = 0;

	if (strcmp(s->topic, topic) != 0 || sscanf(s->line, "{\"n\":%d}%n", &n, &end) != 1 || (size_t)end != s->len ||
	    s->line[s->len] != '\0')
		return -1;
	return n;
}

static void test_which_lines(void **state)
{
	struct sampler *s = sampler_new();
	struct sampling g;
	struct sample sample;
	struct buf taken;
	size_t at = 0;
	int n = 0, last = -1;

	(void)state;
	sampling_begin(&g, s);
	for (int i = 0; i < RECORDS; i++)
		offer(&g, "topic", i);
	buf_init(&taken, 0);
	sampler_take(s, &taken);
	for (; sample_next(&taken, &at, &sample); n++) {
		int now = number_of(&sample, "topic");

		if (n < FIRST)
			assert_int_equal(now, n);
		else
			assert_in_range(now - last, EVERY / 2, EVERY / 2 + EVERY);
		last = now;
	}
	assert_in_range(n, FIRST + RECORDS / EVERY * 9 / 10, FIRST + RECORDS / EVERY * 11 / 10);
	assert_true(sampler_dropped(s) == 0);
	sampler_take(s, &taken);
	at = 0;
	assert_false(sample_next(&taken, &at, &sample));
	buf_free(&taken);
	sampler_free(s);
}

static void test_without_a_sampler(void **state)
{
	struct sampling g;

	(void)state;
	sampling_begin(&g, NULL);
	assert_int_equal(g.until, UINT32_MAX);
	g.until = 1;
	offer(&g, "topic", 1);
	assert_int_equal(g.until, UINT32_MAX);
}

/* Room for so many bytes, and for one line of more. */
static void test_it_is_bounded(void **state)
{
	struct sampler *s = sampler_new();
	uint8_t *line = mem_zalloc(SAMPLER_LINE_MAX + 1);
	struct sampling g;
	struct sample sample;
	struct buf taken;
	size_t at = 0, n = 0;

	(void)state;
	memset(line, 'x', SAMPLER_LINE_MAX);
	buf_init(&taken, 0);
	sampling_begin(&g, s);
	for (int i = 0; i < FIRST; i++)
		sampling_line(&g, "t", line, 10000);
	sampler_take(s, &taken);
	while (sample_next(&taken, &at, &sample))
		n++;
	assert_int_equal(n, SAMPLER_BYTES_MAX / 10016);
	assert_true(sampler_dropped(s) == FIRST - n);

	sampling_begin(&g, s);
	sampling_line(&g, "t", line, SAMPLER_LINE_MAX + 1);
	sampling_line(&g, "t", line, SAMPLER_LINE_MAX);
	sampling_line(&g, "t", line, 1);
	sampler_take(s, &taken);
	at = 0;
	assert_true(sample_next(&taken, &at, &sample));
	assert_int_equal(sample.len, SAMPLER_LINE_MAX);
	assert_false(sample_next(&taken, &at, &sample));
	assert_true(sampler_dropped(s) == FIRST - n + 2);
	buf_free(&taken);
	free(line);
	sampler_free(s);
}

struct uploader_side {
	struct sampler *sampler;
	atomic_bool done;
};

static void *uploads(void *arg)
{
	struct uploader_side *u = arg;

	/* Each line is the first of its assignment. */
	for (int i = 0; i < RECORDS; i++) {
		struct sampling g;

		sampling_begin(&g, u->sampler);
		offer(&g, "topic", i);
	}
	atomic_store(&u->done, true);
	return NULL;
}

static void test_two_threads(void **state)
{
	struct uploader_side u = { .sampler = sampler_new() };
	int n = 0, last = -1;
	bool last_turn = false;
	pthread_t thread;
	struct buf taken;

	(void)state;
	buf_init(&taken, 0);
	assert_int_equal(pthread_create(&thread, NULL, uploads, &u), 0);
	while (!last_turn) {
		struct sample sample;
		size_t at = 0;

		last_turn = atomic_load(&u.done);
		sampler_take(u.sampler, &taken);
		for (; sample_next(&taken, &at, &sample); n++) {
			int now = number_of(&sample, "topic");

			assert_true(now > last);
			last = now;
		}
	}
	pthread_join(thread, NULL);
	assert_true((uint64_t)n + sampler_dropped(u.sampler) == RECORDS);
	buf_free(&taken);
	sampler_free(u.sampler);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_which_lines),
		cmocka_unit_test(test_without_a_sampler),
		cmocka_unit_test(test_it_is_bounded),
		cmocka_unit_test(test_two_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
