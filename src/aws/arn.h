/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_ARN_H
#define AWS_ARN_H

#include "base/buf.h"

/* Amazon resource names, as policies and refusals call things. All are pure.
 * Source: IAM user guide, "Amazon resource names"; Service authorization reference, Amazon S3. */

/* What stands in an ARN where the settings cannot know it. */
#define ARN_ANY_ACCOUNT "ACCOUNT_ID"
#define ARN_ANY_REGION "REGION"

/* "aws", "aws-cn", "aws-us-gov", …, by the region's name; "" is "aws". */
const char *arn_partition(const char *region);
/* "amazonaws.com", or what the partition has instead. */
const char *arn_dns_suffix(const char *region);

/* Of a bucket, appended to b, with an object's key or pattern behind it unless key is NULL. A bucket that is the alias
 * of an access point ("…-s3alias") becomes that access point, whose name the alias does not tell: "ACCESS_POINT_NAME".
 * region and account: "" where they are not known. */
void arn_s3(struct buf *b, const char *bucket, const char *key, const char *region, const char *account);
/* Is the bucket the alias of an access point, or an access point's ARN? */
bool arn_is_access_point(const char *bucket);

#endif
