/* SPDX-License-Identifier: Apache-2.0 */
/* The board. Of a section there are two of a kind, the one that is shown and the spare that its writer fills in;
 * showing swaps them under the section's mutex, so that a writer waits for no more than a copy. Sections with an array
 * keep its memory from one time to the next. Invariants: a section is written by one thread; no mutex is held while
 * another one is taken. */
#include "board/board.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define FIRST_CAP 16

struct beat {
	atomic_int_least64_t at_ms;
	_Atomic(const char *) what;
};

/* When a section was shown last, and for which question. */
struct cell {
	pthread_mutex_t lock;
	_Atomic(int64_t) shown_ms;
	atomic_uint_least64_t answered;
	uint64_t answers; /* its writer's: the question that the spare will have answered */
};

struct uploader_section {
	struct cell cell;
	struct board_uploader *shown, *spare;
};

struct board {
	atomic_uint_least64_t asked;
	int n_uploaders;
	struct beat *beats;
	struct cell consumer_cell;
	struct board_consumer *consumer, *consumer_spare;
	struct uploader_section *uploaders;
	pthread_mutex_t plain; /* of the two below */
	struct board_replay replay;
	struct board_glue glue;
	struct board_daemon daemon;
};

static void cell_init(struct cell *c)
{
	pthread_mutex_init(&c->lock, NULL);
}

static struct board_consumer *consumer_new_section(void)
{
	struct board_consumer *c = mem_zalloc(sizeof(*c));

	texts_init(&c->texts);
	return c;
}

static struct board_uploader *uploader_new_section(void)
{
	struct board_uploader *u = mem_zalloc(sizeof(*u));

	texts_init(&u->texts);
	return u;
}

struct board *board_new(int n_uploaders)
{
	struct board *b = mem_zalloc(sizeof(*b));

	b->n_uploaders = n_uploaders;
	b->beats = mem_array((size_t)BEAT_UPLOADER + (size_t)n_uploaders, sizeof(*b->beats));
	b->uploaders = mem_array((size_t)n_uploaders, sizeof(*b->uploaders));
	pthread_mutex_init(&b->plain, NULL);
	cell_init(&b->consumer_cell);
	b->consumer = consumer_new_section();
	b->consumer_spare = consumer_new_section();
	for (int i = 0; i < n_uploaders; i++) {
		cell_init(&b->uploaders[i].cell);
		b->uploaders[i].shown = uploader_new_section();
		b->uploaders[i].spare = uploader_new_section();
	}
	return b;
}

static void consumer_release(struct board_consumer *c)
{
	free(c->partitions);
	texts_free(&c->texts);
}

static void uploader_release(struct board_uploader *u)
{
	free(u->ranges);
	texts_free(&u->texts);
}

static void consumer_free_section(struct board_consumer *c)
{
	consumer_release(c);
	free(c);
}

static void uploader_free_section(struct board_uploader *u)
{
	uploader_release(u);
	free(u);
}

void board_free(struct board *b)
{
	if (b == NULL)
		return;
	for (int i = 0; i < b->n_uploaders; i++) {
		uploader_free_section(b->uploaders[i].shown);
		uploader_free_section(b->uploaders[i].spare);
		pthread_mutex_destroy(&b->uploaders[i].cell.lock);
	}
	consumer_free_section(b->consumer);
	consumer_free_section(b->consumer_spare);
	pthread_mutex_destroy(&b->consumer_cell.lock);
	pthread_mutex_destroy(&b->plain);
	free(b->uploaders);
	free(b->beats);
	free(b);
}

void board_beat(struct board *b, int which, int64_t now_ms, const char *what)
{
	atomic_store_explicit(&b->beats[which].what, what, memory_order_relaxed);
	atomic_store_explicit(&b->beats[which].at_ms, now_ms, memory_order_release);
}

void board_beat_ends(struct board *b, int which)
{
	board_beat(b, which, 0, NULL);
}

static bool is_due(const struct board *b, const struct cell *c, int64_t now_ms)
{
	return now_ms >= atomic_load_explicit(&c->shown_ms, memory_order_relaxed) + BOARD_EVERY_MS ||
	       atomic_load(&b->asked) != atomic_load_explicit(&c->answered, memory_order_relaxed);
}

bool board_consumer_due(const struct board *b, int64_t now_ms)
{
	return is_due(b, &b->consumer_cell, now_ms);
}

bool board_uploader_due(const struct board *b, int uploader, int64_t now_ms)
{
	return is_due(b, &b->uploaders[uploader].cell, now_ms);
}

