/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_DELIVERY_H
#define KAFKA_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "kafka/intent.h"

/* What the consumer thread knows of one partition in one epoch: the ranges that are sealed, which of them an
 * acknowledged intent names, which are published, and so what to commit next. Pure: no I/O, no clock; ARCHITECTURE.md
 * has the picture.
 * Invariants (the model checker in tests/kafka holds them):
 *  - the offset to commit never passes a range that is not published (I1);
 *  - a range is given out for publishing only after an acknowledgement, in this epoch, of a text that names it (I3);
 *  - (id, start, end) of a range never change, and ranges follow each other without a gap;
 *  - the offset to commit never goes back. */

enum delivery_range_state {
	RANGE_PLANNED,   /* the committed text names it; the uploader has not built it yet */
	RANGE_BUILT,     /* sealed; waits for its intent or is being published */
	RANGE_PASSED,    /* of a recovered range: what fitted into memory is durable, the rest needs another pass */
	RANGE_PUBLISHED, /* durable, but a range before it is not */
};

#define DELIVERY_NEVER INT64_MIN

struct delivery_range {
	enum delivery_range_state state;
	int64_t acked_boot_ms; /* when a text that names it was acknowledged in this epoch */
	bool told;             /* given out for publishing under that acknowledgement */
	bool named;            /* an acknowledged text names it, of this epoch or an earlier one */
};

struct delivery {
	struct intent_text text; /* the state as it would be committed now: text.start is the offset */
	struct delivery_range ranges[ASSIGNMENT_MAX_SEALED]; /* beside text.ranges */
	int max_named;         /* ranges that one text may name; halved when the broker says too large */
	bool changed;          /* the state differs from the last acknowledged one */
	int64_t acked_start;   /* the offset that is known to be committed */
	int64_t acked_boot_ms; /* of the last acknowledgement, or of the beginning of the epoch */
};

/* Begin an epoch with what was read at assignment. Nothing is acknowledged yet in this epoch. A text whose ranges were
 * named before need not be committed again until one of them is built. */
void delivery_begin(struct delivery *d, const struct intent_text *text, int64_t now_boot_ms);

/* The start of a partition without an offset has been resolved: to be committed before anything is read. */
void delivery_begin_start(struct delivery *d, const struct intent_text *text, int64_t now_boot_ms);

/* The uploader has sealed a range: the next planned one, or a new one behind the last. False: it fits neither, which is
 * a defect; the caller parks the partition. */
bool delivery_sealed(struct delivery *d, const struct range_facts *f, bool has_objects);

/* Every object of the range is durable. False: no such range. */
bool delivery_published(struct delivery *d, const char *range_id);

/* A part of the range is durable, and memory was too small for the rest. False: no such range. */
bool delivery_passed(struct delivery *d, const char *range_id);

/* Such a range is the first that is left, and all before it is acknowledged: the partition can be read again from its
 * start. */
bool delivery_wants_pass(const struct delivery *d);

/* The acknowledgement is too old to publish under: the intent must be sent again (protocol.md H15). */
void delivery_stale(struct delivery *d, const char *range_id);

/* Is there something to commit? */
bool delivery_wants_commit(const struct delivery *d, int64_t now_boot_ms);

/* What to commit: copies the state and writes the text. */
void delivery_compose(const struct delivery *d, struct intent_text *sent, char out[INTENT_TEXT_MAX]);

/* The broker has acknowledged exactly this state. sent_boot_ms: when it was sent, so that leases err on the short
 * side. True: it moved the offset, or names a range that none before it named. */
bool delivery_acked(struct delivery *d, const struct intent_text *sent, int64_t sent_boot_ms);

/* The next range that may be published now; NULL when there is none. Each is given out once for an acknowledgement. */
const struct range_facts *delivery_next_publish(struct delivery *d, int64_t *acked_boot_ms);

/* The broker's limit for texts is lower than ours: name fewer ranges, but never leave out one that was named. False: no
 * fewer can be named. Source: protocol.md H17. */
bool delivery_halve(struct delivery *d);

/* Where the last range ends that is still to be built again; 0: there is none. */
int64_t delivery_planned_end(const struct delivery *d);

/* Nothing that was built is unpublished, and the last acknowledged state is the current one. Ranges that were planned
 * and not built stay behind as the intents that they are. */
bool delivery_settled(const struct delivery *d);

/* A one-shot land has nothing left to do here: all up to its stop is committed. */
bool delivery_at_end(const struct delivery *d);

#endif
