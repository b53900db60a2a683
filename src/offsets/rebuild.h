/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OFFSETS_REBUILD_H
#define OFFSETS_REBUILD_H

#include "offsets/bucket.h"
#include "offsets/plan.h"

/* A partition's offset and text from what S3 and the log hold. start: where it begins when S3 has nothing of it.
 * Errors: Kafka or S3 do not answer; what cannot be told is a plan that is refused. */
int rebuild_plan(struct plan *p, const struct plan_world *w, const struct standing *from, int64_t start,
		 struct bucket *b, struct group *g, struct error *e);

#endif
