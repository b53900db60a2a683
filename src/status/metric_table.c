/* SPDX-License-Identifier: Apache-2.0 */
/* The table of the metrics, and what adds the samples of those that are more than a member of the view. Names follow
 * Prometheus' conventions: base units at the end, a counter counts from the start of the daemon. Labels are bounded: of
 * partitions, reasons, threads, and of the kinds of error that the board has room for. */
#include <stdio.h>

#include "base/wait.h"
#include "batch/roll.h"
#include "status/metrics.h"

/* ---- By partition ---- */

static double seconds_since(const struct scrape *s, int64_t since_ms)
{
	return (double)(s->view->now_ms - since_ms) / 1000;
}

static void emit_open_transaction(const struct metric *m, struct scrape *s)
{
	for (size_t i = 0; i < s->view->n; i++) {
		const struct board_partition *p = s->view->partitions[i].is;

		if (p->open_transaction >= 0)
			metric_add(m, s, metric_partition(s, i), seconds_since(s, p->open_transaction_since_ms));
	}
}

static void emit_partition_waits(const struct metric *m, struct scrape *s)
{
	for (size_t i = 0; i < s->view->n; i++) {
		const struct board_partition *p = s->view->partitions[i].is;

		if (p->wait == WAIT_NOTHING)
			continue;
		buf_clear(&s->label);
		buf_adds(&s->label, metric_partition(s, i));
		openmetrics_label(&s->label, "reason", wait_reason_word(p->wait));
		metric_add(m, s, buf_str(&s->label), p->wait_since_ms > 0 ? seconds_since(s, p->wait_since_ms) : 0);
	}
}

/* ---- Of the daemon ---- */

static void emit_waits(const struct metric *m, struct scrape *s)
{
	int partitions[WAIT_REASONS] = { 0 };

	for (int i = 0; i < s->view->n_waits; i++)
		partitions[s->view->waits[i].reason] = s->view->waits[i].partitions;
	for (int i = WAIT_NOTHING + 1; i < WAIT_REASONS; i++)
		metric_add_by(m, s, "reason", wait_reason_word((enum wait_reason)i), partitions[i]);
}

static void emit_rolls(const struct metric *m, struct scrape *s)
{
	for (int i = ROLL_NONE + 1; i < ROLL_REASONS; i++)
		metric_add_by(m, s, "reason", roll_reason_name((enum roll_reason)i),
			      (double)s->view->board.consumer.totals.rolls[i]);
}

static void emit_exactly_once(const struct metric *m, struct scrape *s)
{
	enum board_exactly_once is = s->view->board.consumer.exactly_once;

	if (is != BOARD_UNPROVED)
		metric_add(m, s, "", is == BOARD_EXACTLY_ONCE);
}

static void emit_unacknowledged(const struct metric *m, struct scrape *s)
{
	int64_t since_ms = s->view->board.consumer.unacked_since_ms;

	metric_add(m, s, "", since_ms > 0 ? seconds_since(s, since_ms) : 0);
}

static void emit_requests(const struct metric *m, struct scrape *s)
{
	for (int i = 0; i < BOARD_CALLS; i++)
		metric_add_by(m, s, "kind", board_call_name((enum board_call)i), (double)s->view->s3.calls[i]);
}

static void emit_errors(const struct metric *m, struct scrape *s)
{
	for (int i = 0; i < BOARD_ERRORS; i++) {
		const struct board_error *e = &s->view->s3.by_error[i];

		if (e->n > 0)
			metric_add_by(m, s, "error", e->name, (double)e->n);
	}
}

static void emit_conditional(const struct metric *m, struct scrape *s)
{
	metric_add(m, s, "", !s->view->s3.unconditional);
}

static void emit_clock_offset(const struct metric *m, struct scrape *s)
{
	metric_add(m, s, "", (double)s->view->s3.clock_offset_ms / 1000);
}

static void emit_expiry(const struct metric *m, struct scrape *s)
{
	int64_t at_ms = s->view->s3.expires_real_ms;

	if (at_ms > 0 && at_ms < INT64_MAX)
		metric_add(m, s, "", (double)at_ms / 1000);
}

