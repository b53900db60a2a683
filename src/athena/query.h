/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATHENA_QUERY_H
#define ATHENA_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "settings/settings.h"

enum query_form { QUERY_TABLE, QUERY_CSV, QUERY_JSON };

/* `kafka2s3 query`: runs a statement, the one word, in Athena; its result goes to standard output, how it goes to
 * standard error. The first SIGINT or SIGTERM stops the query, the second one ends the program.
 * Returns the exit code: EX_USAGE; EX_DATAERR, Athena takes the statement for wrong, or it failed; EX_UNAVAILABLE,
 * denied or no answer; EX_TEMPFAIL, stopped. Thread: main. */
int query_command(const struct settings *s, char *const *words, size_t n_words, bool csv, bool json);

#endif
