/* SPDX-License-Identifier: Apache-2.0 */
/* From a call to the permission that it needs. S3's own word is better, where it gives one: it alone knows whether it
 * was the key of KMS that refused. */
#include "store/s3_denied.h"

#include <ctype.h>
#include <string.h>

#include "aws/arn.h"
#include "aws/denied.h"

static const struct {
	const char *action;
	bool on_bucket;
	const char *more; /* what else the answer can mean, or NULL */
} needs[] = {
	[S3_PUT] = { "s3:PutObject", false, NULL },
	[S3_CREATE] = { "s3:PutObject", false, NULL },
	[S3_PART] = { "s3:PutObject", false, NULL },
	[S3_COMPLETE] = { "s3:PutObject", false, NULL },
	[S3_ABORT] = { "s3:AbortMultipartUpload", false, NULL },
	[S3_LIST_UPLOADS] = { "s3:ListBucketMultipartUploads", true, NULL },
	[S3_LIST_OBJECTS] = { "s3:ListBucket", true, NULL },
	/* A key that is not there is a 404 only for who may list the bucket. */
	[S3_HEAD] = { "s3:GetObject", false, "unless the object is gone" },
	[S3_GET] = { "s3:GetObject", false, "unless the object is gone" },
	[S3_DELETE] = { "s3:DeleteObject", false, NULL },
	[S3_LIFECYCLE] = { "s3:GetLifecycleConfiguration", true, NULL },
};

/* A key can come from a list. "?" is the wildcard of policies, too. */
static void make_plain(struct buf *b, size_t from)
{
	for (size_t i = from; i < b->len; i++)
		if (!isprint(b->data[i]))
			b->data[i] = '?';
}

void s3_denied(const struct s3_call *c, const char *bucket, const char *region, const char *message, struct buf *out)
{
	size_t from;

	if (denied_by_word(message, out))
		return;
	buf_addf(out, "grant %s on ", needs[c->op].action);
	from = out->len;
	arn_s3(out, bucket, needs[c->op].on_bucket ? NULL : c->key, region, "");
	make_plain(out, from);
	if (c->topic != NULL && c->topic->kms_key_id[0] != '\0')
		buf_addf(out, ", and kms:GenerateDataKey and kms:Decrypt on the key \"%s\"", c->topic->kms_key_id);
	if (needs[c->op].more != NULL)
		buf_addf(out, ", %s", needs[c->op].more);
}
