/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_DESCRIBE_H
#define STORE_DESCRIBE_H

#include "batch/assignment.h"
#include "batch/chain.h"
#include "store/object.h"

/* What every object of a range says of itself: whose it is, and what comes before it in the chain c. Takes a hold on
 * the settings that it is made by. Owns: one reference, object_metadata_release. Source: design.md, "The chain". */
struct object_metadata *describe_range(const struct assignment *a, const struct settings *s, const struct chain *c,
				       const char *range_id);

#endif
