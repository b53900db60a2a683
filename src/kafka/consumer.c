/* SPDX-License-Identifier: Apache-2.0 */
/* The consumer thread: its loop, and the records' way into the rings. It leaves the client handle to handle.c, the
 * group to rebalance.c, the way to reading a partition to resume.c, commit requests to commit.c.
 *
 * One turn of the loop: serve the group queue until it is empty; only then act on a commit's answer (H1); hear the
 * uploaders; bring partitions back; commit what is due; put records into the rings as far as there is room. Nothing
 * here blocks but two calls of the client with a limit of 5 s, in resume.c and commit.c. Invariants: the handle is
 * called by this thread only (I5); a full ring stops the taking of records and nothing else (I8). */
#include "kafka/consumer.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "kafka/handle.h"
#include "kafka/session.h"
#include "settings/memory.h"

#define IDLE_MS 100
#define FIRST_BACKOFF_MS 500
#define LONGEST_BACKOFF_MS 60000
#define WAIT_LOG_MS 60000
/* A stop ends this long after its last progress, and at the latest within the unit's TimeoutStopSec (design.md). */
#define STOP_STALL_MS 6000
#define STOP_LIMIT_MS 80000
#define CLOSE_LIMIT_MS 2500
/* Below so many dead letters in a range the limit does not count (design.md). */
#define DEAD_LETTERS_AT_LEAST 1000
#define DEFAULT_SESSION_MS 10000
#define DEFAULT_HEARTBEAT_MS 1000

void partition_log(enum log_level level, const struct partition *p, const char *fmt, ...)
{
	char text[1024];
	char id[16];
	const struct log_field fields[] = { { "TOPIC", p->topic }, { "PARTITION", id } };
	va_list ap;

	snprintf(id, sizeof(id), "%" PRId32, p->id);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_event(level, fields, 2, "topic \"%s\" partition %s: %s", p->topic, id, text);
}

int session_left_ms(const struct consumer *c)
{
	int64_t left = c->calls_until_boot_ms - clock_boot_ms();

	return left > 0 && !atomic_load(&c->stop_asked) ? (int)left : 0;
}

static void say_farewell(struct lane_state *l, struct assignment *a)
{
	a->next_farewell = l->farewells;
	l->farewells = a;
}

void session_drop(struct consumer *c, struct partition *p)
{
	struct assignment *a = p->assignment;

	p->epoch = ++c->epochs;
	if (committer_forget(&c->committer, p))
		p->commit_unknown = true;
	if (a == NULL)
		return;
	p->assignment = NULL;
	atomic_store(&a->dropped, true);
	mailbox_post(p->lane->lane.commands, &(struct message){ .kind = COMMAND_DROP, .assignment = a });
	say_farewell(p->lane, a);
}

static int64_t backoff_ms(int failures)
{
	int64_t ms = FIRST_BACKOFF_MS;

	for (int i = 1; i < failures && ms < LONGEST_BACKOFF_MS; i++)
		ms *= 2;
	ms = ms < LONGEST_BACKOFF_MS ? ms : LONGEST_BACKOFF_MS;
	return ms / 2 + random() % (ms / 2 + 1);
}

void session_wait(struct partition *p, enum wait_reason wait, const char *text, int64_t now_boot_ms)
{
	bool news = p->wait != wait || strcmp(p->wait_text, text) != 0;

	p->state = PARTITION_PARKED;
	p->wait = wait;
	snprintf(p->wait_text, sizeof(p->wait_text), "%s", text);
	p->failures++;
	p->resume_boot_ms = now_boot_ms + backoff_ms(p->failures);
	if (!news && now_boot_ms < p->told_boot_ms + WAIT_LOG_MS)
		return;
	p->told_boot_ms = now_boot_ms;
	partition_log(wait == WAIT_MEMORY ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, p, "waits for %s%s%s",
		      wait_reason_name(wait), text[0] != '\0' ? ": " : "", text);
}

void session_park(struct consumer *c, struct partition *p, enum wait_reason wait, const char *text, int64_t now_boot_ms)
{
	session_drop(c, p);
	p->state = PARTITION_PARKED;
	rebalance_stop_reading(c, p);
	session_wait(p, wait, text, now_boot_ms);
}

static void on_trouble(struct consumer *c, struct partition *p, const struct error *e, int64_t now_boot_ms)
{
	if (p->state == PARTITION_REVOKING) {
		p->quiet = true;
		c->revoke_deadline_boot_ms = now_boot_ms;
		partition_log(LOG_LEVEL_WARNING, p, "%s: left to its next owner", e->text);
		return;
	}
	session_park(c, p, e->action == ERROR_REPLAY ? WAIT_REPLAY : WAIT_S3, e->text, now_boot_ms);
}

