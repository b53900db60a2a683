/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STATUS_OPENMETRICS_H
#define STATUS_OPENMETRICS_H

#include "base/buf.h"
#include "board/histogram.h"

/* The text format of metrics, as far as we use it. Pure; each appends. A family is its head and then its samples.
 * Source: OpenMetrics 1.0, "Text format". */

#define OPENMETRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

enum openmetrics_type { OPENMETRICS_GAUGE, OPENMETRICS_COUNTER, OPENMETRICS_HISTOGRAM, OPENMETRICS_INFO };

/* "gauge" */
const char *openmetrics_type_name(enum openmetrics_type type);
/* What the name of a sample has behind that of its family: "_total"; of a histogram it is "". */
const char *openmetrics_suffix(enum openmetrics_type type);

/* unit: what the name ends with; NULL: it has none. */
void openmetrics_head(struct buf *out, const char *name, enum openmetrics_type type, const char *unit,
		      const char *help);
/* labels: what openmetrics_label made; "": none. */
void openmetrics_sample(struct buf *out, const char *name, const char *suffix, const char *labels, double value);
void openmetrics_histogram(struct buf *out, const char *name, const struct histogram *h,
			   const struct histogram_bounds *b);
void openmetrics_end(struct buf *out);

/* One more label. The value is text from anywhere: what is no plain text in it comes as "\xNN", then escaped. */
void openmetrics_label(struct buf *labels, const char *name, const char *value);

#endif
