/* SPDX-License-Identifier: Apache-2.0 */
/* A consumer group from outside. The client commits without member and generation, which a broker takes only for a
 * group that is empty: so a daemon that comes meanwhile is not overrun (protocol.md H20 from the other side). The
 * client tells the error of one partition as that of all (H3): so what counts is what is read back. */
#include "kafka/group.h"

#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "kafka/client.h"
#include "kafka/group_state.h"
#include "kafka/handle.h"
#include "kafka/message.h"
#include "settings/match.h"

#define LIMIT_MS 30000
#define POLL_MS 500
#define MEMBERS_TOLD 3
#define LOOK_MS 500
/* A name may have several addresses, of which the first is not where the broker listens. */
#define DOWN_MS 3000
/* So that a request stays well below what a broker takes. */
#define COMMITS_AT_ONCE 500

static int failed(struct error *e, rd_kafka_resp_err_t err, const char *what)
{
	return error_set(e, ERROR_RETRY, (int)err, "%s: %s", what, rd_kafka_err2str(err));
}

static int set_owned(rd_kafka_conf_t *conf, const struct settings *s, struct error *e)
{
	static const char *const fixed[][2] = {
		{ "enable.auto.commit", "false" }, { "enable.auto.offset.store", "false" },
		{ "auto.offset.reset", "error" },  { "enable.partition.eof", "true" },
		{ "group.instance.id", NULL },     { "allow.auto.create.topics", "false" },
	};

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (client_set(conf, fixed[i][0], fixed[i][1], e) < 0)
			return -1;
	return client_set(conf, "group.id", s->kafka_group, e);
}

static void on_error(rd_kafka_t *rk, int err, const char *said, void *opaque)
{
	struct group *g = client_owner(opaque);

	(void)rk;
	g->all_down |= err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
	g->refused |= err == RD_KAFKA_RESP_ERR__AUTHENTICATION;
	cause_hear(&g->cause, (rd_kafka_resp_err_t)err, said);
}

/* Of its brokers the client tells by on_error, of the group by messages without a record. */
static void hear_message(struct group *g, const rd_kafka_message_t *m)
{
	if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR && m->rkt == NULL)
		cause_hear(&g->cause, m->err, rd_kafka_message_errstr(m));
}

void group_hear(struct group *g)
{
	rd_kafka_message_t *m;

	while ((m = rd_kafka_consumer_poll(g->rk, 0)) != NULL) {
		hear_message(g, m);
		rd_kafka_message_destroy(m);
	}
}

static rd_kafka_t *open_client(struct group *g, const struct settings *s, struct error *e)
{
	struct client *c = client_new(s, NULL, g, e);
	rd_kafka_t *rk;

	if (c == NULL)
		return NULL;
	if (set_owned(client_conf(c), s, e) < 0) {
		client_free(c);
		return NULL;
	}
	rd_kafka_conf_set_error_cb(client_conf(c), on_error);
	rk = client_open(c, RD_KAFKA_CONSUMER, e);
	if (rk != NULL)
		rd_kafka_poll_set_consumer(rk);
	return rk;
}

/* Ask for the cluster until it answers, refuses this login, the limit has passed, or, if that is told, all its brokers
 * are down. */
static void find_cluster(struct group *g, bool eager)
{
	int64_t now = clock_boot_ms(), deadline = now + g->limit_ms, down = INT64_MAX;

	while (g->cluster == NULL && !g->refused && now < deadline &&
	       (!eager || down == INT64_MAX || now < down + DOWN_MS)) {
		g->cluster = handle_cluster(g->rk, LOOK_MS);
		group_hear(g);
		now = clock_boot_ms();
		if (g->all_down && down == INT64_MAX)
			down = now;
	}
}

static struct group *open_group(const struct settings *s, int limit_ms, bool eager, struct error *e)
{
	struct group *g = mem_zalloc(sizeof(*g));
	char what[ERROR_TEXT_MAX];

	g->settings = s;
	g->limit_ms = limit_ms;
	cause_clear(&g->cause);
	g->rk = open_client(g, s, e);
	if (g->rk != NULL)
		find_cluster(g, eager);
	if (g->cluster != NULL) {
		cause_reached(&g->cause);
		return g;
	}
	snprintf(what, sizeof(what), "no broker of \"%s\" answers", s->kafka_brokers);
	if (g->rk != NULL)
		cause_explain(&g->cause, what, e);
	group_free(g);
	return NULL;
}

struct group *group_open(const struct settings *s, struct error *e)
{
	return open_group(s, LIMIT_MS, false, e);
}

