/* SPDX-License-Identifier: Apache-2.0 */

#include "batch/mailbox.h"

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define PRODUCERS 2
#define MESSAGES 50000

static void wake(void *arg)
{
	sem_post(arg);
}

static struct mailbox *open_mailbox(sem_t *woken)
{
	struct mailbox *m = mailbox_new();

	sem_init(woken, 0, 0);
	mailbox_waker(m, (struct waker){ wake, woken });
	return m;
}

static void test_order(void **state)
{
	sem_t woken;
	struct mailbox *m = open_mailbox(&woken);
	struct message out;
	int wakes;

	(void)state;
	assert_false(mailbox_take(m, &out));
	for (uint64_t i = 0; i < 3; i++)
		mailbox_post(m, &(struct message){ .kind = EVENT_SEALED, .epoch = i, .range_id = "0123456789abcdef" });
	for (uint64_t i = 0; i < 3; i++) {
		assert_true(mailbox_take(m, &out));
		assert_int_equal(out.kind, EVENT_SEALED);
		assert_int_equal(out.epoch, i);
		assert_string_equal(out.range_id, "0123456789abcdef");
	}
	assert_false(mailbox_take(m, &out));
	mailbox_post(m, &(struct message){ .kind = EVENT_QUIET });
	assert_true(mailbox_take(m, &out));
	assert_int_equal(out.kind, EVENT_QUIET);
	assert_false(mailbox_take(m, &out));
	sem_getvalue(&woken, &wakes);
	assert_int_equal(wakes, 4);
	mailbox_free(m);
	sem_destroy(&woken);
}

/* What nobody took goes with it (LeakSanitizer looks). */
static void test_free_full(void **state)
{
	sem_t woken;
	struct mailbox *m = open_mailbox(&woken);

	(void)state;
	for (int i = 0; i < 10; i++)
		mailbox_post(m, &(struct message){ .kind = COMMAND_DROP });
	mailbox_free(m);
	mailbox_free(NULL);
	sem_destroy(&woken);
}

struct producer {
	struct mailbox *m;
	int number;
};

static void *produce(void *arg)
{
	const struct producer *p = arg;

	for (int64_t i = 0; i < MESSAGES; i++)
		mailbox_post(p->m, &(struct message){ .epoch = (uint64_t)p->number, .not_after_boot_ms = i });
	return NULL;
}

/* The owner sleeps until it is woken, so a wake that is lost hangs this test. */
static void test_two_producers(void **state)
{
	sem_t woken;
	struct mailbox *m = open_mailbox(&woken);
	struct producer producers[PRODUCERS];
	pthread_t threads[PRODUCERS];
	int64_t next[PRODUCERS] = { 0 };
	int64_t taken = 0;
	struct message out;

	(void)state;
	for (int i = 0; i < PRODUCERS; i++) {
		producers[i] = (struct producer){ m, i };
		assert_int_equal(pthread_create(&threads[i], NULL, produce, &producers[i]), 0);
	}
	while (taken < PRODUCERS * MESSAGES) {
		sem_wait(&woken);
		while (mailbox_take(m, &out)) {
			assert_in_range(out.epoch, 0, PRODUCERS - 1);
			assert_int_equal(out.not_after_boot_ms, next[out.epoch]++);
			taken++;
		}
	}
	for (int i = 0; i < PRODUCERS; i++)
		pthread_join(threads[i], NULL);
	assert_false(mailbox_take(m, &out));
	mailbox_free(m);
	sem_destroy(&woken);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_free_full),
		cmocka_unit_test(test_two_producers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
