/* SPDX-License-Identifier: Apache-2.0 */
/* The uploader thread's loop, and its share of the memory. It leaves cuts and keys to the writers, blocks and parts to
 * the objects, retries to s3.
 * Invariants: at the whole share no record is taken from the ring (I4, I8); commands are served whatever the ring
 * does. */
#include "store/uploader.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "aws/credentials.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/orphans.h"
#include "store/probe.h"
#include "store/story.h"
#include "store/writer.h"

#define BATCH_RECORDS 512
#define BATCH_BYTES (4 << 20) /* so that S3 and the commands have their turn, however slow the codec is */
#define TICK_MS 100
#define BLOCK_BYTES (1 << 20)
#define MIN_BLOCK_BYTES (4 << 10)
#define SCRATCH_MAX (1U << 30)
#define CLOSING_MS 2000
#define TOLD_EVERY_MS 60000
/* Enough that no connection waits for the next call. */
#define PUBLISH_PER_CONNECTION 4

struct uploader {
	pthread_t thread;
	struct ring *ring;
	struct mailbox *commands;
	struct mailbox *events;
	int64_t share_bytes;
	struct upload_env env;
	struct orphans *orphans;
	struct probe *probe; /* NULL: another uploader's business */
	struct crash_hand hand;
	struct board *board;
	int number; /* of its section there */
	struct story *story;
	struct writer *writers;
	int64_t next_tick_boot_ms;
	uint64_t seals_for_memory;
	int most_open; /* objects, when a range was sealed for memory */
	uint64_t taken_told;
	bool trouble_told;
	int64_t tell_trouble_boot_ms; /* not before */
	bool beyond_told;
	bool full; /* the ring was left as it was, for want of memory */
	bool stopping;
};

static void place_of_hand(const void *what, const char **topic, int32_t *partition)
{
	const struct assignment *a = what;

	*topic = a->topic;
	*partition = a->partition_id;
}

static void wake_uploader(void *arg)
{
	struct uploader *u = arg;

	s3_wakeup(u->env.s3);
}

static void beat(const struct uploader *u, int64_t now_boot_ms)
{
	const char *what = "records";

	if (u->trouble_told)
		what = "S3, which takes nothing";
	else if (u->full)
		what = "memory, which S3 gives back by taking what is held";
	board_beat(u->board, BEAT_UPLOADER + u->number, now_boot_ms, what);
}

/* A turn in which many ranges are sealed may compress for minutes. */
static void beat_now(void *arg)
{
	beat(arg, clock_boot_ms());
}

/* This uploader's share. */
static int connections_of(const struct settings *s)
{
	int64_t n = s->s3_connections / s->uploaders;

	return n > 0 ? (int)n : 1;
}

struct uploader *uploader_new(const struct settings *settings, struct ring *ring, struct mailbox *commands,
			      struct mailbox *events, struct credential_provider *credentials, int64_t memory_bytes,
			      struct board *board, int number, struct error *e)
{
	struct uploader *u = mem_zalloc(sizeof(*u));

	u->ring = ring;
	u->commands = commands;
	u->events = events;
	u->share_bytes = memory_bytes;
	u->board = board;
	u->number = number;
	u->env.s3 = s3_new(settings, credentials_hold(credentials), connections_of(settings), e);
	if (u->env.s3 == NULL) {
		free(u);
		return NULL;
	}
	u->env.settings = settings_hold(settings);
	u->orphans = orphans_new(u->env.s3);
	u->story = story_new();
	u->env.codecs = codecs_new();
	u->env.part_bytes = settings->s3_part_size_bytes;
	u->env.block_bytes = BLOCK_BYTES;
	u->env.publish_max = PUBLISH_PER_CONNECTION * connections_of(settings);
	u->env.after_block = beat_now;
	u->env.after_block_arg = u;
	buf_init(&u->env.scratch, SCRATCH_MAX);
	mailbox_waker(commands, (struct waker){ wake_uploader, u });
	ring_wake_consumer(ring, (struct waker){ wake_uploader, u });
	crash_watch(&u->hand, place_of_hand);
	return u;
}

