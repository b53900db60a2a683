/* SPDX-License-Identifier: Apache-2.0 */
/* Files through the engine, the thread and the command into librdkafka's mock cluster, and read back from it. */

#include "replay/replay.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "replay/engine.h"

#define MAX_MESSAGES 5000

static char path[] = "/tmp/test_replay.XXXXXX";
static char none[] = "";
static char comma[] = ",";
static rd_kafka_t *host;
static rd_kafka_mock_cluster_t *cluster;
static int topics;

static const struct engine_limits patient = { .connect_ms = 20000, .flush_ms = 60000, .stop_ms = 5000 };
static const atomic_bool never;

/* Settings for a topic of its own, one partition, so that the order can be seen. Freed with free_settings. */
static struct settings *new_settings(const char *text)
{
	struct settings *s = mem_zalloc(sizeof(*s));
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	s->kafka_brokers = mem_strdup(rd_kafka_mock_cluster_bootstraps(cluster));
	s->file = s->replay_file = path;
	s->replay_topic = mem_printf("topic%d", topics++);
	s->replay_order = REPLAY_SEQUENTIAL;
	s->replay_delimiter = comma;
	s->replay_header = true;
	s->replay_key_column = s->replay_timestamp_column = s->replay_pace_column = none;
	s->replay_pace_factor = 1;
	assert_int_equal(rd_kafka_mock_topic_create(cluster, s->replay_topic, 1, 1), 0);
	return s;
}

static void free_settings(struct settings *s)
{
	free(s->kafka_brokers);
	free(s->replay_topic);
	free(s);
}

/* What a topic holds, read by a consumer of its own. */
struct message {
	char *value;
	char *key; /* NULL: none */
	int64_t timestamp_ms;
};

struct messages {
	struct message items[MAX_MESSAGES];
	size_t n;
};

static void add_message(struct messages *all, const rd_kafka_message_t *m)
{
	assert_true(all->n < MAX_MESSAGES);
	all->items[all->n++] = (struct message){
		.value = mem_printf("%.*s", (int)m->len, (const char *)m->payload),
		.key = m->key == NULL ? NULL : mem_printf("%.*s", (int)m->key_len, (const char *)m->key),
		.timestamp_ms = rd_kafka_message_timestamp(m, NULL),
	};
}

static struct messages *read_topic(const struct settings *s)
{
	struct messages *all = mem_zalloc(sizeof(*all));
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_t *rk;
	char why[256];

	assert_int_equal(rd_kafka_conf_set(conf, "bootstrap.servers", s->kafka_brokers, why, sizeof(why)), 0);
	assert_int_equal(rd_kafka_conf_set(conf, "group.id", "test", why, sizeof(why)), 0);
	assert_int_equal(rd_kafka_conf_set(conf, "enable.partition.eof", "true", why, sizeof(why)), 0);
	rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
	assert_non_null(rk);
	rd_kafka_topic_partition_list_add(list, s->replay_topic, 0)->offset = 0;
	assert_int_equal(rd_kafka_assign(rk, list), 0);
	rd_kafka_topic_partition_list_destroy(list);
	for (bool end = false; !end;) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 20000);

		assert_non_null(m);
		end = m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
		if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR)
			add_message(all, m);
		rd_kafka_message_destroy(m);
	}
	rd_kafka_consumer_close(rk);
	rd_kafka_destroy(rk);
	return all;
}

static void free_messages(struct messages *all)
{
	for (size_t i = 0; i < all->n; i++) {
		free(all->items[i].value);
		free(all->items[i].key);
	}
	free(all);
}

static int run_engine(const struct settings *s, struct engine_counts *counts, struct error *e)
{
	struct engine *g;
	int code = engine_new(s, &g, e);

	memset(counts, 0, sizeof(*counts));
	if (code != 0)
		return code;
	code = engine_run(g, &patient, &never, NULL, e);
	engine_count(g, counts);
	engine_free(g);
	return code;
}

static void expect_code(const struct settings *s, int code, const char *part)
{
	struct engine_counts counts;
	struct error e = { .text = "" };

	assert_int_equal(run_engine(s, &counts, &e), code);
	if (strstr(e.text, part) == NULL)
		fail_msg("\"%s\" has no \"%s\"", e.text, part);
}

