/* SPDX-License-Identifier: Apache-2.0 */
/* What a partition waits for is told once, then once a minute, whatever it is and however often it is tried; of many
 * that wait for the same the first few are told. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "kafka/session.h"

#define MINUTE_MS 60000
#define TRY_MS 7000
#define TOLD_AT_ONCE 8

static int64_t now_ms = 1000000;

int64_t clock_boot_ms(void)
{
	return now_ms;
}

int64_t clock_real_ms(void)
{
	return now_ms;
}

static int file, kept;
static off_t heard;

static int begin(void **state)
{
	struct consumer *c = mem_zalloc(sizeof(*c));

	c->partitions = partition_table_new();
	file = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	kept = dup(STDERR_FILENO);
	assert_true(file >= 0 && kept >= 0);
	dup2(file, STDERR_FILENO);
	heard = 0;
	*state = c;
	return 0;
}

static int end(void **state)
{
	struct consumer *c = *state;

	log_close();
	dup2(kept, STDERR_FILENO);
	close(kept);
	close(file);
	partition_table_free(c->partitions);
	free(c);
	return 0;
}

/* How often this was said since it was asked last. */
static int said(const char *what)
{
	static char text[1 << 18];
	ssize_t n = pread(file, text, sizeof(text) - 1, heard);
	int count = 0;

	assert_true(n >= 0);
	text[n] = '\0';
	heard += n;
	for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what))
		count++;
	return count;
}

/* So much time, in which it is tried again and again, for the same reason, if there is one. */
static void pass(struct consumer *c, struct partition *p, enum wait_reason wait, int64_t ms)
{
	for (int64_t until = now_ms + ms; now_ms < until; now_ms += 1000) {
		if (wait != WAIT_NOTHING && now_ms % TRY_MS < 1000)
			session_wait(c, p, wait, "why", now_ms);
		session_tell_waits(c, now_ms);
	}
}

static void test_once_then_once_a_minute(void **state)
{
	struct consumer *c = *state;
	struct partition *p = partition_get(c->partitions, "t", 3);

	lifecycle_given(&p->life);
	for (enum wait_reason w = WAIT_NOTHING + 1; w < WAIT_REASONS; w++) {
		char line[256];

		snprintf(line, sizeof(line), "topic \"t\" partition 3: waits for %s: why\n", wait_reason_name(w));
		session_wait(c, p, w, "why", now_ms);
		assert_int_equal(said(line), 1);
		pass(c, p, w, MINUTE_MS);
		assert_int_equal(said(line), 0);
		pass(c, p, WAIT_NOTHING, 1000); /* by itself: it is not tried now */
		assert_int_equal(said(line), 1);
		pass(c, p, w, 10 * MINUTE_MS);
		assert_in_range(said(line), 9, 10);
	}
}

static void test_of_many_the_first_few(void **state)
{
	struct consumer *c = *state;

	for (int32_t i = 0; i < 20; i++)
		session_wait(c, partition_get(c->partitions, "t", i), WAIT_BROKER, "why", now_ms);
	assert_int_equal(said(": waits for the broker to serve this partition: why\n"), TOLD_AT_ONCE);
	pass(c, NULL, WAIT_NOTHING, 20000);
	assert_int_equal(said("12 more partitions waited for the same: why\n"), 1);
	pass(c, NULL, WAIT_NOTHING, MINUTE_MS - 20000);
	assert_int_equal(said("waits for"), 0);
	session_wait(c, partition_get(c->partitions, "t", 19), WAIT_TEXT, "why", now_ms); /* another reason */
	assert_int_equal(said("partition 19: waits for a newer kafka2s3"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_once_then_once_a_minute, begin, end),
		cmocka_unit_test_setup_teardown(test_of_many_the_first_few, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
