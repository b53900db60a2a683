/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_CHANGE_H
#define SETTINGS_CHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "settings/settings.h"
#include "settings/table.h"

/* What another generation of settings would change, and what of it can be had without a restart. Pure. */
struct change {
	const struct row *row; /* differs above the overrides, or in one of them; NULL: the list of overrides itself */
	bool restart;          /* needs one */
};

struct changes {
	struct change *items; /* in the table's order, the overrides last */
	size_t n;
};

/* Owns: changes_free. */
void changes_find(const struct settings *running, const struct settings *fresh, struct changes *c);
void changes_free(struct changes *c);

/* Their names, separated by commas: of those that need a restart, or of those that do not. Owns: the caller frees. */
char *changes_names(const struct changes *c, bool restart);

/* Set what needs a restart back to its running value. What came of it may not go together: pairs_check says so. */
void changes_keep(const struct settings *running, struct settings *fresh);

#endif
