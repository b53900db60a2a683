/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_MODEL_DAEMON_H
#define KAFKA_MODEL_DAEMON_H

/* A daemon of the model: the real lifecycle, delivery, committer, intent, ring, mailbox, writer and objects, and
 * between them the least of what consumer.c, commit.c, resume.c, rebalance.c, reload.c and uploader.c do, in steps that
 * the model may order as it likes. Included by test_model.c only. */

#include "batch/mailbox.h"
#include "batch/ring.h"
#include "kafka/committer.h"
#include "kafka/lifecycle.h"
#include "kafka/stall.h"
#include "kafka/model_world.h"
#include "store/writer.h"

#define RING_SLOTS 16
#define GROUP_EVENTS 64
#define ASSIGNMENTS 64
#define ASK_MS 20000 /* passes each time records are asked for */
#define LAND_FROM 3  /* the first offset of a land, where there is one */

struct partition {
	int daemon;
};

enum group_event { GROUP_ASSIGN, GROUP_REVOKE, GROUP_LOST };

struct daemon {
	struct world *w;
	struct daemon *all; /* daemons of the world, by number */
	int number;
	bool up;
	bool frozen;
	bool cut;   /* cannot reach the broker */
	bool named; /* by its kafka.topics */
	uint64_t process;
	uint64_t generation;
	int64_t seen_ms; /* by the broker */
	enum group_event group[GROUP_EVENTS];
	int n_group;

	struct partition partition;
	struct lifecycle life;
	struct committer committer;
	struct request *waiting; /* for its answer */
	bool answer_ready;
	enum commit_answer answer;
	bool too_large;
	int64_t deadline_ms, resume_ms;
	struct range_pass pass;
	struct assignment *a;
	struct assignment *farewells;
	int64_t next_offset, end_told, stop_offset;
	bool reading; /* the client reads on: not behind the stop of a land */
	bool stuck;   /* the client gives nothing more of what it reads now */
	struct stall stall;
	int64_t reading_ms;

	struct ring *ring;
	struct mailbox *commands, *events;
	int n_commands, n_events;
	struct s3 s3;
	struct registry *registry; /* NULL: the world has no catalog */
	struct upload_env env;
	struct settings settings;
	struct assignment *assignments[ASSIGNMENTS];
	int n_assignments;
};

static void count_post(void *arg)
{
	++*(int *)arg;
}

static bool mutant(const struct daemon *d, enum mutant m)
{
	return d->w->mutant == m;
}

static bool is_awake(const struct daemon *d)
{
	return d->up && !d->frozen;
}

/* ---- life and death */

static void push_group(struct daemon *d, enum group_event e)
{
	if (d->up && d->n_group < GROUP_EVENTS)
		d->group[d->n_group++] = e;
}

/* A new generation: those who are members stay so; "to" gets the partition, and joins if it is none. */
static void broker_give(struct world *w, struct daemon *all, struct daemon *to)
{
	uint64_t old = w->broker.generation++;

	for (int i = 0; i < DAEMONS; i++) {
		if (all[i].up && all[i].generation == old)
			all[i].generation = w->broker.generation;
	}
	w->broker.owner = to != NULL ? to->number : -1;
	w->broker.wanted = -1;
	if (to == NULL)
		return;
	to->generation = w->broker.generation;
	push_group(to, GROUP_ASSIGN);
}

/* The group goes on without this member. */
static void broker_expel(struct daemon *d)
{
	d->generation = 0;
	push_group(d, GROUP_LOST);
}

