/* SPDX-License-Identifier: Apache-2.0 */

#include "store/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/log.h"
#include "encode/fingerprint.h"
#include "store/fake_s3.h"
#include "support/dice.h"

#define HOUR INT64_C(3600000)
#define PART_BYTES 100
#define LONG 40 /* a line of this length: three make a part */

/* A writer between a fake S3 and the mailbox of its events. */
struct bench {
	struct fake_store store;
	struct s3 s3;
	struct upload_env env;
	struct settings settings, fresh;
	struct mailbox *events;
	struct assignment *a;
	struct writer *w;
	int64_t now;
	int blocks;
};

static void ignore_wake(void *arg)
{
	(void)arg;
}

static void count_block(void *arg)
{
	struct bench *b = arg;

	b->blocks++;
}

static void open_writer(struct bench *b)
{
	b->w = writer_new(&b->env, b->events, b->a);
}

static int setup(void **state)
{
	struct bench *b = mem_zalloc(sizeof(*b));

	log_set_level(LOG_LEVEL_ERROR);
	b->s3.store = &b->store;
	b->env = (struct upload_env){ .settings = &b->settings,
				      .s3 = &b->s3,
				      .codecs = codecs_new(),
				      .part_bytes = PART_BYTES,
				      .block_bytes = 30,
				      .publish_max = FAKE_CALLS,
				      .after_block = count_block,
				      .after_block_arg = b };
	buf_init(&b->env.scratch, 1 << 20);
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
	b->a = assignment_new("topic", 3);
	b->a->partition = (struct partition *)b;
	b->a->epoch = 77;
	b->a->table = mem_strdup("table");
	b->a->group = mem_strdup("group");
	b->a->cluster = mem_strdup("cluster");
	memcpy(b->a->mark, "5c1f", 5);
	b->a->fingerprint = 4711;
	b->a->start = 100;
	chain_begin(&b->a->chain, "first");
	b->now = 1000;
	*state = b;
	return 0;
}

/* Answer the i-th call in flight as it was performed, the way the uploader does. */
static void answer(struct bench *b, struct s3_call *c)
{
	struct object *o = c->user;
	struct range *r = o->state != OBJECT_DROPPED ? o->owner : NULL;

	assert_true(fake_take(&b->s3, c));
	object_call_done(&b->env, c, b->now);
	if (r != NULL)
		writer_object_changed(r->writer, o, b->now);
}

static void answer_as(struct bench *b, struct s3_call *c, enum s3_result result)
{
	c->result = result;
	if (result == S3_FAILED)
		error_set(&c->error, ERROR_WAIT_PERSON, 403, "no");
	answer(b, c);
}

static void perform(struct bench *b, size_t i)
{
	struct s3_call *c = b->s3.calls[i];

	assert_in_range(i, 0, b->s3.n - 1);
	fake_perform(&b->store, c, b->now);
	answer(b, c);
}

static void perform_all(struct bench *b)
{
	while (b->s3.n > 0)
		perform(b, 0);
}

/* Everything is given back: no bytes, no objects, and each upload ended once, by its Complete or by one abort. */
static void drop_writer(struct bench *b)
{
	writer_free(b->w, b->now);
	b->w = NULL;
	assert_null(b->a->writer);
	perform_all(b);
	assert_null(b->env.closing);
	assert_int_equal(b->env.open_bytes, 0);
	assert_int_equal(b->env.moving_bytes, 0);
	assert_int_equal(b->env.n_open, 0);
	for (const struct fake_upload *u = b->store.uploads; u != NULL; u = u->next) {
		assert_false(u->open);
		assert_in_range(u->aborts, 0, 1);
	}
}

static int teardown(void **state)
{
	struct bench *b = *state;

	if (b->w != NULL)
		drop_writer(b);
	mailbox_free(b->events);
	assignment_free(b->a);
	fake_store_clear(&b->store);
	codecs_free(b->env.codecs);
	buf_free(&b->env.scratch);
	free(b);
	return 0;
}

static void add_long(struct bench *b, int64_t offset, int64_t timestamp_ms, uint32_t len)
{
	static const uint8_t value[] = "{}";

	writer_add(b->w,
		   &(struct record){ .kind = RECORD_DATA,
				     .assignment = b->a,
				     .offset = offset,
				     .timestamp_ms = timestamp_ms,
				     .value = value,
				     .value_len = len },
		   b->now);
}

static void add(struct bench *b, int64_t offset)
{
	add_long(b, offset, HOUR, 2);
}

static void add_dead(struct bench *b, int64_t offset, int64_t timestamp_ms)
{
	writer_add(b->w,
		   &(struct record){ .kind = RECORD_DATA,
				     .assignment = b->a,
				     .offset = offset,
				     .timestamp_ms = timestamp_ms,
				     .value = (const uint8_t *)"!",
				     .value_len = 1 },
		   b->now);
}

static void add_tombstone(struct bench *b, int64_t offset)
{
	writer_add(b->w,
		   &(struct record){ .kind = RECORD_DATA, .assignment = b->a, .offset = offset, .timestamp_ms = HOUR },
		   b->now);
}

static void add_end(struct bench *b, int64_t offset)
{
	writer_add(b->w,
		   &(struct record){ .kind = RECORD_END, .assignment = b->a, .offset = offset, .timestamp_ms = -1 },
		   b->now);
}

static void expect_none(struct bench *b)
{
	struct message m;

	if (mailbox_take(b->events, &m))
		fail_msg("an event of kind %d that nobody expects", (int)m.kind);
}

static struct message expect(struct bench *b, enum message_kind kind)
{
	struct message m;

	assert_true(mailbox_take(b->events, &m));
	assert_int_equal(m.kind, kind);
	assert_ptr_equal(m.partition, b);
	assert_int_equal(m.epoch, 77);
	return m;
}

static struct range_facts expect_sealed(struct bench *b, int64_t start, int64_t end, enum roll_reason reason,
					int objects)
{
	struct message m = expect(b, EVENT_SEALED);

	assert_int_equal(m.facts.start, start);
	assert_int_equal(m.facts.end, end);
	assert_string_equal(roll_reason_name(m.reason), roll_reason_name(reason));
	assert_int_equal(m.facts.objects, objects);
	return m.facts;
}

static void expect_published(struct bench *b, const struct range_facts *f)
{
	assert_string_equal(expect(b, EVENT_PUBLISHED).range_id, f->id);
}

static void publish(struct bench *b, const struct range_facts *f)
{
	writer_publish(b->w, f->id, INT64_MAX, b->now);
}

static void assert_object(const struct bench *b, const struct range_facts *f, const char *folder, const char *ext,
			  const char *body)
{
	char *key = mem_printf("%s/topic+3+%020" PRId64 "+%s.%s", folder, f->start, f->id, ext);
	struct fake_object *o = fake_find(&b->store, key);

	if (o == NULL)
		fail_msg("no object \"%s\"", key);
	else
		assert_string_equal(buf_str(&o->body), body);
	free(key);
}

static void assert_metadata(const struct bench *b, const struct range_facts *f, const char *name, const char *value)
{
	char found[256];
	int n = 0;

	for (const struct fake_object *o = b->store.objects; o != NULL; o = o->next) {
		if (strstr(o->key, f->id) == NULL)
			continue;
		n++;
		if (value == NULL) {
			assert_false(fake_metadata_value(o->metadata, name, found, sizeof(found)));
		} else {
			assert_true(fake_metadata_value(o->metadata, name, found, sizeof(found)));
			assert_string_equal(found, value);
		}
	}
	assert_int_equal(n, f->objects);
}

#define FIRST_HOUR "raw/table/dt=1970-01-01/hour=01"
#define SECOND_HOUR "raw/table/dt=1970-01-01/hour=02"

/* ---- one range */

