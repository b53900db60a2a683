/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_SESSION_H
#define KAFKA_SESSION_H

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/log.h"
#include "board/board.h"
#include "kafka/committer.h"
#include "kafka/consumer.h"
#include "kafka/partition.h"

/* The consumer thread's state, for the files that make up the thread: consumer.c (the loop), session.c (the client's
 * handle), rebalance.c (the group and the local assignment), reload.c (new settings, and the topics that they name),
 * resume.c, start.c and ends.c (the way to reading a partition), park.c (the way out of it), duties.c (what a change of
 * its life asks for), records.c, events.c (what the uploaders tell), commit.c (requests and their answers), show.c
 * (what others see of it). Thread: the consumer thread only, but for the atomics. */

#define COMMITTED_LIMIT_MS 5000
#define BATCH_MESSAGES 1024
#define TOLD_MAX 16
/* Fields of partition_event. */
#define OFFSETS(first, next) LOG_FIELDS(LOG_NUMBER("OFFSET_FIRST", first), LOG_NUMBER("OFFSET_NEXT", next))
/* So long nothing came behind the end of what can be read, although the log goes on: a transaction is open. */
#define HELD_AT_LEAST_MS 5000

struct lane_state {
	struct lane lane;
	struct assignment *farewells; /* whose farewell did not fit into the ring yet */
};

/* Trouble of the whole client that was in the log. */
struct told {
	rd_kafka_resp_err_t what;
	int64_t again_boot_ms;
};

struct consumer {
	pthread_t thread;
	const struct settings *settings; /* a hold */
	struct lane_state *lanes;
	int n_lanes;
	struct credential_provider *credentials; /* a hold */
	struct mailbox *events;
	struct registry *registry; /* NULL: nothing is registered */
	struct board *board;
	int wake_fd;

	atomic_bool stop_asked;
	_Atomic(const struct settings *) fresh; /* the next generation, a hold; NULL: none */
	atomic_int exit_code;
	atomic_bool ended;
	atomic_uint_least64_t taken; /* from the client, records and markers */

	rd_kafka_t *rk;                 /* NULL: the last one could not go on, the next one is due later */
	rd_kafka_queue_t *group_queue;  /* rebalances, commits, errors, statistics */
	rd_kafka_queue_t *record_queue; /* the partitions' records, forwarded here */
	rd_kafka_message_t *batch[BATCH_MESSAGES];
	struct partition_table *partitions;
	struct committer committer;
	char *cluster;
	char mark[RANGE_MARK_SIZE];
	const char *isolation_level;
	char *rack; /* "": none */
	int64_t session_ms, heartbeat_ms;

	int64_t hold_until_boot_ms;     /* no commits: the group is rebalancing */
	int64_t unsteady_since_boot_ms; /* the statistics say that the group is not steady; 0: it is */
	bool resubscribe;               /* kafka.topics has changed since the client was told of it */
	int64_t subscribe_boot_ms;      /* not before: the client refused it */
	int64_t resubscribe_by_boot_ms; /* then what is left of the topics that were taken out is left behind */
	bool astray;                    /* something came by the group queue that belongs to the record queue */
	bool drain;                     /* a local (un)assign was made: a revoke found now is treated as lost (H6) */
	bool revoking;                  /* a revoke event waits for our answer */
	int64_t revoke_deadline_boot_ms;
	bool answer_ready; /* a commit's answer is here; served when the queue is empty (H1) */
	enum commit_answer answer;
	char answer_text[256];
	int64_t unacked_since_boot_ms; /* the same commit is sent again and again; 0: it is not */
	int64_t unacked_told_boot_ms;
	enum {
		TEXTS_UNPROVED, /* no intent was read back yet */
		TEXTS_KEPT,
		TEXTS_LOST, /* by the broker: at least once from there on */
	} texts;
	bool stopping;
	int64_t stop_boot_ms, progress_boot_ms;
	bool fatal;                   /* this client cannot go on */
	bool broken;                  /* and no other can be made in this process */
	int client_failures;          /* in a row, for the back-off */
	int64_t client_since_boot_ms; /* when this client was made */
	int64_t client_due_boot_ms;   /* when the next one is, while there is none */
	bool group_is_born;           /* a text of ours was read, of whichever partition */
	bool was_assigned;            /* the group has told what is ours, once at least */
	int64_t away_since_boot_ms;   /* no broker can be reached since then; 0: one can */
	bool away_told;               /* in the log: it is told when one can */
	struct told told[TOLD_MAX];
	enum wait_reason repeated_wait; /* one that many partitions share is told a few times, then counted */
	char repeated[ERROR_TEXT_MAX];
	int repeats;
	int64_t repeated_boot_ms;
	int64_t tell_waits_boot_ms;
	bool leaving;                /* the handle is being closed */
	bool was_full;               /* no room in a ring when records were last asked for */
	int64_t asked_boot_ms;       /* when that was */
	int64_t reading_ms;          /* a clock that stands still while no records are asked for */
	int64_t next_watch_ms;       /* of that clock */
	int64_t calls_until_boot_ms; /* the blocking calls of one turn end here, all together */