static void on_published(struct consumer *c, struct partition *p, const char *range_id, int64_t now_boot_ms)
{
	if (!delivery_published(&p->delivery, range_id)) {
		session_park(c, p, WAIT_REPLAY, "a range was published that was not to be", now_boot_ms);
		return;
	}
	p->ranges++;
	p->failures = 0;
	c->progress_boot_ms = now_boot_ms;
}

/* Tested before the intent is sent, and not where one names the range already: then it has to be landed as it is. */
static bool has_too_many_dead(const struct partition *p, const struct range_facts *f)
{
	int64_t all = f->landed + f->dead + f->skipped;

	if (f->dead < DEAD_LETTERS_AT_LEAST || f->dead * 100 <= p->settings->dead_letter_limit_percent * all)
		return false;
	for (int i = 0; i < p->delivery.text.n; i++) {
		if (strcmp(p->delivery.text.ranges[i].id, f->id) == 0)
			return false;
	}
	return true;
}

static void on_sealed(struct consumer *c, struct partition *p, const struct message *m, int64_t now_boot_ms)
{
	partition_log(LOG_LEVEL_DEBUG, p,
		      "sealed [%" PRId64 ", %" PRId64 ") as %s by %s: %" PRId64 " records, %" PRId32 " objects",
		      m->facts.start, m->facts.end, m->facts.id, roll_reason_name(m->reason),
		      m->facts.landed + m->facts.dead, m->facts.objects);
	if (has_too_many_dead(p, &m->facts)) {
		char why[128];

		snprintf(why, sizeof(why), "%" PRId64 " of the %" PRId64 " records from offset %" PRId64 " on",
			 m->facts.dead, m->facts.landed + m->facts.dead + m->facts.skipped, m->facts.start);
		session_park(c, p, WAIT_DEAD_LETTERS, why, now_boot_ms);
	} else if (!delivery_sealed(&p->delivery, &m->facts))
		session_park(c, p, WAIT_REPLAY, "a range was sealed that does not follow the last one", now_boot_ms);
}

static void on_message(struct consumer *c, const struct message *m, int64_t now_boot_ms)
{
	struct partition *p = m->partition;

	if (m->kind == EVENT_MOVING)
		c->progress_boot_ms = now_boot_ms;
	if (p == NULL || p->assignment == NULL || m->epoch != p->epoch)
		return;
	if (m->kind == EVENT_SEALED)
		on_sealed(c, p, m, now_boot_ms);
	else if (m->kind == EVENT_QUIET)
		p->quiet = true;
	else if (m->kind == EVENT_PUBLISHED)
		on_published(c, p, m->range_id, now_boot_ms);
	else if (m->kind == EVENT_STALE)
		delivery_stale(&p->delivery, m->range_id);
	else if (m->kind == EVENT_TROUBLE)
		on_trouble(c, p, &m->error, now_boot_ms);
}

static void hear_uploaders(struct consumer *c, int64_t now_boot_ms)
{
	struct message m;

	while (mailbox_take(c->events, &m))
		on_message(c, &m, now_boot_ms);
}

/* 670 KB at 1,000 partitions: searched, not parsed. */
static void on_statistics(struct consumer *c, const char *json, int64_t now_boot_ms)
{
	static const char name[] = "\"join_state\":";
	const char *at = strstr(json, name);
	bool steady = true;

	if (at != NULL) {
		at += sizeof(name) - 1;
		at += strspn(at, " \"");
		steady = strncmp(at, "steady\"", 7) == 0;
	}
	if (steady)
		c->unsteady_since_boot_ms = 0;
	else if (c->unsteady_since_boot_ms == 0)
		c->unsteady_since_boot_ms = now_boot_ms;
}

static void on_error(struct consumer *c, rd_kafka_event_t *event)
{
	rd_kafka_resp_err_t err = rd_kafka_event_error(event);
	char why[256];

	if (rd_kafka_event_error_is_fatal(event)) {
		rd_kafka_fatal_error(c->rk, why, sizeof(why));
		log_error("kafka: %s; %s", why,
			  err == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID || err == RD_KAFKA_RESP_ERR__FATAL
				  ? "two daemons may share one group.instance.id"
				  : "the client cannot go on");
		c->fatal = true;
		return;
	}
	log_warning("kafka: %s", rd_kafka_event_error_string(event));
}