static void add_by_uploader(const struct metric *m, struct scrape *s, int uploader, double value)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", uploader);
	metric_add_by(m, s, "uploader", number, value);
}

static void emit_stuck(const struct metric *m, struct scrape *s)
{
	for (int i = 0; i < s->view->board.n_uploaders; i++)
		add_by_uploader(m, s, i, s->view->board.uploaders[i].stuck);
}

static void emit_full(const struct metric *m, struct scrape *s)
{
	for (int i = 0; i < s->view->board.n_uploaders; i++)
		add_by_uploader(m, s, i, s->view->board.uploaders[i].full);
}

static void emit_memory(const struct metric *m, struct scrape *s)
{
	const struct view *v = s->view;

	metric_add_by(m, s, "owner", "client", (double)v->board.consumer.queued_bytes);
	metric_add_by(m, s, "owner", "rings", (double)v->board.consumer.ring_bytes);
	metric_add_by(m, s, "owner", "open", (double)v->open_bytes);
	metric_add_by(m, s, "owner", "moving", (double)v->moving_bytes);
}

static void emit_memory_limit(const struct metric *m, struct scrape *s)
{
	const struct view *v = s->view;

	metric_add_by(m, s, "owner", "client", (double)v->board.consumer.queue_limit_bytes);
	metric_add_by(m, s, "owner", "rings", (double)v->board.consumer.ring_limit_bytes);
	metric_add_by(m, s, "owner", "uploaders", (double)v->share_bytes);
}

static void emit_beats(const struct metric *m, struct scrape *s)
{
	for (int i = 0; i < s->view->board.n_beats; i++) {
		const struct board_beat *b = &s->view->board.beats[i];

		if (b->at_ms > 0)
			metric_add_by(m, s, "thread", b->thread, seconds_since(s, b->at_ms));
	}
}

static void emit_build(const struct metric *m, struct scrape *s)
{
	buf_clear(&s->label);
	openmetrics_label(&s->label, "version", s->view->board.daemon.version);
	openmetrics_label(&s->label, "libraries", s->view->board.daemon.libraries);
	metric_add(m, s, buf_str(&s->label), 1);
}

static void emit_daemon(const struct metric *m, struct scrape *s)
{
	const struct board_daemon *d = &s->view->board.daemon;

	buf_clear(&s->label);
	openmetrics_label(&s->label, "name", d->name);
	openmetrics_label(&s->label, "group", d->group);
	openmetrics_label(&s->label, "bucket", d->bucket);
	metric_add(m, s, buf_str(&s->label), 1);
}

static void emit_reload_successful(const struct metric *m, struct scrape *s)
{
	metric_add(m, s, "", !s->view->board.daemon.reload_failed);
}

static void emit_reload_time(const struct metric *m, struct scrape *s)
{
	int64_t at_ms = s->view->board.daemon.reloaded_ms;

	if (at_ms > 0)
		metric_add(m, s, "", (double)view_real_ms(s->view, at_ms) / 1000);
}

static void emit_replay(const struct metric *m, struct scrape *s)
{
	const struct board_replay *r = &s->view->board.replay;

	if (r->shown_ms == 0)
		return;
	metric_add_by(m, s, "outcome", "taken", (double)r->taken);
	metric_add_by(m, s, "outcome", "failed", (double)r->failed);
	metric_add_by(m, s, "outcome", "skipped", (double)r->skipped);
}

static void emit_glue(const struct metric *m, struct scrape *s)
{
	const struct board_glue *g = &s->view->board.glue;

	if (g->shown_ms == 0)
		return;
	metric_add_by(m, s, "outcome", "done", (double)(g->calls - g->refused));
	metric_add_by(m, s, "outcome", "refused", (double)g->refused);
}

static void emit_glue_trouble(const struct metric *m, struct scrape *s)
{
	if (s->view->board.glue.shown_ms != 0)
		metric_add(m, s, "", s->view->board.glue.trouble_since_ms != 0);
}

