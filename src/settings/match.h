/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_MATCH_H
#define SETTINGS_MATCH_H

#include <stdbool.h>

#include "settings/settings.h"

/* True when a name in the list is the topic's, or a "^regex" (POSIX extended, as librdkafka has it) matches it. Topics
 * that begin with "__" are Kafka's own: no expression matches them. Pure. */
bool match_topic(const struct string_list *patterns, const char *topic);

/* The first override for the topic; NULL: none. */
const struct override *match_override(const struct settings *s, const char *topic);

#endif
