/* SPDX-License-Identifier: Apache-2.0 */
/* The loop of the replay. It is the one place here that logs and that reads a clock; when it goes as fast as Kafka
 * takes, it looks at clock and client once in SLICE_ROWS rows.
 *
 * Invariant: a row that the client has not taken is offered again until it is taken, refused, or *stop is set. */
#include "replay/engine.h"

#include <stdlib.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/when.h"
#include "kafka/producer.h"
#include "replay/pace.h"
#include "replay/row.h"
#include "replay/rows.h"

#define SLICE_ROWS 256
#define READY_SLICE_MS 1000
#define WAIT_SLICE_MS 100
#define FULL_SLICE_MS 5
#define TROUBLE_EVERY_MS 10000
#define BAD_ROWS_SHOWN 20
#define JSON_MAX_BYTES (CSV_MAX_ROW_BYTES * 8)
#define NO_COLUMN (-1)

struct engine {
	const struct settings *s;
	struct rows *rows;
	struct producer *producer;
	struct pace pace;
	int key_column;
	int timestamp_column;
	int pace_column;
	struct buf json;

	const atomic_bool *stop;
	const struct engine_watch *watch;
	enum engine_phase phase;
	int64_t next_tick_ms;
	int64_t next_trouble_ms; /* 0: none so far */
	uint64_t taken;
	uint64_t taken_in_round;
	uint64_t skipped;
	uint64_t failed_said;
	bool clamped_said;
};

static void before_log(const struct engine *g)
{
	if (g->watch != NULL && g->watch->before_log != NULL)
		g->watch->before_log(g->watch->arg);
}

void engine_count(const struct engine *g, struct engine_counts *counts)
{
	double share = g->s->replay_loop ? -1 : rows_share(g->rows);
	double of_limit = g->s->replay_limit > 0 ? (double)g->taken / (double)g->s->replay_limit : -1;

	*counts = (struct engine_counts){
		.phase = g->phase,
		.taken = g->taken,
		.waiting = producer_waiting(g->producer),
		.failed = producer_failed(g->producer),
		.skipped = g->skipped,
		.share = share > of_limit ? share : of_limit,
	};
}

static void tick(struct engine *g, int64_t now_ms)
{
	struct engine_counts counts;
	uint64_t failed = producer_failed(g->producer);

	if (g->failed_said == 0 && failed > 0) {
		g->failed_said = failed;
		before_log(g);
		log_event(MESSAGE_REPLAY_REFUSED, LOG_FIELDS(LOG_TEXT("TOPIC", g->s->replay_topic)),
			  "replay: the broker refuses rows: %s", producer_last_failure(g->producer));
	}
	if (g->watch == NULL || now_ms < g->next_tick_ms)
		return;
	g->next_tick_ms = now_ms + g->watch->every_ms;
	engine_count(g, &counts);
	g->watch->tick(g->watch->arg, &counts, now_ms);
}

static void say_trouble(struct engine *g, int64_t now_ms, const char *why)
{
	if (g->next_trouble_ms == 0)
		g->next_trouble_ms = now_ms + TROUBLE_EVERY_MS;
	if (now_ms < g->next_trouble_ms)
		return;
	g->next_trouble_ms = now_ms + TROUBLE_EVERY_MS;
	before_log(g);
	log_event(MESSAGE_REPLAY_WAITS, LOG_FIELDS(LOG_TEXT("TOPIC", g->s->replay_topic)),
		  "replay: waiting for Kafka: %s", why[0] != '\0' ? why : "it takes no more for now");
}

/* Count a bad row and say so; when it is to end the replay, *e says it. */
static int bad_row(struct engine *g, struct error *e)
{
	g->skipped++;
	if (g->s->replay_strict)
		return error_context(e, "\"%s\"", g->s->replay_file), EX_DATAERR;
	if (g->skipped <= BAD_ROWS_SHOWN) {
		before_log(g);
		log_event(MESSAGE_REPLAY_ROW, LOG_FIELDS(LOG_TEXT("FILE", g->s->replay_file)),
			  "replay: \"%s\": %s; skipped%s", g->s->replay_file, e->text,
			  g->skipped == BAD_ROWS_SHOWN ? "; from here on such rows are only counted" : "");
	}
	return 0;
}

