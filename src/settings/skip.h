/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_SKIP_H
#define SETTINGS_SKIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "settings/settings.h"

/* kafka.skip for one partition: its offsets in order, each once, and how far a reader of rising offsets has come. All
 * zero: there are none. Pure. */
struct skip {
	int64_t *offsets;
	size_t n;
	size_t at;    /* the first that is not passed */
	int64_t next; /* that one; INT64_MAX: none is left. What is below needs no look */
};

/* One entry, "topic:partition:offset": the topic's length, and the numbers. Errors: what is wrong with it. */
int skip_parse(const char *entry, size_t *topic_len, int32_t *partition, int64_t *offset, struct error *e);

/* Owns: skip_free. */
void skip_init(struct skip *k, const struct settings *s, const char *topic, int32_t partition);
void skip_free(struct skip *k);

/* Go on to this offset; true: it is one of them. */
bool skip_reach(struct skip *k, int64_t offset);

/* The same, for the hot path: one comparison, as long as none of them comes. Offsets never go back. */
static inline bool skip_names(struct skip *k, int64_t offset)
{
	return offset >= k->next && skip_reach(k, offset);
}

#endif