struct group *group_try(const struct settings *s, int limit_ms, struct error *e)
{
	return open_group(s, limit_ms, true, e);
}

void group_free(struct group *g)
{
	if (g == NULL)
		return;
	if (g->rk != NULL)
		rd_kafka_destroy_flags(g->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	free(g->cluster);
	free(g);
}

void group_limit(struct group *g, int limit_ms)
{
	g->limit_ms = limit_ms;
}

const char *group_cluster(const struct group *g)
{
	return g->cluster;
}

const char *group_isolation_level(const struct group *g)
{
	return handle_isolation_level(g->settings);
}

const char *group_strategy(const struct group *g)
{
	return handle_strategy(g->settings);
}

static char *name_members(const struct rd_kafka_group_info *i)
{
	char *who = mem_strdup("");

	for (int k = 0; k < i->member_cnt && k < MEMBERS_TOLD; k++) {
		char *more = mem_printf("%s%s%s at %s", who, k > 0 ? ", " : "", i->members[k].client_id,
					i->members[k].client_host);

		free(who);
		who = more;
	}
	return who;
}

int group_members(struct group *g, char **who, struct error *e)
{
	const struct rd_kafka_group_list *list;
	rd_kafka_resp_err_t err = rd_kafka_list_groups(g->rk, g->settings->kafka_group, &list, g->limit_ms);
	int n = 0;

	if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return failed(e, err, "the group's members cannot be read");
	*who = NULL;
	for (int i = 0; i < list->group_cnt; i++) {
		err = list->groups[i].err != RD_KAFKA_RESP_ERR_NO_ERROR ? list->groups[i].err : err;
		if (list->groups[i].member_cnt > 0 && *who == NULL)
			*who = name_members(&list->groups[i]);
		n += list->groups[i].member_cnt;
	}
	rd_kafka_group_list_destroy(list);
	if (*who == NULL)
		*who = mem_strdup("");
	if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
		return n;
	free(*who);
	return failed(e, err, "the group's members cannot be read");
}

static int add_topic(struct group_partitions *p, const rd_kafka_metadata_topic_t *m, struct error *e)
{
	if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return error_set(e, ERROR_RETRY, (int)m->err, "topic \"%s\": %s", m->topic, rd_kafka_err2str(m->err));
	p->items = mem_realloc(p->items, (p->n + (size_t)m->partition_cnt) * sizeof(*p->items));
	for (int32_t i = 0; i < m->partition_cnt; i++)
		p->items[p->n++] = (struct group_partition){
			.topic = mem_strdup(m->topic), .partition = i, .of = m->partition_cnt, .offset = -1
		};
	return 0;
}

static int by_place(const void *a, const void *b)
{
	const struct group_partition *x = a, *y = b;
	int by_topic = strcmp(x->topic, y->topic);

	return by_topic != 0 ? by_topic : (x->partition > y->partition) - (x->partition < y->partition);
}

static int load_topics(struct group *g, const char *topic, struct group_partitions *p, struct error *e)
{
	const struct rd_kafka_metadata *m;
	rd_kafka_resp_err_t err = rd_kafka_metadata(g->rk, 1, NULL, &m, g->limit_ms);
	int rc = 0;

	if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return failed(e, err, "the cluster's topics cannot be read");
	for (int i = 0; i < m->topic_cnt && rc == 0; i++)
		if (match_topic(&g->settings->kafka_topics, m->topics[i].topic) &&
		    (topic == NULL || strcmp(topic, m->topics[i].topic) == 0))
			rc = add_topic(p, &m->topics[i], e);
	rd_kafka_metadata_destroy(m);
	if (p->n > 0)
		qsort(p->items, p->n, sizeof(*p->items), by_place);
	return rc;
}

static rd_kafka_topic_partition_list_t *list_of(const struct group_partitions *p, int64_t offset)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)p->n);

	for (size_t i = 0; i < p->n; i++)
		rd_kafka_topic_partition_list_add(list, p->items[i].topic, p->items[i].partition)->offset = offset;
	return list;
}

/* What the list says of a partition, in whatever order it came; NULL: an error. */
static const rd_kafka_topic_partition_t *answer_about(const rd_kafka_topic_partition_list_t *list,
						      const struct group_partition *p, struct error *e)
{
	const rd_kafka_topic_partition_t *found = rd_kafka_topic_partition_list_find(list, p->topic, p->partition);

	if (found != NULL && found->err == RD_KAFKA_RESP_ERR_NO_ERROR)
		return found;
	error_set(e, ERROR_RETRY, 0, "topic \"%s\" partition %" PRId32 ": %s", p->topic, p->partition,
		  found != NULL ? rd_kafka_err2str(found->err) : "no answer");
	return NULL;
}