static int bad_file(struct engine *g, struct error *e)
{
	return error_context(e, "\"%s\"", g->s->replay_file), EX_NOINPUT;
}

static int connect_to_topic(struct engine *g, int64_t limit_ms, struct error *e)
{
	int64_t begin = clock_boot_ms(), now;

	while (!atomic_load(g->stop) && producer_ready(g->producer, READY_SLICE_MS, e) != 0) {
		now = clock_boot_ms();
		if (limit_ms >= 0 && now - begin >= limit_ms)
			return EX_UNAVAILABLE;
		say_trouble(g, now, e->text);
		tick(g, now);
		producer_poll(g->producer, WAIT_SLICE_MS);
	}
	g->next_trouble_ms = 0;
	return 0;
}

static int make_index(struct engine *g, struct error *e)
{
	enum csv_result result = CSV_ROW;
	struct csv_row row;
	int code = 0;

	while (code == 0 && !atomic_load(g->stop) && (result = rows_index(g->rows, &row, e)) != CSV_END) {
		if (result == CSV_ERROR)
			return bad_file(g, e);
		if (result == CSV_BAD)
			code = bad_row(g, e);
		producer_poll(g->producer, 0);
		tick(g, clock_boot_ms());
	}
	return code;
}

static bool wait_until_due(struct engine *g, int64_t column_ms)
{
	int64_t now = clock_boot_ms(), due = pace_due(&g->pace, now, column_ms);

	while (now < due) {
		if (atomic_load(g->stop))
			return false;
		producer_poll(g->producer, due - now < WAIT_SLICE_MS ? (int)(due - now) : WAIT_SLICE_MS);
		tick(g, now);
		now = clock_boot_ms();
		due = pace_due(&g->pace, now, column_ms);
	}
	tick(g, now);
	return true;
}

/* Between rows: keep the pace, or every now and then see to the client. False: stopped. */
static bool wait_for_turn(struct engine *g, int64_t column_ms)
{
	if (g->pace.rate > 0 || g->pace.factor > 0)
		return wait_until_due(g, column_ms);
	if (g->taken % SLICE_ROWS == 0) {
		producer_poll(g->producer, 0);
		tick(g, clock_boot_ms());
	}
	return true;
}

/* The time that a column names. Errors: with the line. */
static int column_time(const struct engine *g, const struct csv_row *row, int column, int64_t *ms, struct error *e)
{
	const struct csv_field *f = &row->fields[column];
	int shown = f->len < 40 ? (int)f->len : 40;

	if (when_parse(f->data, f->len, ms))
		return 0;
	return error_set(e, ERROR_GIVE_UP, EX_DATAERR, "line %ju: column \"%s\": no time that is known here: \"%.*s\"",
			 (uintmax_t)row->line, row_shape_name(rows_shape(g->rows), column), shown,
			 (const char *)f->data);
}

static int64_t clamp_time(struct engine *g, const struct csv_row *row, int64_t ms)
{
	if (ms > 0)
		return ms;
	if (!g->clamped_said) {
		g->clamped_said = true;
		before_log(g);
		log_warning("replay: \"%s\": line %ju: Kafka knows no time before 1970: such rows get its first "
			    "millisecond",
			    g->s->replay_file, (uintmax_t)row->line);
	}
	return 1;
}

/* Make the record of a row. Errors: the row is bad. */
static int make_record(struct engine *g, const struct csv_row *row, struct producer_record *r, int64_t *pace_ms,
		       struct error *e)
{
	*r = (struct producer_record){ 0 };
	*pace_ms = 0;
	if (row_write(rows_shape(g->rows), row, &g->json, e) != 0)
		return -1;
	r->value = g->json.data;
	r->value_len = g->json.len;
	if (g->key_column != NO_COLUMN && row->fields[g->key_column].len > 0) {
		r->key = row->fields[g->key_column].data;
		r->key_len = row->fields[g->key_column].len;
	}
	if (g->timestamp_column != NO_COLUMN) {
		if (column_time(g, row, g->timestamp_column, &r->timestamp_ms, e) != 0)
			return -1;
		r->timestamp_ms = clamp_time(g, row, r->timestamp_ms);
	}
	return g->pace_column == NO_COLUMN ? 0 : column_time(g, row, g->pace_column, pace_ms, e);
}

