/* SPDX-License-Identifier: Apache-2.0 */
/* A one-shot land: the daemon as it always is, with the settings of settings/redirect.h. Whether its place is free is
 * asked before anything is written; whether it is at its end is asked of the group, from outside, so that any number of
 * daemons can share one land, and each of them ends when all is done. Thread: main. */
#include "daemon/land.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/daemon.h"
#include "kafka/group.h"
#include "kafka/intent.h"
#include "settings/match.h"
#include "store/vacancy.h"

#define LOOK_LIMIT_MS 2000
/* Looking takes no more than a tenth of the time, and is done once a second at most. */
#define LOOK_EVERY_MS 1000
#define LOOK_SHARE 10
#define LINE_EVERY_MS 10000
#define BAR_CELLS 24

/* What the committed texts say, whichever daemon wrote them. */
struct counts {
	int partitions;             /* of all topics */
	int begun;                  /* whose ends are known: what follows is of these */
	int done;                   /* that have nothing left to do */
	int64_t offsets, committed; /* from the first to the stop; from the first to what is committed */
	int64_t objects, landed, dead, skipped;
};

struct land {
	const struct settings *settings;
	struct group *group;
	struct counts counts;
	int64_t next_look_ms, next_line_ms;
	bool terminal;
	bool done;
};

static void count(const struct group_partition *p, struct counts *n)
{
	const struct intent_land *l;
	struct intent_text t;

	n->partitions++;
	if (p->offset < 0 || intent_read(p->text, &t) != INTENT_OURS || !t.land.given)
		return;
	l = &t.land;
	n->begun++;
	n->done += t.n == 0 && t.start >= l->stop;
	n->offsets += l->stop - l->first;
	n->committed += (t.start < l->stop ? t.start : l->stop) - l->first;
	n->objects += l->objects;
	n->landed += l->landed;
	n->dead += l->dead;
	n->skipped += l->skipped;
}

/* A name that is misspelled must not count as landed. */
static int check_topics(const struct settings *s, const struct group_partitions *p, struct error *e)
{
	for (size_t i = 0; i < s->kafka_topics.n; i++) {
		const struct string_list one = { &s->kafka_topics.items[i], 1 };
		size_t k = 0;

		while (k < p->n && !match_topic(&one, p->items[k].topic))
			k++;
		if (k == p->n)
			return error_set(e, ERROR_GIVE_UP, 0, "kafka.topics: the cluster has no topic \"%s\"",
					 s->kafka_topics.items[i]);
	}
	return 0;
}

/* On error the counts stay as they were. */
static int look(struct land *l, struct error *e)
{
	struct group_partitions p;
	int rc = group_load_texts(l->group, &p, e);

	if (rc < 0)
		return -1;
	rc = check_topics(l->settings, &p, e);
	if (rc == 0)
		l->counts = (struct counts){ 0 };
	for (size_t i = 0; i < p.n && rc == 0; i++)
		count(&p.items[i], &l->counts);
	group_partitions_free(&p);
	return rc;
}

static bool is_done(const struct counts *n)
{
	return n->done == n->partitions;
}

/* The share of what is known; nothing is known before every partition has begun. */
static double share(const struct counts *n)
{
	if (n->begun < n->partitions)
		return 0;
	return n->offsets > 0 ? (double)n->committed / (double)n->offsets : 1;
}

static void describe(const struct counts *n, uint64_t taken, char *out, size_t size)
{
	snprintf(out, size,
		 "%3.0f %%  %d of %d partitions done, %" PRId64 " records landed in %" PRId64 " objects, %" PRIu64
		 " read here",
		 share(n) * 100, n->done, n->partitions, n->landed + n->dead, n->objects, taken);
}

static void show(struct land *l, uint64_t taken, int64_t now_ms)
{
	unsigned full = (unsigned)(share(&l->counts) * BAR_CELLS);
	char cells[BAR_CELLS + 1], text[256], line[320];

	if (!l->terminal && now_ms < l->next_line_ms)
		return;
	l->next_line_ms = now_ms + LINE_EVERY_MS;
	describe(&l->counts, taken, text, sizeof(text));
	if (!l->terminal) {
		log_info("land: %s", text + strspn(text, " "));
		return;
	}
	for (unsigned i = 0; i < BAR_CELLS; i++)
		cells[i] = i < full ? '#' : '.';
	cells[BAR_CELLS] = '\0';
	snprintf(line, sizeof(line), "[%s] %s", cells, text);
	log_progress(line);
}

