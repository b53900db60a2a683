/* SPDX-License-Identifier: Apache-2.0 */
/* The commit request: built from what the partitions want, sent by the client, its answer taken apart. When it may be
 * sent is decided here and in committer.c; what it says is delivery.c's. */
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "kafka/session.h"

#define PACE_MS 1000
#define HOLD_AT_MOST_MS 30000
#define TELL_EVERY_MS 60000

/* librdkafka reports one bad partition as the failure of all: these belong to one (protocol.md H3). */
static bool is_suspect(rd_kafka_resp_err_t err)
{
	return err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
	       err == RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE ||
	       err == RD_KAFKA_RESP_ERR_INVALID_COMMIT_OFFSET_SIZE;
}

static bool is_fenced(rd_kafka_resp_err_t err)
{
	return err == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID || err == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION ||
	       err == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
}

/* An error that a partition still shows although the request succeeded may be one of an earlier attempt (2.8.0). */
static rd_kafka_resp_err_t worst_error(rd_kafka_event_t *event)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
	rd_kafka_resp_err_t err = rd_kafka_event_error(event);

	for (int i = 0; list != NULL && i < list->cnt && err == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
		if (list->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)
			err = RD_KAFKA_RESP_ERR__FAIL;
	}
	return err;
}

void commit_event(struct consumer *c, rd_kafka_event_t *event)
{
	rd_kafka_resp_err_t err = worst_error(event);

	if (c->committer.state != COMMITTER_IN_FLIGHT)
		return;
	c->answer_ready = true;
	if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
		c->answer = COMMIT_ACKED;
	else if (is_suspect(err))
		c->answer = COMMIT_SUSPECT;
	else if (is_fenced(err))
		c->answer = COMMIT_FENCED;
	else
		c->answer = COMMIT_AGAIN;
	snprintf(c->answer_text, sizeof(c->answer_text), "%s", rd_kafka_err2str(err));
	if (err == RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE)
		snprintf(c->answer_text, sizeof(c->answer_text), "%s", wait_reason_name(WAIT_TEXT_SIZE));
}

/* The broker must have kept the text, else nothing is exactly once: looked at once a session. */
static void read_back(struct consumer *c, const struct commit_entry *e)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	const rd_kafka_topic_partition_t *kept = rd_kafka_topic_partition_list_add(list, e->topic, e->partition_id);

	if (rd_kafka_committed(c->rk, list, session_left_ms(c)) == RD_KAFKA_RESP_ERR_NO_ERROR &&
	    kept->err == RD_KAFKA_RESP_ERR_NO_ERROR)
		c->texts = kept->metadata_size == strlen(e->text) &&
					   memcmp(kept->metadata, e->text, kept->metadata_size) == 0
				   ? TEXTS_KEPT
				   : TEXTS_LOST;
	if (c->texts == TEXTS_LOST)
		log_event(MESSAGE_AT_LEAST_ONCE, NULL, 0,
			  "the broker does not keep the text of a commit: from here on records are landed at least "
			  "once, not exactly once");
	rd_kafka_topic_partition_list_destroy(list);
}

static void acknowledged(struct consumer *c, int64_t now_boot_ms)
{
	const struct commit_entry *e;
	bool asked = false, moved;
	unsigned duties;

	while ((e = committer_next_acked(&c->committer)) != NULL) {
		struct partition *p = e->partition;

		if (!lifecycle_hears(&p->life, e->epoch))
			continue;
		if (c->texts == TEXTS_UNPROVED && !asked && e->sent.n > 0) {
			asked = true;
			read_back(c, e);
		}
		duties = lifecycle_acked(&p->life, &e->sent, c->committer.sent_boot_ms, &moved);
		if (moved)
			c->progress_boot_ms = now_boot_ms;
		p->committed = e->sent.start;
		session_do(c, p, duties);
		if (p->life.state == PARTITION_PARKED) /* its start is committed: it goes on from there at once */
			p->resume_boot_ms = now_boot_ms;
		session_next_pass(c, p, now_boot_ms);
	}
}

/* The group does not know us any more: nothing of any epoch counts, whether the client tells so or not (H20). */
static void fenced(struct consumer *c, int64_t now_boot_ms)
{
	log_event(MESSAGE_FENCED, NULL, 0,
		  "the group has moved on without this daemon (%s): its partitions are read again from their committed "
		  "offsets",
		  c->answer_text);
	for (struct partition *p = partition_first(c->partitions); p != NULL; p = p->next) {
		committer_forget(&c->committer, p);
		if (p->life.state == PARTITION_REVOKING)
			session_do(c, p, lifecycle_lost(&p->life));
		else if (lifecycle_is_at_work(&p->life))
			session_park(c, p, WAIT_OFFSETS, c->answer_text, now_boot_ms);
	}
}