static void test_one_range(void **state)
{
	struct bench *b = *state;
	struct range_facts f;

	b->settings.topic.roll_records = 3;
	open_writer(b);
	add(b, 100);
	add(b, 101);
	expect_none(b);
	add(b, 105); /* a gap is no error */
	f = expect_sealed(b, 100, 106, ROLL_RECORDS, 1);
	assert_int_equal(f.landed, 3);
	assert_int_equal(f.dead, 0);
	assert_int_equal(f.skipped, 0);
	assert_int_equal(f.fingerprint, 4711);
	assert_memory_equal(f.id, "5c1f", 4);
	assert_int_equal(strspn(f.id, "0123456789abcdef"), 16);
	assert_true(f.bytes >= 12);
	assert_int_equal(b->s3.n, 0); /* nothing goes out before the intent is acknowledged */
	publish(b, &f);
	assert_int_equal(b->s3.n, 1);
	assert_int_equal(b->s3.calls[0]->op, S3_PUT);
	assert_string_equal(b->s3.calls[0]->content_type, "application/x-ndjson");
	expect_none(b);
	perform(b, 0);
	expect_published(b, &f);
	assert_object(b, &f, FIRST_HOUR, "json", "100\n101\n105\n");
	assert_metadata(b, &f, "range-id", f.id);
	assert_metadata(b, &f, "group", "group");
	assert_metadata(b, &f, "cluster", "cluster");
	assert_metadata(b, &f, "chain-begins", "first");
	assert_metadata(b, &f, "previous", NULL);
	assert_metadata(b, &f, "skipped", NULL);
	drop_writer(b);
	assert_int_equal(b->store.creates, 0);
}

/* ---- generations of settings */

/* The next generation: the same, until the test changes it. */
static void renew(struct bench *b)
{
	b->fresh = b->settings;
	atomic_store(&b->fresh.more_holders, 0);
	b->env.settings = &b->fresh;
}

/* What is open keeps what it began with; nobody holds the old ones when all of them is gone. */
static void test_new_settings_from_the_next_range_on(void **state)
{
	struct bench *b = *state;
	struct range_facts first, second;

	b->settings.topic.roll_records = 3;
	open_writer(b);
	add(b, 100);
	renew(b);
	b->fresh.topic.roll_records = 1;
	add(b, 101);
	writer_tick(b->w, b->now);
	expect_none(b);
	add(b, 102);
	first = expect_sealed(b, 100, 103, ROLL_RECORDS, 1);
	add(b, 103);
	second = expect_sealed(b, 103, 104, ROLL_RECORDS, 1);
	assert_int_not_equal(atomic_load(&b->settings.more_holders), 0);
	publish(b, &first);
	perform_all(b);
	expect_published(b, &first);
	assert_int_equal(atomic_load(&b->settings.more_holders), 0);
	publish(b, &second);
	perform_all(b);
	expect_published(b, &second);
	drop_writer(b);
	assert_int_equal(atomic_load(&b->fresh.more_holders), 0);
}

/* A call that is still out holds what it was made by, though the writer is gone. */
static void test_settings_outlive_their_writer(void **state)
{
	struct bench *b = *state;

	open_writer(b);
	for (int64_t offset = 100; b->s3.n == 0; offset++)
		add_long(b, offset, HOUR, LONG);
	renew(b);
	writer_free(b->w, b->now);
	b->w = NULL;
	assert_int_not_equal(atomic_load(&b->settings.more_holders), 0);
	perform_all(b);
	assert_int_equal(atomic_load(&b->settings.more_holders), 0);
}

static char *named[] = { (char *)"topic:3:104", (char *)"topic:3:101", (char *)"topic:4:102" };
static char *named_later[] = { (char *)"topic:3:110" };

static void test_skip(void **state)
{
	struct bench *b = *state;
	struct range_facts f;
	struct skip k;

	b->settings.topic.roll_records = 3;
	b->settings.kafka_skip = (struct string_list){ named, 3 };
	skip_init(&k, &b->settings, "topic", 3);
	open_writer(b);
	add(b, 100);
	add(b, 101);
	add(b, 102);
	f = expect_sealed(b, 100, 103, ROLL_RECORDS, 2);
	assert_int_equal(f.landed, 2);
	assert_int_equal(f.dead, 1);
	assert_true(f.fingerprint == fingerprint_of_range(4711, &k, 100, 103) && f.fingerprint != 4711);
	publish(b, &f);
	perform_all(b);
	expect_published(b, &f);
	assert_object(b, &f, FIRST_HOUR, "json", "100\n102\n");
	assert_object(b, &f, "dead/table/dt=1970-01-01/hour=01", "json", "101 skip\n");
	add_tombstone(b, 104); /* whatever it is */
	renew(b);
	b->fresh.kafka_skip = (struct string_list){ named_later, 1 };
	add(b, 105);
	add(b, 106);
	f = expect_sealed(b, 103, 107, ROLL_RECORDS, 2);
	assert_int_equal(f.dead, 1);
	assert_int_equal(f.skipped, 0);
	assert_true(f.fingerprint == fingerprint_of_range(4711, &k, 103, 107) && f.fingerprint != 4711);
	add(b, 107);
	add(b, 108);
	add(b, 109);
	assert_int_equal(expect_sealed(b, 107, 110, ROLL_RECORDS, 1).fingerprint, 4711);
	add(b, 110);
	add(b, 111);
	add(b, 112);
	assert_int_equal(expect_sealed(b, 110, 113, ROLL_RECORDS, 2).dead, 1);
	skip_free(&k);
}

static void test_offsets_rise(void **state)
{
	struct bench *b = *state;
	struct range_facts f;

	open_writer(b);
	add(b, 99); /* before the start */
	add(b, 100);
	add(b, 100);
	add(b, 103);
	add(b, 102);
	writer_close(b->w, ROLL_SHUTDOWN, b->now);
	f = expect_sealed(b, 100, 104, ROLL_SHUTDOWN, 1);
	assert_int_equal(f.landed, 2);
	expect(b, EVENT_QUIET);
	add(b, 110); /* closed: takes no more */
	assert_null(b->w->open);
	publish(b, &f);
	perform_all(b);
	assert_object(b, &f, FIRST_HOUR, "json", "100\n103\n");
}

static void test_slots_and_dead_letters(void **state)
{
	struct bench *b = *state;
	struct range_facts f;

	b->settings.topic.max_open_slots = 4;
	open_writer(b);
	add_long(b, 100, HOUR + 5, 2);
	add_long(b, 101, 2 * HOUR, 2);
	add_long(b, 102, -1, 2);
	add_dead(b, 103, 2 * HOUR - 1);
	add_dead(b, 104, 5 * HOUR); /* its slot has dead letters only */
	add_long(b, 105, 2 * HOUR - 1, 2);
	add_tombstone(b, 106);
	writer_close(b->w, ROLL_REVOKED, b->now);
	f = expect_sealed(b, 100, 107, ROLL_REVOKED, 5);
	assert_int_equal(f.landed, 4);
	assert_int_equal(f.dead, 2);
	assert_int_equal(f.skipped, 1);
	publish(b, &f);
	perform_all(b);
	expect(b, EVENT_QUIET);
	expect_published(b, &f);
	assert_object(b, &f, FIRST_HOUR, "json", "100\n105\n");
	assert_object(b, &f, SECOND_HOUR, "json", "101\n");
	assert_object(b, &f, "raw/table/dt=__HIVE_DEFAULT_PARTITION__/hour=__HIVE_DEFAULT_PARTITION__", "json",
		      "102\n");
	assert_object(b, &f, "dead/table/dt=1970-01-01/hour=01", "json", "103\n");
	assert_object(b, &f, "dead/table/dt=1970-01-01/hour=05", "json", "104\n");
}

/* What landed, as it lies in S3, and nothing else. */
static void test_lines_are_sampled(void **state)
{
	static const char *const lines[] = { "100", "101", "105" };
	struct bench *b = *state;
	struct sampler *s = sampler_new();
	struct sample sample;
	struct buf taken;
	size_t at = 0;

	b->env.sampler = s;
	open_writer(b);
	add(b, 100);
	add_long(b, 101, 2 * HOUR, 2);
	add_dead(b, 103, HOUR);
	add_tombstone(b, 104);
	add(b, 105);
	buf_init(&taken, 0);
	sampler_take(s, &taken);
	for (size_t i = 0; i < 3; i++) {
		assert_true(sample_next(&taken, &at, &sample));
		assert_string_equal(sample.topic, "topic");
		assert_string_equal(sample.line, lines[i]);
		assert_int_equal(sample.len, strlen(lines[i]));
	}
	assert_false(sample_next(&taken, &at, &sample));
	buf_free(&taken);
	drop_writer(b);
	sampler_free(s);
}

