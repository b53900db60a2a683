/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_PARTITION_H
#define KAFKA_PARTITION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/wait.h"
#include "batch/roll.h"
#include "board/meter.h"
#include "kafka/consumer.h"
#include "kafka/lifecycle.h"
#include "kafka/stall.h"

struct lane_state;

/* What the consumer thread knows of each partition it has met. */
struct partition {
	struct partition *next_in_bucket;
	struct partition *next; /* all, in order of first meeting */
	char *topic;
	int32_t id;
	const struct topic_settings *settings;
	struct lane_state *lane; /* the same one always */
	struct lifecycle life;
	bool local;  /* in the client's local assignment */
	bool astray; /* something of it came another way: nothing is taken until it is read again from next_offset */

	struct assignment *assignment; /* of the epoch; NULL unless lifecycle_is_open */
	int64_t next_offset;           /* a record below this was put into the ring already */
	int64_t end_seen;              /* where the end of the log came last since it is read; -1: not yet */
	int64_t stop_offset;           /* none from here on is read: where a one-shot land ends; INT64_MAX: nowhere */
	struct stall stall;
	struct range_pass pass; /* the newest one that left something to do */

	enum wait_reason wait;
	char wait_text[ERROR_TEXT_MAX];
	int64_t resume_boot_ms;     /* PARKED: not tried before */
	enum wait_reason told_wait; /* what was last in the log, and nothing was published since; and when */
	int64_t told_boot_ms;
	int64_t wait_since_boot_ms; /* when that reason began */
	int failures;               /* in a row, for the back-off */
	bool check_log;             /* before it is read again: does the log have what is to be read? */
	bool has_table;             /* no other topic writes to its table */

	/* For the board. */
	const char *chain_begins;       /* why the chain began anew after the group's first commit; NULL: it did not */
	int64_t chain_begins_at;        /* at which offset */
	int64_t committed;              /* what the group has acknowledged; -1: not known, or nothing */
	int64_t low, high;              /* of the log, as they were seen last; -1: not yet */
	struct creep retention;         /* of low */
	int64_t behind_at;              /* the committed offset when the log was held against it last */
	int64_t behind_since_boot_ms;   /* since when it is that, and the log holds more; 0: it holds no more */
	int64_t held_at;                /* reading has ended here although the log goes on */
	int64_t held_since_reading_ms;  /* since when; of the clock of reading; 0: it has not */
	uint64_t records, ranges;       /* since the start: taken; published */
	uint64_t landed, dead, skipped; /* records of those ranges */
	uint64_t landed_bytes;          /* of their objects */
	uint64_t lost_records;          /* to retention, before they were landed */
	uint32_t rolls[ROLL_REASONS];
};

struct partition_table;

struct partition_table *partition_table_new(void);
void partition_table_free(struct partition_table *t);
/* Find or make. */
struct partition *partition_get(struct partition_table *t, const char *topic, int32_t id);
struct partition *partition_find(const struct partition_table *t, const char *topic, int32_t id); /* NULL: never met */
struct partition *partition_first(const struct partition_table *t);

/* The log's first offset, and that behind its last record, were seen; what is less than 0 is not known. */
void partition_log_is(struct partition *p, int64_t low, int64_t high, int64_t now_boot_ms);

/* The chain begins anew at this offset, for a reason that lives for ever: shown, but for "first". */
void partition_chain_begins(struct partition *p, int64_t offset, const char *reason);

const char *partition_state_name(enum partition_state s);

#endif
