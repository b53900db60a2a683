/* SPDX-License-Identifier: Apache-2.0 */
/* Types as text and as trees, and the lattice that they widen in. */
#include "schema/type.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "support/dice.h"

static struct type *parsed(const char *text)
{
	struct error e = { 0 };
	struct type *t = type_parse(text, &e);

	if (t == NULL)
		fail_msg("%s: %s", text, e.text);
	return t;
}

static char *printed(const struct type *t)
{
	struct buf b;
	char *text;

	buf_init(&b, SIZE_MAX);
	type_print(t, &b);
	text = mem_strdup(buf_str(&b));
	buf_free(&b);
	return text;
}

static void assert_type(const struct type *t, const char *text)
{
	char *now = printed(t);

	assert_string_equal(now, text);
	free(now);
}

static void test_texts(void **state)
{
	static const char *const texts[][2] = {
		{ "bigint", "bigint" },
		{ "STRING", "string" },
		{ " array< struct<a:int , b : map<string,double>> > ", "array<struct<a:int,b:map<string,double>>>" },
		{ "decimal(10, 2)", "decimal(10,2)" },
		{ "decimal", "decimal(10,0)" },
		{ "decimal(38)", "decimal(38,0)" },
		{ "varchar(65535)", "varchar(65535)" },
		{ "char(1)", "char(1)" },
		{ "struct<Adj Close:double,firstName:string>", "struct<Adj Close:double,firstName:string>" },
		{ "map<string,array<timestamp>>", "map<string,array<timestamp>>" },
		{ "tinyint", "tinyint" },
		{ "binary", "binary" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct type *t = parsed(texts[i][0]);

		assert_type(t, texts[i][1]);
		assert_true(type_text_size(t) >= strlen(texts[i][1]));
		type_free(t);
	}
}

static void test_texts_that_are_none(void **state)
{
	static const char *const texts[][2] = {
		{ "", "character 1" },
		{ "integers", "character 1 of the type stands no type" },
		{ "bigint x", "character 8 of the type more follows" },
		{ "array", "character 6 of the type '<' is missing" },
		{ "array<int", "'>' is missing" },
		{ "array<int,int>", "'>' is missing" },
		{ "map<int>", "',' is missing" },
		{ "struct<>", "NAME:TYPE" },
		{ "struct<a>", "NAME:TYPE" },
		{ "struct<a:int,>", "NAME:TYPE" },
		{ "struct<:int>", "NAME:TYPE" },
		{ "struct<a:int,b:int,A:int>",
		  "character 25 of the type ends a struct with a field that is there twice" },
		{ "decimal(39,2)", "out of range" },
		{ "decimal(5,6)", "out of range" },
		{ "decimal()", "a number is missing" },
		{ "varchar", "'(' is missing" },
		{ "varchar(0)", "out of range" },
		{ "varchar(99999999999999999999)", "out of range" },
		{ "char(256)", "out of range" },
		{ "uniontype<int,string>", "stands no type" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct error e = { 0 };

		assert_null(type_parse(texts[i][0], &e));
		if (strstr(e.text, texts[i][1]) == NULL)
			fail_msg("'%s' is not in '%s' of %s", texts[i][1], e.text, texts[i][0]);
	}
}

/* n times array< around int. */
static char *nested(size_t n)
{
	struct buf b;
	char *text;

	buf_init(&b, SIZE_MAX);
	for (size_t i = 0; i < n; i++)
		buf_adds(&b, "array<");
	buf_adds(&b, "int");
	for (size_t i = 0; i < n; i++)
		buf_addc(&b, '>');
	text = mem_strdup(buf_str(&b));
	buf_free(&b);
	return text;
}

static void test_limits(void **state)
{
	char *deep = nested(TYPE_DEPTH_MAX - 1), *deeper = nested(TYPE_DEPTH_MAX), *long_text;
	struct error e;

	(void)state;
	type_free(parsed(deep));
	assert_null(type_parse(deeper, &e));
	assert_non_null(strstr(e.text, "nests too deep"));
	long_text = mem_printf("struct<%*s:int>", TYPE_TEXT_MAX, "a");
	assert_null(type_parse(long_text, &e));
	assert_non_null(strstr(e.text, "longer than"));
	free(deep);
	free(deeper);
	free(long_text);
}

static void test_names_of_fields(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
		{ "struct<a_1:int>", true },
		{ "array<struct<a:struct<b:int>>>", true },
		{ "struct<A:int>", false },
		{ "map<string,struct<a b:int>>", false },
		{ "struct<a:int,b:struct<a:int>>", true },
	};
	struct error e;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct type *t = parsed(cases[i].text);

		assert_int_equal(type_check_names(t, &e) == 0, cases[i].good);
		type_free(t);
	}
}

