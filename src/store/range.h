/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_RANGE_H
#define STORE_RANGE_H

#include <stdint.h>

#include "store/writer.h"

/* What a range of a writer is, in numbers. Pure. */

/* Of all its objects, as they are sent. */
int64_t range_bytes(const struct range *r);
/* How old its first record is: by its timestamp, where it has one that can be true, else since it was taken. */
double range_age_s(const struct upload_env *env, const struct range *r, int64_t now_boot_ms);

#endif
