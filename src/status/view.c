/* SPDX-License-Identifier: Apache-2.0 */
/* The board put in order: what one section says of a partition is held against what another one says of it, and what
 * several say is added up. */
#include "status/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "settings/memory.h"

/* ---- Partitions ---- */

static int by_name(const void *a, const void *b)
{
	const struct view_partition *x = a, *y = b;
	int order = strcmp(x->topic, y->topic);

	return order != 0 ? order : (x->is->id > y->is->id) - (x->is->id < y->is->id);
}

static struct view_partition *find(const struct view *v, const char *topic, int32_t id)
{
	const struct board_partition is = { .id = id };
	const struct view_partition key = { .is = &is, .topic = topic };

	return v->n > 0 ? bsearch(&key, v->partitions, v->n, sizeof(key), by_name) : NULL;
}

static void take_partitions(struct view *v)
{
	const struct board_consumer *c = &v->board.consumer;

	v->n = c->n;
	v->partitions = mem_array(v->n + 1, sizeof(*v->partitions));
	for (size_t i = 0; i < v->n; i++) {
		struct view_partition *p = &v->partitions[i];

		p->is = &c->partitions[i];
		p->topic = texts_get(&c->texts, p->is->topic);
		p->wait_text = texts_get(&c->texts, p->is->wait_text);
	}
	if (v->n > 0)
		qsort(v->partitions, v->n, sizeof(*v->partitions), by_name);
}

/* What an uploader still holds of an epoch that has ended counts no more. */
static void take_ranges(struct view *v)
{
	for (int i = 0; i < v->board.n_uploaders; i++) {
		const struct board_uploader *u = &v->board.uploaders[i];

		for (size_t k = 0; k < u->n; k++) {
			struct view_partition *p =
				find(v, texts_get(&u->texts, u->ranges[k].topic), u->ranges[k].partition);

			if (p != NULL && p->is->epoch == u->ranges[k].epoch)
				p->range = &u->ranges[k];
		}
	}
}

/* By the timestamp of the oldest record that is held, where it has one that can be true; else since it was taken. What
 * is not taken yet is as old as the wait for it at least. */
static int64_t freshness_of(const struct view *v, const struct view_partition *p)
{
	const struct board_range *r = p->range;

	if (r != NULL && r->oldest_time_ms > 0 && r->oldest_time_ms <= v->now_real_ms)
		return v->now_real_ms - r->oldest_time_ms;
	if (r != NULL)
		return v->now_ms - r->oldest_taken_ms;
	if (p->lag < 0)
		return BOARD_UNKNOWN;
	return p->is->behind_since_ms > 0 ? v->now_ms - p->is->behind_since_ms : 0;
}

static void measure(const struct view *v, struct view_partition *p)
{
	const struct board_partition *is = p->is;
	bool known = is->committed >= 0;

	p->lag = known && is->high >= 0 ? is->high - is->committed : BOARD_UNKNOWN;
	if (p->lag < 0 && known && is->high >= 0)
		p->lag = 0; /* the client has not seen the end of the log anew */
	p->headroom = known && is->low >= 0 ? is->committed - is->low : BOARD_UNKNOWN;
	if (p->headroom < 0 && known && is->low >= 0)
		p->headroom = 0;
	p->freshness_ms = freshness_of(v, p);
}

static void measure_all(struct view *v)
{
	v->headroom_ms = BOARD_UNKNOWN;
	for (size_t i = 0; i < v->n; i++) {
		struct view_partition *p = &v->partitions[i];

		measure(v, p);
		if (p->lag > 0)
			v->lag += p->lag;
		if (p->freshness_ms > v->freshness_ms)
			v->freshness_ms = p->freshness_ms;
		if (p->is->headroom_ms >= 0 && (v->headroom_ms < 0 || p->is->headroom_ms < v->headroom_ms))
			v->headroom_ms = p->is->headroom_ms;
	}
}

/* ---- Waits ---- */

static void count_wait(struct view *v, const struct view_partition *p)
{
	struct view_wait *w = v->waits;

	while (w < v->waits + v->n_waits && w->reason != p->is->wait)
		w++;
	if (w == v->waits + v->n_waits) {
		v->n_waits++;
		*w = (struct view_wait){ .reason = p->is->wait, .since_ms = INT64_MAX, .text = "" };
	}
	w->partitions++;
	if (p->is->wait_since_ms > 0 && p->is->wait_since_ms < w->since_ms) {
		w->since_ms = p->is->wait_since_ms;
		w->text = p->wait_text;
	}
}

static int by_number(const void *a, const void *b)
{
	const struct view_wait *x = a, *y = b;

	return (y->partitions > x->partitions) - (y->partitions < x->partitions);
}

static void take_waits(struct view *v)
{
	for (size_t i = 0; i < v->n; i++) {
		if (v->partitions[i].is->wait > WAIT_NOTHING && v->partitions[i].is->wait < WAIT_REASONS)
			count_wait(v, &v->partitions[i]);
	}
	if (v->n_waits > 0)
		qsort(v->waits, (size_t)v->n_waits, sizeof(v->waits[0]), by_number);
}

/* ---- Uploaders ---- */

