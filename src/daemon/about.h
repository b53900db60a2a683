/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DAEMON_ABOUT_H
#define DAEMON_ABOUT_H

#include <stdint.h>

#include "board/board.h"
#include "settings/settings.h"

/* The main thread's section of the board. Thread: main. */

/* What does not change while the daemon runs. */
void about_begin(struct board_daemon *d, const struct settings *s);
/* Measure the process, and show it, once a second at most. */
void about_tick(struct board_daemon *d, struct board *b, int64_t now_boot_ms);

#endif
