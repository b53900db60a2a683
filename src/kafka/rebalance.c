/* SPDX-License-Identifier: Apache-2.0 */
/* The group's rebalances, and the client's local assignment, which is ours to change at any time.
 *
 * An assign event only parks the partitions (resume.c reads them); a revoke event seals, and is answered when what was
 * sealed is finished or its time is up. Four rules keep this safe with librdkafka 2.0.2 to 2.8.0 (protocol.md H6):
 *  - while a revoke is unanswered in the queue, any local change counts as its answer: so the queue is drained after
 * each change, and a revoke found then is treated as lost;
 *  - an answer names only partitions that are local, and is sent even when it names none;
 *  - before each event the client pauses all partitions by itself, and batches that it was handing out lose
 *    records there (its changelog, #4208; with end-of-partition events until 2.13.2 too): so each event assigns every
 *    partition that stays anew, at the offset behind the last record that was put into a ring;
 *  - stopping a partition clears the forwarding of its queue: it is forwarded before it is assigned, so that no record
 * goes astray, and again behind a round trip to the client's thread, when the stop has been served. */
#include <string.h>

#include "kafka/session.h"
#include "settings/match.h"

/* Of the session time-out: what finishing a revocation may take. */
#define REVOKE_SHARE 3

static bool is_eager(const struct consumer *c)
{
	const char *protocol = rd_kafka_rebalance_protocol(c->rk);

	return protocol != NULL && strcmp(protocol, "EAGER") == 0;
}

/* A local change that fails means that our picture of the local assignment is wrong, or that the client cannot go on:
 * nothing may be read under it, and the next client recovers from what is committed. While the group is being left, the
 * client turns assigns into their opposite. */
static void must_change(struct consumer *c, const char *what, rd_kafka_error_t *error)
{
	if (error == NULL)
		return;
	if (!c->leaving && rd_kafka_fatal_error(c->rk, NULL, 0) == RD_KAFKA_RESP_ERR_NO_ERROR)
		log_error("kafka: %s: %s", what, rd_kafka_error_string(error));
	c->fatal |= !c->leaving;
	rd_kafka_error_destroy(error);
}

static void assign_eagerly(struct consumer *c, const rd_kafka_topic_partition_list_t *list)
{
	rd_kafka_resp_err_t err = rd_kafka_assign(c->rk, list);

	if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
		must_change(c, "assigning partitions", rd_kafka_error_new(err, "%s", rd_kafka_err2str(err)));
}

static void forward(struct consumer *c, const rd_kafka_topic_partition_list_t *list)
{
	for (int i = 0; i < list->cnt; i++) {
		rd_kafka_queue_t *q =
			rd_kafka_queue_get_partition(c->rk, list->elems[i].topic, list->elems[i].partition);

		if (q == NULL)
			continue;
		rd_kafka_queue_forward(q, c->record_queue);
		rd_kafka_queue_destroy(q);
	}
}

/* One round trip to the client's thread: what it was told before has been served. */
static void round_trip(struct consumer *c)
{
	rd_kafka_topic_partition_list_t *list = NULL;

	if (rd_kafka_assignment(c->rk, &list) == RD_KAFKA_RESP_ERR_NO_ERROR)
		rd_kafka_topic_partition_list_destroy(list);
}

/* The client tells the end of the log anew. */
static void add_at_next(rd_kafka_topic_partition_list_t *list, struct partition *p)
{
	p->end_seen = -1;
	p->astray = false;
	rd_kafka_topic_partition_list_add(list, p->topic, p->id)->offset = p->next_offset;
}

/* Partitions that are being read and stay so: all, or those that went astray. */
static rd_kafka_topic_partition_list_t *staying(struct consumer *c, bool astray)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);

	for (struct partition *p = partition_first(c->partitions); p != NULL; p = p->next) {
		if (p->local && p->life.state == PARTITION_ACTIVE && (p->astray || !astray))
			add_at_next(list, p);
	}
	return list;
}

static void assign_list(struct consumer *c, rd_kafka_topic_partition_list_t *list)
{
	forward(c, list);
	if (is_eager(c))
		assign_eagerly(c, list);
	else
		must_change(c, "assigning partitions", rd_kafka_incremental_assign(c->rk, list));
	c->drain = true;
	/* When a group that is being left has its answer it can end at once, and what is asked of it then is never
	 * answered. */
	if (c->leaving)
		return;
	round_trip(c);
	forward(c, list);
}