static void daemon_start(struct daemon *d)
{
	struct world *w = d->w;
	struct daemon *all = d->all;
	int number = d->number;
	uint64_t process = d->process + 1;

	memset(d, 0, sizeof(*d));
	d->w = w;
	d->all = all;
	d->number = number;
	d->process = process;
	d->up = d->named = true;
	d->seen_ms = w->now;
	if (w->broker.owner == number) /* a new member: the old one's place is gone */
		broker_give(w, d - number, NULL);
	d->partition.daemon = number;
	d->ring = ring_new(RING_SLOTS, INT64_MAX);
	d->commands = mailbox_new();
	d->events = mailbox_new();
	mailbox_waker(d->commands, (struct waker){ count_post, &d->n_commands });
	mailbox_waker(d->events, (struct waker){ count_post, &d->n_events });
	d->s3.store = &w->store;
	d->registry = w->catalog ? registry_new(true) : NULL;
	d->env = (struct upload_env){
		.settings = &d->settings, .s3 = &d->s3, .part_bytes = 24, .block_bytes = 8, .publish_max = 2
	};
	if (!mutant(d, TELL_UNREGISTERED))
		d->env.registry = d->registry;
	d->settings.topic = (struct topic_settings){ .prefix = (char *)"raw",
						     .format = (char *)"json",
						     .compression = COMPRESSION_NONE,
						     .partition_by = PARTITION_BY_HOUR,
						     .key = (char *)"{prefix}/{table}/dt={dt}/hour={hour}/"
								    "{topic}+{partition}+{start}+{id}.{ext}",
						     .max_open_slots = 2,
						     .roll_records = 5,
						     .roll_age_ms = 500,
						     .dead_letter_prefix = (char *)"dead" };
	if (mutant(d, KEY_WITHOUT_HOUR))
		d->settings.topic.key = (char *)"{prefix}/{table}/{topic}+{partition}+{start}+{id}.{ext}";
	if (mutant(d, OTHER_ROUTING) && process % 2 == 0)
		d->settings.topic.prefix = (char *)"other";
}

static void free_assignment(struct daemon *d, struct assignment *a)
{
	for (int i = 0; i < d->n_assignments; i++) {
		if (d->assignments[i] == a)
			d->assignments[i] = d->assignments[--d->n_assignments];
	}
	assignment_free(a);
}

/* No abort, no farewell: the process is gone. What is on the network stays there. */
static void daemon_crash(struct daemon *d)
{
	if (!d->up)
		return;
	d->up = d->frozen = d->cut = false;
	d->s3.dead = true;
	if (d->waiting != NULL)
		d->waiting->answered = true;
	while (d->n_assignments > 0) {
		struct assignment *a = d->assignments[0];

		if (a->writer != NULL)
			writer_free(a->writer, d->w->now);
		free_assignment(d, a);
	}
	object_free_closing(&d->env);
	ring_free(d->ring);
	mailbox_free(d->commands);
	mailbox_free(d->events);
	registry_free(d->registry);
	committer_free(&d->committer);
	d->w->counts.crashes++;
}

/* ---- duties (duties.c), and the way out (park.c) */

static void post_command(struct daemon *d, const struct message *m)
{
	mailbox_post(d->commands, m);
}

static void drop(struct daemon *d)
{
	struct assignment *a = d->a;

	d->a = NULL;
	atomic_store(&a->dropped, true);
	post_command(d, &(struct message){ .kind = COMMAND_DROP, .assignment = a });
	a->next_farewell = d->farewells;
	d->farewells = a;
}

static void give_out(struct daemon *d)
{
	const struct range_facts *f;
	int64_t acked;

	while ((f = delivery_next_publish(&d->life.delivery, &acked)) != NULL) {
		struct message m = { .kind = COMMAND_PUBLISH,
				     .assignment = d->a,
				     .not_after_boot_ms = mutant(d, NO_LEASE) ? INT64_MAX : acked + SESSION_MS };

		memcpy(m.range_id, f->id, sizeof(m.range_id));
		post_command(d, &m);
	}
}

