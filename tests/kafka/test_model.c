/* SPDX-License-Identifier: Apache-2.0 */
/* The model checker of delivery: daemons made of the real parts in a world that does what brokers, networks, stores and
 * machines do. Random walks, all short continuations of some of them, and mutants that must be caught. What holds after
 * each step stands in model_world.h. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/random.h>
#include <cmocka.h>

#include "base/log.h"
#include "kafka/model_daemon.h"

#if defined(__SANITIZE_THREAD__) /* there is one thread only: it is enough to know that it runs */
#define WALKS 300
#define PREFIXES 1
#define WITH_MUTANTS 0
#else
#define WALKS 2500
#define PREFIXES 6
#define WITH_MUTANTS 1
#endif
#define WALK_STEPS 400
#define SELDOM (WALKS / 25) /* how often all that is rare must have happened in them */
#define MUTANT_WALKS 20000
#define DEPTH 3

static uint64_t ids; /* of the walk: ids are the same each time a seed is run */

ssize_t getrandom(void *out, size_t size, unsigned flags)
{
	struct dice d;

	(void)flags;
	dice_init(&d, ids++);
	for (size_t i = 0; i < size; i++)
		((uint8_t *)out)[i] = (uint8_t)dice_next(&d);
	return (ssize_t)size;
}

struct walk {
	struct world w;
	struct daemon daemons[DAEMONS];
};

/* ---- what may happen */

static void step_group(struct walk *k, int i)
{
	serve_group(&k->daemons[i], k->daemons);
}

/* An answer is acted on only when the group's events are served (H1). */
static void step_answer(struct walk *k, int i)
{
	serve_group(&k->daemons[i], k->daemons);
	serve_answer(&k->daemons[i]);
}

static void step_hear(struct walk *k, int i)
{
	hear_one(&k->daemons[i]);
}

static void step_progress(struct walk *k, int i)
{
	revoke_progress(&k->daemons[i], k->daemons);
}

static void step_resume(struct walk *k, int i)
{
	serve_group(&k->daemons[i], k->daemons);
	if (k->daemons[i].life.state == PARTITION_PARKED)
		resume(&k->daemons[i]);
}

static void step_commit(struct walk *k, int i)
{
	commit_if_due(&k->daemons[i]);
}

static void step_fetch(struct walk *k, int i)
{
	fetch(&k->daemons[i], 1 + choose(&k->w, 6));
}

static void step_upload(struct walk *k, int i)
{
	upload(&k->daemons[i], (size_t)choose(&k->w, 6));
}

static void step_s3(struct walk *k, int i)
{
	serve_s3(&k->daemons[i], (size_t)choose(&k->w, (int64_t)k->daemons[i].s3.n));
}

static void step_glue(struct walk *k, int i)
{
	serve_glue(&k->daemons[i]);
}

static void step_seal(struct walk *k, int i)
{
	seal_or_tick(&k->daemons[i]);
}

static void step_trouble(struct walk *k, int i)
{
	session_park(&k->daemons[i]);
}

static void step_reload(struct walk *k, int i)
{
	reload(&k->daemons[i]);
}

static void step_end(struct walk *k, int i)
{
	serve_group(&k->daemons[i], k->daemons);
	end_taken_out(&k->daemons[i]);
}

static void step_stuck(struct walk *k, int i)
{
	k->daemons[i].stuck = true;
}

static void step_watch(struct walk *k, int i)
{
	watch(&k->daemons[i]);
}

static void step_crash(struct walk *k, int i)
{
	daemon_crash(&k->daemons[i]);
}

static void step_start(struct walk *k, int i)
{
	daemon_start(&k->daemons[i]);
}

static void step_freeze(struct walk *k, int i)
{
	k->daemons[i].frozen = !k->daemons[i].frozen;
	k->daemons[i].seen_ms = k->w.now;
}

static void step_cut(struct walk *k, int i)
{
	k->daemons[i].cut = !k->daemons[i].cut;
	k->daemons[i].seen_ms = k->w.now;
}

/* Somebody joins the group and the partition stays: the generation rises behind the application's back. */
static void step_bump(struct walk *k, int i)
{
	uint64_t old = k->w.broker.generation++;

	(void)i;
	for (int n = 0; n < DAEMONS; n++) {
		if (k->daemons[n].up && k->daemons[n].generation == old)
			k->daemons[n].generation++;
	}
}

/* ---- the broker's part */

