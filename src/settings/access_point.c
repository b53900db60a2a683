/* SPDX-License-Identifier: Apache-2.0 */
/* The ARN of an access point, taken apart. What is taken becomes part of a host name: so nothing but letters, digits
 * and hyphens is. */
#include "settings/access_point.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"
#define MANY_REGIONS "multi-region access points are not supported; give the bucket, or an access point of one region"
#define FORM "arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME"

static bool begins_with(const char *s, const char *begin)
{
	return strncmp(s, begin, strlen(begin)) == 0;
}

bool access_point_is(const char *bucket)
{
	return begins_with(bucket, "arn:");
}

static int bad(const char *arn, const char *why, struct error *e)
{
	return error_set(e, ERROR_GIVE_UP, 0, "\"%s\": %s", arn, why);
}

/* Up to one of ends, into out; false: empty, too long, or of other characters. */
static bool take(const char **p, const char *ends, const char *alphabet, char *out, size_t max)
{
	size_t len = strcspn(*p, ends);

	if (len == 0 || len > max || strspn(*p, alphabet) < len)
		return false;
	snprintf(out, max + 1, "%.*s", (int)len, *p);
	*p += len;
	return true;
}

/* What is no access point of one region. */
static const char *other_kind(const char *arn)
{
	const char *service = strchr(arn + strlen("arn:"), ':');

	if (service == NULL)
		return "an access point is written \"" FORM "\"";
	if (begins_with(service, ":s3-object-lambda:"))
		return "Object Lambda access points only read, so nothing can be landed there; give the bucket";
	if (begins_with(service, ":s3-outposts:"))
		return "S3 on Outposts is not supported; give a bucket of a region";
	if (begins_with(service, ":s3express:"))
		return "directory buckets (S3 Express) are not supported; give a general purpose bucket";
	if (begins_with(service, ":s3::"))
		return strstr(service, "accesspoint") != NULL ? MANY_REGIONS : "of a bucket give the name, not the ARN";
	return begins_with(service, ":s3:") ? NULL : "an access point is written \"" FORM "\"";
}

int access_point_parse(const char *arn, struct access_point *a, struct error *e)
{
	static const char kind[] = "accesspoint";
	const char *why = other_kind(arn), *p;

	if (why != NULL)
		return bad(arn, why, e);
	p = strstr(arn, ":s3:") + strlen(":s3:");
	if (!take(&p, ":", LOWER DIGITS "-", a->region, ACCESS_POINT_REGION) || *p++ != ':' ||
	    !take(&p, ":", DIGITS, a->account, ACCESS_POINT_ACCOUNT) || *p++ != ':' ||
	    strlen(a->account) != ACCESS_POINT_ACCOUNT)
		return bad(arn, "an access point is written \"" FORM "\", ACCOUNT of 12 digits", e);
	if (!begins_with(p, kind) || (p[strlen(kind)] != '/' && p[strlen(kind)] != ':'))
		return bad(arn, "this is not the ARN of an access point", e);
	p += strlen(kind) + 1;
	if (!take(&p, "", LOWER DIGITS "-", a->name, ACCESS_POINT_NAME) || a->name[0] == '-')
		return bad(arn, "the name of an access point has up to 50 lower-case letters, digits and hyphens", e);
	return 0;
}
