/* SPDX-License-Identifier: Apache-2.0 */
/* The consumer's client handle: which properties it gets and from where. What the daemon owns is set last, and cannot
 * be in kafka.options (settings/kafka_options.c); fetch and queue sizes follow from the one memory number. */
#include "kafka/handle.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "kafka/client.h"
#include "settings/memory.h"

#define HAS_QUEUE_BACKOFF 0x020200ff
#define DEFAULT_STRATEGY "cooperative-sticky"
#define QUEUE_BACKOFF_MS "10"
#define END_LIMIT_MS 3000
#define END_LOOK_MS 10
/* The client counts payload alone against its limit and takes some 400 bytes more for each record, so small records are
 * bounded by number too; a short queue also stays in the processor's cache. */
#define QUEUED_RECORD_BYTES 2048

const char *handle_option(const struct settings *s, const char *name)
{
	size_t len = strlen(name);

	/* Of two the client takes the last. */
	for (size_t i = s->kafka_options.n; i-- > 0;) {
		const char *o = s->kafka_options.items[i];

		if (strncmp(o, name, len) == 0 && o[len] == '=')
			return o + len + 1;
	}
	return NULL;
}

int64_t handle_option_ms(const struct settings *s, const char *name, int64_t otherwise)
{
	const char *value = handle_option(s, name);

	return value != NULL ? strtoll(value, NULL, 10) : otherwise;
}

const char *handle_isolation_level(const struct settings *s)
{
	const char *level = handle_option(s, "isolation.level");

	return level != NULL ? level : "read_committed";
}

const char *handle_strategy(const struct settings *s)
{
	const char *strategy = handle_option(s, "partition.assignment.strategy");

	return strategy != NULL ? strategy : DEFAULT_STRATEGY;
}

static int set_owned(rd_kafka_conf_t *conf, const struct settings *s, struct error *e)
{
	static const char *const fixed[][2] = {
		{ "enable.auto.commit", "false" },    { "enable.auto.offset.store", "false" },
		{ "auto.offset.reset", "error" },     { "enable.partition.eof", "true" },
		{ "statistics.interval.ms", "1000" }, { "allow.auto.create.topics", "false" },
	};
	static const char *const defaults[][2] = {
		{ "session.timeout.ms", "10000" },
		{ "heartbeat.interval.ms", "1000" },
		/* An answer that never comes holds up every commit for so long. */
		{ "socket.timeout.ms", "10000" },
		{ "partition.assignment.strategy", DEFAULT_STRATEGY },
		{ "topic.metadata.refresh.interval.ms", "30000" },
	};
	int64_t queue = memory_of_client_queue(s);
	int64_t fetch = queue / 2 < 50LL << 20 ? queue / 2 : 50LL << 20;
	char number[32];

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		if (client_set(conf, fixed[i][0], fixed[i][1], e) < 0)
			return -1;
	}
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		if (!client_option_given(s, defaults[i][0]) && client_set(conf, defaults[i][0], defaults[i][1], e) < 0)
			return -1;
	}
	snprintf(number, sizeof(number), "%" PRId64, queue / 1024);
	if (client_set(conf, "queued.max.messages.kbytes", number, e) < 0)
		return -1;
	snprintf(number, sizeof(number), "%" PRId64, queue / QUEUED_RECORD_BYTES);
	if (client_set(conf, "queued.min.messages", number, e) < 0)
		return -1;
	snprintf(number, sizeof(number), "%" PRId64, fetch);
	if (client_set(conf, "fetch.max.bytes", number, e) < 0)
		return -1;
	return client_set(conf, "group.id", s->kafka_group, e);
}

/* From 2.2.0 on; the default of a second makes a fast reader wait for most of it. */
static void set_queue_backoff(rd_kafka_conf_t *conf, const struct settings *s)
{
	static const char name[] = "fetch.queue.backoff.ms";
	char why[256];

	if (!client_option_given(s, name))
		rd_kafka_conf_set(conf, name, QUEUE_BACKOFF_MS, why, sizeof(why));
}

static struct client *new_client(const struct settings *s, struct credential_provider *credentials, struct error *e)
{
	struct client *c = client_new(s, credentials, NULL, e);

	if (c == NULL)
		return NULL;
	if (set_owned(client_conf(c), s, e) < 0) {
		client_free(c);
		return NULL;
	}
	set_queue_backoff(client_conf(c), s);
	return c;
}

