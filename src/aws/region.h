/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_REGION_H
#define AWS_REGION_H

#include "settings/settings.h"

/* The region that is worked in: s3.region, AWS_REGION, AWS_DEFAULT_REGION, the profile's, the instance's, whichever is
 * said first; "" when none is. The instance is asked once in the life of the process, for a second or two at most.
 * Owns: the caller frees. Thread: any. Source: aws.md 4.4. */
char *region_resolve(const struct settings *s);

/* The same without asking the instance, which knows nothing of a store that is not AWS's. */
char *region_given(const struct settings *s);

#endif
