/* SPDX-License-Identifier: Apache-2.0 */
/* What has to be granted when S3 says 403: by the call, or by S3's own word. */
#include "store/s3_denied.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void said(const struct s3_call *c, const char *bucket, const char *region, const char *message, const char *want)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	s3_denied(c, bucket, region, message, &b);
	assert_string_equal(buf_str(&b), want);
	buf_free(&b);
}

static void each_call_has_its_action(void **state)
{
	static const char *const wants[] = {
		[S3_PUT] = "grant s3:PutObject on arn:aws:s3:::lake/raw/k",
		[S3_CREATE] = "grant s3:PutObject on arn:aws:s3:::lake/raw/k",
		[S3_PART] = "grant s3:PutObject on arn:aws:s3:::lake/raw/k",
		[S3_COMPLETE] = "grant s3:PutObject on arn:aws:s3:::lake/raw/k",
		[S3_ABORT] = "grant s3:AbortMultipartUpload on arn:aws:s3:::lake/raw/k",
		[S3_LIST_UPLOADS] = "grant s3:ListBucketMultipartUploads on arn:aws:s3:::lake",
		[S3_LIST_OBJECTS] = "grant s3:ListBucket on arn:aws:s3:::lake",
		[S3_HEAD] = "grant s3:GetObject on arn:aws:s3:::lake/raw/k, unless the object is gone",
		[S3_GET] = "grant s3:GetObject on arn:aws:s3:::lake/raw/k, unless the object is gone",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wants) / sizeof(wants[0]); i++)
		said(&(struct s3_call){ .op = (enum s3_op)i, .key = "raw/k" }, "lake", "", "Access Denied", wants[i]);
}

static void the_place_is_called_as_policies_call_it(void **state)
{
	const struct s3_call c = { .op = S3_PUT, .key = "raw/k" };

	(void)state;
	said(&(struct s3_call){ .op = S3_ABORT, .key = "a\n\x1b[" }, "lake", "", "",
	     "grant s3:AbortMultipartUpload on arn:aws:s3:::lake/a??[");
	said(&c, "lake", "cn-north-1", "", "grant s3:PutObject on arn:aws-cn:s3:::lake/raw/k");
	said(&c, "lake-abc-s3alias", "us-gov-west-1", "",
	     "grant s3:PutObject on arn:aws-us-gov:s3:us-gov-west-1:ACCOUNT_ID:accesspoint/ACCESS_POINT_NAME/object/raw/k");
}

static void a_key_of_kms_is_thought_of(void **state)
{
	const struct topic_settings own = { .sse = (char *)"aws:kms", .kms_key_id = (char *)"k1" };
	const struct topic_settings amazons = { .sse = (char *)"aws:kms", .kms_key_id = (char *)"" };
	struct s3_call c = { .op = S3_PUT, .key = "k", .topic = &own };

	(void)state;
	said(&c, "lake", "", "Access Denied",
	     "grant s3:PutObject on arn:aws:s3:::lake/k, and kms:GenerateDataKey and kms:Decrypt on the key \"k1\"");
	c.topic = &amazons;
	said(&c, "lake", "", "Access Denied", "grant s3:PutObject on arn:aws:s3:::lake/k");
}

#define USER "User: arn:aws:iam::111122223333:user/lake is not authorized to perform: "

static void the_stores_word_is_better(void **state)
{
	const struct topic_settings own = { .sse = (char *)"aws:kms", .kms_key_id = (char *)"k1" };
	const struct s3_call c = { .op = S3_PUT, .key = "k", .topic = &own };

	(void)state;
	said(&c, "lake", "", USER "s3:PutObject on resource: \"arn:aws:s3:::lake/k\" because no identity-based policy",
	     "grant s3:PutObject on arn:aws:s3:::lake/k");
	said(&c, "lake", "", USER "kms:Decrypt on resource: arn:aws:kms:eu-west-1:111122223333:key/x because of it",
	     "grant kms:Decrypt on arn:aws:kms:eu-west-1:111122223333:key/x");
	said(&c, "lake", "", USER "kms:Decrypt on this resource because it does not exist",
	     "grant kms:Decrypt on the key s3.kms_key_id");
	said(&c, "lake", "", USER "s3:PutObject", "grant s3:PutObject"); /* cut off */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_call_has_its_action),
		cmocka_unit_test(the_place_is_called_as_policies_call_it),
		cmocka_unit_test(a_key_of_kms_is_thought_of),
		cmocka_unit_test(the_stores_word_is_better),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