static void session_do(struct daemon *d, unsigned duties)
{
	if ((duties & DUTY_FORGET) && !mutant(d, OLD_EPOCH_COMMIT))
		committer_forget(&d->committer, &d->partition);
	if (duties & DUTY_DROP)
		drop(d);
	if (duties & DUTY_SEAL)
		post_command(d, &(struct message){ .kind = COMMAND_SEAL, .assignment = d->a, .reason = ROLL_REVOKED });
	if (duties & DUTY_STOP_READING)
		d->reading = false;
	if (duties & DUTY_PUBLISH)
		give_out(d);
}

static void answer_revoke(struct daemon *d, struct daemon *all)
{
	struct broker *b = &d->w->broker;

	if (b->owner == d->number && b->wanted >= 0 && d->generation == b->generation)
		broker_give(d->w, all,
			    is_awake(&all[b->wanted]) && all[b->wanted].n_group == 0 ? &all[b->wanted] : NULL);
}

static void session_park(struct daemon *d)
{
	if (d->life.state == PARTITION_REVOKING && mutant(d, PARK_REVOKED))
		d->life.state = PARTITION_ACTIVE;
	session_do(d, lifecycle_parked(&d->life) | (mutant(d, FORGET_UNKNOWN) ? DUTY_FORGET : 0));
	if (d->life.state == PARTITION_AWAY)
		answer_revoke(d, d->all);
	if (d->life.state != PARTITION_PARKED)
		return;
	d->resume_ms = d->w->now + 300;
	d->w->counts.parked++;
}

static void next_pass(struct daemon *d)
{
	if (delivery_wants_pass(&d->life.delivery))
		session_park(d);
}

/* ---- the group (rebalance.c) */

static void on_revoke(struct daemon *d, struct daemon *all)
{
	session_do(d, lifecycle_revoked(&d->life));
	d->deadline_ms = d->w->now + SESSION_MS / 3;
	if (d->life.state == PARTITION_AWAY)
		answer_revoke(d, all);
}

static void serve_group(struct daemon *d, struct daemon *all)
{
	while (d->n_group > 0) {
		enum group_event e = d->group[0];

		memmove(d->group, d->group + 1, (size_t)(--d->n_group) * sizeof(d->group[0]));
		if (e == GROUP_ASSIGN) {
			session_do(d, lifecycle_given(&d->life));
			d->resume_ms = d->w->now;
		} else if (e == GROUP_REVOKE) {
			on_revoke(d, all);
		} else {
			session_do(d, lifecycle_lost(&d->life));
		}
	}
}

static void revoke_progress(struct daemon *d, struct daemon *all)
{
	if (d->life.state == PARTITION_PARKED && mutant(d, PARK_REVOKED))
		answer_revoke(d, all);
	if (d->life.state != PARTITION_REVOKING)
		return;
	if (d->w->now < d->deadline_ms && !lifecycle_is_finished(&d->life))
		return;
	if (!mutant(d, COMMIT_GIVEN_AWAY))
		session_do(d, lifecycle_lost(&d->life));
	answer_revoke(d, all);
}

/* ---- kafka.topics (reload.c) */

static void reload(struct daemon *d)
{
	d->named = !d->named;
	lifecycle_named(&d->life, d->named);
	d->resume_ms = d->w->now;
}

/* One step on the way out. What is not finished in time, or waits for a person, is left behind. */
static void end_taken_out(struct daemon *d)
{
	if ((lifecycle_is_leaving(&d->life) && odds(d->w, 10)) ||
	    (d->life.state == PARTITION_ENDING && lifecycle_is_finished(&d->life))) {
		session_do(d, lifecycle_let_go(&d->life) | (mutant(d, FORGET_TAKEN_OUT) ? DUTY_FORGET : 0));
		d->resume_ms = d->w->now;
		d->w->counts.ended++;
	} else {
		session_do(d, lifecycle_finish(&d->life));
	}
}

/* ---- commits (commit.c) */

