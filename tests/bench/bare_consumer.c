/* SPDX-License-Identifier: Apache-2.0 */

/* The least that reading Kafka takes: librdkafka, batches from a forwarded queue, each record dropped at once.
 *     bare_consumer [-X PROPERTY=VALUE]... BROKERS GROUP COUNT TOPIC...
 * Reads COUNT records of the topics (names or ^regex) and prints one line of JSON: records, bytes, seconds from the
 * first record to the last, peak resident kilobytes. */

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define BATCH 1024
#define WAIT_MS 100
#define PATIENCE_SECONDS 60

struct bare {
	rd_kafka_t *rk;
	rd_kafka_queue_t *group_queue, *record_queue;
	long wanted, records;
	long long bytes;
	double first, last; /* seconds */
};

static double now_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what, const char *why)
{
	fprintf(stderr, "bare_consumer: %s: %s\n", what, why);
	exit(EX_UNAVAILABLE);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char why[256];

	if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) != RD_KAFKA_CONF_OK)
		die(name, why);
}

static void set_option(rd_kafka_conf_t *conf, char *option)
{
	char *equals = strchr(option, '=');

	if (equals == NULL)
		die(option, "a property is written PROPERTY=VALUE");
	*equals = '\0';
	set(conf, option, equals + 1);
}

static void serve_rebalance(struct bare *b, rd_kafka_event_t *event)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);

	if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
		rd_kafka_assign(b->rk, NULL);
		return;
	}
	for (int i = 0; i < list->cnt; i++) {
		rd_kafka_queue_t *q =
			rd_kafka_queue_get_partition(b->rk, list->elems[i].topic, list->elems[i].partition);

		rd_kafka_queue_forward(q, b->record_queue);
		rd_kafka_queue_destroy(q);
	}
	rd_kafka_assign(b->rk, list);
}

static void serve_group(struct bare *b)
{
	rd_kafka_event_t *event;

	while ((event = rd_kafka_queue_poll(b->group_queue, 0)) != NULL) {
		if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE)
			serve_rebalance(b, event);
		rd_kafka_event_destroy(event);
	}
}

static void take(struct bare *b, rd_kafka_message_t *m)
{
	if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		b->records++;
		b->bytes += (long long)m->len;
	}
	rd_kafka_message_destroy(m);
}

/* False: nothing has come for a minute. */
static int drain(struct bare *b)
{
	static rd_kafka_message_t *batch[BATCH];
	double patience = now_seconds() + PATIENCE_SECONDS;

	while (b->records < b->wanted) {
		ssize_t n;

		serve_group(b);
		n = (ssize_t)rd_kafka_consume_batch_queue(b->record_queue, WAIT_MS, batch, BATCH);
		if (n <= 0 && now_seconds() > patience)
			return 0;
		if (n <= 0)
			continue;
		b->last = now_seconds();
		b->first = b->records == 0 ? b->last : b->first;
		patience = b->last + PATIENCE_SECONDS;
		for (ssize_t i = 0; i < n; i++)
			take(b, batch[i]);
	}
	return 1;
}

static void subscribe(const struct bare *b, char **topics, int n)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(n);
	rd_kafka_resp_err_t err;

	for (int i = 0; i < n; i++)
		rd_kafka_topic_partition_list_add(list, topics[i], RD_KAFKA_PARTITION_UA);
	err = rd_kafka_subscribe(b->rk, list);
	if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
		die("subscribe", rd_kafka_err2str(err));
	rd_kafka_topic_partition_list_destroy(list);
}

/* Of this program's own life: getrusage would tell that of the process that started it, where that was larger. */
static long peak_kilobytes(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[128];
	long kb = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "VmHWM:", 6) == 0)
			kb = strtol(line + 6, NULL, 10);
	if (f != NULL)
		fclose(f);
	return kb;
}

int main(int argc, char **argv)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	struct bare b = { 0 };
	char why[256];
	int option, complete;

	set(conf, "enable.auto.commit", "false");
	set(conf, "auto.offset.reset", "earliest");
	while ((option = getopt(argc, argv, "X:")) == 'X')
		set_option(conf, optarg);
	if (option != -1 || argc - optind < 4) {
		fputs("usage: bare_consumer [-X PROPERTY=VALUE]... BROKERS GROUP COUNT TOPIC...\n", stderr);
		return EX_USAGE;
	}
	set(conf, "bootstrap.servers", argv[optind]);
	set(conf, "group.id", argv[optind + 1]);
	b.wanted = strtol(argv[optind + 2], NULL, 10);
	rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_REBALANCE);
	b.rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
	if (b.rk == NULL)
		die("librdkafka", why);
	rd_kafka_poll_set_consumer(b.rk);
	b.group_queue = rd_kafka_queue_get_consumer(b.rk);
	b.record_queue = rd_kafka_queue_new(b.rk);
	subscribe(&b, argv + optind + 3, argc - optind - 3);
	complete = drain(&b);
	printf("{\"records\": %ld, \"bytes\": %lld, \"seconds\": %.3f, \"peak_kb\": %ld}\n", b.records, b.bytes,
	       b.last - b.first, peak_kilobytes());
	fflush(stdout);
	if (!complete)
		fprintf(stderr, "bare_consumer: waited %d s for more than %ld records\n", PATIENCE_SECONDS, b.records);
	_exit(complete ? EX_OK : EX_UNAVAILABLE); /* the orderly way out is not what is measured */
}