static int load_committed(struct group *g, struct group_partitions *p, struct error *e)
{
	rd_kafka_topic_partition_list_t *list = list_of(p, RD_KAFKA_OFFSET_INVALID);
	rd_kafka_resp_err_t err = rd_kafka_committed(g->rk, list, g->limit_ms);
	int rc = err != RD_KAFKA_RESP_ERR_NO_ERROR ? failed(e, err, "the committed offsets cannot be read") : 0;

	for (size_t i = 0; i < p->n && rc == 0; i++) {
		const rd_kafka_topic_partition_t *found = answer_about(list, &p->items[i], e);

		if (found == NULL) {
			rc = -1;
			break;
		}
		p->items[i].offset = found->offset < 0 ? -1 : found->offset;
		p->items[i].text = handle_text_of(found);
	}
	rd_kafka_topic_partition_list_destroy(list);
	return rc;
}

int group_offsets_at(struct group *g, const struct group_partitions *p, int64_t time_ms, int64_t *offsets,
		     struct error *e)
{
	rd_kafka_topic_partition_list_t *list = list_of(p, time_ms);
	rd_kafka_resp_err_t err = rd_kafka_offsets_for_times(g->rk, list, g->limit_ms);
	int rc = err != RD_KAFKA_RESP_ERR_NO_ERROR ? failed(e, err, "the log's offsets cannot be read") : 0;

	for (size_t i = 0; i < p->n && rc == 0; i++) {
		const rd_kafka_topic_partition_t *found = answer_about(list, &p->items[i], e);

		if (found == NULL) {
			rc = -1;
			break;
		}
		offsets[i] = found->offset >= 0 ? found->offset : p->items[i].high;
	}
	rd_kafka_topic_partition_list_destroy(list);
	return rc;
}

static int load_log(struct group *g, struct group_partitions *p, struct error *e)
{
	int64_t *offsets = mem_array(p->n, sizeof(*offsets));
	int rc = group_offsets_at(g, p, RD_KAFKA_OFFSET_END, offsets, e);

	for (size_t i = 0; i < p->n && rc == 0; i++)
		p->items[i].high = offsets[i];
	if (rc == 0)
		rc = group_offsets_at(g, p, RD_KAFKA_OFFSET_BEGINNING, offsets, e);
	for (size_t i = 0; i < p->n && rc == 0; i++)
		p->items[i].low = offsets[i];
	free(offsets);
	return rc;
}

int group_load(struct group *g, const char *topic, struct group_partitions *p, struct error *e)
{
	*p = (struct group_partitions){ 0 };
	if (load_topics(g, topic, p, e) == 0 && (p->n == 0 || (load_committed(g, p, e) == 0 && load_log(g, p, e) == 0)))
		return 0;
	group_partitions_free(p);
	return -1;
}

int group_load_texts(struct group *g, struct group_partitions *p, struct error *e)
{
	*p = (struct group_partitions){ 0 };
	if (load_topics(g, NULL, p, e) == 0 && (p->n == 0 || load_committed(g, p, e) == 0))
		return 0;
	group_partitions_free(p);
	return -1;
}

int group_load_log(struct group *g, struct group_partitions *p, struct error *e)
{
	*p = (struct group_partitions){ 0 };
	if (load_topics(g, NULL, p, e) == 0 && (p->n == 0 || load_log(g, p, e) == 0))
		return 0;
	group_partitions_free(p);
	return -1;
}

void group_partitions_free(struct group_partitions *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->items[i].topic);
		free(p->items[i].text);
	}
	free(p->items);
	*p = (struct group_partitions){ 0 };
}

enum read_state { READ_ON, READ_NOTHING, READ_ENOUGH, READ_END, READ_FAILED };

static bool is_of(const rd_kafka_message_t *m, const struct group_partition *p)
{
	return m->rkt != NULL && m->partition == p->partition && strcmp(rd_kafka_topic_name(m->rkt), p->topic) == 0;
}