static void acknowledged(struct daemon *d)
{
	const struct commit_entry *e;
	bool moved;

	while ((e = committer_next_acked(&d->committer)) != NULL) {
		note_acked(d->w, &e->sent);
		if (!lifecycle_hears(&d->life, e->epoch))
			continue;
		session_do(d, lifecycle_acked(&d->life, &e->sent, d->committer.sent_boot_ms, &moved));
		d->w->counts.done += d->life.state == PARTITION_DONE;
		d->resume_ms = d->w->now;
		next_pass(d);
	}
}

static bool name_fewer(struct daemon *d)
{
	if (!mutant(d, LEAVE_OUT_NAMED))
		return delivery_halve(&d->life.delivery);
	d->life.delivery.max_named = d->life.delivery.max_named > 1 ? d->life.delivery.max_named / 2 : 1;
	return true;
}

static void blame(struct daemon *d)
{
	if (!(d->too_large && name_fewer(d)))
		session_park(d);
}

/* A newer state goes out although nobody knows what became of the last one. */
static void forget_last_request(struct daemon *d)
{
	committer_forget(&d->committer, &d->partition);
}

static void serve_answer(struct daemon *d)
{
	if (!d->answer_ready)
		return;
	d->answer_ready = false;
	if (committer_answer(&d->committer, d->answer, d->w->now) != NULL)
		blame(d);
	if (d->answer == COMMIT_ACKED) {
		acknowledged(d);
	} else if (d->answer == COMMIT_FENCED) {
		d->w->counts.fenced++;
		if (!mutant(d, OLD_EPOCH_COMMIT))
			committer_forget(&d->committer, &d->partition);
		if (lifecycle_is_at_work(&d->life))
			session_park(d);
	} else {
		d->w->counts.unknown++;
		if (mutant(d, TWO_OUTSTANDING))
			forget_last_request(d);
	}
}

static void spoil_text(struct daemon *d, struct intent_text *sent)
{
	if (mutant(d, COMMIT_AHEAD) && sent->n > 0) {
		sent->start = sent->ranges[0].end;
		memmove(&sent->ranges[0], &sent->ranges[1], (size_t)--sent->n * sizeof(sent->ranges[0]));
	}
	if (mutant(d, GROW_UNKNOWN) && d->committer.failures > 0 && sent->n > 0)
		sent->ranges[sent->n - 1].end++;
}

static void add_commit(struct daemon *d)
{
	struct intent_text sent;
	char text[INTENT_TEXT_MAX];

	delivery_compose(&d->life.delivery, &sent, text);
	spoil_text(d, &sent);
	intent_write(&sent, sent.n, text);
	committer_add(&d->committer, &d->partition, d->life.epoch, "t", 0, &sent, text);
}

static bool wants_commit(const struct daemon *d)
{
	return d->committer.state == COMMITTER_IDLE && lifecycle_wants_commit(&d->life, d->w->now);
}

static void commit_if_due(struct daemon *d)
{
	const struct commit_entry *e;
	size_t first;

	if (wants_commit(d))
		add_commit(d);
	if (committer_due(&d->committer, d->w->now, &first) == 0)
		return;
	e = &d->committer.entries[first];
	if (mutant(d, GROW_UNKNOWN) && d->committer.failures > 0)
		spoil_text(d, &d->committer.entries[first].sent);
	d->waiting = broker_send(d->w, d->number, d->process, d->generation, &e->sent, e->text);
	committer_sent(&d->committer, d->w->now);
}

/* ---- the way to reading (resume.c) */

/* Where a land ends is found before where it begins (start.c). */
static void find_land(const struct daemon *d, struct intent_text *t)
{
	int64_t stop = d->w->log_end;

	t->start = stop < LAND_FROM ? stop : LAND_FROM;
	t->land = (struct intent_land){ .given = true, .first = t->start, .stop = stop };
}

static void begin_start(struct daemon *d, const struct intent_text *t)
{
	delivery_begin_start(&d->life.delivery, t, d->w->now);
	lifecycle_start(&d->life);
}