void uploader_free(struct uploader *u)
{
	if (u == NULL)
		return;
	crash_forget(&u->hand);
	object_free_closing(&u->env);
	probe_free(u->probe);
	orphans_free(u->orphans);
	story_free(u->story);
	s3_free(u->env.s3);
	codecs_free(u->env.codecs);
	buf_free(&u->env.scratch);
	settings_free(u->env.settings);
	free(u);
}

static void add_writer(struct uploader *u, struct assignment *a)
{
	struct writer *w = writer_new(&u->env, u->events, a);

	w->next = u->writers;
	if (w->next != NULL)
		w->next->prev = w;
	u->writers = w;
}

static void drop_writer(struct uploader *u, struct writer *w, int64_t now_boot_ms)
{
	if (w->prev != NULL)
		w->prev->next = w->next;
	else
		u->writers = w->next;
	if (w->next != NULL)
		w->next->prev = w->prev;
	writer_free(w, now_boot_ms);
}

/* Takes the hold. Ranges that are open keep what they began with. */
static void take_settings(struct uploader *u, const struct settings *s)
{
	s3_reload(u->env.s3, s, connections_of(s));
	u->env.publish_max = PUBLISH_PER_CONNECTION * connections_of(s);
	settings_free(u->env.settings);
	u->env.settings = s;
}

static void obey(struct uploader *u, const struct message *m, int64_t now_boot_ms)
{
	struct writer *w = m->assignment != NULL ? m->assignment->writer : NULL;

	if (m->kind == COMMAND_OPEN)
		add_writer(u, m->assignment);
	else if (m->kind == COMMAND_SETTINGS)
		take_settings(u, m->settings);
	else if (m->kind == COMMAND_STOP)
		u->stopping = true;
	else if (w == NULL)
		return;
	else if (m->kind == COMMAND_SEAL)
		writer_close(w, m->reason, now_boot_ms);
	else if (m->kind == COMMAND_PUBLISH)
		writer_publish(w, m->range_id, m->not_after_boot_ms, now_boot_ms);
	else if (m->kind == COMMAND_DROP)
		drop_writer(u, w, now_boot_ms);
}

static void serve_commands(struct uploader *u, int64_t now_boot_ms)
{
	struct message m;

	while (mailbox_take(u->commands, &m))
		obey(u, &m, now_boot_ms);
}

/* Lines are compressed earlier when many objects share the memory. */
static void size_blocks(struct uploader *u)
{
	int64_t each = u->share_bytes / 4 / (u->env.n_open > 0 ? u->env.n_open : 1);

	if (each > BLOCK_BYTES)
		each = BLOCK_BYTES;
	u->env.block_bytes = each < MIN_BLOCK_BYTES ? MIN_BLOCK_BYTES : each;
}

static struct object *largest_tail(const struct uploader *u)
{
	struct object *largest = NULL;

	for (const struct writer *w = u->writers; w != NULL; w = w->next) {
		for (struct object *o = w->open != NULL ? w->open->objects : NULL; o != NULL; o = o->next) {
			if (o->tail_bytes >= OBJECT_MIN_PART &&
			    (largest == NULL || o->tail_bytes > largest->tail_bytes))
				largest = o;
		}
	}
	return largest;
}

/* Of those that have a way to give memory back. */
static struct writer *largest_writer(const struct uploader *u)
{
	struct writer *largest = NULL;
	int64_t most = 0;

	for (struct writer *w = u->writers; w != NULL; w = w->next) {
		bool can_give = !w->closed && !w->failed && (writer_can_seal(w) || writer_can_defer(w));
		int64_t bytes = can_give ? writer_open_bytes(w) : 0;

		if (bytes > most) {
			most = bytes;
			largest = w;
		}
	}
	return largest;
}

/* Above half of the share: give memory back, the cheapest way first. Many small objects may take three quarters before
 * a range is sealed, since what is sealed early stays small for ever, or before a recovered one has to be read again
 * for a part of them. False: there is nothing to give, or no need yet. */
static bool relieve(struct uploader *u, int64_t now_boot_ms)
{
	struct object *o = largest_tail(u);
	struct writer *w;

	if (o != NULL) {
		object_early_part(&u->env, o, now_boot_ms);
		return true;
	}
	w = u->env.open_bytes > u->share_bytes / 4 * 3 ? largest_writer(u) : NULL;
	if (w == NULL)
		return false;
	if (writer_can_seal(w)) {
		u->most_open = u->env.n_open > u->most_open ? u->env.n_open : u->most_open;
		writer_seal(w, ROLL_MEMORY, now_boot_ms);
		u->seals_for_memory++;
	} else {
		writer_defer(w, now_boot_ms);
	}
	return true;
}

