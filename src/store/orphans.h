/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_ORPHANS_H
#define STORE_ORPHANS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/writer.h"

/* Multipart uploads that those who had a partition before us left behind: listed once an assignment, when all that was
 * recovered is published, and aborted one by one. Costs one LIST a thousand uploads under the prefix, and one for the
 * dead letters. Source: design.md, Objects; protocol.md H11. Thread: its uploader. */
struct orphans;

struct orphans *orphans_new(struct s3 *s3);
void orphans_free(struct orphans *o); /* what is out is cancelled; NULL is fine */

/* Look for those of writers that are due, or go on. */
void orphans_tick(struct orphans *o, struct writer *writers, int64_t now_boot_ms);
/* False: it is not one of its calls. */
bool orphans_call_done(struct orphans *o, const struct s3_call *c, int64_t now_boot_ms);

#endif