/* Take what is gone, and what stays, out of the client's local assignment. */
static void unassign_all_local(struct consumer *c, bool answers_revoke)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);

	for (struct partition *p = partition_first(c->partitions); p != NULL; p = p->next) {
		if (!p->local)
			continue;
		rd_kafka_topic_partition_list_add(list, p->topic, p->id);
		if (p->life.state != PARTITION_ACTIVE)
			p->local = false;
	}
	if (list->cnt > 0 || answers_revoke)
		must_change(c, "giving partitions back", rd_kafka_incremental_unassign(c->rk, list));
	rd_kafka_topic_partition_list_destroy(list);
	c->drain = true;
}

static void answer_cooperative(struct consumer *c, bool assign_event)
{
	rd_kafka_topic_partition_list_t *stay = staying(c, false);

	unassign_all_local(c, !assign_event);
	if (assign_event || stay->cnt > 0)
		assign_list(c, stay);
	rd_kafka_topic_partition_list_destroy(stay);
}

/* Eager revokes name everything, so nothing stays. */
static void answer_eager(struct consumer *c, bool assign_event)
{
	rd_kafka_topic_partition_list_t *none = rd_kafka_topic_partition_list_new(0);

	for (struct partition *p = partition_first(c->partitions); p != NULL; p = p->next)
		p->local = false;
	assign_eagerly(c, assign_event ? none : NULL);
	rd_kafka_topic_partition_list_destroy(none);
	c->drain = true;
}

static void answer(struct consumer *c, bool assign_event)
{
	c->cached = NULL;
	c->cached_topic = NULL;
	if (is_eager(c))
		answer_eager(c, assign_event);
	else
		answer_cooperative(c, assign_event);
}

static void take_over(struct consumer *c, const rd_kafka_topic_partition_list_t *list, int64_t now_boot_ms)
{
	for (int i = 0; i < list->cnt; i++) {
		struct partition *p = partition_get(c->partitions, list->elems[i].topic, list->elems[i].partition);

		if (p->lane == NULL) {
			p->settings = settings_for_topic(c->settings, p->topic);
			lifecycle_named(&p->life, match_topic(&c->settings->kafka_topics, p->topic));
			p->lane = &c->lanes[((size_t)p->id + strlen(p->topic)) % (size_t)c->n_lanes];
		}
		session_do(c, p, lifecycle_given(&p->life));
		p->resume_boot_ms = now_boot_ms;
		p->failures = 0;
		p->check_log = false;
	}
	log_event(MESSAGE_ASSIGNED, LOG_FIELDS(LOG_NUMBER("PARTITIONS", list->cnt)),
		  "the group gave %d partition%s to this daemon", list->cnt, list->cnt == 1 ? "" : "s");
}

/* The group has gone on without our answer to a revoke: what was being finished is not ours to commit any more. */
static void end_revocation(struct consumer *c)
{
	c->revoking = false;
	for (struct partition *p = partition_first(c->partitions); p != NULL; p = p->next) {
		if (p->life.state == PARTITION_REVOKING)
			session_do(c, p, lifecycle_lost(&p->life));
	}
}

/* What comes while the group is being left is not ours: the next client would take it for its own. A client that learns
 * of other topics while a revoke is open joins again without waiting for the answer (its metadata_update_check). */
static void on_assign(struct consumer *c, const rd_kafka_topic_partition_list_t *list, int64_t now_boot_ms)
{
	c->was_assigned = true;
	end_revocation(c);
	if (!c->leaving)
		take_over(c, list, now_boot_ms);
	answer(c, true);
}

static void on_lost(struct consumer *c, const rd_kafka_topic_partition_list_t *list)
{
	log_event(MESSAGE_LOST, LOG_FIELDS(LOG_NUMBER("PARTITIONS", list->cnt)),
		  "%d partition%s lost: what was not committed is read again by their next owner", list->cnt,
		  list->cnt == 1 ? "" : "s");
	for (int i = 0; i < list->cnt; i++) {
		struct partition *p = partition_get(c->partitions, list->elems[i].topic, list->elems[i].partition);

		session_do(c, p, lifecycle_lost(&p->life));
	}
	end_revocation(c);
	answer(c, false);
}

