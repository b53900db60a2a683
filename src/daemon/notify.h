/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* What a service manager is told over NOTIFY_SOCKET. Without one nothing is sent, and all else is the same.
 * Thread: main. Source: sd_notify(3). */

#define NOTIFY_STATUS_MAX 640

struct notify {
	bool ready;               /* it was told so */
	int64_t ready_by_boot_ms; /* when it is, whatever is missing */
	int64_t watchdog_ms;      /* 0: nobody watches */
	int64_t next_status_boot_ms, next_alive_boot_ms;
};

/* How it stands, asked a few times a second. */
struct notify_state {
	bool started;                   /* all that READY promises has been seen */
	bool alive;                     /* every thread makes progress, or waits for something that has a name */
	char status[NOTIFY_STATUS_MAX]; /* in words; not started: what is waited for */
};

void notify_begin(struct notify *n, int64_t start_timeout_ms, int64_t now_boot_ms);
/* Tell what is due: READY once, STATUS every few seconds, WATCHDOG while alive. */
void notify_turn(struct notify *n, const struct notify_state *s, int64_t now_boot_ms);
/* How long a thread may take for a turn of its loop before it is taken for one that hangs. */
int64_t notify_patience_ms(const struct notify *n);
/* A reload begins; it has ended, and text says how. Nothing is told of one before READY. */
void notify_reloading(const struct notify *n);
void notify_reloaded(struct notify *n, const char *text, int64_t now_boot_ms);
void notify_stopping(const char *text);

#endif