static void emit_glue_doubts(const struct metric *m, struct scrape *s)
{
	const struct board_glue *g = &s->view->board.glue;

	if (g->shown_ms == 0)
		return;
	metric_add_by(m, s, "kind", "misfit", (double)g->misfits);
	metric_add_by(m, s, "kind", "case", (double)g->case_collisions);
	metric_add_by(m, s, "kind", "left_out", (double)g->left_out);
	metric_add_by(m, s, "kind", "duplicate_key", (double)g->duplicate_keys);
	metric_add_by(m, s, "kind", "unread", (double)g->unread);
}

/* ---- The table ---- */

#define NAMED(n, t, h) .name = "kafka2s3_" n, .type = OPENMETRICS_##t, .help = h
/* What the member is, by its type: no other one compiles. */
#define KIND(s, member)                             \
	_Generic(((const struct s *)0)->member, int \
		 : METRIC_INT, bool                 \
		 : METRIC_BOOL, uint64_t            \
		 : METRIC_U64, int64_t              \
		 : METRIC_I64, struct histogram     \
		 : METRIC_HISTOGRAM)
#define OF_DAEMON(member) .of = METRIC_OF_VIEW, .kind = KIND(view, member), .at = offsetof(struct view, member)
#define BY_PARTITION .labels = "topic, partition"
#define OF_VIEW_PARTITION(member)                                                      \
	BY_PARTITION, .of = METRIC_OF_PARTITION, .kind = KIND(view_partition, member), \
		      .at = offsetof(struct view_partition, member)
#define OF_PARTITION(member)                                                                  \
	BY_PARTITION, .of = METRIC_OF_BOARD_PARTITION, .kind = KIND(board_partition, member), \
		      .at = offsetof(struct board_partition, member)
#define TOTAL(member) OF_DAEMON(board.consumer.totals.member)

