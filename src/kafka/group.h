/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_GROUP_H
#define KAFKA_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "batch/record.h"
#include "settings/settings.h"

/* The group of the settings seen from outside, and its offsets set from there: it is never joined. Each call blocks, 30
 * s at most if group_limit was not told otherwise, group_read while records come. Thread: one at a time. Errors: RETRY,
 * Kafka does not answer or refuses; GIVE_UP, the settings. */

struct group_partition {
	char *topic;
	int32_t partition;
	int32_t of;        /* partitions that its topic has */
	int64_t offset;    /* committed; -1: none */
	char *text;        /* committed with it; "": none */
	int64_t low, high; /* of the log: the first offset, and the one behind the last */
};

struct group_partitions { /* by topic, then number */
	struct group_partition *items;
	size_t n;
};

struct group_commit {
	const char *topic;
	int32_t partition;
	int64_t offset;
	const char *text;
};

struct group;

struct group *group_open(const struct settings *s, struct error *e);
/* The same for whoever wants to know at once: it gives up some seconds after no broker could be reached. */
struct group *group_try(const struct settings *s, int limit_ms, struct error *e);
void group_free(struct group *g); /* NULL is fine */
void group_limit(struct group *g, int limit_ms);

/* As a word of the committed text. */
const char *group_cluster(const struct group *g);
/* As the fingerprint has it. */
const char *group_isolation_level(const struct group *g);

/* How a daemon of these settings shares partitions with others: names, separated by commas. */
const char *group_strategy(const struct group *g);

/* The number of members; *who: some of them in words, owned by the caller. */
int group_members(struct group *g, char **who, struct error *e);

/* All partitions of the topics of the settings; topic: of this one alone, NULL: of all. */
int group_load(struct group *g, const char *topic, struct group_partitions *p, struct error *e);
/* Of all topics, and without the log: low and high stay 0. */
int group_load_texts(struct group *g, struct group_partitions *p, struct error *e);
/* Of all topics, and without the group: offset stays -1 and text NULL. */
int group_load_log(struct group *g, struct group_partitions *p, struct error *e);
void group_partitions_free(struct group_partitions *p);

/* offsets[i]: the first offset of items[i] whose record is not before that time, or the log's end; time_ms -2: the
 * log's beginning. */
int group_offsets_at(struct group *g, const struct group_partitions *p, int64_t time_ms, int64_t *offsets,
		     struct error *e);

/* Records of a partition from an offset on go to take, which releases them, until it says false. 1: it said so; 0: the
 * log's end was reached before, *end. */
int group_read(struct group *g, const struct group_partition *p, int64_t from,
	       bool (*take)(void *arg, struct record *r), void *arg, int64_t *end, struct error *e);

/* Commit, and read back what the broker has kept. A group that has members refuses. */
int group_commit_all(struct group *g, const struct group_commit *items, size_t n, struct error *e);

#endif