/* True: no record may be taken now. What moves comes back by itself; where nothing moves, waiting would last for ever,
 * so one batch more is taken instead, and said. */
static bool memory_full(struct uploader *u, int64_t now_boot_ms)
{
	size_blocks(u);
	while (u->env.open_bytes > u->share_bytes / 2 && relieve(u, now_boot_ms))
		continue;
	if (u->env.open_bytes + u->env.moving_bytes < u->share_bytes)
		return false;
	if (u->env.moving_bytes > 0)
		return true;
	if (!u->beyond_told)
		log_event(MESSAGE_MEMORY_EXCEEDED, LOG_FIELDS(LOG_NUMBER("BYTES", u->share_bytes)),
			  "one slot of a recovered range needs more than the %" PRId64
			  " bytes of memory that an uploader has: going beyond them; raise \"memory\"",
			  u->share_bytes);
	u->beyond_told = true;
	return false;
}

static void take_record(struct uploader *u, struct record *r, int64_t now_boot_ms)
{
	struct assignment *a = r->assignment;

	u->hand.what = a;
	u->hand.offset = r->offset;
	if (r->kind == RECORD_FAREWELL) {
		u->hand.what = NULL;
		assignment_free(a);
		return;
	}
	if (a->writer != NULL && !atomic_load_explicit(&a->dropped, memory_order_relaxed))
		writer_add(a->writer, r, now_boot_ms);
}

/* The head of the ring is read before the mailbox, so that the open of an assignment is seen before its first
 * record. */
static size_t serve_ring(struct uploader *u, int64_t now_boot_ms)
{
	size_t n = ring_batch(u->ring, BATCH_RECORDS, BATCH_BYTES);

	serve_commands(u, now_boot_ms);
	u->full = n > 0 && memory_full(u, now_boot_ms);
	if (n == 0 || u->full)
		return 0;
	for (size_t i = 0; i < n; i++)
		take_record(u, ring_at(u->ring, i), now_boot_ms);
	u->hand.what = NULL;
	/* In one go: the client allocates on the same heap at the same time, and each release in between would meet it.
	 */
	for (size_t i = 0; i < n; i++) {
		if (ring_at(u->ring, i)->kind == RECORD_DATA)
			record_release(ring_at(u->ring, i));
	}
	ring_take(u->ring, n);
	return n;
}

static void serve_answers(struct uploader *u, int64_t now_boot_ms)
{
	struct s3_call *c;

	while ((c = s3_next_done(u->env.s3)) != NULL) {
		struct object *o = c->user;
		struct range *r;
		bool publishes;

		if (orphans_call_done(u->orphans, c, now_boot_ms) || probe_call_done(u->probe, c, now_boot_ms))
			continue;
		r = o->state != OBJECT_DROPPED ? o->owner : NULL;
		publishes = c->op == S3_PUT || c->op == S3_COMPLETE;
		object_call_done(&u->env, c, now_boot_ms);
		if (r == NULL)
			continue;
		if (publishes && o->state == OBJECT_DURABLE)
			story_object(u->story, r->writer, r, o, now_boot_ms);
		writer_object_changed(r->writer, o, now_boot_ms);
	}
}

/* What the store holds up is in the log once, then once a minute, and once when it is over. */
static void tell_trouble(struct uploader *u, int64_t now_boot_ms)
{
	bool stuck = s3_is_stuck(u->env.s3);

	if (!stuck && u->trouble_told) {
		log_event(MESSAGE_S3_BACK, LOG_FIELDS(LOG_TEXT("S3_BUCKET", u->env.settings->s3_bucket)),
			  "S3 takes again what it did not take");
		u->trouble_told = false;
	} else if (stuck && now_boot_ms >= u->tell_trouble_boot_ms) {
		log_event(s3_lacks_credentials(u->env.s3) ? MESSAGE_CREDENTIALS : MESSAGE_S3_AWAY,
			  LOG_FIELDS(LOG_TEXT("S3_BUCKET", u->env.settings->s3_bucket)), "waits for S3: %s",
			  s3_trouble(u->env.s3));
		u->trouble_told = true;
		u->tell_trouble_boot_ms = now_boot_ms + TOLD_EVERY_MS;
	}
}

