/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_SECRET_H
#define AWS_SECRET_H

#include <stddef.h>

#include "base/error.h"

/* Strings that must not stay in memory, and the files that they come from. Thread: any. */

/* Overwrites and frees; NULL is fine. */
void secret_free(char *s);

/* The whole of a small file as a string (a zero byte ends it early). Reads afresh on each call, and never waits for a
 * writer. Owns: the caller gives *text to secret_free. Errors: WAIT_PERSON with errno; EFBIG above max bytes. */
int secret_read_file(const char *path, size_t max, char **text, struct error *e);

#endif
