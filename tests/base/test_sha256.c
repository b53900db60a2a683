/* SPDX-License-Identifier: Apache-2.0 */

#include "base/sha256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/text.h"

static void assert_hex(const uint8_t digest[SHA256_BYTES], const char *expected)
{
	char hex[SHA256_HEX];

	text_hex(digest, SHA256_BYTES, hex);
	assert_string_equal(hex, expected);
}

/* Source: FIPS 180-4 examples. */
static void test_one_piece(void **state)
{
	uint8_t d[SHA256_BYTES];

	(void)state;
	sha256_of("", 0, d);
	assert_hex(d, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sha256_of("abc", 3, d);
	assert_hex(d, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* The same struct again and again; pieces of any length make the same digest. */
static void test_pieces(void **state)
{
	static const char text[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	struct sha256 *s = sha256_new();
	uint8_t d[SHA256_BYTES];

	(void)state;
	for (size_t step = 1; step <= strlen(text); step++) {
		sha256_begin(s);
		for (size_t i = 0; i < strlen(text); i += step)
			sha256_add(s, text + i, i + step > strlen(text) ? strlen(text) - i : step);
		sha256_end(s, d);
		assert_hex(d, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	}
	sha256_begin(s);
	sha256_end(s, d);
	assert_hex(d, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sha256_free(s);
	sha256_free(NULL);
}

/* Source: RFC 4231, cases 2 and 6 (a key longer than a block). */
static void test_hmac(void **state)
{
	uint8_t key[131], d[SHA256_BYTES];

	(void)state;
	hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, d);
	assert_hex(d, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	hmac_sha256(key, sizeof(key), "Test Using Larger Than Block-Size Key - Hash Key First", 54, d);
	assert_hex(d, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_piece),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_hmac),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
