/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_ENGINE_H
#define REPLAY_ENGINE_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/error.h"
#include "settings/settings.h"

/* The loop from file to Kafka, for the command and for the daemon's thread alike: bad rows are reported, counted and
 * skipped; a broker that is away is waited for; the pace is kept.
 * Thread: the one that made it; *stop is set by another, or by a signal handler. */
struct engine;

enum engine_phase { ENGINE_CONNECTING, ENGINE_INDEXING, ENGINE_SENDING, ENGINE_FLUSHING };

struct engine_counts {
	enum engine_phase phase;
	uint64_t taken;   /* rows given to the Kafka client; of these */
	uint64_t waiting; /* not acknowledged yet, */
	uint64_t failed;  /* refused by the broker for good */
	uint64_t skipped; /* bad rows */
	double share;     /* of the work done, from 0 to 1; less than 0: no end is known */
};

/* How long to wait for what, in ms; less than 0: as long as it takes. */
struct engine_limits {
	int64_t connect_ms; /* for a broker and the topic, at the beginning */
	int64_t flush_ms;   /* for the last acknowledgements, */
	int64_t stop_ms;    /* and for them once *stop is set */
};

struct engine_watch {
	int64_t every_ms;
	/* MUST. How it goes, about every so many ms. */
	void (*tick)(void *arg, const struct engine_counts *counts, int64_t now_ms);
	/* MAY. A line of the log is about to be written. */
	void (*before_log)(void *arg);
	void *arg;
};

/* Opens the file, checks the settings against its columns and makes the producer; sends nothing.
 * Returns 0, or a code of sysexits.h with *e: EX_NOINPUT, EX_DATAERR, EX_CONFIG. */
int engine_new(const struct settings *s, struct engine **engine, struct error *e);
void engine_free(struct engine *g); /* NULL is fine */

/* Until the end, the limit or *stop, and the flush after it. watch may be NULL.
 * Returns 0, or with *e: EX_DATAERR (strict, or a loop without one good row), EX_NOINPUT (the file can no longer be
 * read), EX_UNAVAILABLE (no broker or topic in time; rows failed, or are not acknowledged in time). */
int engine_run(struct engine *g, const struct engine_limits *limits, const atomic_bool *stop,
	       const struct engine_watch *watch, struct error *e);

void engine_count(const struct engine *g, struct engine_counts *counts);

#endif
