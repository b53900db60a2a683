/* SPDX-License-Identifier: Apache-2.0 */
/* What a profile gives, and each thing that it may say and that is refused. Roles that are had are test_sources.py's.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "aws/credentials.h"

#define SECRET "wJalrXUtnFEMI/K7MDENG"
#define KEYS "aws_access_key_id = AKIDTEST\naws_secret_access_key = " SECRET "\n"
#define ROLE "role_arn = arn:aws:iam::111122223333:role/lake\n"

static char config[] = "/tmp/config-test-XXXXXX";
static char document[] = "/tmp/process-test-XXXXXX";

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int fetch(const char *profile, struct credentials *c, struct error *e)
{
	const struct settings s = { .s3_profile = (char *)profile,
				    .s3_region = (char *)"eu-west-1",
				    .s3_ca_file = (char *)"",
				    .s3_proxy = (char *)"" };
	struct credential_provider *p = credentials_from_profile(&s);
	int rc = p->fetch(p, 0, c, e);

	p->free(p);
	return rc;
}

static void assert_keys(const char *profile, const char *token, int64_t expires_ms)
{
	struct credentials c;
	struct error e = { .text = "" };

	if (fetch(profile, &c, &e) != 0)
		fail_msg("%s", e.text);
	assert_string_equal(c.access_key_id, "AKIDTEST");
	assert_string_equal(c.secret_access_key, SECRET);
	assert_string_equal(c.session_token, token);
	assert_int_equal(c.expires_ms, expires_ms);
	credentials_wipe(&c);
}

/* text: the config file; the profile that is asked is "x". */
static void assert_refused(const char *text, const char *profile, enum error_action action, const char *says)
{
	struct credentials c;
	struct error e;

	put(config, text);
	assert_int_equal(fetch(profile, &c, &e), -1);
	if (e.action != action || strstr(e.text, says) == NULL)
		fail_msg("%d '%s' does not say '%s'", (int)e.action, e.text, says);
	assert_true(action != ERROR_GIVE_UP || e.code == 0);
	assert_null(strstr(e.text, SECRET));
	assert_null(c.access_key_id);
}

static int clean(void **state)
{
	(void)state;
	unsetenv("AWS_PROFILE");
	unsetenv("AWS_ACCESS_KEY_ID");
	unsetenv("AWS_SECRET_ACCESS_KEY");
	return 0;
}

static void keys_of_a_profile(void **state)
{
	(void)state;
	put(config, "[default]\n" KEYS "[profile x]\n" KEYS "aws_session_token = token\n");
	assert_keys("", "", INT64_MAX);
	assert_keys("x", "token", INT64_MAX);
	setenv("AWS_PROFILE", "x", 1);
	assert_keys("", "token", INT64_MAX);
	assert_keys("default", "", INT64_MAX);
	assert_refused("[profile x]\naws_secret_access_key = " SECRET "\n", "x", ERROR_WAIT_PERSON, "go together");
}

static void a_profile_that_is_not_there_or_says_nothing(void **state)
{
	(void)state;
	assert_refused("", "", ERROR_GIVE_UP, "not in '/tmp/config-test");
	assert_refused("[default]\nregion = r\n", "", ERROR_GIVE_UP, "no credentials");
	assert_refused("[default]\n" KEYS, "x", ERROR_WAIT_PERSON, "profile 'x': it is not in '/tmp/config-test");
	assert_refused("[profile x]\nregion = r\n", "x", ERROR_WAIT_PERSON, "profile 'x': it has no credentials");
	setenv("AWS_PROFILE", "x", 1);
	assert_refused("[default]\n" KEYS, "", ERROR_WAIT_PERSON, "profile 'x': it is not in");
	assert_refused("[profile x]\nregion = r\n", "", ERROR_GIVE_UP, "no credentials");
}

static void put_process(const char *json)
{
	char text[256];

	put(document, json);
	snprintf(text, sizeof(text), "[profile x]\ncredential_process = cat '%s'\n", document);
	put(config, text);
}

static void assert_process_refused(const char *json, const char *says)
{
	struct credentials c;
	struct error e;

	put_process(json);
	assert_int_equal(fetch("x", &c, &e), -1);
	if (strstr(e.text, says) == NULL || strstr(e.text, SECRET) != NULL)
		fail_msg("'%s' does not say '%s'", e.text, says);
	assert_int_not_equal(e.action, ERROR_GIVE_UP);
	assert_null(c.access_key_id);
}

