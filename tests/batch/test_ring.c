/* SPDX-License-Identifier: Apache-2.0 */

#include "batch/ring.h"

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define RECORDS 1000000
#define MAX_BYTES (1 << 20)

static void wake(void *arg)
{
	sem_post(arg);
}

static void put(struct ring *r, int64_t offset, uint32_t bytes)
{
	ring_put(r, &(struct record){ .offset = offset, .value_len = bytes });
}

static void take_one(struct ring *r, int64_t offset)
{
	assert_true(ring_ready(r) > 0);
	assert_int_equal(ring_at(r, 0)->offset, offset);
	ring_take(r, 1);
}

/* Nothing shows before it is published; many go with one publish. */
static void test_publish(void **state)
{
	struct ring *r = ring_new(8, MAX_BYTES);

	(void)state;
	assert_int_equal(ring_room(r, 0), 8);
	assert_int_equal(ring_ready(r), 0);
	put(r, 1, 0);
	put(r, 2, 0);
	assert_int_equal(ring_room(r, 0), 6);
	assert_int_equal(ring_ready(r), 0);
	ring_publish(r);
	assert_int_equal(ring_ready(r), 2);
	assert_int_equal(ring_at(r, 1)->offset, 2);
	ring_take(r, 0);
	assert_int_equal(ring_ready(r), 2);
	ring_take(r, 2);
	assert_int_equal(ring_ready(r), 0);
	assert_int_equal(ring_room(r, 0), 8);
	ring_free(r);
	ring_free(NULL);
}

static void test_wrap(void **state)
{
	struct ring *r = ring_new(4, MAX_BYTES);
	int64_t in = 0, out = 0;

	(void)state;
	for (int round = 0; round < 100; round++) {
		while (ring_room(r, 0) > 0)
			put(r, in++, 10);
		ring_publish(r);
		assert_int_equal(ring_ready(r), 4);
		for (int n = 1 + round % 4; n > 0; n--)
			take_one(r, out++);
	}
	assert_int_equal(in - out, (int64_t)ring_ready(r));
	ring_take(r, ring_ready(r));
	ring_free(r);
}

/* The bytes that records pin bound it too, and come back when they are taken. */
static void test_bytes(void **state)
{
	struct ring *r = ring_new(1024, 10000);
	size_t n = 0;

	(void)state;
	while (ring_room(r, 0) > 0 && n < 1024) {
		put(r, (int64_t)n, 1000);
		n++;
	}
	assert_in_range(n, 5, 10);
	ring_publish(r);
	take_one(r, 0);
	assert_true(ring_room(r, 0) > 0);
	put(r, (int64_t)n, 1 << 20); /* one record may be larger than all */
	assert_int_equal(ring_room(r, 0), 0);
	ring_publish(r);
	ring_take(r, n - 1);
	assert_int_equal(ring_room(r, 0), 0);
	ring_take(r, 1);
	assert_int_equal(ring_room(r, 1000), 10000 / (1000 + sizeof(struct record)) + 1);
	assert_int_equal(ring_room(r, 1 << 20), 1);
	ring_free(r);
}

/* A batch ends with the record that reaches its bytes. */
static void test_batch(void **state)
{
	struct ring *r = ring_new(8, MAX_BYTES);

	(void)state;
	assert_int_equal(ring_batch(r, 8, 1000), 0);
	for (int i = 0; i < 6; i++)
		put(r, i, i == 4 ? 5000 : 400);
	assert_int_equal(ring_batch(r, 8, 1000), 0);
	ring_publish(r);
	assert_int_equal(ring_batch(r, 8, MAX_BYTES), 6);
	assert_int_equal(ring_batch(r, 2, MAX_BYTES), 2);
	assert_int_equal(ring_batch(r, 8, 400 + (int64_t)sizeof(struct record)), 1);
	assert_int_equal(ring_batch(r, 8, 1000), 3);
	ring_take(r, 4);
	assert_int_equal(ring_batch(r, 8, 1000), 1); /* one record may be larger than all */
	ring_take(r, 2);
	ring_free(r);
}

static int wakes_of(sem_t *s)
{
	int n;

	sem_getvalue(s, &n);
	return n;
}

