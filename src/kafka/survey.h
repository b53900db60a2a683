/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_SURVEY_H
#define KAFKA_SURVEY_H

#include <stddef.h>
#include <stdint.h>

#include "kafka/group.h"

/* What a preflight asks of a cluster beside offsets. Nothing is changed there, and no group is joined. Each call blocks
 * for the group's limit at most. Thread: that of the group. Errors: GIVE_UP, it is not there; WAIT_PERSON, a right is
 * missing or the broker cannot be reached; RETRY, no answer. */

/* How many partitions a topic has. */
int survey_topic(struct group *g, const char *name, int *partitions, struct error *e);

/* Who uses the group of the settings. */
struct survey_group {
	char *protocol_type; /* "consumer", another, or "": nobody has joined it */
	char *protocol;      /* how its members share partitions; "": none has joined */
	char *strangers;     /* some of the members that are not of this client id; "": none */
	int members, n_strangers;
};

int survey_group(struct group *g, struct survey_group *out, struct error *e);
void survey_group_free(struct survey_group *s);

/* May offsets be committed to the group? It is asked by a commit for a topic that is not there, which commits nothing.
 */
int survey_may_commit(struct group *g, struct error *e);

/* A number of the configuration of each of these topics, or without any of a broker; -1: it is not said. */
int survey_configs(struct group *g, const char *const *topics, size_t n, const char *name, int64_t *values,
		   struct error *e);

/* An error without an answer, such as a time-out: what the client has told meanwhile is put behind it, and makes it one
 * for a person. */
void survey_explain(struct group *g, struct error *e);

#endif
