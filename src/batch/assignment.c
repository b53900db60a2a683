/* SPDX-License-Identifier: Apache-2.0 */
/* Birth and end of an assignment's description. */
#include "batch/assignment.h"

#include <stdlib.h>

#include "base/mem.h"

struct assignment *assignment_new(const char *topic, int32_t partition_id)
{
	struct assignment *a = mem_zalloc(sizeof(*a));

	a->topic = mem_strdup(topic);
	a->partition_id = partition_id;
	return a;
}

void assignment_free(struct assignment *a)
{
	if (a == NULL)
		return;
	free(a->topic);
	free(a->table);
	free(a->group);
	free(a->cluster);
	free(a);
}