/* A side is woken only when it has asked, and once for each time. */
static void test_wakes_when_asked(void **state)
{
	struct ring *r = ring_new(2, MAX_BYTES);
	sem_t filled, drained;

	(void)state;
	sem_init(&filled, 0, 0);
	sem_init(&drained, 0, 0);
	ring_wake_consumer(r, (struct waker){ wake, &filled });
	ring_wake_producer(r, (struct waker){ wake, &drained });
	put(r, 0, 0);
	ring_publish(r);
	assert_int_equal(wakes_of(&filled), 0);
	assert_false(ring_prepare_sleep(r));
	ring_take(r, 1);
	assert_int_equal(wakes_of(&drained), 0);
	assert_true(ring_prepare_sleep(r));
	put(r, 1, 0);
	assert_int_equal(wakes_of(&filled), 0);
	ring_publish(r);
	assert_int_equal(wakes_of(&filled), 1);
	put(r, 2, 0);
	ring_publish(r);
	assert_int_equal(wakes_of(&filled), 1);
	assert_false(ring_wait_for_room(r));
	ring_take(r, 1);
	assert_int_equal(wakes_of(&drained), 1);
	ring_take(r, 1);
	assert_int_equal(wakes_of(&drained), 1);
	assert_true(ring_wait_for_room(r));
	ring_free(r);
	sem_destroy(&filled);
	sem_destroy(&drained);
}

struct flow {
	struct ring *ring;
	sem_t filled, drained;
};

static uint32_t length_of(int64_t offset)
{
	return (uint32_t)(offset * 7919 % 3000);
}

static void *produce(void *arg)
{
	struct flow *f = arg;
	int64_t offset = 0;

	while (offset < RECORDS) {
		size_t n = 0;

		while (offset < RECORDS && n < 64 && ring_room(f->ring, 0) > 0) {
			char *payload = offset % 1000 == 0 ? calloc(1, 1) : NULL;

			ring_put(f->ring, &(struct record){ .offset = offset,
							    .value_len = length_of(offset),
							    .message = payload });
			offset++;
			n++;
		}
		ring_publish(f->ring);
		if (n == 0 && !ring_wait_for_room(f->ring))
			sem_wait(&f->drained);
	}
	return NULL;
}

/* Both sides sleep for as long as it takes, so a wake that is lost hangs this test. */
static void run_flow(size_t slots, int64_t max_bytes)
{
	struct flow f = { .ring = ring_new(slots, max_bytes) };
	pthread_t producer;
	int64_t next = 0;

	sem_init(&f.filled, 0, 0);
	sem_init(&f.drained, 0, 0);
	ring_wake_consumer(f.ring, (struct waker){ wake, &f.filled });
	ring_wake_producer(f.ring, (struct waker){ wake, &f.drained });
	assert_int_equal(pthread_create(&producer, NULL, produce, &f), 0);
	while (next < RECORDS) {
		size_t n = ring_ready(f.ring);

		for (size_t i = 0; i < n; i++, next++) {
			struct record *r = ring_at(f.ring, i);

			if (r->offset != next || r->value_len != length_of(next))
				fail_msg("record %lld is in the place of %lld", (long long)r->offset, (long long)next);
			free(r->message);
		}
		ring_take(f.ring, n);
		if (n == 0 && ring_prepare_sleep(f.ring))
			sem_wait(&f.filled);
	}
	pthread_join(producer, NULL);
	assert_int_equal(ring_ready(f.ring), 0);
	assert_int_equal(ring_room(f.ring, 0), slots);
	ring_free(f.ring);
	sem_destroy(&f.filled);
	sem_destroy(&f.drained);
}

static void test_two_threads(void **state)
{
	(void)state;
	run_flow(1024, INT64_MAX);
}

static void test_two_threads_few_slots(void **state)
{
	(void)state;
	run_flow(16, INT64_MAX);
}

static void test_two_threads_few_bytes(void **state)
{
	(void)state;
	run_flow(1024, 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_publish),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_batch),
		cmocka_unit_test(test_wakes_when_asked),
		cmocka_unit_test(test_two_threads),
		cmocka_unit_test(test_two_threads_few_slots),
		cmocka_unit_test(test_two_threads_few_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
