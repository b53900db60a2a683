/* SPDX-License-Identifier: Apache-2.0 */
/* UTC dates by arithmetic. */
#include "base/civil.h"

/* Years are counted from March on, so that the leap day is a year's last; 400 of them have 146,097 days. */
struct civil_date civil_date(int64_t day)
{
	int64_t since_year_0 = day + 719468; /* 0000-03-01 is day 0 */
	int64_t era = since_year_0 / 146097, in_era = since_year_0 % 146097;
	int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * in_year + 2) / 153;

	return (struct civil_date){
		.year = (int)(era * 400 + year + (month >= 10)),
		.month = (int)(month < 10 ? month + 3 : month - 9),
		.day = (int)(in_year - (153 * month + 2) / 5 + 1),
	};
}

static char *put_digits(char *out, int value, int digits)
{
	for (int i = digits - 1; i >= 0; i--) {
		out[i] = (char)('0' + value % 10);
		value /= 10;
	}
	return out + digits;
}

bool civil_text(int64_t ms, char out[CIVIL_TEXT])
{
	struct civil_date d;
	int in_day = (int)(ms % CIVIL_DAY_MS);

	if (ms < 0 || ms >= CIVIL_END_MS)
		return false;
	d = civil_date(ms / CIVIL_DAY_MS);
	out = put_digits(out, d.year, 4);
	*out++ = '-';
	out = put_digits(out, d.month, 2);
	*out++ = '-';
	out = put_digits(out, d.day, 2);
	*out++ = ' ';
	out = put_digits(out, in_day / 3600000, 2);
	*out++ = ':';
	out = put_digits(out, in_day / 60000 % 60, 2);
	*out++ = ':';
	out = put_digits(out, in_day / 1000 % 60, 2);
	*out++ = '.';
	put_digits(out, in_day % 1000, 3);
	return true;
}