static void on_event(struct consumer *c, rd_kafka_event_t *event, int64_t now_boot_ms)
{
	switch (rd_kafka_event_type(event)) {
	case RD_KAFKA_EVENT_REBALANCE:
		rebalance_event(c, event, now_boot_ms);
		break;
	case RD_KAFKA_EVENT_OFFSET_COMMIT:
		commit_event(c, event);
		break;
	case RD_KAFKA_EVENT_STATS:
		on_statistics(c, rd_kafka_event_stats(event), now_boot_ms);
		break;
	case RD_KAFKA_EVENT_ERROR:
		on_error(c, event);
		break;
	default:
		break;
	}
}

static void serve_group(struct consumer *c, int64_t now_boot_ms)
{
	rd_kafka_event_t *event;

	while ((event = rd_kafka_queue_poll(c->group_queue, 0)) != NULL) {
		on_event(c, event, now_boot_ms);
		rd_kafka_event_destroy(event);
	}
	c->drain = false;
}

static struct partition *partition_of(struct consumer *c, const rd_kafka_message_t *m)
{
	if (m->rkt != c->cached_topic || m->partition != c->cached_id || c->cached == NULL) {
		c->cached = m->rkt != NULL ? partition_find(c->partitions, rd_kafka_topic_name(m->rkt), m->partition)
					   : NULL;
		c->cached_topic = m->rkt;
		c->cached_id = m->partition;
	}
	return c->cached;
}

/* The end of the log is a marker in its place between the records; anything else that comes instead of a record stops
 * this partition until resume.c has looked at it. */
static void on_partition_error(struct consumer *c, struct partition *p, const rd_kafka_message_t *m,
			       int64_t now_boot_ms)
{
	if (p == NULL || p->state != PARTITION_ACTIVE)
		return;
	if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		if (m->offset >= p->next_offset)
			ring_put(p->lane->lane.ring, &(struct record){ .kind = RECORD_END,
								       .assignment = p->assignment,
								       .offset = m->offset,
								       .timestamp_ms = -1 });
		return;
	}
	p->position_error = m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
			    m->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
	session_park(c, p, WAIT_BROKER, rd_kafka_message_errstr(m), now_boot_ms);
}

static void put_record(struct consumer *c, struct partition *p, rd_kafka_message_t *m)
{
	rd_kafka_timestamp_type_t type;
	int64_t timestamp_ms = rd_kafka_message_timestamp(m, &type);

	p->next_offset = m->offset + 1;
	p->records++;
	c->record_bytes += ((int64_t)(m->len + m->key_len) - c->record_bytes) / 16;
	ring_put(p->lane->lane.ring,
		 &(struct record){ .kind = RECORD_DATA,
				   .assignment = p->assignment,
				   .offset = m->offset,
				   .timestamp_ms = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : timestamp_ms,
				   .value = m->payload,
				   .value_len = (uint32_t)m->len,
				   .key = m->key,
				   .key_len = (uint32_t)m->key_len,
				   .message = m });
}

/* Every record of an epoch goes through here, and only rising offsets pass: what the client hands out again is dropped.
 */
static void take_message(struct consumer *c, rd_kafka_message_t *m, int64_t now_boot_ms)
{
	struct partition *p = partition_of(c, m);

	if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		on_partition_error(c, p, m, now_boot_ms);
	else if (p != NULL && p->state == PARTITION_ACTIVE && m->offset >= p->next_offset) {
		put_record(c, p, m);
		return;
	}
	rd_kafka_message_destroy(m);
}

static size_t room(const struct consumer *c)
{
	size_t least = BATCH_MESSAGES;

	for (int i = 0; i < c->n_lanes; i++) {
		size_t r = ring_room(c->lanes[i].lane.ring, c->record_bytes);

		least = r < least ? r : least;
	}
	return least;
}

static void put_farewells(struct lane_state *l)
{
	while (l->farewells != NULL && ring_room(l->lane.ring, 0) > 0) {
		struct assignment *a = l->farewells;

		l->farewells = a->next_farewell;
		ring_put(l->lane.ring, &(struct record){ .kind = RECORD_FAREWELL, .assignment = a });
	}
}

static size_t take_records(struct consumer *c, int64_t now_boot_ms)
{
	size_t n = room(c);
	ssize_t got = 0;

	c->was_full = n == 0;
	if (n > 0 && !c->stopping)
		got = rd_kafka_consume_batch_queue(c->record_queue, 0, c->batch, n);
	for (ssize_t i = 0; i < got; i++)
		take_message(c, c->batch[i], now_boot_ms);
	for (int i = 0; i < c->n_lanes; i++) {
		put_farewells(&c->lanes[i]);
		ring_publish(c->lanes[i].lane.ring);
	}
	return got > 0 ? (size_t)got : 0;
}