static void open_partition(struct daemon *d)
{
	const struct intent_text *t = &d->life.delivery.text;
	struct assignment *a = assignment_new("t", 0);

	assert(d->n_assignments < ASSIGNMENTS);
	d->assignments[d->n_assignments++] = a;
	a->partition = &d->partition;
	lifecycle_open(&d->life);
	a->epoch = d->life.epoch;
	a->table = mem_strdup("t");
	a->group = mem_strdup("g");
	a->cluster = mem_strdup("c");
	memcpy(a->mark, "5c1f", 5);
	a->start = t->start;
	a->chain = t->before;
	a->n_plan = t->n;
	memcpy(a->plan, t->ranges, sizeof(a->plan));
	a->pass = d->pass;
	d->a = a;
	d->next_offset = t->start;
	d->end_told = -1;
	d->stop_offset = INT64_MAX;
	if (t->land.given)
		d->stop_offset = t->land.stop + mutant(d, PAST_STOP) - mutant(d, STOP_EARLY);
	d->reading = true;
	d->stuck = false;
	stall_begin(&d->stall, d->reading_ms);
	d->w->counts.recovered += t->n;
	post_command(d, &(struct message){ .kind = COMMAND_OPEN, .assignment = a });
}

static void resume(struct daemon *d)
{
	struct intent_text t = { .cluster = "c", .topic = "t" };

	if ((d->committer.state != COMMITTER_IDLE && !mutant(d, READ_WHILE_OUT)) || d->n_group > 0)
		return;
	if (d->w->broker.offset < 0 || (mutant(d, ERROR_IS_NO_OFFSET) && odds(d->w, 10))) {
		chain_begin(&t.before, "first");
		if (d->w->land)
			find_land(d, &t);
		begin_start(d, &t);
		return;
	}
	if (intent_read(d->w->broker.text, &t) != INTENT_OURS || t.start != d->w->broker.offset) {
		violate(d->w, "the committed text is not ours: \"%s\"", d->w->broker.text);
		return;
	}
	if (mutant(d, FORGET_PLAN))
		t.n = 0;
	if (mutant(d, NEW_ID) && t.n > 0)
		t.ranges[0].id[15] = t.ranges[0].id[15] == '0' ? '1' : '0';
	if (mutant(d, FORGET_BEFORE))
		chain_begin(&t.before, "first");
	if (mutant(d, MOVE_STOP))
		t.land.stop = d->w->log_end;
	if (mutant(d, COUNT_ANEW))
		t.land = (struct intent_land){ .given = true, .first = t.land.first, .stop = t.land.stop };
	delivery_begin(&d->life.delivery, &t, d->w->now);
	if (!delivery_at_end(&d->life.delivery)) {
		open_partition(d);
		return;
	}
	lifecycle_done(&d->life);
	d->w->counts.done++;
}

/* ---- records (records.c) */

static void put_marker(struct daemon *d, enum record_kind kind, int64_t offset)
{
	ring_put(d->ring,
		 &(struct record){ .kind = (uint8_t)kind, .assignment = d->a, .offset = offset, .timestamp_ms = -1 });
}

/* While a rebalance is under way it is read on for a moment, and so comes here again. */
static void reach_stop(struct daemon *d)
{
	if (!mutant(d, NO_STOP_MARKER))
		put_marker(d, RECORD_STOP, d->stop_offset);
	d->reading = odds(d->w, 10);
	if (mutant(d, DONE_WHEN_READ)) {
		drop(d);
		d->life.state = PARTITION_DONE;
	}
}

