/* SPDX-License-Identifier: Apache-2.0 */
/* The providers by themselves and in the chain. */
#include "aws/credentials.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/credentials-test-XXXXXX";

static void put_file(const char *text)
{
	char next[sizeof(path) + 4];
	FILE *f;

	snprintf(next, sizeof(next), "%s.new", path);
	f = fopen(next, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(rename(next, path), 0);
}

static int fetch(struct credential_provider *p, struct credentials *c, struct error *e)
{
	return p->fetch(p, 0, c, e);
}

static void assert_keys(struct credential_provider *p, const char *id, const char *secret, const char *token)
{
	struct credentials c;
	struct error e;

	assert_int_equal(fetch(p, &c, &e), 0);
	assert_string_equal(c.access_key_id, id);
	assert_string_equal(c.secret_access_key, secret);
	assert_string_equal(c.session_token, token);
	assert_true(c.expires_ms == INT64_MAX);
	credentials_wipe(&c);
	assert_null(c.secret_access_key);
	credentials_wipe(&c);
}

static void assert_refused(struct credential_provider *p, enum error_action action, bool absent, const char *says)
{
	struct credentials c;
	struct error e;

	assert_int_equal(fetch(p, &c, &e), -1);
	assert_int_equal(e.action, action);
	assert_int_equal(e.code == 0, absent);
	if (strstr(e.text, says) == NULL)
		fail_msg("'%s' does not say '%s'", e.text, says);
	assert_null(c.access_key_id);
}

static int clean(void **state)
{
	(void)state;
	unsetenv("AWS_ACCESS_KEY_ID");
	unsetenv("AWS_SECRET_ACCESS_KEY");
	unsetenv("AWS_SESSION_TOKEN");
	unsetenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	unsetenv("AWS_CONTAINER_CREDENTIALS_FULL_URI");
	unsetenv("AWS_WEB_IDENTITY_TOKEN_FILE");
	unsetenv("AWS_PROFILE");
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	setenv("AWS_CONFIG_FILE", "/dev/null", 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
	return 0;
}

static struct settings settings_with(const char *id, const char *secret, const char *token, const char *file)
{
	return (struct settings){ .s3_access_key_id = (char *)id,
				  .s3_secret_access_key = (char *)secret,
				  .s3_session_token = (char *)token,
				  .s3_credentials_file = (char *)file,
				  .s3_profile = (char *)"",
				  .s3_region = (char *)"",
				  .s3_role_arn = (char *)"",
				  .s3_external_id = (char *)"",
				  .s3_role_session_name = (char *)"",
				  .s3_ca_file = (char *)"",
				  .s3_proxy = (char *)"" };
}

static struct credential_provider *from(const char *id, const char *secret, const char *token)
{
	struct settings s = settings_with(id, secret, token, "");

	return credentials_from_settings(&s);
}

static void settings_give_both_or_none(void **state)
{
	struct credential_provider *both = from("id", "secret", "token"), *none = from("", "", "");
	struct credential_provider *no_id = from("", "secret", ""), *no_secret = from("id", "", "");

	(void)state;
	assert_keys(both, "id", "secret", "token");
	assert_refused(none, ERROR_GIVE_UP, true, "neither s3.access_key_id nor");
	assert_refused(no_id, ERROR_WAIT_PERSON, false, "s3.secret_access_key is set without s3.access_key_id");
	assert_refused(no_secret, ERROR_WAIT_PERSON, false, "s3.access_key_id is set without s3.secret_access_key");
	both->free(both);
	none->free(none);
	no_id->free(no_id);
	no_secret->free(no_secret);
}

static void environment_gives_both_or_none(void **state)
{
	struct credential_provider *p = credentials_from_environment();

	(void)state;
	assert_refused(p, ERROR_GIVE_UP, true, "AWS_ACCESS_KEY_ID");
	setenv("AWS_ACCESS_KEY_ID", "eid", 1);
	assert_refused(p, ERROR_WAIT_PERSON, false, "AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY");
	setenv("AWS_SECRET_ACCESS_KEY", "esecret", 1);
	assert_keys(p, "eid", "esecret", "");
	setenv("AWS_SESSION_TOKEN", "etoken", 1);
	assert_keys(p, "eid", "esecret", "etoken");
	p->free(p);
}

static void the_file_is_read_by_its_syntax(void **state)
{
	struct credential_provider *p = credentials_from_file(path, "default");

	(void)state;
	put_file("# aws_access_key_id = no\n[other]\naws_access_key_id = other\naws_secret_access_key = other\r\n\r\n"
		 "[ default ]\r\n; comment = x\n  AWS_Access_Key_Id=AK=1  \r\naws_secret_access_key\t=\ta+b/c== \n"
		 "unknown = 1\nno equals sign\n[last]\naws_session_token = not-ours");
	assert_keys(p, "AK=1", "a+b/c==", "");
	p->free(p);
}

static void the_file_is_read_again_when_it_changes(void **state)
{
	struct credential_provider *p = credentials_from_file(path, "default");

	(void)state;
	put_file("[default]\naws_access_key_id=A1\naws_secret_access_key=S1\n");
	assert_keys(p, "A1", "S1", "");
	put_file("[default]\naws_access_key_id=A2\naws_secret_access_key=S2\naws_session_token=T2\n");
	assert_keys(p, "A2", "S2", "T2");
	p->free(p);
}

static void keys_outlive_a_file_that_is_away(void **state)
{
	struct credential_provider *p = credentials_from_file(path, "default");

	(void)state;
	put_file("[default]\naws_access_key_id=A1\naws_secret_access_key=S1\n");
	assert_keys(p, "A1", "S1", "");
	unlink(path);
	assert_keys(p, "A1", "S1", "");
	put_file("[default]\n");
	assert_keys(p, "A1", "S1", "");
	p->refresh(p);
	assert_refused(p, ERROR_WAIT_PERSON, false, "under [default]");
	unlink(path);
	assert_refused(p, ERROR_WAIT_PERSON, false, "cannot open");
	p->free(p);
}

static void the_chain_stops_at_the_first_that_applies(void **state)
{
	struct settings s = settings_with("id", "secret", "", path);
	struct credential_provider *p = credentials_default(&s);

	(void)state;
	put_file("[default]\naws_access_key_id=file\naws_secret_access_key=S1\n");
	setenv("AWS_ACCESS_KEY_ID", "env", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "esecret", 1);
	assert_keys(p, "id", "secret", "");
	p->free(p);
	s.s3_access_key_id = s.s3_secret_access_key = (char *)"";
	p = credentials_default(&s);
	assert_true(p->quick);
	assert_keys(p, "file", "S1", "");
	p->refresh(p);
	unlink(path);
	assert_refused(p, ERROR_WAIT_PERSON, false, "credentials from credentials_file: cannot open");
	p->free(p);
	s.s3_credentials_file = (char *)"";
	p = credentials_default(&s);
	assert_keys(p, "env", "esecret", "");
	p->free(p);
	clean(NULL);
	p = credentials_default(&s);
	assert_refused(
		p, ERROR_GIVE_UP, true,
		"no credentials (asked: settings, environment, profile, web identity, container, instance metadata: "
		"AWS_EC2_METADATA_DISABLED is set): set");
	p->free(p);
}

static void a_profile_that_the_settings_name_goes_before_the_environment(void **state)
{
	struct settings s = settings_with("", "", "", "");
	struct credential_provider *p;

	(void)state;
	put_file("[default]\naws_access_key_id=no\naws_secret_access_key=no\n"
		 "[x]\naws_access_key_id=profile\naws_secret_access_key=S1\n");
	setenv("AWS_ACCESS_KEY_ID", "env", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "esecret", 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", path, 1);
	s.s3_profile = (char *)"x";
	p = credentials_default(&s);
	assert_keys(p, "profile", "S1", "");
	p->free(p);
	s.s3_profile = (char *)"y";
	p = credentials_default(&s);
	assert_refused(p, ERROR_WAIT_PERSON, false,
		       "credentials from profile: profile 'y': it is not in '/dev/null' and");
	assert_refused(p, ERROR_WAIT_PERSON, false, "; there are none in: settings");
	p->free(p);
	s.s3_profile = (char *)"x";
	s.s3_credentials_file = path;
	p = credentials_default(&s);
	assert_true(p->quick);
	assert_keys(p, "profile", "S1", "");
	p->free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(settings_give_both_or_none, clean),
		cmocka_unit_test_setup(environment_gives_both_or_none, clean),
		cmocka_unit_test_setup(the_file_is_read_by_its_syntax, clean),
		cmocka_unit_test_setup(the_file_is_read_again_when_it_changes, clean),
		cmocka_unit_test_setup(keys_outlive_a_file_that_is_away, clean),
		cmocka_unit_test_setup(the_chain_stops_at_the_first_that_applies, clean),
		cmocka_unit_test_setup(a_profile_that_the_settings_name_goes_before_the_environment, clean),
	};
	int fd = mkstemp(path), rc;

	if (fd < 0)
		return 1;
	close(fd);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return rc;
}
