/* SPDX-License-Identifier: Apache-2.0 */
/* Questions of a preflight, by the client of kafka/group: metadata of one topic, members, rights, configuration. */
#include "kafka/survey.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "kafka/group_state.h"

#define STRANGERS_TOLD 3
#define NO_TOPIC "kafka2s3-check-of-rights"
#define WHY_MAX 512

void survey_explain(struct group *g, struct error *e)
{
	char what[ERROR_TEXT_MAX];

	if (e->action != ERROR_RETRY)
		return;
	group_hear(g);
	if (g->cause.said[0] == '\0')
		return;
	snprintf(what, sizeof(what), "%s", e->text);
	cause_explain(&g->cause, what, e);
}

static int failed(struct group *g, rd_kafka_resp_err_t err, const char *what, struct error *e)
{
	switch (err) {
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
		return error_set(e, ERROR_WAIT_PERSON, (int)err, "%s: %s", what, rd_kafka_err2str(err));
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
		return error_set(e, ERROR_GIVE_UP, (int)err, "%s: %s", what, rd_kafka_err2str(err));
	default:
		error_set(e, ERROR_RETRY, (int)err, "%s: %s", what, rd_kafka_err2str(err));
		survey_explain(g, e);
		return -1;
	}
}

int survey_topic(struct group *g, const char *name, int *partitions, struct error *e)
{
	rd_kafka_topic_t *topic = rd_kafka_topic_new(g->rk, name, NULL);
	const struct rd_kafka_metadata *m;
	rd_kafka_resp_err_t err;

	if (topic == NULL)
		return failed(g, rd_kafka_last_error(), "it cannot be asked for", e);
	err = rd_kafka_metadata(g->rk, 0, topic, &m, g->limit_ms);
	rd_kafka_topic_destroy(topic);
	if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return failed(g, err, "it cannot be asked for", e);
	err = m->topic_cnt > 0 ? m->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	*partitions = m->topic_cnt > 0 ? m->topics[0].partition_cnt : 0;
	rd_kafka_metadata_destroy(m);
	return err != RD_KAFKA_RESP_ERR_NO_ERROR ? failed(g, err, "the broker says", e) : 0;
}

static const char *or_empty(const char *s)
{
	return s != NULL ? s : "";
}

/* Members that are told apart by their client id: ours is the same in all daemons of a group. */
static void take_members(struct group *g, const struct rd_kafka_group_info *i, struct survey_group *out)
{
	char ours[256] = "";
	size_t size = sizeof(ours);

	rd_kafka_conf_get(rd_kafka_conf(g->rk), "client.id", ours, &size);
	for (int k = 0; k < i->member_cnt; k++) {
		const struct rd_kafka_group_member_info *m = &i->members[k];
		char *more;

		out->members++;
		if (strcmp(or_empty(m->client_id), ours) == 0 || out->n_strangers++ >= STRANGERS_TOLD)
			continue;
		more = mem_printf("%s%s%s at %s", out->strangers, out->n_strangers > 1 ? ", " : "",
				  or_empty(m->client_id), or_empty(m->client_host));
		free(out->strangers);
		out->strangers = more;
	}
}

static void take_group(struct group *g, const struct rd_kafka_group_info *i, struct survey_group *out)
{
	free(out->protocol_type);
	free(out->protocol);
	out->protocol_type = mem_strdup(or_empty(i->protocol_type));
	out->protocol = mem_strdup(or_empty(i->protocol));
	take_members(g, i, out);
}

int survey_group(struct group *g, struct survey_group *out, struct error *e)
{
	const struct rd_kafka_group_list *list;
	rd_kafka_resp_err_t err = rd_kafka_list_groups(g->rk, g->settings->kafka_group, &list, g->limit_ms);

	*out = (struct survey_group){ .protocol_type = mem_strdup(""),
				      .protocol = mem_strdup(""),
				      .strangers = mem_strdup("") };
	if (err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		for (int i = 0; i < list->group_cnt; i++) {
			err = list->groups[i].err != RD_KAFKA_RESP_ERR_NO_ERROR ? list->groups[i].err : err;
			take_group(g, &list->groups[i], out);
		}
		rd_kafka_group_list_destroy(list);
	}
	if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	survey_group_free(out);
	return failed(g, err, "its members cannot be read", e);
}

