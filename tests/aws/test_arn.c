/* SPDX-License-Identifier: Apache-2.0 */
/* Names of AWS, in each of its partitions, of buckets and of access points. */
#include "aws/arn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void regions_have_their_partitions(void **state)
{
	static const char *const rows[][3] = {
		{ "", "aws", "amazonaws.com" },
		{ "eu-central-1", "aws", "amazonaws.com" },
		{ "cn-northwest-1", "aws-cn", "amazonaws.com.cn" },
		{ "us-gov-east-1", "aws-us-gov", "amazonaws.com" },
		{ "us-iso-east-1", "aws-iso", "c2s.ic.gov" },
		{ "us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov" },
		{ "us-isof-south-1", "aws-iso-f", "csp.hci.ic.gov" },
		{ "eusc-de-east-1", "aws-eusc", "amazonaws.eu" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_equal(arn_partition(rows[i][0]), rows[i][1]);
		assert_string_equal(arn_dns_suffix(rows[i][0]), rows[i][2]);
	}
}

static void named(const char *bucket, const char *key, const char *region, const char *account, const char *want)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	arn_s3(&b, bucket, key, region, account);
	assert_string_equal(buf_str(&b), want);
	buf_free(&b);
}

static void buckets_and_access_points(void **state)
{
	static const char point[] = "arn:aws:s3:eu-west-1:111122223333:accesspoint/lake";

	(void)state;
	named("lake", NULL, "eu-west-1", "111122223333", "arn:aws:s3:::lake");
	named("lake", "raw/*", "cn-north-1", "", "arn:aws-cn:s3:::lake/raw/*");
	named(point, NULL, "", "", point);
	named(point, "raw/*", "", "", "arn:aws:s3:eu-west-1:111122223333:accesspoint/lake/object/raw/*");
	named("lake-x1-s3alias", "a", "eu-west-1", "111122223333",
	      "arn:aws:s3:eu-west-1:111122223333:accesspoint/ACCESS_POINT_NAME/object/a");
	named("lake-x1-s3alias", NULL, "", "", "arn:aws:s3:REGION:ACCOUNT_ID:accesspoint/ACCESS_POINT_NAME");
	assert_true(arn_is_access_point(point) && arn_is_access_point("lake-x1-s3alias"));
	assert_false(arn_is_access_point("lake") || arn_is_access_point("-s3alias"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(regions_have_their_partitions),
		cmocka_unit_test(buckets_and_access_points),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
