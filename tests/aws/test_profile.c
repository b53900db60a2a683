/* SPDX-License-Identifier: Apache-2.0 */
/* The files that the AWS tools share: what is a profile, what is a key, and which of two wins. */
#include "aws/profile.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/profile-test-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[2][128];
	static int turn;

	turn ^= 1;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

static const char *put(const char *name, const char *text)
{
	const char *path = path_of(name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return path;
}

static struct profiles *read_config(const char *text)
{
	struct profiles *p = profiles_new();
	struct error e;

	assert_int_equal(profiles_read(p, put("config", text), PROFILE_CONFIG, &e), 0);
	return p;
}

static void assert_value(const struct profiles *p, const char *profile, const char *key, const char *value)
{
	assert_string_equal(profiles_get(p, profile, key), value);
}

static void sections_of_a_config(void **state)
{
	struct profiles *p = read_config("region = nowhere\n"
					 "[default]\nregion = d\n"
					 "[profile  one]\r\nregion = 1\r\n"
					 "[ profile \"two words\" ]\nregion = 2\n"
					 "[three]\nregion = 3\n"
					 "[sso-session four]\nregion = 4\n"
					 "[profiles]\nregion = 5\n"
					 "[profile]\nregion = 6\n"
					 "[profile empty] # a comment\n");

	(void)state;
	assert_value(p, "default", "region", "d");
	assert_value(p, "one", "region", "1");
	assert_value(p, "two words", "region", "2");
	assert_true(profiles_has(p, "empty"));
	assert_value(p, "empty", "region", "");
	assert_false(profiles_has(p, "three"));
	assert_false(profiles_has(p, "four"));
	assert_false(profiles_has(p, "s"));
	assert_false(profiles_has(p, ""));
	profiles_free(p);
}

static void keys_and_values(void **state)
{
	struct profiles *p = read_config("[profile x]\n"
					 "# region = no\n; region = no\n   # region = no\n"
					 "Region=eu-west-1\n"
					 "twice = 1\ntwice = 2\n"
					 "commented = a b # rest\n"
					 "commented2 = c\t;rest\n"
					 "hash = a#b;c=d==\n"
					 "empty =\n"
					 "no equals sign\n"
					 "after = yes");

	(void)state;
	assert_value(p, "x", "region", "eu-west-1");
	assert_value(p, "x", "REGION", "eu-west-1");
	assert_value(p, "x", "twice", "2");
	assert_value(p, "x", "commented", "a b");
	assert_value(p, "x", "commented2", "c");
	assert_value(p, "x", "hash", "a#b;c=d==");
	assert_value(p, "x", "empty", "");
	assert_value(p, "x", "after", "yes");
	assert_value(p, "x", "no equals sign", "");
	profiles_free(p);
}

static void nested_settings_are_passed_over(void **state)
{
	struct profiles *p = read_config("[default]\n"
					 "s3 =\n  region = nested\n\n  # more\n\tendpoint_url = nested\n"
					 "region = outer\n"
					 "[profile indented]\n"
					 "  region = first\n"
					 "  output = json\n");

	(void)state;
	assert_value(p, "default", "region", "outer");
	assert_value(p, "default", "endpoint_url", "");
	assert_value(p, "indented", "region", "first");
	assert_value(p, "indented", "output", "json");
	profiles_free(p);
}

static void the_credentials_file_wins_key_by_key(void **state)
{
	struct profiles *p = profiles_new();
	struct error e;

	(void)state;
	setenv("AWS_CONFIG_FILE", put("config", "[profile x]\nregion = r\naws_access_key_id = config\n"), 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE",
	       put("credentials", "[x]\naws_access_key_id = credentials\n[profile y]\nregion = odd\n"), 1);
	assert_int_equal(profiles_read_shared(p, &e), 0);
	assert_value(p, "x", "region", "r");
	assert_value(p, "x", "aws_access_key_id", "credentials");
	assert_false(profiles_has(p, "y"));
	assert_true(profiles_has(p, "profile y"));
	assert_non_null(strstr(profiles_names(p), "/config' and '"));
	profiles_free(p);
}

static void files_that_are_not_there_are_empty(void **state)
{
	struct profiles *p = profiles_new();
	struct error e;

	(void)state;
	setenv("AWS_CONFIG_FILE", path_of("absent"), 1);
	unsetenv("AWS_SHARED_CREDENTIALS_FILE");
	setenv("HOME", dir, 1);
	assert_int_equal(profiles_read_shared(p, &e), 0);
	assert_false(profiles_has(p, "default"));
	profiles_free(p);

	p = profiles_new();
	assert_int_equal(mkdir(path_of(".aws"), 0700), 0);
	put(".aws/credentials", "[default]\nregion = home\n");
	assert_int_equal(profiles_read_shared(p, &e), 0);
	assert_value(p, "default", "region", "home");
	profiles_free(p);
}

static void what_cannot_be_read_is_said(void **state)
{
	struct profiles *p = profiles_new();
	struct error e;
	char *large = malloc((1 << 20) + 1);

	(void)state;
	assert_int_equal(profiles_read(p, path_of("absent"), PROFILE_CONFIG, &e), -1);
	assert_int_equal(e.code, ENOENT);
	assert_int_equal(e.action, ERROR_WAIT_PERSON);
	assert_int_equal(profiles_read(p, dir, PROFILE_CONFIG, &e), -1);
	assert_int_equal(e.code, EISDIR);
	memset(large, 'x', 1 << 20);
	large[1 << 20] = '\0';
	assert_int_equal(profiles_read(p, put("config", large), PROFILE_CONFIG, &e), -1);
	assert_non_null(strstr(e.text, "is larger than"));
	free(large);
	profiles_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_of_a_config),
		cmocka_unit_test(keys_and_values),
		cmocka_unit_test(nested_settings_are_passed_over),
		cmocka_unit_test(the_credentials_file_wins_key_by_key),
		cmocka_unit_test(files_that_are_not_there_are_empty),
		cmocka_unit_test(what_cannot_be_read_is_said),
	};
	int rc;

	if (mkdtemp(dir) == NULL)
		return 1;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path_of(".aws/credentials"));
	rmdir(path_of(".aws"));
	unlink(path_of("config"));
	unlink(path_of("credentials"));
	rmdir(dir);
	return rc;
}
