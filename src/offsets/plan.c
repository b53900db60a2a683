/* SPDX-License-Identifier: Apache-2.0 */
/* Texts for offsets that a person sets: the same that a daemon would have committed, so that it goes on without a word.
 * What an old text promises is not dropped silently: a range that it names may have been published. */
#include "offsets/plan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encode/fingerprint.h"

static uint64_t destination(const struct settings *s, const char *topic)
{
	return destination_of(s->s3_bucket, settings_for_topic(s, topic));
}

void standing_read(struct standing *s, const struct group_partition *p, const char *cluster,
		   const struct settings *settings)
{
	*s = (struct standing){ .of = p, .kind = STANDING_NONE };
	if (p->offset < 0)
		return;
	switch (intent_read(p->text, &s->text)) {
	case INTENT_ABSENT:
		s->kind = STANDING_BARE;
		break;
	case INTENT_NEWER:
		s->kind = STANDING_NEWER;
		break;
	case INTENT_DAMAGED:
		s->kind = STANDING_DAMAGED;
		break;
	case INTENT_OURS:
		s->kind = intent_is_about(&s->text, cluster, p->topic, p->partition, p->offset) ? STANDING_OURS
												: STANDING_ELSEWHERE;
		s->moved = s->text.destination != destination(settings, p->topic);
		break;
	}
}

void plan_refuse(struct plan *p, const struct standing *from, const char *why)
{
	*p = (struct plan){ .from = from, .kind = PLAN_REFUSED };
	snprintf(p->why, sizeof(p->why), "%s", why);
}

/* That of the group for this topic, as any of its texts has it; else it is born now. */
static struct birth birth_of(const struct plan_world *w, const struct group_partition *of)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct standing *s = &w->standings[i];

		if (s->kind == STANDING_OURS && strcmp(s->of->topic, of->topic) == 0)
			return s->text.birth;
	}
	return (struct birth){ w->now_ms, w->settings->kafka_start_ms, of->of };
}

static void begin(struct plan *p, const struct plan_world *w, const struct standing *from)
{
	struct intent_text *t = &p->text;

	*p = (struct plan){ .from = from, .kind = PLAN_SET };
	snprintf(t->cluster, sizeof(t->cluster), "%s", w->cluster);
	snprintf(t->topic, sizeof(t->topic), "%s", from->of->topic);
	t->partition = from->of->partition;
	t->destination = destination(w->settings, from->of->topic);
	t->birth = birth_of(w, from->of);
}

static bool names(const struct intent_text *t, const struct range_facts *f)
{
	for (int i = 0; i < t->n; i++)
		if (strcmp(t->ranges[i].id, f->id) == 0 && t->ranges[i].end == f->end)
			return true;
	return false;
}

/* The first range that the old text names and neither the new one does nor, below whole_until, S3 holds whole. */
static const struct range_facts *first_dropped(const struct plan *p, int64_t whole_until)
{
	const struct intent_text *old = &p->from->text;

	if (p->from->kind != STANDING_OURS)
		return NULL;
	for (int i = 0; i < old->n; i++)
		if (old->ranges[i].end > whole_until && !names(&p->text, &old->ranges[i]))
			return &old->ranges[i];
	return NULL;
}

static void guard_intents(struct plan *p, const struct plan_world *w, int64_t whole_until)
{
	const struct range_facts *f = first_dropped(p, whole_until);
	bool land = p->from->kind == STANDING_OURS && p->from->text.land.given;
	bool unreadable = p->from->kind == STANDING_NEWER || p->from->kind == STANDING_DAMAGED;

	if (!land && (w->drop_intents || (f == NULL && !unreadable)))
		return;
	p->kind = PLAN_REFUSED;
	if (land)
		snprintf(p->why, sizeof(p->why),
			 "the group is that of a land, which goes on by itself when it is started again");
	else if (unreadable)
		snprintf(p->why, sizeof(p->why),
			 "its text cannot be read, so nobody knows which ranges it names: with --drop-intents they are "
			 "forgotten, and records could stand twice, or in part");
	else
		snprintf(p->why, sizeof(p->why),
			 "its text names range %s, offsets [%" PRId64 ", %" PRId64
			 "), which may be in S3 already, or in part: start the daemon, which finishes it, and stop it "
			 "again; or with --drop-intents it is forgotten, and its records could stand twice, or lack",
			 f->id, f->start, f->end);
}

