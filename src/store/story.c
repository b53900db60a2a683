/* SPDX-License-Identifier: Apache-2.0 */
#include "store/story.h"

#include <stdlib.h>

#include "base/mem.h"

struct landed {
	char *key, *topic;
	struct board_object is; /* but for its texts */
};

struct story {
	struct landed last[BOARD_LAST_OBJECTS]; /* a ring */
	uint64_t objects;
};

struct story *story_new(void)
{
	return mem_zalloc(sizeof(struct story));
}

static void forget(struct landed *l)
{
	free(l->key);
	free(l->topic);
}

void story_free(struct story *s)
{
	if (s == NULL)
		return;
	for (int i = 0; i < BOARD_LAST_OBJECTS; i++)
		forget(&s->last[i]);
	free(s);
}

void story_object(struct story *s, const struct writer *w, const struct range *r, const struct object *o,
		  int64_t now_boot_ms)
{
	struct landed *l = &s->last[s->objects++ % BOARD_LAST_OBJECTS];

	forget(l);
	l->key = mem_strdup(o->key);
	l->topic = mem_strdup(w->assignment->topic);
	l->is = (struct board_object){ .partition = w->assignment->partition_id,
				       .start = r->facts.start,
				       .end = r->facts.end,
				       .bytes = o->compressed_bytes,
				       .records = o->records,
				       .dead = o->dead,
				       .at_ms = now_boot_ms };
}

static void show_objects(const struct story *s, struct board_uploader *out)
{
	out->objects = s->objects;
	while (out->n_last < BOARD_LAST_OBJECTS && (uint64_t)out->n_last < s->objects) {
		const struct landed *l = &s->last[(s->objects - 1 - (uint64_t)out->n_last) % BOARD_LAST_OBJECTS];
		struct board_object *o = &out->last[out->n_last++];

		*o = l->is;
		o->key = texts_add(&out->texts, l->key);
		o->topic = texts_add(&out->texts, l->topic);
	}
}

static void show_open(const struct writer *w, struct board_range *out)
{
	const struct range *r = w->open;

	out->open_start = BOARD_UNKNOWN;
	if (r == NULL)
		return;
	out->open_start = r->facts.start;
	out->open_records = r->roll.records;
	out->open_bytes = r->roll.bytes;
	out->open_held = writer_open_bytes(w);
	out->open_since_ms = r->roll.opened_boot_ms;
	out->open_until_ms = writer_deadline_ms(w);
	for (const struct object *o = r->objects; o != NULL; o = o->next)
		out->open_objects++;
}

static void show_writer(const struct writer *w, struct board_uploader *u)
{
	const struct range *oldest = w->sealed != NULL ? w->sealed : w->open;
	struct board_range *out;

	if (oldest == NULL)
		return;
	out = board_add_range(u);
	out->topic = texts_add(&u->texts, w->assignment->topic);
	out->partition = w->assignment->partition_id;
	out->epoch = w->assignment->epoch;
	out->oldest_time_ms = oldest->first_time_ms > 0 ? oldest->first_time_ms : 0;
	out->oldest_taken_ms = oldest->roll.opened_boot_ms;
	show_open(w, out);
	for (const struct range *r = w->sealed; r != NULL; r = r->next) {
		for (const struct object *o = r->objects; o != NULL; o = o->next)
			u->waiting_objects += o->state != OBJECT_DURABLE;
	}
}

void story_show(const struct story *s, const struct upload_env *env, const struct writer *writers,
		struct board_uploader *out)
{
	out->open_bytes = env->open_bytes;
	out->moving_bytes = env->moving_bytes;
	out->open_objects = env->n_open;
	out->sizes = env->sizes;
	out->freshness = env->freshness;
	out->s3 = *s3_counters(env->s3);
	out->stuck = s3_is_stuck(env->s3);
	out->trouble = texts_add(&out->texts, s3_trouble(env->s3));
	show_objects(s, out);
	for (const struct writer *w = writers; w != NULL; w = w->next)
		show_writer(w, out);
}