static void join_errors(struct board_s3 *to, const struct board_s3 *from)
{
	for (int i = 0; i < BOARD_ERRORS; i++) {
		const struct board_error *e = &from->by_error[i];
		struct board_error *t = e->n > 0 ? board_error_row(to, e->name) : NULL;

		if (t == NULL)
			continue;
		t->n += e->n;
		t->last_ms = e->last_ms > t->last_ms ? e->last_ms : t->last_ms;
	}
}

static void join_s3(struct board_s3 *to, const struct board_s3 *from)
{
	for (int i = 0; i < BOARD_CALLS; i++)
		to->calls[i] += from->calls[i];
	to->retries += from->retries;
	to->bytes_sent += from->bytes_sent;
	to->errors += from->errors;
	to->unconditional |= from->unconditional;
	join_errors(to, from);
	histogram_join(&to->latency, &from->latency);
}

/* Into what is there already, newest first. */
static void take_object(struct view *v, const struct board_uploader *u, const struct board_object *o)
{
	int at = v->n_objects;

	while (at > 0 && v->objects[at - 1].is->at_ms < o->at_ms)
		at--;
	if (at == BOARD_LAST_OBJECTS)
		return;
	if (v->n_objects < BOARD_LAST_OBJECTS)
		v->n_objects++;
	memmove(&v->objects[at + 1], &v->objects[at], (size_t)(v->n_objects - 1 - at) * sizeof(v->objects[0]));
	v->objects[at] = (struct view_object){ o, texts_get(&u->texts, o->key), texts_get(&u->texts, o->topic) };
}

static void take_uploader(struct view *v, const struct board_uploader *u)
{
	int64_t wanted;

	join_s3(&v->s3, &u->s3);
	histogram_join(&v->sizes, &u->sizes);
	histogram_join(&v->freshness, &u->freshness);
	v->landed_objects += u->objects;
	v->open_bytes += u->open_bytes;
	v->moving_bytes += u->moving_bytes;
	v->share_bytes += u->share_bytes;
	v->open_objects += u->open_objects;
	v->waiting_objects += u->waiting_objects;
	v->seals_for_memory += u->seals_for_memory;
	wanted = memory_for_uploaders(u->share_wanted_bytes, v->board.n_uploaders);
	v->memory_wanted_bytes = wanted > v->memory_wanted_bytes ? wanted : v->memory_wanted_bytes;
	for (int i = 0; i < u->n_last; i++)
		take_object(v, u, &u->last[i]);
}

/* ---- Health ---- */

static void judge(struct view *v)
{
	const struct board_daemon *d = &v->board.daemon;
	const struct board_beat *b = board_hangs(v->board.beats, v->board.n_beats, VIEW_HANGS_MS, v->now_ms);

	v->live = b == NULL;
	v->ready = v->live && d->ready && !d->stopping;
	if (b != NULL)
		snprintf(v->why, sizeof(v->why), "the thread \"%s\" hangs for %" PRId64 " s; it was at: %s", b->thread,
			 (v->now_ms - b->at_ms) / 1000, b->what != NULL ? b->what : "");
	else if (d->stopping)
		snprintf(v->why, sizeof(v->why), "stopping");
	else if (!d->ready)
		snprintf(v->why, sizeof(v->why), "starting%s%s", d->waits_for[0] != '\0' ? ": " : "", d->waits_for);
}

const char *view_delivery(const struct view *v)
{
	static const char *const deliveries[] = {
		[BOARD_UNPROVED] = "exactly once, if the broker keeps the texts of commits: none was read back yet",
		[BOARD_EXACTLY_ONCE] = "exactly once",
		[BOARD_AT_LEAST_ONCE] = "at least once: the broker does not keep the texts of commits",
	};

	return deliveries[v->board.consumer.exactly_once];
}

uint64_t view_requests(const struct board_s3 *s)
{
	uint64_t n = 0;

	for (int i = 0; i < BOARD_CALLS; i++)
		n += s->calls[i];
	return n;
}

void view_init(struct view *v, struct board_copy *copy, int64_t now_ms, int64_t now_real_ms)
{
	memset(v, 0, sizeof(*v));
	v->board = *copy;
	memset(copy, 0, sizeof(*copy));
	v->now_ms = now_ms;
	v->now_real_ms = now_real_ms;
	take_partitions(v);
	take_ranges(v);
	measure_all(v);
	take_waits(v);
	for (int i = 0; i < v->board.n_uploaders; i++)
		take_uploader(v, &v->board.uploaders[i]);
	if (v->board.n_uploaders > 0) {
		v->s3.clock_offset_ms = v->board.uploaders[0].s3.clock_offset_ms;
		v->s3.expires_real_ms = v->board.uploaders[0].s3.expires_real_ms;
	}
	judge(v);
}

const char *view_consumer_wait(const struct view *v, int64_t *since_boot_ms)
{
	const struct board_consumer *c = &v->board.consumer;

	*since_boot_ms = c->away_since_ms != 0 ? c->away_since_ms : -1;
	if (c->shown_ms == 0 || c->stopping)
		return NULL;
	if (!c->connected)
		return "the consumer for the next Kafka client";
	if (c->away_since_ms != 0)
		return "the consumer for a Kafka broker that it can reach";
	return c->joined ? NULL : "the consumer for its group's first answer";
}

void view_free(struct view *v)
{
	board_copy_free(&v->board);
	free(v->partitions);
	v->partitions = NULL;
	v->n = 0;
}