/* Rows `n,VALUE` for n from 0. */
static char *numbered_rows(int n)
{
	char *text = mem_alloc((size_t)n * 32 + 16);
	int len = snprintf(text, 16, "n,text\n");

	for (int i = 0; i < n; i++)
		len += snprintf(text + len, 32, "%d,row %d\n", i, i);
	return text;
}

static void expect_numbered(const struct messages *all, int n)
{
	char expected[64];

	assert_int_equal(all->n, n);
	for (int i = 0; i < n; i++) {
		snprintf(expected, sizeof(expected), "{\"n\":%d,\"text\":\"row %d\"}", i, i);
		assert_string_equal(all->items[i].value, expected);
	}
}

static void test_rows_keys_times(void **state)
{
	static char key[] = "Index", date[] = "Date";
	struct settings *s = new_settings("\xef\xbb\xbfIndex,Date,Close,Note\r\n"
					  "HSI,1986-12-31,2568.300049,\"a, \"\"b\"\"\nc\"\r\n"
					  ",2021-06-02,007,\r\n"
					  "NYA,1965-12-31,1e999,x");
	struct engine_counts counts;
	struct messages *all;
	struct error e;

	(void)state;
	s->replay_key_column = key;
	s->replay_timestamp_column = date;
	assert_int_equal(run_engine(s, &counts, &e), 0);
	assert_int_equal(counts.taken, 3);
	assert_int_equal(counts.waiting + counts.failed + counts.skipped, 0);
	all = read_topic(s);
	assert_int_equal(all->n, 3);
	assert_string_equal(all->items[0].value, "{\"Index\":\"HSI\",\"Date\":\"1986-12-31\",\"Close\":2568.300049,"
						 "\"Note\":\"a, \\\"b\\\"\\nc\"}");
	assert_string_equal(all->items[0].key, "HSI");
	assert_int_equal(all->items[0].timestamp_ms, INT64_C(536371200000));
	assert_string_equal(all->items[1].value, "{\"Index\":null,\"Date\":\"2021-06-02\",\"Close\":\"007\","
						 "\"Note\":null}");
	assert_null(all->items[1].key);
	assert_string_equal(all->items[2].value, "{\"Index\":\"NYA\",\"Date\":\"1965-12-31\",\"Close\":\"1e999\","
						 "\"Note\":\"x\"}");
	assert_int_equal(all->items[2].timestamp_ms, 1);
	free_messages(all);
	free_settings(s);
}

static void test_no_header(void **state)
{
	struct settings *s = new_settings("1,a\n2,b\n");
	struct engine_counts counts;
	struct messages *all;
	struct error e;

	(void)state;
	s->replay_header = false;
	for (int order = 0; order < 2; order++) {
		s->replay_order = order == 0 ? REPLAY_SEQUENTIAL : REPLAY_RANDOM;
		assert_int_equal(run_engine(s, &counts, &e), 0);
		assert_int_equal(counts.taken, 2);
	}
	all = read_topic(s);
	assert_int_equal(all->n, 4);
	assert_string_equal(all->items[0].value, "{\"column1\":1,\"column2\":\"a\"}");
	free_messages(all);
	free_settings(s);
}

static void test_random_order(void **state)
{
	char *text = numbered_rows(3000);
	struct messages *runs[3];

	(void)state;
	for (int run = 0; run < 3; run++) {
		struct settings *s = new_settings(text);
		struct engine_counts counts;
		struct error e;
		bool seen[3000] = { false };
		size_t moved = 0;

		s->replay_order = REPLAY_RANDOM;
		s->replay_seed = run == 2 ? 8 : 7;
		assert_int_equal(run_engine(s, &counts, &e), 0);
		runs[run] = read_topic(s);
		assert_int_equal(runs[run]->n, 3000);
		for (size_t i = 0; i < 3000; i++) {
			long n = strtol(runs[run]->items[i].value + strlen("{\"n\":"), NULL, 10);

			assert_in_range(n, 0, 2999);
			assert_false(seen[n]);
			seen[n] = true;
			moved += n != (long)i;
		}
		assert_true(moved > 2900);
		free_settings(s);
	}
	for (size_t i = 0; i < 3000; i++)
		assert_string_equal(runs[0]->items[i].value, runs[1]->items[i].value);
	assert_string_not_equal(runs[0]->items[0].value, runs[2]->items[0].value);
	for (int run = 0; run < 3; run++)
		free_messages(runs[run]);
	free(text);
}