static void answer_request(struct walk *k, struct request *r, enum commit_answer answer)
{
	struct daemon *d = &k->daemons[r->daemon];

	r->answered = true;
	if (d->waiting != r || d->process != r->process)
		return;
	d->waiting = NULL;
	d->answer = answer;
	d->answer_ready = true;
}

/* The client gives up all assignments when it is told that its generation is not the group's (H5). */
static void fence(struct walk *k, struct request *r)
{
	struct daemon *d = &k->daemons[r->daemon];

	if (d->up && d->process == r->process) {
		broker_expel(d);
		if (k->w.broker.owner == r->daemon)
			broker_give(&k->w, k->daemons, NULL);
	}
	answer_request(k, r, COMMIT_FENCED);
}

static void process_request(struct walk *k, struct request *r)
{
	struct world *w = &k->w;
	struct daemon *d = &k->daemons[r->daemon];
	int64_t fate = w->exhaustive ? choose(w, 4) : w->calm || odds(w, w->acked_percent) ? 0 : choose(w, 6);

	if (d->cut && fate != 3)
		fate = 2;
	if (fate == 3) { /* it is still on its way when the client has given it up */
		answer_request(k, r, COMMIT_AGAIN);
		return;
	}
	r->live = false;
	if (fate == 2) {
		answer_request(k, r, COMMIT_AGAIN);
		return;
	}
	broker_age(w, r);
	if (fate >= 4) { /* refused for this partition; 5: the text is too long */
		d->too_large = fate == 5;
		answer_request(k, r, COMMIT_SUSPECT);
	} else if (!broker_apply(w, r)) {
		fence(k, r);
	} else {
		answer_request(k, r, fate == 0 ? COMMIT_ACKED : COMMIT_AGAIN);
	}
}

static void step_request(struct walk *k, int i)
{
	struct request *r = &k->w.broker.requests[i];

	if (r->answered)
		ghost_request(&k->w, r);
	else
		process_request(k, r);
}

static bool is_gone(const struct walk *k, const struct daemon *d)
{
	return !d->up || ((d->frozen || d->cut) && k->w.now > d->seen_ms + SESSION_MS);
}

/* The partition goes to daemon i: asked for, if its owner lives; taken, if its session has ended. A client joins again
 * only when its application has served what it lost. */
static void step_rebalance(struct walk *k, int i)
{
	struct broker *b = &k->w.broker;
	struct daemon *owner = b->owner >= 0 ? &k->daemons[b->owner] : NULL;

	if (!is_awake(&k->daemons[i]) || k->daemons[i].cut || k->daemons[i].n_group > 0 || owner == &k->daemons[i])
		return;
	if (owner == NULL || is_gone(k, owner)) {
		if (owner != NULL)
			broker_expel(owner);
		broker_give(&k->w, k->daemons, &k->daemons[i]);
	} else if (b->wanted < 0 && !owner->frozen && !owner->cut) {
		b->wanted = i;
		push_group(owner, GROUP_REVOKE);
	}
}

static void step_produce(struct walk *k, int i)
{
	(void)i;
	log_add(&k->w, 1 + choose(&k->w, 6));
}

static void step_compact(struct walk *k, int i)
{
	(void)i;
	log_compact(&k->w, choose(&k->w, k->w.log_end));
}

static void step_time(struct walk *k, int i)
{
	static const int64_t by[] = { 200, 200, 200, 1000, 4000, SESSION_MS + 1 };

	(void)i;
	k->w.now += by[choose(&k->w, 6)];
	for (int n = 0; n < DAEMONS; n++) {
		if (is_awake(&k->daemons[n]) && !k->daemons[n].cut)
			k->daemons[n].seen_ms = k->w.now;
	}
}

static void step_ghost_call(struct walk *k, int i)
{
	ghost_call(&k->w, i);
}

/* Not while a daemon is in the middle of sending: its signed requests die within the time that a lease gives. */
static void step_move(struct walk *k, int i)
{
	(void)i;
	move_object(&k->w);
}

/* ---- what happens next */

struct action {
	void (*step)(struct walk *k, int i);
	int i;
	int weight;
};

struct menu {
	struct action actions[128];
	int n, weight;
	bool all; /* what never happens in this walk too */
};

static void offer(struct menu *m, bool enabled, void (*step)(struct walk *k, int i), int i, int weight)
{
	if (!enabled || (weight == 0 && !m->all) || m->n == 128)
		return;
	m->actions[m->n++] = (struct action){ step, i, weight };
	m->weight += weight;
}

