/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CRASH_H
#define BASE_CRASH_H

#include <stdint.h>

/* What is left behind by a signal that means a bug: lines of the log with the signal, the build id and what was in
 * hand, and a short backtrace on stderr; then the signal does what it does by default. Only async-signal-safe calls are
 * made.
 */

/* Sanitizers have handlers of their own, which say more. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CRASH_IS_OURS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CRASH_IS_OURS 0
#endif
#endif
#ifndef CRASH_IS_OURS
#define CRASH_IS_OURS 1
#endif

/* What a thread works on, two plain words that it alone writes: no lock, no atomic. */
struct crash_hand {
	const void *what; /* NULL: nothing */
	int64_t offset;
};

/* Handle the signals from here on, and leave no core: it would hold secrets. Thread: main, before the others begin.
 */
void crash_install(void);
/* A stack of its own for the handler, so that an overflow of this thread's is told too. Thread: each of ours, once. */
void crash_stack(void);
/* A thread that was begun with these signals blocked would die of them in silence. Thread: each that others begin. */
void crash_unblock(void);
/* Tell what is in this hand when it comes to that, and whose it is by name; at most 64 are kept. place says what
 * hand->what is, by reading memory alone. hand must live as long as the process, or until crash_forget.
 * Thread: main. */
void crash_watch(const struct crash_hand *hand,
		 void (*place)(const void *what, const char **topic, int32_t *partition));
void crash_forget(const struct crash_hand *hand);

/* The build id of the program in hex, "" when it has none. Lives for ever. */
const char *crash_build_id(void);

#endif
