/* SPDX-License-Identifier: Apache-2.0 */
/* Names of things in AWS, from a region, an account and a name. Knows no settings. */
#include "aws/arn.h"

#include <string.h>

#include "settings/access_point.h"

#define ALIAS "-s3alias"

/* By the beginning of a region's name. */
static const struct {
	const char *region, *partition, *dns_suffix;
} partitions[] = {
	{ "cn-", "aws-cn", "amazonaws.com.cn" },       { "us-gov-", "aws-us-gov", "amazonaws.com" },
	{ "us-iso-", "aws-iso", "c2s.ic.gov" },        { "us-isob-", "aws-iso-b", "sc2s.sgov.gov" },
	{ "us-isof-", "aws-iso-f", "csp.hci.ic.gov" }, { "eu-isoe-", "aws-iso-e", "cloud.adc-e.uk" },
	{ "eusc-", "aws-eusc", "amazonaws.eu" },       { "", "aws", "amazonaws.com" },
};

static size_t row_of(const char *region)
{
	size_t i = 0;

	while (strncmp(region, partitions[i].region, strlen(partitions[i].region)) != 0)
		i++;
	return i;
}

const char *arn_partition(const char *region)
{
	return partitions[row_of(region)].partition;
}

const char *arn_dns_suffix(const char *region)
{
	return partitions[row_of(region)].dns_suffix;
}

static bool is_alias(const char *bucket)
{
	size_t len = strlen(bucket), tail = strlen(ALIAS);

	return len > tail && strcmp(bucket + len - tail, ALIAS) == 0;
}

bool arn_is_access_point(const char *bucket)
{
	return access_point_is(bucket) || is_alias(bucket);
}

void arn_s3(struct buf *b, const char *bucket, const char *key, const char *region, const char *account)
{
	if (access_point_is(bucket))
		buf_adds(b, bucket);
	else if (is_alias(bucket))
		buf_addf(b, "arn:%s:s3:%s:%s:accesspoint/ACCESS_POINT_NAME", arn_partition(region),
			 region[0] != '\0' ? region : ARN_ANY_REGION, account[0] != '\0' ? account : ARN_ANY_ACCOUNT);
	else
		buf_addf(b, "arn:%s:s3:::%s", arn_partition(region), bucket);
	if (key != NULL)
		buf_addf(b, "%s/%s", arn_is_access_point(bucket) ? "/object" : "", key);
}
