/* SPDX-License-Identifier: Apache-2.0 */
/* What S3's answers mean: the table, and what is read of an answer. */
#include "store/s3_error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PUBLISHED_MS 1792567680000 /* 2026-10-21T07:28:00Z */

static void codes_have_their_verdicts(void **state)
{
	static const struct {
		enum s3_op op;
		int status;
		const char *code;
		enum s3_verdict verdict;
	} cases[] = {
		{ S3_PUT, 412, "PreconditionFailed", VERDICT_EXISTS },
		{ S3_COMPLETE, 412, "PreconditionFailed", VERDICT_EXISTS },
		{ S3_COMPLETE, 412, "", VERDICT_EXISTS },
		{ S3_PART, 412, "PreconditionFailed", VERDICT_PERSON },
		{ S3_PUT, 409, "ConditionalRequestConflict", VERDICT_RETRY },
		{ S3_COMPLETE, 409, "ConditionalRequestConflict", VERDICT_DEAD },
		{ S3_COMPLETE, 409, "", VERDICT_DEAD },
		{ S3_COMPLETE, 409, "OperationAborted", VERDICT_RETRY },
		{ S3_COMPLETE, 404, "NoSuchUpload", VERDICT_DEAD },
		{ S3_PART, 404, "NoSuchUpload", VERDICT_DEAD },
		{ S3_ABORT, 404, "NoSuchUpload", VERDICT_GONE },
		{ S3_COMPLETE, 400, "InvalidPart", VERDICT_DEAD },
		{ S3_COMPLETE, 200, "InternalError", VERDICT_RETRY },
		{ S3_COMPLETE, 200, "SlowDown", VERDICT_RETRY },
		{ S3_COMPLETE, 200, "", VERDICT_RETRY },
		{ S3_COMPLETE, 200, "AccessDenied", VERDICT_PERSON },
		{ S3_PUT, 501, "NotImplemented", VERDICT_UNCONDITIONAL },
		{ S3_PUT, 501, "", VERDICT_UNCONDITIONAL },
		{ S3_LIST_UPLOADS, 501, "NotImplemented", VERDICT_PERSON },
		{ S3_PUT, 503, "SlowDown", VERDICT_RETRY },
		{ S3_PUT, 503, "SlowDownWrite", VERDICT_RETRY },
		{ S3_PUT, 503, "", VERDICT_RETRY },
		{ S3_PUT, 500, "NeverHeardOf", VERDICT_RETRY },
		{ S3_PUT, 429, "", VERDICT_RETRY },
		{ S3_PUT, 400, "RequestTimeout", VERDICT_RETRY },
		{ S3_PUT, 400, "BadDigest", VERDICT_RETRY },
		{ S3_PUT, 400, "XAmzContentSHA256Mismatch", VERDICT_RETRY },
		{ S3_PUT, 400, "XAmzContentChecksumMismatch", VERDICT_RETRY },
		{ S3_PUT, 400, "NeverHeardOf", VERDICT_PERSON },
		{ S3_PUT, 400, "ExpiredToken", VERDICT_REFRESH },
		{ S3_PUT, 403, "ExpiredTokenException", VERDICT_REFRESH },
		{ S3_PUT, 403, "RequestTimeTooSkewed", VERDICT_SKEW },
		{ S3_PUT, 403, "SignatureDoesNotMatch", VERDICT_SIGNATURE },
		{ S3_PUT, 403, "", VERDICT_SIGNATURE },
		{ S3_PUT, 403, "AccessDenied", VERDICT_PERSON },
		{ S3_PUT, 403, "InvalidAccessKeyId", VERDICT_PERSON },
		{ S3_PUT, 404, "NoSuchBucket", VERDICT_PERSON },
		{ S3_PUT, 400, "KMS.ThrottlingException", VERDICT_RETRY },
		{ S3_PUT, 400, "KMS.DisabledException", VERDICT_PERSON },
		{ S3_PUT, 301, "PermanentRedirect", VERDICT_MOVED },
		{ S3_PUT, 307, "", VERDICT_MOVED },
		{ S3_PUT, 400, "AuthorizationHeaderMalformed", VERDICT_MOVED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct s3_rule *r = s3_rule_for(cases[i].op, cases[i].status, cases[i].code);

		if (r->verdict != cases[i].verdict)
			fail_msg("%d %s of a %d: verdict %d", cases[i].status, cases[i].code, cases[i].op, r->verdict);
		if (r->verdict == VERDICT_PERSON || r->verdict == VERDICT_SIGNATURE)
			assert_non_null(r->advice);
	}
}

static void every_status_has_a_rule(void **state)
{
	(void)state;
	for (enum s3_op op = S3_PUT; op <= S3_LIST_UPLOADS; op++)
		for (int status = 100; status < 1000; status++) {
			enum s3_verdict v = s3_rule_for(op, status, "NeverHeardOf")->verdict;

			if (status >= 500 && status != 501)
				assert_int_equal(v, VERDICT_RETRY);
		}
}

static void read_answer(struct s3_answer *a, const char *body, struct http_header *headers, size_t n)
{
	struct http_request r = { .status = 400, .response_headers = headers, .n_response_headers = n };

	buf_init(&r.response, 1 << 16);
	buf_adds(&r.response, body);
	s3_answer_read(&r, PUBLISHED_MS - 7000, a);
	buf_free(&r.response);
}

static void an_answer_is_read(void **state)
{
	struct http_header h[] = {
		{ (char *)"date", (char *)"Wed, 21 Oct 2026 07:28:00 GMT" },
		{ (char *)"retry-after", (char *)"3" },
	};
	struct s3_answer a;

	(void)state;
	read_answer(&a,
		    "<?xml version=\"1.0\"?>\n<Error><Code>AuthorizationHeaderMalformed</Code><Message>wrong: "
		    "&lt;Code&gt;SlowDown&lt;/Code&gt;\xc3\xa9\n</Message><Region>eu-west-1</Region></Error>",
		    h, 2);
	assert_string_equal(a.code, "AuthorizationHeaderMalformed");
	assert_string_equal(a.message, "wrong: <Code>SlowDown</Code>???");
	assert_string_equal(a.region, "eu-west-1");
	assert_true(a.date_ms == PUBLISHED_MS);
	assert_int_equal(a.retry_after_ms, 3000);
}

static void the_header_names_the_region(void **state)
{
	struct http_header h[] = {
		{ (char *)"x-amz-bucket-region", (char *)"ap-south-1" },
		{ (char *)"retry-after", (char *)"Wed, 21 Oct 2026 07:28:00 GMT" },
	};
	struct s3_answer a;

	(void)state;
	read_answer(&a, "", h, 2);
	assert_string_equal(a.region, "ap-south-1");
	assert_string_equal(a.code, "");
	assert_int_equal(a.retry_after_ms, 7000);
}

static void what_is_no_s3_error_has_no_code(void **state)
{
	static const char *const bodies[] = {
		"<html><body><h1>502 Bad Gateway</h1><br></body></html>",
		"<Outer><Error><Code>SlowDown</Code></Error></Outer>",
		"<Error><Inner><Code>SlowDown</Code></Inner></Error>",
		"{\"Code\":\"SlowDown\"}",
		"<Error><Code>Slow",
		"<!DOCTYPE x [<!ENTITY a \"SlowDown\">]><Error><Code>&a;</Code></Error>",
	};
	struct s3_answer a;

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		read_answer(&a, bodies[i], NULL, 0);
		assert_string_equal(a.code, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_have_their_verdicts),
		cmocka_unit_test(every_status_has_a_rule),
		cmocka_unit_test(an_answer_is_read),
		cmocka_unit_test(the_header_names_the_region),
		cmocka_unit_test(what_is_no_s3_error_has_no_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
