/* SPDX-License-Identifier: Apache-2.0 */
/* Kafka, as far as it can be asked without joining the group or changing anything: the broker, the topics, the rights,
 * the group and what is committed for it, and what its configuration means for us. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "check/preflight.h"
#include "kafka/intent.h"
#include "kafka/survey.h"
#include "offsets/plan.h"
#include "settings/match.h"

/* Topics that a record is read of; with more, the others are not tried. */
#define READ_TOPICS_MAX 32

/* Not tried, since the broker does not answer. True: so it is. */
static bool no_broker(struct preflight *p, const char *name)
{
	if (p->group != NULL)
		return false;
	lines_add(&p->lines, OUTCOME_UNPROVED, name, "no broker answers");
	return true;
}

static enum outcome outcome_of(const struct error *e)
{
	return e->action == ERROR_RETRY ? OUTCOME_UNPROVED : OUTCOME_FAILED;
}

void probe_broker(struct preflight *p)
{
	struct error e;

	p->group = group_try(p->settings, LIMIT_MS, &e);
	if (p->group == NULL)
		lines_add(&p->lines, OUTCOME_FAILED, "broker", "%s", e.text);
	else
		lines_add(&p->lines, OUTCOME_OK, "broker", "cluster \"%s\" answers at \"%s\"", group_cluster(p->group),
			  p->settings->kafka_brokers);
}

static size_t n_matches(const struct preflight *p, char *pattern)
{
	const struct string_list one = { &pattern, 1 };
	size_t n = 0;

	for (size_t i = 0; i < p->partitions.n; i++)
		n += p->partitions.items[i].partition == 0 && match_topic(&one, p->partitions.items[i].topic);
	return n;
}

static void probe_name(struct preflight *p, const char *name)
{
	char title[300];
	int partitions;
	struct error e;

	snprintf(title, sizeof(title), "topic \"%s\"", name);
	if (survey_topic(p->group, name, &partitions, &e) == 0)
		lines_add(&p->lines, OUTCOME_OK, title, "the cluster has it, with %d partitions", partitions);
	else if (e.action == ERROR_GIVE_UP)
		lines_add(&p->lines, OUTCOME_FAILED, title,
			  "the cluster has no such topic: create it, or write kafka.topics as it is spelt there");
	else if (e.action == ERROR_WAIT_PERSON)
		lines_add(
			&p->lines, OUTCOME_FAILED, title,
			"%s: grant this client Describe and Read on the topic (MSK: kafka-cluster:DescribeTopic, ReadData)",
			e.text);
	else
		lines_add(&p->lines, OUTCOME_UNPROVED, title, "%s", e.text);
}

void probe_topics(struct preflight *p)
{
	const struct string_list *topics = &p->settings->kafka_topics;
	char title[300];
	struct error e;

	if (no_broker(p, "topics"))
		return;
	p->log_known = group_load_log(p->group, &p->partitions, &e) == 0;
	if (!p->log_known)
		survey_explain(p->group, &e);
	for (size_t i = 0; i < topics->n; i++) {
		if (topics->items[i][0] != '^') {
			probe_name(p, topics->items[i]);
			continue;
		}
		snprintf(title, sizeof(title), "topics \"%s\"", topics->items[i]);
		if (!p->log_known)
			lines_add(&p->lines, OUTCOME_UNPROVED, title, "the topics cannot be asked for");
		else if (n_matches(p, topics->items[i]) == 0)
			lines_add(
				&p->lines, OUTCOME_FAILED, title,
				"it matches none of the topics that this client may see: check the expression, and the right to "
				"Describe them");
		else
			lines_add(&p->lines, OUTCOME_OK, title, "it matches %zu topics",
				  n_matches(p, topics->items[i]));
	}
	if (!p->log_known)
		lines_add(&p->lines, outcome_of(&e), "logs", "%s", e.text);
	else if (p->partitions.n > 0)
		lines_add(&p->lines, OUTCOME_OK, "logs", "the first and last offset of all %zu partitions are known",
			  p->partitions.n);
}

