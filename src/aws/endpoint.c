/* SPDX-License-Identifier: Apache-2.0 */
/* Regions, and the domains of their partitions. */
#include "aws/endpoint.h"

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

const char *region_domain(const char *region)
{
	static const struct {
		const char *begins, *domain;
	} partitions[] = {
		{ "cn-", "amazonaws.com.cn" }, { "us-iso-", "c2s.ic.gov" },      { "us-isob-", "sc2s.sgov.gov" },
		{ "eusc-", "amazonaws.eu" },   { "eu-isoe-", "cloud.adc-e.uk" }, { "us-isof-", "csp.hci.ic.gov" },
	};

	for (size_t i = 0; i < sizeof(partitions) / sizeof(partitions[0]); i++)
		if (strncmp(region, partitions[i].begins, strlen(partitions[i].begins)) == 0)
			return partitions[i].domain;
	return "amazonaws.com";
}
