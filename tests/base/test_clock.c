/* SPDX-License-Identifier: Apache-2.0 */

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>
#include <cmocka.h>

/* Milliseconds, forwards. */
static void test_boot_advances(void **state)
{
	struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
	int64_t before = clock_boot_ms(), after;

	(void)state;
	nanosleep(&pause, NULL);
	after = clock_boot_ms();
	assert_in_range(after - before, 19, 60000);
}

static void test_real_is_wall_clock(void **state)
{
	int64_t seconds = time(NULL);

	(void)state;
	assert_in_range(clock_real_ms() - seconds * 1000, 0, 60000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_boot_advances),
		cmocka_unit_test(test_real_is_wall_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
