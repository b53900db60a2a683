/* SPDX-License-Identifier: Apache-2.0 */
/* How the daemon stands, in one line: what it waits for comes before what it does. */
#include "daemon/state.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/wait.h"

static const struct board_uploader *stuck(const struct board_copy *b)
{
	for (int i = 0; i < b->n_uploaders; i++) {
		if (b->uploaders[i].stuck)
			return &b->uploaders[i];
	}
	return NULL;
}

/* What holds the start up, or has appeared since; false: nothing. */
static bool describe_wait(const struct board_copy *b, bool probed, const char *trouble, struct notify_state *out)
{
	const struct board_consumer *c = &b->consumer;
	const struct board_uploader *u = stuck(b);

	if (!c->joined)
		snprintf(out->status, sizeof(out->status),
			 "waits for Kafka: the group \"%s\" at \"%s\" has not answered%s%s", b->daemon.group,
			 b->daemon.brokers, c->trouble != 0 ? ": " : "", texts_get(&c->texts, c->trouble));
	else if (c->away_since_ms != 0)
		snprintf(out->status, sizeof(out->status), "waits for Kafka: no broker of \"%s\" can be reached%s%s",
			 b->daemon.brokers, c->trouble != 0 ? ": " : "", texts_get(&c->texts, c->trouble));
	else if (u != NULL)
		snprintf(out->status, sizeof(out->status), "waits for S3: %s", texts_get(&u->texts, u->trouble));
	else if (!probed)
		snprintf(out->status, sizeof(out->status), "waits for S3: %s",
			 trouble[0] != '\0' ? trouble : "a first upload is not answered yet");
	else
		return false;
	return true;
}

struct sums {
	int waiting;
	const struct board_partition *first; /* of those that wait */
	int64_t lag;
};

static struct sums add_up(const struct board_consumer *c)
{
	struct sums s = { 0 };

	for (size_t i = 0; i < c->n; i++) {
		const struct board_partition *p = &c->partitions[i];

		if (p->committed != BOARD_UNKNOWN && p->high > p->committed)
			s.lag += p->high - p->committed;
		if (p->wait == WAIT_NOTHING || p->trying)
			continue;
		s.first = s.waiting++ == 0 ? p : s.first;
	}
	return s;
}

static void describe_work(const struct board_copy *b, struct notify_state *out)
{
	const struct board_consumer *c = &b->consumer;
	const struct sums s = add_up(c);
	int len;

	if (c->assigned == 0) {
		snprintf(out->status, sizeof(out->status),
			 c->steady ? "stands by: the group \"%s\" has no partitions for this daemon"
				   : "waits for Kafka: the group \"%s\" is rebalancing",
			 b->daemon.group);
		return;
	}
	len = snprintf(out->status, sizeof(out->status), "lands %d partition%s, %" PRId64 " records behind",
		       c->assigned, c->assigned == 1 ? "" : "s", s.lag);
	if (s.first != NULL && len > 0 && (size_t)len < sizeof(out->status))
		snprintf(out->status + len, sizeof(out->status) - (size_t)len,
			 "; %d of them wait%s, topic \"%s\" partition %" PRId32 " for %s: %s", s.waiting,
			 s.waiting == 1 ? "s" : "", texts_get(&c->texts, s.first->topic), s.first->id,
			 wait_reason_name((enum wait_reason)s.first->wait), texts_get(&c->texts, s.first->wait_text));
}

void state_describe(const struct board_copy *b, bool probed, const char *trouble, struct notify_state *out)
{
	out->started = b->consumer.joined && probed;
	if (!describe_wait(b, probed, trouble, out))
		describe_work(b, out);
}
