/* SPDX-License-Identifier: Apache-2.0 */
/* The command: loads the file, runs the probes in the order in which a record flows, and says what to expect. */
#include "check/preflight.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "check/check.h"
#include "kafka/consumer.h"

#define DAY_MS INT64_C(86400000)
#define HOUR_MS INT64_C(3600000)

static const struct {
	const char *trying;
	void (*run)(struct preflight *p);
} probes[] = {
	{ "the settings", probe_settings },
	{ "the key template", probe_template },
	{ "the broker", probe_broker },
	{ "the topics", probe_topics },
	{ "reading a record", probe_reading },
	{ "the group", probe_group },
	{ "the committed offsets", probe_offsets },
	{ "the broker's configuration", probe_texts },
	{ "the topics' configuration", probe_records },
	{ "credentials and S3", probe_reach },
	{ "the bucket", probe_bucket },
	{ "the bucket's owner", probe_owner },
	{ "the region", probe_region },
	{ "uploads", probe_uploads },
	{ "lists", probe_listing },
	{ "reading back", probe_reading_back },
	{ "the bucket's lifecycle", probe_lifecycle },
	{ "conditional writes", probe_condition },
	{ "the catalog", probe_catalog },
};

/* Where a start begins in each partition; -1: it cannot be asked for. */
static int find_starts(struct preflight *p, int64_t *starts)
{
	const struct settings *s = p->settings;
	struct error e;

	if (group_offsets_at(p->group, &p->partitions, s->kafka_start_ms, starts, &e) < 0)
		return -1;
	for (size_t i = 0; i < p->partitions.n; i++) {
		const struct group_partition *at = &p->partitions.items[i];

		starts[i] = at->offset >= 0 ? at->offset : starts[i];
		starts[i] = starts[i] < at->low ? at->low : starts[i];
	}
	return 0;
}

/* Records of the last 24 hours. A log that is younger counts its last hour instead, if that is more. */
static double a_day(const struct group_partition *at, int64_t day, int64_t hour)
{
	double in_day = (double)(at->high - day), in_hours = 24.0 * (double)(at->high - hour);

	return day <= at->low && in_hours > in_day ? in_hours : in_day;
}

static const struct sample *sample_of(const struct preflight *p, const char *topic)
{
	for (size_t i = 0; i < p->n_samples; i++)
		if (strcmp(p->samples[i].topic, topic) == 0)
			return &p->samples[i];
	return NULL;
}

static int expect(struct preflight *p, struct expectation *x)
{
	size_t n = p->partitions.n;
	int64_t *at = mem_array(3 * n + 1, sizeof(*at)), now = clock_real_ms();
	struct error e;
	int rc = find_starts(p, at);

	if (rc == 0)
		rc = group_offsets_at(p->group, &p->partitions, now - DAY_MS, at + n, &e);
	if (rc == 0)
		rc = group_offsets_at(p->group, &p->partitions, now - HOUR_MS, at + 2 * n, &e);
	for (size_t i = 0; i < n && rc == 0; i++) {
		const struct group_partition *of = &p->partitions.items[i];
		const struct sample *sample = sample_of(p, of->topic);
		const struct topic_settings *t = settings_for_topic(p->settings, of->topic);
		const struct expect_input in = { t, of->high > at[i] ? of->high - at[i] : 0,
						 a_day(of, at[n + i], at[2 * n + i]),
						 sample != NULL ? sample_mean(sample) : 0,
						 sample != NULL ? sample_ratio(sample, t) : 1 };

		expect_add(x, p->settings, &in);
	}
	free(at);
	return rc;
}

static json_t *lines_json(const struct lines *l)
{
	json_t *all = mem_must(json_array());

	for (size_t i = 0; i < l->n; i++)
		if (json_array_append_new(all, mem_must(json_pack("{s:s,s:s,s:s}", "check", l->items[i].name, "outcome",
								  outcome_name(l->items[i].outcome), "text",
								  l->items[i].text))) != 0)
			mem_must(NULL);
	return all;
}