/* The partition of a topic that has most, from where a start would go on. */
static const struct group_partition *fullest(const struct preflight *p, size_t first)
{
	const struct group_partition *items = p->partitions.items, *best = &items[first];

	for (size_t i = first; i < p->partitions.n && strcmp(items[i].topic, items[first].topic) == 0; i++)
		if (items[i].high - items[i].low > best->high - best->low)
			best = &items[i];
	return best;
}

static bool read_one(struct preflight *p, const struct group_partition *at, struct sample *s, struct error *e)
{
	int64_t end;
	char title[300];

	if (group_read(p->group, at, at->low, sample_take, s, &end, e) >= 0)
		return true;
	snprintf(title, sizeof(title), "reading \"%s\"", at->topic);
	if (strstr(e->text, "uthorization") != NULL)
		lines_add(&p->lines, OUTCOME_FAILED, title,
			  "%s: grant this client Read on the topic (MSK: kafka-cluster:ReadData)", e->text);
	else {
		survey_explain(p->group, e);
		lines_add(&p->lines, outcome_of(e), title, "%s", e->text);
	}
	return false;
}

void probe_reading(struct preflight *p)
{
	size_t tried = 0, fine = 0, topics = 0;
	struct error e;

	if (no_broker(p, "reading"))
		return;
	p->samples = mem_array(READ_TOPICS_MAX, sizeof(p->samples[0]));
	for (size_t i = 0; i < p->partitions.n; i++) {
		if (p->partitions.items[i].partition != 0)
			continue;
		topics++;
		if (tried == READ_TOPICS_MAX)
			continue;
		sample_init(&p->samples[tried], p->partitions.items[i].topic);
		fine += read_one(p, fullest(p, i), &p->samples[tried++], &e);
		p->n_samples = tried;
	}
	if (topics == 0)
		lines_add(&p->lines, OUTCOME_UNPROVED, "reading", "there is no topic whose log is known");
	else if (fine > 0 && fine == tried)
		lines_add(&p->lines, OUTCOME_OK, "reading", "%zu topics let themselves be read", fine);
	if (topics > tried)
		lines_add(&p->lines, OUTCOME_UNPROVED, "reading", "%zu topics more were not tried", topics - tried);
}

/* Does the group share partitions in a way that a daemon of these settings knows? */
static bool same_protocol(const struct preflight *p, const struct survey_group *g)
{
	const char *ours = group_strategy(p->group);
	size_t len = strlen(g->protocol);

	if (len == 0)
		return true;
	for (const char *at = ours; (at = strstr(at, g->protocol)) != NULL; at += len)
		if ((at == ours || at[-1] == ',') && (at[len] == '\0' || at[len] == ','))
			return true;
	return false;
}

static void judge_group(struct preflight *p, const struct survey_group *g)
{
	const char *group = p->settings->kafka_group;
	struct lines *l = &p->lines;

	if (g->protocol_type[0] != '\0' && strcmp(g->protocol_type, "consumer") != 0)
		lines_add(l, OUTCOME_FAILED, "group",
			  "\"%s\" is in use by something else, of the kind \"%s\": give kafka.group a name of its own",
			  group, g->protocol_type);
	else if (g->n_strangers > 0)
		lines_add(l, OUTCOME_FAILED, "group",
			  "\"%s\" is in use by other consumers (%s): give kafka.group a name of its own", group,
			  g->strangers);
	else if (!same_protocol(p, g))
		lines_add(
			l, OUTCOME_FAILED, "group",
			"the members of \"%s\" share partitions by \"%s\", these settings by \"%s\": set "
			"partition.assignment.strategy in kafka.options to theirs, or give kafka.group a name of its own",
			group, g->protocol, group_strategy(p->group));
	else if (g->members > 0)
		lines_add(l, OUTCOME_OK, "group", "\"%s\" has %d members, all of kafka2s3", group, g->members);
	else
		lines_add(l, OUTCOME_OK, "group", "\"%s\" has no members", group);
}

