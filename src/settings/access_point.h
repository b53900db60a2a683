/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_ACCESS_POINT_H
#define SETTINGS_ACCESS_POINT_H

#include <stdbool.h>

#include "base/error.h"

/* An access point of S3, where s3.bucket names one by its ARN: arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME. By its alias
 * it is a bucket like any other. Pure. Source: S3 user guide, "referencing access points"; aws.md 5.1. */
#define ACCESS_POINT_REGION 32
#define ACCESS_POINT_ACCOUNT 12
#define ACCESS_POINT_NAME 50

struct access_point {
	char region[ACCESS_POINT_REGION + 1];
	char account[ACCESS_POINT_ACCOUNT + 1];
	char name[ACCESS_POINT_NAME + 1];
};

/* Is it an ARN, whatever of? */
bool access_point_is(const char *bucket);
/* Errors: GIVE_UP; what cannot be used (several regions, Outposts, Object Lambda) is named. */
int access_point_parse(const char *arn, struct access_point *a, struct error *e);

#endif
