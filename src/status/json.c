/* SPDX-License-Identifier: Apache-2.0 */
/* The view for programs. The names stand in kafka2s3(8) and stay as they are: new ones may join them. Times are RFC
 * 3339 in UTC, ages and spans seconds; what is not known is null. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "batch/roll.h"
#include "status/human.h"
#include "status/view.h"

/* What is no UTF-8 is escaped: jansson takes nothing else. */
static json_t *text(const char *s)
{
	struct buf clean;
	json_t *out;

	if (text_is_utf8(s, strlen(s)))
		return json_string(s);
	buf_init(&clean, 64 << 10);
	human_escape(s, &clean);
	out = json_string(buf_str(&clean));
	buf_free(&clean);
	return out;
}

static void put(json_t *o, const char *name, json_t *value)
{
	if (json_object_set_new(o, name, mem_must(value)) != 0)
		abort();
}

static void put_text(json_t *o, const char *name, const char *s)
{
	put(o, name, text(s));
}

static void put_count(json_t *o, const char *name, uint64_t n)
{
	put(o, name, json_integer((json_int_t)n));
}

static void put_bool(json_t *o, const char *name, bool b)
{
	put(o, name, json_boolean(b));
}

/* Less than 0: null. */
static void put_known(json_t *o, const char *name, int64_t n)
{
	put(o, name, n >= 0 ? json_integer(n) : json_null());
}

static void put_real(json_t *o, const char *name, double d)
{
	put(o, name, json_real(d));
}

/* ms; less than 0: null. */
static void put_seconds(json_t *o, const char *name, int64_t ms)
{
	put(o, name, ms >= 0 ? json_real((double)ms / 1000) : json_null());
}

/* How long ago; 0: null. */
static void put_age(json_t *o, const char *name, const struct view *v, int64_t at_ms)
{
	put_seconds(o, name, view_age_ms(v, at_ms));
}

static void put_time(json_t *o, const char *name, int64_t real_ms)
{
	char time[HUMAN_MAX] = "";

	if (real_ms != INT64_MAX)
		human_time(real_ms, time);
	put(o, name, time[0] != '\0' ? json_string(time) : json_null());
}

static json_t *object(void)
{
	return mem_must(json_object());
}

static json_t *array(void)
{
	return mem_must(json_array());
}

static void append(json_t *list, json_t *o)
{
	if (json_array_append_new(list, o) != 0)
		abort();
}

/* ---- The parts ---- */

static void put_daemon(json_t *out, const struct view *v)
{
	const struct board_daemon *d = &v->board.daemon;
	json_t *settings = object();

	put_text(out, "version", d->version);
	put_text(out, "libraries", d->libraries);
	put_text(out, "name", d->name);
	put_text(out, "file", d->file);
	put_text(out, "brokers", d->brokers);
	put_text(out, "group", d->group);
	put_text(out, "bucket", d->bucket);
	put_time(out, "time", v->now_real_ms);
	put_time(out, "started", d->started_real_ms);
	put_age(out, "uptime_s", v, d->started_ms);
	put_bool(out, "live", v->live);
	put_bool(out, "ready", v->ready);
	put_text(out, "why", v->why);
	put(out, "exactly_once",
	    v->board.consumer.exactly_once == BOARD_UNPROVED
		    ? json_null()
		    : json_boolean(v->board.consumer.exactly_once == BOARD_EXACTLY_ONCE));
	put_count(settings, "generation", d->generation);
	put_time(settings, "reloaded", view_real_ms(v, d->reloaded_ms));
	put_bool(settings, "reload_failed", d->reload_failed);
	put_text(settings, "reload_text", d->reload_text);
	put(out, "settings", settings);
}

static json_t *rates(const struct meter_rates *r)
{
	json_t *o = object();

	put_real(o, "records_per_s_10s", r->records_10s);
	put_real(o, "bytes_per_s_10s", r->bytes_10s);
	put_real(o, "records_per_s_60s", r->records_60s);
	put_real(o, "bytes_per_s_60s", r->bytes_60s);
	return o;
}

static json_t *rolls_u64(const uint64_t *n)
{
	json_t *o = object();

	for (int i = ROLL_NONE + 1; i < ROLL_REASONS; i++)
		put_count(o, roll_reason_name((enum roll_reason)i), n[i]);
	return o;
}