/* What was asked for by now, the section that is filled in from here on answers. */
static void cell_begin(const struct board *b, struct cell *c)
{
	c->answers = atomic_load(&b->asked);
}

struct board_consumer *board_consumer_begin(struct board *b)
{
	struct board_consumer *c = b->consumer_spare;
	struct board_partition *partitions = c->partitions;
	struct texts texts = c->texts;
	size_t cap = c->cap;

	cell_begin(b, &b->consumer_cell);
	*c = (struct board_consumer){ .partitions = partitions, .cap = cap, .texts = texts };
	texts_clear(&c->texts);
	return c;
}

struct board_uploader *board_uploader_begin(struct board *b, int uploader)
{
	struct board_uploader *u = b->uploaders[uploader].spare;
	struct board_range *ranges = u->ranges;
	struct texts texts = u->texts;
	size_t cap = u->cap;

	cell_begin(b, &b->uploaders[uploader].cell);
	memset(u, 0, sizeof(*u));
	u->ranges = ranges;
	u->cap = cap;
	u->texts = texts;
	texts_clear(&u->texts);
	return u;
}

static void *grown(void *items, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return items;
	*cap = *cap > 0 ? *cap * 2 : FIRST_CAP;
	return mem_realloc(items, *cap * size);
}

struct board_partition *board_add_partition(struct board_consumer *c)
{
	c->partitions = grown(c->partitions, c->n, &c->cap, sizeof(*c->partitions));
	memset(&c->partitions[c->n], 0, sizeof(*c->partitions));
	return &c->partitions[c->n++];
}

struct board_range *board_add_range(struct board_uploader *u)
{
	u->ranges = grown(u->ranges, u->n, &u->cap, sizeof(*u->ranges));
	memset(&u->ranges[u->n], 0, sizeof(*u->ranges));
	return &u->ranges[u->n++];
}

static void cell_shown(struct cell *c, int64_t now_ms)
{
	atomic_store_explicit(&c->shown_ms, now_ms, memory_order_relaxed);
	atomic_store(&c->answered, c->answers);
}

void board_consumer_show(struct board *b, int64_t now_ms)
{
	struct board_consumer *c = b->consumer_spare;

	c->shown_ms = now_ms;
	pthread_mutex_lock(&b->consumer_cell.lock);
	b->consumer_spare = b->consumer;
	b->consumer = c;
	pthread_mutex_unlock(&b->consumer_cell.lock);
	cell_shown(&b->consumer_cell, now_ms);
}

void board_uploader_show(struct board *b, int uploader, int64_t now_ms)
{
	struct uploader_section *s = &b->uploaders[uploader];
	struct board_uploader *u = s->spare;

	u->shown_ms = now_ms;
	pthread_mutex_lock(&s->cell.lock);
	s->spare = s->shown;
	s->shown = u;
	pthread_mutex_unlock(&s->cell.lock);
	cell_shown(&s->cell, now_ms);
}

void board_replay_show(struct board *b, const struct board_replay *r, int64_t now_ms)
{
	pthread_mutex_lock(&b->plain);
	b->replay = *r;
	b->replay.shown_ms = now_ms;
	pthread_mutex_unlock(&b->plain);
}

void board_glue_show(struct board *b, const struct board_glue *g, int64_t now_ms)
{
	pthread_mutex_lock(&b->plain);
	b->glue = *g;
	b->glue.shown_ms = now_ms;
	pthread_mutex_unlock(&b->plain);
}

void board_daemon_show(struct board *b, const struct board_daemon *d, int64_t now_ms)
{
	pthread_mutex_lock(&b->plain);
	b->daemon = *d;
	b->daemon.shown_ms = now_ms;
	pthread_mutex_unlock(&b->plain);
}

uint64_t board_ask(struct board *b)
{
	return atomic_fetch_add(&b->asked, 1) + 1;
}

static bool runs(const struct board *b, int which)
{
	return atomic_load_explicit(&b->beats[which].at_ms, memory_order_acquire) != 0;
}

bool board_has_answered(const struct board *b, uint64_t asked)
{
	if (runs(b, BEAT_CONSUMER) && atomic_load(&b->consumer_cell.answered) < asked)
		return false;
	for (int i = 0; i < b->n_uploaders; i++) {
		if (runs(b, BEAT_UPLOADER + i) && atomic_load(&b->uploaders[i].cell.answered) < asked)
			return false;
	}
	return true;
}

