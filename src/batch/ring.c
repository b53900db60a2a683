/* SPDX-License-Identifier: Apache-2.0 */
/* The record ring. Lock-free for one producer and one consumer; see ring.h for the picture.
 * Sleeping is a handshake: the sleeper sets its flag and looks once more, the other side stores its position and looks
 * at the flag; both are sequentially consistent, so at least one of them sees the other. */
#include "batch/ring.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/mem.h"

#define CACHE_LINE 64

struct ring {
	size_t mask;
	int64_t max_bytes;
	struct record *slots;
	struct waker filled;
	struct waker drained;

	/* Written by the producer. */
	_Alignas(CACHE_LINE) _Atomic size_t head;
	size_t written;
	int64_t bytes_put;
	atomic_bool producer_waits;

	/* Written by the consumer. */
	_Alignas(CACHE_LINE) _Atomic size_t tail;
	_Atomic int64_t bytes_taken;
	atomic_bool consumer_sleeps;
};

static int64_t record_bytes(const struct record *r)
{
	return (int64_t)sizeof(*r) + r->value_len + r->key_len;
}

struct ring *ring_new(size_t slots, int64_t max_bytes)
{
	struct ring *r = aligned_alloc(CACHE_LINE, (sizeof(*r) + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);

	if (r == NULL)
		abort();
	*r = (struct ring){ .mask = slots - 1, .max_bytes = max_bytes };
	r->slots = mem_array(slots, sizeof(*r->slots));
	return r;
}

void ring_wake_consumer(struct ring *r, struct waker filled)
{
	r->filled = filled;
}

void ring_wake_producer(struct ring *r, struct waker drained)
{
	r->drained = drained;
}

void ring_free(struct ring *r)
{
	if (r == NULL)
		return;
	free(r->slots);
	free(r);
}

/* Sequentially consistent for the sake of ring_wait_for_room: acquire alone may look before the flag is seen. */
size_t ring_room(const struct ring *r, int64_t record_bytes)
{
	int64_t left = r->max_bytes - (r->bytes_put - atomic_load(&r->bytes_taken));
	size_t slots = r->mask + 1 - (r->written - atomic_load(&r->tail));
	size_t by_bytes;

	if (left <= 0)
		return 0;
	by_bytes = (size_t)(left / (record_bytes + (int64_t)sizeof(struct record))) + 1;
	return slots < by_bytes ? slots : by_bytes;
}

void ring_put(struct ring *r, const struct record *record)
{
	r->slots[r->written & r->mask] = *record;
	r->written++;
	r->bytes_put += record_bytes(record);
}

void ring_publish(struct ring *r)
{
	if (r->written == atomic_load_explicit(&r->head, memory_order_relaxed))
		return;
	atomic_store(&r->head, r->written);
	if (atomic_load(&r->consumer_sleeps) && atomic_exchange(&r->consumer_sleeps, false))
		r->filled.wake(r->filled.arg);
}

bool ring_is_empty(const struct ring *r)
{
	return r->written == atomic_load(&r->tail);
}

int64_t ring_bytes(const struct ring *r)
{
	return r->bytes_put - atomic_load_explicit(&r->bytes_taken, memory_order_relaxed);
}

bool ring_wait_for_room(struct ring *r)
{
	atomic_store(&r->producer_waits, true);
	return ring_room(r, 0) > 0;
}

size_t ring_ready(const struct ring *r)
{
	return atomic_load_explicit(&r->head, memory_order_acquire) -
	       atomic_load_explicit(&r->tail, memory_order_relaxed);
}

size_t ring_batch(const struct ring *r, size_t max, int64_t max_bytes)
{
	size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	size_t ready = ring_ready(r), n = 0;

	if (max > ready)
		max = ready;
	for (int64_t bytes = 0; n < max && bytes < max_bytes; n++)
		bytes += record_bytes(&r->slots[(tail + n) & r->mask]);
	return n;
}

struct record *ring_at(struct ring *r, size_t i)
{
	return &r->slots[(atomic_load_explicit(&r->tail, memory_order_relaxed) + i) & r->mask];
}

void ring_take(struct ring *r, size_t n)
{
	size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	int64_t bytes = atomic_load_explicit(&r->bytes_taken, memory_order_relaxed);

	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++)
		bytes += record_bytes(&r->slots[(tail + i) & r->mask]);
	atomic_store(&r->bytes_taken, bytes);
	atomic_store(&r->tail, tail + n);
	if (atomic_load(&r->producer_waits) && atomic_exchange(&r->producer_waits, false))
		r->drained.wake(r->drained.arg);
}

bool ring_prepare_sleep(struct ring *r)
{
	atomic_store(&r->consumer_sleeps, true);
	return atomic_load(&r->head) == atomic_load(&r->tail);
}
