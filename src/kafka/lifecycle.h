/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_LIFECYCLE_H
#define KAFKA_LIFECYCLE_H

#include <stdbool.h>
#include <stdint.h>

#include "kafka/delivery.h"

/* One partition's life in this daemon: where it stands between the group's gift and its loss, its epochs, and the
 * delivery of the epoch. Pure: no I/O, no clock. ARCHITECTURE.md has the picture of the states; the model checker in
 * tests/kafka drives this very code.
 * Thread: consumer.
 * Invariants: what is not of the current epoch counts for nothing (protocol.md H1); an epoch ends with whatever takes
 * the partition from its uploader, and no number comes again; what is being revoked never comes back but by the group
 * (H6). */

enum partition_state {
	PARTITION_AWAY,     /* not ours */
	PARTITION_PARKED,   /* ours in the group, not read */
	PARTITION_STARTING, /* ours, not read: its start is being committed */
	PARTITION_ACTIVE,   /* read; records of its epoch are in the rings */
	PARTITION_ENDING,   /* its topic was taken out of kafka.topics: what is sealed is being finished before that */
	PARTITION_REVOKING, /* revoked: what is sealed is being finished before the answer */
	PARTITION_DONE, /* ours in the group, not read any more: a land is at its end here, or its topic is taken out */
};

/* What a change of state asks of its caller, at once and in this order. */
enum lifecycle_duty {
	DUTY_FORGET = 1 << 0,       /* of the committer: committer_forget */
	DUTY_DROP = 1 << 1,         /* of the uploader: the epoch's assignment is dropped */
	DUTY_SEAL = 1 << 2,         /* of the uploader: what is open is sealed, and then it says that it is quiet */
	DUTY_STOP_READING = 1 << 3, /* of the client: without leaving the group */
	DUTY_PUBLISH = 1 << 4,      /* of the uploader: what delivery_next_publish gives */
};

struct lifecycle {
	enum partition_state state;
	uint64_t epoch;           /* the one that is at work, or the next one */
	bool quiet;               /* the uploader has answered the seal */
	bool taken_out;           /* kafka.topics does not name its topic any more */
	struct delivery delivery; /* of the epoch; before it begins, what was understood for it */
};

/* An uploader has it: ACTIVE, ENDING or REVOKING. */
bool lifecycle_is_open(const struct lifecycle *l);
/* It has an epoch: STARTING or open. */
bool lifecycle_is_at_work(const struct lifecycle *l);
/* Does what is of this epoch count? */
bool lifecycle_hears(const struct lifecycle *l, uint64_t epoch);
/* It was told to seal, and all that it had is published and committed. */
bool lifecycle_is_finished(const struct lifecycle *l);
/* It has something to say in the next commit request. */
bool lifecycle_wants_commit(const struct lifecycle *l, int64_t now_boot_ms);

/* What the group does. Each returns duties. What is read when it is revoked has time to finish: when it
 * lifecycle_is_finished, or there is no more time, the caller says lost. */
unsigned lifecycle_given(struct lifecycle *l);
unsigned lifecycle_revoked(struct lifecycle *l);
unsigned lifecycle_lost(struct lifecycle *l);

/* Trouble: it comes back through recovery. What is being revoked is lost instead; AWAY and DONE stay so. Returns
 * duties. A commit of it that is out stays in the request: nothing may be understood before that is answered (H2). */
unsigned lifecycle_parked(struct lifecycle *l);

/* From PARKED, with what was understood in `delivery`: its start is committed; it is read; a land has nothing left. */
void lifecycle_start(struct lifecycle *l);
void lifecycle_open(struct lifecycle *l);
void lifecycle_done(struct lifecycle *l);

/* Exactly this was committed, of the epoch that is heard. sent_boot_ms and *moved: as delivery_acked. Returns duties.
 */
unsigned lifecycle_acked(struct lifecycle *l, const struct intent_text *sent, int64_t sent_boot_ms, bool *moved);

/* kafka.topics names its topic, or not. */
void lifecycle_named(struct lifecycle *l, bool named);
/* Its topic is taken out, or was, and it has not been let go yet. */
bool lifecycle_is_leaving(const struct lifecycle *l);
/* If its topic is taken out, and what its text names is built: what is open is finished first. Returns duties. */
unsigned lifecycle_finish(struct lifecycle *l);
/* It is finished, or what is left stays behind: DONE, or PARKED if its topic was named again. Returns duties. A commit
 * of it that is out stays in the request, as with lifecycle_parked. */
unsigned lifecycle_let_go(struct lifecycle *l);

#endif
