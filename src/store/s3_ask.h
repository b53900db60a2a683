/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_S3_ASK_H
#define STORE_S3_ASK_H

#include "store/s3.h"

/* One call, begun and waited for: for whoever has nothing else to do. Errors: those of the call; RETRY when there is no
 * answer within the limit, with what is in the way. Thread: that of the struct s3. */
int s3_ask(struct s3 *s3, struct s3_call *c, int limit_ms, struct error *e);

#endif
