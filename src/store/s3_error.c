/* SPDX-License-Identifier: Apache-2.0 */
/* The table of S3's errors, and the reader of what an answer says of itself. Data and pure functions only: what is
 * done about a verdict stands in s3.c.
 * Order matters in the table: codes before bare status classes, one operation before all. */
#include "store/s3_error.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xml.h"

#define PUBLISH (1u << S3_PUT | 1u << S3_COMPLETE)
#define IN_UPLOAD (1u << S3_PART | 1u << S3_COMPLETE)

#define ADVICE_KEYS "check s3.access_key_id and s3.secret_access_key, or where else the credentials come from"
#define ADVICE_KMS "check that the key s3.kms_key_id exists, is enabled, and lets this principal use it"
#define ADVICE_REGION "set s3.region to the bucket's region"
#define ADVICE_DENIED "see \"kafka2s3 iam-policy\""
#define ADVICE_BUCKET "create the bucket, or set s3.bucket and s3.endpoint right"

static const struct s3_rule rules[] = {
	/* Conditional writes and dead uploads. */
	{ "PreconditionFailed", 0, 0, PUBLISH, VERDICT_EXISTS, NULL },
	{ "ConditionalRequestConflict", 0, 0, 1u << S3_COMPLETE, VERDICT_DEAD, NULL },
	{ "ConditionalRequestConflict", 0, 0, 0, VERDICT_RETRY, NULL },
	{ "NotImplemented", 0, 0, PUBLISH, VERDICT_UNCONDITIONAL, "the store lacks something that is asked of it" },
	{ "NoSuchUpload", 0, 0, IN_UPLOAD, VERDICT_DEAD, NULL },
	{ "NoSuchUpload", 0, 0, 1u << S3_ABORT, VERDICT_GONE, NULL },
	{ "InvalidPart", 0, 0, 1u << S3_COMPLETE, VERDICT_DEAD, NULL },
	{ "EntityTooSmall", 0, 0, 0, VERDICT_PERSON, "raise s3.part_size to the store's smallest part" },

	/* What passes. */
	{ "SlowDown*", 0, 0, 0, VERDICT_RETRY, NULL },
	{ "ServiceUnavailable", 0, 0, 0, VERDICT_RETRY, NULL },
	{ "InternalError", 0, 0, 0, VERDICT_RETRY, NULL },
	{ "Throttl*", 0, 0, 0, VERDICT_RETRY, NULL },
	{ "RequestThrottled*", 0, 0, 0, VERDICT_RETRY, NULL },
	{ "TooManyRequests*", 0, 0, 0, VERDICT_RETRY, NULL },
	{ "RequestLimitExceeded", 0, 0, 0, VERDICT_RETRY, NULL },
	{ "BandwidthLimitExceeded", 0, 0, 0, VERDICT_RETRY, NULL },
	{ "PriorRequestNotComplete", 0, 0, 0, VERDICT_RETRY, NULL },
	{ "RequestTimeout*", 0, 0, 0, VERDICT_RETRY, NULL },
	{ "OperationAborted", 0, 0, 0, VERDICT_RETRY, NULL },
	{ "BadDigest", 0, 0, 0, VERDICT_RETRY, NULL },
	{ "IncompleteBody", 0, 0, 0, VERDICT_RETRY, NULL },
	{ "XAmzContent*Mismatch", 0, 0, 0, VERDICT_RETRY, NULL },
	{ "KMS.Throttling*", 0, 0, 0, VERDICT_RETRY, NULL },
	{ "KMS.KMSInternal*", 0, 0, 0, VERDICT_RETRY, NULL },

	/* Credentials and the clock. */
	{ "ExpiredToken*", 0, 0, 0, VERDICT_REFRESH, "the credentials are expired" },
	{ "TokenRefreshRequired", 0, 0, 0, VERDICT_REFRESH, "the credentials are expired" },
	{ "InvalidToken", 0, 0, 0, VERDICT_REFRESH, "the session token is not valid" },
	{ "RequestTimeTooSkewed", 0, 0, 0, VERDICT_SKEW, "the clock of this machine is off" },
	{ "RequestExpired", 0, 0, 0, VERDICT_SKEW, "the clock of this machine is off" },
	{ "RequestInTheFuture", 0, 0, 0, VERDICT_SKEW, "the clock of this machine is off" },
	{ "SignatureDoesNotMatch", 0, 0, 0, VERDICT_SIGNATURE, "the secret does not fit the key id: " ADVICE_KEYS },
	{ "InvalidSignatureException", 0, 0, 0, VERDICT_SIGNATURE, ADVICE_KEYS },
	{ "AuthFailure", 0, 0, 0, VERDICT_SIGNATURE, ADVICE_KEYS },
	{ "InvalidAccessKeyId", 0, 0, 0, VERDICT_PERSON, "the key id is not known there: " ADVICE_KEYS },
	{ "XAdminUserNotFound", 0, 0, 0, VERDICT_PERSON, "the key id is not known there: " ADVICE_KEYS },
	{ "AccountProblem", 0, 0, 0, VERDICT_PERSON, "ask the provider of the account" },
	{ "AllAccessDisabled", 0, 0, 0, VERDICT_PERSON, "ask the provider of the account" },
	{ "NotSignedUp", 0, 0, 0, VERDICT_PERSON, "ask the provider of the account" },
	{ "AccessDenied", 0, 0, 0, VERDICT_PERSON, ADVICE_DENIED },

	/* The bucket's place. */
	{ "PermanentRedirect", 0, 0, 0, VERDICT_MOVED, ADVICE_REGION },
	{ "TemporaryRedirect", 0, 0, 0, VERDICT_MOVED, ADVICE_REGION },
	{ "Redirect", 0, 0, 0, VERDICT_MOVED, ADVICE_REGION },
	{ "AuthorizationHeaderMalformed", 0, 0, 0, VERDICT_MOVED, ADVICE_REGION },
	{ "IllegalLocationConstraintException", 0, 0, 0, VERDICT_MOVED, ADVICE_REGION },

	/* What a person must mend. */
	{ "NoSuchBucket", 0, 0, 0, VERDICT_PERSON, ADVICE_BUCKET },
	{ "InvalidBucketName", 0, 0, 0, VERDICT_PERSON, "set s3.bucket to a legal name" },
	{ "InvalidBucketState", 0, 0, 0, VERDICT_PERSON, "the bucket does not take objects in its present state" },
	{ "KMS.*", 0, 0, 0, VERDICT_PERSON, ADVICE_KMS },
	{ "InvalidStorageClass", 0, 0, 0, VERDICT_PERSON, "set s3.storage_class to one that the store knows" },
	{ "InvalidEncryptionAlgorithmError", 0, 0, 0, VERDICT_PERSON, "set s3.sse to one that the store knows" },
	{ "ServerSideEncryptionConfigurationNotFoundError", 0, 0, 0, VERDICT_PERSON, "check s3.sse" },
	{ "EntityTooLarge", 0, 0, 0, VERDICT_PERSON, "lower s3.part_size or roll.bytes to what the store takes" },
	{ "KeyTooLong*", 0, 0, 0, VERDICT_PERSON, "shorten output.key or s3.prefix" },
	{ "MethodNotAllowed", 0, 0, 0, VERDICT_PERSON, "check s3.endpoint: it does not take writes" },
	{ "QuotaExceeded", 0, 0, 0, VERDICT_PERSON, "the store is full: make room, or raise the quota" },
	{ "XMinioStorageFull", 0, 0, 0, VERDICT_PERSON, "the store is full: make room, or raise the quota" },

	/* No code, or none that is known. */
	{ NULL, 300, 399, 0, VERDICT_MOVED, ADVICE_REGION },
	{ NULL, 401, 401, 0, VERDICT_SIGNATURE, ADVICE_KEYS },
	{ "", 403, 403, 0, VERDICT_SIGNATURE, ADVICE_DENIED },
	{ NULL, 407, 407, 0, VERDICT_PERSON, "check s3.proxy: it asks for a login" },
	{ NULL, 408, 408, 0, VERDICT_RETRY, NULL },
	{ NULL, 409, 409, 1u << S3_COMPLETE, VERDICT_DEAD, NULL },
	{ NULL, 409, 409, 0, VERDICT_RETRY, NULL },
	{ NULL, 412, 412, PUBLISH, VERDICT_EXISTS, NULL },
	{ NULL, 425, 425, 0, VERDICT_RETRY, NULL },
	{ NULL, 429, 429, 0, VERDICT_RETRY, NULL },
	{ NULL, 400, 499, 0, VERDICT_PERSON, "check bucket, endpoint and permissions" },
	{ NULL, 501, 501, PUBLISH, VERDICT_UNCONDITIONAL, "the store lacks something that is asked of it" },
	{ NULL, 501, 501, 0, VERDICT_PERSON, "the store does not know this operation: check s3.endpoint" },
	{ NULL, 0, 0, 0, VERDICT_RETRY, NULL },
};

