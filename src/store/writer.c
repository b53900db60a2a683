/* SPDX-License-Identifier: Apache-2.0 */
/* One partition's records into ranges and objects. Which key a record goes under depends on the record, the settings
 * and the range's id and start only (design.md, "pure function"); when a range ends depends on the plan or the roll.
 * A planned range that is larger than the memory is made in passes: each makes the objects of the lowest slots that
 * are left and fit, whole, and the consumer thread has the range read again until none is left.
 * Invariants: offsets rise; a sealed range never changes; a planned range is cut at its planned end and nowhere else;
 * an object is sealed only if it has seen all of its range; at most ASSIGNMENT_MAX_SEALED ranges are sealed and not
 * published. */
#include "store/writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "batch/range_id.h"
#include "encode/codec.h"
#include "encode/fingerprint.h"
#include "store/describe.h"
#include "store/key.h"
#include "store/publish.h"

static bool in_plan(const struct writer *w)
{
	return w->planned < w->assignment->n_plan;
}

static const struct range_facts *current_plan(const struct writer *w)
{
	return &w->assignment->plan[w->planned];
}

/* A range of the plan; those of its slots that earlier passes have made are left out and counted already. */
static void open_planned(const struct writer *w, struct range *r)
{
	const struct range_pass *pass = &w->assignment->pass;

	memcpy(r->facts.id, current_plan(w)->id, sizeof(r->facts.id));
	if (strcmp(pass->made.id, r->facts.id) != 0)
		return;
	r->facts.landed = pass->made.landed;
	r->facts.dead = pass->made.dead;
	r->facts.skipped = pass->made.skipped;
	r->facts.objects = pass->made.objects;
	r->from_slot = pass->from_slot;
}

/* The newest generation. What is in the plan was cut under the one that this assignment began with. */
static void take_settings(struct writer *w)
{
	const struct assignment *a = w->assignment;

	if (w->settings == w->env->settings)
		return;
	settings_free(w->settings);
	w->settings = settings_hold(w->env->settings);
	w->topic = settings_for_topic(w->settings, a->topic);
	skip_free(&w->skip);
	skip_init(&w->skip, w->settings, a->topic, a->partition_id);
}

static struct range *open_range(struct writer *w, int64_t first_time_ms, int64_t now_boot_ms)
{
	struct range *r = mem_zalloc(sizeof(*r));

	r->writer = w;
	r->from_slot = INT64_MIN;
	r->below_slot = INT64_MAX;
	if (in_plan(w)) {
		open_planned(w, r);
	} else {
		range_id_draw(w->assignment->mark, r->facts.id);
		take_settings(w);
	}
	r->facts.start = w->open_start;
	r->roll.opened_boot_ms = now_boot_ms;
	r->first_time_ms = first_time_ms;
	r->metadata = describe_range(w->assignment, w->settings, &w->chain, r->facts.id);
	w->open = r;
	return r;
}

static struct object *add_object(struct writer *w, int64_t slot, bool dead)
{
	const struct assignment *a = w->assignment;
	struct range *r = w->open;
	char key[KEY_MAX + 1];
	struct object *o;

	key_build(w->topic,
		  &(struct key_facts){ .topic = a->topic,
				       .table = a->table,
				       .partition = a->partition_id,
				       .start = r->facts.start,
				       .range_id = r->facts.id,
				       .slot = slot,
				       .dead = dead },
		  key);
	o = object_new(w->env, mem_strdup(key), w->topic, r->metadata);
	o->owner = r;
	o->slot = slot;
	o->dead = dead;
	o->next = r->objects;
	r->objects = o;
	if (!dead) {
		r->n_objects++;
		if (writer_has_partitions(w))
			registry_begins(w->env->registry, a->table, slot);
	}
	return o;
}

static struct object *find_object(const struct range *r, int64_t slot, bool dead)
{
	struct object *o = r->objects;

	while (o != NULL && (o->slot != slot || o->dead != dead))
		o = o->next;
	return o;
}

/* Slots whose records all turned out dead or skipped. */
static bool is_empty(const struct range *r, const struct object *o)
{
	(void)r;
	return o->records == 0;
}

static bool is_deferred(const struct range *r, const struct object *o)
{
	return o->slot >= r->below_slot;
}