static void take_records(struct daemon *d, int64_t n)
{
	static const uint8_t value[] = "{}", odd[] = "!";
	int64_t end = d->stop_offset < d->w->log_end ? d->stop_offset : d->w->log_end;

	for (; n > 0 && ring_room(d->ring, 0) > 0 && d->next_offset < end; n--) {
		const struct log_entry *l = &d->w->log[d->next_offset];

		d->next_offset++;
		if (l->gone)
			continue;
		ring_put(d->ring, &(struct record){ .kind = RECORD_DATA,
						    .assignment = d->a,
						    .offset = d->next_offset - 1,
						    .timestamp_ms = l->timestamp_ms,
						    .value = l->kind == LOG_TOMBSTONE ? NULL
							     : l->kind == LOG_DEAD    ? odd
										      : value,
						    .value_len = l->len });
	}
	if (ring_room(d->ring, 0) == 0)
		return;
	if (d->next_offset >= d->stop_offset) {
		reach_stop(d);
	} else if (d->next_offset == d->w->log_end && d->end_told != d->w->log_end) {
		if (!mutant(d, NO_END_MARKER))
			put_marker(d, RECORD_END, d->w->log_end);
		d->end_told = d->w->log_end;
	}
}

static void fetch(struct daemon *d, int64_t n)
{
	if (ring_room(d->ring, 0) > 0)
		d->reading_ms += ASK_MS;
	if (d->life.state == PARTITION_ACTIVE && d->reading && !d->cut && !d->stuck)
		take_records(d, n);
	while (d->farewells != NULL && ring_room(d->ring, 0) > 0) {
		struct assignment *a = d->farewells;

		d->farewells = a->next_farewell;
		ring_put(d->ring, &(struct record){ .kind = RECORD_FAREWELL, .assignment = a });
	}
	ring_publish(d->ring);
}

static void watch(struct daemon *d)
{
	if (!d->reading || !stall_found(&d->stall, &d->life.delivery, d->next_offset, d->end_told, d->reading_ms) ||
	    mutant(d, NO_STALL))
		return;
	d->w->counts.stuck++;
	session_park(d);
}

/* ---- what the uploader tells */

static void on_sealed(struct daemon *d, const struct message *m)
{
	struct message publish = { .kind = COMMAND_PUBLISH, .assignment = d->a, .not_after_boot_ms = INT64_MAX };

	if (!delivery_sealed(&d->life.delivery, &m->facts, m->has_objects)) {
		session_park(d);
	} else if (mutant(d, PUBLISH_UNACKED)) {
		memcpy(publish.range_id, m->facts.id, sizeof(publish.range_id));
		post_command(d, &publish);
	}
}

static void on_passed(struct daemon *d, const struct message *m)
{
	d->w->counts.passes++;
	d->w->counts.land_passes += d->w->land;
	if (mutant(d, COUNT_PASSES))
		d->life.delivery.text.land.landed += m->facts.landed;
	if (mutant(d, PASS_IS_ALL) ? !delivery_published(&d->life.delivery, m->facts.id)
				   : !delivery_passed(&d->life.delivery, m->facts.id)) {
		session_park(d);
		return;
	}
	d->pass = (struct range_pass){ m->facts, m->from_slot };
	next_pass(d);
}

static void hear_one(struct daemon *d)
{
	struct message m;

	if (!mailbox_take(d->events, &m))
		return;
	d->n_events--;
	if (!lifecycle_hears(&d->life, m.epoch)) {
		d->w->counts.late++;
		return;
	}
	if (m.kind == EVENT_SEALED) {
		on_sealed(d, &m);
	} else if (m.kind == EVENT_QUIET) {
		d->life.quiet = true;
	} else if (m.kind == EVENT_PUBLISHED) {
		if (!delivery_published(&d->life.delivery, m.range_id))
			session_park(d);
	} else if (m.kind == EVENT_PASSED) {
		on_passed(d, &m);
	} else if (m.kind == EVENT_STALE) {
		d->w->counts.stale++;
		delivery_stale(&d->life.delivery, m.range_id);
	} else {
		session_park(d);
	}
}

/* ---- the uploader (uploader.c) */