static void blame(struct consumer *c, struct partition *p, int64_t now_boot_ms)
{
	bool size = strcmp(c->answer_text, wait_reason_name(WAIT_TEXT_SIZE)) == 0;

	if (size && delivery_halve(&p->life.delivery))
		return;
	session_park(c, p, size ? WAIT_TEXT_SIZE : WAIT_BROKER, c->answer_text, now_boot_ms);
}

static void tell_unacknowledged(struct consumer *c, int64_t now_boot_ms)
{
	if (c->unacked_since_boot_ms == 0)
		c->unacked_since_boot_ms = now_boot_ms;
	if (c->unacked_told_boot_ms != 0 && now_boot_ms < c->unacked_told_boot_ms + TELL_EVERY_MS)
		return;
	c->unacked_told_boot_ms = now_boot_ms;
	log_event(MESSAGE_COMMIT_REPEATED, NULL, 0, "a commit was not acknowledged (%s): it is sent again",
		  c->answer_text);
}

void commit_serve_answer(struct consumer *c, int64_t now_boot_ms)
{
	struct partition *culprit;

	if (!c->answer_ready)
		return;
	c->answer_ready = false;
	c->commits++;
	c->commits_failed += c->answer != COMMIT_ACKED;
	culprit = committer_answer(&c->committer, c->answer, now_boot_ms);
	if (c->answer != COMMIT_AGAIN)
		c->unacked_since_boot_ms = 0;
	if (c->answer == COMMIT_ACKED)
		acknowledged(c, now_boot_ms);
	else if (c->answer == COMMIT_FENCED)
		fenced(c, now_boot_ms);
	else if (culprit != NULL)
		blame(c, culprit, now_boot_ms);
	else
		tell_unacknowledged(c, now_boot_ms);
}

static void fill(struct consumer *c, int64_t now_boot_ms)
{
	struct intent_text sent;
	char text[INTENT_TEXT_MAX];

	for (struct partition *p = partition_first(c->partitions); p != NULL; p = p->next) {
		if (!lifecycle_wants_commit(&p->life, now_boot_ms))
			continue;
		delivery_compose(&p->life.delivery, &sent, text);
		committer_add(&c->committer, p, p->life.epoch, p->topic, p->id, &sent, text);
	}
}

static void send_request(struct consumer *c, size_t first, size_t n, int64_t now_boot_ms)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)n);
	rd_kafka_resp_err_t err;

	for (size_t i = first; i < first + n; i++) {
		const struct commit_entry *e = &c->committer.entries[i];
		rd_kafka_topic_partition_t *to = rd_kafka_topic_partition_list_add(list, e->topic, e->partition_id);

		to->offset = e->sent.start;
		to->metadata = mem_strdup(e->text);
		to->metadata_size = strlen(e->text);
	}
	committer_sent(&c->committer, now_boot_ms);
	err = rd_kafka_commit_queue(c->rk, list, c->group_queue, NULL, NULL);
	rd_kafka_topic_partition_list_destroy(list);
	if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	c->answer_ready = true;
	c->answer = COMMIT_AGAIN;
	snprintf(c->answer_text, sizeof(c->answer_text), "%s", rd_kafka_err2str(err));
}

/* Commits during a rebalance make librdkafka before 2.10 declare everything lost (H5); missing statistics must not hold
 * them for ever. What finishes a revocation or a shutdown is neither held nor paced. */
bool commit_is_held(const struct consumer *c, int64_t now_boot_ms)
{
	if (c->revoking || c->stopping)
		return false;
	if (now_boot_ms < c->hold_until_boot_ms)
		return true;
	return c->unsteady_since_boot_ms != 0 && now_boot_ms < c->unsteady_since_boot_ms + HOLD_AT_MOST_MS;
}

void commit_if_due(struct consumer *c, int64_t now_boot_ms)
{
	bool urgent = c->revoking || c->stopping;
	size_t first, n;

	if (commit_is_held(c, now_boot_ms))
		return;
	if (c->committer.state == COMMITTER_IDLE && (urgent || now_boot_ms >= c->committer.last_boot_ms + PACE_MS))
		fill(c, now_boot_ms);
	n = committer_due(&c->committer, now_boot_ms, &first);
	if (n > 0)
		send_request(c, first, n, now_boot_ms);
}