static void test_loop_and_limit(void **state)
{
	struct settings *s = new_settings("n\n1\n2\n3\n");
	struct engine_counts counts;
	struct messages *all;
	struct error e;

	(void)state;
	s->replay_loop = true;
	s->replay_limit = 8;
	assert_int_equal(run_engine(s, &counts, &e), 0);
	all = read_topic(s);
	assert_int_equal(all->n, 8);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(all->items[i].value[strlen("{\"n\":")], '1' + (char)(i % 3));
	free_messages(all);
	s->replay_order = REPLAY_RANDOM;
	assert_int_equal(run_engine(s, &counts, &e), 0);
	assert_int_equal(counts.taken, 8);
	free_settings(s);
}

static const char bad_rows[] = "a,b\n1,2\n1\n1,2,3\n\"x\"y,1\n\xff,1\n3,4\n";

static void test_bad_rows(void **state)
{
	struct settings *s = new_settings(bad_rows);
	struct engine_counts counts;
	struct messages *all;
	struct error e;

	(void)state;
	for (int order = 0; order < 2; order++) {
		s->replay_order = order == 0 ? REPLAY_SEQUENTIAL : REPLAY_RANDOM;
		assert_int_equal(run_engine(s, &counts, &e), 0);
		assert_int_equal(counts.taken, 2);
		assert_int_equal(counts.skipped, 4);
	}
	all = read_topic(s);
	assert_int_equal(all->n, 4);
	assert_string_equal(all->items[1].value, "{\"a\":3,\"b\":4}");
	free_messages(all);
	s->replay_order = REPLAY_SEQUENTIAL;
	s->replay_strict = true;
	expect_code(s, EX_DATAERR, "line 3: 1 fields where 2 are expected");
	free_settings(s);
}

static void test_times_that_are_none(void **state)
{
	static char date[] = "Date";
	struct settings *s = new_settings("Date\n2021-06-02\nN/A\n2021-06-03\n");
	struct engine_counts counts;
	struct error e;

	(void)state;
	s->replay_timestamp_column = date;
	assert_int_equal(run_engine(s, &counts, &e), 0);
	assert_int_equal(counts.taken, 2);
	assert_int_equal(counts.skipped, 1);
	s->replay_strict = true;
	expect_code(s, EX_DATAERR, "line 3: column \"Date\": no time that is known here: \"N/A\"");
	free_settings(s);
}

static void test_too_large(void **state)
{
	char *text = mem_zalloc(1200100);
	struct settings *s;
	struct engine_counts counts;
	struct error e;

	(void)state;
	memcpy(text, "a\n1\n", 4);
	memset(text + 4, 'x', 1200000);
	memcpy(text + 1200004, "\n2\n", 3);
	s = new_settings(text);
	assert_int_equal(run_engine(s, &counts, &e), 0);
	assert_int_equal(counts.taken, 2);
	assert_int_equal(counts.skipped, 1);
	s->replay_strict = true;
	expect_code(s, EX_DATAERR, "line 3: a record of 12000");
	free_settings(s);
	free(text);
}

