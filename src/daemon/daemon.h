/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#include "settings/settings.h"

/* Run until SIGTERM or SIGINT: build every object in order, start the threads, wait, take everything down in reverse. A
 * second signal ends the process at once. SIGUSR1 logs the state of every partition, SIGHUP loads the file anew
 * (daemon/reload.h). Returns the process's exit code: 0, 75 (start again), 78 (a setting that can never work).
 * Owns: s stays in use to the end. Thread: main. */
int daemon_run(const struct settings *s);

/* Asked every 200 ms or so, in the main thread, with the number of records taken so far: true ends the daemon in
 * order. Such a daemon keeps the settings that it began with: SIGHUP ends it. */
struct daemon_watch {
	bool (*has_ended)(void *arg, uint64_t taken);
	void *arg;
};

int daemon_run_watched(const struct settings *s, const struct daemon_watch *w);

#endif
