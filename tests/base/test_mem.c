/* SPDX-License-Identifier: Apache-2.0 */

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static void test_zeroed(void **state)
{
	char *a = mem_zalloc(100), *b = mem_array(10, 10);

	(void)state;
	for (size_t i = 0; i < 100; i++)
		assert_true(a[i] == 0 && b[i] == 0);
	free(a);
	free(b);
}

/* Size 0 is a pointer of its own, never NULL, whichever call. */
static void test_nothing_is_something(void **state)
{
	void *p[] = { mem_alloc(0), mem_zalloc(0), mem_array(0, 8), mem_array(8, 0), mem_realloc(NULL, 0) };

	(void)state;
	for (size_t i = 0; i < sizeof(p) / sizeof(p[0]); i++) {
		assert_non_null(p[i]);
		free(p[i]);
	}
}

static void test_realloc_keeps(void **state)
{
	char *p = mem_strdup("kept");

	(void)state;
	p = mem_realloc(p, 1 << 20);
	assert_string_equal(p, "kept");
	free(p);
}

static void test_printf(void **state)
{
	char *s = mem_printf("%s-%03d", "part", 7);

	(void)state;
	assert_string_equal(s, "part-007");
	free(s);
}

/* Exit code of a child that asks for n * size bytes; quiet, since its message is expected. */
static int exit_code_of(size_t n, size_t size)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (freopen("/dev/null", "w", stderr) == NULL)
			_exit(1);
		free(mem_array(n, size));
		_exit(0);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_overflow_ends_the_process(void **state)
{
	(void)state;
	assert_int_equal(exit_code_of(16, 16), 0);
	assert_int_equal(exit_code_of(SIZE_MAX / 2 + 2, 2), 70);
	assert_int_equal(exit_code_of(2, SIZE_MAX / 2 + 2), 70);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zeroed),
		cmocka_unit_test(test_nothing_is_something),
		cmocka_unit_test(test_realloc_keeps),
		cmocka_unit_test(test_printf),
		cmocka_unit_test(test_overflow_ends_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
