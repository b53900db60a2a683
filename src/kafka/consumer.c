/* SPDX-License-Identifier: Apache-2.0 */
/* The consumer thread: its loop, the group queue, birth and end. It leaves the client handle to handle.c, the group to
 * rebalance.c, the way to reading a partition to resume.c and out of it to park.c, what becomes of it to lifecycle.c
 * and duties.c, records to records.c, what the uploaders tell to events.c, commit requests to commit.c.
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
#include "base/crash.h"
#include "base/mem.h"
#include "kafka/cause.h"
#include "kafka/handle.h"
#include "kafka/session.h"
#include "settings/memory.h"

#define IDLE_MS 100
/* A stop ends this long after its last progress, and at the latest within the unit's TimeoutStopSec (design.md). What
 * is sent again and again, to a store that refuses it or under a lease that ran out, is no progress. */
#define STOP_STALL_MS 6000
#define STOP_LIMIT_MS 80000
#define CLOSE_LIMIT_MS 2500
#define DEFAULT_SESSION_MS 10000
#define DEFAULT_HEARTBEAT_MS 1000

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
	if (c->away_since_boot_ms == 0 || strstr(json, "\"state\":\"UP\"") == NULL)
		return;
	if (c->away_told)
		log_event(MESSAGE_KAFKA_BACK, NULL, 0, "kafka: a broker can be reached again");
	c->away_since_boot_ms = 0;
	c->away_told = false;
}

/* The event itself does not say that it is fatal. */
static void on_error(struct consumer *c, rd_kafka_event_t *event, int64_t now_boot_ms)
{
	rd_kafka_resp_err_t err = rd_kafka_event_error(event);
	const char *meaning = cause_meaning(err, rd_kafka_event_error_string(event));

	c->fatal |= rd_kafka_fatal_error(c->rk, NULL, 0) != RD_KAFKA_RESP_ERR_NO_ERROR;
	snprintf(c->trouble, sizeof(c->trouble), "%s", rd_kafka_event_error_string(event));
	c->trouble_boot_ms = now_boot_ms;
	if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && c->away_since_boot_ms == 0)
		c->away_since_boot_ms = now_boot_ms;
	if (c->fatal || !session_tells(c, err, now_boot_ms))
		return;
	c->away_told |= err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
	log_event(err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN ? MESSAGE_KAFKA_AWAY : MESSAGE_KAFKA_TROUBLE, NULL, 0,
		  "kafka: %s%s%s", rd_kafka_event_error_string(event), meaning != NULL ? ": " : "",
		  meaning != NULL ? meaning : "");
}

static void on_event(struct consumer *c, rd_kafka_event_t *event, int64_t now_boot_ms)
{
	if (records_found_astray(c, event))
		return;
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
		on_error(c, event, now_boot_ms);
		break;
	default:
		break;
	}
}

static void serve_group(struct consumer *c, int64_t now_boot_ms)
{
	rd_kafka_event_t *event;

	do {
		while ((event = rd_kafka_queue_poll(c->group_queue, 0)) != NULL) {
			on_event(c, event, now_boot_ms);
			rd_kafka_event_destroy(event);
		}
		c->drain = false;
	} while (rebalance_read_astray(c));
}

