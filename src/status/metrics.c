/* SPDX-License-Identifier: Apache-2.0 */
/* Goes through the table once for each of its two readers. The labels of a partition are made once a scrape, since each
 * partition stands in a dozen families. */
#include "status/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* ---- Samples ---- */

const char *metric_unit(const struct metric *m)
{
	static const char *const units[] = { "seconds", "bytes" };
	const char *last = strrchr(m->name, '_');

	for (size_t i = 0; last != NULL && i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(last + 1, units[i]) == 0)
			return units[i];
	}
	return NULL;
}

void metric_add(const struct metric *m, struct scrape *s, const char *labels, double value)
{
	openmetrics_sample(s->out, m->name, openmetrics_suffix(m->type), labels, value);
}

void metric_add_by(const struct metric *m, struct scrape *s, const char *label, const char *is, double value)
{
	buf_clear(&s->label);
	openmetrics_label(&s->label, label, is);
	metric_add(m, s, buf_str(&s->label), value);
}

const char *metric_partition(const struct scrape *s, size_t i)
{
	return (const char *)s->labels.data + s->partition_from[i];
}

static void make_partition_labels(struct scrape *s)
{
	const struct view *v = s->view;
	char number[16];

	s->partition_from = mem_array(v->n + 1, sizeof(*s->partition_from));
	for (size_t i = 0; i < v->n; i++) {
		struct buf *b = &s->label;

		buf_clear(b);
		openmetrics_label(b, "topic", v->partitions[i].topic);
		snprintf(number, sizeof(number), "%d", v->partitions[i].is->id);
		openmetrics_label(b, "partition", number);
		s->partition_from[i] = s->labels.len;
		buf_add(&s->labels, buf_str(b), b->len + 1);
	}
}

static void add_member(const struct metric *m, struct scrape *s, const char *labels, const void *holder)
{
	const void *at = (const char *)holder + m->at;
	bool is_ms = metric_unit(m) != NULL && strcmp(metric_unit(m), "seconds") == 0;
	double value = 0;

	switch (m->kind) {
	case METRIC_EMITTED:
		return;
	case METRIC_HISTOGRAM:
		openmetrics_histogram(s->out, m->name, at, m->bounds);
		return;
	case METRIC_INT:
		value = *(const int *)at;
		break;
	case METRIC_BOOL:
		value = *(const bool *)at;
		break;
	case METRIC_U64:
		value = (double)*(const uint64_t *)at;
		break;
	case METRIC_I64:
		value = (double)*(const int64_t *)at;
		break;
	}
	if (m->kind != METRIC_I64 || value >= 0)
		metric_add(m, s, labels, is_ms ? value / 1000 : value);
}

static void add_family(const struct metric *m, struct scrape *s)
{
	const struct view *v = s->view;

	openmetrics_head(s->out, m->name, m->type, metric_unit(m), m->help);
	if (m->emit != NULL) {
		m->emit(m, s);
		return;
	}
	if (m->of == METRIC_OF_VIEW) {
		add_member(m, s, "", v);
		return;
	}
	for (size_t i = 0; i < v->n; i++) {
		const struct view_partition *p = &v->partitions[i];

		add_member(m, s, metric_partition(s, i),
			   m->of == METRIC_OF_PARTITION ? (const void *)p : (const void *)p->is);
	}
}

void view_metrics(const struct view *v, struct buf *out)
{
	struct scrape s = { .view = v, .out = out };

	buf_init(&s.labels, SIZE_MAX / 4);
	buf_init(&s.label, 1 << 16);
	make_partition_labels(&s);
	for (size_t i = 0; i < n_metrics; i++)
		add_family(&metrics[i], &s);
	openmetrics_end(out);
	buf_free(&s.labels);
	buf_free(&s.label);
	free(s.partition_from);
}

/* ---- The man page ---- */

static void man_row(const struct metric *m, FILE *out)
{
	fprintf(out, ".It Li %s%s Pq %s", m->name, openmetrics_suffix(m->type), openmetrics_type_name(m->type));
	fprintf(out, "%s%s\n%s\n", m->labels != NULL ? " by " : "", m->labels != NULL ? m->labels : "", m->help);
}

void metrics_man(FILE *out)
{
	for (size_t i = 0; i < n_metrics; i++) {
		const struct metric *m = &metrics[i];

		if (m->heading != NULL)
			fprintf(out, "%s.Ss %s\n.Bl -tag -width Ds\n", i > 0 ? ".El\n" : "", m->heading);
		man_row(m, out);
	}
	fputs(".El\n", out);
}
