/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DAEMON_STATE_H
#define DAEMON_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "board/board.h"
#include "daemon/notify.h"

/* What the board's copies amount to for a service manager. Pure; b->daemon need not be filled in but for names. */

/* probed: S3 takes uploads, as the start has tried; else trouble says what is in the way, "" while none is known. */
void state_describe(const struct board_copy *b, bool probed, const char *trouble, struct notify_state *out);

#endif
