/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_BACKOFF_H
#define BASE_BACKOFF_H

#include <stdint.h>

/* Full jitter: the wait before attempt n is uniform in [0, min(cap, base * 2^n)], so that many clients do not come back
 * together. The source of chance is a seed, so that tests can repeat it. Pure. */

#define BACKOFF_BASE_MS 100
#define BACKOFF_CAP_MS 20000

/* failures: how often it has failed so far, from 1. floor_ms: what the server asked for, 0: nothing; capped too. */
int64_t backoff_ms(uint64_t *seed, int failures, int64_t floor_ms);

#endif
