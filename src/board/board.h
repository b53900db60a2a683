/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOARD_BOARD_H
#define BOARD_BOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/wait.h"
#include "board/histogram.h"
#include "board/meter.h"
#include "board/texts.h"

/* The one place where threads say how they are, and where others look: nobody reads another thread's state.
 *
 *     writer ──fills──► its section's spare ──show: swapped under the section's mutex──► shown ──copy──► a reader's own
 *
 * A section has one writer, which shows it once a second, at changes that matter, and when it was asked. Nothing here
 * is locked for a record, and a mutex is held for a swap or a copy only. A copy is whole in itself; two sections of one
 * copy may be a second apart.
 * Units: times are of the boot clock in ms unless their names say otherwise; 0: never. Offsets: BOARD_UNKNOWN where
 * they are not known. Texts are places in the section's own pool (texts.h). */

#define BOARD_UNKNOWN (-1)
#define BOARD_EVERY_MS 1000
#define BOARD_LAST_OBJECTS 20
#define BOARD_TEXT_MAX 640
#define BOARD_ERRORS 24
#define BOARD_ERROR_NAME 48

/* Of reasons to roll there are no more than this. */
#define BOARD_ROLLS 12

struct board;

/* ---- What the consumer thread says ---- */

struct board_partition {
	text_at topic;
	int32_t id;
	const char *state; /* a name that lives for ever */
	uint64_t epoch;

	/* What it waits for, or what it waited for when it was parked last and nothing was published since. */
	enum wait_reason wait;
	bool trying;           /* it is read again, to see whether that is over */
	text_at wait_text;     /* what was said of it */
	int64_t wait_since_ms; /* when this reason began, however often it was tried since */

	int64_t committed;  /* acknowledged by the group */
	int64_t next;       /* what is taken from Kafka next */
	int64_t low, high;  /* the log's first offset, and that behind its last record, as the client saw them last */
	int64_t open_start; /* the first offset that no sealed range holds */
	int32_t sealed;     /* ranges that are sealed and not committed */
	/* Since when the committed offset is what it is and the log holds more: 0: it holds no more. */
	int64_t behind_since_ms;
	int64_t headroom_ms; /* until the log's first offset passes the committed one, at its pace; BOARD_UNKNOWN: it
				stands still, or nothing would be lost */
	int64_t open_transaction;          /* reading waits for the end of one, at this offset; else BOARD_UNKNOWN */
	int64_t open_transaction_since_ms; /* and since when */

	/* Since the start of the daemon. */
	uint64_t taken, ranges, landed, dead, skipped, bytes, lost;
	uint32_t rolls[BOARD_ROLLS];
	const char *chain_begins; /* why the chain began anew, a name that lives for ever; NULL: it did not */
	int64_t chain_begins_at;  /* at which offset */
};

/* All partitions together, also those that went to others since. */
struct board_totals {
	uint64_t taken, taken_bytes; /* records from Kafka, and the bytes of their values and keys */
	uint64_t ranges, landed, dead, skipped, bytes, lost;
	uint64_t rolls[BOARD_ROLLS];
	uint64_t commits, commits_failed; /* answers to commit requests */
	uint64_t rebalances;
	uint64_t parked;
};

enum board_exactly_once { BOARD_UNPROVED, BOARD_EXACTLY_ONCE, BOARD_AT_LEAST_ONCE };

struct board_consumer {
	int64_t shown_ms; /* when it was shown; 0: not yet */
	enum board_exactly_once exactly_once;
	bool connected; /* there is a client; else the next one is due at client_due_ms */
	int64_t client_due_ms;
	bool joined;           /* the group has told what is ours, once at least */
	int64_t away_since_ms; /* no broker can be reached since then; 0: one can */
	bool steady;           /* the group is not rebalancing, as far as the client knows */
	bool stopping;
	int assigned;             /* partitions that the group has given us */
	int64_t unacked_since_ms; /* a commit is sent again and again since then */
	text_at unacked_text;     /* what the broker says of it */
	text_at trouble;          /* what the client last said of itself; and when */
	int64_t trouble_ms;
	uint64_t queued_records;
	int64_t queued_bytes, queue_limit_bytes; /* what the client holds, estimated, and what it may hold */
	int64_t ring_bytes, ring_limit_bytes;    /* all rings */
	struct board_totals totals;
	struct meter_rates taken_rate, landed_rate;

