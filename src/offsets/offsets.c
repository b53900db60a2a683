/* SPDX-License-Identifier: Apache-2.0 */
/* The commands: look at the group, plan for each partition, say it, and set all or nothing. Whoever is in the group
 * would go on from where it is and overwrite what is set here: so nothing is set while it has members. */
#include "offsets/offsets.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "offsets/rebuild.h"
#include "offsets/show.h"
#include "settings/match.h"

#define TELL_EVERY_MS 10000
/* As the protocol's ListOffsets has it. */
#define EARLIEST INT64_C(-2)
#define LATEST INT64_C(-1)

struct run {
	const struct settings *settings;
	const struct offsets_options *options;
	struct group *group;
	struct group_partitions partitions;
	struct standing *standings;
	struct plan_world world;
	struct plan *plans;
	size_t n_plans;
};

static int unavailable(const struct error *e)
{
	log_error("offsets: %s", e->text);
	return e->action == ERROR_GIVE_UP ? EX_CONFIG : EX_UNAVAILABLE;
}

static int misused(const char *what, const char *value)
{
	fprintf(stderr, "kafka2s3: offsets: %s: \"%s\"\n", what, value);
	return EX_USAGE;
}

static int begin(struct run *r, const struct settings *s, const struct offsets_options *o)
{
	struct error e;

	*r = (struct run){ .settings = s, .options = o };
	if (o->topic != NULL && !match_topic(&s->kafka_topics, o->topic))
		return misused("kafka.topics has no such topic", o->topic);
	r->group = group_open(s, &e);
	if (r->group == NULL || group_load(r->group, o->topic, &r->partitions, &e) < 0)
		return unavailable(&e);
	if (r->partitions.n == 0) {
		log_error("offsets: the cluster has no topic of kafka.topics");
		return EX_UNAVAILABLE;
	}
	r->standings = mem_array(r->partitions.n, sizeof(*r->standings));
	r->plans = mem_array(r->partitions.n, sizeof(*r->plans));
	for (size_t i = 0; i < r->partitions.n; i++)
		standing_read(&r->standings[i], &r->partitions.items[i], group_cluster(r->group), s);
	r->world = (struct plan_world){
		s, group_cluster(r->group), r->standings, r->partitions.n, clock_real_ms(), o->drop_intents
	};
	return 0;
}

static void end(struct run *r)
{
	group_partitions_free(&r->partitions);
	group_free(r->group);
	free(r->standings);
	free(r->plans);
}

int offsets_show(const struct settings *s, const struct offsets_options *o)
{
	struct run r;
	int code = begin(&r, s, o);

	if (code == 0 && o->json)
		show_json(&r.world, stdout);
	else if (code == 0)
		show_text(&r.world, stdout);
	end(&r);
	return code;
}

static int refuse_members(struct run *r)
{
	struct error e;
	char *who;
	int n = group_members(r->group, &who, &e);

	if (n < 0)
		return unavailable(&e);
	if (n > 0)
		log_error(
			"offsets: group \"%s\" has %d member%s (%s): stop every daemon of it first, or wait until the "
			"session of one that was killed has ended",
			r->settings->kafka_group, n, n == 1 ? "" : "s", who);
	free(who);
	return n > 0 ? EX_TEMPFAIL : 0;
}

static struct plan *next_plan(struct run *r)
{
	return &r->plans[r->n_plans++];
}

static void plan_moved(struct run *r, const struct standing *from, int64_t offset)
{
	plan_offset(next_plan(r), &r->world, from, offset, from->kind == STANDING_NONE ? "first" : "moved");
}

static int plan_time(struct run *r)
{
	int64_t *offsets = mem_array(r->partitions.n, sizeof(*offsets));
	struct error e;
	int code = 0;

	if (group_offsets_at(r->group, &r->partitions, r->options->to_time_ms, offsets, &e) < 0)
		code = unavailable(&e);
	for (size_t i = 0; i < r->partitions.n && code == 0; i++)
		plan_moved(r, &r->standings[i], offsets[i]);
	free(offsets);
	return code;
}

