/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon: rings and mailboxes, then the uploaders, then the consumer, then the replay; ended in reverse. Reading
 * this file is reading the architecture. It leaves all work to the threads and waits for signals. */
#include "daemon/daemon.h"

#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "aws/credentials.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "batch/mailbox.h"
#include "batch/registry.h"
#include "batch/ring.h"
#include "board/board.h"
#include "daemon/about.h"
#include "daemon/notify.h"
#include "daemon/rack.h"
#include "daemon/reload.h"
#include "daemon/state.h"
#include "glue/glue.h"
#include "kafka/consumer.h"
#include "replay/replay.h"
#include "settings/memory.h"
#include "status/server.h"
#include "status/view.h"
#include "store/uploader.h"

#define RING_SLOTS 16384
#define LOOK_MS 200
#define REPORT_MS 2000
/* Blocks of a mebibyte and fetch buffers come and go by the thousand: from the heap, which keeps some memory to use
 * again, since fresh pages from the system cost more than what is done with them. Larger ones go back at once. One heap
 * for all threads: what one allocates another frees, and a heap each would keep the room of every thread's own peak. */
#define MMAP_THRESHOLD (32 << 20)
#define TRIM_THRESHOLD (64 << 20)

struct daemon {
	const struct settings *settings; /* those of the start */
	const struct settings *running;  /* the newest generation: a hold */
	int n;                           /* uploaders */
	struct lane *lanes;
	struct uploader **uploaders;
	struct mailbox *events;
	struct board *board;
	struct credential_provider *credentials;      /* for S3 and Glue */
	struct credential_provider *base_credentials; /* for Kafka; NULL: it asks for none */
	struct board_daemon about;
	struct server *server;
	uint64_t asked; /* of the board, for a report in the log; 0: none is asked for */
	int64_t asked_boot_ms;
	struct registry *registry; /* NULL: there is no catalog */
	struct glue *glue;
	struct consumer *consumer;
	struct replay *replay;
	struct notify notify;
	int64_t next_tell_boot_ms;
	bool was_late, hangs; /* a thread, when last looked at; as the log says */
};

static int build_catalog(struct daemon *d, struct error *e)
{
	const struct settings *s = d->settings;

	if (s->catalog == CATALOG_NONE)
		return 0;
	d->registry = registry_new(s->catalog == CATALOG_TABLE && s->glue_partitions == GLUE_PARTITIONS_REGISTERED);
	d->glue = glue_new(s, d->registry, credentials_hold(d->credentials), credentials_hold(d->credentials), d->board,
			   e);
	if (d->glue == NULL)
		return -1;
	for (int i = 0; i < d->n; i++) {
		uploader_registers(d->uploaders[i], d->registry);
		if (s->catalog == CATALOG_TABLE)
			uploader_samples(d->uploaders[i], glue_sampler(d->glue, i));
	}
	consumer_registers(d->consumer, d->registry);
	return 0;
}

static int build(struct daemon *d, struct error *e)
{
	const struct settings *s = d->settings;

	d->n = (int)s->uploaders;
	d->board = board_new(d->n);
	about_begin(&d->about, s);
	d->credentials = credentials_shared(s, d->board);
	if (s->kafka_auth == KAFKA_AUTH_MSK_IAM)
		d->base_credentials = credentials_shared_base(s, NULL);
	d->events = mailbox_new();
	d->lanes = mem_array((size_t)d->n, sizeof(*d->lanes));
	d->uploaders = mem_array((size_t)d->n, sizeof(*d->uploaders));
	for (int i = 0; i < d->n; i++) {
		d->lanes[i].ring = ring_new(RING_SLOTS, memory_of_ring(s));
		d->lanes[i].commands = mailbox_new();
		d->uploaders[i] = uploader_new(s, d->lanes[i].ring, d->lanes[i].commands, d->events, d->credentials,
					       memory_of_uploader(s), d->board, i, e);
		if (d->uploaders[i] == NULL)
			return -1;
	}
	d->consumer = consumer_new(s, rack_find(s), d->base_credentials, d->lanes, d->n, d->events, d->board, e);
	return d->consumer == NULL ? -1 : build_catalog(d, e);
}

