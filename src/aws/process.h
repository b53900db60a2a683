/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_PROCESS_H
#define AWS_PROCESS_H

#include <stddef.h>

#include "base/error.h"

/* What a command prints. It is started without a shell: words are parted by white space, quotes and backslashes hold
 * them together as in a shell, and nothing is expanded. Its input is empty, what it writes to standard error is thrown
 * away (it may hold secrets), and it ends, with all that it started in its process group, at the deadline, or when
 * exchange_stopped().
 * Thread: any. Owns: the caller wipes and frees *out. Errors: WAIT_PERSON; RETRY at the deadline. */
int process_output(const char *command, size_t max, int deadline_ms, char **out, struct error *e);

#endif
