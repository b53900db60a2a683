/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_PAIRS_H
#define SETTINGS_PAIRS_H

#include "base/error.h"
#include "settings/settings.h"

/* Values that are fine each by itself and impossible together. Errors: with file, line and setting, as far as one of
 * them stands in a file. Pure. */
int pairs_check(const struct settings *s, struct error *e);

#endif
