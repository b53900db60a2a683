/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STATUS_LISTEN_H
#define STATUS_LISTEN_H

#include <stddef.h>

#include "base/error.h"
#include "settings/listen.h"
#include "settings/settings.h"

/* Sockets to listen on, and the way to the daemon's own one. */

#define LISTEN_NAME_MAX 160

/* Where status.socket is: the setting, or NAME.sock in the runtime directory, NAME being that of the settings file.
 * out is "" where there is none. settings NULL: the file tells nothing to who asks. */
void listen_own_socket(const struct settings *s, const char *file, char *out, size_t size);

/* A socket that listens, or -1. What is left of a socket of a daemon that has ended is taken away. name: how to call it
 * in a message, "http://127.0.0.1:9464/" or the path. Errors: code is errno. */
int listen_open(const struct listen_place *place, char name[LISTEN_NAME_MAX], struct error *e);

#endif