/* What concerns no partition is the client's trouble with a broker: it goes on by itself, or the limit ends it. */
static enum read_state take_message(struct group *g, rd_kafka_message_t *m, const struct group_partition *p,
				    bool (*take)(void *arg, struct record *r), void *arg, int64_t *end, struct error *e)
{
	enum read_state state = READ_NOTHING;
	struct record r;

	if (is_of(m, p) && m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		r = message_record(m, NULL);
		return take(arg, &r) ? READ_ON : READ_ENOUGH;
	}
	if (is_of(m, p) && m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		*end = m->offset;
		state = READ_END;
	} else if (is_of(m, p)) {
		error_set(e, ERROR_RETRY, (int)m->err, "the log cannot be read: %s", rd_kafka_message_errstr(m));
		state = READ_FAILED;
	}
	hear_message(g, m);
	rd_kafka_message_destroy(m);
	return state;
}

static enum read_state read_on(struct group *g, const struct group_partition *p,
			       bool (*take)(void *arg, struct record *r), void *arg, int64_t *end, struct error *e)
{
	int64_t now = clock_boot_ms(), deadline = now + g->limit_ms;
	enum read_state state = READ_ON;

	while (state == READ_ON || state == READ_NOTHING) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(g->rk, POLL_MS);

		state = m != NULL ? take_message(g, m, p, take, arg, end, e) : READ_NOTHING;
		now = clock_boot_ms();
		if (state == READ_ON)
			deadline = now + g->limit_ms;
		if (now > deadline && state == READ_NOTHING) {
			error_set(e, ERROR_RETRY, 0, "the log cannot be read: nothing came for %d s",
				  g->limit_ms / 1000);
			state = READ_FAILED;
		}
	}
	return state;
}

int group_read(struct group *g, const struct group_partition *p, int64_t from,
	       bool (*take)(void *arg, struct record *r), void *arg, int64_t *end, struct error *e)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	enum read_state state;
	rd_kafka_resp_err_t err;

	rd_kafka_topic_partition_list_add(list, p->topic, p->partition)->offset = from;
	err = rd_kafka_assign(g->rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return failed(e, err, "the log cannot be read");
	state = read_on(g, p, take, arg, end, e);
	rd_kafka_assign(g->rk, NULL);
	return state == READ_FAILED ? -1 : state == READ_ENOUGH;
}

static rd_kafka_topic_partition_list_t *commits(const struct group_commit *items, size_t n, bool with_texts)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)n);

	for (size_t i = 0; i < n; i++) {
		rd_kafka_topic_partition_t *to =
			rd_kafka_topic_partition_list_add(list, items[i].topic, items[i].partition);

		if (!with_texts)
			continue;
		to->offset = items[i].offset;
		to->metadata = mem_strdup(items[i].text);
		to->metadata_size = strlen(items[i].text);
	}
	return list;
}

static int read_back(struct group *g, const struct group_commit *items, size_t n, rd_kafka_resp_err_t answer,
		     struct error *e)
{
	rd_kafka_topic_partition_list_t *list = commits(items, n, false);
	rd_kafka_resp_err_t err = rd_kafka_committed(g->rk, list, g->limit_ms);
	int rc = err != RD_KAFKA_RESP_ERR_NO_ERROR ? failed(e, err, "what was set cannot be read back") : 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		const rd_kafka_topic_partition_t *kept =
			rd_kafka_topic_partition_list_find(list, items[i].topic, items[i].partition);

		if (kept != NULL && kept->offset == items[i].offset && kept->metadata_size == strlen(items[i].text) &&
		    memcmp(kept->metadata, items[i].text, kept->metadata_size) == 0)
			continue;
		rc = error_set(e, ERROR_RETRY, (int)answer,
			       "topic \"%s\" partition %" PRId32 " was not set%s%s: run it again, without the daemons",
			       items[i].topic, items[i].partition,
			       answer != RD_KAFKA_RESP_ERR_NO_ERROR ? ", Kafka says: " : "",
			       answer != RD_KAFKA_RESP_ERR_NO_ERROR ? rd_kafka_err2str(answer) : "");
	}
	rd_kafka_topic_partition_list_destroy(list);
	return rc;
}

int group_commit_all(struct group *g, const struct group_commit *items, size_t n, struct error *e)
{
	for (size_t at = 0; at < n; at += COMMITS_AT_ONCE) {
		size_t some = n - at < COMMITS_AT_ONCE ? n - at : COMMITS_AT_ONCE;
		rd_kafka_topic_partition_list_t *list = commits(items + at, some, true);
		rd_kafka_resp_err_t answer = rd_kafka_commit(g->rk, list, 0);

		rd_kafka_topic_partition_list_destroy(list);
		if (read_back(g, items + at, some, answer, e) < 0)
			return -1;
	}
	return 0;
}
