/* SPDX-License-Identifier: Apache-2.0 */
#include "status/human.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

#define MINUTE_S 60
#define HOUR_S 3600
#define DAY_S 86400

void human_duration(int64_t ms, char out[HUMAN_MAX])
{
	int64_t s = ms / 1000;

	if (ms < 0)
		snprintf(out, HUMAN_MAX, "-");
	else if (s < MINUTE_S)
		snprintf(out, HUMAN_MAX, "%" PRId64 " s", s);
	else if (s < HOUR_S)
		snprintf(out, HUMAN_MAX, "%" PRId64 " min %" PRId64 " s", s / MINUTE_S, s % MINUTE_S);
	else if (s < DAY_S)
		snprintf(out, HUMAN_MAX, "%" PRId64 " h %" PRId64 " min", s / HOUR_S, s % HOUR_S / MINUTE_S);
	else
		snprintf(out, HUMAN_MAX, "%" PRId64 " d %" PRId64 " h", s / DAY_S, s % DAY_S / HOUR_S);
}

void human_bytes(double bytes, char out[HUMAN_MAX])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
	size_t unit = 0;

	while (bytes >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		bytes /= 1024;
		unit++;
	}
	if (bytes < 0)
		snprintf(out, HUMAN_MAX, "-");
	else
		snprintf(out, HUMAN_MAX, "%.*f %s", unit > 0 && bytes < 100 ? 1 : 0, bytes, units[unit]);
}

void human_count(double n, char out[HUMAN_MAX])
{
	char digits[HUMAN_MAX];
	size_t len, at = 0;

	if (n < 0 || n >= 1e18) {
		snprintf(out, HUMAN_MAX, n < 0 ? "-" : "very many");
		return;
	}
	snprintf(digits, sizeof(digits), "%.0f", n);
	len = strlen(digits);
	for (size_t i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = digits[i];
	}
	out[at] = '\0';
}

void human_time(int64_t real_ms, char out[HUMAN_MAX])
{
	time_t t = (time_t)(real_ms / 1000);
	struct tm tm;

	out[0] = '\0';
	if (real_ms > 0 && gmtime_r(&t, &tm) != NULL)
		strftime(out, HUMAN_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void human_escape(const char *s, struct buf *out)
{
	size_t most = 4 * strlen(s) + 1;
	uint8_t *room = buf_reserve(out, most);

	if (room != NULL)
		out->len += text_plain(s, (char *)room, most);
}
