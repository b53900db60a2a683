/* SPDX-License-Identifier: Apache-2.0 */
/* The view for a person at a terminal: what matters most first. Whatever others wrote is escaped. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "status/human.h"
#include "status/view.h"

static void add_labelled(struct buf *out, const char *label)
{
	buf_addf(out, "%-11s ", label);
}

static void add_head(const struct view *v, struct buf *out)
{
	const struct board_daemon *d = &v->board.daemon;
	char up[HUMAN_MAX];

	human_duration(v->now_ms - d->started_ms, up);
	buf_adds(out, "kafka2s3 ");
	human_escape(d->version, out);
	buf_addf(out, ", up %s, %s", up, v->ready ? "ready" : "");
	human_escape(v->why, out);
	buf_addf(out, "\n\n");
	add_labelled(out, "from, to");
	human_escape(d->group, out);
	buf_adds(out, " at ");
	human_escape(d->brokers, out);
	buf_adds(out, ", to bucket ");
	human_escape(d->bucket, out);
	buf_addc(out, '\n');
	add_labelled(out, "delivery");
	buf_addf(out, "%s\n", view_delivery(v));
}

static void add_rate(struct buf *out, const char *label, const struct meter_rates *r)
{
	char records[HUMAN_MAX], bytes[HUMAN_MAX], minute[HUMAN_MAX];

	human_count(r->records_10s, records);
	human_bytes(r->bytes_10s, bytes);
	human_count(r->records_60s, minute);
	add_labelled(out, label);
	buf_addf(out, "%s records/s, %s/s; over the last minute %s records/s\n", records, bytes, minute);
}

static void add_memory(const struct view *v, struct buf *out)
{
	const struct board_consumer *c = &v->board.consumer;
	char setting[HUMAN_MAX], queue[HUMAN_MAX], rings[HUMAN_MAX], open[HUMAN_MAX], moving[HUMAN_MAX];
	char share[HUMAN_MAX], rss[HUMAN_MAX];

	human_bytes((double)v->board.daemon.memory_bytes, setting);
	human_bytes((double)c->queued_bytes, queue);
	human_bytes((double)c->ring_bytes, rings);
	human_bytes((double)v->open_bytes, open);
	human_bytes((double)v->moving_bytes, moving);
	human_bytes((double)v->share_bytes, share);
	human_bytes((double)v->board.daemon.rss_bytes, rss);
	add_labelled(out, "memory");
	buf_addf(out, "%s: Kafka client about %s, rings %s, uploaders %s open and %s moving of %s; process %s\n",
		 setting, queue, rings, open, moving, share, rss);
	if (v->seals_for_memory > 0) {
		add_labelled(out, "");
		buf_addf(out,
			 "%" PRIu64 " ranges were finished early for want of memory: memory = \"%" PRId64
			 "MiB\" avoids it\n",
			 v->seals_for_memory, (v->memory_wanted_bytes + (1 << 20) - 1) >> 20);
	}
}

static void add_s3(const struct view *v, struct buf *out)
{
	char sent[HUMAN_MAX], count[HUMAN_MAX], objects[HUMAN_MAX];

	human_count((double)view_requests(&v->s3), count);
	human_count((double)v->landed_objects, objects);
	human_bytes((double)v->s3.bytes_sent, sent);
	add_labelled(out, "S3");
	buf_addf(out, "%s objects landed, %s sent in %s requests, %" PRIu64 " tried again", objects, sent, count,
		 v->s3.retries);
	for (int i = 0; i < BOARD_ERRORS; i++) {
		if (v->s3.by_error[i].n == 0)
			continue;
		buf_adds(out, "; ");
		human_escape(v->s3.by_error[i].name, out);
		buf_addf(out, ": %" PRIu64, v->s3.by_error[i].n);
	}
	buf_addc(out, '\n');
	if (v->s3.clock_offset_ms != 0) {
		add_labelled(out, "clock");
		buf_addf(out, "%" PRId64 " s off the store's, corrected for signing: mend it\n",
			 -v->s3.clock_offset_ms / 1000);
	}
}

/* ---- What waits ---- */

