/* SPDX-License-Identifier: Apache-2.0 */
/* What the uploaders tell: ranges that are sealed or published, permissions that ran out, trouble. Thread: consumer.
 * Invariant: an event of an epoch that has ended changes nothing (H1). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "kafka/session.h"

/* Below so many dead letters in a range the limit does not count (design.md). */
#define DEAD_LETTERS_AT_LEAST 1000

static void count_records(struct partition *p, const struct range_facts *f)
{
	p->landed += (uint64_t)f->landed;
	p->dead += (uint64_t)f->dead;
	p->skipped += (uint64_t)f->skipped;
}

static void tell_landed(const struct partition *p, const struct range_facts *f, int64_t compressed_bytes)
{
	int64_t records = f->landed + f->dead;

	partition_event(MESSAGE_RANGE_LANDED, p,
			LOG_FIELDS(LOG_TEXT("RANGE_ID", f->id), LOG_NUMBER("OFFSET_FIRST", f->start),
				   LOG_NUMBER("OFFSET_NEXT", f->end), LOG_NUMBER("RECORDS", records),
				   LOG_NUMBER("DEAD", f->dead), LOG_NUMBER("SKIPPED", f->skipped),
				   LOG_NUMBER("BYTES", compressed_bytes), LOG_NUMBER("OBJECTS", f->objects)),
			"landed [%" PRId64 ", %" PRId64 ") as %s: %" PRId64 " records, %" PRId32 " objects, %" PRId64
			" bytes",
			f->start, f->end, f->id, records, f->objects, compressed_bytes);
	if (f->dead > 0)
		partition_event(MESSAGE_DEAD_LETTERS, p,
				LOG_FIELDS(LOG_TEXT("RANGE_ID", f->id), LOG_NUMBER("OFFSET_FIRST", f->start),
					   LOG_NUMBER("OFFSET_NEXT", f->end), LOG_NUMBER("RECORDS", records),
					   LOG_NUMBER("DEAD", f->dead)),
				"%" PRId64 " of the %" PRId64 " records of [%" PRId64 ", %" PRId64
				") could not be written: they are dead letters under \"%s\"",
				f->dead, records, f->start, f->end, p->settings->dead_letter_prefix);
}

static void on_published(struct consumer *c, struct partition *p, const struct message *m, int64_t now_boot_ms)
{
	if (!delivery_published(&p->life.delivery, m->range_id)) {
		session_park(c, p, WAIT_REPLAY, "a range was published that was not to be", now_boot_ms);
		return;
	}
	tell_landed(p, &m->facts, m->compressed_bytes);
	p->ranges++;
	count_records(p, &m->facts);
	p->landed_bytes += (uint64_t)m->compressed_bytes;
	p->failures = 0;
	p->told_wait = WAIT_NOTHING;
	c->progress_boot_ms = now_boot_ms;
}

static void on_passed(struct consumer *c, struct partition *p, const struct message *m, int64_t now_boot_ms)
{
	if (!delivery_passed(&p->life.delivery, m->facts.id)) {
		session_park(c, p, WAIT_REPLAY, "a pass was made over a range that was not to be", now_boot_ms);
		return;
	}
	p->landed_bytes += (uint64_t)m->compressed_bytes;
	p->pass = (struct range_pass){ m->facts, m->from_slot };
	c->progress_boot_ms = now_boot_ms;
	session_next_pass(c, p, now_boot_ms);
}

/* Tested before the intent is sent, and not where one names the range already: then it has to be landed as it is. */
static bool has_too_many_dead(const struct partition *p, const struct range_facts *f)
{
	int64_t all = f->landed + f->dead + f->skipped;

	if (f->dead < DEAD_LETTERS_AT_LEAST || f->dead * 100 <= p->settings->dead_letter_limit_percent * all)
		return false;
	for (int i = 0; i < p->life.delivery.text.n; i++) {
		if (strcmp(p->life.delivery.text.ranges[i].id, f->id) == 0)
			return false;
	}
	return true;
}

static void on_sealed(struct consumer *c, struct partition *p, const struct message *m, int64_t now_boot_ms)
{
	partition_log(LOG_LEVEL_DEBUG, p,
		      "sealed [%" PRId64 ", %" PRId64 ") as %s by %s: %" PRId64 " records, %" PRId32 " objects",
		      m->facts.start, m->facts.end, m->facts.id, roll_reason_name(m->reason),
		      m->facts.landed + m->facts.dead, m->facts.objects);
	if (has_too_many_dead(p, &m->facts)) {
		char why[128];

		snprintf(why, sizeof(why), "%" PRId64 " of the %" PRId64 " records from offset %" PRId64 " on",
			 m->facts.dead, m->facts.landed + m->facts.dead + m->facts.skipped, m->facts.start);
		session_park(c, p, WAIT_DEAD_LETTERS, why, now_boot_ms);
	} else if (!delivery_sealed(&p->life.delivery, &m->facts, m->has_objects)) {
		session_park(c, p, WAIT_REPLAY, "a range was sealed that does not follow the last one", now_boot_ms);
	} else {
		p->rolls[m->reason]++;
		if (!m->has_objects)
			count_records(p, &m->facts);
	}
}

static void on_message(struct consumer *c, const struct message *m, int64_t now_boot_ms)
{
	struct partition *p = m->partition;

	if (m->kind == EVENT_MOVING)
		c->progress_boot_ms = now_boot_ms;
	if (p == NULL || !lifecycle_hears(&p->life, m->epoch))
		return;
	if (m->kind == EVENT_SEALED)
		on_sealed(c, p, m, now_boot_ms);
	else if (m->kind == EVENT_QUIET)
		p->life.quiet = true;
	else if (m->kind == EVENT_PUBLISHED)
		on_published(c, p, m, now_boot_ms);
	else if (m->kind == EVENT_PASSED)
		on_passed(c, p, m, now_boot_ms);
	else if (m->kind == EVENT_STALE)
		delivery_stale(&p->life.delivery, m->range_id);
	else if (m->kind == EVENT_TROUBLE)
		session_park(c, p, m->wait, m->error.text, now_boot_ms);
}

void events_hear(struct consumer *c, int64_t now_boot_ms)
{
	struct message m;

	while (mailbox_take(c->events, &m))
		on_message(c, &m, now_boot_ms);
}
