/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STATUS_METRICS_H
#define STATUS_METRICS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "board/histogram.h"
#include "status/openmetrics.h"
#include "status/view.h"

/* What a monitoring system is told: a table, a row a metric, from which /metrics and kafka2s3-metrics(7) are made.
 * What is not known has no sample, so that nobody takes it for a number. */

/* The metrics as OpenMetrics text; appends. Pure. */
void view_metrics(const struct view *v, struct buf *out);
/* The list in the man page, as mdoc. */
void metrics_man(FILE *out);

/* ---- The table ---- */

enum metric_kind {
	METRIC_EMITTED, /* by a function of its own */
	METRIC_INT,
	METRIC_BOOL,
	METRIC_U64,
	METRIC_I64, /* less than 0: not known */
	METRIC_HISTOGRAM,
};

enum metric_of { METRIC_OF_VIEW, METRIC_OF_PARTITION, METRIC_OF_BOARD_PARTITION };

/* What the samples are made from. */
struct scrape {
	const struct view *view;
	struct buf *out;
	struct buf labels;      /* of each partition: topic and number, one behind the other, each with its zero */
	size_t *partition_from; /* where in there */
	struct buf label;       /* to make another one in */
};

struct metric {
	const char *heading; /* of the rows from here on; NULL: as before */
	const char *name;    /* "_seconds" and "_bytes" at its end are its unit; integers in seconds are held in ms */
	enum openmetrics_type type;
	const char *labels; /* of its samples, for the man page; NULL: none */
	const char *help;

	/* The member that it is, ... */
	enum metric_of of;
	enum metric_kind kind;
	size_t at;
	const struct histogram_bounds *bounds;
	/* ... or what adds the samples. */
	void (*emit)(const struct metric *m, struct scrape *s);
};

extern const struct metric metrics[];
extern const size_t n_metrics;

/* "seconds", "bytes", or NULL. */
const char *metric_unit(const struct metric *m);
/* Add a sample, with these labels. */
void metric_add(const struct metric *m, struct scrape *s, const char *labels, double value);
/* With one label. */
void metric_add_by(const struct metric *m, struct scrape *s, const char *label, const char *is, double value);
/* The labels of the i-th partition. */
const char *metric_partition(const struct scrape *s, size_t i);

#endif
