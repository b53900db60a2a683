/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: samples, then whatever is wanted by those who wait, then one step of what nobody waits for, of the tables
 * in turn. Settings are those of the start: none that matter here can be reloaded. */
#include "glue/glue.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aws/exchange.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/mem.h"
#include "glue/keeper.h"

#define LOOK_MS 500

struct glue {
	struct keeper keeper;
	struct board *board;
	struct credential_provider *credentials; /* of the catalog */
	struct sampler **samplers;
	int n_samplers;
	struct buf taken;
	const struct kept_table *served; /* the table whose step was the last */

	pthread_t thread;
	bool started;
	atomic_bool stop;
	pthread_mutex_t lock;
	pthread_cond_t woken;
	bool wanted; /* under the lock: somebody has woken it since it looked */
};

static void wake(void *arg)
{
	struct glue *g = arg;

	pthread_mutex_lock(&g->lock);
	g->wanted = true;
	pthread_cond_signal(&g->woken);
	pthread_mutex_unlock(&g->lock);
}

static void beat(struct glue *g, const char *what)
{
	board_beat(g->board, BEAT_GLUE, clock_boot_ms(), what);
}

/* Asked while it waits for an answer. */
static bool goes_on(void *arg)
{
	struct glue *g = arg;

	beat(g, "an answer of Glue or S3");
	return !atomic_load(&g->stop);
}

struct sampler *glue_sampler(struct glue *g, int uploader)
{
	return g->samplers[uploader];
}

struct glue *glue_new(const struct settings *s, struct registry *registry, struct credential_provider *for_glue,
		      struct credential_provider *for_s3, struct board *board, struct error *e)
{
	struct glue *g = mem_zalloc(sizeof(*g));
	struct keeper *k = &g->keeper;
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&g->woken, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&g->lock, NULL);
	buf_init(&g->taken, SAMPLER_BYTES_MAX);
	g->board = board;
	g->n_samplers = (int)s->uploaders;
	g->samplers = mem_array((size_t)g->n_samplers, sizeof(g->samplers[0]));
	for (int i = 0; i < g->n_samplers; i++)
		g->samplers[i] = sampler_new();
	k->settings = s;
	k->registry = registry;
	k->seed = (uint64_t)clock_real_ms() ^ (uint64_t)(uintptr_t)g;
	k->crawl.wanted = true; /* what landed before a crash may not have been looked at */
	registry_waker(registry, (struct waker){ wake, g });
	g->credentials = for_glue;
	if (lake_open(&k->lake, s, for_s3, e) == 0 && catalog_open(&k->catalog, s, for_glue, e) == 0)
		return g;
	glue_free(g);
	return NULL;
}

static struct kept_table *table_of_topic(struct keeper *k, const char *topic, int64_t now_ms)
{
	char *name = settings_table_name(settings_for_topic(k->settings, topic), topic);
	struct kept_table *t = keeper_table(k, name, topic, now_ms);

	free(name);
	return t;
}

static void tell_news(struct kept_table *t)
{
	for (char *news = schema_next_news(t->schema); news != NULL; news = schema_next_news(t->schema)) {
		log_event(MESSAGE_COLUMN_DOUBTFUL, LOG_FIELDS(LOG_TEXT("TABLE", t->name)), "table \"%s\": %s", t->name,
			  news);
		free(news);
	}
}

static void learn(struct glue *g, int64_t now_ms)
{
	char topic[256] = "";
	struct kept_table *t = NULL;
	struct sample sample;

	for (int i = 0; i < g->n_samplers; i++) {
		size_t at = 0;

		sampler_take(g->samplers[i], &g->taken);
		while (sample_next(&g->taken, &at, &sample)) {
			if (t == NULL || strcmp(topic, sample.topic) != 0)
				t = table_of_topic(&g->keeper, sample.topic, now_ms);
			snprintf(topic, sizeof(topic), "%s", sample.topic);
			schema_learn_line(t->schema, sample.line, sample.len);
			g->keeper.shown.samples++;
		}
	}
	for (t = g->keeper.tables; t != NULL; t = t->next)
		tell_news(t);
}

/* Tables of topics that have given no record yet: their partitions may be missing all the same. */
static void meet_tables(struct keeper *k, int64_t now_ms)
{
	const char *name, *topic;
	const void *at = NULL;

	while (registry_next(k->registry, &at, &name, &topic))
		keeper_table(k, name, topic, now_ms);
}

static bool step_of(struct keeper *k, struct kept_table *t, int64_t now_ms)
{
	/* Where projection begins is known before there is a table. */
	if (k->settings->catalog != CATALOG_TABLE)
		return false;
	return folders_step(k, t, now_ms) || upkeep_step(k, t, now_ms) || partitions_mend(k, t, now_ms);
}