static int start(struct daemon *d, struct error *e)
{
	uploader_probe(d->uploaders[0]);
	for (int i = 0; i < d->n; i++)
		uploader_start(d->uploaders[i]);
	consumer_start(d->consumer);
	if (d->glue != NULL)
		glue_start(d->glue);
	if (!d->settings->replay_enabled)
		return 0;
	d->replay = replay_start(d->settings, d->board, e);
	return d->replay == NULL ? -1 : 0;
}

static void unbuild(struct daemon *d)
{
	consumer_free(d->consumer);
	glue_free(d->glue);
	for (int i = 0; i < d->n; i++) {
		uploader_free(d->uploaders[i]);
		ring_free(d->lanes[i].ring);
		mailbox_free(d->lanes[i].commands);
	}
	registry_free(d->registry);
	mailbox_free(d->events);
	d->credentials->free(d->credentials);
	if (d->base_credentials != NULL)
		d->base_credentials->free(d->base_credentials);
	board_free(d->board);
	free(d->uploaders);
	free(d->lanes);
	settings_free(d->running);
}

static sigset_t our_signals(bool reloads)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	if (reloads)
		sigaddset(&set, SIGHUP);
	return set;
}

/* One that hangs is in the log once, and so is that it goes on. It must be seen twice: all have stood still where the
 * machine slept, and have a turn first. */
static bool all_alive(struct daemon *d, const struct board_copy *b, int64_t now_boot_ms)
{
	const struct board_beat *late = board_hangs(b->beats, b->n_beats, notify_patience_ms(&d->notify), now_boot_ms);
	bool hangs = late != NULL && d->was_late;

	if (hangs && !d->hangs)
		log_event(MESSAGE_THREAD_HANGS, NULL, 0,
			  "thread \"%s\" has not gone round for %" PRId64 " ms; it was at: %s", late->thread,
			  now_boot_ms - late->at_ms, late->what);
	else if (!hangs && d->hangs)
		log_info("every thread goes round again");
	d->was_late = late != NULL;
	d->hangs = hangs;
	return !hangs;
}

static void tell_manager(struct daemon *d, int64_t now_boot_ms)
{
	char trouble[ERROR_TEXT_MAX];
	struct notify_state state;
	struct board_copy copy;
	bool probed;

	if (d->notify.ready && now_boot_ms < d->next_tell_boot_ms)
		return;
	d->next_tell_boot_ms = now_boot_ms + BOARD_EVERY_MS;
	probed = uploader_probed(d->uploaders[0], trouble);
	board_copy(d->board, &copy);
	state_describe(&copy, probed, trouble, &state);
	state.alive = all_alive(d, &copy, now_boot_ms);
	board_copy_free(&copy);
	notify_turn(&d->notify, &state, now_boot_ms);
	d->about.ready = state.started;
	snprintf(d->about.waits_for, sizeof(d->about.waits_for), "%s", state.started ? "" : state.status);
}

static void load_anew(struct daemon *d)
{
	char text[NOTIFY_STATUS_MAX] = "the settings are loaded anew";
	struct error e;

	notify_reloading(&d->notify);
	d->about.reload_failed = reload(&d->running, d->consumer, d->credentials, d->base_credentials, &e) < 0;
	if (d->about.reload_failed)
		snprintf(text, sizeof(text), "the settings stay as they were: %s", e.text);
	else
		d->about.generation++;
	d->about.reloaded_ms = clock_boot_ms();
	snprintf(d->about.reload_text, sizeof(d->about.reload_text), "%s", text);
	notify_reloaded(&d->notify, text, clock_boot_ms());
}

static void ask_for_report(struct daemon *d, int64_t now_boot_ms)
{
	d->asked = board_ask(d->board);
	d->asked_boot_ms = now_boot_ms;
}

