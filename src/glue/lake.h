/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GLUE_LAKE_H
#define GLUE_LAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/credentials.h"
#include "base/error.h"
#include "settings/settings.h"
#include "store/s3.h"

/* What the bucket holds, seen by one who may wait: one call at a time. Thread: the one that opened it. */
struct lake {
	struct s3 *s3;
};

/* settings must outlive it. Owns: takes the provider. Errors: endpoint or CA file. */
int lake_open(struct lake *l, const struct settings *s, struct credential_provider *p, struct error *e);
void lake_close(struct lake *l);

/* One call, of which the caller has filled in the upper part, and whose results are its to free. Errors: what S3 says;
 * RETRY where it says nothing for some seconds, or the thread's exchanges are to stop. */
int lake_call(struct lake *l, struct s3_call *c, struct error *e);

/* The next line of a LIST; false: there is none. Writes into *at. */
bool lake_row(char **at, int64_t *bytes, int64_t *modified_ms, char **key);

#endif
