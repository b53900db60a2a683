/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DAEMON_RACK_H
#define DAEMON_RACK_H

#include "settings/settings.h"

/* Where this machine stands, as kafka.rack says; of "auto" what the instance metadata say, asked for at most some
 * ten seconds while nothing answers, and told in the log. "": not known. Lives as long as the settings. */
const char *rack_find(const struct settings *s);

#endif
