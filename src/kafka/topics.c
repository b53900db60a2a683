/* SPDX-License-Identifier: Apache-2.0 */
/* The topics of the cluster that are ours to read: how many partitions each has, where its objects go and with whom it
 * would share that place, and since when this group reads it. */
#include "kafka/topics.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "kafka/handle.h"
#include "kafka/session.h"
#include "settings/match.h"

struct topics {
	const struct rd_kafka_metadata *metadata; /* the names live in it */
	struct topic_info *items;                 /* by name */
	struct topic_info **by_place;
	size_t n;
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct topic_info *)a)->name, ((const struct topic_info *)b)->name);
}

static int compare_places(const void *a, const void *b)
{
	return strcmp((*(struct topic_info *const *)a)->place, (*(struct topic_info *const *)b)->place);
}

static void add_topic(const struct consumer *c, struct topics *t, const struct rd_kafka_metadata_topic *m)
{
	const struct topic_settings *s = settings_for_topic(c->settings, m->topic);
	struct topic_info *i = &t->items[t->n++];
	char *table = settings_table_name(s, m->topic);

	i->name = m->topic;
	i->partitions = m->partition_cnt;
	/* A database of Glue has one table of a name, and that one location. */
	i->place = c->settings->catalog != CATALOG_NONE ? mem_strdup(table) : mem_printf("%s/%s", s->prefix, table);
	i->named = s->table[0] != '\0';
	free(table);
}

struct topics *topics_load(struct consumer *c)
{
	const struct rd_kafka_metadata *m;
	struct topics *t;

	if (rd_kafka_metadata(c->rk, 1, NULL, &m, session_left_ms(c)) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return NULL;
	t = mem_zalloc(sizeof(*t));
	t->metadata = m;
	t->items = mem_array((size_t)m->topic_cnt, sizeof(*t->items));
	t->by_place = mem_array((size_t)m->topic_cnt, sizeof(struct topic_info *));
	for (int i = 0; i < m->topic_cnt; i++) {
		if (match_topic(&c->settings->kafka_topics, m->topics[i].topic))
			add_topic(c, t, &m->topics[i]);
	}
	qsort(t->items, t->n, sizeof(*t->items), compare_names);
	for (size_t i = 0; i < t->n; i++)
		t->by_place[i] = &t->items[i];
	qsort(t->by_place, t->n, sizeof(struct topic_info *), compare_places);
	return t;
}

void topics_free(struct topics *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->n; i++)
		free(t->items[i].place);
	free(t->items);
	free(t->by_place);
	rd_kafka_metadata_destroy(t->metadata);
	free(t);
}

struct topic_info *topics_find(const struct topics *t, const char *name)
{
	const struct topic_info key = { .name = name };

	return t->n > 0 ? bsearch(&key, t->items, t->n, sizeof(*t->items), compare_names) : NULL;
}

/* A text of a newer program says that the group is born, and nothing else that could be relied on. */
static enum intent_verdict read_text(struct consumer *c, const rd_kafka_topic_partition_t *e, struct intent_text *text)
{
	char *s = handle_text_of(e);
	enum intent_verdict v = intent_read(s, text);

	free(s);
	c->group_is_born |= v != INTENT_ABSENT;
	return v;
}

static int read_births(struct consumer *c, struct topics *t, const rd_kafka_topic_partition_list_t *list)
{
	struct intent_text text;

	for (int i = 0; i < list->cnt; i++) {
		const rd_kafka_topic_partition_t *e = &list->elems[i];
		struct topic_info *info = topics_find(t, e->topic);

		if (e->err != RD_KAFKA_RESP_ERR_NO_ERROR)
			return -1;
		if (info->born)
			continue;
		info->born = read_text(c, e, &text) == INTENT_OURS;
		info->birth = text.birth;
	}
	return 0;
}

int topics_ask_births(struct consumer *c, struct topics *t, bool (*wanted)(const struct topic_info *i, const void *arg),
		      const void *arg)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
	int result = 0;

	for (size_t i = 0; i < t->n; i++) {
		if (!t->items[i].birth_asked && t->items[i].partitions > 0 && wanted(&t->items[i], arg))
			rd_kafka_topic_partition_list_add_range(list, t->items[i].name, 0, t->items[i].partitions - 1);
	}
	if (list->cnt > 0)
		result = rd_kafka_committed(c->rk, list, session_left_ms(c)) == RD_KAFKA_RESP_ERR_NO_ERROR
				 ? read_births(c, t, list)
				 : -1;
	for (int i = 0; i < list->cnt && result == 0; i++)
		topics_find(t, list->elems[i].topic)->birth_asked = true;
	rd_kafka_topic_partition_list_destroy(list);
	return result;
}

static int find_any_text(struct consumer *c, const rd_kafka_topic_partition_list_t *list)
{
	struct intent_text text;
	int result = 0;

	for (int i = 0; i < list->cnt && !c->group_is_born; i++) {
		if (list->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)
			result = -1;
		else
			read_text(c, &list->elems[i], &text);
	}
	return c->group_is_born ? 0 : result;
}

int topics_ask_group(struct consumer *c, const struct topics *t)
{
	rd_kafka_topic_partition_list_t *list;
	int result = -1;

	if (c->group_is_born)
		return 0;
	list = rd_kafka_topic_partition_list_new(16);
	for (int i = 0; i < t->metadata->topic_cnt; i++) {
		const struct rd_kafka_metadata_topic *m = &t->metadata->topics[i];

		if (m->partition_cnt > 0)
			rd_kafka_topic_partition_list_add_range(list, m->topic, 0, m->partition_cnt - 1);
	}
	if (rd_kafka_committed(c->rk, list, session_left_ms(c)) == RD_KAFKA_RESP_ERR_NO_ERROR)
		result = find_any_text(c, list);
	rd_kafka_topic_partition_list_destroy(list);
	return result;
}

static bool is_at_place(const struct topic_info *i, const void *place)
{
	return strcmp(i->place, place) == 0;
}

static bool goes_before(const struct topic_info *a, const struct topic_info *b)
{
	return a->born != b->born ? a->born : strcmp(a->name, b->name) < 0;
}

/* The neighbours of a topic in the order of places that share its place, itself included. */
static struct topic_info **same_place(const struct topics *t, const struct topic_info *i, size_t *n)
{
	struct topic_info **first = bsearch(&i, t->by_place, t->n, sizeof(struct topic_info *), compare_places);
	struct topic_info **end = first;

	while (first > t->by_place && strcmp(first[-1]->place, i->place) == 0)
		first--;
	while (end < t->by_place + t->n && strcmp((*end)->place, i->place) == 0)
		end++;
	*n = (size_t)(end - first);
	return first;
}

int topics_owner_of_table(struct consumer *c, struct topics *t, const struct topic_info *i, const char **owner)
{
	size_t n;
	struct topic_info **rivals = same_place(t, i, &n);

	*owner = NULL;
	if (n == 1)
		return 0;
	if (topics_ask_births(c, t, is_at_place, i->place) < 0)
		return -1;
	for (size_t k = 0; k < n; k++) {
		if (rivals[k] != i && !(rivals[k]->named && i->named) && goes_before(rivals[k], i))
			*owner = rivals[k]->name;
	}
	return 0;
}