int handle_check(const struct settings *s, struct error *e)
{
	struct client *c = new_client(s, NULL, e);

	if (c == NULL)
		return -1;
	client_free(c);
	return 0;
}

rd_kafka_t *handle_open(const struct settings *s, const char *rack, struct credential_provider *credentials,
			struct error *e)
{
	struct client *c = new_client(s, credentials, e);

	if (c == NULL)
		return NULL;
	if (rack[0] != '\0' && client_set(client_conf(c), "client.rack", rack, e) < 0) {
		client_free(c);
		return NULL;
	}
	rd_kafka_conf_set_events(client_conf(c), RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT |
							 RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS);
	return client_open(c, RD_KAFKA_CONSUMER, e);
}

rd_kafka_t *handle_open_whole_log(const struct settings *s, struct credential_provider *credentials, struct error *e)
{
	struct client *c = client_new(s, credentials, NULL, e);

	if (c == NULL)
		return NULL;
	if (client_set(client_conf(c), "isolation.level", "read_uncommitted", e) < 0) {
		client_free(c);
		return NULL;
	}
	return client_open(c, RD_KAFKA_CONSUMER, e);
}

static void *end_client(void *rk)
{
	rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	return NULL;
}

static void end_at_once(int status, void *arg)
{
	(void)arg;
	fflush(NULL);
	_exit(status);
}

/* OpenSSL, for one, gives back at exit what a thread of the client may be about to use. What is registered last comes
 * first. */
void handle_leave(void)
{
	if (on_exit(end_at_once, NULL) != 0)
		abort();
}

/* It waits for all threads of the client, and of a topic that was deleted and made again 2.0.2 keeps one that never
 * ends: what is left then is freed by the end of the process. */
void handle_close(rd_kafka_t *rk)
{
	const struct timespec look = { .tv_nsec = END_LOOK_MS * 1000000L };
	pthread_t thread;

	if (pthread_create(&thread, NULL, end_client, rk) != 0)
		abort();
	/* Not by a join with a clock, which gcc 12's ThreadSanitizer does not see. */
	for (int i = 0; i < END_LIMIT_MS / END_LOOK_MS; i++) {
		if (pthread_tryjoin_np(thread, NULL) == 0)
			return;
		nanosleep(&look, NULL);
	}
	pthread_detach(thread);
	handle_leave();
	log_info("kafka: a thread of the client does not end: it is left to the end of the process");
}

/* What the public interface has to wake the client's threads is this: credentials that they may have waited for.
 * Without SASL nothing reads them; with SASL they are left alone, and the client looks again in its own time. */
void handle_wake(rd_kafka_t *rk)
{
	char protocol[32];
	size_t size = sizeof(protocol);

	if (rd_kafka_version() >= HAS_QUEUE_BACKOFF ||
	    rd_kafka_conf_get(rd_kafka_conf(rk), "security.protocol", protocol, &size) != RD_KAFKA_CONF_OK ||
	    strncasecmp(protocol, "sasl", 4) == 0)
		return;
	rd_kafka_error_destroy(rd_kafka_sasl_set_credentials(rk, "-", "-"));
}

char *handle_cluster(rd_kafka_t *rk, int limit_ms)
{
	char *id = rd_kafka_clusterid(rk, limit_ms);
	char *cluster;

	if (id == NULL)
		return NULL;
	cluster = mem_strdup(id[0] != '\0' ? id : "-");
	rd_kafka_mem_free(rk, id);
	for (char *s = cluster; *s != '\0'; s++)
		*s = *s == ' ' ? '_' : *s;
	return cluster;
}

char *handle_text_of(const rd_kafka_topic_partition_t *e)
{
	char *text = mem_zalloc(e->metadata_size + 1);

	if (e->metadata_size > 0)
		memcpy(text, e->metadata, e->metadata_size);
	return text;
}

int handle_subscribe(rd_kafka_t *rk, const struct settings *s, struct error *e)
{
	const struct string_list *topics = &s->kafka_topics;
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)topics->n);
	rd_kafka_resp_err_t err;

	for (size_t i = 0; i < topics->n; i++)
		rd_kafka_topic_partition_list_add(list, topics->items[i], RD_KAFKA_PARTITION_UA);
	err = rd_kafka_subscribe(rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return error_set(e, ERROR_GIVE_UP, EX_CONFIG, "kafka.topics: %s", rd_kafka_err2str(err));
	return 0;
}
