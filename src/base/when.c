/* SPDX-License-Identifier: Apache-2.0 */
/* Times as people write them into a column, to milliseconds since 1970. No locale, no time zone of the machine. */
#include "base/when.h"

#define DAY_MS INT64_C(86400000)

struct cursor {
	const uint8_t *p;
	const uint8_t *end;
};

static bool take(struct cursor *c, uint8_t a, uint8_t b)
{
	if (c->p == c->end || (*c->p != a && *c->p != b))
		return false;
	c->p++;
	return true;
}

static bool take_number(struct cursor *c, unsigned digits, int64_t min, int64_t max, int64_t *value)
{
	*value = 0;
	for (unsigned i = 0; i < digits; i++) {
		if (c->p == c->end || *c->p < '0' || *c->p > '9')
			return false;
		*value = *value * 10 + (*c->p++ - '0');
	}
	return *value >= min && *value <= max;
}

/* The digits behind a point as a thousandth; the ones behind the third are checked and cut. */
static bool take_thousandths(struct cursor *c, int64_t *ms)
{
	int64_t unit = 100;
	const uint8_t *begin = c->p;

	for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++) {
		*ms += (*c->p - '0') * unit;
		unit /= 10;
	}
	return c->p > begin;
}

static int64_t days_in_month(int64_t year, int64_t month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* Days since 1970-01-01 of a date of the Gregorian calendar, years counted from March so that leap days come last. */
static int64_t days_since_1970(int64_t year, int64_t month, int64_t day)
{
	int64_t y = year - (month <= 2), m = (month + 9) % 12;

	return y * 365 + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10 + day - 1 - 719468;
}

static bool take_date(struct cursor *c, bool compact, int64_t *ms)
{
	int64_t year, month, day;

	if (!take_number(c, 4, 1, 9999, &year) || (!compact && !take(c, '-', '/')) ||
	    !take_number(c, 2, 1, 12, &month) || (!compact && !take(c, '-', '/')) ||
	    !take_number(c, 2, 1, days_in_month(year, month), &day))
		return false;
	*ms = days_since_1970(year, month, day) * DAY_MS;
	return true;
}

static bool take_clock(struct cursor *c, int64_t *ms)
{
	int64_t hour, minute, second = 0;

	if (!take_number(c, 2, 0, 23, &hour) || !take(c, ':', ':') || !take_number(c, 2, 0, 59, &minute))
		return false;
	if (take(c, ':', ':') && !take_number(c, 2, 0, 60, &second))
		return false;
	*ms += ((hour * 60 + minute) * 60 + second) * 1000;
	return !take(c, '.', ',') || take_thousandths(c, ms);
}

static bool take_zone(struct cursor *c, int64_t *ms)
{
	int64_t hour, minute, sign;

	if (c->p == c->end || take(c, 'Z', 'z'))
		return true;
	sign = *c->p == '-' ? 1 : -1;
	if (!take(c, '+', '-') || !take_number(c, 2, 0, 15, &hour))
		return false;
	take(c, ':', ':');
	if (!take_number(c, 2, 0, 59, &minute))
		return false;
	*ms += sign * (hour * 60 + minute) * 60000;
	return true;
}

static bool parse_date(struct cursor c, bool compact, int64_t *ms)
{
	if (!take_date(&c, compact, ms))
		return false;
	if (c.p == c.end)
		return true;
	if (compact || (!take(&c, 'T', 't') && !take(&c, ' ', ' ')) || !take_clock(&c, ms))
		return false;
	return take_zone(&c, ms) && c.p == c.end;
}

static bool parse_epoch(struct cursor c, size_t digits, bool negative, int64_t *ms)
{
	int64_t value, fraction = 0;

	if (digits == 0 || digits > 19 || !take_number(&c, (unsigned)digits, 0, INT64_MAX, &value))
		return false;
	if (take(&c, '.', '.') && !take_thousandths(&c, &fraction))
		return false;
	if (c.p != c.end)
		return false;
	if (digits <= 11)
		value = value * 1000 + fraction;
	else if (digits > 17)
		value /= 1000000;
	else if (digits > 14)
		value /= 1000;
	*ms = negative ? -value : value;
	return true;
}

bool when_parse(const uint8_t *p, size_t len, int64_t *ms)
{
	struct cursor c = { p, p + len };
	size_t digits = 0;
	bool negative = len > 0 && *p == '-';

	c.p += negative;
	while (c.p + digits < c.end && c.p[digits] >= '0' && c.p[digits] <= '9')
		digits++;
	if (!negative && digits == 4 && len > 4)
		return (c.p[4] == '-' || c.p[4] == '/') ? parse_date(c, false, ms) : parse_epoch(c, digits, false, ms);
	if (!negative && digits == 8 && len == 8)
		return parse_date(c, true, ms);
	return parse_epoch(c, digits, negative, ms);
}
