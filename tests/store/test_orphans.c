/* SPDX-License-Identifier: Apache-2.0 */
/* Which uploads that others left behind are aborted, and when. */

#include "store/orphans.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/log.h"
#include "store/fake_s3.h"

#define HOUR INT64_C(3600000)
#define LEASE 5000
#define LATER 20000 /* than the pause between two rounds */
#define FOLDER "raw/table/dt=1970-01-01/hour=01/"
#define NO_TIME "raw/table/dt=__HIVE_DEFAULT_PARTITION__/hour=__HIVE_DEFAULT_PARTITION__/"
#define TOPIC FOLDER "topic+3+00000000000000000050+"

struct bench {
	struct fake_store store;
	struct s3 s3;
	struct upload_env env;
	struct settings settings;
	struct mailbox *events;
	struct writer *writers;
	struct orphans *orphans;
	int64_t now;
};

static void ignore_wake(void *arg)
{
	(void)arg;
}

static int setup(void **state)
{
	struct bench *b = mem_zalloc(sizeof(*b));

	log_set_level(LOG_LEVEL_ERROR);
	b->s3.store = &b->store;
	b->env = (struct upload_env){ .settings = &b->settings,
				      .s3 = &b->s3,
				      .codecs = codecs_new(),
				      .part_bytes = 100,
				      .block_bytes = 30,
				      .publish_max = FAKE_CALLS };
	b->settings.topic = (struct topic_settings){ .prefix = (char *)"raw",
						     .format = (char *)"json",
						     .compression = COMPRESSION_NONE,
						     .partition_by = PARTITION_BY_HOUR,
						     .key = (char *)"{prefix}/{table}/dt={dt}/hour={hour}/"
								    "{topic}+{partition}+{start}+{id}.{ext}",
						     .max_open_slots = 3,
						     .dead_letter_prefix = (char *)"dead" };
	b->events = mailbox_new();
	mailbox_waker(b->events, (struct waker){ ignore_wake, NULL });
	b->orphans = orphans_new(&b->s3);
	b->now = 100000;
	*state = b;
	return 0;
}

static struct writer *open_writer(struct bench *b, const char *topic, int32_t partition)
{
	struct assignment *a = assignment_new(topic, partition);
	struct writer *w;

	a->table = mem_strdup("table");
	a->group = mem_strdup("group");
	a->cluster = mem_strdup("cluster");
	memcpy(a->mark, "5c1f", 5);
	a->start = 100;
	chain_begin(&a->chain, "first");
	w = writer_new(&b->env, b->events, a);
	w->next = b->writers;
	b->writers = w;
	return w;
}

/* An intent was acknowledged just now. */
static void acknowledge(struct bench *b, struct writer *w)
{
	writer_publish(w, "0000000000000000", b->now + LEASE, b->now);
}

static struct writer *open_ours(struct bench *b, int32_t partition)
{
	struct writer *w = open_writer(b, "topic", partition);

	acknowledge(b, w);
	return w;
}

static struct fake_upload *upload(struct bench *b, const char *key)
{
	struct s3_call c = { .op = S3_CREATE, .key = key };

	fake_create(&b->store, &c);
	free(c.new_upload_id);
	return b->store.uploads;
}

/* As the uploader does it. */
static void answer(struct bench *b, struct s3_call *c)
{
	struct object *o = c->user;
	struct range *r;

	assert_true(fake_take(&b->s3, c));
	if (orphans_call_done(b->orphans, c, b->now))
		return;
	r = o->state != OBJECT_DROPPED ? o->owner : NULL;
	object_call_done(&b->env, c, b->now);
	if (r != NULL)
		writer_object_changed(r->writer, o, b->now);
}

static void perform(struct bench *b)
{
	struct s3_call *c = b->s3.calls[0];

	fake_perform(&b->store, c, b->now);
	answer(b, c);
}

