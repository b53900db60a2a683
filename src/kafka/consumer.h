/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_CONSUMER_H
#define KAFKA_CONSUMER_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/credentials.h"
#include "base/error.h"
#include "batch/mailbox.h"
#include "batch/registry.h"
#include "batch/ring.h"
#include "board/board.h"
#include "settings/settings.h"

/* The consumer thread: the only one that calls the consumer handle (I5). It takes records into the rings, keeps the
 * delivery state of each partition, commits, and serves the group. Thread: made, started and stopped by the daemon. */
struct consumer;

/* The way to one uploader thread. */
struct lane {
	struct ring *ring;
	struct mailbox *commands;
};

/* rack: where this machine stands, "": not known. credentials: for kafka.auth, a hold is taken. lanes, events and board
 * must outlive it; events is the one mailbox that all uploaders post to; its waker and those of the rings' producer
 * side are set here. Errors: settings that the client refuses. */
struct consumer *consumer_new(const struct settings *settings, const char *rack,
			      struct credential_provider *credentials, const struct lane *lanes, int n_lanes,
			      struct mailbox *events, struct board *board, struct error *e);
/* What consumer_new would say of kafka.options, as far as it can be told without a client. Thread: any. */
int consumer_check(const struct settings *settings, struct error *e);
/* A partition that waits for the catalog is read again when its table is out of trouble. Before consumer_start; it must
 * outlive the consumer. */
void consumer_registers(struct consumer *c, struct registry *registry);
void consumer_start(struct consumer *c);
/* Seal, publish, commit, leave the group, as far as time allows; then tell the uploaders to stop. Thread: any. */
void consumer_stop(struct consumer *c);
/* Go on with this generation, which differs from the last one in what is reloadable alone (settings/change.h): from
 * each partition's next range on. Owns: takes a hold of its own. Thread: any. */
void consumer_reload(struct consumer *c, const struct settings *fresh);
/* Records taken from the client so far, to show that something moves. Thread: any. */
uint64_t consumer_taken(const struct consumer *c);
/* It has ended, or is about to: by consumer_stop, or because the client cannot go on. Thread: any. */
bool consumer_ended(const struct consumer *c);
/* Wait until the thread has ended; the process's exit code. */
int consumer_join(struct consumer *c);
/* After the uploaders have ended too: records in their rings belong to the handle. */
void consumer_free(struct consumer *c);

/* Version of librdkafka as it runs. Thread: any. */
const char *consumer_library_version(void);

#endif