static void offer_daemon(struct menu *m, const struct walk *k, int i)
{
	const struct daemon *d = &k->daemons[i];
	bool awake = is_awake(d);
	bool active = awake && d->life.state == PARTITION_ACTIVE, reading = active && d->reading;
	const int *temper = k->w.temper;

	offer(m, awake && d->n_group > 0, step_group, i, 30);
	offer(m, awake && d->answer_ready, step_answer, i, 60);
	offer(m, awake && d->n_events > 0, step_hear, i, 60);
	offer(m, awake && (d->life.state == PARTITION_REVOKING || d->life.state == PARTITION_PARKED), step_progress, i,
	      20);
	offer(m, awake && !d->cut && d->life.state == PARTITION_PARKED && k->w.now >= d->resume_ms, step_resume, i, 30);
	offer(m, awake && (wants_commit(d) || d->committer.state == COMMITTER_READY), step_commit, i, 50);
	offer(m, awake && (active || d->farewells != NULL), step_fetch, i, 20);
	offer(m, awake && (d->n_commands > 0 || ring_ready(d->ring) > 0), step_upload, i, 60);
	offer(m, awake && d->s3.n > 0, step_s3, i, 50);
	offer(m, awake && d->registry != NULL, step_glue, i, 10);
	offer(m, active, step_seal, i, 10);
	offer(m, active, step_trouble, i, temper[TROUBLE_PARK]);
	offer(m, awake, step_reload, i, d->named ? temper[TROUBLE_RELOAD] : 5);
	offer(m, awake && lifecycle_is_leaving(&d->life), step_end, i, 30);
	/* One that has told the end of the log before is not found out (ARCHITECTURE.md). */
	offer(m, reading && !d->stuck && d->end_told < d->next_offset, step_stuck, i, temper[TROUBLE_STUCK]);
	offer(m, active, step_watch, i, 10);
	offer(m, d->up, step_crash, i, temper[TROUBLE_CRASH]);
	offer(m, !d->up, step_start, i, 5);
	offer(m, d->up, step_freeze, i, d->frozen ? 3 : temper[TROUBLE_FREEZE]);
	offer(m, d->up, step_cut, i, d->cut ? 3 : temper[TROUBLE_CUT]);
	offer(m, awake && !d->cut && d->generation == k->w.broker.generation, step_bump, i, temper[TROUBLE_GROUP]);
	offer(m, awake && k->w.broker.owner != i && k->w.broker.wanted < 0, step_rebalance, i,
	      k->w.broker.owner < 0 || is_gone(k, &k->daemons[k->w.broker.owner]) ? 20 : temper[TROUBLE_GROUP]);
}

static void offer_world(struct menu *m, const struct walk *k)
{
	offer(m, k->w.log_end < k->w.log_limit, step_produce, 0, 10);
	offer(m, k->w.compacts && k->w.log_end > 0, step_compact, 0, 10);
	for (int i = 0; i < REQUESTS; i++) {
		const struct request *r = &k->w.broker.requests[i];

		offer(m, r->live, step_request, i, r->answered ? 5 : 50);
	}
	offer(m, true, step_time, 0, 20);
	for (int i = 0; i < k->w.n_ghosts; i++)
		offer(m, true, step_ghost_call, i, 5);
	offer(m, k->w.store.objects != NULL, step_move, 0, 3 * k->w.temper[TROUBLE_MOVE]);
}

static void walk_step(struct walk *k)
{
	struct menu m = { .all = k->w.exhaustive };
	const struct action *a = m.actions;

	for (int i = 0; i < DAEMONS; i++)
		offer_daemon(&m, k, i);
	offer_world(&m, k);
	if (k->w.exhaustive) {
		a += choose(&k->w, m.n);
	} else {
		int64_t at = dice_below(&k->w.dice, m.weight);

		while (at >= a->weight)
			at -= (a++)->weight;
	}
	a->step(k, a->i);
	k->w.counts.steps++;
}

/* ---- rest */

static bool is_done(const struct walk *k, const struct daemon *d)
{
	bool out = false;

	for (int i = 0; i < REQUESTS; i++)
		out |= k->w.broker.requests[i].live;
	if (out || d->s3.n > 0 || d->n_events > 0 || d->farewells != NULL || !ring_is_empty(d->ring))
		return false;
	if (k->w.land)
		return k->w.broker.offset == k->w.stop && d->life.state == PARTITION_DONE;
	return k->w.broker.offset >= last_record(&k->w) && d->life.state == PARTITION_ACTIVE &&
	       delivery_settled(&d->life.delivery);
}

