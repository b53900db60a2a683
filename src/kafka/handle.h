/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_HANDLE_H
#define KAFKA_HANDLE_H

#include <librdkafka/rdkafka.h>
#include <stdint.h>

#include "aws/credentials.h"
#include "base/error.h"
#include "settings/settings.h"

/* The consumer's client handle, made from the settings; rack "": none.
 * Owns: the caller closes it. Errors: NULL or -1, GIVE_UP, EX_CONFIG. */
rd_kafka_t *handle_open(const struct settings *s, const char *rack, struct credential_provider *credentials,
			struct error *e);
/* One that joins no group and knows the whole log, whatever transactions are open in it. */
rd_kafka_t *handle_open_whole_log(const struct settings *s, struct credential_provider *credentials, struct error *e);
/* Does the client know all properties of kafka.options, and take their values? No thread, no network. */
int handle_check(const struct settings *s, struct error *e);
/* Within a few seconds, whatever the client's threads do. */
void handle_close(rd_kafka_t *rk);
/* A client is not closed, and its threads run until the process ends: from here on exit() flushes the streams and calls
 * no handler that was registered before, since they would take from these threads what they use. */
void handle_leave(void);
int handle_subscribe(rd_kafka_t *rk, const struct settings *s, struct error *e);

/* The client stops fetching when its queue is full, and until 2.2.0 looks again only after a second, or when something
 * else wakes its threads: call it after records have been taken, a hundred times a second is plenty. Does nothing where
 * there is no need. */
void handle_wake(rd_kafka_t *rk);

/* The cluster's id as a word of the committed text; NULL: it does not answer. Owns: the caller frees. */
char *handle_cluster(rd_kafka_t *rk, int limit_ms);

/* The text of a committed offset, "" when it has none. Owns: the caller frees. */
char *handle_text_of(const rd_kafka_topic_partition_t *e);

/* A property of kafka.options; NULL: it is not given. */
const char *handle_option(const struct settings *s, const char *name);
/* One that is a time, else what the caller says. */
int64_t handle_option_ms(const struct settings *s, const char *name, int64_t otherwise);
const char *handle_isolation_level(const struct settings *s);
const char *handle_strategy(const struct settings *s);

#endif
