/* SPDX-License-Identifier: Apache-2.0 */
/* A text as a type of Glue's. What is read prints as what reads as the same; two types, one a line, widen to one that
 * holds both. */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "schema/type.h"

#include "target.h"

static struct type *through_text(const struct type *t)
{
	struct error e = { 0 };
	struct type *again;
	struct buf text;

	buf_init(&text, SIZE_MAX);
	type_print(t, &text);
	must(text.len <= type_text_size(t));
	again = type_parse(buf_str(&text), &e);
	must(again != NULL || text.len > TYPE_TEXT_MAX);
	must(again == NULL || type_same(t, again));
	buf_free(&text);
	return again;
}

static void widen(struct type *a, const struct type *b)
{
	struct type *was = type_copy(a);

	must(type_same(a, was));
	if (!type_widen(a, b))
		must(type_same(a, was));
	must(!type_widen(a, b));
	must(!type_widen(a, was) || !type_is_inferred(was));
	type_free(was);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_zalloc(size + 1), *second;
	struct error e = { 0 };
	struct type *a, *b;

	memcpy(text, data, size);
	second = strchr(text, '\n');
	if (second != NULL)
		*second++ = '\0';
	a = type_parse(text, &e);
	must(a != NULL || e.text[0] != '\0');
	b = second != NULL ? type_parse(second, &e) : NULL;
	if (a != NULL) {
		must(type_is_known(a));
		type_free(through_text(a));
		type_check_names(a, &e);
	}
	if (a != NULL && b != NULL) {
		widen(a, b);
		type_free(through_text(a));
	}
	type_free(a);
	type_free(b);
	free(text);
	return 0;
}