/* Ticks until nothing more comes; the time goes on by ms each. */
static void run(struct bench *b, int64_t ms)
{
	for (int i = 0; i < 200; i++) {
		orphans_tick(b->orphans, b->writers, b->now);
		while (b->s3.n > 0) {
			assert_int_equal(b->s3.n, 1); /* one call at a time */
			perform(b);
		}
		b->now += ms;
	}
}

static int teardown(void **state)
{
	struct bench *b = *state;

	orphans_free(b->orphans);
	while (b->writers != NULL) {
		struct writer *w = b->writers;
		struct assignment *a = w->assignment;

		b->writers = w->next;
		writer_free(w, b->now);
		assignment_free(a);
	}
	while (b->s3.n > 0)
		perform(b);
	mailbox_free(b->events);
	fake_store_clear(&b->store);
	codecs_free(b->env.codecs);
	free(b);
	return 0;
}

static void test_which(void **state)
{
	static const char *const gone[] = {
		TOPIC "5c1f000000000001.json",
		TOPIC "5c1f000000000001.json",
		FOLDER "topic+4+00000000000000000100+5c1fffffffffffff.json",
		NO_TIME "topic+3+00000000000000000050+5c1f000000000001.json",
		"dead/table/dt=2026-11-22/hour=14/topic+3+00000000000000000050+5c1f000000000001.json",
	};
	static const char *const stay[] = {
		TOPIC "5c1e000000000001.json",                                /* of another group */
		FOLDER "topic+5+00000000000000000050+5c1f000000000001.json",  /* of a partition that is not ours */
		FOLDER "topic+33+00000000000000000050+5c1f000000000001.json", /* the same */
		FOLDER "topic2+3+00000000000000000050+5c1f000000000001.json", /* of another topic */
		FOLDER "other+3+00000000000000000050+5c1f000000000001.json",
		TOPIC "5c1f000000000001.json.gz", /* of other settings */
		TOPIC "5c1f00000000001.json",
		"raw/topic+3+5c1f000000000001",
		"elsewhere/5c1f",
	};
	const struct fake_upload *u[16];
	struct bench *b = *state;
	size_t n = 0;

	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		u[n++] = upload(b, gone[i]);
	for (size_t i = 0; i < sizeof(stay) / sizeof(stay[0]); i++)
		u[n++] = upload(b, stay[i]);
	open_ours(b, 3);
	open_ours(b, 4);
	open_writer(b, "other", 3); /* nothing proves yet that it is ours */
	run(b, 100);
	for (size_t i = 0; i < n; i++) {
		if (u[i]->open != (i >= sizeof(gone) / sizeof(gone[0])))
			fail_msg("\"%s\" is %s", u[i]->key, u[i]->open ? "still there" : "aborted");
	}
	assert_int_equal(b->store.lists, 2); /* the table's prefix and that of dead letters, for all partitions */
	run(b, LATER);
	assert_int_equal(b->store.lists, 2); /* once an assignment */
}

/* What this epoch has open or sealed is left alone, and so is everything while an intent is not published yet. */
static void test_alive(void **state)
{
	struct bench *b = *state;
	struct writer *w = open_writer(b, "topic", 3);
	struct fake_upload *planned = upload(b, TOPIC "5c1f00000000000a.json"), *open, *sealed;
	struct record r = { .kind = RECORD_DATA,
			    .assignment = w->assignment,
			    .offset = 100,
			    .timestamp_ms = HOUR,
			    .value = (const uint8_t *)"{}",
			    .value_len = 2 };
	char *key;

	w->assignment->n_plan = 1;
	w->assignment->plan[0] = (struct range_facts){ .id = "5c1f00000000000a", .start = 100, .end = 101 };
	acknowledge(b, w);
	run(b, 1);
	writer_add(w, &r, b->now); /* the recovered range is sealed */
	run(b, 1);
	assert_int_equal(b->store.lists, 0);
	writer_publish(w, "5c1f00000000000a", b->now + LEASE, b->now);
	perform(b);
	assert_null(w->sealed);
	r.offset = 101;
	writer_add(w, &r, b->now);
	writer_seal(w, ROLL_AGE, b->now);
	r.offset = 102;
	writer_add(w, &r, b->now);
	key = mem_printf(FOLDER "topic+3+00000000000000000101+%s.json", w->sealed->facts.id);
	sealed = upload(b, key);
	free(key);
	key = mem_printf(FOLDER "topic+3+00000000000000000102+%s.json", w->open->facts.id);
	open = upload(b, key);
	free(key);
	run(b, 100);
	assert_int_equal(b->store.lists, 2);
	assert_true(sealed->open && open->open);
	assert_false(planned->open); /* of a daemon that died with the intent: its objects are there without it */
}

