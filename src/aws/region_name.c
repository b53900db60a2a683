/* SPDX-License-Identifier: Apache-2.0 */
/* Names of regions. */
#include "aws/region_name.h"

#include <ctype.h>
#include <string.h>

bool region_is_valid(const char *region)
{
	size_t n = strlen(region);

	if (n == 0 || n >= REGION_MAX || region[0] == '-')
		return false;
	for (; *region != '\0'; region++)
		if (!isalnum((unsigned char)*region) && *region != '-')
			return false;
	return true;
}
