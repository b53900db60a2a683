/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHECK_LIFECYCLE_H
#define CHECK_LIFECYCLE_H

#include <stddef.h>

/* The smallest number of days after which a bucket's lifecycle aborts uploads that nobody completes, for all keys under
 * a folder; 0: no rule does. data: the answer of GetBucketLifecycleConfiguration. A rule that looks at tags or sizes
 * does not count: an upload has none. Pure. Source: S3 API reference, "LifecycleRule". */
int lifecycle_abort_days(const void *data, size_t len, const char *root);

#endif
