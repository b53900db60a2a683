/* SPDX-License-Identifier: Apache-2.0 */
/* Where a partition stands, and what follows from what happens to it. */
#include "kafka/lifecycle.h"

bool lifecycle_is_open(const struct lifecycle *l)
{
	return l->state == PARTITION_ACTIVE || l->state == PARTITION_ENDING || l->state == PARTITION_REVOKING;
}

bool lifecycle_is_at_work(const struct lifecycle *l)
{
	return l->state == PARTITION_STARTING || lifecycle_is_open(l);
}

bool lifecycle_hears(const struct lifecycle *l, uint64_t epoch)
{
	return lifecycle_is_at_work(l) && epoch == l->epoch;
}

bool lifecycle_is_finished(const struct lifecycle *l)
{
	return l->quiet && delivery_settled(&l->delivery);
}

bool lifecycle_wants_commit(const struct lifecycle *l, int64_t now_boot_ms)
{
	return lifecycle_is_at_work(l) && delivery_wants_commit(&l->delivery, now_boot_ms);
}

static unsigned end_epoch(struct lifecycle *l, enum partition_state next)
{
	unsigned duties = lifecycle_is_open(l) ? DUTY_DROP : 0;

	l->epoch++;
	l->state = next;
	return duties;
}

static unsigned seal(struct lifecycle *l, enum partition_state next)
{
	l->state = next;
	l->quiet = false;
	return DUTY_SEAL;
}

unsigned lifecycle_given(struct lifecycle *l)
{
	return end_epoch(l, l->taken_out ? PARTITION_DONE : PARTITION_PARKED);
}

unsigned lifecycle_lost(struct lifecycle *l)
{
	return end_epoch(l, PARTITION_AWAY) | DUTY_FORGET;
}

unsigned lifecycle_revoked(struct lifecycle *l)
{
	if (l->state == PARTITION_ACTIVE)
		return seal(l, PARTITION_REVOKING);
	if (!lifecycle_is_open(l))
		return lifecycle_lost(l);
	l->state = PARTITION_REVOKING; /* ENDING: it was told to seal before */
	return 0;
}

unsigned lifecycle_parked(struct lifecycle *l)
{
	if (l->state == PARTITION_REVOKING)
		return lifecycle_lost(l);
	if (l->state == PARTITION_AWAY || l->state == PARTITION_DONE)
		return 0;
	return end_epoch(l, PARTITION_PARKED) | DUTY_STOP_READING;
}

void lifecycle_start(struct lifecycle *l)
{
	l->state = PARTITION_STARTING;
}

void lifecycle_open(struct lifecycle *l)
{
	l->state = PARTITION_ACTIVE;
	l->quiet = false;
}

void lifecycle_done(struct lifecycle *l)
{
	l->state = PARTITION_DONE;
}

unsigned lifecycle_acked(struct lifecycle *l, const struct intent_text *sent, int64_t sent_boot_ms, bool *moved)
{
	*moved = delivery_acked(&l->delivery, sent, sent_boot_ms);
	if (l->state == PARTITION_STARTING)
		return end_epoch(l, PARTITION_PARKED);
	if (l->state == PARTITION_ACTIVE && delivery_at_end(&l->delivery))
		return end_epoch(l, PARTITION_DONE);
	return DUTY_PUBLISH;
}

void lifecycle_named(struct lifecycle *l, bool named)
{
	l->taken_out = !named;
	if (named && l->state == PARTITION_DONE)
		l->state = PARTITION_PARKED;
}

bool lifecycle_is_leaving(const struct lifecycle *l)
{
	if (l->state == PARTITION_ENDING)
		return true;
	return l->taken_out &&
	       (l->state == PARTITION_PARKED || l->state == PARTITION_STARTING || l->state == PARTITION_ACTIVE);
}

unsigned lifecycle_finish(struct lifecycle *l)
{
	if (!l->taken_out || l->state != PARTITION_ACTIVE || delivery_planned_end(&l->delivery) != 0)
		return 0;
	return seal(l, PARTITION_ENDING) | DUTY_STOP_READING;
}

unsigned lifecycle_let_go(struct lifecycle *l)
{
	return end_epoch(l, l->taken_out ? PARTITION_DONE : PARTITION_PARKED) | DUTY_STOP_READING;
}