static void fail_right(struct preflight *p, const struct error *e)
{
	if (e->action == ERROR_WAIT_PERSON && strstr(e->text, "uthorization") != NULL)
		lines_add(
			&p->lines, OUTCOME_FAILED, "group",
			"%s: grant this client Read on the group \"%s\" (MSK: kafka-cluster:DescribeGroup, AlterGroup)",
			e->text, p->settings->kafka_group);
	else
		lines_add(&p->lines, outcome_of(e), "group", "%s", e->text);
}

/* Offsets and texts of the partitions that are known, which come in the same order. */
static int load_offsets(struct preflight *p, struct error *e)
{
	struct group_partitions texts;

	if (group_load_texts(p->group, &texts, e) < 0)
		return -1;
	for (size_t i = 0, k = 0; i < p->partitions.n; i++) {
		struct group_partition *to = &p->partitions.items[i];

		while (k < texts.n &&
		       (strcmp(texts.items[k].topic, to->topic) != 0 || texts.items[k].partition != to->partition))
			k++;
		if (k == texts.n)
			break;
		to->offset = texts.items[k].offset;
		to->text = texts.items[k].text;
		texts.items[k].text = NULL;
	}
	group_partitions_free(&texts);
	return 0;
}

void probe_group(struct preflight *p)
{
	struct survey_group g;
	struct error e;

	if (no_broker(p, "group"))
		return;
	if (load_offsets(p, &e) < 0 || survey_group(p->group, &g, &e) < 0) {
		survey_explain(p->group, &e);
		fail_right(p, &e);
		return;
	}
	p->offsets_known = true;
	judge_group(p, &g);
	survey_group_free(&g);
	if (survey_may_commit(p->group, &e) == 0)
		lines_add(&p->lines, OUTCOME_OK, "commits", "this client may commit offsets of the group");
	else
		fail_right(p, &e);
}

static size_t n_of_kind(const struct preflight *p, enum standing_kind kind, const struct group_partition **first)
{
	size_t n = 0;

	for (size_t i = 0; i < p->partitions.n; i++) {
		struct standing s;

		standing_read(&s, &p->partitions.items[i], group_cluster(p->group), p->settings);
		if (s.kind == kind && n++ == 0)
			*first = &p->partitions.items[i];
	}
	return n;
}

void probe_offsets(struct preflight *p)
{
	static const struct {
		enum standing_kind kind;
		const char *what;
	} wrong[] = {
		{ STANDING_BARE,
		  "are committed by something else than kafka2s3: give kafka.group a name of its own; if it was you who set "
		  "them, use kafka2s3 offsets set" },
		{ STANDING_ELSEWHERE,
		  "carry the text of another place: they were copied; see kafka2s3 offsets show, and set them by kafka2s3 "
		  "offsets set" },
		{ STANDING_NEWER, "were committed by a newer kafka2s3: install that, or these partitions wait" },
		{ STANDING_DAMAGED, "carry a damaged text: see kafka2s3 offsets show" },
	};
	const struct group_partition *first;
	bool fine = true;
	size_t n;

	if (no_broker(p, "offsets"))
		return;
	if (!p->offsets_known) {
		lines_add(&p->lines, OUTCOME_UNPROVED, "offsets", "they cannot be read");
		return;
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		n = n_of_kind(p, wrong[i].kind, &first);
		if (n == 0)
			continue;
		fine = false;
		lines_add(&p->lines, OUTCOME_FAILED, "offsets", "those of %zu partitions (\"%s\" %" PRId32 " first) %s",
			  n, first->topic, first->partition, wrong[i].what);
	}
	n = n_of_kind(p, STANDING_OURS, &first);
	if (fine && n == 0)
		lines_add(&p->lines, OUTCOME_OK, "offsets", "none is committed: a start begins at kafka.start = \"%s\"",
			  p->settings->kafka_start);
	else if (fine)
		lines_add(&p->lines, OUTCOME_OK, "offsets",
			  "those of %zu partitions are of kafka2s3, which goes on there", n);
}