/* As the threads are now, not as they were a second ago; one that is busy for long is told of as it was. */
static void report(struct daemon *d, int64_t now_boot_ms)
{
	struct board_copy copy;
	struct view v;

	if (d->asked == 0 || (!board_has_answered(d->board, d->asked) && now_boot_ms < d->asked_boot_ms + REPORT_MS))
		return;
	d->asked = 0;
	board_copy(d->board, &copy);
	view_init(&v, &copy, now_boot_ms, clock_real_ms());
	view_log(&v);
	view_free(&v);
}

/* Until a signal to end, until the watch says so, or until the consumer has ended by itself. */
static void wait_for_end(struct daemon *d, const struct daemon_watch *w)
{
	const struct timespec look = { .tv_nsec = LOOK_MS * 1000000L };
	sigset_t set = our_signals(w == NULL);

	while (!consumer_ended(d->consumer) && (w == NULL || !w->has_ended(w->arg, consumer_taken(d->consumer)))) {
		int signal = sigtimedwait(&set, NULL, &look);

		log_tick();
		tell_manager(d, clock_boot_ms());
		about_tick(&d->about, d->board, clock_boot_ms());
		server_tick(d->server, clock_boot_ms());
		report(d, clock_boot_ms());
		if (signal == SIGUSR1)
			ask_for_report(d, clock_boot_ms());
		else if (signal == SIGHUP)
			load_anew(d);
		else if (signal == SIGTERM || signal == SIGINT)
			return;
	}
}

/* The kernel spares process 1, the only one of a container, the default action of signals. */
static void end_at_once(int number)
{
	_exit(128 + number);
}

/* From here on a second signal ends the process at once. */
static void arm_second_signal(void)
{
	sigset_t set;

	if (getpid() == 1) {
		signal(SIGTERM, end_at_once);
		signal(SIGINT, end_at_once);
	}
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static int stop(struct daemon *d)
{
	int code;

	consumer_stop(d->consumer);
	if (d->replay != NULL)
		replay_stop(d->replay);
	code = consumer_join(d->consumer);
	for (int i = 0; i < d->n; i++)
		uploader_join(d->uploaders[i]);
	return code;
}

int daemon_run(const struct settings *s)
{
	return daemon_run_watched(s, NULL);
}

int daemon_run_watched(const struct settings *s, const struct daemon_watch *w)
{
	struct daemon d = { .settings = s, .running = settings_hold(s) };
	sigset_t set = our_signals(w == NULL);
	struct error e;
	bool started;
	int code;

	mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
	mallopt(M_TRIM_THRESHOLD, TRIM_THRESHOLD);
	mallopt(M_ARENA_MAX, 1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (build(&d, &e) < 0) {
		log_event(MESSAGE_SETTINGS_REFUSED, NULL, 0, "%s", e.text);
		unbuild(&d);
		return e.action == ERROR_RETRY ? EX_UNAVAILABLE : EX_CONFIG;
	}
	log_event(MESSAGE_STARTED,
		  LOG_FIELDS(LOG_TEXT("GROUP", s->kafka_group), LOG_TEXT("BROKERS", s->kafka_brokers),
			     LOG_TEXT("S3_BUCKET", s->s3_bucket), LOG_TEXT("VERSION", KAFKA2S3_VERSION)),
		  "started: group \"%s\" from \"%s\" to bucket \"%s\"", s->kafka_group, s->kafka_brokers, s->s3_bucket);
	notify_begin(&d.notify, s->start_timeout_ms, clock_boot_ms());
	board_daemon_show(d.board, &d.about, clock_boot_ms()); /* who this is, before anything is said of it */
	d.server = server_new(d.board, s, clock_boot_ms());
	started = start(&d, &e) == 0;
	if (started)
		wait_for_end(&d, w);
	else
		log_event(MESSAGE_REPLAY_FAILED, NULL, 0, "the replay does not start: %s", e.text);
	notify_stopping("sealing, publishing and committing what is open");
	arm_second_signal();
	d.about.stopping = true;
	board_daemon_show(d.board, &d.about, clock_boot_ms());
	code = stop(&d);
	server_free(d.server);
	unbuild(&d);
	return started ? code : e.code;
}
