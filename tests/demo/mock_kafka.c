/* SPDX-License-Identifier: Apache-2.0 */

/* A Kafka to try things with: librdkafka's mock cluster, one broker on a loopback port of its own choice.
 *     mock_kafka TOPIC PARTITIONS
 * Prints its bootstrap address and lives until its standard input ends or a signal comes. It keeps 5 MiB a partition
 * in memory, the oldest go silently. */

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

static int serve(rd_kafka_t *rk, const char *topic, int partitions)
{
	rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(rk, 1);
	char byte;

	if (cluster == NULL || rd_kafka_mock_topic_create(cluster, topic, partitions, 1) != 0) {
		fputs("mock_kafka: cannot make the cluster\n", stderr);
		return EX_UNAVAILABLE;
	}
	printf("%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	rd_kafka_mock_cluster_destroy(cluster);
	return EX_OK;
}

/* Only there to end read(): the handler is set without SA_RESTART. */
static void on_signal(int signal_number)
{
	(void)signal_number;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	char text[512], *end;
	rd_kafka_conf_t *conf;
	rd_kafka_t *rk;
	long partitions;
	int rc;

	partitions = argc == 3 ? strtol(argv[2], &end, 10) : 0;
	if (partitions < 1 || partitions > 1000 || *end != '\0') {
		fputs("usage: mock_kafka TOPIC PARTITIONS\n", stderr);
		return EX_USAGE;
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	conf = rd_kafka_conf_new();
	rd_kafka_conf_set(conf, "log_level", "3", text, sizeof(text)); /* it has no brokers: that is no warning here */
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
	if (rk == NULL) {
		fprintf(stderr, "mock_kafka: %s\n", text);
		return EX_UNAVAILABLE;
	}
	rc = serve(rk, argv[1], (int)partitions);
	rd_kafka_destroy(rk);
	return rc;
}
