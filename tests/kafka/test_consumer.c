/* SPDX-License-Identifier: Apache-2.0 */
/* The consumer thread on librdkafka's mock cluster, with calls of the client that come out otherwise than they mostly
 * do. The test is the uploader: it takes what comes through the ring. */
#include "kafka/consumer.h"

#include <dlfcn.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdatomic.h>
#include <unistd.h>

#include "aws/credentials_cache.h"
#include "base/clock.h"
#include "base/mem.h"
#include "settings/scratch.h"

#define RECORDS 200
#define LIMIT_MS 60000
#define TOPIC "t"
#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

/* What is staged, and what was seen of it. */
static struct {
	atomic_int unforwarded;  /* so many forwardings of queues are still left out */
	atomic_bool fail_assign; /* the next change of the local assignment fails */
	rd_kafka_event_t *late;  /* an assign event that comes again, in place of the revoke of a group that is left */
	atomic_bool leaving, left;
	atomic_bool given;     /* the group has given the next client something */
	atomic_bool too_early; /* that one has asked for offsets, read or committed before */
} staged;

void rd_kafka_queue_forward(rd_kafka_queue_t *from, rd_kafka_queue_t *to)
{
	if (to == NULL || atomic_fetch_sub(&staged.unforwarded, 1) <= 0)
		REAL(rd_kafka_queue_forward)(from, to);
}

static void must_be_given(void)
{
	if (atomic_load(&staged.left) && !atomic_load(&staged.given))
		atomic_store(&staged.too_early, true);
}

rd_kafka_error_t *rd_kafka_incremental_assign(rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *list)
{
	if (atomic_exchange(&staged.fail_assign, false))
		return rd_kafka_error_new(RD_KAFKA_RESP_ERR__STATE, "staged");
	if (list->cnt > 0)
		must_be_given();
	return REAL(rd_kafka_incremental_assign)(rk, list);
}

rd_kafka_resp_err_t rd_kafka_committed(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list, int timeout_ms)
{
	must_be_given();
	return REAL(rd_kafka_committed)(rk, list, timeout_ms);
}

rd_kafka_resp_err_t rd_kafka_commit_queue(rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *offsets,
					  rd_kafka_queue_t *queue,
					  void (*cb)(rd_kafka_t *rk, rd_kafka_resp_err_t err,
						     rd_kafka_topic_partition_list_t *offsets, void *opaque),
					  void *opaque)
{
	must_be_given();
	return REAL(rd_kafka_commit_queue)(rk, offsets, queue, cb, opaque);
}

static bool is(rd_kafka_event_t *event, rd_kafka_resp_err_t err)
{
	return event != NULL && rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE &&
	       rd_kafka_event_error(event) == err;
}

rd_kafka_event_t *rd_kafka_queue_poll(rd_kafka_queue_t *queue, int timeout_ms)
{
	rd_kafka_event_t *event = REAL(rd_kafka_queue_poll)(queue, timeout_ms);

	if (is(event, RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) && atomic_exchange(&staged.leaving, false)) {
		rd_kafka_event_destroy(event);
		event = staged.late;
		staged.late = NULL;
		atomic_store(&staged.left, true);
	} else if (is(event, RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) && atomic_load(&staged.left)) {
		atomic_store(&staged.given, true);
	} else if (is(event, RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) && atomic_load(&staged.fail_assign)) {
		staged.late = event;
	}
	return event;
}

void rd_kafka_event_destroy(rd_kafka_event_t *event)
{
	if (event != staged.late)
		REAL(rd_kafka_event_destroy)(event);
}

rd_kafka_error_t *rd_kafka_consumer_close_queue(rd_kafka_t *rk, rd_kafka_queue_t *queue)
{
	if (staged.late != NULL)
		atomic_store(&staged.leaving, true);
	return REAL(rd_kafka_consumer_close_queue)(rk, queue);
}

struct fixture {
	char *folder;
	rd_kafka_t *host; /* of the cluster, and the producer */
	rd_kafka_mock_cluster_t *cluster;
	struct settings *settings;
	struct ring *ring;
	struct mailbox *commands, *events;
	struct board *board;
	struct consumer *consumer;
	int64_t next_offset;
	int taken;
	bool stopped; /* the uploader was told to */
};

/* The test looks for itself. */
static void wake_nobody(void *arg)
{
	(void)arg;
}