/* Trouble passes: what the daemon waits for is in its own log. */
static void look_again(struct land *l)
{
	struct error e;

	l->done = look(l, &e) == 0 && is_done(&l->counts);
}

static bool has_ended(void *arg, uint64_t taken)
{
	struct land *l = arg;
	int64_t now = clock_boot_ms(), took;

	if (now < l->next_look_ms)
		return false;
	look_again(l);
	took = clock_boot_ms() - now;
	l->next_look_ms = now + took + (took * LOOK_SHARE > LOOK_EVERY_MS ? took * LOOK_SHARE : LOOK_EVERY_MS);
	if (!l->done)
		show(l, taken, now);
	return l->done;
}

static int refuse(const struct settings *s, const char *prefix, const char *key, enum vacancy v)
{
	if (v == VACANCY_TAKEN)
		log_error(
			"land: \"%s\" is not empty, it holds \"%s\" of someone else: choose another prefix, or empty it",
			prefix, key);
	else
		log_error("land: \"%s\" holds objects of this very land, but its group \"%s\" has no offsets any more: "
			  "empty \"%s\" and \"%s\", or choose another prefix, and begin anew",
			  prefix, s->kafka_group, s->topic.prefix, s->topic.dead_letter_prefix);
	return EX_DATAERR;
}

/* A place that is ours alone: empty, or ours and known to the group. Asked before the group is, so that what another
 * daemon of the same land does meanwhile is not taken for a lost group. */
static int take_place(struct land *l)
{
	const struct settings *s = l->settings;
	const char *const places[] = { s->topic.prefix, s->topic.dead_letter_prefix };
	enum vacancy found[2] = { VACANCY_EMPTY, VACANCY_EMPTY };
	char *keys[2] = { NULL, NULL };
	struct error e;
	int code = 0;

	for (int i = 0; i < 2 && code == 0; i++) {
		if (vacancy_ask(s, places[i], s->kafka_group, &found[i], &keys[i], &e) == 0)
			continue;
		log_error("land: bucket \"%s\" cannot be read: %s", s->s3_bucket, e.text);
		code = EX_UNAVAILABLE;
	}
	if (code == 0 && look(l, &e) < 0) {
		log_error("land: %s", e.text);
		code = EX_UNAVAILABLE;
	}
	for (int i = 0; i < 2 && code == 0 && !is_done(&l->counts); i++) {
		if (found[i] == VACANCY_TAKEN || (found[i] == VACANCY_OURS && l->counts.begun == 0))
			code = refuse(s, places[i], keys[i], found[i]);
	}
	free(keys[0]);
	free(keys[1]);
	return code;
}

static void report(const struct land *l)
{
	const struct counts *n = &l->counts;

	printf("landed %" PRId64 " records of %d partitions in %" PRId64 " objects under \"%s\"; %" PRId64
	       " of them dead letters; %" PRId64 " tombstones skipped\n",
	       n->landed + n->dead, n->partitions, n->objects, l->settings->topic.prefix, n->dead, n->skipped);
}

static int run(struct land *l)
{
	const struct daemon_watch watch = { has_ended, l };
	int code = take_place(l);

	if (code != 0)
		return code;
	group_limit(l->group, LOOK_LIMIT_MS);
	l->done = is_done(&l->counts);
	if (!l->done)
		code = daemon_run_watched(l->settings, &watch);
	log_progress(NULL);
	if (!l->done && code == 0)
		look_again(l); /* what was open when a signal came may have been all that was left */
	if (l->done) {
		report(l);
		return 0;
	}
	if (code != EX_CONFIG)
		log_info("land: stopped before its end; the same command goes on");
	return code != 0 ? code : EX_TEMPFAIL;
}

int land_command(struct settings *s, const struct redirect *request)
{
	struct land l = { .settings = s,
			  .next_line_ms = clock_boot_ms() + LINE_EVERY_MS,
			  .terminal = isatty(STDERR_FILENO) };
	struct error e;
	int code;

	if (settings_redirect(s, request, &e) < 0) {
		log_error("land: %s", e.text);
		return EX_USAGE;
	}
	l.group = group_open(s, &e);
	if (l.group == NULL) {
		log_error("land: %s", e.text);
		return e.action == ERROR_GIVE_UP ? EX_CONFIG : EX_UNAVAILABLE;
	}
	code = run(&l);
	group_free(l.group);
	return code;
}