static const struct standing *find(const struct run *r, const char *topic, int32_t partition)
{
	for (size_t i = 0; i < r->partitions.n; i++) {
		const struct group_partition *p = &r->partitions.items[i];

		if (p->partition == partition && strcmp(p->topic, topic) == 0)
			return &r->standings[i];
	}
	return NULL;
}

static bool is_planned(const struct run *r, const struct standing *s)
{
	for (size_t i = 0; i < r->n_plans; i++)
		if (r->plans[i].from == s)
			return true;
	return false;
}

static int plan_place(struct run *r, const char *place)
{
	const struct standing *s = NULL;
	char *text = mem_strdup(place);
	int64_t offset = -1;
	int32_t partition;
	const char *topic;
	int code = 0;

	if (!plan_parse(text, &topic, &partition, &offset))
		code = misused("not written TOPIC:PARTITION=OFFSET", place);
	else if ((s = find(r, topic, partition)) == NULL)
		code = misused("kafka.topics and the cluster have no such partition", place);
	else if (is_planned(r, s))
		code = misused("this partition is named twice", place);
	else
		plan_moved(r, s, offset);
	free(text);
	return code;
}

static int plan_places(struct run *r)
{
	int code = 0;

	for (size_t i = 0; i < r->options->n_places && code == 0; i++)
		code = plan_place(r, r->options->places[i]);
	return code;
}

/* Where partitions begin of which S3 has nothing: what "latest" was when the group began is lost with it. */
static int64_t *find_starts(struct run *r, struct error *e)
{
	int64_t start_ms = r->settings->kafka_start_ms;
	int64_t *starts = mem_array(r->partitions.n, sizeof(*starts));

	if (group_offsets_at(r->group, &r->partitions, start_ms == LATEST ? EARLIEST : start_ms, starts, e) == 0)
		return starts;
	free(starts);
	return NULL;
}

/* Topics of which S3 shows nothing of a partition where these settings put it: what others have made of it lies
 * elsewhere. */
static int look_around(const struct run *r, struct bucket *b, struct error *e)
{
	const char **topics = mem_array(r->partitions.n + 1, sizeof(*topics));
	char mark[RANGE_MARK_SIZE];
	size_t n = 0;
	int rc = 0;

	for (size_t i = 0; i < r->partitions.n; i++) {
		const struct group_partition *of = &r->partitions.items[i];

		if (bucket_find(b, of->topic, of->partition) == NULL && bucket_stranger(b, of->topic) == NULL &&
		    (n == 0 || strcmp(topics[n - 1], of->topic) != 0))
			topics[n++] = of->topic;
	}
	range_mark(r->world.cluster, r->settings->kafka_group, mark);
	if (n > 0)
		rc = bucket_look_around(b, topics, n, mark, e);
	free(topics);
	return rc;
}

static struct bucket *look(const struct run *r, struct error *e)
{
	struct bucket *b = bucket_look(r->settings, r->options->topic, e);

	if (b != NULL && look_around(r, b, e) == 0)
		return b;
	bucket_free(b);
	error_context(e, "bucket \"%s\" cannot be read", r->settings->s3_bucket);
	return NULL;
}

static int rebuild_all(struct run *r, const int64_t *starts, struct error *e)
{
	struct bucket *b = look(r, e);
	int rc = b != NULL ? 0 : -1;
	int64_t told_ms = clock_boot_ms();

	for (size_t i = 0; i < r->partitions.n && rc == 0; i++) {
		const struct standing *from = &r->standings[i];
		struct plan *p = next_plan(r);

		if (clock_boot_ms() - told_ms >= TELL_EVERY_MS) {
			log_info("offsets: %zu of %zu partitions looked at", i, r->partitions.n);
			told_ms = clock_boot_ms();
		}
		if (from->kind == STANDING_OURS && !r->options->replace)
			*p = (struct plan){ .from = from, .kind = PLAN_KEPT };
		else
			rc = rebuild_plan(p, &r->world, from, starts[i], b, r->group, e);
	}
	bucket_free(b);
	return rc;
}

