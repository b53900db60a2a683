/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_CREDENTIALS_CACHE_H
#define AWS_CREDENTIALS_CACHE_H

#include <stdint.h>

#include "aws/credentials.h"
#include "board/board.h"

/* The one provider of a process that all others share. A thread of its own asks the sources, since they may take
 * seconds, and asks again ahead of time; whoever signs takes a copy of the newest and never waits. What it has stays in
 * use while a refresh fails, until it expires. Sources that are quick are asked by whoever fetches.
 *
 * fetch: RETRY with EAGAIN until the first answer of a source, then what the source said while there are none that are
 * valid. refresh: asks again at once, but no sooner than a few seconds after it was last asked; many who want it want
 * one. Thread: any, but for credentials_change. */

/* Owns: takes inner; freed with the last hold (p->free), which ends the thread. board: for its beat; NULL: it has none.
 */
struct credential_provider *credentials_cache(struct credential_provider *inner, struct board *board);

/* The cache of the sources that these settings ask for: what a command, or the daemon, makes once. Those for S3 and
 * Glue are s3.role_arn's where it is given; base: without it, since a cluster of MSK is the account's own. */
struct credential_provider *credentials_shared(const struct settings *s, struct board *board);
struct credential_provider *credentials_shared_base(const struct settings *s, struct board *board);

/* Other settings. With the same sources they are asked again; else what there was is forgotten. Thread: main. */
void credentials_change(struct credential_provider *cache, const struct settings *from, const struct settings *to);

/* When to ask again, in ms from now: pure.
 * After an answer: 15 minutes ahead of its end, of a short life half way; INT64_MAX: never. */
int64_t credentials_ask_in_ms(int64_t expires_ms, int64_t now_real_ms);

#endif
