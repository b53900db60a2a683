/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_WAIT_H
#define BASE_WAIT_H

#include "base/message.h"

/* What a partition waits for: one name each for log, state reports, metrics and the runbook. */
enum wait_reason {
	WAIT_NOTHING,
	WAIT_OFFSETS,      /* the committed offsets to be read */
	WAIT_START,        /* the start offset to be found and committed */
	WAIT_MEMORY,       /* recoveries of other partitions to finish */
	WAIT_PASS,         /* the next pass over a range that is larger than the memory */
	WAIT_S3,           /* a person to mend what S3 refuses */
	WAIT_REPLAY,       /* the replay after a dead upload */
	WAIT_BROKER,       /* the broker to serve this partition again */
	WAIT_TRANSACTION,  /* a transaction to end that is open before what is to be read */
	WAIT_TEXT,         /* a newer program, which wrote the committed text */
	WAIT_TABLE,        /* a table of its own */
	WAIT_DEAD_LETTERS, /* a person to say that so many dead letters are right */
	WAIT_TEXT_SIZE,    /* a broker that takes texts as long as ours */
	WAIT_LAND,         /* a person: the offsets of a one-shot land are not its own */
	WAIT_CATALOG,      /* the Glue Data Catalog to take the partitions of its table */
	WAIT_REASONS,
};

/* What stands behind "waits for". */
const char *wait_reason_name(enum wait_reason w);
/* The same as one word, for programs: "dead-letters". */
const char *wait_reason_word(enum wait_reason w);
/* What tells of it in the log. MESSAGE_NONE: nothing does. */
enum message_id wait_reason_message(enum wait_reason w);

#endif