void survey_group_free(struct survey_group *s)
{
	free(s->protocol_type);
	free(s->protocol);
	free(s->strangers);
	*s = (struct survey_group){ 0 };
}

/* A broker looks at the group's right first, then at the topic's. */
int survey_may_commit(struct group *g, struct error *e)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_resp_err_t err;

	rd_kafka_topic_partition_list_add(list, NO_TOPIC, 0)->offset = 0;
	err = rd_kafka_commit(g->rk, list, 0);
	if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
		err = list->elems[0].err;
	rd_kafka_topic_partition_list_destroy(list);
	switch (err) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
	/* It has members, so a commit from outside is refused; the right was looked at before. */
	case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
	case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
	case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
		return 0;
	default:
		return failed(g, err, "offsets cannot be committed", e);
	}
}

static int broker_id(struct group *g, struct error *e)
{
	const struct rd_kafka_metadata *m;
	rd_kafka_resp_err_t err = rd_kafka_metadata(g->rk, 0, NULL, &m, g->limit_ms);
	int id;

	if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return failed(g, err, "the brokers cannot be asked for", e);
	id = m->broker_cnt > 0 ? m->brokers[0].id : -1;
	rd_kafka_metadata_destroy(m);
	return id >= 0 ? id : error_set(e, ERROR_RETRY, 0, "the cluster names no broker");
}

static int64_t number_of(const rd_kafka_ConfigResource_t *r, const char *name)
{
	size_t n;
	const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(r, &n);

	for (size_t i = 0; i < n; i++) {
		const char *value = rd_kafka_ConfigEntry_value(entries[i]);

		if (strcmp(rd_kafka_ConfigEntry_name(entries[i]), name) == 0 && value != NULL)
			return strtoll(value, NULL, 10);
	}
	return -1;
}

/* In the order in which they were asked for, whatever the order of the answers. */
static int take_configs(struct group *g, rd_kafka_event_t *event, const char *const *topics, size_t n, const char *name,
			int64_t *values, struct error *e)
{
	size_t n_found;
	const rd_kafka_ConfigResource_t **found;

	if (event == NULL)
		return error_set(e, ERROR_RETRY, 0, "the configuration cannot be read: no answer");
	if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return failed(g, rd_kafka_event_error(event), "the configuration cannot be read", e);
	found = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &n_found);
	for (size_t i = 0; i < n_found; i++) {
		rd_kafka_resp_err_t err = rd_kafka_ConfigResource_error(found[i]);

		if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
			return failed(g, err, "the configuration cannot be read", e);
		for (size_t k = 0; k < (n > 0 ? n : 1); k++)
			if (n == 0 || strcmp(rd_kafka_ConfigResource_name(found[i]), topics[k]) == 0)
				values[k] = number_of(found[i], name);
	}
	return 0;
}

int survey_configs(struct group *g, const char *const *topics, size_t n, const char *name, int64_t *values,
		   struct error *e)
{
	size_t n_asked = n > 0 ? n : 1;
	rd_kafka_ConfigResource_t **asked;
	rd_kafka_AdminOptions_t *options;
	rd_kafka_queue_t *queue;
	rd_kafka_event_t *event;
	char broker[16], why[WHY_MAX];
	int id = n == 0 ? broker_id(g, e) : 0, rc;

	if (id < 0)
		return -1;
	snprintf(broker, sizeof(broker), "%d", id);
	asked = mem_array(n_asked, sizeof(rd_kafka_ConfigResource_t *));
	for (size_t i = 0; i < n_asked; i++) {
		values[i] = -1;
		asked[i] = rd_kafka_ConfigResource_new(n > 0 ? RD_KAFKA_RESOURCE_TOPIC : RD_KAFKA_RESOURCE_BROKER,
						       n > 0 ? topics[i] : broker);
	}
	options = rd_kafka_AdminOptions_new(g->rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
	rd_kafka_AdminOptions_set_request_timeout(options, g->limit_ms, why, sizeof(why));
	queue = rd_kafka_queue_new(g->rk);
	rd_kafka_DescribeConfigs(g->rk, asked, n_asked, options, queue);
	event = rd_kafka_queue_poll(queue, g->limit_ms);
	rc = take_configs(g, event, topics, n, name, values, e);
	if (event != NULL)
		rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(queue);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_ConfigResource_destroy_array(asked, n_asked);
	free(asked);
	return rc;
}
