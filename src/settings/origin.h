/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_ORIGIN_H
#define SETTINGS_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "settings/table.h"

/* Where each value came from: for `kafka2s3 settings`, and for messages about values that do not go together. */

/* Nothing said: of an override as above it, of the common settings the default. */
enum origin_kind { ORIGIN_NONE, ORIGIN_DEFAULT, ORIGIN_FILE, ORIGIN_ENVIRONMENT };

struct origin {
	enum origin_kind kind;
	const char *file; /* lives as long as the struct origins */
	int line;
	const char *variable; /* of ORIGIN_ENVIRONMENT */
};

#define ORIGIN_COMMON 0 /* override n has the number n + 1 */

/* Owns: origins_free. */
struct origins *origins_new(void);
void origins_free(struct origins *o);

/* Room for one more override; its number. */
size_t origins_add_override(struct origins *o);

/* A copy of a file name that lives as long as o. */
const char *origins_file(struct origins *o, const char *path);

void origins_set(struct origins *o, size_t number, const struct row *r, struct origin from);
/* What was set; ORIGIN_NONE when nothing was. */
const struct origin *origins_get(const struct origins *o, size_t number, const struct row *r);

#endif
