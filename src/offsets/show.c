/* SPDX-License-Identifier: Apache-2.0 */
#include "offsets/show.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "base/civil.h"
#include "base/mem.h"
#include "base/text.h"

#define SHOWN_MAX 8192

static const char *const kind_names[] = {
	[STANDING_NONE] = "none",           [STANDING_BARE] = "absent",   [STANDING_OURS] = "ours",
	[STANDING_ELSEWHERE] = "elsewhere", [STANDING_NEWER] = "unknown", [STANDING_DAMAGED] = "damaged",
};

/* What others wrote, to the end of the line. */
static void print_foreign(const char *before, const char *text, FILE *out)
{
	char plain[SHOWN_MAX];

	text_plain(text, plain, sizeof(plain));
	fprintf(out, "%s: %s\n", before, plain);
}

static const char *time_text(int64_t ms, char out[CIVIL_TEXT + 1])
{
	out[CIVIL_TEXT] = '\0';
	if (!civil_text(ms, out))
		snprintf(out, CIVIL_TEXT + 1, "%" PRId64, ms);
	return out;
}

static const char *start_text(int64_t start_ms, char out[CIVIL_TEXT + 1])
{
	if (start_ms == -2)
		return "earliest";
	return start_ms == -1 ? "latest" : time_text(start_ms, out);
}

static void print_text(const struct plan_world *w, const struct standing *s, FILE *out)
{
	const struct topic_settings *settings = settings_for_topic(w->settings, s->of->topic);
	const struct intent_text *t = &s->text;
	const struct chain *c = &t->before;
	char born[CIVIL_TEXT + 1], start[CIVIL_TEXT + 1];

	if (s->moved)
		fprintf(out, "  goes to another bucket or prefix (%016" PRIx64 ") than the settings say\n",
			t->destination);
	else
		fprintf(out, "  goes to s3://%s/%s\n", w->settings->s3_bucket, settings->prefix);
	fprintf(out, "  the group met this topic at %s, with %" PRId32 " partitions and start %s\n",
		time_text(t->birth.time_ms, born), t->birth.partitions, start_text(t->birth.start_ms, start));
	if (c->begins[0] != '\0')
		fprintf(out, "  the chain begins here: %s\n", c->begins);
	else
		fprintf(out,
			"  landed last: range %s from offset %" PRId64 ", %" PRId64 " records in %" PRId32 " objects\n",
			c->previous_id, c->previous_start, c->previous_records, c->previous_objects);
	if (c->skipped_first != c->skipped_next)
		fprintf(out, "  then offsets [%" PRId64 ", %" PRId64 ") without objects, %" PRId64 " tombstones\n",
			c->skipped_first, c->skipped_next, c->skipped_tombstones);
	if (t->land.given)
		fprintf(out, "  a land of offsets [%" PRId64 ", %" PRId64 "), which ends there\n", t->land.first,
			t->land.stop);
	for (int i = 0; i < t->n; i++) {
		const struct range_facts *f = &t->ranges[i];

		fprintf(out,
			"  unfinished: range %s, offsets [%" PRId64 ", %" PRId64 "), %" PRId64 " records, %" PRId64
			" dead, %" PRId64 " skipped, in %" PRId32 " objects\n",
			f->id, f->start, f->end, f->landed, f->dead, f->skipped, f->objects);
	}
}

static void print_standing(const struct plan_world *w, const struct standing *s, FILE *out)
{
	const struct group_partition *p = s->of;

	fprintf(out, "topic \"%s\" partition %" PRId32 ": ", p->topic, p->partition);
	if (s->kind == STANDING_NONE)
		fprintf(out, "no offset, log %" PRId64 " to %" PRId64 "\n", p->low, p->high);
	else
		fprintf(out, "offset %" PRId64 ", log %" PRId64 " to %" PRId64 ", lag %" PRId64 "\n", p->offset, p->low,
			p->high, p->high - p->offset);
	if (p->offset >= 0 && p->offset < p->low)
		fprintf(out, "  records %" PRId64 " to %" PRId64 " are lost: retention removed them\n", p->offset,
			p->low - 1);
	switch (s->kind) {
	case STANDING_NONE:
		break;
	case STANDING_BARE:
		fputs("  without a text of kafka2s3: set from outside, or by another program\n", out);
		break;
	case STANDING_ELSEWHERE:
		fprintf(out,
			"  its text is of cluster %s, topic \"%s\" partition %" PRId32 " offset %" PRId64
			": copied, or moved from outside\n",
			s->text.cluster, s->text.topic, s->text.partition, s->text.start);
		break;
	case STANDING_NEWER:
		print_foreign("  its text is of a newer version", p->text, out);
		break;
	case STANDING_DAMAGED:
		print_foreign("  its text is damaged", p->text, out);
		break;
	case STANDING_OURS:
		print_text(w, s, out);
		break;
	}
}

void show_text(const struct plan_world *w, FILE *out)
{
	for (size_t i = 0; i < w->n; i++)
		print_standing(w, &w->standings[i], out);
}

static void set(json_t *to, const char *name, json_t *value)
{
	if (json_object_set_new(to, name, mem_must(value)) != 0)
		mem_must(NULL);
}

