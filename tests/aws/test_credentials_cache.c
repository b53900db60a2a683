/* SPDX-License-Identifier: Apache-2.0 */
/* The cache over a source that answers what the test says, when it says so. */
#include "aws/credentials_cache.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "aws/exchange.h"
#include "base/clock.h"
#include "base/mem.h"

#define PATIENCE_MS 120000
#define FORCED_MS 3000
#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)

/* The source. What it gives is its number of answers as the key, or an error. */
static struct {
	pthread_mutex_t lock;
	bool closed; /* answers wait */
	bool fails;
	int64_t life_ms; /* INT64_MAX: for ever */
	int asked, answered, forgot, freed;
	int64_t answered_ms, shortest_gap_ms; /* between an answer and the next question */
} source = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool is_closed(void)
{
	bool closed;

	pthread_mutex_lock(&source.lock);
	closed = source.closed;
	pthread_mutex_unlock(&source.lock);
	return closed;
}

static int source_fetch(struct credential_provider *p, int64_t now_real_ms, struct credentials *out, struct error *e)
{
	int rc = 0;

	(void)p;
	*out = (struct credentials){ .expires_ms = 0 };
	pthread_mutex_lock(&source.lock);
	if (source.asked++ > 0 && clock_boot_ms() - source.answered_ms < source.shortest_gap_ms)
		source.shortest_gap_ms = clock_boot_ms() - source.answered_ms;
	pthread_mutex_unlock(&source.lock);
	while (is_closed() && !exchange_stopped())
		usleep(1000);
	pthread_mutex_lock(&source.lock);
	source.answered++;
	source.answered_ms = clock_boot_ms();
	if (source.fails) {
		rc = error_set(e, ERROR_RETRY, 503, "the source says no");
	} else {
		out->access_key_id = mem_printf("key %d", source.answered);
		out->secret_access_key = mem_strdup("secret");
		out->session_token = mem_strdup("token");
		out->expires_ms = source.life_ms == INT64_MAX ? INT64_MAX : now_real_ms + source.life_ms;
	}
	pthread_mutex_unlock(&source.lock);
	return rc;
}

static void source_forget(struct credential_provider *p)
{
	(void)p;
	pthread_mutex_lock(&source.lock);
	source.forgot++;
	pthread_mutex_unlock(&source.lock);
}

static void source_free(struct credential_provider *p)
{
	(void)p;
	source.freed++;
}

static struct credential_provider slow = {
	.name = "source", .fetch = source_fetch, .refresh = source_forget, .free = source_free
};

static struct credential_provider *begin(int64_t life_ms, bool closed)
{
	pthread_mutex_lock(&source.lock);
	source.closed = closed;
	source.fails = false;
	source.life_ms = life_ms;
	source.asked = source.answered = source.forgot = source.freed = 0;
	source.shortest_gap_ms = INT64_MAX;
	pthread_mutex_unlock(&source.lock);
	return credentials_cache(&slow, NULL);
}

static void set(bool closed, bool fails)
{
	pthread_mutex_lock(&source.lock);
	source.closed = closed;
	source.fails = fails;
	pthread_mutex_unlock(&source.lock);
}

static int locked(const int *n)
{
	int now;

	pthread_mutex_lock(&source.lock);
	now = *n;
	pthread_mutex_unlock(&source.lock);
	return now;
}

static int answers(void)
{
	return locked(&source.answered);
}

static int questions(void)
{
	return locked(&source.asked);
}

static void await_answers(int n)
{
	const int64_t until = clock_boot_ms() + PATIENCE_MS;

	while (answers() < n) {
		assert_true(clock_boot_ms() < until);
		usleep(1000);
	}
}

/* The key that is had, or what stands in its way. */
static const char *key(struct credential_provider *p, int64_t now_real_ms, struct error *e)
{
	static char text[64];
	struct credentials c;

	if (p->fetch(p, now_real_ms, &c, e) != 0) {
		assert_null(c.access_key_id);
		return NULL;
	}
	snprintf(text, sizeof(text), "%s", c.access_key_id);
	assert_string_equal(c.session_token, "token");
	credentials_wipe(&c);
	return text;
}

static void await_key(struct credential_provider *p, const char *want)
{
	const int64_t until = clock_boot_ms() + PATIENCE_MS;
	struct error e;
	const char *got;

	while ((got = key(p, clock_real_ms(), &e)) == NULL || strcmp(got, want) != 0) {
		assert_true(clock_boot_ms() < until);
		usleep(1000);
	}
}

static void when_it_is_asked_again(void **state)
{
	const int64_t now = 1700000000000;

	(void)state;
	assert_true(credentials_ask_in_ms(INT64_MAX, now) == INT64_MAX);
	assert_true(credentials_ask_in_ms(now + HOUR_MS, now) == 45 * MINUTE_MS);
	assert_true(credentials_ask_in_ms(now + 30 * MINUTE_MS, now) == 15 * MINUTE_MS);
	assert_true(credentials_ask_in_ms(now + 10 * MINUTE_MS, now) == 5 * MINUTE_MS);
	for (int64_t life = -HOUR_MS; life < HOUR_MS; life += 100)
		assert_true(credentials_ask_in_ms(now + life, now) >= 1000);
}

static void nobody_waits_for_the_first_ones(void **state)
{
	struct credential_provider *p = begin(INT64_MAX, true);
	struct error e;

	(void)state;
	assert_null(key(p, clock_real_ms(), &e));
	assert_int_equal(e.action, ERROR_RETRY);
	assert_int_equal(e.code, EAGAIN);
	set(false, false);
	await_key(p, "key 1");
	p->free(p);
	assert_int_equal(source.freed, 1);
	assert_int_equal(source.asked, 1);
}

