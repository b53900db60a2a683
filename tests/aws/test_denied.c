/* SPDX-License-Identifier: Apache-2.0 */
/* What services say when they refuse, as they say it. */
#include "aws/denied.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define USER "User: arn:aws:sts::111122223333:assumed-role/lake/i-0abc is not authorized to perform: "

static void a_refusal_names_action_and_resource(void **state)
{
	static const char *const rows[][2] = {
		{ USER "s3:PutObject on resource: \"arn:aws:s3:::lake/k\" because no identity-based policy allows it",
		  "grant s3:PutObject on arn:aws:s3:::lake/k" },
		{ USER "glue:GetTable on resource: arn:aws:glue:eu-west-1:111122223333:catalog because no policy",
		  "grant glue:GetTable on arn:aws:glue:eu-west-1:111122223333:catalog" },
		{ USER "kms:Decrypt on this resource because the resource does not exist in this Region",
		  "grant kms:Decrypt on the key s3.kms_key_id" },
		{ USER "glue:CreateDatabase", "grant glue:CreateDatabase" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b;

		buf_init(&b, SIZE_MAX);
		assert_true(denied_by_word(rows[i][0], &b));
		assert_string_equal(buf_str(&b), rows[i][1]);
		buf_free(&b);
	}
}

static void another_message_names_nothing(void **state)
{
	static const char *const messages[] = { "", "Access Denied", "Rate exceeded", USER };
	struct buf b;

	(void)state;
	buf_init(&b, SIZE_MAX);
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		assert_false(denied_by_word(messages[i], &b));
	assert_int_equal(b.len, 0);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refusal_names_action_and_resource),
		cmocka_unit_test(another_message_names_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
