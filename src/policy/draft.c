/* SPDX-License-Identifier: Apache-2.0 */
/* Statements, resources, and what stands in for what is not known. */
#include "policy/draft.h"

#include <stdlib.h>
#include <string.h>

#include "aws/arn.h"
#include "base/mem.h"

void draft_add(json_t *list, char *text)
{
	bool known = false;

	for (size_t i = 0; i < json_array_size(list); i++)
		known = known || strcmp(json_string_value(json_array_get(list, i)), text) == 0;
	if (!known)
		json_array_append_new(list, json_string(text));
	free(text);
}

void draft_allow(struct draft *d, const char *sid, const char *const *actions, json_t *resources, json_t *condition)
{
	json_t *statement, *list = json_array();

	if (json_array_size(resources) == 0) {
		json_decref(list);
		json_decref(resources);
		json_decref(condition);
		return;
	}
	for (; *actions != NULL; actions++)
		json_array_append_new(list, json_string(*actions));
	statement =
		json_pack("{s:s, s:s, s:o, s:o}", "Sid", sid, "Effect", "Allow", "Action", list, "Resource", resources);
	if (condition != NULL)
		json_object_set_new(statement, "Condition", condition);
	json_array_append_new(d->statements, statement);
}

const char *draft_region(struct draft *d)
{
	d->region_missed |= d->region[0] == '\0';
	return d->region[0] != '\0' ? d->region : ARN_ANY_REGION;
}

const char *draft_account(struct draft *d)
{
	d->account_missed |= d->account[0] == '\0';
	return d->account[0] != '\0' ? d->account : ARN_ANY_ACCOUNT;
}

char *draft_s3_arn(struct draft *d, const char *bucket, const char *key)
{
	struct buf b;
	char *out;

	buf_init(&b, SIZE_MAX);
	if (arn_is_access_point(bucket))
		arn_s3(&b, bucket, key, draft_region(d), draft_account(d));
	else
		arn_s3(&b, bucket, key, d->region, "");
	out = mem_strdup(buf_str(&b));
	buf_free(&b);
	return out;
}