static void test_widening(void **state)
{
	static const char *const cases[][3] = {
		{ "bigint", "double", "double" },
		{ "double", "bigint", "double" },
		{ "bigint", "bigint", "bigint" },
		{ "boolean", "bigint", "string" },
		{ "bigint", "string", "string" },
		{ "array<bigint>", "array<double>", "array<double>" },
		{ "array<bigint>", "bigint", "string" },
		{ "struct<a:bigint>", "struct<b:string>", "struct<a:bigint,b:string>" },
		{ "struct<a:bigint>", "struct<b:string,A:double>", "struct<a:double,b:string>" },
		{ "struct<a:bigint>", "array<bigint>", "string" },
		{ "struct<a:struct<b:boolean>>", "struct<a:bigint>", "struct<a:string>" },
		/* Somebody's choice. */
		{ "date", "string", "date" },
		{ "int", "double", "int" },
		{ "map<string,int>", "struct<a:int>", "map<string,int>" },
		{ "struct<a:date>", "struct<a:string,b:bigint>", "struct<a:date,b:bigint>" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct type *a = parsed(cases[i][0]), *b = parsed(cases[i][1]), *was = type_copy(a);

		bool widened = type_widen(a, b);

		assert_int_equal(widened, !type_same(a, was));
		assert_type(a, cases[i][2]);
		assert_false(type_widen(a, b));
		type_free(a);
		type_free(b);
		type_free(was);
	}
}

static struct type *random_type(struct dice *d, int depth)
{
	static const enum type_kind scalars[] = { TYPE_UNKNOWN, TYPE_BOOLEAN, TYPE_BIGINT, TYPE_DOUBLE, TYPE_STRING };
	unsigned n = depth > 3 ? 5 : 7, at = (unsigned)dice_below(d, n);
	struct type *t;

	if (at < 5)
		return type_new(scalars[at]);
	t = type_new(at == 5 ? TYPE_ARRAY : TYPE_STRUCT);
	for (unsigned i = 0; at == 5 ? i < 1 : i < 4; i++) {
		struct type *child = random_type(d, depth + 1);
		char name[] = { (char)('a' + i), '\0' };

		if (at != 5 && dice_below(d, 2) == 0)
			type_free(child);
		else
			type_widen(at == 5 ? t->fields[0].type : type_add_field(t, name), child), type_free(child);
	}
	type_settle(t);
	return t;
}

/* The same, whatever the order of fields. */
static bool alike(const struct type *a, const struct type *b)
{
	if (a->kind != b->kind || a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct type *other = a->kind == TYPE_STRUCT ? type_field(b, a->fields[i].name)
								  : b->fields[i].type;

		if (other == NULL || !alike(a->fields[i].type, other))
			return false;
	}
	return true;
}

/* Known fields come first, and text goes through the reader unchanged. */
static void assert_sound(const struct type *t)
{
	bool known = true;

	for (size_t i = 0; t->kind == TYPE_STRUCT && i < t->n; i++) {
		assert_false(!known && type_is_known(t->fields[i].type));
		known = type_is_known(t->fields[i].type);
	}
	for (size_t i = 0; i < t->n; i++)
		assert_sound(t->fields[i].type);
	if (type_is_known(t)) {
		char *text = printed(t);
		struct type *again = parsed(text);

		assert_type(again, text);
		assert_true(strlen(text) <= type_text_size(t));
		type_free(again);
		free(text);
	}
}

/* A join: it commutes, associates, and is one with itself. */
static void test_widening_is_a_join(void **state)
{
	struct dice d;

	(void)state;
	dice_init(&d, dice_seed(6));
	for (int round = 0; round < 3000; round++) {
		struct type *a = random_type(&d, 0), *b = random_type(&d, 0), *c = random_type(&d, 0);
		struct type *ab = type_copy(a), *ba = type_copy(b), *ab_c = type_copy(a), *bc = type_copy(b);
		struct type *twice;

		type_widen(ab, b);
		type_widen(ba, a);
		assert_true(alike(ab, ba));
		assert_sound(ab);
		twice = type_copy(ab);
		assert_false(type_widen(twice, a));
		assert_false(type_widen(twice, b));
		assert_true(type_same(twice, ab));
		type_widen(ab_c, b);
		type_widen(ab_c, c);
		type_widen(bc, c);
		type_widen(bc, a);
		assert_true(alike(ab_c, bc));
		type_free(a);
		type_free(b);
		type_free(c);
		type_free(ab);
		type_free(ba);
		type_free(ab_c);
		type_free(bc);
		type_free(twice);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),    cmocka_unit_test(test_texts_that_are_none),
		cmocka_unit_test(test_limits),   cmocka_unit_test(test_names_of_fields),
		cmocka_unit_test(test_widening), cmocka_unit_test(test_widening_is_a_join),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
