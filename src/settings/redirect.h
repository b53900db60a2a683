/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_REDIRECT_H
#define SETTINGS_REDIRECT_H

#include <stdint.h>

#include "base/error.h"
#include "settings/settings.h"

/* The command `kafka2s3 land`: the same settings, for a stretch of time, into a place of its own. */
struct redirect {
	int64_t from_ms, to_ms;
	const char *prefix;
};

/* Turn loaded settings into those of a one-shot land: its prefix, a folder beside it for dead letters, its times, no
 * replay, and a group whose name follows from what is asked for (topics, bucket, prefix, times): the same request is
 * the same group. Overrides keep all but their places. The name begins with kafka.group, so that rights to groups can
 * be given by that. Errors: times or prefix that cannot be: an empty stretch, a prefix inside or around what the
 * settings write to. */
int settings_redirect(struct settings *s, const struct redirect *r, struct error *e);

#endif
