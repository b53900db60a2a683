/* SPDX-License-Identifier: Apache-2.0 */
#include "status/openmetrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Of what others wrote no more than this goes into a label. */
#define LABEL_MAX 512
/* From here on a bound is written with an exponent. */
#define EXPONENT_FROM 1e6
/* Below it a double holds every whole number. */
#define WHOLE_MAX 9007199254740992.0

static const struct {
	const char *name, *suffix;
} types[] = {
	[OPENMETRICS_GAUGE] = { "gauge", "" },
	[OPENMETRICS_COUNTER] = { "counter", "_total" },
	[OPENMETRICS_HISTOGRAM] = { "histogram", "" },
	[OPENMETRICS_INFO] = { "info", "_info" },
};

const char *openmetrics_type_name(enum openmetrics_type type)
{
	return types[type].name;
}

const char *openmetrics_suffix(enum openmetrics_type type)
{
	return types[type].suffix;
}

void openmetrics_head(struct buf *out, const char *name, enum openmetrics_type type, const char *unit, const char *help)
{
	buf_addf(out, "# TYPE %s %s\n", name, types[type].name);
	if (unit != NULL)
		buf_addf(out, "# UNIT %s %s\n", name, unit);
	buf_addf(out, "# HELP %s %s\n", name, help);
}

static void add_value(struct buf *out, double value)
{
	if (value > -WHOLE_MAX && value < WHOLE_MAX && (double)(int64_t)value == value)
		buf_addf(out, " %" PRId64 "\n", (int64_t)value);
	else
		buf_addf(out, " %.15g\n", value);
}

void openmetrics_sample(struct buf *out, const char *name, const char *suffix, const char *labels, double value)
{
	buf_adds(out, name);
	buf_adds(out, suffix);
	if (labels[0] != '\0') {
		buf_addc(out, '{');
		buf_adds(out, labels);
		buf_addc(out, '}');
	}
	add_value(out, value);
}

/* The shortest form that is this number again, always with a point: all who write a bound write it so, and one that is
 * written otherwise is another series. */
static void format_bound(double bound, char out[32])
{
	for (int digits = 1; digits <= 17; digits++) {
		snprintf(out, 32, bound < EXPONENT_FROM ? "%.*f" : "%.*e", digits, bound);
		if (strtod(out, NULL) == bound)
			return;
	}
}

void openmetrics_histogram(struct buf *out, const char *name, const struct histogram *h,
			   const struct histogram_bounds *b)
{
	uint64_t n = 0;
	char bound[32], labels[48];

	for (int i = 0; i < b->n; i++) {
		n += h->n[i];
		format_bound(b->upper[i], bound);
		snprintf(labels, sizeof(labels), "le=\"%s\"", bound);
		openmetrics_sample(out, name, "_bucket", labels, (double)n);
	}
	openmetrics_sample(out, name, "_bucket", "le=\"+Inf\"", (double)h->count);
	openmetrics_sample(out, name, "_count", "", (double)h->count);
	openmetrics_sample(out, name, "_sum", "", h->sum);
}

void openmetrics_end(struct buf *out)
{
	buf_adds(out, "# EOF\n");
}

void openmetrics_label(struct buf *labels, const char *name, const char *value)
{
	char plain[LABEL_MAX];

	text_plain(value, plain, sizeof(plain));
	buf_addf(labels, "%s%s=\"", labels->len > 0 ? "," : "", name);
	for (const char *p = plain; *p != '\0'; p++) {
		if (*p == '\\' || *p == '"')
			buf_addc(labels, '\\');
		buf_addc(labels, *p);
	}
	buf_addc(labels, '"');
}
