/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_KEY_TEMPLATE_H
#define STORE_KEY_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "settings/settings.h"

/* The key template taken apart, for key_build and key_template_check. Nothing is allocated: tokens and components point
 * into the template. Thread: any; pure. */

#define KEY_NULL_PARTITION "__HIVE_DEFAULT_PARTITION__"
#define KEY_SLOT_TEXT (sizeof(KEY_NULL_PARTITION) - 1) /* the longest that {dt} and {hour} become */
#define KEY_EXT_SIZE 32
#define KEY_DEAD_FOLDERS "{prefix}/{table}/dt={dt}/hour={hour}" /* {prefix}: output.dead_letter_prefix */
#define KEY_DEAD_FORMAT "json"

enum key_field {
	FIELD_PREFIX,
	FIELD_TABLE,
	FIELD_DT,
	FIELD_HOUR,
	FIELD_TOPIC,
	FIELD_PARTITION,
	FIELD_START,
	FIELD_ID,
	FIELD_EXT,
	N_FIELDS,
	FIELD_LITERAL, /* a stretch of the template that stands for itself */
	FIELD_UNKNOWN, /* a brace that is no placeholder */
};

#define KEY_FIELD(field) (1U << (field))
/* What tells one range from all others. */
#define KEY_RANGE_FIELDS \
	(KEY_FIELD(FIELD_TOPIC) | KEY_FIELD(FIELD_PARTITION) | KEY_FIELD(FIELD_START) | KEY_FIELD(FIELD_ID))

extern const char *const key_field_names[N_FIELDS]; /* "{prefix}" … */

struct key_token {
	enum key_field field;
	const char *text;
	size_t len;
};

/* What stands between two slashes. */
struct key_component {
	const char *text;
	size_t len;
	unsigned fields; /* bits of enum key_field */
	bool last;
};

/* The placeholder or literal at p, before end. */
struct key_token key_token_at(const char *p, const char *end);

/* The component at *p, which moves to the next one, or to NULL behind the last. */
struct key_component key_component_next(const char **p);

/* The last component. */
struct key_component key_base_of(const char *template);

/* The time fields that a partitioning has no value for, and whether a component can do without them. */
unsigned key_fields_without(enum partition_by by);
bool key_component_kept(const struct key_component *c, enum partition_by by);

/* The base name of dead letters: the template's where that alone tells ranges apart, else the default one. */
const char *key_dead_base(const struct topic_settings *t);

#endif
