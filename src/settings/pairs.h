/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_PAIRS_H
#define SETTINGS_PAIRS_H

#include <stdbool.h>

#include "base/error.h"
#include "settings/settings.h"

/* Values that are fine each by itself and impossible together. Errors: with file, line and setting, as far as one of
 * them stands in a file. Pure. */
int pairs_check(const struct settings *s, struct error *e);

/* The folder that all keys lie in, as far as it is the same for all of them. Owns: the caller frees. */
char *pairs_root_of(const struct topic_settings *t);
/* Is it that folder, or one in it? */
bool pairs_lies_in(const char *inner, const char *outer);

#endif
