/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_GROUP_STATE_H
#define KAFKA_GROUP_STATE_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "kafka/cause.h"
#include "settings/settings.h"

/* What group.c, which reads and sets offsets, and survey.c, which asks what else a preflight wants to know, share.
 * Internal to src/kafka. */
struct group {
	const struct settings *settings;
	rd_kafka_t *rk;
	char *cluster;
	int limit_ms;
	struct cause cause; /* what the client told of its brokers */
	bool all_down;      /* and that none can be reached */
	bool refused;       /* or that one does not let us in */
};

/* Hear what the client has told so far. */
void group_hear(struct group *g);

#endif
