/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STATUS_VIEW_H
#define STATUS_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/wait.h"
#include "board/board.h"

/* What people and programs see of the board: a copy of it, put in order and held together; and the forms that it is
 * given to them in. Pure: board and time in, bytes out. */

struct view_partition {
	const struct board_partition *is;
	const char *topic;
	const char *wait_text;
	const struct board_range *range; /* what its uploader holds of it; NULL: nothing */
	int64_t lag;          /* records between the committed offset and the end of the log; BOARD_UNKNOWN */
	int64_t headroom;     /* records between the log's first and the committed one; BOARD_UNKNOWN */
	int64_t freshness_ms; /* how old the oldest record is that is not in S3; 0: there is none; BOARD_UNKNOWN */
};

struct view_object {
	const struct board_object *is;
	const char *key, *topic;
};

/* Partitions that wait for the same. */
struct view_wait {
	enum wait_reason reason;
	int partitions;
	int64_t since_ms; /* the longest; boot clock */
	const char *text; /* of that one */
};

struct view {
	struct board_copy board;
	int64_t now_ms, now_real_ms;
	struct view_partition *partitions; /* by topic and number */
	size_t n;
	struct view_object objects[BOARD_LAST_OBJECTS]; /* newest first, of all uploaders */
	int n_objects;
	struct view_wait waits[WAIT_REASONS]; /* most partitions first */
	int n_waits;
	struct board_s3 s3; /* of all uploaders: sums; the offset and expiry of the first */
	struct histogram sizes, freshness;
	uint64_t landed_objects;
	int64_t open_bytes, moving_bytes, share_bytes;
	int open_objects, waiting_objects;
	uint64_t seals_for_memory;
	int64_t memory_wanted_bytes; /* that would have avoided them; 0: there were none */
	int64_t lag;                 /* of all partitions where it is known */
	int64_t freshness_ms;        /* of the least fresh */
	int64_t headroom_ms;         /* of the one with least; BOARD_UNKNOWN: nothing is about to be lost */
	bool live, ready;
	char why[BOARD_TEXT_MAX + 32]; /* not live, or not ready: why; else "" */
};

/* A thread that has not gone round for so long hangs: the longest call that blocks has a limit of 5 s. */
#define VIEW_HANGS_MS 30000

/* Owns: takes what the copy holds; the caller frees with view_free. */
void view_init(struct view *v, struct board_copy *copy, int64_t now_ms, int64_t now_real_ms);
void view_free(struct view *v);

/* What the consumer waits for, and since when, or -1 where that is not known; NULL: for nothing. */
const char *view_consumer_wait(const struct view *v, int64_t *since_boot_ms);

/* How long ago; BOARD_UNKNOWN for what is not, or never to be. */
static inline int64_t view_age_ms(const struct view *v, int64_t boot_ms)
{
	return boot_ms > 0 && boot_ms != INT64_MAX ? v->now_ms - boot_ms : BOARD_UNKNOWN;
}

/* Boot time to wall clock. */
static inline int64_t view_real_ms(const struct view *v, int64_t boot_ms)
{
	return boot_ms > 0 ? v->now_real_ms - (v->now_ms - boot_ms) : 0;
}

/* What each record is given: "exactly once", or in how far it is not. */
const char *view_delivery(const struct view *v);
/* All kinds together. */
uint64_t view_requests(const struct board_s3 *s);

/* The forms; each appends. */
void view_text(const struct view *v, struct buf *out);   /* for a person */
void view_json(const struct view *v, struct buf *out);   /* kafka2s3(8) lists its names */
void view_page(const struct view *v, struct buf *out);   /* HTML */
void view_health(const struct view *v, struct buf *out); /* a line or two of JSON */
/* A line of the log for each partition and uploader. */
void view_log(const struct view *v);

#endif
