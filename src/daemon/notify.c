/* SPDX-License-Identifier: Apache-2.0 */
/* READY, STATUS, WATCHDOG, RELOADING and STOPPING. It leaves to others how things stand.
 * Invariant: READY comes by start_timeout at the latest, so that nothing that waits for the start hangs on an outage.
 */
#include "daemon/notify.h"

#include <inttypes.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "base/log.h"

#define STATUS_EVERY_MS 2000
#define PATIENCE_MS 30000 /* where nobody watches */
/* Of the time within which a sign of life is expected: how often one is given, and how old a thread's may be. */
#define ALIVE_SHARE 4
#define PATIENCE_SHARE 2

void notify_begin(struct notify *n, int64_t start_timeout_ms, int64_t now_boot_ms)
{
	uint64_t usec = 0;

	*n = (struct notify){ .ready_by_boot_ms = now_boot_ms + start_timeout_ms };
	if (sd_watchdog_enabled(0, &usec) > 0)
		n->watchdog_ms = (int64_t)(usec / 1000);
	sd_notify(0, "STATUS=starting");
}

/* The text may be another program's: it stays one line. */
static void tell(const char *what, const char *text)
{
	char line[NOTIFY_STATUS_MAX];

	snprintf(line, sizeof(line), "%s", text);
	for (char *p = line; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ')
			*p = ' ';
	}
	sd_notifyf(0, "%sSTATUS=%s", what, line);
}

static void tell_ready(struct notify *n, const struct notify_state *s)
{
	n->ready = true;
	if (s->started)
		log_event(MESSAGE_READY, NULL, 0, "ready: the group has answered, and S3 takes uploads");
	else
		log_event(MESSAGE_START_TIMEOUT, NULL, 0, "start_timeout is over, the start goes on: %s", s->status);
	tell("READY=1\n", s->status);
}

void notify_turn(struct notify *n, const struct notify_state *s, int64_t now_boot_ms)
{
	bool begins = !n->ready && (s->started || now_boot_ms >= n->ready_by_boot_ms);

	if (begins)
		tell_ready(n, s);
	else if (now_boot_ms >= n->next_status_boot_ms)
		tell("", s->status);
	if (begins || now_boot_ms >= n->next_status_boot_ms)
		n->next_status_boot_ms = now_boot_ms + STATUS_EVERY_MS;
	if (n->watchdog_ms > 0 && s->alive && now_boot_ms >= n->next_alive_boot_ms) {
		sd_notify(0, "WATCHDOG=1");
		n->next_alive_boot_ms = now_boot_ms + n->watchdog_ms / ALIVE_SHARE;
	}
}

int64_t notify_patience_ms(const struct notify *n)
{
	return n->watchdog_ms > 0 ? n->watchdog_ms / PATIENCE_SHARE : PATIENCE_MS;
}

void notify_reloading(const struct notify *n)
{
	struct timespec now;

	if (!n->ready)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\nSTATUS=reading the settings again",
		   (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
}

void notify_reloaded(struct notify *n, const char *text, int64_t now_boot_ms)
{
	tell(n->ready ? "READY=1\n" : "", text);
	n->next_status_boot_ms = now_boot_ms + STATUS_EVERY_MS;
}

void notify_stopping(const char *text)
{
	tell("STOPPING=1\n", text);
}