/* One step of one table, beginning behind the one that had the last. */
static bool step(struct glue *g, int64_t now_ms)
{
	struct keeper *k = &g->keeper;
	struct kept_table *first = g->served != NULL && g->served->next != NULL ? g->served->next : k->tables,
			  *t = first;

	if (crawl_step(k, now_ms))
		return true;
	while (t != NULL) {
		if (step_of(k, t, now_ms)) {
			g->served = t;
			return true;
		}
		t = t->next != NULL ? t->next : k->tables;
		if (t == first)
			break;
	}
	return false;
}

/* The trouble that lasts longest. */
static const struct attempt *worst(const struct keeper *k, const struct kept_table **of)
{
	const struct attempt *found = k->crawl.attempt.lasting ? &k->crawl.attempt : NULL;

	*of = NULL;
	for (const struct kept_table *t = k->tables; t != NULL; t = t->next) {
		for (int i = 0; i < JOBS; i++) {
			const struct attempt *a = &t->attempts[i];

			if (!a->lasting || (found != NULL && found->since_ms <= a->since_ms))
				continue;
			found = a;
			*of = t;
		}
	}
	return found;
}

static void count_doubts(const struct keeper *k, struct board_glue *shown)
{
	shown->misfits = shown->case_collisions = shown->left_out = shown->duplicate_keys = shown->unread = 0;
	for (const struct kept_table *t = k->tables; t != NULL; t = t->next) {
		const struct schema_counts n = schema_counts(t->schema);

		shown->misfits += n.misfits;
		shown->case_collisions += n.case_collisions;
		shown->left_out += n.left_out;
		shown->duplicate_keys += n.duplicate_keys;
		shown->unread += n.unread;
	}
}

static void show(struct glue *g, int64_t now_ms)
{
	struct keeper *k = &g->keeper;
	struct board_glue *shown = &k->shown;
	const struct kept_table *t;
	const struct attempt *trouble;

	if (shown->shown_ms != 0 && now_ms < shown->shown_ms + BOARD_EVERY_MS)
		return;
	shown->tables = 0;
	for (t = k->tables; t != NULL; t = t->next)
		shown->tables += t->there != NULL;
	count_doubts(k, shown);
	trouble = worst(k, &t);
	shown->calls = k->catalog.calls;
	shown->refused = k->catalog.refused;
	shown->dropped = 0;
	for (int i = 0; i < g->n_samplers; i++)
		shown->dropped += sampler_dropped(g->samplers[i]);
	shown->trouble_since_ms = trouble != NULL ? trouble->since_ms : 0;
	snprintf(shown->trouble, sizeof(shown->trouble), "%s%s%s", t != NULL ? t->name : "", t != NULL ? ": " : "",
		 trouble != NULL ? trouble->why : "");
	shown->shown_ms = now_ms;
	board_glue_show(g->board, shown, now_ms);
}

static void wait_for_work(struct glue *g)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += LOOK_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&g->lock);
	while (!g->wanted && !atomic_load(&g->stop) && pthread_cond_timedwait(&g->woken, &g->lock, &until) != ETIMEDOUT)
		;
	g->wanted = false;
	pthread_mutex_unlock(&g->lock);
}

static void *glue_main(void *arg)
{
	struct glue *g = arg;

	pthread_setname_np(pthread_self(), "glue");
	crash_stack();
	exchange_watch(goes_on, g);
	while (!atomic_load(&g->stop)) {
		int64_t now_ms = clock_boot_ms();
		bool busy;

		beat(g, "the tables of Glue");
		meet_tables(&g->keeper, now_ms);
		learn(g, now_ms);
		busy = partitions_register(&g->keeper, now_ms);
		busy |= step(g, clock_boot_ms());
		show(g, clock_boot_ms());
		if (!busy)
			wait_for_work(g);
	}
	board_beat_ends(g->board, BEAT_GLUE);
	return NULL;
}

void glue_start(struct glue *g)
{
	if (pthread_create(&g->thread, NULL, glue_main, g) != 0)
		abort();
	g->started = true;
}

void glue_free(struct glue *g)
{
	if (g == NULL)
		return;
	atomic_store(&g->stop, true);
	wake(g);
	if (g->started)
		pthread_join(g->thread, NULL);
	keeper_free_tables(&g->keeper);
	free(g->keeper.crawl.attempt.why);
	catalog_close(&g->keeper.catalog);
	lake_close(&g->keeper.lake);
	g->credentials->free(g->credentials);
	for (int i = 0; i < g->n_samplers; i++)
		sampler_free(g->samplers[i]);
	free(g->samplers);
	buf_free(&g->taken);
	pthread_cond_destroy(&g->woken);
	pthread_mutex_destroy(&g->lock);
	free(g);
}
