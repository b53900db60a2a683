/* SPDX-License-Identifier: Apache-2.0 */
/* The three steps of SigV4 against AWS's published S3 examples, and the whole against requests that botocore signed
 * (vectors.h, written by vectors.py). */
#include "aws/sigv4.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vectors.h"

#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define TIME_MS 1369353600000 /* 20130524T000000Z */

static const struct credentials example = {
	.access_key_id = (char *)"AKIAIOSFODNN7EXAMPLE",
	.secret_access_key = (char *)"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
	.session_token = (char *)"",
};
static const struct sigv4_scope example_scope = { "us-east-1", "s3", TIME_MS };

static void assert_steps(const struct sigv4_request *r, const char *canonical, const char *to_sign,
			 const char *signature)
{
	struct buf c, names, s, whole;
	char got[65];

	buf_init(&c, 1 << 16);
	buf_init(&names, 1 << 16);
	buf_init(&s, 1 << 16);
	buf_init(&whole, 1 << 16);
	sigv4_canonical_request(r, &c, &names);
	assert_string_equal(buf_str(&c), canonical);
	sigv4_string_to_sign(&example_scope, c.data, c.len, &s);
	assert_string_equal(buf_str(&s), to_sign);
	sigv4_signature(&example_scope, example.secret_access_key, s.data, s.len, got);
	assert_string_equal(got, signature);
	sigv4_authorization(r, &example_scope, &example, &whole);
	assert_non_null(strstr(buf_str(&whole), signature));
	assert_non_null(
		strstr(buf_str(&whole), "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "));
	buf_free(&c);
	buf_free(&names);
	buf_free(&s);
	buf_free(&whole);
}

