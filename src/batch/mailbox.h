/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BATCH_MAILBOX_H
#define BATCH_MAILBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/wait.h"
#include "batch/assignment.h"
#include "batch/chain.h"
#include "batch/roll.h"
#include "batch/waker.h"

/* The rare messages between a consumer thread and an uploader thread, in order. Never blocks and never fails; bounded
 * by what causes them: a few a range, at most ASSIGNMENT_MAX_SEALED ranges a partition. */

enum message_kind {
	/* Commands, consumer thread to uploader. */
	COMMAND_OPEN,     /* begin with this assignment */
	COMMAND_SEAL,     /* seal what is open, take no more records of it; reason says why. Answered by EVENT_QUIET */
	COMMAND_PUBLISH,  /* the intent of range_id is acknowledged: publish until not_after_boot_ms */
	COMMAND_DROP,     /* forget the assignment: cancel its calls, abort its uploads */
	COMMAND_SETTINGS, /* a new generation, for what begins from now on */
	COMMAND_STOP,     /* no assignment is left: abort what remains and end the thread */

	/* Events, uploader to consumer thread. */
	EVENT_SEALED,    /* facts of a range: it will not change any more */
	EVENT_QUIET,     /* the answer to COMMAND_SEAL: all that will be sealed has been told */
	EVENT_PUBLISHED, /* range_id, facts: every object of it is durable */
	EVENT_PASSED,    /* facts of a recovered range: its objects below from_slot are durable, the rest is left */
	EVENT_STALE,     /* range_id: the permission to publish ran out before it was used: send the intent again */
	EVENT_MOVING,    /* S3 has taken bytes since the last one: a stop that waits is not in vain */
	EVENT_TROUBLE,   /* wait, error: this partition cannot go on: park it until that is over */
};

struct message {
	struct message *next;
	enum message_kind kind;
	struct assignment *assignment; /* commands */
	struct partition *partition;   /* events: the token, and the epoch that tells old events from new */
	uint64_t epoch;
	const struct settings *settings; /* SETTINGS: a hold, which whoever takes the message gives back */
	enum roll_reason reason;         /* SEAL, SEALED */
	char range_id[RANGE_ID_SIZE];
	int64_t not_after_boot_ms;
	bool has_objects;         /* SEALED: there is something to publish */
	struct range_facts facts; /* SEALED, PUBLISHED, PASSED */
	int64_t compressed_bytes; /* PUBLISHED, PASSED: of the objects that were made here */
	int64_t from_slot;        /* PASSED */
	enum wait_reason wait;    /* TROUBLE */
	struct error error;
};

struct mailbox;

struct mailbox *mailbox_new(void);
void mailbox_waker(struct mailbox *m, struct waker w);
void mailbox_free(struct mailbox *m);

/* Thread: any. Copies *message. */
void mailbox_post(struct mailbox *m, const struct message *message);
/* Thread: the owner. The oldest message into *out; false when there is none. Cheap when empty. */
bool mailbox_take(struct mailbox *m, struct message *out);

#endif
