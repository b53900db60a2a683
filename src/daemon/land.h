/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DAEMON_LAND_H
#define DAEMON_LAND_H

#include "settings/redirect.h"
#include "settings/settings.h"

/* The command `kafka2s3 land`: the daemon with an end, in a group and at a place of its own. Turns the settings into
 * those of the land. Exit code: 0 all is landed; 64 it can never be asked for so; 65 the prefix holds something else;
 * 69 Kafka or the bucket cannot be asked, or a topic is not there; 75 it was stopped before its end, and the same
 * command goes on; 78 a setting that can never work. Thread: main. */
int land_command(struct settings *s, const struct redirect *request);

#endif