static void calm_round(struct walk *k, struct daemon *d)
{
	struct world *w = &k->w;

	w->now += 300;
	d->seen_ms = w->now;
	step_rebalance(k, d->number);
	step_answer(k, d->number);
	while (d->n_events > 0)
		hear_one(d);
	revoke_progress(d, k->daemons);
	end_taken_out(d);
	if (d->life.state == PARTITION_PARKED && w->now >= d->resume_ms)
		resume(d);
	commit_if_due(d);
	for (int i = 0; i < REQUESTS; i++) {
		if (w->broker.requests[i].live)
			step_request(k, i);
	}
	fetch(d, 8);
	if (d->life.state == PARTITION_ACTIVE)
		watch(d);
	upload(d, RING_SLOTS);
	while (d->s3.n > 0)
		serve_s3(d, 0);
	if (d->registry != NULL)
		serve_glue(d);
	seal_or_tick(d);
}

/* One daemon is left, and nothing goes wrong any more: everything gets its place. */
static void come_to_rest(struct walk *k)
{
	struct daemon *d = &k->daemons[0];
	int rounds = 0;

	k->w.calm = true;
	for (int i = 1; i < DAEMONS; i++)
		daemon_crash(&k->daemons[i]);
	if (!d->up)
		daemon_start(d);
	d->frozen = d->cut = false;
	if (!d->named)
		reload(d);
	while (k->w.n_ghosts > 0)
		ghost_call(&k->w, 0);
	while (!is_done(k, d) && rounds++ < 500 && k->w.violation[0] == '\0')
		calm_round(k, d);
	if (rounds >= 500)
		violate(&k->w, "no rest: offset %" PRId64 " of %" PRId64 ", state %d", k->w.broker.offset,
			k->w.land ? k->w.stop : last_record(&k->w), (int)d->life.state);
	if (d->n_assignments > 1)
		violate(&k->w, "%d assignments are left", d->n_assignments);
	if (k->w.violation[0] == '\0')
		check_end(&k->w);
}

static void walk_begin(struct walk *k, uint64_t seed, enum mutant mutant)
{
	memset(k->daemons, 0, sizeof(k->daemons));
	world_init(&k->w, seed, mutant);
	ids = seed << 20;
	for (int i = 0; i < DAEMONS; i++) {
		k->daemons[i].w = &k->w;
		k->daemons[i].all = k->daemons;
		k->daemons[i].number = i;
		daemon_start(&k->daemons[i]);
	}
}

static void walk_end(struct walk *k)
{
	for (int i = 0; i < DAEMONS; i++)
		daemon_crash(&k->daemons[i]);
	world_free(&k->w);
}

/* True: nothing was violated. The text of a violation stays in k->w. */
static bool walk_randomly(struct walk *k, uint64_t seed, enum mutant mutant)
{
	walk_begin(k, seed, mutant);
	for (int i = 0; i < WALK_STEPS && k->w.violation[0] == '\0'; i++)
		walk_step(k);
	if (k->w.violation[0] == '\0')
		come_to_rest(k);
	walk_end(k);
	return k->w.violation[0] == '\0';
}

static void add_counts(struct counts *sum, const struct counts *c)
{
	const int64_t *from = (const int64_t *)c;
	int64_t *to = (int64_t *)sum;

	for (size_t i = 0; i < sizeof(*c) / sizeof(*from); i++)
		to[i] += from[i];
}

static int quiet(void **state)
{
	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	return 0;
}