static void append(json_t *to, json_t *value)
{
	if (json_array_append_new(to, mem_must(value)) != 0)
		mem_must(NULL);
}

static json_t *ranges_json(const struct intent_text *t)
{
	json_t *all = mem_must(json_array());

	for (int i = 0; i < t->n; i++) {
		const struct range_facts *f = &t->ranges[i];

		append(all, json_pack("{s:I,s:I,s:s,s:I,s:I,s:I,s:i}", "start", (json_int_t)f->start, "end",
				      (json_int_t)f->end, "id", f->id, "landed", (json_int_t)f->landed, "dead",
				      (json_int_t)f->dead, "skipped", (json_int_t)f->skipped, "objects", f->objects));
	}
	return all;
}

static json_t *before_json(const struct chain *c)
{
	json_t *o = c->begins[0] != '\0' ? json_pack("{s:s}", "begins", c->begins)
					 : json_pack("{s:I,s:s,s:i,s:I}", "start", (json_int_t)c->previous_start, "id",
						     c->previous_id, "objects", c->previous_objects, "records",
						     (json_int_t)c->previous_records);

	mem_must(o);
	if (c->skipped_first != c->skipped_next)
		set(o, "skipped",
		    json_pack("[I,I,I]", (json_int_t)c->skipped_first, (json_int_t)c->skipped_next,
			      (json_int_t)c->skipped_tombstones));
	return o;
}

static json_t *text_json(const struct intent_text *t)
{
	json_t *o = mem_must(json_pack("{s:s,s:s,s:i,s:I}", "cluster", t->cluster, "topic", t->topic, "partition",
				       t->partition, "start", (json_int_t)t->start));
	char destination[17];

	snprintf(destination, sizeof(destination), "%016" PRIx64, t->destination);
	set(o, "destination", json_string(destination));
	set(o, "birth",
	    json_pack("{s:I,s:I,s:i}", "time_ms", (json_int_t)t->birth.time_ms, "start_ms",
		      (json_int_t)t->birth.start_ms, "partitions", t->birth.partitions));
	set(o, "before", before_json(&t->before));
	if (t->land.given)
		set(o, "land", json_pack("[I,I]", (json_int_t)t->land.first, (json_int_t)t->land.stop));
	set(o, "unfinished", ranges_json(t));
	return o;
}

static json_t *standing_json(const struct standing *s)
{
	const struct group_partition *p = s->of;
	json_t *o = mem_must(json_object());

	set(o, "topic", json_string(p->topic));
	set(o, "partition", json_integer(p->partition));
	set(o, "offset", p->offset < 0 ? json_null() : json_integer(p->offset));
	set(o, "log_start", json_integer(p->low));
	set(o, "log_end", json_integer(p->high));
	set(o, "lag", p->offset < 0 ? json_null() : json_integer(p->high - p->offset));
	set(o, "text", json_string(kind_names[s->kind]));
	if (s->kind == STANDING_OURS)
		set(o, "same_destination", json_boolean(!s->moved));
	if (s->kind == STANDING_OURS || s->kind == STANDING_ELSEWHERE)
		set(o, "says", text_json(&s->text));
	return o;
}

void show_json(const struct plan_world *w, FILE *out)
{
	json_t *o = mem_must(json_object()), *partitions = mem_must(json_array());

	for (size_t i = 0; i < w->n; i++)
		append(partitions, standing_json(&w->standings[i]));
	set(o, "group", json_string(w->settings->kafka_group));
	set(o, "cluster", json_string(w->cluster));
	set(o, "partitions", partitions);
	if (json_dumpf(o, out, JSON_INDENT(2)) != 0)
		mem_must(NULL);
	fputc('\n', out);
	json_decref(o);
}

static void print_set(const struct plan *p, FILE *out)
{
	const struct chain *c = &p->text.before;
	int64_t from = p->from->of->offset;

	if (from < 0)
		fprintf(out, "offset %" PRId64 ", it had none", p->text.start);
	else
		fprintf(out, "offset %" PRId64 ", it was %" PRId64, p->text.start, from);
	if (c->begins[0] != '\0')
		fprintf(out, "; the chain begins here: %s", c->begins);
	else
		fprintf(out, "; the chain goes on behind range %s", c->previous_id);
	if (p->note[0] != '\0')
		fprintf(out, "; %s", p->note);
	fputc('\n', out);
}

void show_plans(const struct plan *plans, size_t n, FILE *out)
{
	for (size_t i = 0; i < n; i++) {
		const struct plan *p = &plans[i];

		fprintf(out, "topic \"%s\" partition %" PRId32 ": ", p->from->of->topic, p->from->of->partition);
		switch (p->kind) {
		case PLAN_SET:
			print_set(p, out);
			break;
		case PLAN_SAME:
			fprintf(out, "stays at offset %" PRId64 "\n", p->from->of->offset);
			break;
		case PLAN_KEPT:
			fprintf(out, "stays at offset %" PRId64 ": its text is whole (--replace sets it too)\n",
				p->from->of->offset);
			break;
		case PLAN_REFUSED:
			print_foreign("refused", p->why, out);
			break;
		}
	}
}
