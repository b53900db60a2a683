/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_WHEN_H
#define BASE_WHEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The time that a text names, in ms since 1970: of a command's option, of a column of a CSV file, of what a service
 * answers. False: none that is known here. Fractions are cut to milliseconds.
 *   2026-01-31, 20260131           the day's beginning; "/" may stand for "-"
 *   2026-01-31 14:30[:59[.123]]    "T" may stand for the space; UTC, unless "Z", "+02:00" or "+0200" follows
 *   1769869859[.123]               since 1970, by the digits before the point: up to 11 (but for the day above)
 *                                  seconds, to 14 milliseconds, to 17 microseconds, to 19 nanoseconds; "-": before 1970
 * Thread: any; pure. Source: ISO 8601; aws.md 1.3. */
bool when_parse(const uint8_t *p, size_t len, int64_t *ms);

#endif
