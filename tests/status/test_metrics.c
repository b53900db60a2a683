/* SPDX-License-Identifier: Apache-2.0 */
/* The metrics of a made-up board, and their list in the man page. That another reader understands the text is held by
 * test_metrics.py. Runs in the tree's top folder. */
#include "status/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "status/made_up.h"

#define BEGIN ".\\\" metrics begin: made by tools/settings-doc\n"
#define END ".\\\" metrics end\n"
/* Of a partition, labels of 40 bytes, in all families: no more than this. */
#define PARTITION_BYTES_MAX 1600

struct fixture {
	struct board *board;
	struct buf out;
};

static int begin(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->board = made_up_board();
	buf_init(&f->out, 1 << 24);
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;

	buf_free(&f->out);
	board_free(f->board);
	free(f);
	return 0;
}

static const char *scraped(struct fixture *f)
{
	struct view v;

	made_up_view(f->board, &v);
	buf_clear(&f->out);
	view_metrics(&v, &f->out);
	view_free(&v);
	return buf_str(&f->out);
}

/* A line of its own. */
static bool has(const char *text, const char *line)
{
	size_t len = strlen(line);

	for (const char *at = strstr(text, line); at != NULL; at = strstr(at + 1, line)) {
		if ((at == text || at[-1] == '\n') && at[len] == '\n')
			return true;
	}
	return false;
}

static void assert_has(const char *text, const char *line)
{
	if (!has(text, line))
		fail_msg("no line \"%s\" in:\n%s", line, text);
}

/* Any line that begins so. */
static void assert_none(const char *text, const char *start)
{
	size_t len = strlen(start);

	for (const char *at = text; at != NULL; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strncmp(at, start, len) == 0)
			fail_msg("\"%.100s\" is there", at);
		if (*at == '\0')
			return;
	}
}

static void test_partitions(void **state)
{
	const char *text = scraped(*state);

	assert_has(text, "kafka2s3_partition_lag_records{topic=\"clicks\",partition=\"9\"} 90");
	assert_has(text, "kafka2s3_partition_lag_records{topic=\"clicks\",partition=\"10\"} 0");
	assert_has(text, "kafka2s3_partition_freshness_seconds{topic=\"orders\",partition=\"1\"} 120");
	assert_has(text, "kafka2s3_partition_headroom_records{topic=\"orders\",partition=\"1\"} 400");
	assert_has(text, "kafka2s3_partition_committed_offset{topic=\"orders\",partition=\"1\"} 500");
	assert_has(text, "kafka2s3_partition_lost_records_total{topic=\"clicks\",partition=\"9\"} 11");
	assert_has(text, "kafka2s3_partition_lost_records_total{topic=\"clicks\",partition=\"10\"} 0");
}

/* A number that is not known is no number, and nobody takes it for 0 or -1. */
static void test_what_is_not_known_has_no_sample(void **state)
{
	struct fixture *f = *state;
	struct board_consumer *c = board_consumer_begin(f->board);
	const char *text;

	made_up_partition(c, "new", 0, BOARD_UNKNOWN, BOARD_UNKNOWN);
	c->partitions[0].low = BOARD_UNKNOWN;
	c->exactly_once = BOARD_UNPROVED;
	board_consumer_show(f->board, MADE_UP_MS);
	text = scraped(f);
	assert_none(text, "kafka2s3_partition_lag_records{");
	assert_none(text, "kafka2s3_partition_freshness_seconds{");
	assert_none(text, "kafka2s3_partition_headroom_records{");
	assert_none(text, "kafka2s3_partition_headroom_seconds{");
	assert_none(text, "kafka2s3_partition_committed_offset{");
	assert_none(text, "kafka2s3_exactly_once ");
	assert_none(text, "kafka2s3_replay_rows_total{");
	assert_has(text, "kafka2s3_partition_landed_records_total{topic=\"new\",partition=\"0\"} 0");
	assert_has(text, "# TYPE kafka2s3_exactly_once gauge");
}

/* 0: a broker that keeps no texts; records may stand twice. */
static void test_exactly_once_or_not(void **state)
{
	struct fixture *f = *state;

	assert_has(scraped(f), "kafka2s3_exactly_once 1");
	board_consumer_begin(f->board)->exactly_once = BOARD_AT_LEAST_ONCE;
	board_consumer_show(f->board, MADE_UP_MS);
	assert_has(scraped(f), "kafka2s3_exactly_once 0");
}