const struct metric metrics[] = {
	{ .heading = "Partitions",
	  NAMED("partition_lag_records", GAUGE, "Records between the committed offset and the end of the log."),
	  OF_VIEW_PARTITION(lag) },
	{ NAMED("partition_freshness_seconds", GAUGE,
		"Age of the oldest record that is not in S3; 0 when there is none."),
	  OF_VIEW_PARTITION(freshness_ms) },
	{ NAMED("partition_headroom_records", GAUGE,
		"Records between the first offset of the log and the committed one: what retention may take without loss."),
	  OF_VIEW_PARTITION(headroom) },
	{ NAMED("partition_headroom_seconds", GAUGE,
		"Time until retention takes records that are not landed, at the pace of the log's first offset; "
		"no sample where nothing would be lost, or no pace is known."),
	  OF_PARTITION(headroom_ms) },
	{ NAMED("partition_committed_offset", GAUGE,
		"The offset that the group has committed: all before it is in S3."),
	  OF_PARTITION(committed) },
	{ NAMED("partition_taken_records", COUNTER, "Records taken from Kafka, those read again included."),
	  OF_PARTITION(taken) },
	{ NAMED("partition_landed_records", COUNTER, "Records that are in S3."), OF_PARTITION(landed) },
	{ NAMED("partition_landed_bytes", COUNTER, "Bytes of their objects, as stored."), OF_PARTITION(bytes) },
	{ NAMED("partition_dead_records", COUNTER, "Records that are in S3 as dead letters."), OF_PARTITION(dead) },
	{ NAMED("partition_skipped_records", COUNTER, "Tombstones that were left out, as output.tombstones says."),
	  OF_PARTITION(skipped) },
	{ NAMED("partition_lost_records", COUNTER, "Records that retention took before they were landed."),
	  OF_PARTITION(lost) },
	{ NAMED("partition_open_transaction_seconds", GAUGE,
		"How long reading has waited for the end of an open transaction; no sample while it does not."),
	  BY_PARTITION, .emit = emit_open_transaction },
	{ NAMED("partition_waiting_seconds", GAUGE,
		"How long the partition has waited, and for what (kafka2s3-runbook(7)); no sample while it does not."),
	  .labels = "topic, partition, reason", .emit = emit_partition_waits },

	{ .heading = "All partitions",
	  NAMED("waiting_partitions", GAUGE, "Partitions that wait, by what for (kafka2s3-runbook(7))."),
	  .labels = "reason",
	  .emit = emit_waits },
	{ NAMED("assigned_partitions", GAUGE, "Partitions that the group has given to this daemon."),
	  OF_DAEMON(board.consumer.assigned) },
	{ NAMED("exactly_once", GAUGE,
		"1: the broker keeps the texts of commits, so each record lands once; 0: it does not, and a record may "
		"land twice; no sample until that is known."),
	  .emit = emit_exactly_once },
	{ NAMED("taken_records", COUNTER, "Records taken from Kafka, those read again included."), TOTAL(taken) },
	{ NAMED("taken_bytes", COUNTER, "Bytes of their values and keys."), TOTAL(taken_bytes) },
	{ NAMED("landed_records", COUNTER, "Records that are in S3."), TOTAL(landed) },
	{ NAMED("landed_bytes", COUNTER, "Bytes of their objects, as stored."), TOTAL(bytes) },
	{ NAMED("landed_objects", COUNTER, "Objects that were made visible in S3, dead letters included."),
	  OF_DAEMON(landed_objects) },
	{ NAMED("landed_ranges", COUNTER, "Ranges of offsets that are in S3."), TOTAL(ranges) },
	{ NAMED("dead_records", COUNTER, "Records that are in S3 as dead letters."), TOTAL(dead) },
	{ NAMED("skipped_records", COUNTER, "Tombstones that were left out, as output.tombstones says."),
	  TOTAL(skipped) },
	{ NAMED("lost_records", COUNTER, "Records that retention took before they were landed."), TOTAL(lost) },
	{ NAMED("rolls", COUNTER, "Ranges that were sealed, by why."), .labels = "reason", .emit = emit_rolls },
	{ NAMED("landing_age_seconds", HISTOGRAM,
		"Age of the first record of a range when all of the range was in S3."),
	  OF_DAEMON(freshness), .bounds = &histogram_ages },

	{ .heading = "Kafka",
	  NAMED("client_connected", GAUGE, "1: there is a client; 0: it could not go on, and the next one is due."),
	  OF_DAEMON(board.consumer.connected) },
	{ NAMED("group_steady", GAUGE, "1: the group is not rebalancing."), OF_DAEMON(board.consumer.steady) },
	{ NAMED("client_queue_records", GAUGE, "Records that the client has fetched, and that were not taken."),
	  OF_DAEMON(board.consumer.queued_records) },
	{ NAMED("rebalances", COUNTER, "Rebalances of the group."), TOTAL(rebalances) },
	{ NAMED("commits", COUNTER, "Answers to commit requests."), TOTAL(commits) },
	{ NAMED("commits_failed", COUNTER, "Those that were no success."), TOTAL(commits_failed) },
	{ NAMED("commit_unacknowledged_seconds", GAUGE,
		"How long a commit has been sent again and again; 0 while none is."),
	  .emit = emit_unacknowledged },
	{ NAMED("parks", COUNTER, "Partitions that were dropped, to be read again from what is committed."),
	  TOTAL(parked) },

	{ .heading = "S3",
	  NAMED("s3_requests", COUNTER, "Requests sent, those sent again included."),
	  .labels = "kind",
	  .emit = emit_requests },
	{ NAMED("s3_retries", COUNTER, "Requests that were sent again."), OF_DAEMON(s3.retries) },
	{ NAMED("s3_errors", COUNTER, "Answers that were no success, and requests without one, by what S3 said."),
	  .labels = "error", .emit = emit_errors },
	{ NAMED("s3_sent_bytes", COUNTER, "Bytes of bodies sent."), OF_DAEMON(s3.bytes_sent) },
	{ NAMED("s3_upload_seconds", HISTOGRAM, "From the sending of a PUT or UploadPart to its answer."),
	  OF_DAEMON(s3.latency), .bounds = &histogram_seconds },
	{ NAMED("s3_object_bytes", HISTOGRAM, "Bytes of objects, as stored."), OF_DAEMON(sizes),
	  .bounds = &histogram_bytes },
	{ NAMED("s3_open_objects", GAUGE, "Objects that are being filled."), OF_DAEMON(open_objects) },
	{ NAMED("s3_waiting_objects", GAUGE, "Objects that are complete, and not in S3 yet."),
	  OF_DAEMON(waiting_objects) },
	{ NAMED("s3_stuck", GAUGE, "1: S3 takes nothing from this uploader, for longer than a passing error lasts."),
	  .labels = "uploader", .emit = emit_stuck },
	{ NAMED("s3_conditional_writes", GAUGE, "1: the store knows If-None-Match; 0: it does not."),
	  .emit = emit_conditional },
	{ NAMED("s3_clock_offset_seconds", GAUGE, "The store's clock less ours."), .emit = emit_clock_offset },
	{ NAMED("s3_credentials_expire_timestamp_seconds", GAUGE,
		"When the credentials in use expire; no sample where they do not."),
	  .emit = emit_expiry },

	{ .heading = "Memory",
	  NAMED("memory_setting_bytes", GAUGE, "The setting \"memory\"."),
	  OF_DAEMON(board.daemon.memory_bytes) },
	{ NAMED("memory_bytes", GAUGE,
		"What each owner holds of it: the Kafka client, the record rings, objects that are being filled, bodies "
		"that are on their way to S3."),
	  .labels = "owner", .emit = emit_memory },
	{ NAMED("memory_limit_bytes", GAUGE, "What each may hold; what the uploaders hold is open and moving."),
	  .labels = "owner", .emit = emit_memory_limit },
	{ NAMED("memory_seals", COUNTER, "Ranges that were sealed early, for want of memory."),
	  OF_DAEMON(seals_for_memory) },
	{ NAMED("uploader_full", GAUGE, "1: this uploader takes no records, for want of memory."), .labels = "uploader",
	  .emit = emit_full },

	{ .heading = "The daemon", NAMED("live", GAUGE, "1: each thread goes round."), OF_DAEMON(live) },
	{ NAMED("ready", GAUGE, "1: it has begun, and does not stop."), OF_DAEMON(ready) },
	{ NAMED("thread_beat_age_seconds", GAUGE, "When the thread last went round."), .labels = "thread",
	  .emit = emit_beats },
	{ NAMED("settings_generation", GAUGE, "Settings in force: 1 since the start, one more with each reload."),
	  OF_DAEMON(board.daemon.generation) },
	{ NAMED("settings_last_reload_successful", GAUGE,
		"0: the last reload failed, and the settings stayed as they were."),
	  .emit = emit_reload_successful },
	{ NAMED("settings_last_reload_timestamp_seconds", GAUGE, "When it was; no sample before the first."),
	  .emit = emit_reload_time },
	{ NAMED("glue_calls", COUNTER, "Calls of Glue; no sample without a catalog."), .labels = "outcome",
	  .emit = emit_glue },
	{ NAMED("glue_trouble", GAUGE, "1: a table or the crawler is not as it should be, and it does not pass."),
	  .emit = emit_glue_trouble },
	{ NAMED("glue_partitions", COUNTER, "Partitions that were registered, or found to be so."),
	  OF_DAEMON(board.glue.partitions) },
	{ NAMED("glue_samples", COUNTER, "Lines that columns were learnt from."), OF_DAEMON(board.glue.samples) },
	{ NAMED("glue_doubts", COUNTER,
		"What in these lines a column does not hold as it is: values that its type does not fit, keys in another "
		"case, keys without a column, lines with a key twice, lines that are no object."),
	  .labels = "kind", .emit = emit_glue_doubts },
	{ NAMED("replay_rows", COUNTER, "Rows of the CSV file; no sample without a replay."), .labels = "outcome",
	  .emit = emit_replay },
	{ NAMED("build", INFO, "The program, and the libraries that it runs with."), .labels = "version, libraries",
	  .emit = emit_build },
	{ NAMED("daemon", INFO, "What this daemon is for."), .labels = "name, group, bucket", .emit = emit_daemon },
	{ .name = "process_start_time_seconds",
	  .type = OPENMETRICS_GAUGE,
	  .help = "When the daemon was started.",
	  OF_DAEMON(board.daemon.started_real_ms) },
	{ .name = "process_resident_memory_bytes",
	  .type = OPENMETRICS_GAUGE,
	  .help = "Memory of the process.",
	  OF_DAEMON(board.daemon.rss_bytes) },
};
const size_t n_metrics = sizeof(metrics) / sizeof(metrics[0]);