static void put_totals(json_t *out, const struct view *v)
{
	const struct board_totals *t = &v->board.consumer.totals;
	json_t *o = object();

	put_count(o, "records_taken", t->taken);
	put_count(o, "bytes_taken", t->taken_bytes);
	put_count(o, "ranges", t->ranges);
	put_count(o, "records_landed", t->landed);
	put_count(o, "records_dead", t->dead);
	put_count(o, "records_skipped", t->skipped);
	put_count(o, "records_lost", t->lost);
	put_count(o, "bytes_landed", t->bytes);
	put_count(o, "objects", v->landed_objects);
	put(o, "rolls", rolls_u64(t->rolls));
	put(out, "totals", o);
	o = object();
	put(o, "taken", rates(&v->board.consumer.taken_rate));
	put(o, "landed", rates(&v->board.consumer.landed_rate));
	put(out, "throughput", o);
}

static void put_kafka(json_t *out, const struct view *v)
{
	const struct board_consumer *c = &v->board.consumer;
	json_t *o = object();

	put_bool(o, "connected", c->connected);
	put_bool(o, "joined", c->joined);
	put_age(o, "away_s", v, c->away_since_ms);
	put_bool(o, "steady", c->steady);
	put_count(o, "assigned", (uint64_t)c->assigned);
	put_known(o, "lag", v->lag);
	put_seconds(o, "freshness_s", v->freshness_ms);
	put_seconds(o, "headroom_s", v->headroom_ms);
	put_count(o, "rebalances", c->totals.rebalances);
	put_count(o, "parked", c->totals.parked);
	put_count(o, "commits", c->totals.commits);
	put_count(o, "commits_failed", c->totals.commits_failed);
	put_age(o, "unacknowledged_s", v, c->unacked_since_ms);
	put_text(o, "unacknowledged_text", texts_get(&c->texts, c->unacked_text));
	put_text(o, "trouble", texts_get(&c->texts, c->trouble));
	put_age(o, "trouble_age_s", v, c->trouble_ms);
	put(out, "kafka", o);
}

static json_t *uploader(const struct board_uploader *u)
{
	json_t *o = object();

	put_count(o, "open_bytes", (uint64_t)u->open_bytes);
	put_count(o, "moving_bytes", (uint64_t)u->moving_bytes);
	put_count(o, "share_bytes", (uint64_t)u->share_bytes);
	put_count(o, "open_objects", (uint64_t)u->open_objects);
	put_count(o, "waiting_objects", (uint64_t)u->waiting_objects);
	put_count(o, "seals_for_memory", u->seals_for_memory);
	put_bool(o, "full", u->full);
	put_bool(o, "stuck", u->stuck);
	put_text(o, "trouble", texts_get(&u->texts, u->trouble));
	return o;
}

static void put_memory(json_t *out, const struct view *v)
{
	const struct board_consumer *c = &v->board.consumer;
	json_t *o = object(), *list = array();

	put_count(o, "setting_bytes", (uint64_t)v->board.daemon.memory_bytes);
	put_count(o, "process_bytes", (uint64_t)v->board.daemon.rss_bytes);
	put_count(o, "client_queue_bytes", (uint64_t)c->queued_bytes);
	put_count(o, "client_queue_limit_bytes", (uint64_t)c->queue_limit_bytes);
	put_count(o, "rings_bytes", (uint64_t)c->ring_bytes);
	put_count(o, "rings_limit_bytes", (uint64_t)c->ring_limit_bytes);
	put_count(o, "open_bytes", (uint64_t)v->open_bytes);
	put_count(o, "moving_bytes", (uint64_t)v->moving_bytes);
	put_count(o, "uploaders_limit_bytes", (uint64_t)v->share_bytes);
	put(out, "memory", o);
	for (int i = 0; i < v->board.n_uploaders; i++)
		append(list, uploader(&v->board.uploaders[i]));
	put(out, "uploaders", list);
}

static json_t *histogram(const struct histogram *h, const struct histogram_bounds *b)
{
	json_t *o = object(), *list = array();
	uint64_t n = 0;

	for (int i = 0; i < b->n; i++) {
		json_t *bucket = object();

		n += h->n[i];
		put_real(bucket, "up_to", b->upper[i]);
		put_count(bucket, "count", n);
		append(list, bucket);
	}
	put(o, "buckets", list);
	put_count(o, "count", h->count);
	put_real(o, "sum", h->sum);
	return o;
}

