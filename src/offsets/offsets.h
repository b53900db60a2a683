/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OFFSETS_OFFSETS_H
#define OFFSETS_OFFSETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "settings/settings.h"

/* The commands `kafka2s3 offsets show` and `kafka2s3 offsets set`: what the group has committed and what its texts say;
 * and offsets set from outside with the texts that a daemon would have committed. */

struct offsets_options {
	const char *topic;  /* NULL: all that the settings consume */
	int64_t to_time_ms; /* INT64_MIN: not given */
	bool from_s3;
	char **places; /* "topic:partition=offset" */
	size_t n_places;
	bool replace, drop_intents, dry_run, json;
};

/* Exit code: 0, 64, 69 Kafka or S3 do not answer. */
int offsets_show(const struct settings *s, const struct offsets_options *o);
/* Exit code: 0, 64, 65 refused for a partition at least, and nothing was set; 69; 75 the group has members. */
int offsets_set(const struct settings *s, const struct offsets_options *o);

#endif
