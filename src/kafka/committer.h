/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_COMMITTER_H
#define KAFKA_COMMITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kafka/intent.h"

/* The one commit request that is outstanding for the whole daemon (protocol.md H2, H3). Pure: it says what to send and
 * when; the consumer thread sends it and says what came back.
 *
 *   IDLE ── fill ──► READY ── sent ──► IN_FLIGHT ── acknowledged ──► IDLE
 *                      ▲                   │
 *                      └── after a pause ──┘ any error: the same bytes again; an error that only one partition can
 *                                            cause: each entry alone, at once, until the culprit is known */

struct partition;

struct commit_entry {
	struct partition *partition; /* NULL: its epoch has ended, it is not sent again */
	uint64_t epoch;
	const char *topic; /* the partition's */
	int32_t partition_id;
	struct intent_text sent;
	char *text; /* what sent reads as; frozen */
	bool acked;
};

enum committer_state { COMMITTER_IDLE, COMMITTER_READY, COMMITTER_IN_FLIGHT };

enum commit_answer {
	COMMIT_ACKED,
	COMMIT_AGAIN,   /* passing, or unknown whether it took effect */
	COMMIT_SUSPECT, /* an error that belongs to one partition, reported for all of them */
	COMMIT_FENCED,  /* the group does not know this member or its generation: every assignment is lost */
};

struct committer {
	enum committer_state state;
	struct commit_entry *entries;
	size_t n, cap;
	bool alone; /* entries are sent one by one, beginning at first */
	size_t first;
	int64_t not_before_boot_ms;
	int64_t sent_boot_ms;
	int64_t last_boot_ms; /* when the last new request began, for the pace */
	int failures;
};

void committer_free(struct committer *c);

/* Fill a new request; only while IDLE. An entry copies sent and text. */
void committer_add(struct committer *c, struct partition *p, uint64_t epoch, const char *topic, int32_t partition_id,
		   const struct intent_text *sent, const char *text);
/* The partition is not ours any more: it is not sent again, and its acknowledgement counts for nothing. */
void committer_forget(struct committer *c, const struct partition *p);

/* The entries to send now, [*first, *first + count); 0: nothing: none left, not yet, or acknowledged ones are still to
 * be taken. */
size_t committer_due(struct committer *c, int64_t now_boot_ms, size_t *first);
void committer_sent(struct committer *c, int64_t now_boot_ms);
/* The final answer to the last committer_due. Returns the culprit when an entry that was sent alone failed as SUSPECT;
 * its entry is forgotten. Acknowledged entries stay readable, with acked set, until committer_next_acked has given
 * them. */
struct partition *committer_answer(struct committer *c, enum commit_answer answer, int64_t now_boot_ms);
/* Entries that the last answer acknowledged and whose epoch has not ended; NULL when all were given. */
const struct commit_entry *committer_next_acked(struct committer *c);

#endif
