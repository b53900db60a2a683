/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CIVIL_H
#define BASE_CIVIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* UTC dates without the C library's time zone, fast enough for every record. Usable times are those of the years 1970
 * to 9999; a Kafka record without a timestamp has -1, which is none of them. */
#define CIVIL_END_MS INT64_C(253402300800000) /* 10000-01-01 */
#define CIVIL_DAY_MS INT64_C(86400000)
#define CIVIL_TEXT 23 /* "2026-11-22 15:04:05.678" */

struct civil_date {
	int year, month, day;
};

/* Gregorian date of a day since 1970; day is not negative. */
struct civil_date civil_date(int64_t day);

/* "yyyy-MM-dd HH:mm:ss.SSS", without a terminating zero; false: no usable time, out is as it was. */
bool civil_text(int64_t ms, char out[CIVIL_TEXT]);

#endif