static void begin_stop(struct consumer *c, int64_t now_boot_ms)
{
	log_event(MESSAGE_STOPPING, NULL, 0, "stopping: sealing, publishing and committing what is open");
	c->stopping = true;
	c->stop_boot_ms = c->progress_boot_ms = now_boot_ms;
	for (struct partition *p = partition_first(c->partitions); p != NULL; p = p->next) {
		if (p->life.state == PARTITION_ACTIVE)
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
		log_event(MESSAGE_STOP_UNFINISHED, NULL, 0,
			  "stopping without an end of publishing: what is sealed and not committed is finished at the "
			  "next start");
		return true;
	}
	for (const struct partition *p = partition_first(c->partitions); p != NULL; p = p->next) {
		if (lifecycle_is_open(&p->life) && !lifecycle_is_finished(&p->life))
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

	show_beat(c, clock_boot_ms());
	if (c->was_full && room_has_come(c))
		return;
	if (poll(&fd, 1, IDLE_MS) > 0 && read(c->wake_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		abort();
}

static void serve_daemon(struct consumer *c, int64_t now_boot_ms)
{
	reload_serve(c, now_boot_ms);
	if (!c->stopping && atomic_load(&c->stop_asked))
		begin_stop(c, now_boot_ms);
}

/* Until the next client is due. */
static void serve_without_client(struct consumer *c)
{
	int64_t now = clock_boot_ms();
	struct error e;

	serve_daemon(c, now);
	events_hear(c, now);
	show_consumer(c, now);
	if (now < c->client_due_boot_ms) {
		rest(c);
	} else if (!c->stopping && session_open(c, &e) < 0) {
		log_event(MESSAGE_CLIENT_FAILED, NULL, 0, "%s", e.text);
		c->broken = true;
	}
}

static void serve_once(struct consumer *c)
{
	int64_t now = clock_boot_ms();

	c->calls_until_boot_ms = now + COMMITTED_LIMIT_MS;

	serve_daemon(c, now);
	serve_group(c, now);
	if (reload_subscribe(c, now))
		serve_group(c, now);
	commit_serve_answer(c, now);
	events_hear(c, now);
	records_watch(c, now);
	rebalance_progress(c, now);
	resume_due(c, now);
	session_tell_waits(c, now);
	serve_group(c, clock_boot_ms());
	if (c->fatal)
		return;
	commit_if_due(c, clock_boot_ms());
	show_consumer(c, now);
	if (records_take(c, now) == 0)
		rest(c);
}

static void drop_all(struct consumer *c)
{
	for (struct partition *p = partition_first(c->partitions); p != NULL; p = p->next)
		session_do(c, p, lifecycle_lost(&p->life));
}

/* Every rebalance event that still comes is answered; nothing is ours any more. */
static void leave_group(struct consumer *c)
{
	int64_t deadline = clock_boot_ms() + CLOSE_LIMIT_MS;

	drop_all(c);
	c->leaving = true;
	if (c->rk == NULL || rd_kafka_fatal_error(c->rk, NULL, 0) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	rd_kafka_error_destroy(rd_kafka_consumer_close_queue(c->rk, c->group_queue));
	while (!rd_kafka_consumer_closed(c->rk) && clock_boot_ms() < deadline) {
		serve_group(c, clock_boot_ms());
		records_take(c, clock_boot_ms());
		rest(c);
	}
}

/* Records belong to the client's handle. The uploaders take them out whatever S3 does: they were dropped. */
static void empty_rings(struct consumer *c)
{
	c->was_full = false;
	for (int i = 0; i < c->n_lanes; i++) {
		struct lane_state *l = &c->lanes[i];

		while (l->farewells != NULL || !ring_is_empty(l->lane.ring)) {
			records_put_farewells(l);
			ring_publish(l->lane.ring);
			rest(c);
		}
	}
}

static void dismiss_uploaders(struct consumer *c)
{
	for (int i = 0; i < c->n_lanes; i++) {
		struct lane_state *l = &c->lanes[i];

		while (l->farewells != NULL) {
			records_put_farewells(l);
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

	crash_stack();
	while (!c->broken && !is_stopped(c, clock_boot_ms())) {
		show_beat(c, clock_boot_ms());
		if (c->rk != NULL)
			serve_once(c);
		else
			serve_without_client(c);
		if (c->fatal) {
			leave_group(c);
			empty_rings(c);
			session_fail(c, clock_boot_ms());
		}
	}
	leave_group(c);
	dismiss_uploaders(c);
	atomic_store(&c->exit_code, c->broken ? EX_TEMPFAIL : EX_OK);
	board_beat_ends(c->board, BEAT_CONSUMER);
	atomic_store(&c->ended, true);
	log_event(MESSAGE_STOPPED, NULL, 0, "stopped");
	return NULL;
}

static void connect_wakes(struct consumer *c)
{
	const struct waker waker = { wake_consumer, c };

	mailbox_waker(c->events, waker);
	for (int i = 0; i < c->n_lanes; i++)
		ring_wake_producer(c->lanes[i].lane.ring, waker);
}

struct consumer *consumer_new(const struct settings *settings, const char *rack,
			      struct credential_provider *credentials, const struct lane *lanes, int n_lanes,
			      struct mailbox *events, struct board *board, struct error *e)
{
	struct consumer *c = mem_zalloc(sizeof(*c));

	c->settings = settings_hold(settings);
	c->rack = mem_strdup(rack);
	c->credentials = credentials != NULL ? credentials_hold(credentials) : NULL;
	c->events = events;
	c->board = board;
	c->n_lanes = n_lanes;
	c->lanes = mem_array((size_t)n_lanes, sizeof(*c->lanes));
	for (int i = 0; i < n_lanes; i++)
		c->lanes[i].lane = lanes[i];
	c->partitions = partition_table_new();
	c->isolation_level = handle_isolation_level(settings);
	c->session_ms = handle_option_ms(settings, "session.timeout.ms", DEFAULT_SESSION_MS);
	c->heartbeat_ms = handle_option_ms(settings, "heartbeat.interval.ms", DEFAULT_HEARTBEAT_MS);
	c->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->wake_fd < 0)
		abort();
	connect_wakes(c);
	if (session_open(c, e) < 0) {
		consumer_free(c);
		return NULL;
	}
	return c;
}

int consumer_check(const struct settings *settings, struct error *e)
{
	return handle_check(settings, e);
}

void consumer_registers(struct consumer *c, struct registry *registry)
{
	c->registry = registry;
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

void consumer_reload(struct consumer *c, const struct settings *fresh)
{
	settings_free(atomic_exchange(&c->fresh, settings_hold(fresh)));
	wake_consumer(c);
}

uint64_t consumer_taken(const struct consumer *c)
{
	return atomic_load_explicit(&c->taken, memory_order_relaxed);
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
	session_close(c);
	committer_free(&c->committer);
	partition_table_free(c->partitions);
	if (c->wake_fd >= 0)
		close(c->wake_fd);
	free(c->cluster);
	free(c->lanes);
	settings_free(atomic_load(&c->fresh));
	free(c->rack);
	settings_free(c->settings);
	if (c->credentials != NULL)
		c->credentials->free(c->credentials);
	free(c);
}

const char *consumer_library_version(void)
{
	return rd_kafka_version_str();
}