static void on_revoke(struct consumer *c, const rd_kafka_topic_partition_list_t *list, int64_t now_boot_ms)
{
	log_event(MESSAGE_REVOKED, LOG_FIELDS(LOG_NUMBER("PARTITIONS", list->cnt)),
		  "the group takes %d partition%s back", list->cnt, list->cnt == 1 ? "" : "s");
	for (int i = 0; i < list->cnt; i++) {
		struct partition *p = partition_get(c->partitions, list->elems[i].topic, list->elems[i].partition);

		session_do(c, p, lifecycle_revoked(&p->life));
	}
	c->revoking = true;
	c->revoke_deadline_boot_ms = now_boot_ms + c->session_ms / REVOKE_SHARE;
	rebalance_progress(c, now_boot_ms);
}

void rebalance_event(struct consumer *c, rd_kafka_event_t *event, int64_t now_boot_ms)
{
	const rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
	rd_kafka_resp_err_t err = rd_kafka_event_error(event);

	c->rebalances++;
	c->hold_until_boot_ms = now_boot_ms + 2 * c->heartbeat_ms;
	if (err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
		on_assign(c, list, now_boot_ms);
	else if (err == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS && !c->drain && !rd_kafka_assignment_lost(c->rk))
		on_revoke(c, list, now_boot_ms);
	else
		on_lost(c, list);
}

void rebalance_progress(struct consumer *c, int64_t now_boot_ms)
{
	bool late = now_boot_ms >= c->revoke_deadline_boot_ms;
	bool lost = c->revoking && rd_kafka_assignment_lost(c->rk);
	int left = 0;

	if (!c->revoking)
		return;
	for (struct partition *p = partition_first(c->partitions); p != NULL; p = p->next) {
		if (p->life.state != PARTITION_REVOKING)
			continue;
		if (late || lost || lifecycle_is_finished(&p->life))
			session_do(c, p, lifecycle_lost(&p->life));
		else
			left++;
	}
	if (left > 0)
		return;
	c->revoking = false;
	answer(c, false);
}

bool rebalance_read(struct consumer *c, struct partition **partitions, int n)
{
	rd_kafka_topic_partition_list_t *list;

	if (c->revoking || rd_kafka_assignment_lost(c->rk))
		return false;
	list = is_eager(c) ? staying(c, false) : rd_kafka_topic_partition_list_new(n);
	for (int i = 0; i < n; i++) {
		add_at_next(list, partitions[i]);
		partitions[i]->local = true;
	}
	assign_list(c, list);
	rd_kafka_topic_partition_list_destroy(list);
	return true;
}

bool rebalance_read_astray(struct consumer *c)
{
	rd_kafka_topic_partition_list_t *list;
	bool any;

	if (!c->astray || c->revoking || rd_kafka_assignment_lost(c->rk))
		return false;
	c->astray = false;
	c->cached = NULL;
	c->cached_topic = NULL;
	list = staying(c, !is_eager(c));
	any = list->cnt > 0;
	if (any && !is_eager(c))
		must_change(c, "reading partitions again", rd_kafka_incremental_unassign(c->rk, list));
	if (any)
		assign_list(c, list);
	rd_kafka_topic_partition_list_destroy(list);
	return any;
}

void rebalance_stop_reading(struct consumer *c, struct partition *p)
{
	rd_kafka_topic_partition_list_t *list;

	if (!p->local)
		return;
	/* It stays local: the answer to the event that is on its way takes it out, and a change now would be that
	 * answer. */
	if (c->revoking || rd_kafka_assignment_lost(c->rk))
		return;
	p->local = false;
	c->cached = NULL;
	c->cached_topic = NULL;
	if (is_eager(c)) {
		list = staying(c, false);
		assign_list(c, list);
	} else {
		list = rd_kafka_topic_partition_list_new(1);
		rd_kafka_topic_partition_list_add(list, p->topic, p->id);
		must_change(c, "parking a partition", rd_kafka_incremental_unassign(c->rk, list));
	}
	rd_kafka_topic_partition_list_destroy(list);
	c->drain = true;
}