static void put_s3(json_t *out, const struct view *v)
{
	json_t *o = object(), *requests = object(), *errors = object();

	for (int i = 0; i < BOARD_CALLS; i++)
		put_count(requests, board_call_name((enum board_call)i), v->s3.calls[i]);
	for (int i = 0; i < BOARD_ERRORS; i++) {
		if (v->s3.by_error[i].n > 0 && text_is_utf8(v->s3.by_error[i].name, strlen(v->s3.by_error[i].name)))
			put_count(errors, v->s3.by_error[i].name, v->s3.by_error[i].n);
	}
	put(o, "requests", requests);
	put(o, "errors", errors);
	put_count(o, "retries", v->s3.retries);
	put_count(o, "bytes_sent", v->s3.bytes_sent);
	put_bool(o, "conditional_writes", !v->s3.unconditional);
	put(o, "clock_offset_s", json_real((double)v->s3.clock_offset_ms / 1000));
	put_time(o, "credentials_expire", v->s3.expires_real_ms);
	put(o, "latency_s", histogram(&v->s3.latency, &histogram_seconds));
	put(o, "object_bytes", histogram(&v->sizes, &histogram_bytes));
	put(o, "landing_age_s", histogram(&v->freshness, &histogram_ages));
	put(out, "s3", o);
}

static json_t *wait_of(const struct view *v, const struct view_partition *p)
{
	json_t *o;

	if (p->is->wait == WAIT_NOTHING)
		return json_null();
	o = object();
	put_text(o, "reason", wait_reason_word(p->is->wait));
	put_text(o, "for", wait_reason_name(p->is->wait));
	put_text(o, "text", p->wait_text);
	put_age(o, "since_s", v, p->is->wait_since_ms);
	put_bool(o, "trying", p->is->trying);
	return o;
}

static json_t *open_of(const struct view *v, const struct board_range *r)
{
	json_t *o;

	if (r == NULL || r->open_start < 0)
		return json_null();
	o = object();
	put_count(o, "start", (uint64_t)r->open_start);
	put_count(o, "records", (uint64_t)r->open_records);
	put_count(o, "objects", (uint64_t)r->open_objects);
	put_count(o, "compressed_bytes", (uint64_t)r->open_bytes);
	put_count(o, "held_bytes", (uint64_t)r->open_held);
	put_age(o, "age_s", v, r->open_since_ms);
	put_seconds(o, "sealed_in_s", r->open_until_ms == INT64_MAX ? -1 : r->open_until_ms - v->now_ms);
	return o;
}

static json_t *transaction_of(const struct view *v, const struct board_partition *p)
{
	json_t *o;

	if (p->open_transaction < 0)
		return json_null();
	o = object();
	put_count(o, "offset", (uint64_t)p->open_transaction);
	put_age(o, "since_s", v, p->open_transaction_since_ms);
	return o;
}

static json_t *chain_begins_of(const struct board_partition *p)
{
	json_t *o;

	if (p->chain_begins == NULL)
		return json_null();
	o = object();
	put_count(o, "offset", (uint64_t)p->chain_begins_at);
	put_text(o, "reason", p->chain_begins);
	return o;
}

static json_t *rolls_u32(const uint32_t *n)
{
	uint64_t wide[ROLL_REASONS];

	for (int i = 0; i < ROLL_REASONS; i++)
		wide[i] = n[i];
	return rolls_u64(wide);
}

static json_t *partition(const struct view *v, const struct view_partition *p)
{
	const struct board_partition *is = p->is;
	json_t *o = object();

	put_text(o, "topic", p->topic);
	put_count(o, "partition", (uint64_t)is->id);
	put_text(o, "state", is->state);
	put(o, "wait", wait_of(v, p));
	put_known(o, "committed", is->committed);
	put_known(o, "next", is->next);
	put_known(o, "low", is->low);
	put_known(o, "high", is->high);
	put_known(o, "lag", p->lag);
	put_seconds(o, "freshness_s", p->freshness_ms);
	put_known(o, "headroom", p->headroom);
	put_seconds(o, "headroom_s", is->headroom_ms);
	put(o, "open", open_of(v, p->range));
	put_known(o, "open_start", is->open_start);
	put_count(o, "sealed", (uint64_t)is->sealed);
	put(o, "open_transaction", transaction_of(v, is));
	put_count(o, "records_taken", is->taken);
	put_count(o, "ranges", is->ranges);
	put_count(o, "records_landed", is->landed);
	put_count(o, "records_dead", is->dead);
	put_count(o, "records_skipped", is->skipped);
	put_count(o, "records_lost", is->lost);
	put_count(o, "bytes_landed", is->bytes);
	put(o, "rolls", rolls_u32(is->rolls));
	put(o, "chain_begins", chain_begins_of(is));
	return o;
}