static void print_json(const struct lines *l, json_t *expected)
{
	json_t *o = mem_must(json_pack("{s:s,s:o,s:o}", "result", outcome_name(lines_outcome(l)), "checks",
				       lines_json(l), "expect", expected != NULL ? expected : mem_must(json_null())));

	if (json_dumpf(o, stdout, JSON_INDENT(2)) != 0)
		mem_must(NULL);
	putchar('\n');
	json_decref(o);
}

static void finish(struct preflight *p)
{
	const size_t *n = p->lines.counts;
	struct expectation x = { 0 };
	bool known;

	lines_trying(&p->lines, "what to expect");
	known = p->group != NULL && p->log_known && p->offsets_known && p->partitions.n > 0 && expect(p, &x) == 0;
	if (!known)
		lines_add(&p->lines, OUTCOME_UNPROVED, "expect",
			  "what a start will bring cannot be told without logs and offsets");
	lines_trying(&p->lines, NULL);
	if (p->lines.json) {
		print_json(&p->lines, known ? expect_json(&x, p->settings) : NULL);
		return;
	}
	if (known)
		expect_print(&x, p->settings, stdout);
	printf("%zu ok, %zu failed, %zu not proved\n", n[OUTCOME_OK], n[OUTCOME_FAILED], n[OUTCOME_UNPROVED]);
}

static void release(struct preflight *p)
{
	s3_free(p->s3);
	group_partitions_free(&p->partitions);
	group_free(p->group);
	for (size_t i = 0; i < p->n_places; i++)
		free(p->places[i].root);
	for (size_t i = 0; i < p->n_samples; i++)
		sample_free(&p->samples[i]);
	free(p->samples);
	free(p->region);
	free(p->object);
}

static int run(const struct settings *s, struct lines *lines, bool write)
{
	static const int codes[OUTCOMES] = { [OUTCOME_OK] = 0, [OUTCOME_FAILED] = 1, [OUTCOME_UNPROVED] = 2 };
	struct preflight p = { .settings = s, .lines = *lines, .write = write, .region = mem_strdup("") };

	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
		lines_trying(&p.lines, probes[i].trying);
		probes[i].run(&p);
	}
	finish(&p);
	*lines = p.lines;
	release(&p);
	return codes[lines_outcome(lines)];
}

/* The file alone; and with it whether the Kafka client takes its properties. */
static int look_over(const struct preflight_options *o)
{
	struct settings *s;
	struct error e;
	bool fine;

	if (settings_look_over(o->file, &s, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		return EX_CONFIG;
	}
	settings_tell_doubts(s);
	fine = consumer_check(s, &e) == 0;
	if (fine)
		printf("%s: fine\n", o->file);
	else
		fprintf(stderr, "%s\n", e.text);
	settings_free(s);
	return fine ? 0 : EX_CONFIG;
}

static int refuse(struct lines *lines, const struct error *e)
{
	lines_add(lines, OUTCOME_FAILED, "settings", "%s", e->text);
	if (lines->json)
		print_json(lines, NULL);
	return EX_CONFIG;
}

int preflight_command(const struct preflight_options *o)
{
	struct lines lines;
	struct settings *s;
	struct error e;
	int code;

	if (o->syntax)
		return look_over(o);
	lines_init(&lines, o->json, isatty(STDERR_FILENO));
	/* What is found stands in the lines. */
	log_set_level(LOG_LEVEL_ERROR);
	if (settings_load(o->file, &s, &e) < 0) {
		code = refuse(&lines, &e);
	} else if (consumer_check(s, &e) < 0) {
		code = refuse(&lines, &e);
		settings_free(s);
	} else {
		code = run(s, &lines, o->write);
		settings_free(s);
	}
	lines_free(&lines);
	return code;
}