static void test_too_many_slots(void **state)
{
	struct bench *b = *state;
	struct range_facts f;

	open_writer(b);
	for (int i = 0; i < 3; i++)
		add_long(b, 100 + i, (1 + i) * HOUR, 2);
	add_dead(b, 103, HOUR); /* dead letters do not count */
	add_long(b, 104, 2 * HOUR, 2);
	expect_none(b);
	add_long(b, 110, 9 * HOUR, 2);
	f = expect_sealed(b, 100, 105, ROLL_SLOTS, 4);
	assert_int_equal(f.landed, 4);
	writer_close(b->w, ROLL_SHUTDOWN, b->now);
	f = expect_sealed(b, 105, 111, ROLL_SHUTDOWN, 1);
	assert_int_equal(f.landed, 1);
}

/* ---- when a range ends */

static void test_roll_by_bytes(void **state)
{
	struct bench *b = *state;

	b->settings.topic.roll_bytes = 100;
	open_writer(b);
	add_long(b, 100, HOUR, LONG);
	add_long(b, 101, HOUR, LONG);
	expect_none(b);
	add_long(b, 102, HOUR, LONG);
	expect_sealed(b, 100, 103, ROLL_BYTES, 1);
}

static void answer_parts(struct bench *b)
{
	if (b->s3.n > 0 && b->s3.calls[0]->op == S3_CREATE)
		perform(b, 0);
	while (b->s3.n > 0)
		answer_as(b, b->s3.calls[0], S3_DONE);
}

/* Before S3 would take no more of them. */
static void test_roll_by_parts(void **state)
{
	struct bench *b = *state;
	int64_t last = 100 + 3 * ROLL_MAX_PARTS - 1;

	open_writer(b);
	for (int64_t offset = 100; offset < last; offset++) {
		add_long(b, offset, HOUR, LONG);
		answer_parts(b);
	}
	expect_none(b);
	add_long(b, last, HOUR, LONG);
	answer_parts(b);
	expect_sealed(b, 100, last + 1, ROLL_PARTS, 1);
}

static void test_roll_by_age(void **state)
{
	struct bench *b = *state;

	b->settings.topic.roll_age_ms = 500;
	open_writer(b);
	b->now = 2000;
	writer_tick(b->w, b->now);
	assert_int_equal(writer_deadline_ms(b->w), INT64_MAX);
	add(b, 100); /* age runs from the first record, not from the start */
	assert_int_equal(writer_deadline_ms(b->w), 2500);
	b->now = 2499;
	writer_tick(b->w, b->now);
	expect_none(b);
	b->now = 2500;
	writer_tick(b->w, b->now);
	expect_sealed(b, 100, 101, ROLL_AGE, 1);
	b->now = 9999;
	writer_tick(b->w, b->now);
	expect_none(b);
	add(b, 101);
	assert_int_equal(writer_deadline_ms(b->w), 9999 + 500);
}

static void test_seal_for_memory(void **state)
{
	struct bench *b = *state;

	open_writer(b);
	assert_false(writer_can_seal(b->w));
	add(b, 100);
	assert_true(writer_can_seal(b->w));
	assert_true(writer_open_bytes(b->w) > 0);
	writer_seal(b->w, ROLL_MEMORY, b->now);
	expect_sealed(b, 100, 101, ROLL_MEMORY, 1);
	assert_false(writer_can_seal(b->w));
	assert_int_equal(writer_open_bytes(b->w), 0);
}

/* More than one text names is never sealed; the open range grows instead, and is cut when there is room. */
static void test_eight_sealed(void **state)
{
	struct bench *b = *state;
	struct range_facts f[ASSIGNMENT_MAX_SEALED];

	b->settings.topic.roll_records = 1;
	open_writer(b);
	for (int i = 0; i < ASSIGNMENT_MAX_SEALED; i++) {
		add(b, 100 + i);
		f[i] = expect_sealed(b, 100 + i, 101 + i, ROLL_RECORDS, 1);
	}
	add(b, 108);
	add(b, 109);
	add_long(b, 110, 9 * HOUR, 2);
	writer_tick(b->w, b->now + HOUR);
	expect_none(b);
	assert_false(writer_can_seal(b->w));
	publish(b, &f[1]);
	perform_all(b);
	expect_published(b, &f[1]);
	assert_false(writer_can_seal(b->w)); /* the text still names it: one before it is not published */
	publish(b, &f[0]);
	perform_all(b);
	expect_published(b, &f[0]);
	add(b, 111);
	expect_sealed(b, 108, 112, ROLL_RECORDS, 2);
}

static void add_stop(struct bench *b, int64_t offset)
{
	writer_add(b->w,
		   &(struct record){ .kind = RECORD_STOP, .assignment = b->a, .offset = offset, .timestamp_ms = -1 },
		   b->now);
}

/* The last range ends where the land does, not behind its last record; told again, it does not end twice. */
static void test_stop(void **state)
{
	struct bench *b = *state;
	struct range_facts f;

	open_writer(b);
	add(b, 100);
	add(b, 103);
	add_stop(b, 110);
	f = expect_sealed(b, 100, 110, ROLL_STOP, 1);
	assert_int_equal(f.landed, 2);
	add_stop(b, 110);
	writer_tick(b->w, b->now + HOUR);
	expect_none(b);
	publish(b, &f);
	perform_all(b);
	expect_published(b, &f);
}

static void test_stop_without_records(void **state)
{
	struct bench *b = *state;

	b->settings.topic.roll_records = 1;
	open_writer(b);
	add_stop(b, 105);
	expect_sealed(b, 100, 105, ROLL_STOP, 0);
	assert_null(b->w->open);
	assert_int_equal(b->env.n_open, 0);
	expect_none(b);
}

static void test_stop_at_a_seal(void **state)
{
	struct bench *b = *state;

	b->settings.topic.roll_records = 2;
	open_writer(b);
	add(b, 100);
	add(b, 101);
	expect_sealed(b, 100, 102, ROLL_RECORDS, 1);
	add_stop(b, 102);
	expect_none(b);
}

static void test_stop_waits_for_eight(void **state)
{
	struct bench *b = *state;
	struct range_facts first = { 0 };

	b->settings.topic.roll_records = 1;
	open_writer(b);
	for (int i = 0; i < ASSIGNMENT_MAX_SEALED; i++) {
		struct range_facts f;

		add(b, 100 + i);
		f = expect_sealed(b, 100 + i, 101 + i, ROLL_RECORDS, 1);
		first = i == 0 ? f : first;
	}
	add(b, 108);
	add_stop(b, 120);
	writer_tick(b->w, b->now);
	expect_none(b);
	publish(b, &first);
	perform_all(b);
	expect_published(b, &first);
	b->settings.topic.roll_records = 0;
	writer_tick(b->w, b->now);
	expect_sealed(b, 108, 120, ROLL_STOP, 1);
}

static void test_stop_of_a_closed_writer(void **state)
{
	struct bench *b = *state;

	open_writer(b);
	add(b, 100);
	writer_close(b->w, ROLL_SHUTDOWN, b->now);
	expect_sealed(b, 100, 101, ROLL_SHUTDOWN, 1);
	expect(b, EVENT_QUIET);
	add_stop(b, 110);
	writer_tick(b->w, b->now);
	expect_none(b);
}

static void test_close_with_nothing(void **state)
{
	struct bench *b = *state;

	open_writer(b);
	writer_close(b->w, ROLL_REVOKED, b->now);
	expect(b, EVENT_QUIET);
	expect_none(b);
}

/* ---- the chain */

static void test_chain(void **state)
{
	struct bench *b = *state;
	struct range_facts f[4];
	char previous[64];

	b->settings.topic.roll_records = 2;
	open_writer(b);
	add(b, 100);
	add_dead(b, 101, HOUR);
	f[0] = expect_sealed(b, 100, 102, ROLL_RECORDS, 2);
	add_tombstone(b, 102);
	add_tombstone(b, 104);
	f[1] = expect_sealed(b, 102, 105, ROLL_RECORDS, 0);
	assert_int_equal(f[1].skipped, 2);
	add(b, 105);
	add_tombstone(b, 106);
	f[2] = expect_sealed(b, 105, 107, ROLL_RECORDS, 1);
	add(b, 107);
	add(b, 108);
	f[3] = expect_sealed(b, 107, 109, ROLL_RECORDS, 1);
	for (int i = 0; i < 4; i++)
		publish(b, &f[i]);
	perform_all(b);
	assert_metadata(b, &f[0], "chain-begins", "first");
	snprintf(previous, sizeof(previous), "100,%s,2,2", f[0].id);
	assert_metadata(b, &f[2], "previous", previous);
	assert_metadata(b, &f[2], "chain-begins", NULL);
	assert_metadata(b, &f[2], "skipped", "102,105,tombstones=2");
	snprintf(previous, sizeof(previous), "105,%s,1,1", f[2].id);
	assert_metadata(b, &f[3], "previous", previous);
	assert_metadata(b, &f[3], "skipped", NULL);
}

