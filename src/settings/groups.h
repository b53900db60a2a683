/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_GROUPS_H
#define SETTINGS_GROUPS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "settings/table.h"

/* A list of groups, such as columns: its row names the rows of one entry, and their offsets count from that. field is
 * what the list's row points to. Thread: any. */

/* An entry more, with the members' defaults. It lives until the next one is added. */
void *groups_add(const struct row *r, void *field);
/* To be called when the last one is filled in. Errors: a member that must be given is not; its first member has the
 * value of that of another entry. The text says only what is wrong. */
int groups_check_last(const struct row *r, const void *field, struct error *e);

const struct row *groups_member(const struct row *r, const char *name); /* NULL: none */
/* The member that is nearest to an unknown name; "" when none is near. */
const char *groups_nearest(const struct row *r, const char *name);

void groups_clear(const struct row *r, void *field);
void groups_copy(const struct row *r, void *to, const void *from);
bool groups_same(const struct row *r, const void *a, const void *b);
/* In one line, without the members that are empty. */
void groups_print(const struct row *r, const void *field, FILE *out);

#endif