	struct board_partition *partitions;
	size_t n, cap;
	struct texts texts;
};

/* ---- What an uploader thread says ---- */

/* The records of a partition that are here and not all in S3. */
struct board_range {
	text_at topic;
	int32_t partition;
	uint64_t epoch;
	int64_t oldest_time_ms;  /* wall clock: the timestamp of the first record of the oldest range; 0: none */
	int64_t oldest_taken_ms; /* when that record was taken */
	int64_t open_start;      /* of the open range; BOARD_UNKNOWN: none is open */
	int64_t open_records;    /* so far, */
	int64_t open_bytes;      /* compressed so far, */
	int64_t open_held;       /* and what it holds of the memory */
	int32_t open_objects;
	int64_t open_since_ms;
	int64_t open_until_ms; /* when its age seals it; INT64_MAX: never */
};

struct board_object {
	text_at key;
	text_at topic;
	int32_t partition;
	int64_t start, end; /* of its range */
	int64_t bytes, records;
	bool dead;
	int64_t at_ms; /* when it was visible */
};

enum board_call {
	BOARD_PUT,
	BOARD_CREATE,
	BOARD_PART,
	BOARD_COMPLETE,
	BOARD_ABORT,
	BOARD_LIST,
	BOARD_HEAD,
	BOARD_GET,
	BOARD_CALLS
};

const char *board_call_name(enum board_call call);

/* Answers that were no success, by what they said of themselves: "503 SlowDown", "500", "no answer". */
struct board_error {
	char name[BOARD_ERROR_NAME]; /* "": free; the last row takes what has no room, as "other" */
	uint64_t n;
	int64_t last_ms;
};

struct board_s3 {
	uint64_t calls[BOARD_CALLS]; /* requests sent, retries included */
	uint64_t retries, bytes_sent, errors;
	struct board_error by_error[BOARD_ERRORS];
	struct histogram latency; /* s from the sending of a PUT or UploadPart to its answer */
	int64_t clock_offset_ms;  /* the store's clock less ours */
	int64_t expires_real_ms; /* of the credentials in use, wall clock; INT64_MAX: never; 0: none were fetched yet */
	bool unconditional;      /* the store does not know If-None-Match */
};

struct board_uploader {
	int64_t shown_ms;
	int64_t open_bytes, moving_bytes, share_bytes;
	int open_objects;
	int waiting_objects; /* complete, and not in S3 yet */
	uint64_t seals_for_memory;
	int64_t share_wanted_bytes; /* that would have made them needless; 0: there were none */
	bool full;                  /* takes no records, for want of memory */
	bool stuck;                 /* S3 takes nothing, for longer than a passing error lasts */
	text_at trouble;            /* what S3 said last of what is tried again; 0: nothing */
	struct board_s3 s3;
	struct histogram sizes;     /* bytes of objects */
	struct histogram freshness; /* s: age of a range's first record when the range was in S3 */
	uint64_t objects;
	struct board_object last[BOARD_LAST_OBJECTS]; /* newest first */
	int n_last;

	struct board_range *ranges;
	size_t n, cap;
	struct texts texts;
};

/* ---- What the replay thread says ---- */

struct board_replay {
	int64_t shown_ms;  /* 0: there is no replay */
	const char *phase; /* a name that lives for ever */
	uint64_t taken, waiting, failed, skipped;
	double share; /* of the work, 0 to 1; less than 0: no end is known */
	bool ended;
};

/* ---- What the glue thread says ---- */

struct board_glue {
	int64_t shown_ms; /* 0: there is none */
	int tables;       /* that are in Glue, and fit */
	uint64_t tables_made, tables_changed;
	uint64_t partitions;       /* registered, or found to be so */
	uint64_t crawls;           /* starts of the crawler */
	uint64_t calls, refused;   /* of Glue's API */
	uint64_t samples, dropped; /* lines that columns were learnt from, or for which there was no room */
	/* In these lines: values that a fixed type does not hold, keys in another case than their column's, and keys
	 * without a column. Lines with a key twice, and those that are no object. */
	uint64_t misfits, case_collisions, left_out, duplicate_keys, unread;
	int64_t trouble_since_ms; /* 0: there is none that lasts */
	char trouble[BOARD_TEXT_MAX];
};