static void test_metadata_is_ascii(void **state)
{
	struct bench *b = *state;
	struct range_facts f;

	free(b->a->group);
	b->a->group = mem_strdup("gr\xc3\xbc"
				 "ppe a,b");
	open_writer(b);
	add(b, 100);
	writer_close(b->w, ROLL_SHUTDOWN, b->now);
	f = expect_sealed(b, 100, 101, ROLL_SHUTDOWN, 1);
	publish(b, &f);
	perform_all(b);
	assert_metadata(b, &f, "group", "gr%C3%BCppe%20a%2Cb");
}

/* A range that yields nothing is never published; others behind it are. */
static void test_empty_range(void **state)
{
	struct bench *b = *state;

	b->settings.topic.roll_records = 1;
	open_writer(b);
	add_tombstone(b, 100);
	expect_sealed(b, 100, 101, ROLL_RECORDS, 0);
	expect_none(b);
	assert_int_equal(b->w->n_sealed, 0);
	assert_int_equal(b->env.n_open, 0);
	assert_int_equal(b->env.open_bytes, 0);
}

/* ---- planned ranges */

static void plan(struct bench *b, int64_t end)
{
	int i = b->a->n_plan++;

	b->a->plan[i] = (struct range_facts){ .start = i > 0 ? b->a->plan[i - 1].end : b->a->start,
					      .end = end,
					      .fingerprint = 815,
					      .objects = 1,
					      .landed = 10 };
	snprintf(b->a->plan[i].id, RANGE_ID_SIZE, "5c1f00000000000%d", i);
}

/* The facts stay those of the intent, whatever is left of the range; has_objects: there is something to publish. */
static struct range_facts expect_planned(struct bench *b, int i, bool has_objects)
{
	struct message m = expect(b, EVENT_SEALED);

	assert_int_equal(m.reason, ROLL_INTENT);
	assert_memory_equal(&m.facts, &b->a->plan[i], sizeof(m.facts));
	assert_int_equal(m.has_objects, has_objects);
	return m.facts;
}

/* Rolls and limits do not touch what an intent has cut. */
static void test_planned_exactly(void **state)
{
	struct bench *b = *state;
	struct range_facts f;

	b->settings.topic.roll_records = 1;
	b->settings.topic.roll_age_ms = 1;
	plan(b, 103);
	open_writer(b);
	add_long(b, 100, HOUR, 2);
	add_long(b, 101, 3 * HOUR, 2);
	b->now += 1000;
	writer_tick(b->w, b->now);
	assert_false(writer_can_seal(b->w));
	assert_int_equal(writer_deadline_ms(b->w), INT64_MAX);
	expect_none(b);
	add_long(b, 102, 2 * HOUR, 2); /* the last one before the end: sealed at once */
	f = expect_planned(b, 0, true);
	publish(b, &f);
	perform_all(b);
	expect_published(b, &f);
	assert_object(b, &f, FIRST_HOUR, "json", "100\n");
	add(b, 103);
	f = expect_sealed(b, 103, 104, ROLL_RECORDS, 1);
	assert_memory_equal(f.id, "5c1f", 4);
	assert_string_not_equal(f.id, "5c1f000000000000");
	assert_int_equal(f.fingerprint, 4711);
}

/* The consumer thread has held the plan against the generation of this assignment. */
static void test_planned_under_its_own_settings(void **state)
{
	struct bench *b = *state;
	struct range_facts f[2];

	b->settings.kafka_skip = (struct string_list){ named, 3 };
	plan(b, 102);
	plan(b, 105);
	open_writer(b);
	renew(b);
	b->fresh.kafka_skip = (struct string_list){ NULL, 0 };
	for (int64_t offset = 100; offset < 106; offset++)
		add(b, offset);
	f[0] = expect_planned(b, 0, true);
	f[1] = expect_planned(b, 1, true);
	for (int i = 0; i < 2; i++) {
		publish(b, &f[i]);
		perform_all(b);
		expect_published(b, &f[i]);
		assert_object(b, &f[i], "dead/table/dt=1970-01-01/hour=01", "json",
			      i == 0 ? "101 skip\n" : "104 skip\n");
	}
	writer_close(b->w, ROLL_SHUTDOWN, b->now);
	assert_int_equal(expect_sealed(b, 105, 106, ROLL_SHUTDOWN, 1).fingerprint, 4711);
	expect(b, EVENT_QUIET);
}

static void test_stop_behind_a_plan(void **state)
{
	struct bench *b = *state;

	plan(b, 105);
	plan(b, 110);
	open_writer(b);
	add(b, 100);
	add(b, 109);
	add_stop(b, 120);
	expect_planned(b, 0, true);
	expect_planned(b, 1, true);
	expect_sealed(b, 110, 120, ROLL_STOP, 0);
	expect_none(b);
}

static void test_planned_cascade(void **state)
{
	struct bench *b = *state;

	plan(b, 103);
	plan(b, 110);
	plan(b, 120);
	open_writer(b);
	add(b, 101);
	expect_none(b);
	add(b, 115); /* over the ends of two */
	expect_planned(b, 0, true);
	expect_planned(b, 1, false);
	expect_none(b);
	add(b, 120);
	expect_planned(b, 2, true);
	expect_none(b);
	writer_close(b->w, ROLL_SHUTDOWN, b->now);
	expect_sealed(b, 120, 121, ROLL_SHUTDOWN, 1);
}

/* An idle topic: no record will ever mark the end. */
static void test_planned_end_of_partition(void **state)
{
	struct bench *b = *state;

	plan(b, 103);
	plan(b, 110);
	open_writer(b);
	add(b, 101);
	add_end(b, 102); /* not yet */
	expect_none(b);
	add_end(b, 103); /* exactly */
	expect_planned(b, 0, true);
	expect_none(b);
	add_end(b, 500); /* far behind */
	expect_planned(b, 1, false);
	add_end(b, 500);
	expect_none(b);
	add(b, 500);
	writer_close(b->w, ROLL_SHUTDOWN, b->now);
	expect_sealed(b, 110, 501, ROLL_SHUTDOWN, 1);
}

static void test_end_of_partition_cuts_nothing_else(void **state)
{
	struct bench *b = *state;

	open_writer(b);
	add_end(b, 100);
	add(b, 100);
	add_end(b, 200);
	expect_none(b);
	writer_close(b->w, ROLL_SHUTDOWN, b->now);
	expect_sealed(b, 100, 101, ROLL_SHUTDOWN, 1);
}

/* Closed in the middle: what is planned stays behind as an intent, and is not cut elsewhere. */
static void test_close_in_recovery(void **state)
{
	struct bench *b = *state;

	plan(b, 103);
	plan(b, 110);
	open_writer(b);
	add(b, 101);
	writer_close(b->w, ROLL_REVOKED, b->now);
	expect(b, EVENT_QUIET);
	add(b, 105);
	expect_none(b);
}

static void test_eight_planned(void **state)
{
	struct bench *b = *state;

	for (int i = 0; i < ASSIGNMENT_MAX_SEALED; i++)
		plan(b, 101 + i);
	b->settings.topic.roll_records = 1;
	open_writer(b);
	add_end(b, 108);
	for (int i = 0; i < ASSIGNMENT_MAX_SEALED; i++)
		expect_planned(b, i, false);
	add(b, 108);
	expect_sealed(b, 108, 109, ROLL_RECORDS, 1);
}

#define THIRD_HOUR "raw/table/dt=1970-01-01/hour=03"

/* What the consumer thread does after a pass: the range is read again, with what the pass told. */
static void next_pass(struct bench *b, const struct message *passed)
{
	drop_writer(b);
	b->a->pass = (struct range_pass){ passed->facts, passed->from_slot };
	open_writer(b);
}

static void expect_made(const struct bench *b, int64_t landed, int64_t dead, int64_t skipped, int32_t objects)
{
	const struct range_facts *made = &b->w->sealed->made;

	assert_int_equal(made->landed, landed);
	assert_int_equal(made->dead, dead);
	assert_int_equal(made->skipped, skipped);
	assert_int_equal(made->objects, objects);
}