static bool is_same(const struct plan *p)
{
	return p->from->kind == STANDING_OURS && !p->from->moved && p->from->text.start == p->text.start;
}

static void note_move(struct plan *p)
{
	int64_t from = p->from->of->offset, to = p->text.start;

	if (from >= 0 && to < from)
		snprintf(p->note, sizeof(p->note), "records %" PRId64 " to %" PRId64 " are landed a second time", to,
			 from - 1);
	else if (from >= 0 && to > from)
		snprintf(p->note, sizeof(p->note), "records %" PRId64 " to %" PRId64 " are not landed", from, to - 1);
}

void plan_offset(struct plan *p, const struct plan_world *w, const struct standing *from, int64_t offset,
		 const char *reason)
{
	const struct group_partition *of = from->of;

	begin(p, w, from);
	p->text.start = offset;
	chain_begin(&p->text.before, reason);
	if (offset < of->low || offset > of->high) {
		p->kind = PLAN_REFUSED;
		snprintf(p->why, sizeof(p->why),
			 "offset %" PRId64 " is not in the log, which holds %" PRId64 " to %" PRId64, offset, of->low,
			 of->high);
		return;
	}
	if (is_same(p)) {
		p->kind = PLAN_SAME;
		return;
	}
	note_move(p);
	guard_intents(p, w, -1);
}

static bool says_the_same(const struct plan *p)
{
	char text[INTENT_TEXT_MAX];

	intent_write(&p->text, p->text.n, text);
	return p->from->of->offset == p->text.start && strcmp(text, p->from->of->text) == 0;
}

void plan_ranges(struct plan *p, const struct plan_world *w, const struct standing *from, const struct chain *before,
		 const struct walked_range *const *ranges, int n)
{
	struct intent_text *t = &p->text;
	int first = 0;

	begin(p, w, from);
	t->before = *before;
	t->start = ranges[0]->facts.start;
	for (; first < n && ranges[first]->whole; first++) {
		chain_advance(&t->before, &ranges[first]->facts);
		t->start = ranges[first]->facts.end;
	}
	if (n - first > ASSIGNMENT_MAX_SEALED) {
		p->kind = PLAN_REFUSED;
		snprintf(p->why, sizeof(p->why),
			 "%d ranges from offset %" PRId64
			 " on are not whole in S3, more than a daemon leaves unfinished: "
			 "`kafka2s3 verify` says which",
			 n - first, t->start);
		return;
	}
	for (; first < n; first++)
		t->ranges[t->n++] = ranges[first]->facts;
	if (t->n > 0)
		snprintf(p->note, sizeof(p->note), "%d unfinished range%s up to offset %" PRId64 " to be completed",
			 t->n, t->n == 1 ? "" : "s", t->ranges[t->n - 1].end);
	if (says_the_same(p))
		p->kind = PLAN_SAME;
	else
		guard_intents(p, w, t->start);
}

bool plan_parse(char *text, const char **topic, int32_t *partition, int64_t *offset)
{
	char *equals = strchr(text, '='), *colon, *end;
	long number;

	if (equals == NULL)
		return false;
	*equals = '\0';
	colon = strrchr(text, ':');
	if (colon == NULL || colon == text || strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
	    colon[1] == '\0' || equals[1] == '\0' || strspn(equals + 1, "0123456789") != strlen(equals + 1))
		return false;
	*colon = '\0';
	errno = 0;
	number = strtol(colon + 1, NULL, 10);
	*offset = strtoll(equals + 1, &end, 10);
	*topic = text;
	*partition = (int32_t)number;
	return errno == 0 && number <= INT32_MAX;
}
