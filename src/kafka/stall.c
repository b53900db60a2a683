/* SPDX-License-Identifier: Apache-2.0 */
/* Does a partition that is read give what it must? */
#include "kafka/stall.h"

void stall_begin(struct stall *s, int64_t now_ms)
{
	*s = (struct stall){ .position = -1, .since_ms = now_ms };
}

bool stall_found(struct stall *s, const struct delivery *d, int64_t next_offset, int64_t end_seen, int64_t now_ms)
{
	int64_t position = end_seen > next_offset ? end_seen : next_offset;
	bool recovers = position < delivery_planned_end(d);
	bool at_end = end_seen == position && !recovers;

	if (position != s->position || at_end)
		*s = (struct stall){ position, now_ms };
	return now_ms - s->since_ms >= (recovers ? STALL_RECOVERY_MS : STALL_MS);
}
