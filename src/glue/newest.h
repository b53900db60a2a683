/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GLUE_NEWEST_H
#define GLUE_NEWEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "glue/lake.h"
#include "glue/table.h"
#include "schema/schema.h"
#include "settings/settings.h"

/* What a table's folders hold, for one who wants to describe it without a daemon. Thread: the lake's. */

/* Days, as their folders are named; "": there is none. */
struct days {
	char first[TABLE_DT_SIZE], last[TABLE_DT_SIZE];
	size_t before, beyond; /* that projection from and to certain days would not see */
	char some_before[TABLE_DT_SIZE], some_beyond[TABLE_DT_SIZE];
	bool nowhere; /* there are records without a usable time */
	char *newest; /* the last folder of all, with its slash; NULL: the table holds nothing */
};

/* from and to: "2026-01-31", what counts as before and beyond. Owns: the caller frees newest. Errors: as S3 says. */
int newest_days(struct lake *l, const struct topic_settings *t, const char *table, const char *from, const char *to,
		struct days *out, struct error *e);

/* Learn from some of the objects that were written last below a folder. *objects: how many. Errors: as S3 says, or a
 * damaged object. */
int newest_learn(struct lake *l, const char *folder, struct schema *schema, size_t *objects, struct error *e);

#endif
