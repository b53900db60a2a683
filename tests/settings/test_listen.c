/* SPDX-License-Identifier: Apache-2.0 */
#include "settings/listen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void assert_tcp(const char *value, const char *host, const char *port)
{
	struct listen_place p;
	struct error e;

	assert_int_equal(listen_parse(value, &p, &e), 0);
	assert_null(p.path);
	assert_string_equal(p.host, host);
	assert_string_equal(p.port, port);
}

static void test_addresses(void **state)
{
	(void)state;
	assert_tcp("127.0.0.1:9464", "127.0.0.1", "9464");
	assert_tcp("[::1]:9464", "::1", "9464");
	assert_tcp("[fe80::1:2]:1", "fe80::1:2", "1");
	assert_tcp(":65535", "", "65535");
	assert_tcp("0.0.0.0:0", "0.0.0.0", "0");
}

static void test_paths(void **state)
{
	struct listen_place p;
	struct error e;

	(void)state;
	assert_int_equal(listen_parse("unix:/run/a.sock", &p, &e), 0);
	assert_string_equal(p.path, "/run/a.sock");
	assert_int_equal(listen_parse("/run/b:1.sock", &p, &e), 0);
	assert_string_equal(p.path, "/run/b:1.sock");
}

static void test_what_is_none_of_these(void **state)
{
	static const char *const bad[] = { "9464",         "localhost:9464", "127.0.0.1",       "127.0.0.1:",
					   "127.0.0.1:x",  "::1:9464",       "127.0.0.1:65536", "127.0.0.1:123456",
					   "[::1]",        "[::1:9464",      "[127.0.0.1]:1",   "unix:relative",
					   "127.0.0.1:-1", "256.0.0.1:80",   "http://a:1",      "*:9464" };
	struct listen_place p;
	struct error e;
	char path[300];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (listen_parse(bad[i], &p, &e) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
	}
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(listen_parse(path, &p, &e), -1);
}

static void test_the_socket(void **state)
{
	struct error e;

	(void)state;
	assert_int_equal(check_socket("auto", &e), 0);
	assert_int_equal(check_socket("/run/x", &e), 0);
	assert_int_equal(check_socket("unix:/run/x", &e), 0);
	assert_int_equal(check_socket("127.0.0.1:9464", &e), -1);
	assert_int_equal(check_socket("x", &e), -1);
	assert_int_equal(check_listen(":9464", &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_what_is_none_of_these),
		cmocka_unit_test(test_the_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