static void test_what_waits(void **state)
{
	const char *text = scraped(*state);

	assert_has(text, "kafka2s3_waiting_partitions{reason=\"s3\"} 1");
	assert_has(text, "kafka2s3_waiting_partitions{reason=\"dead-letters\"} 0");
	assert_none(text, "kafka2s3_waiting_partitions{reason=\"nothing\"");
	assert_has(text, "kafka2s3_partition_waiting_seconds{topic=\"clicks\",partition=\"9\",reason=\"s3\"} 600");
	assert_none(text, "kafka2s3_partition_waiting_seconds{topic=\"orders\"");
	assert_none(text, "kafka2s3_partition_open_transaction_seconds{topic=\"orders\"");
}

/* A topic of other brokers' making, a name of S3's. */
static void test_labels_are_escaped(void **state)
{
	const char *text = scraped(*state);

	assert_has(text, "kafka2s3_partition_open_transaction_seconds{topic=\"clicks<script>alert(1)</script>&\\\"'"
			 "\\\\x1b[2J\\\\xff\",partition=\"0\"} 60");
	assert_null(strchr(text, '\033'));
	assert_null(strchr(text, '\xff'));
}

static void test_totals_and_kinds(void **state)
{
	const char *text = scraped(*state);

	assert_has(text, "kafka2s3_taken_records_total 1000");
	assert_has(text, "kafka2s3_landed_bytes_total 45678");
	assert_has(text, "kafka2s3_lost_records_total 11");
	assert_has(text, "kafka2s3_landed_objects_total 24");
	assert_has(text, "kafka2s3_rolls_total{reason=\"age\"} 8");
	assert_has(text, "kafka2s3_rolls_total{reason=\"memory\"} 1");
	assert_has(text, "kafka2s3_rolls_total{reason=\"bytes\"} 0");
	assert_has(text, "kafka2s3_s3_requests_total{kind=\"put\"} 24");
	assert_has(text, "kafka2s3_s3_errors_total{error=\"503 SlowDown\"} 2");
	assert_has(text, "kafka2s3_s3_retries_total 6");
	assert_has(text, "kafka2s3_exactly_once 1");
	assert_has(text, "kafka2s3_client_queue_records 10");
	assert_has(text, "kafka2s3_memory_bytes{owner=\"rings\"} 777");
	assert_has(text, "kafka2s3_memory_bytes{owner=\"moving\"} 4000000");
	assert_has(text, "kafka2s3_s3_stuck{uploader=\"1\"} 0");
	assert_has(text, "kafka2s3_build_info{version=\"9.8.7\",libraries=\"librdkafka 2.0.2\"} 1");
	assert_has(text, "kafka2s3_daemon_info{name=\"clicks\",group=\"the-group\",bucket=\"the-bucket\"} 1");
}

/* Boot time, wall clock and what is held in ms: all are seconds since 1970, or seconds. */
static void test_times(void **state)
{
	const char *text = scraped(*state);

	assert_has(text, "process_start_time_seconds 1789996277");
	assert_has(text, "kafka2s3_settings_last_reload_timestamp_seconds 1789999900");
	assert_has(text, "kafka2s3_s3_credentials_expire_timestamp_seconds 1790003600");
	assert_has(text, "kafka2s3_s3_clock_offset_seconds 1200");
	assert_has(text, "kafka2s3_thread_beat_age_seconds{thread=\"uploader 0\"} 0.06");
	assert_has(text, "kafka2s3_commit_unacknowledged_seconds 0");
}

static void test_a_reload_that_failed(void **state)
{
	struct fixture *f = *state;
	struct board_daemon d;
	struct view v;

	assert_has(scraped(f), "kafka2s3_settings_last_reload_successful 1");
	made_up_view(f->board, &v);
	d = v.board.daemon;
	view_free(&v);
	d.reload_failed = true;
	board_daemon_show(f->board, &d, MADE_UP_MS);
	assert_has(scraped(f), "kafka2s3_settings_last_reload_successful 0");
	assert_has(scraped(f), "kafka2s3_settings_generation 2");
}

static void test_a_replay(void **state)
{
	struct fixture *f = *state;

	board_replay_show(f->board, &(struct board_replay){ .taken = 70, .failed = 1, .skipped = 2 }, MADE_UP_MS);
	assert_has(scraped(f), "kafka2s3_replay_rows_total{outcome=\"taken\"} 70");
	assert_has(scraped(f), "kafka2s3_replay_rows_total{outcome=\"skipped\"} 2");
}

