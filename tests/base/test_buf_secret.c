/* SPDX-License-Identifier: Apache-2.0 */
/* What a buffer of secrets gives back to the heap, also while it grows. The buffer is compiled in, with a free that
 * looks at what it is given. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECRET "the-secret"

static size_t given_back, with_secret;

static void spy_free(void *p)
{
	given_back += p != NULL;
	with_secret += p != NULL && memmem(p, malloc_usable_size(p), SECRET, strlen(SECRET)) != NULL;
	(free)(p);
}

#define free(p) spy_free(p)
#include "base/buf.c"

static void nothing_of_a_secret_is_given_back(void **state)
{
	struct buf b;

	(void)state;
	buf_init_secret(&b, 4096);
	for (int i = 0; i < 300; i++)
		assert_true(buf_addf(&b, "%s,", SECRET));
	assert_int_equal(b.len, 300 * (strlen(SECRET) + 1));
	assert_memory_equal(b.data + b.len - strlen(SECRET) - 1, SECRET ",", strlen(SECRET) + 1);
	buf_free(&b);
	assert_true(given_back > 3);
	assert_int_equal(with_secret, 0);
}

/* One that is full grows for its zero. */
static void nor_of_a_full_one(void **state)
{
	struct buf b;

	(void)state;
	given_back = 0;
	buf_init_secret(&b, strlen(SECRET));
	assert_true(buf_adds(&b, SECRET));
	assert_string_equal(buf_str(&b), SECRET);
	buf_free(&b);
	assert_int_equal(given_back, 2);
	assert_int_equal(with_secret, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_of_a_secret_is_given_back),
		cmocka_unit_test(nor_of_a_full_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
