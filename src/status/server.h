/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STATUS_SERVER_H
#define STATUS_SERVER_H

#include <stdint.h>

#include "board/board.h"
#include "settings/settings.h"

/* What answers to kafka2s3 status, to browsers and to Prometheus: on the socket status.socket always, on metrics.listen
 * if it is given. It reads the board only, changes nothing, and its threads are the library's. A place that cannot be
 * had is said once and tried again now and then. Thread: the main thread makes, turns and frees it. */
struct server;

/* board must outlive it. */
struct server *server_new(struct board *b, const struct settings *s, int64_t now_boot_ms);
/* Try again what could not be had. */
void server_tick(struct server *s, int64_t now_boot_ms);
void server_free(struct server *s); /* NULL is fine */
const char *server_library_version(void);

#endif
