/* SPDX-License-Identifier: Apache-2.0 */
/* Two topics whose names make the same table name must not mix in it: one of them waits. Which one is decided from all
 * topics that the settings match, not from the assignment, so that every daemon of the group decides alike: a topic
 * that has a committed text goes before one that has none, then the order of the bytes of their names (design.md,
 * Objects). */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "kafka/session.h"
#include "settings/match.h"

/* Both overrides say so: then it is meant. */
static bool is_agreed(const struct consumer *c, const char *a, const char *b)
{
	return settings_for_topic(c->settings, a)->table[0] != '\0' &&
	       settings_for_topic(c->settings, b)->table[0] != '\0';
}

static bool share_table(const struct consumer *c, const char *a, const char *b)
{
	char *table_a = settings_table_name(settings_for_topic(c->settings, a), a);
	char *table_b = settings_table_name(settings_for_topic(c->settings, b), b);
	bool same = strcmp(table_a, table_b) == 0 &&
		    strcmp(settings_for_topic(c->settings, a)->prefix, settings_for_topic(c->settings, b)->prefix) == 0;

	free(table_a);
	free(table_b);
	return same && !is_agreed(c, a, b);
}

/* -1: the committed offsets cannot be read. */
static int goes_before(struct consumer *c, const struct rd_kafka_metadata_topic *other, const char *topic,
		       int32_t partitions)
{
	struct birth birth;
	bool failed, other_has, mine_has;

	other_has = start_find_birth(c, other->topic, other->partition_cnt, &birth, &failed);
	if (failed)
		return -1;
	mine_has = start_find_birth(c, topic, partitions, &birth, &failed);
	if (failed)
		return -1;
	return other_has != mine_has ? other_has : strcmp(other->topic, topic) < 0;
}

static int32_t partitions_in(const struct rd_kafka_metadata *m, const char *topic)
{
	for (int i = 0; i < m->topic_cnt; i++) {
		if (strcmp(m->topics[i].topic, topic) == 0)
			return m->topics[i].partition_cnt;
	}
	return 0;
}

static int find_owner(struct consumer *c, const struct rd_kafka_metadata *m, const char *topic, char **owner)
{
	for (int i = 0; i < m->topic_cnt; i++) {
		const struct rd_kafka_metadata_topic *other = &m->topics[i];
		int before;

		if (strcmp(other->topic, topic) == 0 || !match_topic(&c->settings->kafka_topics, other->topic) ||
		    !share_table(c, other->topic, topic))
			continue;
		before = goes_before(c, other, topic, partitions_in(m, topic));
		if (before < 0)
			return -1;
		if (before > 0) {
			*owner = mem_strdup(other->topic);
			return 0;
		}
	}
	return 0;
}

int tables_owner(struct consumer *c, const char *topic, char **owner)
{
	const struct rd_kafka_metadata *m;
	int found;

	*owner = NULL;
	if (rd_kafka_metadata(c->rk, 1, NULL, &m, session_left_ms(c)) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return -1;
	found = find_owner(c, m, topic, owner);
	rd_kafka_metadata_destroy(m);
	return found;
}
