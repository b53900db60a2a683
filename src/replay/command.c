/* SPDX-License-Identifier: Apache-2.0 */
/* The command `kafka2s3 replay`: the engine in the main thread, signals, and progress on stderr: a bar on a terminal,
 * a line every ten seconds elsewhere. */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "replay/engine.h"
#include "replay/progress.h"
#include "replay/replay.h"

#define BAR_EVERY_MS 200
#define LINE_EVERY_MS 10000
#define WIDTH_MAX 250
#define CLEAR_LINE "\r\033[K"

struct command {
	struct progress progress;
	bool bar_stands;
	bool began; /* the first tick comes at once, and is no news for a log */
};

static atomic_bool stop_asked;

/* The handler is gone after its first call: the second signal kills. */
static void on_signal(int number)
{
	(void)number;
	atomic_store(&stop_asked, true);
}

static void catch_signals(void)
{
	struct sigaction act = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };

	atomic_store(&stop_asked, false);
	sigemptyset(&act.sa_mask);
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
}

static unsigned terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 2)
		return 79;
	return size.ws_col - 1U < WIDTH_MAX ? size.ws_col - 1U : WIDTH_MAX;
}

static void clear_bar(void *arg)
{
	struct command *c = arg;

	if (c->bar_stands)
		fputs(CLEAR_LINE, stderr);
	c->bar_stands = false;
}

static void draw_bar(void *arg, const struct engine_counts *counts, int64_t now_ms)
{
	struct command *c = arg;
	char text[WIDTH_MAX + 1];

	progress_note(&c->progress, counts, now_ms);
	progress_bar(&c->progress, counts, now_ms, terminal_width(), text, sizeof(text));
	fprintf(stderr, CLEAR_LINE "%s", text);
	fflush(stderr);
	c->bar_stands = true;
}

static void write_line(void *arg, const struct engine_counts *counts, int64_t now_ms)
{
	struct command *c = arg;
	char text[WIDTH_MAX + 1];

	progress_note(&c->progress, counts, now_ms);
	progress_line(&c->progress, counts, text, sizeof(text));
	if (c->began)
		log_info("replay: %s", text);
	c->began = true;
}

static void say_result(const struct engine *g, int64_t elapsed_ms, const struct settings *s)
{
	struct engine_counts n;
	uint64_t done;

	engine_count(g, &n);
	done = n.taken - n.waiting - n.failed;
	log_event(MESSAGE_REPLAY_ENDED,
		  LOG_FIELDS(LOG_TEXT("TOPIC", s->replay_topic), LOG_NUMBER("ROWS", (int64_t)done),
			     LOG_NUMBER("SKIPPED", (int64_t)n.skipped)),
		  "replay: %ju rows of \"%s\" sent to \"%s\" in %.1f s (%.0f rows/s), %ju skipped%s", (uintmax_t)done,
		  s->replay_file, s->replay_topic, (double)elapsed_ms / 1000,
		  (double)done * 1000 / (double)(elapsed_ms > 0 ? elapsed_ms : 1), (uintmax_t)n.skipped,
		  atomic_load(&stop_asked) ? "; stopped" : "");
}

static int run(struct engine *g, const struct settings *s, struct error *e)
{
	static const struct engine_limits limits = { .connect_ms = 60000, .flush_ms = 300000, .stop_ms = 10000 };
	bool terminal = isatty(STDERR_FILENO);
	int64_t begin = clock_boot_ms();
	struct command c = { .bar_stands = false };
	const struct engine_watch watch = {
		.every_ms = terminal ? BAR_EVERY_MS : LINE_EVERY_MS,
		.tick = terminal ? draw_bar : write_line,
		.before_log = clear_bar,
		.arg = &c,
	};
	int code;

	progress_init(&c.progress, s->replay_topic, begin);
	catch_signals();
	code = engine_run(g, &limits, &stop_asked, &watch, e);
	clear_bar(&c);
	say_result(g, clock_boot_ms() - begin, s);
	return code;
}

int replay_command(const struct settings *s)
{
	struct engine *g;
	struct error e;
	int code = engine_new(s, &g, &e);

	if (code == 0)
		code = run(g, s, &e);
	if (code != 0)
		log_event(MESSAGE_REPLAY_FAILED, LOG_FIELDS(LOG_TEXT("TOPIC", s->replay_topic)), "replay: %s", e.text);
	engine_free(g);
	return code;
}