/* These do not come to be, or not in this pass. */
static void drop_objects(struct writer *w, struct range *r,
			 bool (*unwanted)(const struct range *r, const struct object *o), int64_t now_boot_ms)
{
	struct object **at = &r->objects;

	while (*at != NULL) {
		struct object *o = *at;

		if (!unwanted(r, o)) {
			at = &o->next;
			continue;
		}
		*at = o->next;
		object_drop(w->env, o, now_boot_ms);
	}
}

/* What a recovery of this range takes at most: whole objects below the part size, one part and one block above it. */
static int64_t recovery_bytes(const struct writer *w, const struct range *r)
{
	int64_t bytes = 0;

	for (const struct object *o = r->objects; o != NULL; o = o->next) {
		bytes += o->compressed_bytes < w->env->part_bytes ? o->compressed_bytes : w->env->part_bytes;
		bytes += w->env->block_bytes;
	}
	return bytes;
}

static void check_against_plan(const struct writer *w, const struct range *r)
{
	const struct range_facts *p = current_plan(w);
	const struct range_facts *f = &r->facts;

	if (f->objects != p->objects || f->landed != p->landed || f->dead != p->dead || f->skipped != p->skipped)
		log_event(MESSAGE_RANGE_DIFFERS,
			  LOG_FIELDS(LOG_TEXT("TOPIC", w->assignment->topic),
				     LOG_NUMBER("PARTITION", w->assignment->partition_id), LOG_TEXT("RANGE_ID", f->id),
				     LOG_NUMBER("OFFSET_FIRST", f->start), LOG_NUMBER("OFFSET_NEXT", f->end)),
			  "topic \"%s\" partition %" PRId32 ": range %s [%" PRId64 ", %" PRId64 ") has %" PRId64
			  " records now and had %" PRId64
			  " when its intent was written: compaction or retention took some since",
			  w->assignment->topic, w->assignment->partition_id, f->id, f->start, f->end,
			  f->landed + f->dead + f->skipped, p->landed + p->dead + p->skipped);
}

/* What others publish under this id, and what the objects behind it say of it, is what the intent says; so this range's
 * facts are those of the intent, whatever the log has lost since, and however much of it a pass has made. */
static void follow_plan(struct writer *w, struct range *r)
{
	if (range_is_whole(r))
		check_against_plan(w, r);
	else
		w->closed = true;
	r->made = r->facts;
	r->facts = *current_plan(w);
	w->planned++;
}

static void seal_at(struct writer *w, int64_t end, enum roll_reason reason, int64_t now_boot_ms)
{
	struct range *r = w->open ? w->open : open_range(w, -1, now_boot_ms);
	struct range **at = &w->sealed;

	w->open = NULL;
	w->cached = NULL;
	w->cached_from_ms = w->cached_to_ms = 0;
	w->open_start = end;
	r->facts.end = end;
	r->facts.fingerprint = fingerprint_of_range(w->assignment->fingerprint, &w->skip, r->facts.start, end);
	drop_objects(w, r, is_empty, now_boot_ms);
	for (struct object *o = r->objects; o != NULL; o = o->next) {
		object_seal(w->env, o, now_boot_ms);
		r->facts.objects++;
	}
	r->facts.bytes = recovery_bytes(w, r);
	r->sealed = true;
	r->published = r->objects == NULL && range_is_whole(r);
	if (in_plan(w))
		follow_plan(w, r);
	chain_advance(&w->chain, &r->facts);
	while (*at != NULL)
		at = &(*at)->next;
	*at = r;
	w->n_sealed++;
	writer_tell(w,
		    &(struct message){
			    .kind = EVENT_SEALED, .facts = r->facts, .has_objects = !r->published, .reason = reason });
	if (r->objects == NULL && !range_is_whole(r))
		writer_finish_range(w, r, now_boot_ms);
	else
		writer_pop_published(w, now_boot_ms);
}

/* Planned ends that an offset has reached. */
static void seal_planned(struct writer *w, int64_t reached, int64_t now_boot_ms)
{
	while (in_plan(w) && !w->closed && reached >= current_plan(w)->end)
		seal_at(w, current_plan(w)->end, ROLL_INTENT, now_boot_ms);
}