static void add_waiting(struct buf *out, bool *any, const char *what, int64_t since_ms, const char *text)
{
	char since[HUMAN_MAX];

	add_labelled(out, *any ? "" : "waits");
	*any = true;
	buf_adds(out, what);
	if (since_ms >= 0) {
		human_duration(since_ms, since);
		buf_addf(out, ", since %s", since);
	}
	if (text[0] != '\0') {
		buf_adds(out, ": ");
		human_escape(text, out);
	}
	buf_addc(out, '\n');
}

static void add_uploader_waits(const struct view *v, struct buf *out, bool *any)
{
	for (int i = 0; i < v->board.n_uploaders; i++) {
		const struct board_uploader *u = &v->board.uploaders[i];
		const char *trouble = texts_get(&u->texts, u->trouble);
		char what[96];

		if (trouble[0] != '\0') {
			snprintf(what, sizeof(what), "uploader %d for S3%s", i,
				 u->stuck ? ", which takes nothing" : "");
			add_waiting(out, any, what, -1, trouble);
		}
		if (u->full) {
			snprintf(what, sizeof(what), "uploader %d for memory, which S3 gives back", i);
			add_waiting(out, any, what, -1, "");
		}
	}
}

static void add_waits(const struct view *v, struct buf *out)
{
	const struct board_consumer *c = &v->board.consumer;
	bool any = false;
	int64_t since_ms;
	const char *consumer = view_consumer_wait(v, &since_ms);
	char what[256];

	if (consumer != NULL)
		add_waiting(out, &any, consumer, view_age_ms(v, since_ms), texts_get(&c->texts, c->trouble));
	if (c->unacked_since_ms != 0)
		add_waiting(out, &any, "commits to be acknowledged", view_age_ms(v, c->unacked_since_ms),
			    texts_get(&c->texts, c->unacked_text));
	add_uploader_waits(v, out, &any);
	for (int i = 0; i < v->n_waits; i++) {
		const struct view_wait *w = &v->waits[i];

		snprintf(what, sizeof(what), "%d partition%s for %s", w->partitions, w->partitions == 1 ? "" : "s",
			 wait_reason_name(w->reason));
		add_waiting(out, &any, what, view_age_ms(v, w->since_ms), w->text);
	}
	for (size_t i = 0; i < v->n; i++) {
		const struct view_partition *p = &v->partitions[i];
		struct buf name;

		if (p->is->open_transaction < 0)
			continue;
		buf_init(&name, 1024);
		human_escape(p->topic, &name);
		buf_addf(&name, ":%" PRId32 " for an open transaction at offset %" PRId64, p->is->id,
			 p->is->open_transaction);
		add_waiting(out, &any, buf_str(&name), view_age_ms(v, p->is->open_transaction_since_ms), "");
		buf_free(&name);
	}
	if (!any)
		add_waiting(out, &any, "nothing", -1, "");
}

/* ---- Partitions ---- */

static void add_headroom(const struct view_partition *p, char out[3 * HUMAN_MAX])
{
	char records[HUMAN_MAX], left[HUMAN_MAX];

	human_count((double)p->headroom, records);
	human_duration(p->is->headroom_ms, left);
	snprintf(out, 3 * (size_t)HUMAN_MAX, "%s%s%s", records, p->is->headroom_ms >= 0 ? ", " : "",
		 p->is->headroom_ms >= 0 ? left : "");
}

static void add_open(const struct view *v, const struct view_partition *p, struct buf *out)
{
	const struct board_range *r = p->range;
	char records[HUMAN_MAX], since[HUMAN_MAX], held[HUMAN_MAX];

	if (r != NULL && r->open_start >= 0) {
		human_count((double)r->open_records, records);
		human_duration(v->now_ms - r->open_since_ms, since);
		human_bytes((double)r->open_held, held);
		buf_addf(out, "%s records from %" PRId64 " on, %s, %d object%s, %s", records, r->open_start, since,
			 r->open_objects, r->open_objects == 1 ? "" : "s", held);
	}
	if (p->is->sealed > 0)
		buf_addf(out, "%s%d sealed", r != NULL && r->open_start >= 0 ? "; " : "", p->is->sealed);
}

