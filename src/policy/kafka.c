/* SPDX-License-Identifier: Apache-2.0 */
/* Amazon MSK with IAM: cluster, topics and group, as far as broker names and patterns of topics tell of them.
 * Source: MSK developer guide, "Semantics of IAM authorization policy actions and resources"; aws.md 6. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/arn.h"
#include "aws/msk.h"
#include "base/buf.h"
#include "base/mem.h"
#include "policy/draft.h"

/* "NAME/UUID" of the cluster, where "b-1.NAME.random.c2.kafka.REGION.amazonaws.com" tells the name; a serverless one's
 * brokers do not. */
static char *cluster_of(const char *brokers)
{
	const char *name = strchr(brokers, '.'), *kafka = strstr(brokers, ".kafka.");
	size_t len;

	if (kafka == NULL || strncmp(brokers, "b-", 2) != 0 || name == kafka)
		return mem_strdup("*/*");
	len = strcspn(name + 1, ".");
	return mem_printf("%.*s/*", (int)len, name + 1);
}

static void add(struct draft *d, json_t *list, const char *kind, const char *cluster, const char *name)
{
	char own[MSK_REGION_MAX];
	const char *region = msk_region_of(d->settings->kafka_brokers, own) ? own : draft_region(d);

	draft_add(list, mem_printf("arn:%s:kafka:%s:%s:%s/%s%s%s", arn_partition(region), region, draft_account(d),
				   kind, cluster, name != NULL ? "/" : "", name != NULL ? name : ""));
}

/* Does an expression say "or" outside of any parentheses? */
static bool has_branches(const char *expression)
{
	int depth = 0;

	for (const char *p = expression; *p != '\0'; p++) {
		depth += (*p == '(') - (*p == ')');
		if (*p == '|' && depth == 0)
			return true;
		p += *p == '\\' && p[1] != '\0';
	}
	return false;
}

/* One character of a name that an expression has at p; 0: something else stands there, as "\w" does for a class.
 * *len: how long it is. */
static char literal_at(const char *p, size_t *len)
{
	*len = p[0] == '\\' && ispunct((unsigned char)p[1]) && strchr("<>'`", p[1]) == NULL ? 2 : 1;
	if (*len == 1 && strchr(".[]()*+?{}^$\\", p[0]) != NULL)
		return '\0';
	return p[*len] != '\0' && strchr("*?{", p[*len]) != NULL ? '\0' : p[*len - 1];
}

/* How all names that an expression matches begin, with "*" behind it unless that is all. */
static char *pattern_of(const char *expression)
{
	const char *p = expression + 1;
	bool branches = has_branches(p);
	size_t len;
	struct buf b;
	char c, *out;

	buf_init(&b, SIZE_MAX);
	for (; !branches && (c = literal_at(p, &len)) != '\0'; p += len)
		buf_addc(&b, c);
	if (b.len == 0 || strcmp(p, "$") != 0)
		buf_addc(&b, '*');
	out = mem_strdup(buf_str(&b));
	buf_free(&b);
	return out;
}

static json_t *topics(struct draft *d, const char *cluster)
{
	const struct string_list *l = &d->settings->kafka_topics;
	json_t *list = json_array();

	for (size_t i = 0; i < l->n; i++) {
		char *name = l->items[i][0] == '^' ? pattern_of(l->items[i]) : mem_strdup(l->items[i]);

		add(d, list, "topic", cluster, name);
		free(name);
	}
	return list;
}

static json_t *group(struct draft *d, const char *cluster)
{
	char *lands = mem_printf("%s.land.*", d->settings->kafka_group);
	json_t *list = json_array();

	add(d, list, "group", cluster, d->settings->kafka_group);
	add(d, list, "group", cluster, lands);
	free(lands);
	return list;
}

static json_t *one(struct draft *d, const char *kind, const char *cluster, const char *name)
{
	json_t *list = json_array();

	add(d, list, kind, cluster, name);
	return list;
}

void draft_kafka(struct draft *d)
{
	static const char *const connect[] = { "kafka-cluster:Connect", NULL };
	static const char *const read[] = { "kafka-cluster:DescribeTopic", "kafka-cluster:ReadData", NULL };
	static const char *const join[] = { "kafka-cluster:DescribeGroup", "kafka-cluster:AlterGroup", NULL };
	static const char *const write[] = { "kafka-cluster:DescribeTopic", "kafka-cluster:WriteData", NULL };
	static const char *const once[] = { "kafka-cluster:WriteDataIdempotently", NULL };
	const struct settings *s = d->settings;
	char *cluster = cluster_of(s->kafka_brokers);

	draft_allow(d, "Cluster", connect, one(d, "cluster", cluster, NULL), NULL);
	draft_allow(d, "Topics", read, topics(d, cluster), NULL);
	draft_allow(d, "Group", join, group(d, cluster), NULL);
	if (s->replay_file[0] != '\0') {
		draft_allow(d, "Replay", write, one(d, "topic", cluster, s->replay_topic), NULL);
		draft_allow(d, "ReplayOnce", once, one(d, "cluster", cluster, NULL), NULL);
	}
	if (strncmp(cluster, "*", 1) == 0)
		buf_adds(d->notes,
			 "kafka.brokers does not tell the cluster's name: put NAME/UUID of its ARN for \"*/*\"\n");
	free(cluster);
}
