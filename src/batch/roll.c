/* SPDX-License-Identifier: Apache-2.0 */
/* The roll: which limit of a range is reached. */
#include "batch/roll.h"

enum roll_reason roll_due(const struct topic_settings *t, const struct roll_state *s, int64_t now_boot_ms)
{
	if (t->roll_bytes > 0 && s->bytes >= t->roll_bytes)
		return ROLL_BYTES;
	if (t->roll_records > 0 && s->records >= t->roll_records)
		return ROLL_RECORDS;
	if (s->most_parts >= ROLL_MAX_PARTS)
		return ROLL_PARTS;
	if (now_boot_ms >= roll_deadline_ms(t, s))
		return ROLL_AGE;
	return ROLL_NONE;
}

int64_t roll_deadline_ms(const struct topic_settings *t, const struct roll_state *s)
{
	return t->roll_age_ms > 0 ? s->opened_boot_ms + t->roll_age_ms : INT64_MAX;
}

const char *roll_reason_name(enum roll_reason reason)
{
	static const char *const names[ROLL_REASONS] = {
		[ROLL_NONE] = "none",     [ROLL_BYTES] = "bytes",     [ROLL_RECORDS] = "records",
		[ROLL_AGE] = "age",       [ROLL_MEMORY] = "memory",   [ROLL_SLOTS] = "slots",
		[ROLL_PARTS] = "parts",   [ROLL_REVOKED] = "revoked", [ROLL_SHUTDOWN] = "shutdown",
		[ROLL_INTENT] = "intent", [ROLL_STOP] = "stop",
	};

	return names[reason];
}