static void read_three_hours(struct bench *b)
{
	add_long(b, 100, 2 * HOUR, 2);
	add_long(b, 101, 3 * HOUR, 2);
	add_tombstone(b, 102);
	add_dead(b, 103, 3 * HOUR);
	add(b, 104);
	if (writer_can_defer(b->w))
		writer_defer(b->w, b->now);
	add_long(b, 105, 3 * HOUR, 2);
	add_dead(b, 106, 2 * HOUR);
}

/* A range whose objects do not fit into memory together: the highest slots are left to the next pass, whole, and what
 * all passes have made is what one would have. */
static void test_passes(void **state)
{
	struct bench *b = *state;
	struct message passed;
	struct range_facts f;

	plan(b, 107);
	plan(b, 110);
	open_writer(b);
	read_three_hours(b);
	f = expect_planned(b, 0, true);
	expect_made(b, 2, 1, 1, 3);
	add(b, 107); /* takes no more */
	add_end(b, 110);
	expect_none(b);
	publish(b, &f);
	assert_int_equal(b->s3.n, 3);
	perform_all(b);
	passed = expect(b, EVENT_PASSED);
	assert_string_equal(passed.facts.id, f.id);
	assert_int_equal(passed.from_slot, 3 * HOUR);
	assert_object(b, &f, FIRST_HOUR, "json", "104\n");
	assert_object(b, &f, SECOND_HOUR, "json", "100\n");
	assert_object(b, &f, "dead/table/dt=1970-01-01/hour=02", "json", "106\n");
	next_pass(b, &passed);
	read_three_hours(b); /* one slot is left: nothing to defer */
	f = expect_planned(b, 0, true);
	expect_made(b, 4, 2, 1, 5);
	publish(b, &f);
	assert_int_equal(b->s3.n, 2);
	perform_all(b);
	expect_published(b, &f);
	assert_object(b, &f, THIRD_HOUR, "json", "101\n105\n");
	assert_object(b, &f, "dead/table/dt=1970-01-01/hour=03", "json", "103\n");
	add(b, 110); /* the plan goes on */
	expect_planned(b, 1, false);
}

/* Lower slots that show up late are made first; what a deferred object has sent already is aborted. */
static void test_pass_with_parts(void **state)
{
	struct bench *b = *state;
	struct range_facts f;

	plan(b, 110);
	open_writer(b);
	for (int i = 0; i < 3; i++)
		add_long(b, 100 + i, 3 * HOUR, LONG);
	perform_all(b);
	assert_int_equal(b->store.creates, 1);
	assert_false(writer_can_defer(b->w));
	add_long(b, 103, 2 * HOUR, 2);
	assert_true(writer_can_defer(b->w));
	writer_defer(b->w, b->now);
	perform_all(b);
	assert_int_equal(b->store.uploads->aborts, 1);
	add_long(b, 104, 4 * HOUR, 2); /* above what is left out: left out too */
	add_long(b, 105, HOUR, 2);
	writer_defer(b->w, b->now);
	assert_false(writer_can_defer(b->w));
	add_long(b, 106, 2 * HOUR, 2);
	add_long(b, 120, HOUR, 2);
	f = expect_planned(b, 0, true);
	publish(b, &f);
	perform_all(b);
	assert_int_equal(expect(b, EVENT_PASSED).from_slot, 2 * HOUR);
	assert_object(b, &f, FIRST_HOUR, "json", "105\n");
	assert_int_equal(b->store.puts, 1);
}

/* Nothing but tombstones in the slots that were kept: not published, and not the end of the range. */
static void test_pass_without_objects(void **state)
{
	struct bench *b = *state;
	struct message passed;

	plan(b, 103);
	open_writer(b);
	add_tombstone(b, 100);
	add_long(b, 101, 2 * HOUR, 2);
	writer_defer(b->w, b->now);
	add_end(b, 103);
	expect_planned(b, 0, true);
	passed = expect(b, EVENT_PASSED);
	assert_int_equal(passed.facts.skipped, 1);
	assert_int_equal(passed.facts.objects, 0);
	next_pass(b, &passed);
	b->a->pass.from_slot = 3 * HOUR; /* as if that had been made too */
	add_tombstone(b, 100);
	add_long(b, 101, 2 * HOUR, 2);
	add_end(b, 103);
	expect_planned(b, 0, false);
	expect_none(b);
}

/* What is not of the plan is never left out. */
static void test_defer_only_what_is_planned(void **state)
{
	struct bench *b = *state;

	b->a->pass = (struct range_pass){ { .id = "5c1f000000000000" }, 9 * HOUR };
	open_writer(b);
	add(b, 100);
	add_long(b, 101, 2 * HOUR, 2);
	assert_false(writer_can_defer(b->w));
	writer_close(b->w, ROLL_SHUTDOWN, b->now);
	expect_sealed(b, 100, 102, ROLL_SHUTDOWN, 2);
}

/* Of many objects that may publish, only so many have a call, oldest first; those that wait can be dropped. */
static void test_publish_in_line(void **state)
{
	struct bench *b = *state;
	struct range_facts f;

	b->settings.topic.max_open_slots = 4;
	b->env.publish_max = 2;
	open_writer(b);
	for (int i = 0; i < 4; i++)
		add_long(b, 100 + i, HOUR + i * 3600000LL, 2);
	writer_close(b->w, ROLL_SHUTDOWN, b->now);
	f = expect_sealed(b, 100, 104, ROLL_SHUTDOWN, 4);
	expect(b, EVENT_QUIET);
	publish(b, &f);
	assert_int_equal(b->s3.n, 2);
	perform(b, 1);
	assert_int_equal(b->s3.n, 2);
	perform(b, 0);
	assert_int_equal(b->s3.n, 2);
	assert_null(b->env.waiting);
	perform_all(b);
	expect_published(b, &f);
	assert_int_equal(b->env.n_publishing, 0);
}

static void test_drop_in_line(void **state)
{
	struct bench *b = *state;
	struct range_facts f;

	b->settings.topic.max_open_slots = 4;
	b->env.publish_max = 1;
	open_writer(b);
	for (int i = 0; i < 4; i++)
		add_long(b, 100 + i, HOUR + i * 3600000LL, 2);
	writer_close(b->w, ROLL_SHUTDOWN, b->now);
	f = expect_sealed(b, 100, 104, ROLL_SHUTDOWN, 4);
	expect(b, EVENT_QUIET);
	publish(b, &f);
	perform(b, 0);
	drop_writer(b);
	assert_null(b->env.waiting);
	assert_int_equal(b->env.n_publishing, 0);
}

/* ---- multipart */

static void test_multipart(void **state)
{
	struct bench *b = *state;
	struct range_facts f;
	char body[7 * (LONG + 1) + 1];

	open_writer(b);
	for (int i = 0; i < 7; i++)
		snprintf(body + (size_t)i * (LONG + 1), LONG + 2, "%-*d\n", LONG, 100 + i);
	for (int i = 0; i < 6; i++)
		add_long(b, 100 + i, HOUR, LONG);
	assert_int_equal(b->s3.n, 1); /* two parts are ready; no part has a place before the upload has an id */
	assert_int_equal(b->s3.calls[0]->op, S3_CREATE);
	perform(b, 0);
	assert_int_equal(b->s3.n, 2);
	assert_int_equal(b->s3.calls[0]->op, S3_PART);
	assert_int_equal(b->s3.calls[0]->part_number, 1);
	assert_int_equal(b->s3.calls[1]->part_number, 2);
	add_long(b, 106, HOUR, LONG);
	writer_close(b->w, ROLL_SHUTDOWN, b->now);
	f = expect_sealed(b, 100, 107, ROLL_SHUTDOWN, 1);
	assert_int_equal(b->s3.n, 3);
	perform(b, 2);
	perform(b, 1);
	perform(b, 0);
	assert_int_equal(b->s3.n, 0); /* complete, invisible, and not allowed yet */
	assert_null(b->store.objects);
	assert_int_equal(b->env.moving_bytes, sizeof(struct object) + strlen(b->w->sealed->objects->key) + 1);
	publish(b, &f);
	assert_int_equal(b->s3.n, 1);
	assert_int_equal(b->s3.calls[0]->op, S3_COMPLETE);
	assert_int_equal(b->s3.calls[0]->n_parts, 3);
	perform(b, 0);
	expect(b, EVENT_QUIET);
	expect_published(b, &f);
	assert_object(b, &f, FIRST_HOUR, "json", body);
	drop_writer(b);
	assert_int_equal(b->store.uploads->aborts, 0);
}