/* Offer the record until it is taken. */
static int send_record(struct engine *g, const struct csv_row *row, const struct producer_record *r, struct error *e)
{
	while (!atomic_load(g->stop)) {
		int64_t now;

		switch (producer_send(g->producer, r, e)) {
		case PRODUCER_TAKEN:
			g->taken++;
			g->taken_in_round++;
			g->next_trouble_ms = 0;
			pace_sent(&g->pace);
			return 0;
		case PRODUCER_REFUSED:
			error_context(e, "line %ju", (uintmax_t)row->line);
			return bad_row(g, e);
		case PRODUCER_DEAD:
			return EX_UNAVAILABLE;
		case PRODUCER_FULL:
			producer_poll(g->producer, FULL_SLICE_MS);
			now = clock_boot_ms();
			say_trouble(g, now, producer_trouble(g->producer));
			tick(g, now);
		}
	}
	return 0;
}

static int send_row(struct engine *g, const struct csv_row *row, struct error *e)
{
	struct producer_record r;
	int64_t pace_ms;

	if (make_record(g, row, &r, &pace_ms, e) != 0)
		return bad_row(g, e);
	return wait_for_turn(g, pace_ms) ? send_record(g, row, &r, e) : 0;
}

/* The file is through: once more, if there is a reason to. *more: there is. */
static int end_of_round(struct engine *g, bool *more, struct error *e)
{
	*more = g->s->replay_loop;
	if (!*more)
		return 0;
	if (g->taken_in_round == 0) {
		error_set(e, ERROR_GIVE_UP, EX_DATAERR, "\"%s\" has no row that can be sent", g->s->replay_file);
		return EX_DATAERR;
	}
	g->taken_in_round = 0;
	pace_again(&g->pace);
	return rows_again(g->rows, e) == 0 ? 0 : bad_file(g, e);
}

static int send_rows(struct engine *g, struct error *e)
{
	uint64_t limit = g->s->replay_limit > 0 ? (uint64_t)g->s->replay_limit : UINT64_MAX;
	bool more = true;
	int code = 0;

	while (code == 0 && more && g->taken < limit && !atomic_load(g->stop)) {
		struct csv_row row;

		switch (rows_next(g->rows, &row, e)) {
		case CSV_ROW:
			code = send_row(g, &row, e);
			break;
		case CSV_BAD:
			code = bad_row(g, e);
			break;
		case CSV_END:
			code = end_of_round(g, &more, e);
			break;
		case CSV_ERROR:
			code = bad_file(g, e);
			break;
		}
	}
	return code;
}

/* Wait for the last acknowledgements. */
static void flush(struct engine *g, const struct engine_limits *limits)
{
	int64_t begin = clock_boot_ms(), stopped = -1, now;

	while (producer_flush(g->producer, WAIT_SLICE_MS) != 0) {
		now = clock_boot_ms();
		if (stopped < 0 && atomic_load(g->stop))
			stopped = now;
		if (limits->flush_ms >= 0 && now - begin >= limits->flush_ms)
			return;
		if (stopped >= 0 && limits->stop_ms >= 0 && now - stopped >= limits->stop_ms)
			return;
		say_trouble(g, now, producer_trouble(g->producer));
		tick(g, now);
	}
}

