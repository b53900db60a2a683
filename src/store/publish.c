/* SPDX-License-Identifier: Apache-2.0 */
/* A sealed range from the permission to publish to the event that says so: its objects are allowed, become durable one
 * by one, and have their partitions in Glue where these are registered. What is made of an object, and when, is
 * object.c's. */
#include "store/publish.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "store/range.h"

void writer_tell(struct writer *w, struct message *m)
{
	m->partition = w->assignment->partition;
	m->epoch = w->assignment->epoch;
	mailbox_post(w->events, m);
}

void writer_tell_trouble(struct writer *w, enum wait_reason wait, const struct error *e)
{
	if (w->failed)
		return;
	w->failed = true;
	writer_tell(w, &(struct message){ .kind = EVENT_TROUBLE, .wait = wait, .error = *e });
}

bool writer_has_partitions(const struct writer *w)
{
	return w->topic->partition_by != PARTITION_BY_NONE;
}

void writer_free_range(struct writer *w, struct range *r, int64_t now_boot_ms)
{
	while (r->objects != NULL) {
		struct object *o = r->objects;

		r->objects = o->next;
		object_drop(w->env, o, now_boot_ms);
	}
	object_metadata_release(r->metadata);
	free(r);
}

void writer_pop_published(struct writer *w, int64_t now_boot_ms)
{
	while (w->sealed != NULL && w->sealed->published) {
		struct range *r = w->sealed;

		w->sealed = r->next;
		w->n_sealed--;
		writer_free_range(w, r, now_boot_ms);
	}
}

bool range_is_whole(const struct range *r)
{
	return r->below_slot == INT64_MAX;
}

static void tell_range(struct writer *w, enum message_kind kind, const struct range *r)
{
	struct message m = { .kind = kind, .facts = r->facts, .compressed_bytes = range_bytes(r) };

	memcpy(m.range_id, r->facts.id, sizeof(m.range_id));
	writer_tell(w, &m);
}

void writer_finish_range(struct writer *w, struct range *r, int64_t now_boot_ms)
{
	r->published = true;
	if (r->objects != NULL)
		histogram_add(&w->env->freshness, &histogram_ages, range_age_s(w->env, r, now_boot_ms));
	if (range_is_whole(r))
		tell_range(w, EVENT_PUBLISHED, r);
	else
		writer_tell(w, &(struct message){ .kind = EVENT_PASSED,
						  .facts = r->made,
						  .from_slot = r->below_slot,
						  .compressed_bytes = range_bytes(r) });
	writer_pop_published(w, now_boot_ms);
}

void writer_publish(struct writer *w, const char *range_id, int64_t not_after_boot_ms, int64_t now_boot_ms)
{
	w->ours_until_boot_ms = not_after_boot_ms;
	for (struct range *r = w->sealed; r != NULL; r = r->next) {
		if (strcmp(r->facts.id, range_id) != 0)
			continue;
		r->stale_told = false;
		for (struct object *o = r->objects; o != NULL; o = o->next)
			object_allow(w->env, o, not_after_boot_ms, now_boot_ms);
	}
}

static void tell_object(const struct writer *w, const struct object *o)
{
	const struct assignment *a = w->assignment;
	const struct range *r = o->owner;

	log_event(MESSAGE_OBJECT_PUBLISHED,
		  LOG_FIELDS(LOG_TEXT("TOPIC", a->topic), LOG_NUMBER("PARTITION", a->partition_id),
			     LOG_TEXT("RANGE_ID", r->facts.id), LOG_TEXT("S3_KEY", o->key),
			     LOG_NUMBER("RECORDS", o->records), LOG_NUMBER("BYTES", o->compressed_bytes)),
		  "published \"%s\": %" PRId64 " records, %" PRId64 " bytes", o->key, o->records, o->compressed_bytes);
}

static bool all_durable(const struct range *r)
{
	for (const struct object *o = r->objects; o != NULL; o = o->next) {
		if (o->state != OBJECT_DURABLE)
			return false;
	}
	return true;
}

/* All of them are asked for, whatever the first answer is. */
static bool is_registered(const struct writer *w, const struct range *r)
{
	bool all = true;

	for (const struct object *o = r->objects; o != NULL && writer_has_partitions(w); o = o->next)
		all &= o->dead || registry_has(w->env->registry, w->assignment->table, o->slot);
	return all;
}

/* What is durable counts as published when its partitions are registered: else an offset could pass objects that no
 * query finds, and nobody would know of them. */
static void finish_if_registered(struct writer *w, struct range *r, int64_t now_boot_ms)
{
	r->durable = true;
	if (is_registered(w, r))
		writer_finish_range(w, r, now_boot_ms);
}

/* In the order of their offsets; finishing one may free others. */
static struct range *first_registered(const struct writer *w, bool *waits)
{
	struct range *r = w->sealed;

	while (r != NULL && (!r->durable || r->published || !is_registered(w, r))) {
		*waits |= r->durable && !r->published;
		r = r->next;
	}
	return r;
}

void writer_look_up(struct writer *w, int64_t now_boot_ms)
{
	struct error e = { .action = ERROR_WAIT_PERSON };
	struct range *r;
	bool waits = false;

	if (w->failed)
		return;
	while ((r = first_registered(w, &waits)) != NULL)
		writer_finish_range(w, r, now_boot_ms);
	if (waits && registry_is_in_trouble(w->env->registry, w->assignment->table, e.text))
		writer_tell_trouble(w, WAIT_CATALOG, &e);
}

void writer_object_changed(struct writer *w, struct object *o, int64_t now_boot_ms)
{
	struct range *r = o->owner;

	if (o->state == OBJECT_FAILED) {
		writer_tell_trouble(w, o->error->action == ERROR_REPLAY ? WAIT_REPLAY : WAIT_S3, o->error);
	} else if (o->state == OBJECT_STALE && !r->stale_told) {
		r->stale_told = true;
		tell_range(w, EVENT_STALE, r);
	} else if (o->state == OBJECT_DURABLE) {
		tell_object(w, o);
		if (r->sealed && !r->published && all_durable(r))
			finish_if_registered(w, r, now_boot_ms);
	}
}