static void test_random_walks(void **state)
{
	static struct walk k;
	uint64_t seed = dice_seed(1000);
	struct counts sum = { 0 };

	(void)state;
	for (uint64_t i = 0; i < WALKS; i++) {
		if (!walk_randomly(&k, seed + i, NO_MUTANT))
			fail_msg("KAFKA2S3_SEED=%" PRIu64 ": step %" PRId64 ": %s", seed + i, k.w.counts.steps,
				 k.w.violation);
		add_counts(&sum, &k.w.counts);
	}
	print_message("# %" PRId64 " steps, %" PRId64 " commits, %" PRId64 " fenced, %" PRId64 " unknown, %" PRId64
		      " ghosts, %" PRId64 " ranges recovered, %" PRId64 " objects, %" PRId64 " there already, %" PRId64
		      " stale, %" PRId64 " parked, %" PRId64 " crashes, %" PRId64 " late events, %" PRId64
		      " passes that left something (%" PRId64 " of lands), %" PRId64 " stuck, %" PRId64
		      " times done with a land, %" PRId64 " times with a topic taken out\n",
		      sum.steps, sum.commits, sum.fenced, sum.unknown, sum.ghosts, sum.recovered, sum.published,
		      sum.exists, sum.stale, sum.parked, sum.crashes, sum.late, sum.passes, sum.land_passes, sum.stuck,
		      sum.done, sum.ended);
	assert_true(sum.steps > WALKS * WALK_STEPS / 2);
	assert_true(sum.commits > WALKS && sum.fenced > SELDOM && sum.unknown > 10 * SELDOM && sum.ghosts > SELDOM);
	assert_true(sum.recovered > WALKS && sum.published > WALKS && sum.exists > SELDOM && sum.stale > SELDOM / 2);
	assert_true(sum.parked > SELDOM && sum.late > SELDOM && sum.passes > SELDOM && sum.stuck > SELDOM);
	assert_true(sum.done > 5 * SELDOM && sum.land_passes > SELDOM / 4 && sum.ended > SELDOM);
}

/* ---- all continuations of a walk */

static bool next_path(struct world *w)
{
	while (w->n_path > 0 && w->path[w->n_path - 1] + 1 == w->radix[w->n_path - 1])
		w->n_path--;
	if (w->n_path == 0)
		return false;
	w->path[w->n_path - 1]++;
	return true;
}

/* A random prefix, then the path, then rest. */
static void walk_path(struct walk *k, uint64_t seed, int prefix, const struct world *path)
{
	walk_begin(k, seed, NO_MUTANT);
	for (int i = 0; i < prefix && k->w.violation[0] == '\0'; i++)
		walk_step(k);
	memcpy(k->w.path, path->path, sizeof(k->w.path));
	memcpy(k->w.radix, path->radix, sizeof(k->w.radix));
	k->w.n_path = path->n_path;
	k->w.depth = DEPTH;
	k->w.exhaustive = true;
	while (k->w.at < k->w.depth && k->w.violation[0] == '\0')
		walk_step(k);
	k->w.exhaustive = false;
	if (k->w.violation[0] == '\0')
		come_to_rest(k);
	walk_end(k);
}

static void test_all_continuations(void **state)
{
	static struct walk k;
	static struct world path;
	uint64_t seed = dice_seed(7000);
	int64_t walks = 0;
	struct dice d;

	(void)state;
	for (uint64_t i = 0; i < PREFIXES; i++) {
		int prefix;

		dice_init(&d, seed + i);
		prefix = (int)dice_below(&d, 150);
		path.n_path = 0;
		do {
			walk_path(&k, seed + i, prefix, &path);
			walks++;
			if (k.w.violation[0] != '\0')
				fail_msg("KAFKA2S3_SEED=%" PRIu64 ", %d steps and path %d %d %d %d: %s", seed + i,
					 prefix, k.w.path[0], k.w.path[1], k.w.path[2], k.w.path[3], k.w.violation);
			memcpy(path.path, k.w.path, sizeof(path.path));
			memcpy(path.radix, k.w.radix, sizeof(path.radix));
			path.n_path = k.w.n_path;
		} while (next_path(&path));
	}
	print_message("# %" PRId64 " continuations\n", walks);
	assert_true(walks > 500 * PREFIXES);
}

/* ---- mutants */

static void assert_caught(enum mutant m)
{
	static struct walk k;
	uint64_t seed = dice_seed(1000), i = 0;

	while (i < MUTANT_WALKS && walk_randomly(&k, seed + i, m))
		i++;
	if (i == MUTANT_WALKS)
		fail_msg("mutant %d is not caught in %d walks from seed %" PRIu64, (int)m, MUTANT_WALKS, seed);
	print_message("# mutant %d: walk %" PRIu64 ", step %" PRId64 ": %s\n", (int)m, i + 1, k.w.counts.steps,
		      k.w.violation);
}

#define MUTANT_TEST(name, mutant)      \
	static void name(void **state) \
	{                              \
		(void)state;           \
		assert_caught(mutant); \
	}

