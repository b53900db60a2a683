/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFY_PLACES_H
#define VERIFY_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "settings/settings.h"

/* Where the settings put objects: the prefixes that hold them all, and the way back from a key to topic, partition,
 * start and range id. Objects of another output.partition_by are known too: only folders differ. Pure. */

#define PLACE_TOPIC_MAX 249

struct places {
	const struct settings *settings;
	const char *topic; /* NULL: all that the settings consume */
	char **prefixes;   /* sorted; none holds another */
	size_t n_prefixes;
	char **patterns; /* key templates whose {prefix} is filled in */
	size_t n_patterns;
};

struct place {
	char topic[PLACE_TOPIC_MAX + 1];
	int32_t partition;
	int64_t start;
	uint64_t id;
};

/* settings and topic must outlive it. */
void places_init(struct places *p, const struct settings *s, const char *topic);
/* The same, but the whole of each s3.prefix: for objects that lie elsewhere below it. */
void places_init_wide(struct places *p, const struct settings *s);
void places_free(struct places *p);

enum place_kind {
	PLACE_OURS,
	PLACE_OTHER,   /* of a topic that is not asked for */
	PLACE_UNKNOWN, /* no key of these settings */
	PLACE_HIDDEN,  /* nor is this one, and Athena and crawlers pass such names over */
};

enum place_kind places_find(const struct places *p, const char *key, struct place *out);

#endif
