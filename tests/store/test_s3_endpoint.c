/* SPDX-License-Identifier: Apache-2.0 */
/* From settings to the place of the bucket; and the back-off between attempts. */
#include "store/s3_endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/backoff.h"

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

static void bad_endpoints_are_refused(void **state)
{
	static const char *const bad[] = {
		"store.example",        "ftp://store.example", "http://",     "http:///x",
		"http://h:0",           "http://h:65536",      "http://h:x",  "http://h:",
		"http://user@h",        "http://h/?x=1",       "http://[::1", "http://[::1]x",
		"http://[::1\r\nX: y]", "http://h h",          "http://h\nx", "https://h:99999999999999999999"
	};
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
		cmocka_unit_test(bad_endpoints_are_refused),
		cmocka_unit_test(regions),
		cmocka_unit_test(a_custom_endpoint_keeps_its_host_in_any_region),
		cmocka_unit_test(redirects),
		cmocka_unit_test(back_off_has_full_jitter),
		cmocka_unit_test(back_off_honours_what_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
