/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPLAY_REPLAY_H
#define REPLAY_REPLAY_H

#include <stdbool.h>

#include "base/error.h"
#include "board/board.h"
#include "settings/settings.h"

/* CSV to Kafka, by the replay_* settings. Order, pace and what becomes of a row: order.h, pace.h, row.h. */

/* The command `kafka2s3 replay`: until the file, replay.limit or a signal ends it; how it goes is written to stderr.
 * The first SIGINT or SIGTERM ends it in order, the second one kills. Returns the exit code: 0; EX_DATAERR, a bad row
 * with replay.strict; EX_NOINPUT, the file cannot be read; EX_UNAVAILABLE, no broker or topic within a minute, or rows
 * that were not acknowledged; EX_CONFIG. Thread: the main thread. */
int replay_command(const struct settings *s);

/* The daemon's module: the same in a thread of its own. It waits for Kafka as long as it takes, and says in the log
 * what ends it. */
struct replay;

/* NULL with *e: the file or a setting is no good; code as above. s and board must outlive it; board may be NULL. */
struct replay *replay_start(const struct settings *s, struct board *board, struct error *e);
/* Returns within five seconds, most of all for the last acknowledgements, and frees it. NULL is fine. */
void replay_stop(struct replay *r);
/* The file is through, or an error has ended it. Thread: any. */
bool replay_ended(const struct replay *r);

#endif