	int64_t record_bytes; /* of the last records, a moving mean: how many a batch may have */
	bool took;            /* records, since the client's threads were woken last */
	int64_t next_wake_boot_ms;
	rd_kafka_topic_t *cached_topic; /* of the last record */
	int32_t cached_id;
	struct partition *cached;

	/* For the board, since the start. */
	uint64_t taken_bytes; /* of values and keys */
	uint64_t commits, commits_failed, rebalances, parked;
	struct meter taken_meter, landed_meter;
	char trouble[ERROR_TEXT_MAX]; /* what the client last said of itself */
	int64_t trouble_boot_ms;
};

/* Log about a partition: text is preceded by its name, fields carry it. An event has more fields, 10 at
 * most. */
void partition_log(enum log_level level, const struct partition *p, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void partition_event(enum message_id id, const struct partition *p, const struct log_field *more, size_t n_more,
		     const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* session.c: make the client's handle and queues, subscribe. -1: GIVE_UP. */
int session_open(struct consumer *c, struct error *e);
/* End them. Nothing of the handle may be in a ring. False: only the end of the process can end this client. */
bool session_close(struct consumer *c);
/* The client cannot go on and has left the group: say why, end it, forget all of it; session_open is due after a
 * back-off. */
void session_fail(struct consumer *c, int64_t now_boot_ms);

/* park.c: how long to wait after so many failures in a row. */
int64_t session_backoff_ms(int failures);
/* park.c: what is left of this turn's time for calls that block; 0: none, or a stop was asked for. All of them
 * together get COMMITTED_LIMIT_MS a turn, so that one dead broker holds up neither the others' partitions nor a stop.
 */
int session_left_ms(const struct consumer *c);

/* duties.c: carry out what a change of the partition's life asks for (kafka/lifecycle.h). */
void session_do(struct consumer *c, struct partition *p, unsigned duties);
/* park.c: it comes back through recovery after a back-off (lifecycle_parked). */
void session_park(struct consumer *c, struct partition *p, enum wait_reason wait, const char *text,
		  int64_t now_boot_ms);
/* park.c: if a range was too large for one pass, and all before it is committed: read it again for what is left. */
void session_next_pass(struct consumer *c, struct partition *p, int64_t now_boot_ms);
/* park.c: PARKED as it is, it is tried again after a back-off; the wait is in the log once, then once a minute. */
void session_wait(struct consumer *c, struct partition *p, enum wait_reason wait, const char *text,
		  int64_t now_boot_ms);

/* park.c: tell once a minute what partitions still wait for. */
void session_tell_waits(struct consumer *c, int64_t now_boot_ms);
/* park.c: is this to be in the log now? Once, then once a minute. */
bool session_tells(struct consumer *c, rd_kafka_resp_err_t what, int64_t now_boot_ms);

/* events.c: act on all that the uploaders have told. */
void events_hear(struct consumer *c, int64_t now_boot_ms);

/* records.c: is this one of the record queue's that came by the group queue? Its partition is then to be read again
 * from where it stands, and takes nothing until it is. */
bool records_found_astray(struct consumer *c, rd_kafka_event_t *event);
/* records.c: put what the client has into the rings, and farewells behind it. Returns how many were there. */
size_t records_take(struct consumer *c, int64_t now_boot_ms);
void records_put_farewells(struct lane_state *l);
/* Park what is read and gives nothing although it must: others may wait for its memory. */
void records_watch(struct consumer *c, int64_t now_boot_ms);

/* rebalance.c */
void rebalance_event(struct consumer *c, rd_kafka_event_t *event, int64_t now_boot_ms);
/* Answer the revoke when what was sealed is finished, or its time is up. */
void rebalance_progress(struct consumer *c, int64_t now_boot_ms);
/* Read these partitions from their next_offset on; all are PARKED and become local. False: not now. */
bool rebalance_read(struct consumer *c, struct partition **partitions, int n);
/* Read again what went astray, if any: true, and the group queue is to be drained. What is being revoked is left so,
 * and the answer to that reads the others again. */
bool rebalance_read_astray(struct consumer *c);
/* Stop reading it, without leaving the group. */
void rebalance_stop_reading(struct consumer *c, struct partition *p);

/* reload.c */
/* Take a new generation of settings, if there is one. */
void reload_serve(struct consumer *c, int64_t now_boot_ms);
/* End what was taken out of kafka.topics, then tell the client. Only when the group queue has just been served until
 * empty; true: it is to be served again at once, before anything else. */
bool reload_subscribe(struct consumer *c, int64_t now_boot_ms);

/* resume.c */
void resume_due(struct consumer *c, int64_t now_boot_ms);

/* What one partition's committed state amounts to. */
enum finding {
	FOUND_WAIT,      /* told why: tried again later */
	FOUND_NO_OFFSET, /* start.c is to find where it begins */
	FOUND_START,     /* p->life.delivery holds a start that is to be committed first */
	FOUND_READY,     /* p->life.delivery holds what was read */
	FOUND_DONE,      /* so it does, and a one-shot land has nothing left to do there */
};

struct candidate {
	struct partition *p;
	enum finding finding;
	bool asked;            /* whether start_ask_log is to ask about it */
	int64_t answer;        /* and what it was told */
	int64_t low, high;     /* of the log; -1: not known */
	int64_t readable;      /* all below can be read: below high lies what an open transaction holds back */
	int64_t start_time_ms; /* -2 earliest, -1 latest, else a time */
	int64_t start;         /* an offset; RD_KAFKA_OFFSET_END: none yet; RD_KAFKA_OFFSET_INVALID: could not be had */
	bool resolved;         /* was asked for */
	int64_t stop;          /* of a one-shot land: as start */
};

/* start.c: find where those without an offset begin: FOUND_START or FOUND_WAIT. The array ends with one without
 * partition. */
struct topics;
void start_find(struct consumer *c, struct topics *t, struct candidate *candidates, int n, int64_t now_boot_ms);
/* Is this a one-shot land? */
bool start_is_land(const struct consumer *c);
/* Have `start` committed first, with a chain that begins there for this reason. */
enum finding start_at(struct partition *p, struct intent_text *t, int64_t start, const char *reason);
/* A text that says who and where, and nothing else. */
void start_base_text(const struct consumer *c, const struct partition *p, struct intent_text *t);
/* Ask about the candidates that are `asked` for the offset at a time, or -2 earliest, -1 latest: the answer is -1 where
 * the time is behind the last record, RD_KAFKA_OFFSET_INVALID where it could not be had. rk: may be NULL. */
void start_ask_log(struct consumer *c, rd_kafka_t *rk, struct candidate *candidates, int n, int64_t time_ms);

/* ends.c: ask for the ends of the log where they are of concern, and hold what a text speaks of against them. */
void ends_ask(struct consumer *c, struct candidate *candidates, int n);
enum finding ends_hold(struct consumer *c, struct candidate *k, int64_t now_boot_ms);

/* commit.c */
void commit_event(struct consumer *c, rd_kafka_event_t *event);
void commit_serve_answer(struct consumer *c, int64_t now_boot_ms);
void commit_if_due(struct consumer *c, int64_t now_boot_ms);
/* The group is rebalancing, as far as it can be seen. */
bool commit_is_held(const struct consumer *c, int64_t now_boot_ms);

/* show.c: put our section on the board, if it is due. */
void show_consumer(struct consumer *c, int64_t now_boot_ms);
/* show.c: we go round, and wait for this. */
void show_beat(const struct consumer *c, int64_t now_boot_ms);

#endif
