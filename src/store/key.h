/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_KEY_H
#define STORE_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "settings/settings.h"

/* The object key: a function of the settings, the record's slot and what the intent names. S3 limits it to 1,024
 * bytes of UTF-8. Source: aws.md 1.1. */
#define KEY_MAX 1024
#define RANGE_ID_HEX 17 /* 16 hex digits and the terminating zero */

/* A slot is what a partitioner makes of a record's timestamp: the start of its hour or day in ms since 1970 (UTC). */
#define SLOT_NONE INT64_MIN /* no usable timestamp: __HIVE_DEFAULT_PARTITION__ */

/* Slot of a timestamp: usable are 0 (1970) to 9999-12-31T23; -1 or anything outside is SLOT_NONE. partition_by none:
 * 0. */
int64_t slot_of(enum partition_by by, int64_t timestamp_ms);
/* First ms behind the slot, so that a hot path can test "same slot" by two comparisons. */
int64_t slot_end(enum partition_by by, int64_t slot);

struct key_facts {
	const char *topic;
	const char *table; /* from settings_table_name */
	int32_t partition;
	int64_t start; /* first offset of the range */
	const char *range_id;
	int64_t slot;
	bool dead; /* under dead_letter_prefix, from the bucket's root, same base name */
};

/* Placeholders: {prefix} {table} {dt} {hour} {topic} {partition} {start} {id} {ext}.
 * A folder that names a time which partition_by does not give ({hour} by day; {dt} and {hour} with none) is left out,
 * and so is an empty {prefix}. A base name that begins with "_" or "." gets "t" before it. Dead letters go to
 * {dead_letter_prefix}/{table}/dt={dt}/hour={hour}/ under the same base name, or under the default one if the
 * template's lacks one of topic, partition, start and id.
 * Refused: unknown placeholder; topic, partition, start or id missing, or dt or hour where partition_by gives them (two
 * objects would meet under one key); a name that does not end in ".{ext}", or begins with "_" or "."; {prefix}
 * elsewhere than in front; an empty folder, in the prefixes too; other literals than letters, digits and -_.=+,@!()';
 * folders that lie in dead_letter_prefix or hold it; possible length above KEY_MAX for a topic of topic_len bytes.
 * Errors: GIVE_UP, with the place in the template. */
int key_template_check(const struct topic_settings *t, size_t topic_len, struct error *e);

/* Build the key; the template has passed key_template_check for this topic's length. */
void key_build(const struct topic_settings *t, const struct key_facts *facts, char out[KEY_MAX + 1]);

/* The folders that all keys of these settings begin with, whatever the topic: what to list. */
void key_prefix(const struct topic_settings *t, bool dead, char out[KEY_MAX + 1]);

/* Is it a key that key_build makes for these facts' topic, table and partition, whatever the rest? Its range id then.
 */
bool key_is_of(const struct topic_settings *t, const struct key_facts *facts, const char *key, char id[RANGE_ID_HEX]);

#endif
