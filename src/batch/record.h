/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BATCH_RECORD_H
#define BATCH_RECORD_H

#include <stddef.h>
#include <stdint.h>

struct assignment;

/* A Kafka record on its way from the consumer thread to the uploader thread, by value; the payload stays in the
 * client's fetch buffer, which the record pins until it is released. */
enum record_kind {
	RECORD_DATA,
	RECORD_END,      /* end of the partition reached: the next record will have `offset` or a later one */
	RECORD_STOP,     /* nothing from `offset` on will come: a one-shot land ends there */
	RECORD_FAREWELL, /* nothing of this assignment follows in the ring: its memory can go */
};

struct record {
	struct assignment *assignment; /* which assignment of which partition; its epoch tells old from new */
	int64_t offset;
	int64_t timestamp_ms; /* -1: the record has none */
	const uint8_t *value; /* NULL: a tombstone */
	const uint8_t *key;   /* NULL: none */
	void *message;        /* the client's handle; NULL for the markers */
	uint32_t value_len;
	uint32_t key_len;
	uint8_t kind; /* enum record_kind */
};

/* Give the fetch buffer back. Implemented in kafka/message.c. Thread: whoever took the record out of the ring. */
void record_release(struct record *r);

/* Walk the headers: false when there is no n-th one. The memory lives as long as the record; value may be NULL. */
int record_header(const struct record *r, size_t n, const char **name, const uint8_t **value, size_t *len);

#endif
