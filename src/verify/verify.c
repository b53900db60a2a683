/* SPDX-License-Identifier: Apache-2.0 */
/* The command: scan, prove, report; how far it is goes to stderr, a line that is drawn anew on a terminal, one every
 * ten seconds elsewhere. A listing does not say how long it is, so there is no share of the whole to show. */
#include "verify/verify.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "verify/report.h"

#define BAR_EVERY_MS 200
#define LINE_EVERY_MS 10000
#define MMAP_THRESHOLD (1 << 20) /* what grows beyond it moves by the page table, not by copying */
#define CLEAR_LINE "\r\033[K"
#define BAR_CELLS 24

struct progress {
	bool terminal, drawn;
	int64_t begin_ms;
	unsigned turn;
};

static void describe(const struct progress *p, const struct scan_counts *c, int64_t now_ms, char *out, size_t size)
{
	int64_t ms = now_ms > p->begin_ms ? now_ms - p->begin_ms : 1;
	int n = snprintf(out, size, "%" PRIu64 " keys listed, %" PRIu64 " objects looked at, %.0f/s", c->listed,
			 c->looked_at, (double)c->looked_at * 1000 / (double)ms);

	if (c->get_requests > 0 && n > 0 && (size_t)n < size)
		snprintf(out + n, size - (size_t)n, ", %" PRIu64 " read, %.1f MiB", c->read,
			 (double)c->bytes_read / (1024 * 1024));
}

/* A mark that wanders while answers come. */
static void tick(void *arg, const struct scan_counts *c, int64_t now_ms)
{
	struct progress *p = arg;
	char text[160], cells[BAR_CELLS + 1];

	describe(p, c, now_ms, text, sizeof(text));
	if (!p->terminal) {
		log_info("verify: %s", text);
		return;
	}
	for (unsigned i = 0; i < BAR_CELLS; i++)
		cells[i] = (i + BAR_CELLS - p->turn % BAR_CELLS) % BAR_CELLS < 4 ? '#' : '.';
	cells[BAR_CELLS] = '\0';
	p->turn++;
	p->drawn = true;
	fprintf(stderr, CLEAR_LINE "[%s] %s", cells, text);
	fflush(stderr);
}

static void prove_all(struct ledger *l, bool oldest_given, struct findings *f, struct proof *proofs)
{
	for (size_t i = 0; i < l->n; i++) {
		struct ledger_partition *p = l->partitions[i];

		prove(p, oldest_given, f, &proofs[i]);
		free(p->entries);
		p->entries = NULL;
		p->n = p->cap = 0;
	}
}

static int finish(const struct verify_options *o, struct report *r, struct ledger *l, struct findings *f)
{
	struct proof *proofs = mem_array(l->n + 1, sizeof(*proofs));

	prove_all(l, o->since_ms != INT64_MIN, f, proofs);
	r->proofs = proofs;
	if (o->json)
		report_json(r, stdout);
	else
		report_text(r, stdout);
	free(proofs);
	return findings_total(f) > 0;
}

int verify_command(const struct settings *s, const struct verify_options *o)
{
	const struct scan_options options = { .topic = o->topic, .since_ms = o->since_ms, .deep = o->deep };
	struct progress p = { .terminal = isatty(STDERR_FILENO), .begin_ms = clock_boot_ms() };
	const struct scan_watch watch = { p.terminal ? BAR_EVERY_MS : LINE_EVERY_MS, tick, &p };
	struct scan_counts counts;
	struct findings findings;
	struct ledger ledger;
	struct error e;
	int code = EX_UNAVAILABLE;

	mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
	ledger_init(&ledger);
	findings_init(&findings);
	if (scan_run(s, &options, &watch, &ledger, &findings, &counts, &e) == 0) {
		struct report r = {
			s, &options, &counts, &ledger, NULL, &findings, .elapsed_ms = clock_boot_ms() - p.begin_ms
		};

		if (p.drawn)
			fputs(CLEAR_LINE, stderr);
		code = finish(o, &r, &ledger, &findings);
	} else {
		if (p.drawn)
			fputs(CLEAR_LINE, stderr);
		log_error("verify: bucket \"%s\" cannot be read: %s", s->s3_bucket, e.text);
	}
	findings_free(&findings);
	ledger_free(&ledger);
	return code;
}