static int plan_from_s3(struct run *r)
{
	struct error e;
	int64_t *starts = find_starts(r, &e);
	int rc = starts != NULL ? rebuild_all(r, starts, &e) : -1;

	free(starts);
	return rc < 0 ? unavailable(&e) : 0;
}

static size_t count(const struct run *r, enum plan_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_plans; i++)
		n += r->plans[i].kind == kind;
	return n;
}

static bool is_as_it_was(const struct group_partition *was, const struct group_partitions *now)
{
	for (size_t i = 0; i < now->n; i++) {
		const struct group_partition *is = &now->items[i];

		if (is->partition == was->partition && strcmp(is->topic, was->topic) == 0)
			return is->offset == was->offset && strcmp(is->text, was->text) == 0;
	}
	return false;
}

/* A daemon that came and went while this looked around has gone on from where it was. */
static int refuse_moved(struct run *r)
{
	struct group_partitions now;
	struct error e;
	int code = 0;

	if (group_load(r->group, r->options->topic, &now, &e) < 0)
		return unavailable(&e);
	for (size_t i = 0; i < r->n_plans && code == 0; i++) {
		const struct group_partition *was = r->plans[i].from->of;

		if (is_as_it_was(was, &now))
			continue;
		log_error("offsets: topic \"%s\" partition %" PRId32
			  " has moved meanwhile: nothing is set, run it again",
			  was->topic, was->partition);
		code = EX_TEMPFAIL;
	}
	group_partitions_free(&now);
	return code;
}

static int commit(struct run *r)
{
	struct group_commit *items = mem_array(r->n_plans, sizeof(*items));
	struct error e;
	size_t n = 0;
	int rc;

	for (size_t i = 0; i < r->n_plans; i++) {
		const struct plan *p = &r->plans[i];
		char text[INTENT_TEXT_MAX];

		if (p->kind != PLAN_SET)
			continue;
		intent_write(&p->text, p->text.n, text);
		items[n++] = (struct group_commit){ p->from->of->topic, p->from->of->partition, p->text.start,
						    mem_strdup(text) };
	}
	rc = group_commit_all(r->group, items, n, &e);
	for (size_t i = 0; i < n; i++)
		free((char *)items[i].text);
	free(items);
	if (rc < 0)
		return unavailable(&e);
	printf("set: %zu of %zu partitions of group \"%s\"\n", n, r->n_plans, r->settings->kafka_group);
	return 0;
}

static int carry_out(struct run *r)
{
	size_t refused = count(r, PLAN_REFUSED);
	int code;

	show_plans(r->plans, r->n_plans, stdout);
	if (refused > 0) {
		printf("nothing is set: %zu of %zu partitions are refused\n", refused, r->n_plans);
		return EX_DATAERR;
	}
	if (r->options->dry_run) {
		printf("dry run: nothing is set; it would be %zu of %zu partitions\n", count(r, PLAN_SET), r->n_plans);
		return 0;
	}
	code = refuse_moved(r);
	return code != 0 ? code : commit(r);
}

int offsets_set(const struct settings *s, const struct offsets_options *o)
{
	struct run r;
	int code = begin(&r, s, o);

	if (code == 0)
		code = refuse_members(&r);
	if (code == 0 && o->from_s3)
		code = plan_from_s3(&r);
	else if (code == 0 && o->to_time_ms != INT64_MIN)
		code = plan_time(&r);
	else if (code == 0)
		code = plan_places(&r);
	if (code == 0)
		code = carry_out(&r);
	end(&r);
	return code;
}
