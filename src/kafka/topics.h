/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_TOPICS_H
#define KAFKA_TOPICS_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>

#include "kafka/intent.h"

struct consumer;

/* What the cluster has of the topics that the settings match, at one moment: asked for once, however many partitions
 * come to be read in the same turn. Thread: consumer. */
struct topic_info {
	const char *name;
	int32_t partitions;
	char *place;        /* prefix and table: where its objects go */
	bool named;         /* its table is named by the settings, so sharing it is meant */
	bool birth_asked;   /* the two below are known */
	bool born;          /* some partition has a committed text of ours */
	struct birth birth; /* what that text says */
};

struct topics;

/* NULL: the cluster cannot be asked in the time that is left of this turn. */
struct topics *topics_load(struct consumer *c);
void topics_free(struct topics *t); /* NULL is fine */

struct topic_info *topics_find(const struct topics *t, const char *name); /* NULL: no such topic */

/* Ask for the births of all topics whose birth_asked is not set and that `wanted` says, in one call. -1: cannot be
 * asked. */
int topics_ask_births(struct consumer *c, struct topics *t, bool (*wanted)(const struct topic_info *i, const void *arg),
		      const void *arg);

/* Ask whether any topic of the cluster has a text of this group, whoever owns it and whether the settings still name it
 * or not: c->group_is_born then. -1: cannot be asked. */
int topics_ask_group(struct consumer *c, const struct topics *t);

/* Of two topics whose names make the same table name one waits. *owner: the topic that goes before this one, NULL when
 * it has its table for itself. Decided alike by every daemon of the group: a topic with a committed text goes before
 * one without, then the order of the bytes of their names. -1: cannot be asked. Source: design.md, Objects. */
int topics_owner_of_table(struct consumer *c, struct topics *t, const struct topic_info *i, const char **owner);

#endif
