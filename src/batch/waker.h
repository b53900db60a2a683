/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BATCH_WAKER_H
#define BATCH_WAKER_H

/* How to wake a thread that may be asleep in its loop. Thread: wake may be called by any; it never blocks, and a wake
 * that comes before the sleep makes that sleep return at once. */
struct waker {
	void (*wake)(void *arg);
	void *arg;
};

#endif