static bool code_fits(const char *pattern, const char *code)
{
	const char *star = strchr(pattern, '*');
	size_t head, tail;

	if (star == NULL)
		return strcmp(pattern, code) == 0;
	head = (size_t)(star - pattern);
	tail = strlen(star + 1);
	return strlen(code) >= head + tail && strncmp(code, pattern, head) == 0 &&
	       strcmp(code + strlen(code) - tail, star + 1) == 0;
}

const struct s3_rule *s3_rule_for(enum s3_op op, int status, const char *code)
{
	const struct s3_rule *r = rules;

	for (;; r++) {
		if (r->ops != 0 && (r->ops & 1u << op) == 0)
			continue;
		if (r->status_to != 0 && (status < r->status_from || status > r->status_to))
			continue;
		if (r->code == NULL || code_fits(r->code, code))
			return r;
	}
}

static int64_t retry_after(const char *s, int64_t now_real_ms)
{
	char *end;
	long seconds = strtol(s, &end, 10);
	int64_t date;

	if (end != s && *end == '\0')
		return seconds > 0 && seconds < 86400 ? (int64_t)seconds * 1000 : 0;
	date = http_date(s);
	return date > now_real_ms ? date - now_real_ms : 0;
}

/* Store-given text goes to the log: printable ASCII only. */
static void tidy(char *s)
{
	for (; *s != '\0'; s++)
		if (!isprint((unsigned char)*s))
			*s = '?';
}

void s3_answer_read(const struct http_request *r, int64_t now_real_ms, struct s3_answer *a)
{
	const struct buf *b = &r->response;
	const char *region = http_response_header(r, "x-amz-bucket-region");
	const char *date = http_response_header(r, "date");
	const char *after = http_response_header(r, "retry-after");

	*a = (struct s3_answer){ .status = r->status };
	if (b->len > 0) {
		xml_find(b->data, b->len, "/Error/Code", a->code, sizeof(a->code));
		xml_find(b->data, b->len, "/Error/Message", a->message, sizeof(a->message));
		xml_find(b->data, b->len, "/Error/Region", a->region, sizeof(a->region));
		xml_find(b->data, b->len, "/Error/Endpoint", a->endpoint, sizeof(a->endpoint));
	}
	if (region != NULL)
		snprintf(a->region, sizeof(a->region), "%s", region);
	tidy(a->code);
	tidy(a->message);
	tidy(a->region);
	tidy(a->endpoint);
	a->date_ms = date != NULL ? http_date(date) : 0;
	a->retry_after_ms = after != NULL ? retry_after(after, now_real_ms) : 0;
}
