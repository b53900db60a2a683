/* SPDX-License-Identifier: Apache-2.0 */
/* Full jitter. */
#include "base/backoff.h"

/* splitmix64: any seed is good, zero too. */
static uint64_t next(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

int64_t backoff_ms(uint64_t *seed, int failures, int64_t floor_ms)
{
	int64_t ceiling = BACKOFF_BASE_MS, wait;

	for (int i = 1; i < failures && ceiling < BACKOFF_CAP_MS; i++)
		ceiling *= 2;
	if (ceiling > BACKOFF_CAP_MS)
		ceiling = BACKOFF_CAP_MS;
	if (floor_ms > BACKOFF_CAP_MS)
		floor_ms = BACKOFF_CAP_MS;
	wait = (int64_t)(next(seed) % (uint64_t)(ceiling + 1));
	return wait > floor_ms ? wait : floor_ms;
}
