/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STATUS_COMMAND_H
#define STATUS_COMMAND_H

#include <stdbool.h>

/* The command `kafka2s3 status`: asks the daemon of this settings file over its socket, and prints what it says; with
 * watch again and again, in place on a terminal. The file need not be readable: then the socket is where "auto" has it.
 * Exit code: 0; 69 no daemon answers; 78 the settings are no good. Thread: main. */
int status_command(const char *file, bool json, bool watch);

#endif
