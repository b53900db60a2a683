/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_STALL_H
#define KAFKA_STALL_H

#include <stdbool.h>
#include <stdint.h>

#include "kafka/delivery.h"

/* Whether a partition that is read stands still. One that is well gives records and, behind the last of them, the end
 * of its log, each time it is reached; so one that gave something else last, or nothing at all, is to give more. One
 * that is recovered gives all up to the end that its intents name, and holds memory that others wait for until then.
 * Pure. Source: protocol.md H14, H7. */

#define STALL_RECOVERY_MS 60000
/* With very many partitions and a slow network each has its turn only now and then. */
#define STALL_MS 300000

struct stall {
	int64_t position; /* where reading stood when it was looked at last */
	int64_t since_ms;
};

/* It is read from here on. */
void stall_begin(struct stall *s, int64_t now_ms);
/* next_offset: behind the last record; end_seen: where the end of the log was seen last, -1: not yet. now_ms: of a
 * clock that stands still while nothing could be taken, so that what is not asked for is not missed. */
bool stall_found(struct stall *s, const struct delivery *d, int64_t next_offset, int64_t end_seen, int64_t now_ms);

#endif
