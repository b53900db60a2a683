/* SPDX-License-Identifier: Apache-2.0 */
/* Prints what was proved, what is wrong, and what cannot be proved from S3 alone. */
#include "verify/report.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define SHOWN_MAX 8192
#define MIB (1024.0 * 1024)

static const char *result_name(const struct report *r)
{
	if (findings_total(r->findings) > 0)
		return "not whole";
	return r->counts->objects > 0 ? "whole" : "empty";
}

static void print_seams(const struct proof *p, FILE *out)
{
	for (uint64_t i = 0; i < p->n_seams && i < PROOF_SEAMS_MAX; i++)
		fprintf(out,
			"  begins anew at offset %" PRId64 " (%s): whether the range before it is whole is not known\n",
			p->seams[i].offset, facts_begins_name(p->seams[i].reason));
	if (p->n_seams > PROOF_SEAMS_MAX)
		fprintf(out, "  and %" PRIu64 " times more\n", p->n_seams - PROOF_SEAMS_MAX);
}

static void print_partition(const struct ledger_partition *p, const struct proof *proof, FILE *out)
{
	fprintf(out,
		"topic \"%s\" partition %d: %s: %" PRIu64 " ranges in %" PRIu64 " objects, %.1f MiB, %" PRIu64
		" records",
		p->topic, p->partition, p->faults > 0 ? "not whole" : "whole", proof->ranges, proof->objects,
		(double)proof->bytes / MIB, proof->records);
	if (proof->uncounted > 0)
		fprintf(out, " and those of %" PRIu64 " uncounted", proof->uncounted);
	if (proof->ranges > 0)
		fprintf(out, "; from offset %" PRId64 ", the newest range from %" PRId64, proof->first,
			proof->newest_start);
	fputc('\n', out);
	print_seams(proof, out);
}

/* Keys and metadata come from the bucket. */
static void print_finding(const struct finding *f, FILE *out)
{
	char text[SHOWN_MAX];

	text_plain(f->text, text, sizeof(text));
	fprintf(out, "%s: ", finding_kind_name(f->kind));
	if (f->topic != NULL)
		fprintf(out, "topic \"%s\" partition %d ", f->topic, f->partition);
	if (f->next >= 0)
		fprintf(out, "offsets [%" PRId64 ", %" PRId64 "): ", f->first, f->next);
	else if (f->first >= 0)
		fprintf(out, "from offset %" PRId64 ": ", f->first);
	fprintf(out, "%s\n", text);
}

static uint64_t requests(const struct scan_counts *c)
{
	return c->list_requests + c->head_requests + c->get_requests;
}

static void print_requests(const struct report *r, FILE *out)
{
	const struct scan_counts *c = r->counts;

	fprintf(out,
		"requests: %" PRIu64 " (%" PRIu64 " LIST, %" PRIu64 " HEAD, %" PRIu64 " GET), %" PRIu64
		" of them again; %.1f s\n",
		requests(c), c->list_requests, c->head_requests, c->get_requests, c->again,
		(double)r->elapsed_ms / 1000);
}

static void print_remarks(const struct report *r, FILE *out)
{
	const struct scan_counts *c = r->counts;

	if (c->strangers > 0)
		fprintf(out, "%" PRIu64 " objects under these prefixes are not kafka2s3's\n", c->strangers);
	if (c->gone > 0)
		fprintf(out, "%" PRIu64 " objects went away while this ran\n", c->gone);
	if (c->later > 0)
		fprintf(out, "%" PRIu64 " objects were written while this ran: only known to be there\n", c->later);
	if (c->objects > 0)
		fputs("not proved from S3 alone: the newest range of a partition, which only the group's committed "
		      "text names\n",
		      out);
}

void report_text(const struct report *r, FILE *out)
{
	const struct findings *f = r->findings;

	for (size_t i = 0; i < r->ledger->n; i++)
		print_partition(r->ledger->partitions[i], &r->proofs[i], out);
	for (size_t i = 0; i < f->n; i++)
		print_finding(&f->items[i], out);
	if (findings_total(f) > f->n)
		fprintf(out, "and %" PRIu64 " more\n", findings_total(f) - f->n);
	print_remarks(r, out);
	print_requests(r, out);
	fprintf(out,
		"%s: %" PRIu64 " objects of %zu partitions; %" PRIu64 " missing, %" PRIu64 " double, %" PRIu64
		" damaged, %" PRIu64 " chain\n",
		result_name(r), r->counts->objects, r->ledger->n, f->counts[FINDING_MISSING], f->counts[FINDING_DOUBLE],
		f->counts[FINDING_DAMAGED], f->counts[FINDING_CHAIN]);
}

static void set(json_t *to, const char *name, json_t *value)
{
	if (json_object_set_new(to, name, mem_must(value)) != 0)
		mem_must(NULL);
}

