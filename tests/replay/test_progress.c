/* SPDX-License-Identifier: Apache-2.0 */

#include "replay/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void test_bar(void **state)
{
	struct engine_counts c = {
		.phase = ENGINE_SENDING, .taken = 1100, .waiting = 100, .skipped = 2, .share = 0.25
	};
	struct progress p;
	char out[200];

	(void)state;
	progress_init(&p, "stock_market", 5000);
	progress_note(&p, &c, 9000);
	progress_bar(&p, &c, 9000, 120, out, sizeof(out));
	assert_string_equal(out,
			    "stock_market [######..................]  25 %  1000 rows  250/s  2 skipped  0:12 left");
	progress_bar(&p, &c, 9000, 20, out, sizeof(out));
	assert_string_equal(out, "stock_market [######");
	/* the rate is that of the last interval */
	c.taken = 1102;
	c.share = 2;
	c.phase = ENGINE_FLUSHING;
	progress_note(&p, &c, 10000);
	progress_bar(&p, &c, 10000, 150, out, sizeof(out));
	assert_string_equal(out, "stock_market [########################] 100 %  1002 rows  2.0/s  2 skipped"
				 "  waiting for the last acknowledgements");
}

static void test_no_end(void **state)
{
	struct engine_counts c = { .phase = ENGINE_SENDING, .taken = 10, .failed = 3, .share = -1 };
	struct progress p;
	char out[200];

	(void)state;
	progress_init(&p, "t", 0);
	progress_bar(&p, &c, 0, 150, out, sizeof(out));
	assert_string_equal(out, "t  7 rows  3 failed");
	progress_line(&p, &c, out, sizeof(out));
	assert_string_equal(out, "7 rows sent to \"t\", 3 failed");
}

static void test_line(void **state)
{
	struct engine_counts c = { .phase = ENGINE_SENDING, .taken = 1000, .skipped = 1, .share = 0.5 };
	struct progress p;
	char out[200];

	(void)state;
	progress_init(&p, "t", 0);
	progress_note(&p, &c, 10000);
	progress_line(&p, &c, out, sizeof(out));
	assert_string_equal(out, "1000 rows sent to \"t\", 50 %, 100 rows/s, 1 skipped");
	c.phase = ENGINE_CONNECTING;
	progress_line(&p, &c, out, 30);
	assert_int_equal(strlen(out), 29);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bar),
		cmocka_unit_test(test_no_end),
		cmocka_unit_test(test_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
