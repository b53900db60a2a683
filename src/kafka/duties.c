/* SPDX-License-Identifier: Apache-2.0 */
/* What a change of a partition's life asks of the committer, the uploader and the client, carried out in the order of
 * the duties' bits. Thread: consumer. */
#include <assert.h>
#include <string.h>

#include "kafka/session.h"

static void say_farewell(struct lane_state *l, struct assignment *a)
{
	a->next_farewell = l->farewells;
	l->farewells = a;
}

/* Nothing of its epoch counts any more, here or in the uploader, which frees it when it has taken the last record. */
static void drop(struct partition *p)
{
	struct assignment *a = p->assignment;

	assert(a != NULL);
	p->assignment = NULL;
	atomic_store(&a->dropped, true);
	mailbox_post(p->lane->lane.commands, &(struct message){ .kind = COMMAND_DROP, .assignment = a });
	say_farewell(p->lane, a);
}

/* Hand out what may be published. */
static void publish(struct consumer *c, struct partition *p)
{
	const struct range_facts *f;
	int64_t acked_boot_ms;

	while ((f = delivery_next_publish(&p->life.delivery, &acked_boot_ms)) != NULL) {
		struct message m = { .kind = COMMAND_PUBLISH,
				     .assignment = p->assignment,
				     .not_after_boot_ms = acked_boot_ms + c->session_ms };

		memcpy(m.range_id, f->id, sizeof(m.range_id));
		mailbox_post(p->lane->lane.commands, &m);
	}
}

void session_do(struct consumer *c, struct partition *p, unsigned duties)
{
	/* What is not to be read waits for nothing. */
	if (p->life.state == PARTITION_AWAY || p->life.state == PARTITION_DONE)
		p->wait = WAIT_NOTHING;
	if (duties & DUTY_FORGET)
		committer_forget(&c->committer, p);
	if (duties & DUTY_DROP)
		drop(p);
	if (duties & DUTY_SEAL)
		mailbox_post(p->lane->lane.commands, &(struct message){ .kind = COMMAND_SEAL,
									.assignment = p->assignment,
									.reason = ROLL_REVOKED });
	if (duties & DUTY_STOP_READING)
		rebalance_stop_reading(c, p);
	if (duties & DUTY_PUBLISH)
		publish(c, p);
}