static void test_settings_that_cannot_work(void **state)
{
	static char nosuch[] = "nosuch", two[] = ";;", missing[] = "/nonexistent/file.csv", directory[] = "/tmp";
	static char pipe_path[32], day[] = "a";
	static char owned[] = "sasl.mechanisms";
	struct settings *s = new_settings("a,b\n1,2\n");
	char *options[] = { owned };
	int ends[2];

	(void)state;
	s->replay_key_column = nosuch;
	expect_code(s, EX_CONFIG, "replay.key_column: the file has no column \"nosuch\"");
	s->replay_key_column = none;
	s->replay_pace_column = day;
	s->replay_order = REPLAY_RANDOM;
	expect_code(s, EX_CONFIG, "sequential");
	s->replay_pace_column = none;
	s->replay_delimiter = two;
	expect_code(s, EX_CONFIG, "one character");
	s->replay_delimiter = comma;
	s->kafka_options = (struct string_list){ options, 1 };
	expect_code(s, EX_CONFIG, "property=value");
	s->kafka_options.n = 0;
	s->replay_file = none;
	expect_code(s, EX_CONFIG, "replay.file is empty");
	s->replay_file = missing;
	expect_code(s, EX_NOINPUT, "\"/nonexistent/file.csv\": cannot be opened: No such file");
	s->replay_file = directory;
	expect_code(s, EX_NOINPUT, "directory");
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "a,b\n1,2\n", 8), 8);
	close(ends[1]);
	snprintf(pipe_path, sizeof(pipe_path), "/dev/fd/%d", ends[0]);
	s->replay_file = pipe_path;
	expect_code(s, EX_CONFIG, "pipe");
	close(ends[0]);
	free_settings(s);
	s = new_settings("");
	expect_code(s, EX_DATAERR, "there is no row");
	free_settings(s);
	s = new_settings("a\n");
	s->replay_loop = true;
	expect_code(s, EX_DATAERR, "has no row that can be sent");
	free_settings(s);
}

static void test_no_broker(void **state)
{
	static const struct engine_limits hasty = { .connect_ms = 500, .flush_ms = 500, .stop_ms = 500 };
	struct settings *s = new_settings("a\n1\n");
	struct engine *g;
	struct error e;

	(void)state;
	free(s->kafka_brokers);
	s->kafka_brokers = mem_strdup("127.0.0.1:1");
	assert_int_equal(engine_new(s, &g, &e), 0);
	assert_int_equal(engine_run(g, &hasty, &never, NULL, &e), EX_UNAVAILABLE);
	assert_non_null(strstr(e.text, "no Kafka broker answers"));
	engine_free(g);
	free_settings(s);
}

/* Without a transaction the mock broker takes no notice of a producer's numbers, by which a real one knows a batch that
 * is sent again when its answer was lost: it stands there twice. Of each row the first stays. */
static void forget_doubles(struct messages *all)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++) {
		size_t row = (size_t)strtoul(all->items[i].value + strlen("{\"n\":"), NULL, 10);

		if (row >= n) {
			all->items[n++] = all->items[i];
			continue;
		}
		assert_string_equal(all->items[i].value, all->items[row].value);
		free(all->items[i].value);
		free(all->items[i].key);
	}
	all->n = n;
}

/* The broker goes away in the middle, with a queue that fills at once, and comes back; its first answers are errors. */
static void test_broker_goes_away(void **state)
{
	static char few[] = "queue.buffering.max.messages=100";
	static char soon[] = "reconnect.backoff.max.ms=300";
	char *options[] = { few, soon }, *text = numbered_rows(2000);
	struct settings *s = new_settings(text);
	struct messages *all;
	struct replay *r;
	struct error e;

	(void)state;
	s->kafka_options = (struct string_list){ options, 2 };
	s->replay_rate = 500;
	r = replay_start(s, NULL, &e);
	assert_non_null(r);
	usleep(500000);
	assert_false(replay_ended(r));
	rd_kafka_mock_broker_set_down(cluster, 1);
	usleep(3000000);
	assert_false(replay_ended(r));
	rd_kafka_mock_push_request_errors(cluster, 0 /* Produce */, 2, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
					  RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS);
	rd_kafka_mock_broker_set_up(cluster, 1);
	for (int i = 0; i < 1200 && !replay_ended(r); i++)
		usleep(100000);
	assert_true(replay_ended(r));
	replay_stop(r);
	all = read_topic(s);
	forget_doubles(all);
	expect_numbered(all, 2000);
	free_messages(all);
	free_settings(s);
	free(text);
}