struct writer *writer_new(struct upload_env *env, struct mailbox *events, struct assignment *a)
{
	struct writer *w = mem_zalloc(sizeof(*w));

	w->env = env;
	w->events = events;
	w->assignment = a;
	take_settings(w);
	w->encoder = encoder_find(w->topic->format);
	w->source = (struct record_source){ a->topic, a->partition_id };
	sampling_begin(&w->sampling, env->sampler);
	w->next_offset = w->open_start = a->start;
	w->chain = a->chain;
	a->writer = w;
	registry_topic(env->registry, a->table, a->topic);
	return w;
}

void writer_free(struct writer *w, int64_t now_boot_ms)
{
	w->assignment->writer = NULL;
	if (w->open != NULL)
		writer_free_range(w, w->open, now_boot_ms);
	while (w->sealed != NULL) {
		struct range *r = w->sealed;

		w->sealed = r->next;
		writer_free_range(w, r, now_boot_ms);
	}
	skip_free(&w->skip);
	settings_free(w->settings);
	free(w);
}

bool writer_can_seal(const struct writer *w)
{
	return w->open != NULL && w->open->roll.records > 0 && !in_plan(w) && !w->failed &&
	       w->n_sealed < ASSIGNMENT_MAX_SEALED;
}

void writer_seal(struct writer *w, enum roll_reason reason, int64_t now_boot_ms)
{
	seal_at(w, w->next_offset, reason, now_boot_ms);
}

bool writer_can_defer(const struct writer *w)
{
	const struct object *first = w->open != NULL && in_plan(w) && !w->failed ? w->open->objects : NULL;
	const struct object *o = first;

	while (o != NULL && o->slot == first->slot)
		o = o->next;
	return o != NULL;
}

void writer_defer(struct writer *w, int64_t now_boot_ms)
{
	struct range *r = w->open;

	r->below_slot = r->objects->slot;
	for (const struct object *o = r->objects; o != NULL; o = o->next)
		r->below_slot = o->slot > r->below_slot ? o->slot : r->below_slot;
	for (const struct object *o = r->objects; o != NULL; o = o->next) {
		if (!is_deferred(r, o))
			continue;
		*(o->dead ? &r->facts.dead : &r->facts.landed) -= o->records;
		r->facts.skipped -= o->skipped;
	}
	drop_objects(w, r, is_deferred, now_boot_ms);
	w->cached = NULL;
}

/* The object of a record's slot; a slot too many seals the range first. NULL: not in this pass. */
static struct object *route(struct writer *w, const struct record *r, int64_t now_boot_ms)
{
	enum partition_by by = w->topic->partition_by; /* of every generation */
	int64_t slot = slot_of(by, r->timestamp_ms);
	struct object *o;

	if (slot < w->open->from_slot || slot >= w->open->below_slot)
		return NULL;
	o = find_object(w->open, slot, false);
	if (o == NULL && w->open->n_objects >= w->topic->max_open_slots && writer_can_seal(w)) {
		writer_seal(w, ROLL_SLOTS, now_boot_ms);
		open_range(w, r->timestamp_ms, now_boot_ms);
	}
	if (o == NULL)
		o = add_object(w, slot, false);
	w->cached = o;
	w->cached_from_ms = slot == SLOT_NONE ? 0 : slot;
	w->cached_to_ms = slot == SLOT_NONE ? 0 : slot_end(by, slot);
	return o;
}

static void roll_if_due(struct writer *w, int64_t now_boot_ms)
{
	enum roll_reason reason = roll_due(w->topic, &w->open->roll, now_boot_ms);

	if (reason != ROLL_NONE && writer_can_seal(w))
		writer_seal(w, reason, now_boot_ms);
}

static void lines_added(struct writer *w, struct object *o, size_t cap_before, int64_t now_boot_ms)
{
	struct range *r = w->open;
	int64_t compressed = o->compressed_bytes;

	o->records++;
	object_grew(w->env, o, cap_before);
	if ((int64_t)o->raw.len < w->env->block_bytes)
		return;
	object_flush(w->env, o, now_boot_ms);
	r->roll.bytes += o->compressed_bytes - compressed;
	if ((int32_t)o->n_parts > r->roll.most_parts)
		r->roll.most_parts = (int32_t)o->n_parts;
}

