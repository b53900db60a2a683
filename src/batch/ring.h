/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BATCH_RING_H
#define BATCH_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "batch/record.h"
#include "batch/waker.h"

/* The record ring between the consumer thread (producer side) and one uploader thread (consumer side).
 *
 *              tail                head           written
 *       ────────┼───────────────────┼───────────────┼──────────►  positions only grow; slot = position modulo size
 *       free    │ the uploader's    │ not published │ free
 *
 * head and tail are each stored by one side only. The producer writes slots privately and publishes many with one
 * store of head; the consumer takes many and gives them back with one store of tail: no lock, no atomic a record.
 * Two bounds: slots, and bytes of payload that the records pin. */
struct ring;

/* slots: a power of two. Wakers, set before the threads start: filled wakes the consumer side when it sleeps, drained
 * the producer side when it waits for room. */
struct ring *ring_new(size_t slots, int64_t max_bytes);
void ring_wake_consumer(struct ring *r, struct waker filled);
void ring_wake_producer(struct ring *r, struct waker drained);
void ring_free(struct ring *r); /* Owns: must be empty */

/* Producer side. */
/* How many records of that many bytes fit now: at least one while any byte is left, so that no record is too large. */
size_t ring_room(const struct ring *r, int64_t record_bytes);
void ring_put(struct ring *r, const struct record *record); /* only if there is room; markers may use the last bytes */
void ring_publish(struct ring *r);                          /* show what was put, wake the other side if it sleeps */
bool ring_is_empty(const struct ring *r);                   /* all that was put was given back */
int64_t ring_bytes(const struct ring *r);                   /* that records pin */
bool ring_wait_for_room(struct ring *r); /* ask for a drained wake; true: there is room already, do not sleep */

/* Consumer side. */
size_t ring_ready(const struct ring *r);
/* How many of the ready records make a batch: max at most, and none after max_bytes of them were reached. */
size_t ring_batch(const struct ring *r, size_t max, int64_t max_bytes);
struct record *ring_at(struct ring *r, size_t i); /* i-th ready record, 0 the oldest */
void ring_take(struct ring *r, size_t n);         /* give the n oldest slots back */
bool ring_prepare_sleep(struct ring *r); /* ask for a filled wake; false: there is something already, do not sleep */

#endif
