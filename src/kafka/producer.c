/* SPDX-License-Identifier: Apache-2.0 */
/* The producer handle. The client reports only deliveries that failed: those that worked are what was taken less what
 * waits and failed, and cost nothing here.
 *
 * Invariants: a record is taken, or the answer says why not; message.timeout.ms is 0, so that no record is given up for
 * its age. */
#include "kafka/producer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/mem.h"
#include "kafka/client.h"

#define TEXT_MAX 256

struct producer {
	rd_kafka_t *rk;
	rd_kafka_topic_t *topic;
	size_t queue_bytes;
	uint64_t failed;
	char failure[TEXT_MAX];
	char trouble[TEXT_MAX];
};

/* What the client may keep in its queue, unless kafka.options says so. */
static const char *const defaults[][2] = {
	{ "queue.buffering.max.kbytes", "32768" },
	{ "queue.buffering.max.messages", "50000" },
};

static const char *const owned[][2] = {
	{ "enable.idempotence", "true" },
	{ "acks", "all" },
	{ "message.timeout.ms", "0" },
	{ "delivery.report.only.error", "true" },
};

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	struct producer *p = client_owner(opaque);

	(void)rk;
	if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	p->failed++;
	snprintf(p->failure, sizeof(p->failure), "%s", rd_kafka_err2str(m->err));
}

static void on_error(rd_kafka_t *rk, int err, const char *why, void *opaque)
{
	struct producer *p = client_owner(opaque);

	(void)rk;
	snprintf(p->trouble, sizeof(p->trouble), "%s: %s", rd_kafka_err2name((rd_kafka_resp_err_t)err), why);
}

static size_t queue_bytes(const rd_kafka_conf_t *conf)
{
	char value[32];
	size_t size = sizeof(value);

	if (rd_kafka_conf_get(conf, "queue.buffering.max.kbytes", value, &size) != RD_KAFKA_CONF_OK)
		return 0;
	return (size_t)strtoull(value, NULL, 10) * 1024;
}

static int set_properties(rd_kafka_conf_t *conf, const struct settings *s, struct error *e)
{
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		if (!client_option_given(s, defaults[i][0]) && client_set(conf, defaults[i][0], defaults[i][1], e) != 0)
			return -1;
	for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++)
		if (client_set(conf, owned[i][0], owned[i][1], e) != 0)
			return -1;
	return 0;
}

static struct client *new_client(const struct settings *s, struct producer *p, struct error *e)
{
	struct client *c = client_new(s, NULL, p, e);

	if (c == NULL)
		return NULL;
	if (set_properties(client_conf(c), s, e) != 0) {
		client_free(c);
		return NULL;
	}
	rd_kafka_conf_set_dr_msg_cb(client_conf(c), on_delivery);
	rd_kafka_conf_set_error_cb(client_conf(c), on_error);
	p->queue_bytes = queue_bytes(client_conf(c));
	return c;
}

static int open_handle(struct producer *p, const struct settings *s, const char *topic, struct error *e)
{
	struct client *c = new_client(s, p, e);

	if (c == NULL)
		return -1;
	p->rk = client_open(c, RD_KAFKA_PRODUCER, e);
	if (p->rk == NULL)
		return -1;
	p->topic = rd_kafka_topic_new(p->rk, topic, NULL);
	if (p->topic == NULL)
		return error_set(e, ERROR_GIVE_UP, EX_CONFIG, "replay.topic: \"%s\": %s", topic,
				 rd_kafka_err2str(rd_kafka_last_error()));
	return 0;
}

struct producer *producer_new(const struct settings *s, const char *topic, struct error *e)
{
	struct producer *p = mem_zalloc(sizeof(*p));

	if (open_handle(p, s, topic, e) == 0)
		return p;
	producer_free(p);
	return NULL;
}

void producer_free(struct producer *p)
{
	if (p == NULL)
		return;
	if (p->rk != NULL)
		rd_kafka_purge(p->rk,
			       RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
	if (p->topic != NULL)
		rd_kafka_topic_destroy(p->topic);
	if (p->rk != NULL)
		rd_kafka_destroy(p->rk);
	free(p);
}

int producer_ready(struct producer *p, int timeout_ms, struct error *e)
{
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_resp_err_t err = rd_kafka_metadata(p->rk, 0, p->topic, &metadata, timeout_ms);

	rd_kafka_poll(p->rk, 0);
	if (err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		err = metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
		if (err == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->topics[0].partition_cnt == 0)
			err = RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
		rd_kafka_metadata_destroy(metadata);
		if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
			return 0;
		return error_set(e, ERROR_RETRY, EX_UNAVAILABLE, "topic \"%s\": %s", rd_kafka_topic_name(p->topic),
				 rd_kafka_err2str(err));
	}
	return error_set(e, ERROR_RETRY, EX_UNAVAILABLE, "no Kafka broker answers: %s",
			 p->trouble[0] != '\0' ? p->trouble : rd_kafka_err2str(err));
}

static enum producer_answer refused(struct producer *p, rd_kafka_resp_err_t err, size_t len, struct error *e)
{
	char why[TEXT_MAX];

	if (rd_kafka_fatal_error(p->rk, why, sizeof(why)) != RD_KAFKA_RESP_ERR_NO_ERROR) {
		error_set(e, ERROR_GIVE_UP, EX_UNAVAILABLE, "the Kafka client gave up: %s", why);
		return PRODUCER_DEAD;
	}
	if (err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
		error_set(e, ERROR_GIVE_UP, EX_DATAERR,
			  "a record of %zu bytes is larger than message.max.bytes, or the queue, of kafka.options",
			  len);
		return PRODUCER_REFUSED;
	}
	if (err != RD_KAFKA_RESP_ERR__QUEUE_FULL)
		snprintf(p->trouble, sizeof(p->trouble), "%s: %s", rd_kafka_err2name(err), rd_kafka_err2str(err));
	return PRODUCER_FULL;
}

enum producer_answer producer_send(struct producer *p, const struct producer_record *r, struct error *e)
{
	size_t len = r->key_len + r->value_len;
	rd_kafka_resp_err_t err;

	if (len > p->queue_bytes)
		return refused(p, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, len, e);
	err = rd_kafka_producev(p->rk, RD_KAFKA_V_RKT(p->topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
				RD_KAFKA_V_VALUE((void *)r->value, r->value_len),
				RD_KAFKA_V_KEY((const void *)r->key, r->key_len), RD_KAFKA_V_TIMESTAMP(r->timestamp_ms),
				RD_KAFKA_V_END);
	return err == RD_KAFKA_RESP_ERR_NO_ERROR ? PRODUCER_TAKEN : refused(p, err, len, e);
}

void producer_poll(struct producer *p, int timeout_ms)
{
	rd_kafka_poll(p->rk, timeout_ms);
}

int producer_flush(struct producer *p, int timeout_ms)
{
	return rd_kafka_flush(p->rk, timeout_ms) == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : 1;
}

uint64_t producer_waiting(const struct producer *p)
{
	return (uint64_t)rd_kafka_outq_len(p->rk);
}

uint64_t producer_failed(const struct producer *p)
{
	return p->failed;
}

const char *producer_last_failure(const struct producer *p)
{
	return p->failure;
}

const char *producer_trouble(const struct producer *p)
{
	return p->trouble;
}