/* ---- What the main thread says ---- */

struct board_daemon {
	int64_t shown_ms;
	char version[32];
	char libraries[256]; /* that it runs with, by name and version, separated by ", " */
	char name[128];      /* of the settings file, without folder and suffix */
	char file[256];
	char group[256], bucket[128], brokers[256];
	int64_t memory_bytes; /* the setting */
	int64_t started_ms, started_real_ms;
	bool ready;
	char waits_for[BOARD_TEXT_MAX]; /* not ready: for what, in words; else "" */
	bool stopping;
	uint64_t generation; /* of the settings, from 1 on */
	int64_t reloaded_ms; /* when a reload was last asked for; 0: never */
	bool reload_failed;  /* that one changed nothing */
	char reload_text[BOARD_TEXT_MAX];
	int64_t rss_bytes; /* of the process */
};

/* ---- Beats ---- */

/* One of each thread: when it last went round, and what it does or waits for, by a name that lives for ever. */
struct board_beat {
	char thread[24];  /* "consumer", "uploader 0", "replay" */
	int64_t at_ms;    /* 0: it does not run */
	const char *what; /* NULL with it */
};

enum { BEAT_CONSUMER, BEAT_REPLAY, BEAT_CREDENTIALS, BEAT_GLUE, BEAT_UPLOADER }; /* and more for further uploaders */

/* ---- The board ---- */

struct board *board_new(int n_uploaders);
void board_free(struct board *b); /* NULL is fine */

/* Thread: the one that beats. */
void board_beat(struct board *b, int which, int64_t now_ms, const char *what);
void board_beat_ends(struct board *b, int which);

/* Is the section due: a second old, or asked for? Thread: its writer. */
bool board_consumer_due(const struct board *b, int64_t now_ms);
bool board_uploader_due(const struct board *b, int uploader, int64_t now_ms);
/* What to fill in, from the beginning on: only memory, no content, is left in it from earlier. Thread: its writer. */
struct board_consumer *board_consumer_begin(struct board *b);
struct board_uploader *board_uploader_begin(struct board *b, int uploader);
/* One more element, zeroed. */
struct board_partition *board_add_partition(struct board_consumer *c);
struct board_range *board_add_range(struct board_uploader *u);
/* Others see it from now on. */
void board_consumer_show(struct board *b, int64_t now_ms);
void board_uploader_show(struct board *b, int uploader, int64_t now_ms);

/* Copied as it is. Thread: the replay's; the glue thread; the main thread. */
void board_replay_show(struct board *b, const struct board_replay *r, int64_t now_ms);
void board_glue_show(struct board *b, const struct board_glue *g, int64_t now_ms);
void board_daemon_show(struct board *b, const struct board_daemon *d, int64_t now_ms);

/* Have consumer and uploaders show themselves in their next turn. Thread: any. Returns a number for the next one. */
uint64_t board_ask(struct board *b);
/* Have all that run done so since? Thread: any. */
bool board_has_answered(const struct board *b, uint64_t asked);

/* All of it, as others see it. */
struct board_copy {
	struct board_daemon daemon;
	struct board_consumer consumer;
	struct board_replay replay;
	struct board_glue glue;
	struct board_uploader *uploaders;
	int n_uploaders;
	struct board_beat *beats;
	int n_beats;
};

/* Owns: the caller frees with board_copy_free. Thread: any. */
void board_copy(struct board *b, struct board_copy *out);
void board_copy_free(struct board_copy *c);

/* The beats alone: at most max of them, into out; returns how many. Allocates nothing. Thread: any. */
int board_beats(const struct board *b, struct board_beat *out, int max);
/* The thread that has not gone round its loop for longer than limit_ms; NULL: none. What waits goes round. */
const struct board_beat *board_hangs(const struct board_beat *beats, int n, int64_t limit_ms, int64_t now_ms);

/* The row of that name, made if there is none; the last one where there is no room. */
struct board_error *board_error_row(struct board_s3 *s, const char *name);
/* Count an answer that was no success. */
void board_count_error(struct board_s3 *s, const char *name, int64_t now_ms);

#endif
