/* SPDX-License-Identifier: Apache-2.0 */
/* The way out of reading a partition: its epoch ends, it waits for something that has a name, and resume.c tries again
 * after a back-off. Thread: consumer. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "kafka/session.h"

#define FIRST_BACKOFF_MS 500
#define LONGEST_BACKOFF_MS 60000
#define WAIT_LOG_MS 60000
#define REPEAT_MS 10000
#define TOLD_AT_ONCE 8
#define LOOK_MS 1000
#define FIELDS_MAX 12

void partition_log(enum log_level level, const struct partition *p, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_plain(level, LOG_FIELDS(LOG_TEXT("TOPIC", p->topic), LOG_NUMBER("PARTITION", p->id)),
		  "topic \"%s\" partition %" PRId32 ": %s", p->topic, p->id, text);
}

void partition_event(enum message_id id, const struct partition *p, const struct log_field *more, size_t n_more,
		     const char *fmt, ...)
{
	struct log_field fields[FIELDS_MAX] = { LOG_TEXT("TOPIC", p->topic), LOG_NUMBER("PARTITION", p->id) };
	char text[1024];
	va_list ap;

	if (n_more > FIELDS_MAX - 2)
		n_more = FIELDS_MAX - 2;
	if (n_more > 0)
		memcpy(fields + 2, more, n_more * sizeof(*more));
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_event(id, fields, n_more + 2, "topic \"%s\" partition %" PRId32 ": %s", p->topic, p->id, text);
}

int session_left_ms(const struct consumer *c)
{
	int64_t left = c->calls_until_boot_ms - clock_boot_ms();

	return left > 0 && !atomic_load(&c->stop_asked) ? (int)left : 0;
}

int64_t session_backoff_ms(int failures)
{
	int64_t ms = FIRST_BACKOFF_MS;

	for (int i = 1; i < failures && ms < LONGEST_BACKOFF_MS; i++)
		ms *= 2;
	ms = ms < LONGEST_BACKOFF_MS ? ms : LONGEST_BACKOFF_MS;
	return ms / 2 + random() % (ms / 2 + 1);
}

static void tell_repeated(struct consumer *c)
{
	if (c->repeats > TOLD_AT_ONCE)
		log_event(wait_reason_message(c->repeated_wait),
			  LOG_FIELDS(LOG_TEXT("WAIT", wait_reason_word(c->repeated_wait))),
			  "%d more partitions waited for the same: %s", c->repeats - TOLD_AT_ONCE, c->repeated);
	c->repeats = 0;
}

/* A reason that many partitions share is told for the first few, then counted. Not by the text: it may name an object.
 */
static bool is_repeated(struct consumer *c, const struct partition *p, int64_t now_boot_ms)
{
	if (c->repeats > 0 && c->repeated_wait == p->wait && now_boot_ms < c->repeated_boot_ms + REPEAT_MS)
		return ++c->repeats > TOLD_AT_ONCE;
	tell_repeated(c);
	snprintf(c->repeated, sizeof(c->repeated), "%s", p->wait_text);
	c->repeated_wait = p->wait;
	c->repeated_boot_ms = now_boot_ms;
	c->repeats = 1;
	return false;
}

bool session_tells(struct consumer *c, rd_kafka_resp_err_t what, int64_t now_boot_ms)
{
	struct told *oldest = &c->told[0];

	for (size_t i = 0; i < TOLD_MAX; i++) {
		struct told *t = &c->told[i];

		if (t->what == what && now_boot_ms < t->again_boot_ms)
			return false;
		if (t->again_boot_ms < oldest->again_boot_ms)
			oldest = t;
	}
	*oldest = (struct told){ what, now_boot_ms + WAIT_LOG_MS };
	return true;
}

static void tell_wait(struct consumer *c, struct partition *p, int64_t now_boot_ms)
{
	if (p->told_wait == p->wait && now_boot_ms < p->told_boot_ms + WAIT_LOG_MS)
		return;
	if (p->told_wait != p->wait)
		p->wait_since_boot_ms = now_boot_ms;
	p->told_wait = p->wait;
	p->told_boot_ms = now_boot_ms;
	if (!is_repeated(c, p, now_boot_ms))
		partition_event(wait_reason_message(p->wait), p,
				LOG_FIELDS(LOG_TEXT("WAIT", wait_reason_word(p->wait))), "waits for %s%s%s",
				wait_reason_name(p->wait), p->wait_text[0] != '\0' ? ": " : "", p->wait_text);
}

void session_tell_waits(struct consumer *c, int64_t now_boot_ms)
{
	if (now_boot_ms < c->tell_waits_boot_ms)
		return;
	c->tell_waits_boot_ms = now_boot_ms + LOOK_MS;
	for (struct partition *p = partition_first(c->partitions); p != NULL; p = p->next) {
		if (p->life.state == PARTITION_PARKED && p->wait != WAIT_NOTHING)
			tell_wait(c, p, now_boot_ms);
	}
	if (now_boot_ms >= c->repeated_boot_ms + REPEAT_MS)
		tell_repeated(c);
}

void session_wait(struct consumer *c, struct partition *p, enum wait_reason wait, const char *text, int64_t now_boot_ms)
{
	p->wait = wait;
	snprintf(p->wait_text, sizeof(p->wait_text), "%s", text);
	/* To wait one's turn is no failure. */
	p->failures += wait != WAIT_MEMORY;
	p->resume_boot_ms = now_boot_ms + session_backoff_ms(p->failures);
	tell_wait(c, p, now_boot_ms);
}

void session_park(struct consumer *c, struct partition *p, enum wait_reason wait, const char *text, int64_t now_boot_ms)
{
	bool revoking = p->life.state == PARTITION_REVOKING;

	session_do(c, p, lifecycle_parked(&p->life));
	if (revoking)
		partition_event(MESSAGE_LEFT_BEHIND, p, NULL, 0, "%s: left to its next owner", text);
	if (p->life.state != PARTITION_PARKED)
		return;
	c->parked++;
	session_wait(c, p, wait, text, now_boot_ms);
}

void session_next_pass(struct consumer *c, struct partition *p, int64_t now_boot_ms)
{
	char text[128];

	if (!delivery_wants_pass(&p->life.delivery))
		return;
	snprintf(text, sizeof(text), "%" PRId32 " of the %" PRId32 " objects of offsets %" PRId64 " to %" PRId64,
		 p->pass.made.objects, p->life.delivery.text.ranges[0].objects, p->life.delivery.text.ranges[0].start,
		 p->life.delivery.text.ranges[0].end - 1);
	p->failures = 0;
	p->told_wait = WAIT_NOTHING;
	session_park(c, p, WAIT_PASS, text, now_boot_ms);
}
