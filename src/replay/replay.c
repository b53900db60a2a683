/* SPDX-License-Identifier: Apache-2.0 */
/* The replay as a module of the daemon: the engine in a thread. Signals are the daemon's: the thread takes none but
 * those of a crash. */
#include "replay/replay.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/mem.h"
#include "replay/engine.h"

#define STOP_MS 4000
#define SHOW_MS 500

struct replay {
	const struct settings *s;
	struct board *board;
	struct engine *engine; /* the thread's from its start to its end */
	pthread_t thread;
	atomic_bool stop;
	atomic_bool ended;
};

static void show(struct replay *r, const struct engine_counts *n, bool ended, int64_t now_ms)
{
	static const char *const phases[] = {
		[ENGINE_CONNECTING] = "a broker and the topic",
		[ENGINE_INDEXING] = "the index of the file",
		[ENGINE_SENDING] = "the next row's turn, or room in the client",
		[ENGINE_FLUSHING] = "the last acknowledgements",
	};
	const struct board_replay out = { .phase = phases[n->phase],
					  .taken = n->taken,
					  .waiting = n->waiting,
					  .failed = n->failed,
					  .skipped = n->skipped,
					  .share = n->share,
					  .ended = ended };

	if (r->board == NULL)
		return;
	board_replay_show(r->board, &out, now_ms);
	board_beat(r->board, BEAT_REPLAY, now_ms, out.phase);
}

static void on_tick(void *arg, const struct engine_counts *n, int64_t now_ms)
{
	show(arg, n, false, now_ms);
}

static void *run(void *arg)
{
	static const struct engine_limits limits = { .connect_ms = -1, .flush_ms = -1, .stop_ms = STOP_MS };
	struct replay *r = arg;
	const struct engine_watch watch = { .every_ms = SHOW_MS, .tick = on_tick, .arg = r };
	struct engine_counts counts;
	struct error e;
	uint64_t sent;
	int code;

	engine_count(r->engine, &counts);
	show(r, &counts, false, clock_boot_ms());
	crash_stack();
	crash_unblock();
	code = engine_run(r->engine, &limits, &r->stop, &watch, &e);
	engine_count(r->engine, &counts);
	show(r, &counts, true, clock_boot_ms());
	if (r->board != NULL)
		board_beat_ends(r->board, BEAT_REPLAY);
	sent = counts.taken - counts.waiting - counts.failed;
	if (code != 0)
		log_event(MESSAGE_REPLAY_FAILED, LOG_FIELDS(LOG_TEXT("TOPIC", r->s->replay_topic)), "replay: ended: %s",
			  e.text);
	log_event(MESSAGE_REPLAY_ENDED,
		  LOG_FIELDS(LOG_TEXT("TOPIC", r->s->replay_topic), LOG_NUMBER("ROWS", (int64_t)sent),
			     LOG_NUMBER("SKIPPED", (int64_t)counts.skipped)),
		  "replay: %ju rows sent to \"%s\", %ju skipped", (uintmax_t)sent, r->s->replay_topic,
		  (uintmax_t)counts.skipped);
	atomic_store(&r->ended, true);
	return NULL;
}

static int start_thread(struct replay *r, struct error *e)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&r->thread, NULL, run, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err != 0)
		return error_set(e, ERROR_GIVE_UP, EX_OSERR, "replay: cannot start its thread: %s", strerror(err));
	pthread_setname_np(r->thread, "replay");
	return 0;
}

struct replay *replay_start(const struct settings *s, struct board *board, struct error *e)
{
	struct replay *r = mem_zalloc(sizeof(*r));

	r->s = s;
	r->board = board;
	if (engine_new(s, &r->engine, e) == 0 && start_thread(r, e) == 0) {
		log_event(MESSAGE_REPLAY_STARTED,
			  LOG_FIELDS(LOG_TEXT("FILE", s->replay_file), LOG_TEXT("TOPIC", s->replay_topic)),
			  "replay: \"%s\" to \"%s\"", s->replay_file, s->replay_topic);
		return r;
	}
	engine_free(r->engine);
	free(r);
	return NULL;
}

void replay_stop(struct replay *r)
{
	if (r == NULL)
		return;
	atomic_store(&r->stop, true);
	pthread_join(r->thread, NULL);
	engine_free(r->engine);
	free(r);
}

bool replay_ended(const struct replay *r)
{
	return atomic_load(&r->ended);
}
