/* SPDX-License-Identifier: Apache-2.0 */
/* Progress as text. What it is written to, and how often, is the command's. */
#include "replay/progress.h"

#include <stdio.h>
#include <string.h>

#define BAR_CELLS 24

void progress_init(struct progress *p, const char *topic, int64_t now_ms)
{
	*p = (struct progress){ .topic = topic, .begin_ms = now_ms, .last_ms = now_ms, .rate = -1 };
}

static uint64_t done(const struct engine_counts *c)
{
	uint64_t open = c->waiting + c->failed;

	return c->taken > open ? c->taken - open : 0;
}

void progress_note(struct progress *p, const struct engine_counts *c, int64_t now_ms)
{
	if (now_ms <= p->last_ms)
		return;
	p->rate = (double)(done(c) - p->last_done) * 1000 / (double)(now_ms - p->last_ms);
	p->last_done = done(c);
	p->last_ms = now_ms;
}

static const char *phase_name(enum engine_phase phase)
{
	switch (phase) {
	case ENGINE_CONNECTING:
		return "connecting";
	case ENGINE_INDEXING:
		return "reading the file once for its order";
	case ENGINE_FLUSHING:
		return "waiting for the last acknowledgements";
	case ENGINE_SENDING:
		break;
	}
	return "";
}

/* Append as printf does; what does not fit is cut. */
static void add(char *out, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void add(char *out, size_t size, const char *fmt, ...)
{
	size_t len = strlen(out);
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(out + len, size - len, fmt, ap) < 0)
		out[len] = '\0';
	va_end(ap);
}

static void add_bar(char *out, size_t size, double share)
{
	char cells[BAR_CELLS + 1];
	unsigned full = (unsigned)(share * BAR_CELLS);

	for (unsigned i = 0; i < BAR_CELLS; i++)
		cells[i] = i < full ? '#' : '.';
	cells[BAR_CELLS] = '\0';
	add(out, size, " [%s] %3.0f %%", cells, share * 100);
}

static void add_left(char *out, size_t size, double share, int64_t elapsed_ms)
{
	double left_s = (double)elapsed_ms / 1000 * (1 - share) / share;

	if (left_s < 360000)
		add(out, size, "  %d:%02d left", (int)left_s / 60, (int)left_s % 60);
}

void progress_bar(const struct progress *p, const struct engine_counts *c, int64_t now_ms, unsigned width, char *out,
		  size_t size)
{
	double share = c->share > 1 ? 1 : c->share;

	if (size > width + 1)
		size = width + 1;
	out[0] = '\0';
	add(out, size, "%s", p->topic);
	if (share >= 0)
		add_bar(out, size, share);
	add(out, size, "  %ju rows", (uintmax_t)done(c));
	if (p->rate >= 0)
		add(out, size, "  %.*f/s", p->rate < 10 ? 1 : 0, p->rate);
	if (c->skipped > 0)
		add(out, size, "  %ju skipped", (uintmax_t)c->skipped);
	if (c->failed > 0)
		add(out, size, "  %ju failed", (uintmax_t)c->failed);
	if (c->phase != ENGINE_SENDING)
		add(out, size, "  %s", phase_name(c->phase));
	else if (share > 0)
		add_left(out, size, share, now_ms - p->begin_ms);
}

void progress_line(const struct progress *p, const struct engine_counts *c, char *out, size_t size)
{
	out[0] = '\0';
	add(out, size, "%ju rows sent to \"%s\"", (uintmax_t)done(c), p->topic);
	if (c->share >= 0)
		add(out, size, ", %.0f %%", (c->share > 1 ? 1 : c->share) * 100);
	if (p->rate >= 0)
		add(out, size, ", %.*f rows/s", p->rate < 10 ? 1 : 0, p->rate);
	if (c->skipped > 0)
		add(out, size, ", %ju skipped", (uintmax_t)c->skipped);
	if (c->failed > 0)
		add(out, size, ", %ju failed", (uintmax_t)c->failed);
	if (c->phase != ENGINE_SENDING)
		add(out, size, ", %s", phase_name(c->phase));
}