static void a_source_that_fails_is_asked_again(void **state)
{
	struct credential_provider *p = begin(INT64_MAX, true);
	struct error e;

	(void)state;
	set(false, true);
	await_answers(1);
	while (key(p, clock_real_ms(), &e) == NULL && e.code == EAGAIN)
		usleep(1000);
	assert_int_equal(e.code, 503);
	assert_string_equal(e.text, "the source says no");
	set(false, false);
	await_key(p, "key 2");
	p->free(p);
}

static void old_ones_are_used_while_new_ones_fail(void **state)
{
	const int64_t now_real = clock_real_ms(), until = clock_boot_ms() + PATIENCE_MS;
	struct credential_provider *p = begin(2000, false);
	struct error e;

	(void)state;
	await_key(p, "key 1");
	set(false, true);
	/* While the last answer was one, they are good whatever the time is here. */
	while (key(p, now_real + HOUR_MS, &e) != NULL) {
		assert_true(clock_boot_ms() < until);
		usleep(1000);
	}
	assert_string_equal(e.text, "the source says no");
	assert_non_null(key(p, now_real, &e));
	p->free(p);
}

static void short_lives_are_renewed(void **state)
{
	struct credential_provider *p = begin(2000, false);

	(void)state;
	await_answers(2);
	p->free(p);
	assert_true(source.shortest_gap_ms >= 1000);
}

/* What a source gives that has ended already, as IMDS does when it has no new ones, is used, without haste. */
static void past_ones_are_used(void **state)
{
	struct credential_provider *p = begin(-HOUR_MS, false);

	(void)state;
	await_key(p, "key 1");
	p->free(p);
	assert_int_equal(source.asked, 1);
}

static void *want(void *arg)
{
	struct credential_provider *p = arg;
	const int64_t until = clock_boot_ms() + PATIENCE_MS;
	struct credentials c;
	struct error e;

	while (answers() < 2 && clock_boot_ms() < until) {
		p->refresh(p);
		if (p->fetch(p, clock_real_ms(), &c, &e) == 0)
			credentials_wipe(&c);
		usleep(1000);
	}
	p->free(p);
	return NULL;
}

static void many_who_want_it_want_one(void **state)
{
	struct credential_provider *p = begin(INT64_MAX, false);
	pthread_t threads[8];

	(void)state;
	for (int i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, want, credentials_hold(p)), 0);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(source.freed, 0);
	p->free(p);
	assert_int_equal(source.freed, 1);
	assert_int_equal(source.asked, 2);
	assert_true(source.forgot >= 1); /* the first one too, if it was wanted before it was asked for */
	assert_true(source.shortest_gap_ms >= FORCED_MS);
}

static void a_stop_waits_for_no_source(void **state)
{
	struct credential_provider *p = begin(INT64_MAX, true);
	const int64_t until = clock_boot_ms() + PATIENCE_MS;
	struct error e;

	(void)state;
	while (questions() == 0) {
		assert_true(clock_boot_ms() < until);
		usleep(1000);
	}
	assert_null(key(p, clock_real_ms(), &e));
	p->free(p);
	assert_int_equal(source.freed, 1);
}

static struct settings with(const char *id, const char *file)
{
	return (struct settings){ .s3_access_key_id = (char *)id,
				  .s3_secret_access_key = (char *)id,
				  .s3_session_token = (char *)"token",
				  .s3_credentials_file = (char *)file,
				  .s3_profile = (char *)"",
				  .s3_region = (char *)"",
				  .s3_role_arn = (char *)"",
				  .s3_external_id = (char *)"",
				  .s3_role_session_name = (char *)"",
				  .s3_ca_file = (char *)"",
				  .s3_proxy = (char *)"" };
}

static void quick_sources_are_asked_by_whoever_fetches(void **state)
{
	struct settings s = with("id", "");
	struct credential_provider *p = credentials_shared(&s, NULL);
	struct error e;

	(void)state;
	assert_string_equal(key(p, clock_real_ms(), &e), "id");
	p->refresh(p);
	p->free(p);
}

/* What the old sources gave is not used under the new settings, and the other way round. */
static void other_settings_are_other_sources(void **state)
{
	struct settings none = with("", ""), one = with("1", ""), two = with("2", "");
	struct credential_provider *p = begin(INT64_MAX, false);
	struct error e;

	(void)state;
	await_key(p, "key 1");
	credentials_change(p, &none, &one);
	assert_string_equal(key(p, clock_real_ms(), &e), "1");
	credentials_change(p, &one, &two);
	assert_string_equal(key(p, clock_real_ms(), &e), "2");
	credentials_change(p, &two, &two);
	assert_string_equal(key(p, clock_real_ms(), &e), "2");
	p->free(p);
	assert_int_equal(source.freed, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(when_it_is_asked_again),
		cmocka_unit_test(nobody_waits_for_the_first_ones),
		cmocka_unit_test(a_source_that_fails_is_asked_again),
		cmocka_unit_test(old_ones_are_used_while_new_ones_fail),
		cmocka_unit_test(short_lives_are_renewed),
		cmocka_unit_test(past_ones_are_used),
		cmocka_unit_test(many_who_want_it_want_one),
		cmocka_unit_test(a_stop_waits_for_no_source),
		cmocka_unit_test(quick_sources_are_asked_by_whoever_fetches),
		cmocka_unit_test(other_settings_are_other_sources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
