/* SPDX-License-Identifier: Apache-2.0 */
/* From settings to the place of the bucket; and the back-off between attempts. */
#include "store/s3_endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/backoff.h"
#include "store/s3_request.h"

static struct settings settings(const char *bucket, const char *endpoint, const char *region, bool path_style)
{
	return (struct settings){ .s3_bucket = (char *)bucket,
				  .s3_endpoint = (char *)endpoint,
				  .s3_region = (char *)region,
				  .s3_path_style = path_style };
}

static void places(void **state)
{
	static const struct {
		const char *bucket, *endpoint, *region;
		bool path_style;
		const char *origin, *host, *root;
	} cases[] = {
		{ "lake", "", "eu-west-1", false, "https://lake.s3.eu-west-1.amazonaws.com",
		  "lake.s3.eu-west-1.amazonaws.com", "" },
		{ "lake", "", "", false, "https://lake.s3.us-east-1.amazonaws.com", "lake.s3.us-east-1.amazonaws.com",
		  "" },
		{ "lake", "", "cn-north-1", false, "https://lake.s3.cn-north-1.amazonaws.com.cn",
		  "lake.s3.cn-north-1.amazonaws.com.cn", "" },
		{ "la.ke", "", "eu-west-1", false, "https://s3.eu-west-1.amazonaws.com", "s3.eu-west-1.amazonaws.com",
		  "/la.ke" },
		{ "lake", "", "eu-west-1", true, "https://s3.eu-west-1.amazonaws.com", "s3.eu-west-1.amazonaws.com",
		  "/lake" },
		{ "lake", "https://store.example", "", false, "https://lake.store.example", "lake.store.example", "" },
		{ "lake", "https://store.example:443/", "", true, "https://store.example", "store.example", "/lake" },
		{ "lake", "http://store.example:9000/base/", "", true, "http://store.example:9000",
		  "store.example:9000", "/base/lake" },
		{ "lake", "http://store.example:80", "", false, "http://lake.store.example", "lake.store.example", "" },
		{ "lake", "HTTP://127.0.0.1:9000", "", false, "http://127.0.0.1:9000", "127.0.0.1:9000", "/lake" },
		{ "lake", "http://localhost:9000", "", false, "http://localhost:9000", "localhost:9000", "/lake" },
		{ "lake", "http://[::1]:9000", "", false, "http://[::1]:9000", "[::1]:9000", "/lake" },
		{ "lake", "https://[fd00::2]", "", false, "https://[fd00::2]", "[fd00::2]", "/lake" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct settings s = settings(cases[i].bucket, cases[i].endpoint, cases[i].region, cases[i].path_style);
		struct s3_endpoint ep;
		struct error e;

		assert_int_equal(s3_endpoint_init(&ep, &s, "", &e), 0);
		assert_string_equal(ep.place.origin, cases[i].origin);
		assert_string_equal(ep.place.host, cases[i].host);
		assert_string_equal(ep.place.root, cases[i].root);
		s3_endpoint_free(&ep);
	}
}

#define POINT "arn:aws:s3:us-west-2:111122223333:accesspoint/lake-point"

static void amazons_own(void **state)
{
	static const struct {
		const char *bucket, *endpoint, *region;
		bool dualstack, fips;
		const char *origin, *root, *signed_for;
	} cases[] = {
		{ "lake", "", "eu-west-1", true, false, "https://lake.s3.dualstack.eu-west-1.amazonaws.com", "",
		  "eu-west-1" },
		{ "lake", "", "us-gov-west-1", false, true, "https://lake.s3-fips.us-gov-west-1.amazonaws.com", "",
		  "us-gov-west-1" },
		{ "la.ke", "", "us-west-2", true, true, "https://s3-fips.dualstack.us-west-2.amazonaws.com", "/la.ke",
		  "us-west-2" },
		{ POINT, "", "", false, false, "https://lake-point-111122223333.s3-accesspoint.us-west-2.amazonaws.com",
		  "", "us-west-2" },
		{ POINT, "", "us-west-2", true, false,
		  "https://lake-point-111122223333.s3-accesspoint.dualstack.us-west-2.amazonaws.com", "", "us-west-2" },
		{ POINT, "", "", true, true,
		  "https://lake-point-111122223333.s3-accesspoint-fips.dualstack.us-west-2.amazonaws.com", "",
		  "us-west-2" },
		{ "arn:aws-cn:s3:cn-north-1:111122223333:accesspoint:p", "", "", false, false,
		  "https://p-111122223333.s3-accesspoint.cn-north-1.amazonaws.com.cn", "", "cn-north-1" },
		{ "lake-abcdefghij0123456789-s3alias", "", "us-west-2", false, false,
		  "https://lake-abcdefghij0123456789-s3alias.s3.us-west-2.amazonaws.com", "", "us-west-2" },
		{ "lake", "https://bucket.vpce-1a2b-5e6f.s3.eu-west-1.vpce.amazonaws.com", "", false, false,
		  "https://lake.bucket.vpce-1a2b-5e6f.s3.eu-west-1.vpce.amazonaws.com", "", "eu-west-1" },
		{ "lake", "https://vpce-1a2b-5e6f.s3.eu-west-1.vpce.amazonaws.com", "", false, false,
		  "https://lake.bucket.vpce-1a2b-5e6f.s3.eu-west-1.vpce.amazonaws.com", "", "eu-west-1" },
		{ "la.ke", "https://vpce-1a2b-5e6f.s3.eu-west-1.vpce.amazonaws.com", "", false, false,
		  "https://bucket.vpce-1a2b-5e6f.s3.eu-west-1.vpce.amazonaws.com", "/la.ke", "eu-west-1" },
		{ POINT, "https://vpce-1a2b-5e6f.s3.us-west-2.vpce.amazonaws.com", "", false, false,
		  "https://lake-point-111122223333.accesspoint.vpce-1a2b-5e6f.s3.us-west-2.vpce.amazonaws.com", "",
		  "us-west-2" },
		{ POINT, "https://accesspoint.vpce-1a2b-5e6f.s3.us-west-2.vpce.amazonaws.com", "", false, false,
		  "https://lake-point-111122223333.accesspoint.vpce-1a2b-5e6f.s3.us-west-2.vpce.amazonaws.com", "",
		  "us-west-2" },
		{ "lake", "https://s3.dualstack.eu-north-1.amazonaws.com", "", false, false,
		  "https://lake.s3.dualstack.eu-north-1.amazonaws.com", "", "eu-north-1" },
		{ "lake", "https://s3-fips.us-east-2.amazonaws.com:443", "", false, false,
		  "https://lake.s3-fips.us-east-2.amazonaws.com", "", "us-east-2" },
		{ "lake", "https://s3.eu-north-1.amazonaws.com", "eu-west-3", false, false,
		  "https://lake.s3.eu-north-1.amazonaws.com", "", "eu-west-3" },
		{ "lake", "https://s3.eu-north-1.amazonaws.com.evil.example", "", false, false,
		  "https://lake.s3.eu-north-1.amazonaws.com.evil.example", "", "ap-south-1" },
		{ "lake", "https://s3.amazonaws.com", "", false, false, "https://lake.s3.amazonaws.com", "",
		  "ap-south-1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct settings s = settings(cases[i].bucket, cases[i].endpoint, cases[i].region, false);
		struct s3_endpoint ep;
		struct error e;

		s.s3_dualstack = cases[i].dualstack;
		s.s3_fips = cases[i].fips;
		assert_int_equal(s3_endpoint_init(&ep, &s, "ap-south-1", &e), 0);
		assert_string_equal(ep.place.origin, cases[i].origin);
		assert_string_equal(ep.place.host, cases[i].origin + strlen("https://"));
		assert_string_equal(ep.place.root, cases[i].root);
		assert_string_equal(ep.region, cases[i].signed_for);
		s3_endpoint_free(&ep);
	}
}

/* Its region is in its ARN: what an answer says of another one is not followed. */
static void an_access_point_stays_in_its_region(void **state)
{
	struct settings s = settings(POINT, "", "", false);
	struct s3_endpoint ep;
	struct error e;

	(void)state;
	assert_int_equal(s3_endpoint_init(&ep, &s, "", &e), 0);
	assert_false(s3_endpoint_set_region(&ep, "eu-west-1"));
	assert_string_equal(ep.region, "us-west-2");
	s3_endpoint_free(&ep);
	s.s3_endpoint = (char *)"http://127.0.0.1:9000";
	assert_int_equal(s3_endpoint_init(&ep, &s, "", &e), -1);
	assert_non_null(strstr(e.text, "access point"));
	s3_endpoint_free(&ep);
}

/* Host and region as they are signed, against botocore's signer (aws.md 5.2). */
static void signatures(void **state)
{
	static const struct {
		const char *bucket, *endpoint;
		bool dualstack, fips;
		const char *signature;
	} cases[] = {
		{ "lake", "", false, false, "610199f40c194a2fa38ac09e041e212033398079cf33879f192f34ea4261b8ea" },
		{ "lake", "", true, false, "7351a3a1ba1e7a636d49b15634dd8911ed497b7dd6fccd70939820f50b144718" },
		{ "lake", "", false, true, "20c60af7f4ab0407faa174b0bd7e0c6ac59f020bcd798a17395c032e2fdb1496" },
		{ POINT, "", false, false, "3e4d779c3ec7645bf3ab1e94f8d084697b099391b73110f903cba7a6e4ca5bd4" },
		{ POINT, "https://vpce-1a2b-5e6f.s3.us-west-2.vpce.amazonaws.com", false, false,
		  "d9abe6e5372499b1e869e23dfaa7c22052ba8853252df907185709c69db4591b" },
		{ "lake", "https://bucket.vpce-1a2b-5e6f.s3.us-west-2.vpce.amazonaws.com", false, false,
		  "625ae757aa1a4e555e1dcc9299d3175229e223714e1edebc3ae15518237e95ad" },
	};
	const struct credentials keys = { .access_key_id = (char *)"AKIDEXAMPLE",
					  .secret_access_key = (char *)"secret/of+signs",
					  .session_token = (char *)"",
					  .expires_ms = INT64_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct settings s = settings(cases[i].bucket, cases[i].endpoint, "", false);
		struct s3_call call = { .op = S3_LIST_OBJECTS, .key = "raw/" };
		struct s3_attempt *a = s3_attempt_new(&call);
		struct s3_endpoint ep;
		const char *authorization;
		struct error e;

		s.s3_dualstack = cases[i].dualstack;
		s.s3_fips = cases[i].fips;
		assert_int_equal(s3_endpoint_init(&ep, &s, "us-west-2", &e), 0);
		s3_request_build(a, &ep, &keys, INT64_C(1767323045000));
		authorization = a->headers[a->n_headers - 1].value;
		assert_string_equal(a->headers[a->n_headers - 1].name, "authorization");
		assert_non_null(strstr(authorization, "/20260102/us-west-2/s3/aws4_request"));
		assert_string_equal(strstr(authorization, "Signature=") + strlen("Signature="), cases[i].signature);
		s3_attempt_free(a);
		s3_endpoint_free(&ep);
	}
}

static void bad_endpoints_are_refused(void **state)
{
	static const char *const bad[] = { "store.example",
					   "ftp://store.example",
					   "http://",
					   "http:///x",
					   "http://h:0",
					   "http://h:65536",
					   "http://h:x",
					   "http://h:",
					   "http://user@h",
					   "http://h/?x=1",
					   "http://[::1",
					   "http://[::1]x",
					   "http://[::1\r\nX: y]",
					   "http://h h",
					   "http://h\nx",
					   "https://h:99999999999999999999",
					   "https://control.vpce-1a2b.s3.eu-west-1.vpce.amazonaws.com" };
	struct s3_endpoint ep;
	struct error e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct settings s = settings("lake", bad[i], "", false);

		if (s3_endpoint_init(&ep, &s, "", &e) == 0)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(e.action, ERROR_GIVE_UP);
		assert_non_null(strstr(e.text, "s3.endpoint"));
		s3_endpoint_free(&ep);
	}
}

static void regions(void **state)
{
	struct settings s = settings("lake", "", "", false);
	struct s3_endpoint ep;
	struct error e;

	(void)state;
	assert_int_equal(s3_endpoint_init(&ep, &s, "eu-north-1", &e), 0);
	assert_string_equal(ep.region, "eu-north-1");
	assert_false(s3_endpoint_set_region(&ep, "eu-north-1"));
	assert_false(s3_endpoint_set_region(&ep, ""));
	assert_false(s3_endpoint_set_region(&ep, "evil.example/"));
	assert_false(s3_endpoint_set_region(&ep, "0123456789012345678901234567890123456789012345678901234567890123"));
	assert_string_equal(ep.place.host, "lake.s3.eu-north-1.amazonaws.com");
	assert_true(s3_endpoint_set_region(&ep, "us-west-2"));
	assert_string_equal(ep.place.origin, "https://lake.s3.us-west-2.amazonaws.com");
	s3_endpoint_free(&ep);
	s.s3_region = (char *)"eu west";
	assert_int_equal(s3_endpoint_init(&ep, &s, "", &e), -1);
	assert_int_equal(e.action, ERROR_GIVE_UP);
	s3_endpoint_free(&ep);
}

static void a_custom_endpoint_keeps_its_host_in_any_region(void **state)
{
	struct settings s = settings("lake", "http://127.0.0.1:9000", "", false);
	struct s3_endpoint ep;
	struct error e;

	(void)state;
	assert_int_equal(s3_endpoint_init(&ep, &s, "", &e), 0);
	assert_true(s3_endpoint_set_region(&ep, "us-west-2"));
	assert_string_equal(ep.place.origin, "http://127.0.0.1:9000");
	s3_endpoint_free(&ep);
}

static void redirects(void **state)
{
	static const struct {
		const char *url;
		bool good;
		const char *origin, *root;
	} cases[] = {
		{ "https://lake.s3-us-west-2.amazonaws.com/a%2Bb", true, "https://lake.s3-us-west-2.amazonaws.com",
		  "" },
		{ "https://s3-us-west-2.amazonaws.com/lake/a%2Bb?x=1", true, "https://s3-us-west-2.amazonaws.com",
		  "/lake" },
		{ "https://other.example/elsewhere", true, "https://other.example", "/lake" },
		{ "lake.s3-us-west-2.amazonaws.com", true, "https://lake.s3-us-west-2.amazonaws.com", "" },
		{ "s3-us-west-2.amazonaws.com", true, "https://s3-us-west-2.amazonaws.com", "/lake" },
		{ "http://lake.s3-us-west-2.amazonaws.com/a%2Bb", false, NULL, NULL },
		{ "ftp://lake.example/a%2Bb", false, NULL, NULL },
		{ "https:///a%2Bb", false, NULL, NULL },
		{ "https://other.example/x y/a%2Bb", false, NULL, NULL },
		{ "https://other.example/\xc3\xa9/a%2Bb", false, NULL, NULL },
		{ "", false, NULL, NULL },
	};
	struct settings s = settings("lake", "", "us-east-1", false);
	struct s3_place p = { NULL, NULL, NULL };
	struct s3_endpoint ep;
	struct error e;

	(void)state;
	assert_int_equal(s3_endpoint_init(&ep, &s, "", &e), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(s3_place_from_url(&p, &ep, cases[i].url, "/a%2Bb"), cases[i].good);
		if (cases[i].good) {
			assert_string_equal(p.origin, cases[i].origin);
			assert_string_equal(p.root, cases[i].root);
		}
	}
	s3_place_free(&p);
	s3_endpoint_free(&ep);
}

static void back_off_has_full_jitter(void **state)
{
	static const int64_t ceilings[] = { 100, 200, 400, 800, 1600, 3200, 6400, 12800, 20000, 20000 };
	uint64_t seed = 42, same = 42;

	(void)state;
	for (int failures = 1; failures <= 10; failures++) {
		int64_t most = 0, least = INT64_MAX, sum = 0, ceiling = ceilings[failures - 1];

		for (int i = 0; i < 2000; i++) {
			int64_t ms = backoff_ms(&seed, failures, 0);

			assert_true(ms == backoff_ms(&same, failures, 0));
			most = ms > most ? ms : most;
			least = ms < least ? ms : least;
			sum += ms;
		}
		assert_in_range(most, ceiling * 95 / 100, ceiling);
		assert_in_range(least, 0, ceiling / 20);
		assert_in_range(sum / 2000, ceiling * 45 / 100, ceiling * 55 / 100);
	}
	assert_in_range(backoff_ms(&seed, 1000000, 0), 0, BACKOFF_CAP_MS);
}

static void back_off_honours_what_is_asked(void **state)
{
	uint64_t seed = 7;

	(void)state;
	assert_int_equal(backoff_ms(&seed, 1, 5000), 5000);
	assert_int_equal(backoff_ms(&seed, 1, 3600000), BACKOFF_CAP_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places),
		cmocka_unit_test(amazons_own),
		cmocka_unit_test(an_access_point_stays_in_its_region),
		cmocka_unit_test(signatures),
		cmocka_unit_test(bad_endpoints_are_refused),
		cmocka_unit_test(regions),
		cmocka_unit_test(a_custom_endpoint_keeps_its_host_in_any_region),
		cmocka_unit_test(redirects),
		cmocka_unit_test(back_off_has_full_jitter),
		cmocka_unit_test(back_off_honours_what_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
