/* SPDX-License-Identifier: Apache-2.0 */
/* The view as lines of the log: what SIGUSR1 asks for. */
#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "status/view.h"

static void log_consumer(const struct view *v)
{
	const struct board_consumer *c = &v->board.consumer;

	log_info("delivery: %s", view_delivery(v));
	if (!c->connected)
		log_info("the Kafka client could not go on: a new one is made in %" PRId64 " ms",
			 c->client_due_ms - v->now_ms);
	if (c->unacked_since_ms != 0)
		log_info("commits: not acknowledged for %" PRId64 " ms: %s", v->now_ms - c->unacked_since_ms,
			 texts_get(&c->texts, c->unacked_text));
}

/* ", waits for a person …: 403 AccessDenied", ", tries again after: 403 AccessDenied" */
static void describe_wait(const struct view_partition *p, char *out, size_t size)
{
	const struct board_partition *is = p->is;

	out[0] = '\0';
	if (is->wait != WAIT_NOTHING)
		snprintf(out, size, "%s%s%s%s", is->trying ? ", tries again after" : ", waits for ",
			 is->trying ? "" : wait_reason_name(is->wait), p->wait_text[0] != '\0' ? ": " : "",
			 p->wait_text);
	else if (is->open_transaction >= 0)
		snprintf(out, size, ", waits for an open transaction at offset %" PRId64, is->open_transaction);
}

static void log_partition(const struct view_partition *p)
{
	const struct board_partition *is = p->is;
	char wait[ERROR_TEXT_MAX + 160], lost[80] = "", chain[80] = "";

	describe_wait(p, wait, sizeof(wait));
	if (is->lost > 0)
		snprintf(lost, sizeof(lost), ", %" PRIu64 " records were lost to retention before they were landed",
			 is->lost);
	if (is->chain_begins != NULL)
		snprintf(chain, sizeof(chain), ", the chain began anew at offset %" PRId64 " (%s)", is->chain_begins_at,
			 is->chain_begins);
	log_plain(LOG_LEVEL_INFO, LOG_FIELDS(LOG_TEXT("TOPIC", p->topic), LOG_NUMBER("PARTITION", is->id)),
		  "topic \"%s\" partition %" PRId32 ": %s, committed up to %" PRId64 ", %" PRId32
		  " sealed range%s, next offset "
		  "%" PRId64 ", lag %" PRId64 ", %" PRIu64 " records and %" PRIu64 " ranges so far%s%s%s",
		  p->topic, is->id, is->state, is->committed, is->sealed, is->sealed == 1 ? "" : "s", is->next, p->lag,
		  is->taken, is->ranges, lost, chain, wait);
}

static void log_uploader(const struct board_uploader *u)
{
	const char *trouble = texts_get(&u->texts, u->trouble);

	log_info("uploader: %" PRId64 " of %" PRId64 " bytes held (%" PRId64 " open, %" PRId64
		 " moving), %d open objects, %" PRIu64 " seals for memory, %" PRIu64 " requests, %" PRIu64
		 " retries, %" PRIu64 " bytes sent; %s",
		 u->open_bytes + u->moving_bytes, u->share_bytes, u->open_bytes, u->moving_bytes, u->open_objects,
		 u->seals_for_memory, view_requests(&u->s3), u->s3.retries, u->s3.bytes_sent,
		 trouble[0] != '\0' ? trouble : "no trouble");
}

void view_log(const struct view *v)
{
	log_consumer(v);
	for (size_t i = 0; i < v->n; i++)
		log_partition(&v->partitions[i]);
	for (int i = 0; i < v->board.n_uploaders; i++)
		log_uploader(&v->board.uploaders[i]);
}
