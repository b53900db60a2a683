/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_REGION_NAME_H
#define AWS_REGION_NAME_H

#include <stdbool.h>

/* What a region's name may be. Pure. */

#define REGION_MAX 64

/* Letters, digits and "-", fewer than REGION_MAX: it becomes part of a host name. */
bool region_is_valid(const char *region);

#endif
