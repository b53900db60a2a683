/* SPDX-License-Identifier: Apache-2.0 */
/* A new generation of settings: this thread's, and by command the uploaders'. Partitions that wait are tried again, for
 * it may be what they wait for. Only kafka.topics reaches the group: what was taken out is sealed, published and
 * committed first, each partition like a revoked one but for the time it has; then the client is told.
 *
 * The client answers a new subscription with a revoke of what it lost, now or when it has asked for the cluster's
 * topics, and takes any local change for the answer to it, seen or not (protocol.md H6). So it is told only while no
 * revoke is open, the queue has been served and nothing local was changed since; the queue is served again before
 * anything else is done; and for a revoke that comes later rebalance.c's rule for local changes holds. It loses nothing
 * then, since what it names is finished. Thread: consumer. */
#include <string.h>

#include "kafka/handle.h"
#include "kafka/session.h"
#include "settings/match.h"
#include "settings/value.h"

#define TAKE_OUT_LIMIT_MS 300000
#define AGAIN_MS 10000
#define FAILURES_MAX 4

static void tell_uploaders(struct consumer *c)
{
	for (int i = 0; i < c->n_lanes; i++)
		mailbox_post(c->lanes[i].lane.commands,
			     &(struct message){ .kind = COMMAND_SETTINGS, .settings = settings_hold(c->settings) });
}

static void renew(struct consumer *c, struct partition *p, int64_t now_boot_ms)
{
	p->settings = settings_for_topic(c->settings, p->topic);
	lifecycle_named(&p->life, match_topic(&c->settings->kafka_topics, p->topic));
	if (p->life.state == PARTITION_PARKED)
		p->resume_boot_ms = now_boot_ms;
}

void reload_serve(struct consumer *c, int64_t now_boot_ms)
{
	const struct settings *fresh = atomic_exchange(&c->fresh, NULL);

	if (fresh == NULL)
		return;
	if (!value_lists_same(&c->settings->kafka_topics, &fresh->kafka_topics)) {
		c->resubscribe = c->rk != NULL; /* the next client begins with them */
		c->resubscribe_by_boot_ms = now_boot_ms + TAKE_OUT_LIMIT_MS;
	}
	settings_free(c->settings);
	c->settings = fresh;
	c->isolation_level = handle_isolation_level(fresh);
	tell_uploaders(c);
	for (struct partition *p = partition_first(c->partitions); p != NULL; p = p->next) {
		if (p->lane != NULL)
			renew(c, p, now_boot_ms);
	}
}

/* It waits for a person, who may have taken the topic out for that, fails again and again, or was never read here. */
static bool is_not_waited_for(const struct partition *p)
{
	switch (p->wait) {
	case WAIT_START:
	case WAIT_S3:
	case WAIT_TEXT:
	case WAIT_TABLE:
	case WAIT_DEAD_LETTERS:
	case WAIT_TEXT_SIZE:
	case WAIT_CATALOG:
		return true;
	default:
		return !p->has_table || p->failures > FAILURES_MAX;
	}
}

/* A topic that was named again meanwhile is read again. */
static void finish(struct consumer *c, struct partition *p, int64_t now_boot_ms)
{
	p->resume_boot_ms = now_boot_ms;
	session_do(c, p, lifecycle_let_go(&p->life));
}

static void leave_behind(struct consumer *c, struct partition *p, int64_t now_boot_ms)
{
	partition_event(MESSAGE_LEFT_BEHIND, p, NULL, 0,
			"its topic is taken out, and what is not committed of it stays so: it goes on there when "
			"kafka.topics names it again");
	finish(c, p, now_boot_ms);
}

/* One step on the way out. What its text names is recovered before. */
static void end_partition(struct consumer *c, struct partition *p, int64_t now_boot_ms)
{
	if (p->life.state == PARTITION_ENDING && lifecycle_is_finished(&p->life))
		finish(c, p, now_boot_ms);
	else if (p->life.taken_out && p->life.state == PARTITION_PARKED && is_not_waited_for(p))
		leave_behind(c, p, now_boot_ms);
	else
		session_do(c, p, lifecycle_finish(&p->life));
}

/* How many are left. */
static int end_taken_out(struct consumer *c, int64_t now_boot_ms)
{
	int left = 0;

	for (struct partition *p = partition_first(c->partitions); p != NULL; p = p->next) {
		end_partition(c, p, now_boot_ms);
		if (lifecycle_is_leaving(&p->life) && now_boot_ms >= c->resubscribe_by_boot_ms)
			leave_behind(c, p, now_boot_ms);
		left += lifecycle_is_leaving(&p->life);
	}
	return left;
}

bool reload_subscribe(struct consumer *c, int64_t now_boot_ms)
{
	struct error e;

	if (!c->resubscribe || c->stopping || c->fatal || end_taken_out(c, now_boot_ms) > 0)
		return false;
	if (c->revoking || c->drain || c->committer.state != COMMITTER_IDLE || commit_is_held(c, now_boot_ms) ||
	    now_boot_ms < c->subscribe_boot_ms)
		return false;
	if (handle_subscribe(c->rk, c->settings, &e) < 0) {
		log_error("%s: the old topics stay subscribed, tried again in %d ms", e.text, AGAIN_MS);
		c->subscribe_boot_ms = now_boot_ms + AGAIN_MS;
		return false;
	}
	log_info("the topics of kafka.topics are subscribed to anew");
	c->resubscribe = false;
	c->hold_until_boot_ms = now_boot_ms + 2 * c->heartbeat_ms;
	return true;
}