static void add_dead(struct writer *w, struct object *o, const struct record *r, const char *reason,
		     int64_t now_boot_ms)
{
	struct object *dead = find_object(w->open, o->slot, true);
	size_t cap;

	if (dead == NULL)
		dead = add_object(w, o->slot, true);
	cap = dead->raw.cap;
	if (!dead_letter_encode(w->topic, &w->source, r, reason, &dead->raw))
		abort();
	w->open->facts.dead++;
	lines_added(w, dead, cap, now_boot_ms);
}

static void add_line(struct writer *w, struct object *o, const struct record *r, int64_t now_boot_ms)
{
	const char *reason = NULL;
	size_t cap = o->raw.cap, len = o->raw.len;

	switch (encoder_route(w->encoder, &w->skip, w->topic, &w->source, r, &o->raw, &reason)) {
	case ENCODED:
		sampling_line(&w->sampling, w->source.topic, o->raw.data + len, o->raw.len - len - 1);
		w->open->facts.landed++;
		lines_added(w, o, cap, now_boot_ms);
		break;
	case ENCODE_SKIP:
		object_grew(w->env, o, cap);
		w->open->facts.skipped++;
		o->skipped++;
		break;
	case ENCODE_DEAD:
		object_grew(w->env, o, cap);
		add_dead(w, o, r, reason, now_boot_ms);
		break;
	case ENCODE_FULL:
		object_grew(w->env, o, cap);
		object_flush(w->env, o, now_boot_ms);
		add_line(w, o, r, now_boot_ms);
		break;
	}
}

/* What is left of a one-shot land up to its stop, records or not: only so can that offset be committed. */
static void seal_last(struct writer *w, int64_t now_boot_ms)
{
	if (w->open_start < w->stop && w->n_sealed < ASSIGNMENT_MAX_SEALED)
		seal_at(w, w->stop, ROLL_STOP, now_boot_ms);
}

static void take_marker(struct writer *w, const struct record *r, int64_t now_boot_ms)
{
	if (r->kind != RECORD_STOP)
		return;
	w->stop = r->offset;
	seal_last(w, now_boot_ms);
}

void writer_add(struct writer *w, const struct record *r, int64_t now_boot_ms)
{
	struct object *o = w->cached;

	if (w->closed || w->failed || r->offset < w->next_offset)
		return;
	if (in_plan(w))
		seal_planned(w, r->offset, now_boot_ms);
	if (w->closed)
		return;
	if (r->kind != RECORD_DATA) {
		take_marker(w, r, now_boot_ms);
		return;
	}
	if (w->open == NULL)
		open_range(w, r->timestamp_ms, now_boot_ms);
	if (o == NULL || w->cached != o || r->timestamp_ms < w->cached_from_ms || r->timestamp_ms >= w->cached_to_ms)
		o = route(w, r, now_boot_ms);
	w->next_offset = r->offset + 1;
	w->open->roll.records++;
	if (o != NULL)
		add_line(w, o, r, now_boot_ms);
	if (in_plan(w))
		seal_planned(w, w->next_offset, now_boot_ms);
	else
		roll_if_due(w, now_boot_ms);
}

void writer_tick(struct writer *w, int64_t now_boot_ms)
{
	if (w->closed || w->failed)
		return;
	if (w->open != NULL)
		roll_if_due(w, now_boot_ms);
	seal_last(w, now_boot_ms);
}

void writer_close(struct writer *w, enum roll_reason reason, int64_t now_boot_ms)
{
	if (writer_can_seal(w))
		writer_seal(w, reason, now_boot_ms);
	w->closed = true;
	writer_tell(w, &(struct message){ .kind = EVENT_QUIET });
}

int64_t writer_open_bytes(const struct writer *w)
{
	int64_t bytes = 0;

	if (w->open == NULL)
		return 0;
	for (const struct object *o = w->open->objects; o != NULL; o = o->next)
		bytes += (int64_t)o->raw.cap + o->tail_bytes;
	return bytes;
}

int64_t writer_deadline_ms(const struct writer *w)
{
	if (!writer_can_seal(w))
		return INT64_MAX;
	return roll_deadline_ms(w->topic, &w->open->roll);
}
