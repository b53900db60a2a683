/* SPDX-License-Identifier: Apache-2.0 */
#include "store/range.h"

int64_t range_bytes(const struct range *r)
{
	int64_t bytes = 0;

	for (const struct object *o = r->objects; o != NULL; o = o->next)
		bytes += o->compressed_bytes;
	return bytes;
}

double range_age_s(const struct upload_env *env, const struct range *r, int64_t now_boot_ms)
{
	int64_t age_ms = now_boot_ms + env->real_less_boot_ms - r->first_time_ms;

	if (r->first_time_ms <= 0 || age_ms < 0)
		age_ms = now_boot_ms - r->roll.opened_boot_ms;
	return (double)age_ms / 1000;
}
