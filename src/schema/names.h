/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCHEMA_NAMES_H
#define SCHEMA_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which column or field a JSON key has, and which key a name stands for: the same at any depth of a table (schema.h).
 * Thread: one at a time. */
struct names;

struct name {
	char *name; /* as the catalog has it; found whatever its case */
	char *key;  /* in the spelling that was first given or seen */
	bool exact; /* the spelling is known: it stands in the settings, or was seen */
	bool fixed; /* the column's type is the settings' */
	bool metadata;
	bool told_case, told_misfit;
	uint64_t seen; /* the last object that held such a key */
};

struct names *names_new(void);
void names_free(struct names *n); /* NULL is fine */

/* Never give this name to a key. */
void names_reserve(struct names *n, const char *name);
/* A name that settings or a table give to a key; one that is bound already stays so. Of several names of a key the
 * first one is found by it. NULL: the name is reserved. */
struct name *names_bind(struct names *n, const char *name, const char *key, bool exact);
struct name *names_find(const struct names *n, const char *name); /* NULL: none */

/* The name of a key in this spelling, else in another case. NULL: it has none. */
struct name *names_known(const struct names *n, const char *key);
/* The same, and a new one is made for a new key; NULL: *why says why it can have none, a static text. */
struct name *names_of_key(struct names *n, const char *key, const char **why);
/* How many names have come to another spelling of their key, the first one that was seen. */
uint64_t names_spelt(const struct names *n);

/* A text in lower case. Owns: the caller frees. */
char *names_fold(const struct names *n, const char *text);

#endif
