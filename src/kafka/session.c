/* SPDX-License-Identifier: Apache-2.0 */
/* One session of the client: its handle and queues. A client that cannot go on, as that of a static member whose place
 * another daemon has taken, is ended, and the next one is due after a back-off: nothing of the old one counts any more,
 * and all that it had is recovered from what is committed. Thread: consumer. */
#include "kafka/session.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "kafka/handle.h"

/* Before this version the client aborts when a handle that joined its group and was never assigned anything is
 * destroyed (its issue 4312): the end of the process frees that one. */
#define DESTROYS_UNASSIGNED 0x020300ff
/* One that has lasted so long was a good one. */
#define GOOD_MS 600000

int session_open(struct consumer *c, struct error *e)
{
	static const uint64_t one = 1;

	c->client_since_boot_ms = clock_boot_ms();
	c->rk = handle_open(c->settings, c->rack, c->credentials, e);
	if (c->rk == NULL)
		return -1;
	rd_kafka_poll_set_consumer(c->rk);
	c->group_queue = rd_kafka_queue_get_consumer(c->rk);
	c->record_queue = rd_kafka_queue_new(c->rk);
	rd_kafka_queue_io_event_enable(c->group_queue, c->wake_fd, &one, sizeof(one));
	rd_kafka_queue_io_event_enable(c->record_queue, c->wake_fd, &one, sizeof(one));
	return handle_subscribe(c->rk, c->settings, e);
}

/* A client that lives on has nobody to wake any more. */
static void close_queue(rd_kafka_queue_t *q)
{
	if (q == NULL)
		return;
	rd_kafka_queue_io_event_enable(q, -1, NULL, 0);
	rd_kafka_queue_destroy(q);
}

bool session_close(struct consumer *c)
{
	bool can = c->rk == NULL || c->was_assigned || rd_kafka_version() >= DESTROYS_UNASSIGNED;

	close_queue(c->group_queue);
	close_queue(c->record_queue);
	if (can && c->rk != NULL)
		handle_close(c->rk);
	else if (!can)
		handle_leave();
	c->group_queue = c->record_queue = NULL;
	c->rk = NULL;
	return can;
}

/* Of the group, of requests and of the local assignment nothing is true any more. */
static void forget(struct consumer *c)
{
	committer_free(&c->committer);
	c->fatal = c->leaving = c->drain = c->resubscribe = c->revoking = c->answer_ready = c->was_assigned = c->took =
		c->astray = false;
	c->hold_until_boot_ms = c->unsteady_since_boot_ms = c->unacked_since_boot_ms = 0;
	c->texts = TEXTS_UNPROVED;
	c->cached = NULL;
	c->cached_topic = NULL;
	free(c->cluster);
	c->cluster = NULL;
	for (struct partition *p = partition_first(c->partitions); p != NULL; p = p->next)
		p->local = false;
}

static void tell(const struct consumer *c, int64_t wait_ms)
{
	const char *instance = handle_option(c->settings, "group.instance.id");
	char why[256] = "";
	bool fenced = rd_kafka_fatal_error(c->rk, why, sizeof(why)) == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;

	if (fenced)
		log_event(MESSAGE_INSTANCE_SHARED, NULL, 0,
			  "kafka: two daemons share the group.instance.id \"%s\", and the other one has the place now: "
			  "give each its own; this one tries again in %" PRId64 " ms",
			  instance != NULL ? instance : "", wait_ms);
	else
		log_event(MESSAGE_CLIENT_REPLACED, NULL, 0,
			  "kafka: the client cannot go on%s%s: a new one is made in %" PRId64 " ms",
			  why[0] != '\0' ? ": " : "", why, wait_ms);
}

void session_fail(struct consumer *c, int64_t now_boot_ms)
{
	int64_t wait_ms;

	if (now_boot_ms >= c->client_since_boot_ms + GOOD_MS)
		c->client_failures = 0;
	wait_ms = session_backoff_ms(++c->client_failures);
	tell(c, wait_ms);
	c->client_due_boot_ms = now_boot_ms + wait_ms;
	c->broken = !session_close(c);
	if (c->broken)
		log_event(
			MESSAGE_CLIENT_FAILED, NULL, 0,
			"kafka: this version of the client cannot be ended before it was assigned anything: start the "
			"daemon again");
	forget(c);
}