/* Only while an acknowledgement proves that the partition is ours; without that, again after the next one. */
static void test_lease(void **state)
{
	struct bench *b = *state;
	struct writer *w = open_writer(b, "topic", 3);
	struct fake_upload *u = upload(b, TOPIC "5c1f000000000001.json");

	run(b, 100);
	assert_int_equal(b->store.lists, 0);
	acknowledge(b, w);
	orphans_tick(b->orphans, b->writers, b->now);
	fake_perform(&b->store, b->s3.calls[0], b->now);
	b->now += LEASE; /* frozen while the answer was on its way */
	answer(b, b->s3.calls[0]);
	run(b, 100);
	assert_true(u->open);
	acknowledge(b, w);
	run(b, 100);
	assert_false(u->open);
	assert_int_equal(b->store.lists, 4);
}

static void test_dropped(void **state)
{
	struct bench *b = *state;
	struct writer *w = open_ours(b, 3);
	struct fake_upload *u = upload(b, TOPIC "5c1f000000000001.json");

	orphans_tick(b->orphans, b->writers, b->now);
	atomic_store(&w->assignment->dropped, true);
	run(b, 100);
	assert_true(u->open);
}

static void test_pages(void **state)
{
	struct bench *b = *state;
	struct fake_upload *u;
	char key[128];

	b->store.page = 7;
	for (int i = 0; i < 30; i++) {
		snprintf(key, sizeof(key), TOPIC "5c1f0000000000%02d.json", i);
		upload(b, key);
	}
	open_ours(b, 3);
	run(b, 100);
	for (u = b->store.uploads; u != NULL; u = u->next)
		assert_int_equal(u->aborts, 1);
	assert_int_equal(b->store.lists, 6);
}

/* Said once, and left to a lifecycle rule. */
static void refused(struct bench *b, enum s3_op op)
{
	struct s3_call *c = b->s3.calls[0];

	assert_int_equal(b->s3.n, 1);
	assert_int_equal(c->op, op);
	c->result = S3_FAILED;
	error_set(&c->error, ERROR_WAIT_PERSON, 403, "no");
	answer(b, c);
	open_ours(b, 4);
	run(b, LATER);
	assert_int_equal(b->s3.n, 0);
}

static void test_list_refused(void **state)
{
	struct bench *b = *state;

	log_set_level(LOG_LEVEL_ERROR);
	open_ours(b, 3);
	orphans_tick(b->orphans, b->writers, b->now);
	refused(b, S3_LIST_UPLOADS);
	assert_int_equal(b->store.lists, 0);
}

static void test_abort_refused(void **state)
{
	struct bench *b = *state;

	upload(b, TOPIC "5c1f000000000001.json");
	upload(b, TOPIC "5c1f000000000002.json");
	open_ours(b, 3);
	orphans_tick(b->orphans, b->writers, b->now);
	perform(b);
	orphans_tick(b->orphans, b->writers, b->now);
	refused(b, S3_ABORT);
	assert_int_equal(b->store.lists, 1);
}

#define orphans_test(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		orphans_test(test_which),         orphans_test(test_alive), orphans_test(test_lease),
		orphans_test(test_dropped),       orphans_test(test_pages), orphans_test(test_list_refused),
		orphans_test(test_abort_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
