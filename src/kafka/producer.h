/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_PRODUCER_H
#define KAFKA_PRODUCER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "settings/settings.h"

/* An idempotent producer to one topic. What it has taken is sent again until the broker has acknowledged it, however
 * long that takes; its queue is bounded, and a full one is the caller's to wait for. So a broker that is away costs
 * time and no record.
 * Thread: one at a time. */
struct producer;

/* What became of producer_send. */
enum producer_answer {
	PRODUCER_TAKEN,
	PRODUCER_FULL,    /* not now: producer_poll, and again */
	PRODUCER_REFUSED, /* never: *e says why; other records are not concerned */
	PRODUCER_DEAD,    /* nothing is taken any more: *e says why */
};

struct producer_record {
	const void *key; /* NULL: none, and any partition */
	size_t key_len;
	const void *value;
	size_t value_len;
	int64_t timestamp_ms; /* 0: the time of sending. Kafka knows none before 1970 */
};

/* Connects in the background. Errors: GIVE_UP, EX_CONFIG. */
struct producer *producer_new(const struct settings *s, const char *topic, struct error *e);
/* What has not been acknowledged by now is dropped: flush first. NULL is fine. */
void producer_free(struct producer *p);

/* 0 once a broker has said that the topic is there (one that makes topics by itself is asked to). Waits at most
 * timeout_ms for an answer. Errors: RETRY, EX_UNAVAILABLE. */
int producer_ready(struct producer *p, int timeout_ms, struct error *e);

/* The record is copied. */
enum producer_answer producer_send(struct producer *p, const struct producer_record *r, struct error *e);

/* Serve what the client has to say, and wait for it for at most timeout_ms. */
void producer_poll(struct producer *p, int timeout_ms);
/* The same without the pause that lets batches fill: for the end. 0 when all is acknowledged or failed, else 1. */
int producer_flush(struct producer *p, int timeout_ms);

/* How many are taken and neither acknowledged nor failed. */
uint64_t producer_waiting(const struct producer *p);
/* How many the broker refused for good, and what it said of the last one ("" if none). */
uint64_t producer_failed(const struct producer *p);
const char *producer_last_failure(const struct producer *p);
/* What the client last said of its connections ("" if nothing yet), for whoever waits long. */
const char *producer_trouble(const struct producer *p);

#endif
