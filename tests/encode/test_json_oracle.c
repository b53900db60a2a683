/* SPDX-License-Identifier: Apache-2.0 */
/* json_scan against jansson (tests/support/json_oracle.h says where they differ by design): over generated documents in
 * canonical form, and over 200,000 seeded mutations of documents; tests/fuzz goes on from there. */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "encode/json_scan.h"
#include "json_corpus.h"
#include "support/json_oracle.h"

#define MUTATIONS 200000
#define DOC_MAX 2048

static uint64_t seed;

static unsigned draw(unsigned below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % below;
}

static json_t *random_value(unsigned depth)
{
	static const char *const texts[] = { "",
					     "NYA",
					     "1965-12-31",
					     "\xc3\xa4\xe2\x82\xac",
					     "a\"b\\c\n",
					     "kafka_topic",
					     "a text that is a good deal longer than one block of sixteen bytes" };
	const char *text = texts[draw(sizeof(texts) / sizeof(texts[0]))];
	json_t *j;

	switch (draw(depth > 0 ? 8 : 6)) {
	case 0:
		return json_null();
	case 1:
		return json_boolean(draw(2));
	case 2:
		return json_integer((json_int_t)draw(1U << 31) - (1 << 30));
	case 3:
		return json_real(draw(1000000) / 1024.0 - 300);
	case 4:
	case 5:
		return json_string(text);
	case 6:
		j = json_array();
		for (unsigned n = draw(5); n > 0; n--)
			json_array_append_new(j, random_value(depth - 1));
		return j;
	default:
		j = json_object();
		for (unsigned n = draw(12); n > 0; n--) {
			char key[64];

			snprintf(key, sizeof(key), "%s%u", texts[draw(sizeof(texts) / sizeof(texts[0]) - 1)],
				 draw(100));
			json_object_set_new(j, key, random_value(depth - 1));
		}
		return j;
	}
}

static void must_agree(const uint8_t *in, size_t len)
{
	const char *wrong = json_oracle(in, len);

	if (wrong != NULL)
		fail_msg("%s: %.*s", wrong, (int)len, (const char *)in);
}

/* What jansson writes in its compact form passes unchanged, and its indented form becomes the compact one. */
static void test_canonical(void **state)
{
	(void)state;
	seed = 0x9e3779b97f4a7c15;
	for (int i = 0; i < 3000; i++) {
		json_t *j = random_value(5);
		char *compact = json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY);
		char *wide = json_dumps(j, JSON_INDENT(2) | JSON_ENCODE_ANY);
		size_t len = strlen(compact), wide_len = strlen(wide);
		uint8_t *out = malloc(wide_len);
		struct json_scanned got = json_scan((uint8_t *)compact, len, 0, out);

		assert_int_equal(got.verdict, json_is_object(j) ? SCAN_OBJECT : SCAN_OTHER);
		assert_int_equal(got.len, len);
		assert_memory_equal(out, compact, len);
		got = json_scan((uint8_t *)wide, wide_len, 0, out);
		assert_int_equal(got.len, len);
		assert_memory_equal(out, compact, len);
		must_agree((uint8_t *)compact, len);
		free(out);
		free(wide);
		free(compact);
		json_decref(j);
	}
}

static size_t random_document(uint8_t *doc)
{
	const struct json_case *c = &json_corpus[draw(N_JSON_CORPUS)];
	size_t len = c->len;
	json_t *j;

	if (draw(2) == 0) {
		memcpy(doc, c->in, len);
		return len;
	}
	j = random_value(4);
	len = json_dumpb(j, (char *)doc, DOC_MAX / 2, JSON_ENCODE_ANY | (draw(4) == 0 ? 0 : JSON_COMPACT));
	json_decref(j);
	return len < DOC_MAX / 2 ? len : 0;
}

static size_t mutate(uint8_t *doc, size_t len)
{
	static const char alphabet[] = "{}[]:,\"\"\\ \t\n0123456789-+.eEtruefalsnk_\x01\x7f\x80\xc3\xa4\xe2\xed\xff";
	size_t at = draw((unsigned)len + 1), n = draw(8);

	switch (draw(5)) {
	case 0: /* another byte */
		if (at < len)
			doc[at] = (uint8_t)alphabet[draw(sizeof(alphabet) - 1)];
		return len;
	case 1: /* one more byte */
		memmove(doc + at + 1, doc + at, len - at);
		doc[at] = (uint8_t)alphabet[draw(sizeof(alphabet) - 1)];
		return len + 1;
	case 2: /* some bytes fewer */
		n = n > len - at ? len - at : n;
		memmove(doc + at, doc + at + n, len - at - n);
		return len - n;
	case 3: /* a stretch twice */
		n = n > len - at ? len - at : n;
		memmove(doc + at + n, doc + at, len - at);
		return len + n;
	default: /* cut */
		return draw(8) == 0 ? at : len;
	}
}

static void test_mutations(void **state)
{
	static uint8_t doc[DOC_MAX];

	(void)state;
	seed = 0x2545f4914f6cdd1d;
	for (int i = 0; i < MUTATIONS; i++) {
		size_t len = random_document(doc);

		for (unsigned n = draw(4); n > 0; n--)
			len = mutate(doc, len);
		must_agree(doc, len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
