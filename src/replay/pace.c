/* SPDX-License-Identifier: Apache-2.0 */
/* Pacing. Each row's time is counted from the first one's, so that rounding never adds up. */
#include "replay/pace.h"

#define FAR_MS 9e17 /* what int64 holds with room to spare */

void pace_init_free(struct pace *p)
{
	*p = (struct pace){ 0 };
}

void pace_init_rate(struct pace *p, double rows_per_second)
{
	*p = (struct pace){ .rate = rows_per_second };
}

void pace_init_column(struct pace *p, double factor)
{
	*p = (struct pace){ .factor = factor };
}

/* How long after the first row this one goes. */
static int64_t distance_ms(struct pace *p, int64_t column_ms)
{
	double distance;

	if (column_ms > p->latest_ms)
		p->latest_ms = column_ms;
	if (p->rate > 0)
		distance = p->rows * 1000 / p->rate;
	else
		distance = ((double)p->latest_ms - (double)p->first_ms) / p->factor;
	return (int64_t)(distance < FAR_MS ? distance : FAR_MS);
}

int64_t pace_due(struct pace *p, int64_t now_ms, int64_t column_ms)
{
	int64_t due;

	if (p->rate <= 0 && p->factor <= 0)
		return now_ms;
	if (!p->begun) {
		p->begun = true;
		p->origin_ms = now_ms;
		p->first_ms = p->latest_ms = column_ms;
		p->rows = 0;
	}
	due = p->origin_ms + distance_ms(p, column_ms);
	if (now_ms - due > PACE_CATCH_UP_MS) {
		p->origin_ms += now_ms - due;
		due = now_ms;
	}
	return due;
}

void pace_sent(struct pace *p)
{
	p->rows++;
}

void pace_again(struct pace *p)
{
	if (p->factor > 0)
		p->begun = false;
}