static json_t *landed(const struct view *v, const struct view_object *l)
{
	json_t *o = object();

	put_text(o, "key", l->key);
	put_text(o, "topic", l->topic);
	put_count(o, "partition", (uint64_t)l->is->partition);
	put_count(o, "start", (uint64_t)l->is->start);
	put_count(o, "end", (uint64_t)l->is->end);
	put_count(o, "records", (uint64_t)l->is->records);
	put_count(o, "bytes", (uint64_t)l->is->bytes);
	put_bool(o, "dead_letters", l->is->dead);
	put_time(o, "time", view_real_ms(v, l->is->at_ms));
	return o;
}

static void put_lists(json_t *out, const struct view *v)
{
	json_t *partitions = array(), *objects = array(), *waits = array(), *threads = array();

	for (size_t i = 0; i < v->n; i++)
		append(partitions, partition(v, &v->partitions[i]));
	for (int i = 0; i < v->n_objects; i++)
		append(objects, landed(v, &v->objects[i]));
	for (int i = 0; i < v->n_waits; i++) {
		json_t *o = object();

		put_text(o, "reason", wait_reason_word(v->waits[i].reason));
		put_text(o, "for", wait_reason_name(v->waits[i].reason));
		put_count(o, "partitions", (uint64_t)v->waits[i].partitions);
		put_age(o, "since_s", v, v->waits[i].since_ms);
		put_text(o, "text", v->waits[i].text);
		append(waits, o);
	}
	for (int i = 0; i < v->board.n_beats; i++) {
		const struct board_beat *b = &v->board.beats[i];
		json_t *o;

		if (b->at_ms == 0)
			continue;
		o = object();
		put_text(o, "name", b->thread);
		put_age(o, "beat_age_s", v, b->at_ms);
		put_text(o, "at", b->what != NULL ? b->what : "");
		append(threads, o);
	}
	put(out, "waits", waits);
	put(out, "threads", threads);
	put(out, "objects", objects);
	put(out, "partitions", partitions);
}

static void put_replay(json_t *out, const struct view *v)
{
	const struct board_replay *r = &v->board.replay;
	json_t *o;

	if (r->shown_ms == 0) {
		put(out, "replay", json_null());
		return;
	}
	o = object();
	put_text(o, "waits_for", r->ended ? "" : r->phase);
	put_bool(o, "ended", r->ended);
	put_count(o, "rows_taken", r->taken);
	put_count(o, "rows_waiting", r->waiting);
	put_count(o, "rows_failed", r->failed);
	put_count(o, "rows_skipped", r->skipped);
	put(o, "share", r->share >= 0 ? json_real(r->share) : json_null());
	put(out, "replay", o);
}

static void put_glue(json_t *out, const struct view *v)
{
	const struct board_glue *g = &v->board.glue;
	json_t *o;

	if (g->shown_ms == 0) {
		put(out, "glue", json_null());
		return;
	}
	o = object();
	put_count(o, "tables", (uint64_t)g->tables);
	put_count(o, "tables_made", g->tables_made);
	put_count(o, "tables_changed", g->tables_changed);
	put_count(o, "partitions", g->partitions);
	put_count(o, "crawls", g->crawls);
	put_count(o, "calls", g->calls);
	put_count(o, "calls_refused", g->refused);
	put_count(o, "samples", g->samples);
	put_count(o, "samples_dropped", g->dropped);
	put_count(o, "misfits", g->misfits);
	put_count(o, "case_collisions", g->case_collisions);
	put_count(o, "keys_left_out", g->left_out);
	put_count(o, "duplicate_keys", g->duplicate_keys);
	put_count(o, "samples_unread", g->unread);
	put_text(o, "trouble", g->trouble);
	put(out, "glue", o);
}

static int add_piece(const char *data, size_t len, void *out)
{
	return buf_add(out, data, len) ? 0 : -1;
}

static void write_and_free(json_t *o, struct buf *out)
{
	json_dump_callback(o, add_piece, out, JSON_COMPACT | JSON_REAL_PRECISION(15));
	json_decref(o);
	buf_addc(out, '\n');
}

void view_json(const struct view *v, struct buf *out)
{
	json_t *o = object();

	put_daemon(o, v);
	put_kafka(o, v);
	put_totals(o, v);
	put_memory(o, v);
	put_s3(o, v);
	put_glue(o, v);
	put_replay(o, v);
	put_lists(o, v);
	write_and_free(o, out);
}

void view_health(const struct view *v, struct buf *out)
{
	json_t *o = object();

	put_bool(o, "live", v->live);
	put_bool(o, "ready", v->ready);
	put_text(o, "why", v->why);
	write_and_free(o, out);
}