static void add_partition(const struct view *v, const struct view_partition *p, struct buf *out)
{
	char lag[HUMAN_MAX], fresh[HUMAN_MAX], headroom[3 * HUMAN_MAX];
	struct buf name;

	buf_init(&name, 4096);
	human_escape(p->topic, &name);
	buf_addf(&name, ":%" PRId32, p->is->id);
	human_count((double)p->lag, lag);
	human_duration(p->freshness_ms, fresh);
	add_headroom(p, headroom);
	buf_addf(out, "%-28s %-9s %12s  %-13s %-22s ", buf_str(&name), p->is->state, lag, fresh, headroom);
	buf_free(&name);
	add_open(v, p, out);
	if (p->is->lost > 0)
		buf_addf(out, "; %" PRIu64 " records lost to retention", p->is->lost);
	if (p->is->chain_begins != NULL)
		buf_addf(out, "; the chain began anew at offset %" PRId64 ": %s", p->is->chain_begins_at,
			 p->is->chain_begins);
	buf_addc(out, '\n');
	if (p->is->wait == WAIT_NOTHING)
		return;
	buf_addf(out, "    %s %s", p->is->trying ? "tries again after" : "waits for",
		 p->is->trying ? "" : wait_reason_name(p->is->wait));
	if (p->wait_text[0] != '\0') {
		buf_adds(out, p->is->trying ? "" : ": ");
		human_escape(p->wait_text, out);
	}
	buf_addc(out, '\n');
}

static void add_partitions(const struct view *v, struct buf *out)
{
	char lag[HUMAN_MAX];

	human_count((double)v->lag, lag);
	buf_addf(out, "\n%zu partition%s, lag %s\n", v->n, v->n == 1 ? "" : "s", lag);
	if (v->n > 0)
		buf_addf(out, "%-28s %-9s %12s  %-13s %-22s %s\n", "PARTITION", "STATE", "LAG", "OLDEST RECORD",
			 "HEADROOM", "OPEN");
	for (size_t i = 0; i < v->n; i++)
		add_partition(v, &v->partitions[i], out);
}

static void add_objects(const struct view *v, struct buf *out)
{
	if (v->n_objects > 0)
		buf_adds(out, "\nLAST OBJECTS\n");
	for (int i = 0; i < v->n_objects; i++) {
		const struct view_object *o = &v->objects[i];
		char ago[HUMAN_MAX], records[HUMAN_MAX], bytes[HUMAN_MAX];

		human_duration(v->now_ms - o->is->at_ms, ago);
		human_count((double)o->is->records, records);
		human_bytes((double)o->is->bytes, bytes);
		buf_addf(out, "%14s ago %10s records %10s  ", ago, records, bytes);
		human_escape(o->key, out);
		buf_addc(out, '\n');
	}
}

static void add_replay(const struct view *v, struct buf *out)
{
	const struct board_replay *r = &v->board.replay;

	if (r->shown_ms == 0)
		return;
	add_labelled(out, "replay");
	buf_addf(out, "%" PRIu64 " rows sent, %" PRIu64 " skipped, %" PRIu64 " refused; %s%s\n",
		 r->taken - r->waiting - r->failed, r->skipped, r->failed, r->ended ? "ended" : "waits for ",
		 r->ended ? "" : r->phase);
}

static void add_glue(const struct view *v, struct buf *out)
{
	const struct board_glue *g = &v->board.glue;

	if (g->shown_ms == 0)
		return;
	add_labelled(out, "Glue");
	buf_addf(out,
		 "%d table%s; %" PRIu64 " partitions registered, %" PRIu64 " crawls; %" PRIu64 " calls, %" PRIu64
		 " refused\n",
		 g->tables, g->tables == 1 ? "" : "s", g->partitions, g->crawls, g->calls, g->refused);
	if (g->misfits + g->case_collisions + g->left_out > 0) {
		add_labelled(out, "");
		buf_addf(out,
			 "in %" PRIu64 " lines looked at: %" PRIu64 " values that do not fit their column, %" PRIu64
			 " keys in another case, %" PRIu64 " without a column\n",
			 g->samples, g->misfits, g->case_collisions, g->left_out);
	}
	if (g->trouble_since_ms == 0)
		return;
	add_labelled(out, "");
	human_escape(g->trouble, out);
	buf_addc(out, '\n');
}

void view_text(const struct view *v, struct buf *out)
{
	add_head(v, out);
	add_rate(out, "taken", &v->board.consumer.taken_rate);
	add_rate(out, "landed", &v->board.consumer.landed_rate);
	add_s3(v, out);
	add_memory(v, out);
	add_glue(v, out);
	add_replay(v, out);
	add_waits(v, out);
	add_partitions(v, out);
	add_objects(v, out);
}