int engine_run(struct engine *g, const struct engine_limits *limits, const atomic_bool *stop,
	       const struct engine_watch *watch, struct error *e)
{
	uint64_t waiting, failed;
	int code;

	g->stop = stop;
	g->watch = watch;
	g->phase = ENGINE_CONNECTING;
	code = connect_to_topic(g, limits->connect_ms, e);
	if (code != 0)
		return code;
	g->phase = ENGINE_INDEXING;
	code = make_index(g, e);
	g->phase = ENGINE_SENDING;
	if (code == 0)
		code = send_rows(g, e);
	g->phase = ENGINE_FLUSHING;
	flush(g, limits);
	waiting = producer_waiting(g->producer);
	failed = producer_failed(g->producer);
	if (code != 0 || (waiting == 0 && failed == 0))
		return code;
	error_set(e, ERROR_GIVE_UP, EX_UNAVAILABLE,
		  "of %ju rows the broker refused %ju%s%s and did not acknowledge %ju in time", (uintmax_t)g->taken,
		  (uintmax_t)failed, failed > 0 ? ": " : "", producer_last_failure(g->producer), (uintmax_t)waiting);
	return EX_UNAVAILABLE;
}

static int find_column(const struct engine *g, const char *name, const char *setting, int *column, struct error *e)
{
	*column = NO_COLUMN;
	if (name[0] == '\0')
		return 0;
	*column = row_shape_find(rows_shape(g->rows), name, setting, e);
	return *column < 0 ? EX_CONFIG : 0;
}

static int set_pace(struct engine *g, struct error *e)
{
	pace_init_free(&g->pace);
	if (g->pace_column == NO_COLUMN) {
		if (g->s->replay_rate > 0)
			pace_init_rate(&g->pace, g->s->replay_rate);
		return 0;
	}
	if (g->s->replay_order == REPLAY_RANDOM || !(g->s->replay_pace_factor > 0)) {
		error_set(e, ERROR_GIVE_UP, EX_CONFIG,
			  "replay.pace_column needs replay.order = \"sequential\" and a replay.pace_factor above 0");
		return EX_CONFIG;
	}
	pace_init_column(&g->pace, g->s->replay_pace_factor);
	return 0;
}

/* They may be empty where the settings do not enable the module: only the command needs them then. */
static int check_given(const struct settings *s, struct error *e)
{
	if (s->replay_file[0] == '\0')
		return error_set(e, ERROR_GIVE_UP, EX_CONFIG, "replay.file is empty: name the CSV file"), EX_CONFIG;
	if (s->replay_topic[0] == '\0')
		return error_set(e, ERROR_GIVE_UP, EX_CONFIG, "replay.topic is empty: name the topic"), EX_CONFIG;
	return 0;
}

static int set_up(struct engine *g, struct error *e)
{
	const struct settings *s = g->s;
	int code = check_given(s, e);

	if (code != 0)
		return code;
	code = rows_open(s, &g->rows, e);
	if (code == 0)
		code = find_column(g, s->replay_key_column, "replay.key_column", &g->key_column, e);
	if (code == 0)
		code = find_column(g, s->replay_timestamp_column, "replay.timestamp_column", &g->timestamp_column, e);
	if (code == 0)
		code = find_column(g, s->replay_pace_column, "replay.pace_column", &g->pace_column, e);
	if (code == 0)
		code = set_pace(g, e);
	if (code != 0)
		return error_context(e, "\"%s\"", s->replay_file), code;
	if (row_shape_renamed(rows_shape(g->rows)) > 0)
		log_warning("replay: \"%s\": %zu columns have no name, or one that differs from another in case only: "
			    "they got names of their own",
			    s->replay_file, row_shape_renamed(rows_shape(g->rows)));
	g->producer = producer_new(s, s->replay_topic, e);
	return g->producer == NULL ? e->code : 0;
}

int engine_new(const struct settings *s, struct engine **engine, struct error *e)
{
	struct engine *g = mem_zalloc(sizeof(*g));
	int code;

	*engine = NULL;
	g->s = s;
	buf_init(&g->json, JSON_MAX_BYTES);
	code = set_up(g, e);
	if (code == 0)
		*engine = g;
	else
		engine_free(g);
	return code;
}

void engine_free(struct engine *g)
{
	if (g == NULL)
		return;
	producer_free(g->producer);
	rows_close(g->rows);
	buf_free(&g->json);
	free(g);
}