static void report(const struct consumer *c)
{
	for (const struct partition *p = partition_first(c->partitions); p != NULL; p = p->next) {
		if (p->state == PARTITION_AWAY)
			continue;
		partition_log(LOG_LEVEL_INFO, p,
			      "%s, committed up to %" PRId64 ", %d sealed range%s, next offset %" PRId64 ", %" PRIu64
			      " records and %" PRIu64 " ranges so far%s%s%s%s",
			      partition_state_name(p->state), p->delivery.text.start, p->delivery.text.n,
			      p->delivery.text.n == 1 ? "" : "s", p->next_offset, p->records, p->ranges,
			      p->wait != WAIT_NOTHING ? ", waits for " : "",
			      p->wait != WAIT_NOTHING ? wait_reason_name(p->wait) : "",
			      p->wait_text[0] != '\0' ? ": " : "", p->wait != WAIT_NOTHING ? p->wait_text : "");
	}
	for (int i = 0; i < c->n_lanes; i++)
		mailbox_post(c->lanes[i].lane.commands, &(struct message){ .kind = COMMAND_REPORT });
}

static void begin_stop(struct consumer *c, int64_t now_boot_ms)
{
	log_info("stopping: sealing, publishing and committing what is open");
	c->stopping = true;
	c->stop_boot_ms = c->progress_boot_ms = now_boot_ms;
	for (struct partition *p = partition_first(c->partitions); p != NULL; p = p->next) {
		if (p->state == PARTITION_ACTIVE)
			mailbox_post(p->lane->lane.commands, &(struct message){ .kind = COMMAND_SEAL,
										.assignment = p->assignment,
										.reason = ROLL_SHUTDOWN });
	}
}

static bool is_stopped(const struct consumer *c, int64_t now_boot_ms)
{
	if (!c->stopping)
		return false;
	if (now_boot_ms >= c->progress_boot_ms + STOP_STALL_MS || now_boot_ms >= c->stop_boot_ms + STOP_LIMIT_MS) {
		log_warning(
			"stopping without an end of publishing: what is sealed and not committed is finished at the next "
			"start");
		return true;
	}
	for (const struct partition *p = partition_first(c->partitions); p != NULL; p = p->next) {
		if (p->assignment != NULL && (!p->quiet || !delivery_settled(&p->delivery)))
			return false;
	}
	return true;
}

