/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_S3_DENIED_H
#define STORE_S3_DENIED_H

#include "base/buf.h"
#include "store/s3.h"

/* What a person has to grant when S3 says 403: "grant s3:PutObject on arn:aws:s3:::lake/raw/…", appended to out.
 * message: what S3 says of it; where that names the action, as AWS does for most and for KMS, it is taken at its word.
 * region: "" when it is not known. Pure. Source: Service authorization reference, Amazon S3. */
void s3_denied(const struct s3_call *c, const char *bucket, const char *region, const char *message, struct buf *out);

#endif
