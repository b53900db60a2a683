/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_CAUSE_H
#define KAFKA_CAUSE_H

#include <librdkafka/rdkafka.h>

#include "base/error.h"

/* Why a client does not get on: what it tells of its brokers, made a cause with what to do. Names and addresses, TCP,
 * TLS and SASL are told apart. Thread: one at a time; not shared. Source: librdkafka 2.0.2 to 2.8.0,
 * rdkafka_transport.c, rdkafka_ssl.c, rdkafka_broker.c. */
struct cause {
	int rank;                  /* of the table; the lower says more */
	char said[ERROR_TEXT_MAX]; /* by the client; "": nothing */
};

/* What it means that the client says this, and how to mend it; NULL: it speaks for itself. Thread: any. */
const char *cause_meaning(rd_kafka_resp_err_t err, const char *said);

void cause_clear(struct cause *c);
/* A broker answers: what was told of the way to it is over. Not so what is told of the group, which the client says
 * once. */
void cause_reached(struct cause *c);
/* Of all that was told the most telling is kept. */
void cause_hear(struct cause *c, rd_kafka_resp_err_t err, const char *said);
/* "what: what it means, and how to mend it (what the client says)"; WAIT_PERSON. Always -1. */
int cause_explain(const struct cause *c, const char *what, struct error *e);

#endif
