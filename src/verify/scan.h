/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFY_SCAN_H
#define VERIFY_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "settings/settings.h"
#include "verify/findings.h"
#include "verify/ledger.h"

/* Reads the bucket into a ledger: lists every prefix, asks each object for its metadata, and reads it when it is asked
 * to. Bound, beside the ledger: two pages of a listing, SCAN_HEADS requests, and with deep SCAN_READERS objects of
 * which each holds a piece and a block. Thread: the one that runs it. */

#define SCAN_HEADS 64
#define SCAN_READERS 8

struct scan_options {
	const char *topic; /* NULL: all that the settings consume */
	int64_t since_ms;  /* INT64_MIN: everything; objects modified before are only known to be there */
	bool deep;
};

struct scan_counts {
	uint64_t listed;    /* keys */
	uint64_t objects;   /* of what was asked for */
	uint64_t looked_at; /* metadata read */
	uint64_t read;      /* deep: whole objects */
	uint64_t bytes_read;
	uint64_t strangers; /* keys that the settings do not make, without our metadata */
	uint64_t gone;      /* listed, and away a moment later */
	uint64_t later;     /* written since the run began: known to be there, not looked at */
	uint64_t list_requests, head_requests, get_requests; /* attempts */
	uint64_t again;                                      /* of them, because of passing trouble */
};

struct scan_watch {
	int every_ms;
	void (*tick)(void *arg, const struct scan_counts *c, int64_t now_boot_ms);
	void *arg;
};

/* Errors: the bucket cannot be read; nothing was answered for a minute, or a person must mend something. */
int scan_run(const struct settings *s, const struct scan_options *o, const struct scan_watch *watch, struct ledger *l,
	     struct findings *f, struct scan_counts *counts, struct error *e);

#endif
