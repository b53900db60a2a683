/* SPDX-License-Identifier: Apache-2.0 */
#include "board/meter.h"

#define EVERY_MS 1000
#define SHORT_MS 10000
#define LONG_MS 60000
#define HALF_WINDOW_MS (12LL * 3600 * 1000)
#define WATCHED_AT_LEAST_MS 10000
#define FAR_MS (1000LL * 86400 * 365)

static const struct meter_sample *newest(const struct meter *m)
{
	return &m->samples[(m->n - 1) % METER_SAMPLES];
}

void meter_add(struct meter *m, int64_t now_ms, uint64_t records, uint64_t bytes)
{
	if (m->n > 0 && now_ms < newest(m)->at_ms + EVERY_MS)
		return;
	m->samples[m->n % METER_SAMPLES] = (struct meter_sample){ now_ms, records, bytes };
	m->n++;
}

/* The youngest that is so old, else the oldest that is there. */
static const struct meter_sample *before(const struct meter *m, int64_t ms)
{
	unsigned kept = m->n < METER_SAMPLES ? m->n : METER_SAMPLES;
	const struct meter_sample *s = newest(m);

	for (unsigned i = 1; i < kept && newest(m)->at_ms - s->at_ms < ms; i++)
		s = &m->samples[(m->n - 1 - i) % METER_SAMPLES];
	return s;
}

static void rates_since(const struct meter *m, int64_t ms, double *records, double *bytes)
{
	const struct meter_sample *now = newest(m), *then = before(m, ms);
	double seconds = (double)(now->at_ms - then->at_ms) / 1000;

	if (seconds <= 0)
		return;
	*records = (double)(now->records - then->records) / seconds;
	*bytes = (double)(now->bytes - then->bytes) / seconds;
}

struct meter_rates meter_rates(const struct meter *m)
{
	struct meter_rates r = { 0 };

	if (m->n == 0)
		return r;
	rates_since(m, SHORT_MS, &r.records_10s, &r.bytes_10s);
	rates_since(m, LONG_MS, &r.records_60s, &r.bytes_60s);
	return r;
}

void creep_note(struct creep *c, int64_t now_ms, int64_t mark)
{
	if (!c->seen || mark < c->mark) {
		*c = (struct creep){ .seen = true, .mark = mark };
		return;
	}
	if (mark > c->mark && c->from_ms == 0) {
		c->from = c->middle = mark;
		c->from_ms = c->middle_ms = now_ms;
	}
	c->mark = mark;
	if (c->from_ms != 0 && now_ms >= c->middle_ms + HALF_WINDOW_MS) {
		c->from = c->middle;
		c->from_ms = c->middle_ms;
		c->middle = mark;
		c->middle_ms = now_ms;
	}
}

int64_t creep_until(const struct creep *c, int64_t now_ms, int64_t distance)
{
	double ms;

	if (c->from_ms == 0 || c->mark <= c->from || now_ms < c->from_ms + WATCHED_AT_LEAST_MS)
		return CREEP_UNKNOWN;
	if (distance <= 0)
		return 0;
	ms = (double)distance * (double)(now_ms - c->from_ms) / (double)(c->mark - c->from);
	return ms < (double)FAR_MS ? (int64_t)ms : FAR_MS;
}
