/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_KEY_CATALOG_H
#define STORE_KEY_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "settings/settings.h"
#include "store/key_template.h"

/* A key template as a catalog sees it: in front of "{table}" the same folders for all, behind it folders that are
 * partitions, such as "dt={dt}". Source: aws.md 1.1. Thread: any; pure. */

#define KEY_PARTITIONS_MAX 2

struct key_partition {
	const char *name; /* in the template, not terminated: the column's name, legal for Glue */
	size_t len;
	enum key_field field; /* FIELD_DT or FIELD_HOUR */
};

/* Refused: {table} that is no folder of its own, or with other placeholders than {prefix} in front of it; a folder
 * behind it that is not COLUMN={dt} or COLUMN={hour}, each at most once, in columns of different names. The template
 * has passed key_template_check. Errors: GIVE_UP. */
int key_catalog_check(const struct topic_settings *t, struct error *e);

/* The partition columns, in the order of the folders; returns their number. The template has passed key_catalog_check.
 */
size_t key_partitions(const struct topic_settings *t, struct key_partition out[KEY_PARTITIONS_MAX]);

/* The values of {dt} and {hour} for a slot. */
void key_slot_texts(int64_t slot, char dt[KEY_SLOT_TEXT + 1], char hour[KEY_SLOT_TEXT + 1]);

#endif