static void set_number(json_t *to, const char *name, uint64_t value)
{
	set(to, name, json_integer((json_int_t)value));
}

/* -1 is "not known". */
static void set_offset(json_t *to, const char *name, int64_t value)
{
	set(to, name, value < 0 ? json_null() : json_integer(value));
}

static void append(json_t *to, json_t *value)
{
	if (json_array_append_new(to, value) != 0)
		mem_must(NULL);
}

static json_t *seams_json(const struct proof *p)
{
	json_t *all = mem_must(json_array()), *one;

	for (uint64_t i = 0; i < p->n_seams && i < PROOF_SEAMS_MAX; i++) {
		one = mem_must(json_object());
		set_offset(one, "offset", p->seams[i].offset);
		set(one, "reason", json_string(facts_begins_name(p->seams[i].reason)));
		append(all, one);
	}
	return all;
}

static json_t *partition_json(const struct ledger_partition *p, const struct proof *proof)
{
	json_t *o = mem_must(json_object());
	char id[17];

	set(o, "topic", json_string(p->topic));
	set(o, "partition", json_integer(p->partition));
	set(o, "whole", json_boolean(p->faults == 0));
	set_number(o, "ranges", proof->ranges);
	set_number(o, "objects", proof->objects);
	set_number(o, "bytes", proof->bytes);
	set_number(o, "records", proof->records);
	set_number(o, "uncounted_ranges", proof->uncounted);
	set_offset(o, "first_offset", proof->first);
	if (proof->ranges > 0) {
		json_t *newest = mem_must(json_object());

		snprintf(id, sizeof(id), "%016" PRIx64, proof->newest_id);
		set_offset(newest, "start", proof->newest_start);
		set(newest, "id", json_string(id));
		set(newest, "objects", json_integer(proof->newest_objects));
		set(o, "newest_range", newest);
	}
	set_number(o, "begins_anew", proof->n_seams);
	set(o, "begins_anew_at", seams_json(proof));
	return o;
}

/* Keys come from the bucket, and need not be UTF-8. */
static json_t *text_json(const char *text)
{
	json_t *s = json_string(text);

	return s != NULL ? s : json_string_nocheck("(not UTF-8)");
}

static json_t *finding_json(const struct finding *f)
{
	json_t *o = mem_must(json_object());

	set(o, "kind", json_string(finding_kind_name(f->kind)));
	set(o, "topic", f->topic != NULL ? json_string(f->topic) : json_null());
	set(o, "partition", f->topic != NULL ? json_integer(f->partition) : json_null());
	set_offset(o, "first_offset", f->first);
	set_offset(o, "next_offset", f->next);
	set(o, "text", text_json(f->text));
	return o;
}

static json_t *counts_json(const struct report *r)
{
	const struct scan_counts *c = r->counts;
	json_t *o = mem_must(json_object());

	set_number(o, "total", requests(c));
	set_number(o, "again", c->again);
	set_number(o, "list", c->list_requests);
	set_number(o, "head", c->head_requests);
	set_number(o, "get", c->get_requests);
	return o;
}

void report_json(const struct report *r, FILE *out)
{
	json_t *o = mem_must(json_object()), *partitions = mem_must(json_array()), *findings = mem_must(json_array());
	json_t *counts = mem_must(json_object());

	for (size_t i = 0; i < r->ledger->n; i++)
		append(partitions, partition_json(r->ledger->partitions[i], &r->proofs[i]));
	for (size_t i = 0; i < r->findings->n; i++)
		append(findings, finding_json(&r->findings->items[i]));
	for (enum finding_kind k = 0; k < FINDING_KINDS; k++)
		set_number(counts, finding_kind_name(k), r->findings->counts[k]);
	set(o, "result", json_string(result_name(r)));
	set(o, "bucket", json_string(r->settings->s3_bucket));
	set(o, "group", json_string(r->settings->kafka_group));
	set(o, "deep", json_boolean(r->options->deep));
	set(o, "since_ms", r->options->since_ms == INT64_MIN ? json_null() : json_integer(r->options->since_ms));
	set_number(o, "objects", r->counts->objects);
	set_number(o, "looked_at", r->counts->looked_at);
	set_number(o, "read", r->counts->read);
	set_number(o, "strangers", r->counts->strangers);
	set_number(o, "gone", r->counts->gone);
	set_number(o, "later", r->counts->later);
	set(o, "partitions", partitions);
	set(o, "found", counts);
	set(o, "findings", findings);
	set(o, "requests", counts_json(r));
	set(o, "elapsed_ms", json_integer(r->elapsed_ms));
	if (json_dumpf(o, out, JSON_INDENT(2)) != 0)
		mem_must(NULL);
	fputc('\n', out);
	json_decref(o);
}
