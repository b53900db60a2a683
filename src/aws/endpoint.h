/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_ENDPOINT_H
#define AWS_ENDPOINT_H

#include <stdbool.h>

/* Where AWS's services are. Pure. Source: aws.md 5.1. */

#define REGION_MAX 64

/* Letters, digits and "-", fewer than REGION_MAX: it becomes part of a host name. */
bool region_is_valid(const char *region);

/* "amazonaws.com", or what it is called in the region's partition. */
const char *region_domain(const char *region);

#endif
