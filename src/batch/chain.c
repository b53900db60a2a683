/* SPDX-License-Identifier: Apache-2.0 */
/* The chain of ranges: a range without objects does not enter it, its offsets are named as skipped instead. */
#include "batch/chain.h"

#include <stdio.h>
#include <string.h>

void chain_begin(struct chain *c, const char *reason)
{
	*c = (struct chain){ 0 };
	snprintf(c->begins, sizeof(c->begins), "%s", reason);
}

static void skip_stretch(struct chain *c, const struct range_facts *f)
{
	if (c->skipped_first == c->skipped_next)
		c->skipped_first = f->start;
	c->skipped_next = f->end;
	c->skipped_tombstones += f->skipped;
}

void chain_advance(struct chain *c, const struct range_facts *f)
{
	if (f->objects == 0) {
		skip_stretch(c, f);
		return;
	}
	*c = (struct chain){
		.previous_start = f->start,
		.previous_records = f->landed + f->dead,
		.previous_objects = f->objects,
	};
	memcpy(c->previous_id, f->id, sizeof(c->previous_id));
}