static void what_a_process_prints(void **state)
{
	(void)state;
	put_process("{ \"Version\": 1, \"AccessKeyId\": \"AKIDTEST\", \"SecretAccessKey\": \"" SECRET "\" }");
	assert_keys("x", "", INT64_MAX);
	put_process("{ \"Version\": 1, \"AccessKeyId\": \"AKIDTEST\", \"SecretAccessKey\": \"" SECRET
		    "\",\n\"SessionToken\": \"t\", \"Expiration\": \"2026-01-02T03:04:05+00:00\" }\n");
	assert_keys("x", "t", INT64_C(1767323045000));
	assert_process_refused("", "credential_process: what came is no JSON object");
	assert_process_refused("{ \"Version\": 1, \"SecretAccessKey\": \"" SECRET "\" ", "no JSON object");
	assert_process_refused("{ \"AccessKeyId\": \"AKIDTEST\", \"SecretAccessKey\": \"" SECRET "\" }",
			       "no \"Version\": 1");
	assert_process_refused("{ \"Version\": 1, \"SecretAccessKey\": \"" SECRET "\" }",
			       "no AccessKeyId with a SecretAccessKey");
	assert_process_refused("{ \"Version\": 1, \"AccessKeyId\": \"AKIDTEST\", \"SecretAccessKey\": \"" SECRET
			       "\", \"Expiration\": \"tomorrow\" }",
			       "no Expiration that is a time");
	assert_refused("[profile x]\ncredential_process = false " SECRET "\n", "x", ERROR_WAIT_PERSON,
		       "profile 'x': credential_process: 'false' ended with status 1");
}

static void what_needs_a_person_is_refused(void **state)
{
	static const char *const signs_in[] = { "sso_session = a", "sso_start_url = https://a", "sso_account_id = 1",
						"login_session = a" };
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(signs_in) / sizeof(signs_in[0]); i++) {
		snprintf(text, sizeof(text), "[default]\n%s\n", signs_in[i]);
		assert_refused(text, "", ERROR_WAIT_PERSON,
			       "profile 'default': it signs in through a browser (SSO, \"aws login\")");
	}
	assert_refused("[profile x]\n" ROLE
		       "source_profile = y\nmfa_serial = arn:aws:iam::1:mfa/me\n[profile y]\n" KEYS,
		       "x", ERROR_WAIT_PERSON, "mfa_serial asks a person for a code");
}

static void roles_that_cannot_be(void **state)
{
	(void)state;
	assert_refused("[profile x]\n" ROLE, "x", ERROR_WAIT_PERSON, "role_arn needs one of source_profile");
	assert_refused("[profile x]\n" ROLE "source_profile = y\ncredential_source = Environment\n", "x",
		       ERROR_WAIT_PERSON, "role_arn needs one of source_profile");
	assert_refused("[profile x]\nsource_profile = y\n", "x", ERROR_WAIT_PERSON, "there is no role_arn");
	assert_refused("[profile x]\n" ROLE "credential_source = Magic\n", "x", ERROR_WAIT_PERSON,
		       "credential_source 'Magic' is none of");
	assert_refused("[profile x]\n" ROLE "source_profile = y\nduration_seconds = 60\n", "x", ERROR_WAIT_PERSON,
		       "duration_seconds must be");
	assert_refused("[profile x]\n" ROLE "source_profile = y\nduration_seconds = 1h\n", "x", ERROR_WAIT_PERSON,
		       "duration_seconds must be");
	assert_refused("[profile x]\n" ROLE "source_profile = y\n", "x", ERROR_WAIT_PERSON,
		       "profile 'y': it is not in");
	assert_refused("[profile x]\n" ROLE "source_profile = y\n[profile y]\nregion = r\n", "x", ERROR_WAIT_PERSON,
		       "profile 'y': it has no credentials");
	assert_refused("[profile x]\n" ROLE "credential_source = Environment\n", "x", ERROR_WAIT_PERSON,
		       "neither AWS_ACCESS_KEY_ID");
	assert_refused("[profile x]\n" ROLE "credential_source = EcsContainer\n", "x", ERROR_WAIT_PERSON,
		       "neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	assert_refused("[profile x]\n" ROLE "web_identity_token_file = /nonexistent/token\n", "x", ERROR_WAIT_PERSON,
		       "/nonexistent/token");
}

static void roles_that_go_round(void **state)
{
	(void)state;
	assert_refused("[profile x]\n" ROLE "source_profile = x\n", "x", ERROR_WAIT_PERSON,
		       "source_profile goes round: 'x' for 'x'");
	assert_refused("[profile x]\n" ROLE "source_profile = y\n[profile y]\n" ROLE "source_profile = z\n"
		       "[profile z]\n" ROLE "source_profile = x\n",
		       "x", ERROR_WAIT_PERSON, "source_profile goes round: 'x' for 'z' for 'y' for 'x'");
	assert_refused("[profile x]\n" KEYS ROLE "source_profile = y\n[profile y]\n" ROLE "source_profile = x\n", "x",
		       ERROR_WAIT_PERSON, "source_profile goes round: 'x' for 'y' for 'x'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(keys_of_a_profile, clean),
		cmocka_unit_test_setup(a_profile_that_is_not_there_or_says_nothing, clean),
		cmocka_unit_test_setup(what_a_process_prints, clean),
		cmocka_unit_test_setup(what_needs_a_person_is_refused, clean),
		cmocka_unit_test_setup(roles_that_cannot_be, clean),
		cmocka_unit_test_setup(roles_that_go_round, clean),
	};
	int rc;

	close(mkstemp(config));
	close(mkstemp(document));
	setenv("AWS_CONFIG_FILE", config, 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(config);
	unlink(document);
	return rc;
}
