/* SPDX-License-Identifier: Apache-2.0 */

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void assert_content(const struct buf *b, const char *text)
{
	assert_int_equal(b->len, strlen(text));
	assert_memory_equal(b->data, text, b->len);
}

static void test_append(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	assert_null(b.data);
	assert_true(buf_adds(&b, "one"));
	assert_true(buf_addc(&b, ','));
	assert_true(buf_add(&b, "two\0", 3));
	assert_true(buf_addf(&b, ",%d", 3));
	assert_content(&b, "one,two,3");
	buf_free(&b);
	assert_null(b.data);
	assert_int_equal(b.len, 0);
}

/* Filled to the last byte, and not one further; a refusal changes nothing. */
static void test_maximum(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 8);
	assert_true(buf_adds(&b, "12345678"));
	assert_int_equal(b.cap, 8);
	assert_false(buf_addc(&b, '9'));
	assert_false(buf_adds(&b, "90"));
	assert_false(buf_addf(&b, "%d", 9));
	assert_true(buf_add(&b, "", 0));
	assert_content(&b, "12345678");
	buf_free(&b);
}

static void test_reserve_near_size_max(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	assert_true(buf_adds(&b, "x"));
	assert_null(buf_reserve(&b, SIZE_MAX));
	assert_null(buf_reserve(&b, SIZE_MAX - 1));
	assert_null(buf_reserve(&b, 100));
	assert_non_null(buf_reserve(&b, 99));
	assert_content(&b, "x");
	buf_free(&b);
}

/* Growing by half: the capacity moves a few dozen times, not once an append, and never passes the maximum. */
static void test_growth(void **state)
{
	size_t cap = 0, moves = 0;
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	while (buf_addc(&b, 'x')) {
		moves += b.cap != cap;
		cap = b.cap;
		assert_in_range(b.cap, b.len, 1 << 20);
	}
	assert_int_equal(b.len, 1 << 20);
	assert_in_range(moves, 1, 40);
	buf_free(&b);
}

static void test_clear_keeps_memory(void **state)
{
	struct buf b;
	uint8_t *data;

	(void)state;
	buf_init(&b, 100);
	buf_adds(&b, "text");
	data = b.data;
	buf_clear(&b);
	assert_int_equal(b.len, 0);
	buf_adds(&b, "more");
	assert_ptr_equal(b.data, data);
	assert_content(&b, "more");
	buf_free(&b);
}

static void test_as_string(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 0);
	assert_string_equal(buf_str(&b), "");
	buf_free(&b);
	buf_init(&b, 100);
	assert_string_equal(buf_str(&b), "");
	buf_adds(&b, "text");
	assert_string_equal(buf_str(&b), "text");
	assert_int_equal(b.len, 4);
	buf_free(&b);
	buf_init(&b, 4);
	assert_true(buf_adds(&b, "full"));
	assert_string_equal(buf_str(&b), "full");
	assert_string_equal(buf_str(&b), "full");
	assert_false(buf_addc(&b, '!'));
	buf_clear(&b);
	assert_true(buf_adds(&b, "text"));
	assert_false(buf_addc(&b, '!'));
	assert_string_equal(buf_str(&b), "text");
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_append),
		cmocka_unit_test(test_maximum),
		cmocka_unit_test(test_reserve_near_size_max),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_clear_keeps_memory),
		cmocka_unit_test(test_as_string),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