static void obey(struct daemon *d, const struct message *m)
{
	struct writer *writer = m->assignment->writer;

	if (m->kind == COMMAND_OPEN)
		writer_new(&d->env, d->events, m->assignment);
	else if (writer == NULL)
		return;
	else if (m->kind == COMMAND_SEAL)
		writer_close(writer, m->reason, d->w->now);
	else if (m->kind == COMMAND_PUBLISH)
		writer_publish(writer, m->range_id, m->not_after_boot_ms, d->w->now);
	else if (m->kind == COMMAND_DROP)
		writer_free(writer, d->w->now);
}

static void take_record(struct daemon *d, struct record *r)
{
	struct assignment *a = r->assignment;

	if (r->kind == RECORD_FAREWELL) {
		free_assignment(d, a);
		return;
	}
	if (mutant(d, STRAY_RECORDS) && d->a != NULL && d->a->writer != NULL)
		a = d->a;
	if (a->writer != NULL && !atomic_load(&a->dropped))
		writer_add(a->writer, r, d->w->now);
}

static void upload(struct daemon *d, size_t n)
{
	size_t ready = ring_ready(d->ring);
	struct message m;

	while (mailbox_take(d->commands, &m)) {
		d->n_commands--;
		obey(d, &m);
	}
	if (n > ready)
		n = ready;
	for (size_t i = 0; i < n; i++)
		take_record(d, ring_at(d->ring, i));
	ring_take(d->ring, n);
}

static void answer_call(struct daemon *d, struct s3_call *c)
{
	struct object *o = c->user;
	struct range *r = o->state != OBJECT_DROPPED ? o->owner : NULL;

	fake_take(&d->s3, c);
	object_call_done(&d->env, c, d->w->now);
	if (r != NULL)
		writer_object_changed(r->writer, o, d->w->now);
}

static void serve_s3(struct daemon *d, size_t i)
{
	struct world *w = d->w;
	struct s3_call *c = d->s3.calls[i];

	if (c->op != S3_ABORT && odds(w, 2)) {
		error_set(&c->error, ERROR_WAIT_PERSON, 403, "no");
		c->result = S3_FAILED;
	} else if (c->op == S3_COMPLETE && odds(w, 3)) {
		c->result = mutant(d, DEAD_IS_DONE) ? S3_DONE : S3_UPLOAD_DEAD;
	} else {
		fake_perform(&w->store, c, w->now);
		if ((c->op == S3_PUT || c->op == S3_COMPLETE) && c->result == S3_DONE && odds(w, 8))
			return; /* the answer is lost: the same request again */
	}
	answer_call(d, c);
}

/* ---- the glue thread, and what the uploader hears of it */

static void register_wanted(struct daemon *d)
{
	const char *table = NULL;
	int64_t slots[LOG_HOURS];
	size_t n = registry_take(d->registry, false, &table, slots, LOG_HOURS);

	for (size_t i = 0; i < n; i++) {
		if (odds(d->w, 30)) {
			registry_again(d->registry, table, slots[i]);
			continue;
		}
		d->w->registered[slots[i] / HOUR_MS] = true;
		if (!odds(d->w, 10)) /* else the answer is lost: it is done once more */
			registry_done(d->registry, table, slots[i]);
		else
			registry_again(d->registry, table, slots[i]);
	}
}

static void serve_glue(struct daemon *d)
{
	registry_trouble(d->registry, "t", odds(d->w, 5) ? "denied" : NULL);
	register_wanted(d);
	for (int i = 0; i < d->n_assignments; i++) {
		if (d->assignments[i]->writer != NULL)
			writer_look_up(d->assignments[i]->writer, d->w->now);
	}
}

/* By time, or as if memory were short. */
static void seal_or_tick(struct daemon *d)
{
	struct writer *writer = d->a != NULL ? d->a->writer : NULL;

	if (writer == NULL || writer->closed)
		return;
	writer_tick(writer, d->w->now);
	if (odds(d->w, 5) && writer_can_seal(writer))
		writer_seal(writer, ROLL_MEMORY, d->w->now);
	else if (odds(d->w, 70) && writer_can_defer(writer))
		writer_defer(writer, d->w->now);
}

#endif