/* Allowed while parts are on their way: Complete waits for the last of them. */
static void test_allowed_early(void **state)
{
	struct bench *b = *state;
	struct range_facts f;

	b->settings.topic.roll_records = 4;
	open_writer(b);
	for (int i = 0; i < 4; i++)
		add_long(b, 100 + i, HOUR, LONG);
	f = expect_sealed(b, 100, 104, ROLL_RECORDS, 1);
	publish(b, &f);
	assert_int_equal(b->s3.n, 1);
	perform(b, 0);
	assert_int_equal(b->s3.n, 2);
	perform(b, 0);
	assert_int_equal(b->s3.n, 1);
	assert_int_equal(b->s3.calls[0]->op, S3_PART);
	perform(b, 0);
	assert_int_equal(b->s3.calls[0]->op, S3_COMPLETE);
	perform_all(b);
	expect_published(b, &f);
}

/* ---- answers of S3 */

static struct range_facts sealed_put(struct bench *b)
{
	struct range_facts f;

	open_writer(b);
	add(b, 100);
	writer_seal(b->w, ROLL_MEMORY, b->now);
	f = expect_sealed(b, 100, 101, ROLL_MEMORY, 1);
	publish(b, &f);
	assert_int_equal(b->s3.calls[0]->op, S3_PUT);
	return f;
}

/* Ends with the Complete in flight. */
static struct range_facts sealed_multipart(struct bench *b)
{
	struct range_facts f;

	open_writer(b);
	for (int i = 0; i < 3; i++)
		add_long(b, 100 + i, HOUR, LONG);
	writer_seal(b->w, ROLL_MEMORY, b->now);
	f = expect_sealed(b, 100, 103, ROLL_MEMORY, 1);
	publish(b, &f);
	perform(b, 0);
	perform(b, 0);
	assert_int_equal(b->s3.n, 1);
	assert_int_equal(b->s3.calls[0]->op, S3_COMPLETE);
	return f;
}

static void test_put_exists(void **state)
{
	struct bench *b = *state;
	struct range_facts f = sealed_put(b);

	answer_as(b, b->s3.calls[0], S3_EXISTS);
	expect_published(b, &f);
	assert_int_equal(b->s3.n, 0);
}

/* Published by an earlier attempt: our own upload is superfluous. */
static void test_complete_exists(void **state)
{
	struct bench *b = *state;
	struct range_facts f = sealed_multipart(b);

	answer_as(b, b->s3.calls[0], S3_EXISTS);
	expect_published(b, &f);
	assert_int_equal(b->s3.n, 1);
	assert_int_equal(b->s3.calls[0]->op, S3_ABORT);
	drop_writer(b);
	assert_int_equal(b->store.uploads->aborts, 1);
}

static void test_dead_upload(void **state)
{
	struct bench *b = *state;
	struct message m;

	sealed_multipart(b);
	answer_as(b, b->s3.calls[0], S3_UPLOAD_DEAD);
	m = expect(b, EVENT_TROUBLE);
	assert_int_equal(m.error.action, ERROR_REPLAY);
	assert_non_null(strstr(m.error.text, FIRST_HOUR));
	expect_none(b);
	add(b, 200); /* nothing more is taken */
	writer_tick(b->w, b->now + HOUR);
	assert_null(b->w->open);
}

static void test_trouble_once(void **state)
{
	struct bench *b = *state;
	struct message m;

	open_writer(b);
	for (int i = 0; i < 6; i++)
		add_long(b, 100 + i, HOUR, LONG);
	perform(b, 0);
	answer_as(b, b->s3.calls[0], S3_FAILED);
	m = expect(b, EVENT_TROUBLE);
	assert_int_equal(m.error.action, ERROR_WAIT_PERSON);
	answer_as(b, b->s3.calls[0], S3_FAILED);
	expect_none(b);
}

/* A range with a part that failed is no sealed range: it could never be published. */
static void test_close_after_trouble(void **state)
{
	struct bench *b = *state;

	open_writer(b);
	for (int i = 0; i < 3; i++)
		add_long(b, 100 + i, HOUR, LONG);
	answer_as(b, b->s3.calls[0], S3_FAILED);
	expect(b, EVENT_TROUBLE);
	assert_false(writer_can_seal(b->w));
	writer_close(b->w, ROLL_REVOKED, b->now);
	expect(b, EVENT_QUIET);
	expect_none(b);
	assert_int_equal(b->s3.n, 0);
}

static void test_stale(void **state)
{
	struct bench *b = *state;
	struct range_facts f;

	open_writer(b);
	add_long(b, 100, HOUR, 2);
	add_long(b, 101, 2 * HOUR, 2);
	writer_seal(b->w, ROLL_MEMORY, b->now);
	f = expect_sealed(b, 100, 102, ROLL_MEMORY, 2);
	writer_publish(b->w, f.id, b->now + 10, b->now);
	assert_int_equal(b->s3.n, 2);
	b->now += 11;
	perform_all(b);
	assert_string_equal(expect(b, EVENT_STALE).range_id, f.id);
	expect_none(b); /* told once for both */
	assert_null(b->store.objects);
	writer_publish(b->w, f.id, b->now + 10, b->now);
	assert_int_equal(b->s3.n, 2);
	perform(b, 0);
	b->now += 11;
	perform(b, 0);
	assert_string_equal(expect(b, EVENT_STALE).range_id, f.id);
	writer_publish(b->w, f.id, b->now + 10, b->now);
	assert_int_equal(b->s3.n, 1); /* only what is not there */
	perform_all(b);
	expect_published(b, &f);
	expect_none(b);
}

static void test_stale_complete(void **state)
{
	struct bench *b = *state;
	struct range_facts f = sealed_multipart(b);

	answer_as(b, b->s3.calls[0], S3_STALE);
	assert_string_equal(expect(b, EVENT_STALE).range_id, f.id);
	assert_int_equal(b->s3.n, 0);
	publish(b, &f);
	assert_int_equal(b->s3.n, 1);
	assert_int_equal(b->s3.calls[0]->op, S3_COMPLETE);
	perform_all(b);
	expect_published(b, &f);
	drop_writer(b);
	assert_int_equal(b->store.uploads->aborts, 0);
}

/* ---- dropped in each state; drop_writer asserts what must be left: nothing */

static void assert_uploads(const struct bench *b, int n, int aborts)
{
	for (const struct fake_upload *u = b->store.uploads; u != NULL; u = u->next, n--)
		assert_int_equal(u->aborts, aborts);
	assert_int_equal(n, 0);
}

static void test_drop_open(void **state)
{
	struct bench *b = *state;

	open_writer(b);
	drop_writer(b);
	open_writer(b);
	add(b, 100);
	add_dead(b, 101, HOUR);
	drop_writer(b);
	assert_uploads(b, 0, 0);
}

static void test_drop_creating(void **state)
{
	struct bench *b = *state;

	open_writer(b);
	for (int i = 0; i < 4; i++)
		add_long(b, 100 + i, HOUR, LONG);
	assert_int_equal(b->s3.n, 1);
	drop_writer(b);
	assert_uploads(b, 1, 1);
	open_writer(b);
	for (int i = 0; i < 4; i++)
		add_long(b, 100 + i, HOUR, LONG);
	writer_free(b->w, b->now);
	b->w = NULL;
	assert_int_equal(b->s3.n, 1);
	answer_as(b, b->s3.calls[0], S3_FAILED);
	assert_null(b->env.closing);
	assert_uploads(b, 1, 1);
}

static void test_drop_parts_in_flight(void **state)
{
	struct bench *b = *state;

	open_writer(b);
	for (int i = 0; i < 7; i++)
		add_long(b, 100 + i, HOUR, LONG);
	perform(b, 0);
	assert_int_equal(b->s3.n, 2);
	perform(b, 1);
	drop_writer(b);
	assert_uploads(b, 1, 1);
}

static void test_drop_sealed(void **state)
{
	struct bench *b = *state;

	open_writer(b);
	for (int i = 0; i < 4; i++)
		add_long(b, 100 + i, HOUR, LONG);
	add_long(b, 104, 2 * HOUR, 2);
	writer_seal(b->w, ROLL_MEMORY, b->now);
	perform_all(b);
	drop_writer(b);
	assert_uploads(b, 1, 1);
	assert_null(b->store.objects);
}

static void test_drop_finishing(void **state)
{
	struct bench *b = *state;

	sealed_put(b);
	drop_writer(b);
	assert_int_equal(b->store.puts, 0);
	expect_none(b);
	sealed_multipart(b);
	drop_writer(b);
	assert_int_equal(b->store.completes, 0);
	assert_uploads(b, 1, 1);
	expect_none(b);
}