void probe_texts(struct preflight *p)
{
	int64_t bytes;
	struct error e;

	if (no_broker(p, "texts"))
		return;
	if (survey_configs(p->group, NULL, 0, "offset.metadata.max.bytes", &bytes, &e) < 0)
		lines_add(
			&p->lines, OUTCOME_UNPROVED, "texts",
			"whether the broker keeps the texts that make delivery exactly once (offset.metadata.max.bytes): %s; the "
			"daemon reads its first one back, and says so if it is not kept",
			e.text);
	else if (bytes < 0)
		lines_add(&p->lines, OUTCOME_UNPROVED, "texts",
			  "the broker does not say its offset.metadata.max.bytes");
	else if (bytes < INTENT_TEXT_MAX)
		lines_add(
			&p->lines, OUTCOME_FAILED, "texts",
			"the broker keeps only %" PRId64
			" bytes of the text of a commit: set its offset.metadata.max.bytes to %d, Kafka's default, or delivery "
			"may be no more than at least once",
			bytes, INTENT_TEXT_MAX);
	else
		lines_add(&p->lines, OUTCOME_OK, "texts", "the broker keeps %" PRId64 " bytes with each offset", bytes);
}

static size_t list_topics(const struct preflight *p, const char **names)
{
	size_t n = 0;

	for (size_t i = 0; i < p->partitions.n; i++)
		if (p->partitions.items[i].partition == 0)
			names[n++] = p->partitions.items[i].topic;
	return n;
}

/* What a topic may hold against what a line may be. */
static void judge_largest(struct preflight *p, const char *const *names, const int64_t *largest, size_t n)
{
	size_t over = 0, worst = 0;
	char bytes[32], record[32], memory[32];

	for (size_t i = 0; i < n; i++) {
		if (largest[i] <= settings_for_topic(p->settings, names[i])->max_record_bytes)
			continue;
		if (over++ == 0 || largest[i] > largest[worst])
			worst = i;
	}
	if (over == 0) {
		lines_add(
			&p->lines, OUTCOME_OK, "records",
			"the largest that the %zu topics take (max.message.bytes) is within output.max_record, and so within memory",
			n);
		return;
	}
	text_format_size(largest[worst], bytes);
	text_format_size(settings_for_topic(p->settings, names[worst])->max_record_bytes, record);
	text_format_size(largest[worst] * 4, memory);
	lines_add(
		&p->lines, OUTCOME_FAILED, "records",
		"%zu topics take larger records than output.max_record = \"%s\" (\"%s\": max.message.bytes is %s), which would "
		"become dead letters without their value: raise output.max_record, and memory to at least \"%s\"",
		over, record, names[worst], bytes, memory);
}

void probe_records(struct preflight *p)
{
	const char **names;
	int64_t *largest;
	struct error e;
	size_t n;

	if (no_broker(p, "records"))
		return;
	names = mem_array(p->partitions.n + 1, sizeof(names[0]));
	largest = mem_array(p->partitions.n + 1, sizeof(largest[0]));
	n = list_topics(p, names);
	if (n == 0)
		lines_add(&p->lines, OUTCOME_UNPROVED, "records",
			  "there is no topic whose largest record could be asked for");
	else if (survey_configs(p->group, names, n, "max.message.bytes", largest, &e) < 0)
		lines_add(&p->lines, OUTCOME_UNPROVED, "records",
			  "how large a record may be: %s: grant DescribeConfigs on the topics to have it checked",
			  e.text);
	else
		judge_largest(p, names, largest, n);
	free(names);
	free(largest);
}