static void test_histograms_add_up(void **state)
{
	const char *text = scraped(*state);

	assert_has(text, "kafka2s3_s3_upload_seconds_bucket{le=\"0.1\"} 0");
	assert_has(text, "kafka2s3_s3_upload_seconds_bucket{le=\"0.25\"} 2");
	assert_has(text, "kafka2s3_s3_upload_seconds_bucket{le=\"60.0\"} 2");
	assert_has(text, "kafka2s3_s3_upload_seconds_bucket{le=\"+Inf\"} 2");
	assert_has(text, "kafka2s3_s3_upload_seconds_count 2");
	assert_has(text, "kafka2s3_s3_upload_seconds_sum 0.4");
	assert_has(text, "kafka2s3_s3_object_bytes_bucket{le=\"1.048576e+06\"} 2");
	assert_has(text, "kafka2s3_landing_age_seconds_sum 122");
}

/* Its head in the usual order, its unit what its name ends with; and each name is there once. */
static void test_families(void **state)
{
	const char *text = scraped(*state);

	for (size_t i = 0; i < n_metrics; i++) {
		const struct metric *m = &metrics[i];
		const char *unit = metric_unit(m);
		char head[1024], type[200];
		const char *at;

		snprintf(type, sizeof(type), "# TYPE %s %s\n", m->name, openmetrics_type_name(m->type));
		snprintf(head, sizeof(head), "%s%s%s%s%s%s# HELP %s %s\n", type, unit != NULL ? "# UNIT " : "",
			 unit != NULL ? m->name : "", unit != NULL ? " " : "", unit != NULL ? unit : "",
			 unit != NULL ? "\n" : "", m->name, m->help);
		at = strstr(text, head);
		if (at == NULL || strstr(at + 1, type) != NULL)
			fail_msg("not there once:\n%s", head);
	}
	assert_string_equal(text + strlen(text) - 7, "\n# EOF\n");
}

/* A scrape costs what is in it, and nothing in it grows with time. */
static void test_of_a_thousand_partitions(void **state)
{
	struct fixture *f = *state;
	struct board_consumer *c;
	size_t none;

	scraped(f);
	none = f->out.len;
	c = board_consumer_begin(f->board);
	for (int i = 0; i < 1000; i++) {
		made_up_partition(c, "topic.with.a.name", i, 123456789, 123999999);
		c->partitions[i].wait = WAIT_DEAD_LETTERS;
		c->partitions[i].open_transaction = 5;
		c->partitions[i].headroom_ms = 123456789;
		c->partitions[i].landed = c->partitions[i].bytes = 12345678901234;
	}
	board_consumer_show(f->board, MADE_UP_MS);
	scraped(f);
	assert_true(f->out.len < none + (size_t)1000 * PARTITION_BYTES_MAX);
	assert_has(buf_str(&f->out), "kafka2s3_waiting_partitions{reason=\"dead-letters\"} 1000");
	assert_has(
		buf_str(&f->out),
		"kafka2s3_partition_landed_bytes_total{topic=\"topic.with.a.name\",partition=\"999\"} 12345678901234");
}

static void test_man_page_is_up_to_date(void **state)
{
	char *page = calloc(1, 1 << 20), *part, *last, *made = NULL;
	FILE *in = fopen("man/kafka2s3-metrics.7", "r"), *out;
	size_t size;

	(void)state;
	if (in == NULL)
		fail_msg("cannot read man/kafka2s3-metrics.7: run the test in the tree's top folder");
	assert_true(fread(page, 1, (1 << 20) - 1, in) > 0);
	fclose(in);
	out = open_memstream(&made, &size);
	assert_non_null(out);
	metrics_man(out);
	fclose(out);
	part = strstr(page, BEGIN);
	last = strstr(page, END);
	assert_true(part != NULL && last != NULL);
	*last = '\0';
	if (strcmp(made, part + strlen(BEGIN)) != 0)
		fail_msg("man/kafka2s3-metrics.7 differs from the table: run tools/settings-doc");
	free(made);
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_partitions, begin, end),
		cmocka_unit_test_setup_teardown(test_what_is_not_known_has_no_sample, begin, end),
		cmocka_unit_test_setup_teardown(test_exactly_once_or_not, begin, end),
		cmocka_unit_test_setup_teardown(test_what_waits, begin, end),
		cmocka_unit_test_setup_teardown(test_labels_are_escaped, begin, end),
		cmocka_unit_test_setup_teardown(test_totals_and_kinds, begin, end),
		cmocka_unit_test_setup_teardown(test_times, begin, end),
		cmocka_unit_test_setup_teardown(test_a_reload_that_failed, begin, end),
		cmocka_unit_test_setup_teardown(test_a_replay, begin, end),
		cmocka_unit_test_setup_teardown(test_histograms_add_up, begin, end),
		cmocka_unit_test_setup_teardown(test_families, begin, end),
		cmocka_unit_test_setup_teardown(test_of_a_thousand_partitions, begin, end),
		cmocka_unit_test(test_man_page_is_up_to_date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