static void test_drop_stale(void **state)
{
	struct bench *b = *state;

	sealed_put(b);
	answer_as(b, b->s3.calls[0], S3_STALE);
	drop_writer(b);
	expect(b, EVENT_STALE);
	sealed_multipart(b);
	answer_as(b, b->s3.calls[0], S3_STALE);
	drop_writer(b);
	assert_uploads(b, 1, 1);
}

static void test_drop_failed_while_open(void **state)
{
	struct bench *b = *state;

	open_writer(b);
	for (int i = 0; i < 4; i++)
		add_long(b, 100 + i, HOUR, LONG);
	add_long(b, 104, 2 * HOUR, 2);
	answer_as(b, b->s3.calls[0], S3_FAILED); /* the Create */
	drop_writer(b);
	assert_uploads(b, 0, 0);
	open_writer(b);
	for (int i = 0; i < 8; i++)
		add_long(b, 100 + i, HOUR, LONG);
	perform(b, 0);
	answer_as(b, b->s3.calls[0], S3_UPLOAD_DEAD);
	drop_writer(b);
	assert_uploads(b, 1, 1);
}

static void test_drop_failed_when_sealed(void **state)
{
	struct bench *b = *state;

	sealed_put(b);
	answer_as(b, b->s3.calls[0], S3_FAILED);
	drop_writer(b);
	expect(b, EVENT_TROUBLE);
	sealed_multipart(b);
	answer_as(b, b->s3.calls[0], S3_UPLOAD_DEAD);
	drop_writer(b);
	assert_uploads(b, 1, 1);
}

/* Durable behind one that is not, with and without the abort of a superfluous upload on its way. */
static void test_drop_durable(void **state)
{
	struct bench *b = *state;
	struct range_facts f, last;

	b->settings.topic.roll_records = 3;
	open_writer(b);
	for (int i = 0; i < 9; i++)
		add_long(b, 100 + i, HOUR, LONG);
	perform_all(b);
	expect_sealed(b, 100, 103, ROLL_RECORDS, 1);
	f = expect_sealed(b, 103, 106, ROLL_RECORDS, 1);
	last = expect_sealed(b, 106, 109, ROLL_RECORDS, 1);
	publish(b, &f);
	perform_all(b);
	expect_published(b, &f);
	publish(b, &last);
	answer_as(b, b->s3.calls[0], S3_EXISTS);
	expect_published(b, &last);
	assert_int_equal(b->s3.n, 1);
	drop_writer(b);
	for (const struct fake_upload *u = b->store.uploads; u != NULL; u = u->next)
		assert_int_equal(u->aborts, fake_find(&b->store, u->key) != NULL ? 0 : 1);
}

/* The uploader ends while closing objects still wait for their answers. */
static void test_free_closing(void **state)
{
	struct bench *b = *state;

	open_writer(b);
	for (int i = 0; i < 4; i++)
		add_long(b, 100 + i, HOUR, LONG);
	fake_perform(&b->store, b->s3.calls[0], b->now); /* the answer is there, and nobody takes it */
	writer_free(b->w, b->now);
	b->w = NULL;
	assert_non_null(b->env.closing);
	object_free_closing(&b->env);
	assert_null(b->env.closing);
	assert_int_equal(b->s3.n, 0);
}

/* ---- with compression, and anything at all */

/* The watchdog is told of each block, so that a seal of many objects by a slow codec is not taken for a hang. */
static void test_each_block_is_told(void **state)
{
	struct bench *b = *state;

	b->settings.topic.compression = COMPRESSION_ZSTD;
	b->settings.topic.level = 19;
	b->env.block_bytes = 2 * LONG;
	open_writer(b);
	for (int i = 0; i < 3; i++)
		add_long(b, 100 + i, (1 + i) * HOUR, LONG);
	assert_int_equal(b->blocks, 0);
	add_long(b, 103, HOUR, LONG);
	assert_int_equal(b->blocks, 1);
	writer_close(b->w, ROLL_SHUTDOWN, b->now);
	assert_int_equal(b->blocks, 3);
}

static void test_compressed_accounts(void **state)
{
	struct bench *b = *state;
	struct range_facts f;

	b->settings.topic.compression = COMPRESSION_GZIP;
	b->settings.topic.level = -1;
	b->env.block_bytes = 200;
	open_writer(b);
	for (int i = 0; i < 50; i++)
		add_long(b, 100 + i, (1 + i % 2) * HOUR, LONG);
	add_long(b, 150, HOUR, 2000); /* one line larger than blocks are */
	writer_close(b->w, ROLL_SHUTDOWN, b->now);
	f = expect_sealed(b, 100, 151, ROLL_SHUTDOWN, 2);
	assert_int_equal(b->env.open_bytes, 0);
	publish(b, &f);
	perform_all(b);
	expect(b, EVENT_QUIET);
	expect_published(b, &f);
	assert_int_equal(b->env.moving_bytes, 0);
	assert_metadata(b, &f, "range-id", f.id);
}

static void throw_call(struct bench *b, struct dice *d)
{
	static const enum s3_result bad[] = { S3_FAILED, S3_UPLOAD_DEAD, S3_STALE, S3_EXISTS };
	struct s3_call *c = b->s3.calls[dice_below(d, (int64_t)b->s3.n)];
	bool finish = c->op == S3_PUT || c->op == S3_COMPLETE;

	if (dice_chance(d, 5) && c->op != S3_ABORT) {
		if (finish && dice_chance(d, 50))
			fake_perform(&b->store, c, b->now);
		answer_as(b, c, finish ? bad[dice_below(d, 4)] : bad[dice_below(d, 2)]);
	} else {
		fake_perform(&b->store, c, b->now);
		answer(b, c);
	}
}

static void throw_step(struct bench *b, struct dice *d, int64_t *offset)
{
	struct range *r = b->w->sealed;

	b->now += dice_below(d, 5);
	switch (dice_below(d, 12)) {
	case 0:
		add_dead(b, (*offset)++, dice_below(d, 5) * HOUR);
		break;
	case 1:
		add_tombstone(b, (*offset)++);
		break;
	case 2:
		add_end(b, *offset);
		break;
	case 3:
		if (writer_can_seal(b->w) && dice_chance(d, 30))
			writer_seal(b->w, ROLL_MEMORY, b->now);
		break;
	case 4:
		for (int64_t n = dice_below(d, 3); r != NULL && n > 0; n--)
			r = r->next;
		if (r != NULL)
			writer_publish(b->w, r->facts.id, b->now + dice_below(d, 10), b->now);
		break;
	case 5:
	case 6:
	case 7:
		if (b->s3.n > 0)
			throw_call(b, d);
		break;
	case 8:
		*offset += dice_below(d, 3);
		break;
	default:
		add_long(b, (*offset)++, dice_below(d, 5) * HOUR, (uint32_t)dice_below(d, 60));
		break;
	}
}

/* Any order of everything, then dropped: the accounts close, whatever the state was. */
static void test_drop_anywhere(void **state)
{
	struct bench *b = *state;
	uint64_t seed = dice_seed(3);
	struct message m;
	struct dice d;

	for (int round = 0; round < 3000; round++) {
		int64_t offset = 100;

		dice_init(&d, seed + (uint64_t)round);
		b->settings.topic.roll_records = dice_chance(&d, 50) ? 1 + dice_below(&d, 20) : 0;
		b->settings.topic.compression = dice_chance(&d, 20) ? COMPRESSION_ZSTD : COMPRESSION_NONE;
		b->settings.topic.level = -1;
		b->a->n_plan = 0;
		if (dice_chance(&d, 30)) {
			plan(b, 100 + 1 + dice_below(&d, 10));
			plan(b, b->a->plan[0].end + 1 + dice_below(&d, 10));
		}
		open_writer(b);
		for (int64_t n = dice_below(&d, 120); n > 0; n--)
			throw_step(b, &d, &offset);
		if (dice_chance(&d, 30))
			writer_close(b->w, ROLL_REVOKED, b->now);
		writer_free(b->w, b->now);
		b->w = NULL;
		perform_all(b);
		if (b->env.closing != NULL || b->env.open_bytes != 0 || b->env.moving_bytes != 0 || b->env.n_open != 0)
			fail_msg("seed %" PRIu64 ": %" PRId64 " bytes open, %" PRId64 " moving, %d objects",
				 seed + (uint64_t)round, b->env.open_bytes, b->env.moving_bytes, b->env.n_open);
		for (const struct fake_upload *u = b->store.uploads; u != NULL; u = u->next) {
			if (u->open || u->aborts > 1)
				fail_msg("seed %" PRIu64 ": upload of \"%s\": %s, %d aborts", seed + (uint64_t)round,
					 u->key, u->open ? "open" : "ended", u->aborts);
		}
		fake_store_clear(&b->store);
		while (mailbox_take(b->events, &m))
			continue;
	}
}