MUTANT_TEST(test_publish_unacked, PUBLISH_UNACKED)
MUTANT_TEST(test_commit_ahead, COMMIT_AHEAD)
MUTANT_TEST(test_forget_plan, FORGET_PLAN)
MUTANT_TEST(test_new_id, NEW_ID)
MUTANT_TEST(test_old_epoch_commit, OLD_EPOCH_COMMIT)
MUTANT_TEST(test_two_outstanding, TWO_OUTSTANDING)
MUTANT_TEST(test_forget_unknown, FORGET_UNKNOWN)
MUTANT_TEST(test_no_lease, NO_LEASE)
MUTANT_TEST(test_stray_records, STRAY_RECORDS)
MUTANT_TEST(test_grow_unknown, GROW_UNKNOWN)
MUTANT_TEST(test_park_revoked, PARK_REVOKED)
MUTANT_TEST(test_commit_given_away, COMMIT_GIVEN_AWAY)
MUTANT_TEST(test_pass_is_all, PASS_IS_ALL)
MUTANT_TEST(test_no_fence, NO_FENCE)
MUTANT_TEST(test_no_stall, NO_STALL)
MUTANT_TEST(test_tell_unregistered, TELL_UNREGISTERED)
MUTANT_TEST(test_error_is_no_offset, ERROR_IS_NO_OFFSET)
MUTANT_TEST(test_other_routing, OTHER_ROUTING)
MUTANT_TEST(test_dead_is_done, DEAD_IS_DONE)
MUTANT_TEST(test_forget_before, FORGET_BEFORE)
MUTANT_TEST(test_read_while_out, READ_WHILE_OUT)
MUTANT_TEST(test_forget_taken_out, FORGET_TAKEN_OUT)
MUTANT_TEST(test_no_end_marker, NO_END_MARKER)
MUTANT_TEST(test_key_without_hour, KEY_WITHOUT_HOUR)
MUTANT_TEST(test_leave_out_named, LEAVE_OUT_NAMED)
MUTANT_TEST(test_stop_early, STOP_EARLY)
MUTANT_TEST(test_past_stop, PAST_STOP)
MUTANT_TEST(test_no_stop_marker, NO_STOP_MARKER)
MUTANT_TEST(test_move_stop, MOVE_STOP)
MUTANT_TEST(test_done_when_read, DONE_WHEN_READ)
MUTANT_TEST(test_count_anew, COUNT_ANEW)
MUTANT_TEST(test_count_passes, COUNT_PASSES)

int main(void)
{
	const struct CMUnitTest model[] = {
		cmocka_unit_test(test_random_walks),
		cmocka_unit_test(test_all_continuations),
	};
	const struct CMUnitTest mutants[] = {
		cmocka_unit_test(test_publish_unacked),    cmocka_unit_test(test_commit_ahead),
		cmocka_unit_test(test_forget_plan),        cmocka_unit_test(test_new_id),
		cmocka_unit_test(test_old_epoch_commit),   cmocka_unit_test(test_two_outstanding),
		cmocka_unit_test(test_forget_unknown),     cmocka_unit_test(test_no_lease),
		cmocka_unit_test(test_stray_records),      cmocka_unit_test(test_grow_unknown),
		cmocka_unit_test(test_park_revoked),       cmocka_unit_test(test_commit_given_away),
		cmocka_unit_test(test_pass_is_all),        cmocka_unit_test(test_no_fence),
		cmocka_unit_test(test_no_stall),           cmocka_unit_test(test_leave_out_named),
		cmocka_unit_test(test_error_is_no_offset), cmocka_unit_test(test_other_routing),
		cmocka_unit_test(test_dead_is_done),       cmocka_unit_test(test_forget_before),
		cmocka_unit_test(test_stop_early),         cmocka_unit_test(test_past_stop),
		cmocka_unit_test(test_no_stop_marker),     cmocka_unit_test(test_move_stop),
		cmocka_unit_test(test_done_when_read),     cmocka_unit_test(test_count_anew),
		cmocka_unit_test(test_count_passes),       cmocka_unit_test(test_tell_unregistered),
		cmocka_unit_test(test_read_while_out),     cmocka_unit_test(test_forget_taken_out),
		cmocka_unit_test(test_no_end_marker),      cmocka_unit_test(test_key_without_hour),
	};
	int failed = cmocka_run_group_tests(model, quiet, NULL);

	return WITH_MUTANTS ? failed + cmocka_run_group_tests(mutants, quiet, NULL) : failed;
}