static void copy_consumer(struct board *b, struct board_consumer *out)
{
	pthread_mutex_lock(&b->consumer_cell.lock);
	*out = *b->consumer;
	out->partitions = mem_array(out->n + 1, sizeof(*out->partitions));
	out->cap = out->n + 1;
	if (out->n > 0)
		memcpy(out->partitions, b->consumer->partitions, out->n * sizeof(*out->partitions));
	texts_init(&out->texts);
	texts_copy(&out->texts, &b->consumer->texts);
	pthread_mutex_unlock(&b->consumer_cell.lock);
}

static void copy_uploader(struct uploader_section *s, struct board_uploader *out)
{
	pthread_mutex_lock(&s->cell.lock);
	*out = *s->shown;
	out->ranges = mem_array(out->n + 1, sizeof(*out->ranges));
	out->cap = out->n + 1;
	if (out->n > 0)
		memcpy(out->ranges, s->shown->ranges, out->n * sizeof(*out->ranges));
	texts_init(&out->texts);
	texts_copy(&out->texts, &s->shown->texts);
	pthread_mutex_unlock(&s->cell.lock);
}

static void name_beat(int which, char out[24])
{
	if (which == BEAT_CONSUMER)
		snprintf(out, 24, "consumer");
	else if (which == BEAT_REPLAY)
		snprintf(out, 24, "replay");
	else if (which == BEAT_CREDENTIALS)
		snprintf(out, 24, "credentials");
	else if (which == BEAT_GLUE)
		snprintf(out, 24, "glue");
	else
		snprintf(out, 24, "uploader %d", which - BEAT_UPLOADER);
}

int board_beats(const struct board *b, struct board_beat *out, int max)
{
	int n = BEAT_UPLOADER + b->n_uploaders;

	n = n < max ? n : max;
	for (int i = 0; i < n; i++) {
		name_beat(i, out[i].thread);
		out[i].at_ms = atomic_load_explicit(&b->beats[i].at_ms, memory_order_acquire);
		out[i].what = atomic_load_explicit(&b->beats[i].what, memory_order_relaxed);
	}
	return n;
}

const struct board_beat *board_hangs(const struct board_beat *beats, int n, int64_t limit_ms, int64_t now_ms)
{
	for (int i = 0; i < n; i++) {
		if (beats[i].at_ms != 0 && now_ms - beats[i].at_ms > limit_ms)
			return &beats[i];
	}
	return NULL;
}

void board_copy(struct board *b, struct board_copy *out)
{
	memset(out, 0, sizeof(*out));
	copy_consumer(b, &out->consumer);
	out->n_uploaders = b->n_uploaders;
	out->uploaders = mem_array((size_t)b->n_uploaders, sizeof(*out->uploaders));
	for (int i = 0; i < b->n_uploaders; i++)
		copy_uploader(&b->uploaders[i], &out->uploaders[i]);
	pthread_mutex_lock(&b->plain);
	out->replay = b->replay;
	out->glue = b->glue;
	out->daemon = b->daemon;
	pthread_mutex_unlock(&b->plain);
	out->n_beats = BEAT_UPLOADER + b->n_uploaders;
	out->beats = mem_array((size_t)out->n_beats, sizeof(*out->beats));
	board_beats(b, out->beats, out->n_beats);
}

void board_copy_free(struct board_copy *c)
{
	consumer_release(&c->consumer);
	for (int i = 0; i < c->n_uploaders; i++)
		uploader_release(&c->uploaders[i]);
	free(c->uploaders);
	free(c->beats);
	memset(c, 0, sizeof(*c));
}

const char *board_call_name(enum board_call call)
{
	static const char *const names[BOARD_CALLS] = {
		[BOARD_PUT] = "put",           [BOARD_CREATE] = "create", [BOARD_PART] = "part",
		[BOARD_COMPLETE] = "complete", [BOARD_ABORT] = "abort",   [BOARD_LIST] = "list",
		[BOARD_HEAD] = "head",         [BOARD_GET] = "get",
	};

	return names[call];
}

struct board_error *board_error_row(struct board_s3 *s, const char *name)
{
	struct board_error *e = s->by_error;
	const struct board_error *last = &s->by_error[BOARD_ERRORS - 1];

	while (e < last && e->name[0] != '\0' && strncmp(e->name, name, sizeof(e->name) - 1) != 0)
		e++;
	if (e->name[0] == '\0')
		snprintf(e->name, sizeof(e->name), "%s", e < last ? name : "other");
	return e;
}

void board_count_error(struct board_s3 *s, const char *name, int64_t now_ms)
{
	struct board_error *e = board_error_row(s, name);

	s->errors++;
	e->n++;
	e->last_ms = now_ms;
}