static void produce(struct fixture *f)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[256];
	char value[] = "{}";
	rd_kafka_t *rk;

	rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(f->cluster), why, sizeof(why));
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	assert_non_null(rk);
	for (int i = 0; i < RECORDS; i++)
		assert_int_equal(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(TOPIC), RD_KAFKA_V_PARTITION(0),
						   RD_KAFKA_V_VALUE(value, 2), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
						   RD_KAFKA_V_END),
				 RD_KAFKA_RESP_ERR_NO_ERROR);
	assert_int_equal(rd_kafka_flush(rk, LIMIT_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
	rd_kafka_destroy(rk);
}

static int begin(void **state)
{
	struct fixture *f = mem_zalloc(sizeof(*f));
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	struct credential_provider *credentials;
	struct lane lane;
	struct error e;
	char why[256];
	char *text;

	if (scratch_setup((void **)&f->folder) != 0)
		return -1;
	memset(&staged, 0, sizeof(staged));
	rd_kafka_conf_set(conf, "log_level", "3", why, sizeof(why));
	f->host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	f->cluster = rd_kafka_mock_cluster_new(f->host, 1);
	assert_int_equal(rd_kafka_mock_topic_create(f->cluster, TOPIC, 1, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
	produce(f);
	/* The mock's first rebalance takes 3 s, the others the session's time-out less a second. */
	text = mem_printf("kafka = { brokers = \"%s\"; topics = [ \"" TOPIC "\" ]; group = \"g\";"
			  " options = [ \"session.timeout.ms=4000\", \"heartbeat.interval.ms=300\" ]; };\n"
			  "s3 = { bucket = \"my-lake\"; };\n",
			  rd_kafka_mock_cluster_bootstraps(f->cluster));
	f->settings = scratch_load(text);
	free(text);
	f->ring = ring_new(1024, 1 << 20);
	f->commands = mailbox_new();
	f->events = mailbox_new();
	f->board = board_new(1);
	ring_wake_consumer(f->ring, (struct waker){ wake_nobody, NULL });
	mailbox_waker(f->commands, (struct waker){ wake_nobody, NULL });
	lane = (struct lane){ f->ring, f->commands };
	credentials = credentials_shared(f->settings, NULL);
	f->consumer = consumer_new(f->settings, "", credentials, &lane, 1, f->events, f->board, &e);
	credentials->free(credentials);
	assert_non_null(f->consumer);
	*state = f;
	return 0;
}

static void take_records(struct fixture *f, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct record *r = ring_at(f->ring, i);

		if (r->kind == RECORD_DATA) {
			assert_int_equal(r->offset, f->next_offset);
			f->next_offset++;
			f->taken++;
			record_release(r);
		} else if (r->kind == RECORD_FAREWELL) {
			assignment_free(r->assignment);
		}
	}
	ring_take(f->ring, n);
}

static void hear_commands(struct fixture *f)
{
	struct message m;

	while (mailbox_take(f->commands, &m)) {
		if (m.kind == COMMAND_OPEN)
			f->next_offset = m.assignment->start;
		else if (m.kind == COMMAND_SEAL)
			mailbox_post(f->events, &(struct message){ .kind = EVENT_QUIET,
								   .partition = m.assignment->partition,
								   .epoch = m.assignment->epoch });
		f->stopped |= m.kind == COMMAND_STOP;
	}
}

/* The ring's head first and the mailbox second, as an uploader does: the open of an assignment comes before its first
 * record. */
static void serve(struct fixture *f)
{
	size_t ready = ring_ready(f->ring);

	hear_commands(f);
	if (ready > 0)
		take_records(f, ready);
	else
		usleep(1000);
}

static int end(void **state)
{
	struct fixture *f = *state;
	int64_t deadline = clock_boot_ms() + LIMIT_MS;

	consumer_stop(f->consumer);
	while (!(f->stopped && ring_is_empty(f->ring)) && clock_boot_ms() < deadline)
		serve(f);
	assert_true(f->stopped);
	assert_int_equal(consumer_join(f->consumer), 0);
	consumer_free(f->consumer);
	ring_free(f->ring);
	mailbox_free(f->commands);
	mailbox_free(f->events);
	board_free(f->board);
	settings_free(f->settings);
	rd_kafka_mock_cluster_destroy(f->cluster);
	rd_kafka_destroy(f->host);
	assert_int_equal(scratch_teardown((void **)&f->folder), 0);
	free(f);
	return 0;
}

static void read_all(struct fixture *f)
{
	int64_t deadline = clock_boot_ms() + LIMIT_MS;

	consumer_start(f->consumer);
	while (f->next_offset < RECORDS && clock_boot_ms() < deadline)
		serve(f);
	assert_int_equal(f->next_offset, RECORDS);
}

/* Started before its queue was forwarded: its records come by the group queue. */
static void test_records_that_come_another_way(void **state)
{
	atomic_store(&staged.unforwarded, 2);
	read_all(*state);
	assert_true(atomic_load(&staged.unforwarded) <= 0);
}

/* The next client reads nothing and commits nothing before the group gives it something. */
static void test_partitions_given_while_the_group_is_left(void **state)
{
	atomic_store(&staged.fail_assign, true);
	read_all(*state);
	assert_true(atomic_load(&staged.left));
	assert_true(atomic_load(&staged.given));
	assert_false(atomic_load(&staged.too_early));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_records_that_come_another_way, begin, end),
		cmocka_unit_test_setup_teardown(test_partitions_given_while_the_group_is_left, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