/* ---- partitions of the table */

/* What the glue thread does: all that is wanted. */
static size_t register_all(struct registry *r)
{
	const char *table = NULL;
	int64_t slots[8];
	size_t n = registry_take(r, false, &table, slots, 8);

	for (size_t i = 0; i < n; i++)
		registry_done(r, table, slots[i]);
	return n;
}

static struct registry *begin_registry(struct bench *b, bool holds)
{
	b->env.registry = registry_new(holds);
	return b->env.registry;
}

static void end_registry(struct bench *b)
{
	registry_free(b->env.registry);
	b->env.registry = NULL;
}

/* Ranges that are durable count as published only when Glue has the partitions of their lines; dead letters are in no
 * table. What comes later overtakes nobody, and what is known is not waited for. */
static void test_registered_before_it_is_told(void **state)
{
	struct bench *b = *state;
	struct registry *r = begin_registry(b, true);
	struct range_facts first, second, third;

	b->settings.topic.roll_records = 2;
	open_writer(b);
	add_long(b, 100, HOUR, 2);
	add_dead(b, 101, 2 * HOUR);
	first = expect_sealed(b, 100, 102, ROLL_RECORDS, 2);
	assert_int_equal(register_all(r), 2); /* asked for as soon as it was begun: hour 2, where no line came, too */
	add_long(b, 102, 3 * HOUR, 2);
	add_long(b, 103, 4 * HOUR, 2);
	second = expect_sealed(b, 102, 104, ROLL_RECORDS, 2);
	add_long(b, 104, HOUR, 2);
	add_long(b, 105, HOUR, 2);
	third = expect_sealed(b, 104, 106, ROLL_RECORDS, 1);
	publish(b, &first);
	publish(b, &second);
	publish(b, &third);
	perform_all(b);
	expect_published(b, &first);
	expect_published(b, &third);
	writer_look_up(b->w, b->now);
	expect_none(b);
	registry_done(r, "table", 3 * HOUR);
	writer_look_up(b->w, b->now);
	expect_none(b);
	registry_done(r, "table", 4 * HOUR);
	writer_look_up(b->w, b->now);
	expect_published(b, &second);
	assert_null(b->w->sealed);
	end_registry(b);
}

/* A pass is the end of a writer, and so is a revocation: it still hears that its partitions are there. */
static void test_registered_although_closed(void **state)
{
	struct bench *b = *state;
	struct registry *r = begin_registry(b, true);
	struct range_facts f;

	plan(b, 107);
	plan(b, 110);
	open_writer(b);
	read_three_hours(b);
	f = expect_planned(b, 0, true);
	publish(b, &f);
	perform_all(b);
	assert_true(b->w->closed);
	writer_tick(b->w, b->now);
	writer_look_up(b->w, b->now);
	expect_none(b);
	assert_int_equal(register_all(r), 3);
	writer_look_up(b->w, b->now);
	assert_int_equal(expect(b, EVENT_PASSED).from_slot, 3 * HOUR);
	end_registry(b);
}

/* A table that Glue does not take is no reason to hold memory: the partition is parked. Others go on. */
static void test_trouble_of_the_table(void **state)
{
	struct bench *b = *state;
	struct registry *r = begin_registry(b, true);
	struct range_facts f;
	struct message m;

	b->settings.topic.roll_records = 1;
	open_writer(b);
	add(b, 100);
	f = expect_sealed(b, 100, 101, ROLL_RECORDS, 1);
	registry_trouble(r, "another", "no");
	publish(b, &f);
	perform_all(b);
	writer_look_up(b->w, b->now);
	expect_none(b);
	registry_trouble(r, "table", "glue:BatchCreatePartition is denied");
	writer_look_up(b->w, b->now);
	m = expect(b, EVENT_TROUBLE);
	assert_int_equal(m.wait, WAIT_CATALOG);
	assert_string_equal(m.error.text, "glue:BatchCreatePartition is denied");
	writer_look_up(b->w, b->now);
	expect_none(b);
	end_registry(b);
}

/* For a crawler partitions are told of when there is something to be found in them. */
static void test_told_of_and_not_held(void **state)
{
	struct bench *b = *state;
	struct registry *r = begin_registry(b, false);
	struct range_facts f;

	b->settings.topic.roll_records = 1;
	open_writer(b);
	add(b, 100);
	f = expect_sealed(b, 100, 101, ROLL_RECORDS, 1);
	publish(b, &f);
	assert_int_equal(register_all(r), 0);
	perform_all(b);
	expect_published(b, &f);
	assert_int_equal(register_all(r), 1);
	end_registry(b);
}

/* A table without partitions has none to be registered. */
static void test_nothing_to_register(void **state)
{
	struct bench *b = *state;
	struct registry *r = begin_registry(b, true);
	struct range_facts f;

	b->settings.topic.partition_by = PARTITION_BY_NONE;
	b->settings.topic.key = (char *)"{prefix}/{table}/{topic}+{partition}+{start}+{id}.{ext}";
	b->settings.topic.roll_records = 1;
	open_writer(b);
	add(b, 100);
	f = expect_sealed(b, 100, 101, ROLL_RECORDS, 1);
	publish(b, &f);
	perform_all(b);
	expect_published(b, &f);
	assert_int_equal(register_all(r), 0);
	end_registry(b);
}

#define writer_test(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		writer_test(test_one_range),
		writer_test(test_new_settings_from_the_next_range_on),
		writer_test(test_settings_outlive_their_writer),
		writer_test(test_skip),
		writer_test(test_offsets_rise),
		writer_test(test_slots_and_dead_letters),
		writer_test(test_lines_are_sampled),
		writer_test(test_too_many_slots),
		writer_test(test_roll_by_bytes),
		writer_test(test_roll_by_parts),
		writer_test(test_roll_by_age),
		writer_test(test_seal_for_memory),
		writer_test(test_eight_sealed),
		writer_test(test_stop),
		writer_test(test_stop_without_records),
		writer_test(test_stop_at_a_seal),
		writer_test(test_stop_waits_for_eight),
		writer_test(test_stop_of_a_closed_writer),
		writer_test(test_stop_behind_a_plan),
		writer_test(test_close_with_nothing),
		writer_test(test_chain),
		writer_test(test_metadata_is_ascii),
		writer_test(test_empty_range),
		writer_test(test_planned_exactly),
		writer_test(test_planned_under_its_own_settings),
		writer_test(test_planned_cascade),
		writer_test(test_planned_end_of_partition),
		writer_test(test_end_of_partition_cuts_nothing_else),
		writer_test(test_close_in_recovery),
		writer_test(test_eight_planned),
		writer_test(test_passes),
		writer_test(test_pass_with_parts),
		writer_test(test_pass_without_objects),
		writer_test(test_defer_only_what_is_planned),
		writer_test(test_publish_in_line),
		writer_test(test_drop_in_line),
		writer_test(test_multipart),
		writer_test(test_allowed_early),
		writer_test(test_put_exists),
		writer_test(test_complete_exists),
		writer_test(test_dead_upload),
		writer_test(test_trouble_once),
		writer_test(test_close_after_trouble),
		writer_test(test_stale),
		writer_test(test_stale_complete),
		writer_test(test_drop_open),
		writer_test(test_drop_creating),
		writer_test(test_drop_parts_in_flight),
		writer_test(test_drop_sealed),
		writer_test(test_drop_finishing),
		writer_test(test_drop_stale),
		writer_test(test_drop_failed_while_open),
		writer_test(test_drop_failed_when_sealed),
		writer_test(test_drop_durable),
		writer_test(test_free_closing),
		writer_test(test_registered_before_it_is_told),
		writer_test(test_registered_although_closed),
		writer_test(test_trouble_of_the_table),
		writer_test(test_told_of_and_not_held),
		writer_test(test_nothing_to_register),
		writer_test(test_each_block_is_told),
		writer_test(test_compressed_accounts),
		writer_test(test_drop_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
