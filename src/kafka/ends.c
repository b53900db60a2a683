/* SPDX-License-Identifier: Apache-2.0 */
/* The ends of the log, held against what a committed text speaks of: what retention has passed is lost, and said; a log
 * that ends before what was read is another one, and is read from its beginning; what lies behind an open transaction
 * is waited for (protocol.md H10, H14). Thread: consumer.
 * A client that reads committed records only is told of no more than it may read, so where that ends too early, another
 * client is asked for the log's own end. */
#include <inttypes.h>
#include <stdio.h>

#include "kafka/handle.h"
#include "kafka/session.h"

/* What was read ends here. */
static int64_t end_of(const struct intent_text *t)
{
	return t->n > 0 ? t->ranges[t->n - 1].end : t->start;
}

/* Is what the log holds of concern? A one-shot land counts on what it held when it began. */
static bool needs_log(const struct partition *p)
{
	return p->life.delivery.text.n > 0 || p->check_log || p->life.delivery.text.land.given;
}

/* The log is to reach so far, at least. */
static bool is_short(const struct candidate *k)
{
	const struct intent_text *t = &k->p->life.delivery.text;

	return k->readable >= 0 && (k->readable < end_of(t) || (t->land.given && k->readable < t->land.stop));
}

/* By a client that is made for it: a need is rare, and one that is kept would know leaders of long ago. */
static void ask_own_end(struct consumer *c, struct candidate *candidates, int n)
{
	rd_kafka_t *rk;
	struct error e;
	bool any = false;

	for (int i = 0; i < n; i++) {
		candidates[i].asked = candidates[i].asked && is_short(&candidates[i]);
		any |= candidates[i].asked;
	}
	if (!any)
		return;
	rk = handle_open_whole_log(c->settings, c->credentials, &e);
	start_ask_log(c, rk, candidates, n, RD_KAFKA_OFFSET_END);
	for (int i = 0; i < n; i++) {
		if (candidates[i].asked)
			candidates[i].high = candidates[i].answer;
	}
	if (rk != NULL)
		handle_close(rk);
}

void ends_ask(struct consumer *c, struct candidate *candidates, int n)
{
	for (int i = 0; i < n; i++)
		candidates[i].asked = candidates[i].finding == FOUND_READY && needs_log(candidates[i].p);
	start_ask_log(c, c->rk, candidates, n, RD_KAFKA_OFFSET_BEGINNING);
	for (int i = 0; i < n; i++)
		candidates[i].low = candidates[i].asked ? candidates[i].answer : -1;
	start_ask_log(c, c->rk, candidates, n, RD_KAFKA_OFFSET_END);
	for (int i = 0; i < n; i++)
		candidates[i].readable = candidates[i].high = candidates[i].asked ? candidates[i].answer : -1;
	ask_own_end(c, candidates, n);
}

static enum finding begin_behind(struct partition *p, int64_t start)
{
	struct intent_text t = p->life.delivery.text;

	p->check_log = false;
	return start_at(p, &t, start, "truncated");
}

/* A one-shot land has lost no more than was asked for, and does not wait for what the log has no more. True: it ends
 * earlier now. */
static bool fit_land(struct candidate *k, int64_t end)
{
	struct intent_land *l = &k->p->life.delivery.text.land;

	if (k->high < l->stop) {
		partition_event(MESSAGE_LOG_TRUNCATED, k->p, OFFSETS(k->high, l->stop),
				"the log ends at %" PRId64 ", before offset %" PRId64
				" where this land was to end: the topic was truncated or made again; it ends there",
				k->high, l->stop);
		intent_land_end_at(l, k->high);
		k->low = k->high < end ? k->high : k->low;
		return true;
	}
	k->low = k->low < l->stop ? k->low : l->stop;
	return false;
}

enum finding ends_hold(struct consumer *c, struct candidate *k, int64_t now_boot_ms)
{
	struct partition *p = k->p;
	const struct intent_text *t = &p->life.delivery.text;
	int64_t end = end_of(t);
	bool shorter;

	p->next_offset = t->start;
	if (!needs_log(p))
		return FOUND_READY;
	if (k->low < 0 || k->high < 0) {
		session_wait(c, p, WAIT_OFFSETS, "the log's first and last offset cannot be read", now_boot_ms);
		return FOUND_WAIT;
	}
	shorter = t->land.given && fit_land(k, end);
	if (k->high < end) {
		partition_event(MESSAGE_LOG_TRUNCATED, p, OFFSETS(k->high, end),
				"the log ends at %" PRId64 ", before offset %" PRId64
				" that was read already: the topic was truncated or made again; going on at %" PRId64,
				k->high, end, k->low);
		return begin_behind(p, k->low);
	}
	if (k->low >= end && k->low > t->start) {
		partition_event(MESSAGE_RECORDS_LOST, p, OFFSETS(t->start, k->low),
				"records %" PRId64 " to %" PRId64
				" are lost: retention removed them before they were landed",
				t->start, k->low - 1);
		p->lost_records += (uint64_t)(k->low - t->start);
		return begin_behind(p, k->low);
	}
	if (k->readable < end) {
		char why[128];

		snprintf(why, sizeof(why), "records up to offset %" PRId64 " can be read, and it stands at %" PRId64,
			 k->readable, end);
		session_wait(c, p, WAIT_TRANSACTION, why, now_boot_ms);
		return FOUND_WAIT;
	}
	if (k->low > t->start) {
		partition_event(MESSAGE_RECORDS_LOST, p, OFFSETS(t->start, k->low),
				"records %" PRId64 " to %" PRId64
				" are gone from the log: what is left of their ranges is landed",
				t->start, k->low - 1);
		p->next_offset = k->low;
	}
	p->check_log = false;
	return shorter && t->n == 0 ? begin_behind(p, p->next_offset) : FOUND_READY;
}