static void wake_consumer(void *arg)
{
	const struct consumer *c = arg;
	const uint64_t one = 1;

	if (write(c->wake_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		abort();
}

/* Ask every ring to wake us when there is room. True: it came in the meantime. */
static bool room_has_come(const struct consumer *c)
{
	bool all = true;

	for (int i = 0; i < c->n_lanes; i++)
		all = ring_wait_for_room(c->lanes[i].lane.ring) && all;
	return all;
}

/* Asleep until a queue, an uploader or the daemon has something; short enough for every timer here. The counter is read
 * before the queues are served, so that nothing that comes in between is missed. */
static void rest(const struct consumer *c)
{
	struct pollfd fd = { .fd = c->wake_fd, .events = POLLIN };
	uint64_t count;

	if (c->was_full && room_has_come(c))
		return;
	if (poll(&fd, 1, IDLE_MS) > 0 && read(c->wake_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		abort();
}

static void serve_once(struct consumer *c)
{
	int64_t now = clock_boot_ms();

	c->calls_until_boot_ms = now + COMMITTED_LIMIT_MS;

	if (atomic_exchange(&c->report_asked, false))
		report(c);
	if (!c->stopping && atomic_load(&c->stop_asked))
		begin_stop(c, now);
	serve_group(c, now);
	commit_serve_answer(c, now);
	hear_uploaders(c, now);
	rebalance_progress(c, now);
	resume_due(c, now);
	serve_group(c, clock_boot_ms());
	if (c->fatal)
		return;
	commit_if_due(c, clock_boot_ms());
	if (take_records(c, now) == 0)
		rest(c);
}

static void drop_all(struct consumer *c)
{
	for (struct partition *p = partition_first(c->partitions); p != NULL; p = p->next) {
		session_drop(c, p);
		p->state = PARTITION_AWAY;
	}
}

/* Every rebalance event that still comes is answered; nothing is ours any more. */
static void leave_group(struct consumer *c)
{
	int64_t deadline = clock_boot_ms() + CLOSE_LIMIT_MS;

	drop_all(c);
	c->leaving = true;
	if (rd_kafka_fatal_error(c->rk, NULL, 0) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	rd_kafka_error_destroy(rd_kafka_consumer_close_queue(c->rk, c->group_queue));
	while (!rd_kafka_consumer_closed(c->rk) && clock_boot_ms() < deadline) {
		serve_group(c, clock_boot_ms());
		take_records(c, clock_boot_ms());
		rest(c);
	}
}

static void dismiss_uploaders(struct consumer *c)
{
	for (int i = 0; i < c->n_lanes; i++) {
		struct lane_state *l = &c->lanes[i];

		while (l->farewells != NULL) {
			put_farewells(l);
			ring_publish(l->lane.ring);
			if (l->farewells != NULL)
				rest(c);
		}
		mailbox_post(l->lane.commands, &(struct message){ .kind = COMMAND_STOP });
	}
}

static void *consumer_main(void *arg)
{
	struct consumer *c = arg;

	while (!c->fatal && !is_stopped(c, clock_boot_ms()))
		serve_once(c);
	leave_group(c);
	dismiss_uploaders(c);
	atomic_store(&c->exit_code, c->fatal ? EX_TEMPFAIL : EX_OK);
	atomic_store(&c->ended, true);
	log_info("stopped");
	return NULL;
}

static void connect_wakes(struct consumer *c)
{
	const struct waker waker = { wake_consumer, c };
	static const uint64_t one = 1;

	rd_kafka_queue_io_event_enable(c->group_queue, c->wake_fd, &one, sizeof(one));
	rd_kafka_queue_io_event_enable(c->record_queue, c->wake_fd, &one, sizeof(one));
	mailbox_waker(c->events, waker);
	for (int i = 0; i < c->n_lanes; i++)
		ring_wake_producer(c->lanes[i].lane.ring, waker);
}

struct consumer *consumer_new(const struct settings *settings, const struct lane *lanes, int n_lanes,
			      struct mailbox *events, struct error *e)
{
	struct consumer *c = mem_zalloc(sizeof(*c));

	c->settings = settings;
	c->events = events;
	c->n_lanes = n_lanes;
	c->lanes = mem_array((size_t)n_lanes, sizeof(*c->lanes));
	for (int i = 0; i < n_lanes; i++)
		c->lanes[i].lane = lanes[i];
	c->partitions = partition_table_new();
	c->isolation_level = handle_isolation_level(settings);
	c->session_ms = handle_option_ms(settings, "session.timeout.ms", DEFAULT_SESSION_MS);
	c->heartbeat_ms = handle_option_ms(settings, "heartbeat.interval.ms", DEFAULT_HEARTBEAT_MS);
	c->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	c->rk = c->wake_fd >= 0 ? handle_open(settings, e) : NULL;
	if (c->rk == NULL) {
		consumer_free(c);
		return NULL;
	}
	rd_kafka_poll_set_consumer(c->rk);
	c->group_queue = rd_kafka_queue_get_consumer(c->rk);
	c->record_queue = rd_kafka_queue_new(c->rk);
	connect_wakes(c);
	if (handle_subscribe(c->rk, settings, e) < 0) {
		consumer_free(c);
		return NULL;
	}
	return c;
}

void consumer_start(struct consumer *c)
{
	if (pthread_create(&c->thread, NULL, consumer_main, c) != 0)
		abort();
	pthread_setname_np(c->thread, "consumer");
}

void consumer_stop(struct consumer *c)
{
	atomic_store(&c->stop_asked, true);
	wake_consumer(c);
}

void consumer_report(struct consumer *c)
{
	atomic_store(&c->report_asked, true);
	wake_consumer(c);
}

bool consumer_ended(const struct consumer *c)
{
	return atomic_load(&c->ended);
}

int consumer_join(struct consumer *c)
{
	pthread_join(c->thread, NULL);
	return atomic_load(&c->exit_code);
}

void consumer_free(struct consumer *c)
{
	if (c == NULL)
		return;
	if (c->group_queue != NULL)
		rd_kafka_queue_destroy(c->group_queue);
	if (c->record_queue != NULL)
		rd_kafka_queue_destroy(c->record_queue);
	if (c->rk != NULL)
		rd_kafka_destroy_flags(c->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	committer_free(&c->committer);
	partition_table_free(c->partitions);
	if (c->wake_fd >= 0)
		close(c->wake_fd);
	free(c->cluster);
	free(c->lanes);
	free(c);
}
