/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_VALUE_H
#define SETTINGS_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "settings/settings.h"
#include "settings/table.h"

/* A row's value: into its field, out of it, and from one struct to another. The errors' text says only what is wrong.
 * base is the struct settings, or of a row per topic the struct topic_settings. Strings that stand in a field are
 * freed when it is set again. */

/* The struct that a row's offset counts from. */
void *value_base(const struct row *r, struct settings *s, struct topic_settings *t);

int value_set_default(const struct row *r, void *base, struct error *e);
/* Of all rows; the overrides are not touched. */
int value_set_defaults(struct settings *s, struct error *e);

/* From what the file holds. Errors: of the wrong type, out of range, refused by the row's check. */
int value_set_string(const struct row *r, void *base, const char *text, struct error *e);
int value_set_integer(const struct row *r, void *base, int64_t n, struct error *e);
int value_set_float(const struct row *r, void *base, double x, struct error *e);
int value_set_bool(const struct row *r, void *base, bool b, struct error *e);
/* Of ROW_STRINGS and ROW_SET: empty it, then add element by element; ROW_GROUPS can be emptied too. */
bool value_is_list(const struct row *r);
void value_clear(const struct row *r, void *base);
int value_add(const struct row *r, void *base, const char *element, struct error *e);

void value_copy(const struct row *r, void *to, const void *from);
bool value_same(const struct row *r, const void *a, const void *b);
/* Element by element. */
bool value_lists_same(const struct string_list *a, const struct string_list *b);
void value_free(const struct row *r, void *base); /* wipes strings */

/* Print in the file's syntax; secrets and passwords in addresses as "***". */
void value_print(const struct row *r, const void *base, FILE *out);

/* "a time such as \"5min\"": for messages and the man page. */
const char *value_type_text(const struct row *r);
/* The legal range, "5MiB to 5GiB"; out holds 96; "" when there is none. */
void value_range_text(const struct row *r, char out[96]);

#endif
