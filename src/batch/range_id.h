/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BATCH_RANGE_ID_H
#define BATCH_RANGE_ID_H

#include "batch/chain.h"

/* Range ids begin with their group's mark, so that orphans of this group can be told from those of others. */
#define RANGE_MARK_SIZE 5 /* four hex digits and the terminating zero */

void range_mark(const char *cluster, const char *group, char mark[RANGE_MARK_SIZE]);

/* A new one: the mark and twelve random hex digits. */
void range_id_draw(const char mark[RANGE_MARK_SIZE], char id[RANGE_ID_SIZE]);

#endif