static void get_object(void **state)
{
	static const struct sigv4_header h[] = {
		{ "host", "examplebucket.s3.amazonaws.com" },
		{ "range", "bytes=0-9" },
		{ "x-amz-content-sha256", EMPTY_HASH },
		{ "x-amz-date", "20130524T000000Z" },
	};

	(void)state;
	assert_steps(&(struct sigv4_request){ "GET", "/test.txt", "", h, 4, EMPTY_HASH },
		     "GET\n/test.txt\n\nhost:examplebucket.s3.amazonaws.com\nrange:bytes=0-9\n"
		     "x-amz-content-sha256:" EMPTY_HASH "\nx-amz-date:20130524T000000Z\n\n"
		     "host;range;x-amz-content-sha256;x-amz-date\n" EMPTY_HASH,
		     "AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n"
		     "7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972",
		     "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

static void put_object(void **state)
{
#define PUT_HASH "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
	static const struct sigv4_header h[] = {
		{ "x-amz-storage-class", "REDUCED_REDUNDANCY" },
		{ "host", "examplebucket.s3.amazonaws.com" },
		{ "x-amz-date", "20130524T000000Z" },
		{ "date", "Fri, 24 May 2013 00:00:00 GMT" },
		{ "x-amz-content-sha256", PUT_HASH },
	};

	(void)state;
	assert_steps(&(struct sigv4_request){ "PUT", "/test%24file.text", "", h, 5, PUT_HASH },
		     "PUT\n/test%24file.text\n\ndate:Fri, 24 May 2013 00:00:00 GMT\n"
		     "host:examplebucket.s3.amazonaws.com\nx-amz-content-sha256:" PUT_HASH "\n"
		     "x-amz-date:20130524T000000Z\nx-amz-storage-class:REDUCED_REDUNDANCY\n\n"
		     "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class\n" PUT_HASH,
		     "AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n"
		     "9e0e90d9c76de8fa5b200d8c849cd5b8dc7a3be3951ddb7f6a76b4158342019d",
		     "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

static const struct sigv4_header bucket_headers[] = {
	{ "host", "examplebucket.s3.amazonaws.com" },
	{ "x-amz-content-sha256", EMPTY_HASH },
	{ "x-amz-date", "20130524T000000Z" },
};
#define BUCKET_HEADERS                                                               \
	"host:examplebucket.s3.amazonaws.com\nx-amz-content-sha256:" EMPTY_HASH "\n" \
	"x-amz-date:20130524T000000Z\n\nhost;x-amz-content-sha256;x-amz-date\n" EMPTY_HASH

static void get_lifecycle(void **state)
{
	(void)state;
	assert_steps(&(struct sigv4_request){ "GET", "/", "lifecycle", bucket_headers, 3, EMPTY_HASH },
		     "GET\n/\nlifecycle=\n" BUCKET_HEADERS,
		     "AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n"
		     "9766c798316ff2757b517bc739a67f6213b4ab36dd5da2f94eaebf79c77395ca",
		     "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

static void list_objects(void **state)
{
	(void)state;
	assert_steps(&(struct sigv4_request){ "GET", "/", "prefix=J&max-keys=2", bucket_headers, 3, EMPTY_HASH },
		     "GET\n/\nmax-keys=2&prefix=J\n" BUCKET_HEADERS,
		     "AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n"
		     "df57d21db20da04d7fa30298dd4488ba3a2b47ca3a489c74750e0f1e7df1b9b7",
		     "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

static void spaces_are_folded(void **state)
{
	static const struct sigv4_header h[] = { { "x-amz-meta-a", "  one \t two   three  " }, { "host", "h" } };
	struct sigv4_request r = { "GET", "", "", h, 2, "UNSIGNED-PAYLOAD" };
	struct buf c, names;

	(void)state;
	buf_init(&c, 1 << 16);
	buf_init(&names, 1 << 16);
	sigv4_canonical_request(&r, &c, &names);
	assert_string_equal(buf_str(&c),
			    "GET\n/\n\nhost:h\nx-amz-meta-a:one two three\n\nhost;x-amz-meta-a\nUNSIGNED-PAYLOAD");
	buf_free(&c);
	buf_free(&names);
}

static void query_is_sorted_by_name_then_value(void **state)
{
	struct sigv4_request r = { "GET", "/", "b=2&a-b=1&a=2&a=1&&uploads&a%2F=0", NULL, 0, "x" };
	struct buf c, names;

	(void)state;
	buf_init(&c, 1 << 16);
	buf_init(&names, 1 << 16);
	sigv4_canonical_request(&r, &c, &names);
	assert_string_equal(buf_str(&c), "GET\n/\na=1&a=2&a%2F=0&a-b=1&b=2&uploads=\n\n\nx");
	buf_free(&c);
	buf_free(&names);
}

static void encoding(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 16);
	sigv4_encode("a-Z_0.~/ +=%\xc3\xa9*", true, &b);
	assert_string_equal(buf_str(&b), "a-Z_0.~/%20%2B%3D%25%C3%A9%2A");
	buf_clear(&b);
	sigv4_encode("/", false, &b);
	assert_string_equal(buf_str(&b), "%2F");
	buf_free(&b);
}

static void as_botocore_signs(void **state)
{
	(void)state;
	assert_true(sizeof(vectors) / sizeof(vectors[0]) >= 200);
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const struct vector *v = &vectors[i];
		struct sigv4_request r = { v->method, v->path, v->query, v->headers, 0, v->payload_hash };
		struct sigv4_scope scope = { v->region, v->service, v->time_ms };
		struct credentials c = { .access_key_id = (char *)v->access_key_id,
					 .secret_access_key = (char *)v->secret_access_key,
					 .session_token = (char *)"",
					 .expires_ms = 0 };
		struct buf out;

		while (r.n_headers < VECTOR_HEADERS && v->headers[r.n_headers].name != NULL)
			r.n_headers++;
		buf_init(&out, 1 << 16);
		sigv4_authorization(&r, &scope, &c, &out);
		assert_string_equal(buf_str(&out), v->authorization);
		buf_free(&out);
	}
}

static void as_botocore_presigns(void **state)
{
	static const struct sigv4_header host[] = { { "host", "h.test" } };

	(void)state;
	for (size_t i = 0; i < sizeof(presigned) / sizeof(presigned[0]); i++) {
		const struct presigned *v = &presigned[i];
		struct sigv4_request r = { "GET", v->path, v->query, host, 1, EMPTY_HASH };
		struct sigv4_scope scope = { v->region, "any", v->time_ms };
		struct credentials c = { .access_key_id = (char *)v->access_key_id,
					 .secret_access_key = (char *)v->secret_access_key,
					 .session_token = (char *)v->session_token,
					 .expires_ms = 0 };
		struct buf out;

		buf_init(&out, 1 << 16);
		sigv4_presign(&r, &scope, &c, v->lifetime_s, &out);
		assert_string_equal(buf_str(&out), v->signed_query);
		buf_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(get_object),
		cmocka_unit_test(put_object),
		cmocka_unit_test(get_lifecycle),
		cmocka_unit_test(list_objects),
		cmocka_unit_test(spaces_are_folded),
		cmocka_unit_test(query_is_sorted_by_name_then_value),
		cmocka_unit_test(encoding),
		cmocka_unit_test(as_botocore_signs),
		cmocka_unit_test(as_botocore_presigns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
