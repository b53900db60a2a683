/* SPDX-License-Identifier: Apache-2.0 */
/* What the start asks of S3, how often, and what it says while the answer is no. */

#include "store/probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/log.h"
#include "store/fake_s3.h"

#define CAP_MS 20000

struct bench {
	struct fake_store store;
	struct s3 s3;
	struct settings settings;
	struct probe *probe;
	int64_t now;
};

static struct topic_settings under(const char *prefix, const char *sse)
{
	return (struct topic_settings){
		.prefix = (char *)prefix, .storage_class = (char *)"", .sse = (char *)sse, .kms_key_id = (char *)""
	};
}

static int setup(void **state)
{
	struct bench *b = mem_zalloc(sizeof(*b));

	log_set_level(LOG_LEVEL_ERROR);
	b->s3.store = &b->store;
	b->settings.s3_bucket = (char *)"lake";
	b->settings.topic = under("raw", "");
	b->now = 100000;
	*state = b;
	return 0;
}

static void begin(struct bench *b)
{
	b->probe = probe_new(&b->s3, &b->settings);
}

static int teardown(void **state)
{
	struct bench *b = *state;

	probe_free(b->probe);
	fake_store_clear(&b->store);
	free(b->settings.overrides);
	free(b);
	return 0;
}

/* The call that is out: there is one at most. */
static struct s3_call *out(struct bench *b)
{
	probe_tick(b->probe, b->now);
	assert_true(b->s3.n <= 1);
	return b->s3.n == 1 ? b->s3.calls[0] : NULL;
}

static void answer(struct bench *b, struct s3_call *c)
{
	assert_true(fake_take(&b->s3, c));
	assert_true(probe_call_done(b->probe, c, b->now));
}

static void grant(struct bench *b)
{
	struct s3_call *c = out(b);

	assert_non_null(c);
	fake_perform(&b->store, c, b->now);
	answer(b, c);
}

static void refuse(struct bench *b, int status)
{
	struct s3_call *c = out(b);

	assert_non_null(c);
	c->result = S3_FAILED;
	error_set(&c->error, ERROR_WAIT_PERSON, status, "%d of the store", status);
	answer(b, c);
}

static bool worked(struct bench *b, const char *text)
{
	char trouble[ERROR_TEXT_MAX];
	bool yes = probe_worked(b->probe, trouble);

	if (strstr(trouble, text) == NULL)
		fail_msg("\"%s\" is not in: %s", text, trouble);
	return yes;
}

static void one_upload_is_begun_and_aborted(void **state)
{
	struct bench *b = *state;

	begin(b);
	assert_false(worked(b, ""));
	assert_false(probe_is_open(b->probe));
	grant(b);
	assert_false(worked(b, ""));
	assert_true(probe_is_open(b->probe));
	grant(b);
	assert_true(worked(b, ""));
	assert_false(probe_is_open(b->probe));
	assert_null(out(b)); /* and no more is asked */
	assert_string_equal(b->store.uploads->key, "raw/_kafka2s3_start");
	assert_int_equal(b->store.uploads->aborts, 1);
	assert_int_equal(b->store.creates, 1);
	assert_null(b->store.objects);
}

/* Those of overrides, each once, with their encryption; no more than 8. */
static void each_prefix_is_asked_once(void **state)
{
	static const char *const prefixes[] = { "a", "raw", "b", "", "a", "c", "d", "e", "f", "g", "h" };
	const size_t n = sizeof(prefixes) / sizeof(prefixes[0]);
	struct bench *b = *state;
	int open = 0;

	b->settings.n_overrides = n;
	b->settings.overrides = mem_array(n, sizeof(*b->settings.overrides));
	for (size_t i = 0; i < n; i++)
		b->settings.overrides[i].topic = under(prefixes[i], i == 2 ? "aws:kms" : "");
	begin(b);
	for (int i = 0; i < PROBE_MAX_PREFIXES; i++) {
		struct s3_call *c = out(b);

		assert_string_equal(c->topic->sse, strncmp(c->key, "b/", 2) == 0 ? "aws:kms" : "");
		assert_false(worked(b, ""));
		grant(b);
		grant(b);
	}
	assert_true(worked(b, ""));
	assert_null(out(b));
	assert_int_equal(b->store.creates, PROBE_MAX_PREFIXES);
	for (const struct fake_upload *u = b->store.uploads; u != NULL; u = u->next)
		open += u->open;
	assert_int_equal(open, 0);
	assert_non_null(fake_upload(&b->store, "upload-4"));
	assert_string_equal(fake_upload(&b->store, "upload-4")->key, "_kafka2s3_start"); /* the bucket's root */
}

static void a_refusal_is_told_and_asked_again(void **state)
{
	struct bench *b = *state;
	int64_t waited = 0;

	begin(b);
	refuse(b, 403);
	assert_false(worked(b, "\"raw/_kafka2s3_start\": 403 of the store"));
	assert_null(out(b)); /* not at once */
	for (int i = 0; i < 50; i++) {
		b->now += CAP_MS;
		refuse(b, 404);
	}
	assert_false(worked(b, "\"raw/_kafka2s3_start\": 404 of the store"));
	while (out(b) == NULL) {
		b->now += 100;
		waited += 100;
	}
	assert_true(waited <= CAP_MS);
	grant(b);
	refuse(b, 403);
	assert_false(worked(b, "\"raw/_kafka2s3_start\": 403 of the store"));
	b->now += CAP_MS;
	grant(b);
	assert_true(worked(b, ""));
	assert_int_equal(b->store.creates, 1); /* the upload that could not be aborted is the one that was */
	assert_int_equal(b->store.uploads->aborts, 1);
}

static void what_is_retried_inside_is_said(void **state)
{
	struct bench *b = *state;

	begin(b);
	b->s3.trouble = "503 SlowDown, 3 attempts";
	assert_non_null(out(b));
	assert_false(worked(b, "503 SlowDown, 3 attempts"));
}

static void none_is_fine(void **state)
{
	struct bench *b = *state;
	struct s3_call other;

	probe_tick(NULL, b->now);
	assert_false(probe_call_done(NULL, &other, b->now));
	assert_false(probe_is_open(NULL));
	begin(b);
	assert_false(probe_call_done(b->probe, &other, b->now));
}

#define probe_test(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		probe_test(one_upload_is_begun_and_aborted),
		probe_test(each_prefix_is_asked_once),
		probe_test(a_refusal_is_told_and_asked_again),
		probe_test(what_is_retried_inside_is_said),
		probe_test(none_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