static void test_module_stops_soon(void **state)
{
	struct settings *s = new_settings("a\n1\n2\n");
	int64_t begin;
	struct replay *r;
	struct error e;

	(void)state;
	s->replay_rate = 0.001;
	r = replay_start(s, NULL, &e);
	assert_non_null(r);
	usleep(700000);
	assert_false(replay_ended(r));
	begin = clock_boot_ms();
	replay_stop(r);
	assert_true(clock_boot_ms() - begin < 20000);

	/* with rows in the queue and no broker */
	s->replay_rate = 0;
	s->replay_loop = true;
	r = replay_start(s, NULL, &e);
	assert_non_null(r);
	usleep(700000);
	rd_kafka_mock_broker_set_down(cluster, 1);
	usleep(300000);
	begin = clock_boot_ms();
	replay_stop(r);
	assert_true(clock_boot_ms() - begin < 20000);
	rd_kafka_mock_broker_set_up(cluster, 1);

	/* and with none from the beginning */
	free(s->kafka_brokers);
	s->kafka_brokers = mem_strdup("127.0.0.1:1");
	r = replay_start(s, NULL, &e);
	assert_non_null(r);
	usleep(200000);
	begin = clock_boot_ms();
	replay_stop(r);
	assert_true(clock_boot_ms() - begin < 20000);
	free_settings(s);
	replay_stop(NULL);
}

static void test_module_reports_errors(void **state)
{
	static char missing[] = "/nonexistent/file.csv";
	struct settings *s = new_settings("a\n");
	struct error e;

	(void)state;
	s->replay_file = missing;
	assert_null(replay_start(s, NULL, &e));
	assert_int_equal(e.code, EX_NOINPUT);
	free_settings(s);
}

static void *terminate_soon(void *arg)
{
	(void)arg;
	usleep(1500000);
	kill(getpid(), SIGTERM);
	return NULL;
}

static void test_command(void **state)
{
	struct settings *s = new_settings("a\n1\n2\n3\n");
	struct messages *all;
	pthread_t thread;
	int64_t begin = clock_boot_ms();

	(void)state;
	assert_int_equal(replay_command(s), 0);
	s->replay_strict = true;
	s->replay_rate = 2.5;
	assert_int_equal(replay_command(s), 0);
	assert_true(clock_boot_ms() - begin >= 800);
	s->replay_loop = true;
	s->replay_rate = 0.001;
	assert_int_equal(pthread_create(&thread, NULL, terminate_soon, NULL), 0);
	assert_int_equal(replay_command(s), 0);
	pthread_join(thread, NULL);
	all = read_topic(s);
	assert_in_range(all->n, 6, 7);
	free_messages(all);
	free_settings(s);
	s = new_settings(bad_rows);
	s->replay_strict = true;
	assert_int_equal(replay_command(s), EX_DATAERR);
	s->replay_delimiter = none;
	assert_int_equal(replay_command(s), EX_CONFIG);
	free_settings(s);
}

static int start_cluster(void **state)
{
	char why[256];
	int fd = mkstemp(path);

	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	host = rd_kafka_new(RD_KAFKA_PRODUCER, NULL, why, sizeof(why));
	cluster = host == NULL ? NULL : rd_kafka_mock_cluster_new(host, 1);
	return fd < 0 || close(fd) != 0 || cluster == NULL ? -1 : 0;
}

static int stop_cluster(void **state)
{
	(void)state;
	rd_kafka_mock_cluster_destroy(cluster);
	rd_kafka_destroy(host);
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_keys_times),   cmocka_unit_test(test_no_header),
		cmocka_unit_test(test_random_order),      cmocka_unit_test(test_loop_and_limit),
		cmocka_unit_test(test_bad_rows),          cmocka_unit_test(test_times_that_are_none),
		cmocka_unit_test(test_too_large),         cmocka_unit_test(test_settings_that_cannot_work),
		cmocka_unit_test(test_no_broker),         cmocka_unit_test(test_broker_goes_away),
		cmocka_unit_test(test_module_stops_soon), cmocka_unit_test(test_module_reports_errors),
		cmocka_unit_test(test_command),
	};

	return cmocka_run_group_tests(tests, start_cluster, stop_cluster);
}