/* The share that so many objects need so that none is sealed for memory: when three quarters of it are open, of which
 * lines that are not compressed take one at most (size_blocks), some tail is large enough for an early part. */
static int64_t share_wanted(const struct uploader *u)
{
	return (int64_t)u->most_open * 2 * OBJECT_MIN_PART;
}

static void show(struct uploader *u, int64_t now_boot_ms)
{
	struct board_uploader *out;

	u->env.real_less_boot_ms = clock_real_ms() - clock_boot_ms();
	if (!board_uploader_due(u->board, u->number, now_boot_ms))
		return;
	out = board_uploader_begin(u->board, u->number);
	out->share_bytes = u->share_bytes;
	out->seals_for_memory = u->seals_for_memory;
	out->share_wanted_bytes = share_wanted(u);
	out->full = u->full;
	story_show(u->story, &u->env, u->writers, out);
	board_uploader_show(u->board, u->number, now_boot_ms);
}

static void tick(struct uploader *u, int64_t now_boot_ms)
{
	bool finishing = false;
	uint64_t taken;

	if (now_boot_ms < u->next_tick_boot_ms)
		return;
	u->next_tick_boot_ms = now_boot_ms + TICK_MS;
	tell_trouble(u, now_boot_ms);
	for (struct writer *w = u->writers; w != NULL; w = w->next) {
		writer_tick(w, now_boot_ms);
		writer_look_up(w, now_boot_ms);
		finishing |= w->closed;
	}
	orphans_tick(u->orphans, u->writers, now_boot_ms);
	probe_tick(u->probe, now_boot_ms);
	show(u, now_boot_ms);
	taken = finishing ? s3_bytes_taken(u->env.s3) : u->taken_told;
	if (taken != u->taken_told) {
		u->taken_told = taken;
		mailbox_post(u->events, &(struct message){ .kind = EVENT_MOVING });
	}
}

/* Uploads of dropped objects are aborted, as far as a few seconds allow: lifecycle rules take the rest. */
static void finish_closing(struct uploader *u)
{
	int64_t deadline = clock_boot_ms() + CLOSING_MS;

	while ((u->env.closing != NULL || probe_is_open(u->probe)) && clock_boot_ms() < deadline) {
		beat(u, clock_boot_ms());
		probe_tick(u->probe, clock_boot_ms());
		s3_wait(u->env.s3, TICK_MS);
		serve_answers(u, clock_boot_ms());
	}
}

/* Asleep for want of records the ring must wake us; asleep for want of memory only S3 can, and it does by itself. */
static bool may_sleep(struct uploader *u)
{
	return u->full || ring_prepare_sleep(u->ring);
}

static void *uploader_main(void *arg)
{
	struct uploader *u = arg;

	crash_stack();
	while (!u->stopping || ring_ready(u->ring) > 0) {
		int64_t now = clock_boot_ms();
		size_t taken = serve_ring(u, now);
		int timeout_ms = taken == 0 && may_sleep(u) ? TICK_MS : 0;

		beat(u, now);
		tick(u, now);
		s3_wait(u->env.s3, timeout_ms);
		serve_answers(u, clock_boot_ms());
	}
	while (u->writers != NULL)
		drop_writer(u, u->writers, clock_boot_ms());
	finish_closing(u);
	board_beat_ends(u->board, BEAT_UPLOADER + u->number);
	return NULL;
}

void uploader_registers(struct uploader *u, struct registry *registry)
{
	u->env.registry = registry;
}

void uploader_probe(struct uploader *u)
{
	u->probe = probe_new(u->env.s3, u->env.settings);
}

bool uploader_probed(const struct uploader *u, char text[ERROR_TEXT_MAX])
{
	return probe_worked(u->probe, text);
}

void uploader_samples(struct uploader *u, struct sampler *sampler)
{
	u->env.sampler = sampler;
}

void uploader_start(struct uploader *u)
{
	if (pthread_create(&u->thread, NULL, uploader_main, u) != 0)
		abort();
	pthread_setname_np(u->thread, "uploader");
}

void uploader_join(struct uploader *u)
{
	pthread_join(u->thread, NULL);
}
