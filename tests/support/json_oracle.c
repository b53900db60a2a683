/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON scanner's oracle: see the header. Shared by the unit tests and the fuzzer. */
#include "support/json_oracle.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "encode/json_fast_kernel.h"
#include "encode/json_scan.h"

#define FLAGS (JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL)

static bool four_hex(const uint8_t *p)
{
	return isxdigit(p[0]) && isxdigit(p[1]) && isxdigit(p[2]) && isxdigit(p[3]);
}

/* Escapes that jansson refuses by design become \u0041. */
static void tame(uint8_t *p, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++) {
		if (p[i] != '\\')
			continue;
		i++;
		if (p[i] != 'u' || len - i < 5 || !four_hex(p + i + 1))
			continue;
		if (memcmp(p + i + 1, "0000", 4) == 0 ||
		    ((p[i + 1] | 0x20) == 'd' && strchr("89abcdefABCDEF", p[i + 2]) != NULL))
			memcpy(p + i + 1, "0041", 4);
	}
}

static json_t *parse(const uint8_t *in, size_t len, json_error_t *e)
{
	uint8_t *copy = mem_alloc(len);
	json_t *j;

	memcpy(copy, in, len);
	tame(copy, len);
	j = json_loadb((const char *)copy, len, FLAGS, e);
	free(copy);
	return j;
}

/* A valid document without the white space outside its strings. */
static size_t strip(const uint8_t *in, size_t len, uint8_t *out)
{
	bool string = false;
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (!string && strchr(" \t\r\n", in[i]) != NULL)
			continue;
		if (in[i] == '"')
			string = !string;
		out[n++] = in[i];
		if (string && in[i] == '\\')
			out[n++] = in[++i];
	}
	return n;
}

static const char *check_output(const uint8_t *in, size_t len, const uint8_t *out, struct json_scanned got)
{
	uint8_t *other = mem_alloc(len);
	struct json_scanned again;
	const char *wrong = NULL;

	if (strip(in, len, other) != got.len || memcmp(other, out, got.len) != 0)
		wrong = "the output is not the input without white space";
	again = json_scan(out, got.len, 0, other);
	if (again.verdict != got.verdict || again.len != got.len || memcmp(other, out, got.len) != 0)
		wrong = "the output is no fixed point";
	if (got.empty_object != (got.len == 2 && out[0] == '{'))
		wrong = "empty_object is wrong";
	free(other);
	return wrong;
}

static const char *check_ways(const uint8_t *in, size_t len, const uint8_t *out, struct json_scanned got)
{
	uint8_t *spaced = mem_alloc(len + 1), *other = mem_alloc(len + 1);
	struct json_scanned slow;
	const char *wrong = NULL;

	spaced[0] = ' ';
	memcpy(spaced + 1, in, len);
	slow = json_scan(spaced, len + 1, 0, other);
	if (slow.verdict != got.verdict || slow.len != got.len || memcmp(other, out, got.len) != 0)
		wrong = "a space before it changes the result";
	if (len >= 2 && in[0] == '{' && fast_document(in, len, false, other) &&
	    (got.verdict != SCAN_OBJECT || got.len != len || memcmp(other, in, len) != 0))
		wrong = "the baseline's kernel accepts what the scanner does not";
	free(spaced);
	free(other);
	return wrong;
}

static const char *check_jansson(const uint8_t *in, size_t len, const uint8_t *out, struct json_scanned got)
{
	json_error_t e;
	json_t *want = parse(in, len, &e), *have;
	bool accepted = got.verdict == SCAN_OBJECT || got.verdict == SCAN_OTHER;
	const char *wrong = NULL;

	if (want == NULL) {
		bool by_design = json_error_code(&e) == json_error_numeric_overflow ||
				 json_error_code(&e) == json_error_stack_overflow;

		return accepted && !by_design ? "accepted, and jansson refuses it" : NULL;
	}
	if (!accepted) {
		wrong = got.verdict != SCAN_DEPTH ? "refused, and jansson accepts it" : NULL;
	} else {
		have = parse(out, got.len, &e);
		if (have == NULL || !json_equal(want, have))
			wrong = "the output does not mean the same to jansson";
		else if (json_is_object(have) != (got.verdict == SCAN_OBJECT))
			wrong = "object or not: jansson thinks otherwise";
		json_decref(have);
	}
	json_decref(want);
	return wrong;
}

const char *json_oracle(const uint8_t *in, size_t len)
{
	uint8_t *out = mem_alloc(len);
	struct json_scanned got = json_scan(in, len, 0, out);
	bool accepted = got.verdict == SCAN_OBJECT || got.verdict == SCAN_OTHER;
	const char *wrong = NULL;

	if (!accepted && got.len != 0)
		wrong = "refused, but with a length";
	if (wrong == NULL && accepted)
		wrong = check_output(in, len, out, got);
	if (wrong == NULL)
		wrong = check_ways(in, len, out, got);
	if (accepted && memchr(in, 0, len) != NULL)
		wrong = "accepted with a raw NUL";
	if (wrong == NULL && memchr(in, 0, len) == NULL)
		wrong = check_jansson(in, len, out, got);
	free(out);
	return wrong;
}
