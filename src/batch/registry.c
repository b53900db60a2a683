/* SPDX-License-Identifier: Apache-2.0 */
/* The partitions that Glue has, and those that it is to get. Tables are few, and what is asked for is nearly always
 * among the newest slots of one: lists are looked through from their end.
 * Invariant: a slot that was wanted stays in its list until it is known. */
#include "batch/registry.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define KNOWN_MAX 8192 /* a table; a year by the hour */

enum slot_state { SLOT_WANTED, SLOT_TAKEN, SLOT_KNOWN };

struct slot {
	int64_t slot;
	enum slot_state state;
};

struct table {
	struct table *next;
	char *name;
	char *topic;   /* the first that goes there; NULL: none was named yet */
	char *trouble; /* NULL: none */
	struct slot *slots;
	size_t n, cap;
	size_t n_wanted;
};

struct registry {
	pthread_mutex_t lock;
	bool holds;
	struct waker glue;
	struct table *tables; /* the one whose turn is next comes first */
	struct table **end;
};

struct registry *registry_new(bool holds)
{
	struct registry *r = mem_zalloc(sizeof(*r));

	pthread_mutex_init(&r->lock, NULL);
	r->holds = holds;
	r->end = &r->tables;
	return r;
}

void registry_free(struct registry *r)
{
	if (r == NULL)
		return;
	while (r->tables != NULL) {
		struct table *t = r->tables;

		r->tables = t->next;
		free(t->name);
		free(t->topic);
		free(t->trouble);
		free(t->slots);
		free(t);
	}
	pthread_mutex_destroy(&r->lock);
	free(r);
}

void registry_waker(struct registry *r, struct waker glue)
{
	r->glue = glue;
}

static void append(struct registry *r, struct table *t)
{
	t->next = NULL;
	*r->end = t;
	r->end = &t->next;
}

static struct table *find(const struct registry *r, const char *name)
{
	struct table *t = r->tables;

	while (t != NULL && strcmp(t->name, name) != 0)
		t = t->next;
	return t;
}

static struct table *get(struct registry *r, const char *name)
{
	struct table *t = find(r, name);

	if (t != NULL)
		return t;
	t = mem_zalloc(sizeof(*t));
	t->name = mem_strdup(name);
	append(r, t);
	return t;
}

void registry_topic(struct registry *r, const char *table, const char *topic)
{
	bool fresh;
	struct table *t;

	if (r == NULL)
		return;
	pthread_mutex_lock(&r->lock);
	t = get(r, table);
	fresh = t->topic == NULL;
	if (fresh)
		t->topic = mem_strdup(topic);
	pthread_mutex_unlock(&r->lock);
	if (fresh && r->glue.wake != NULL)
		r->glue.wake(r->glue.arg);
}

static struct slot *find_slot(const struct table *t, int64_t slot)
{
	for (size_t i = t->n; i > 0; i--) {
		if (t->slots[i - 1].slot == slot)
			return &t->slots[i - 1];
	}
	return NULL;
}

static void forget_known(struct table *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->n; i++) {
		if (t->slots[i].state != SLOT_KNOWN)
			t->slots[kept++] = t->slots[i];
	}
	t->n = kept;
}

static struct slot *add_slot(struct table *t, int64_t slot, enum slot_state state)
{
	if (t->n - t->n_wanted >= KNOWN_MAX)
		forget_known(t);
	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 16;
		t->slots = mem_realloc(t->slots, t->cap * sizeof(*t->slots));
	}
	t->slots[t->n] = (struct slot){ slot, state };
	t->n_wanted += state == SLOT_WANTED;
	return &t->slots[t->n++];
}

static void set_state(struct table *t, struct slot *s, enum slot_state state)
{
	t->n_wanted -= s->state == SLOT_WANTED;
	t->n_wanted += state == SLOT_WANTED;
	s->state = state;
}

static bool is_known_or_wanted(struct registry *r, const char *table, int64_t slot)
{
	bool known, fresh = false;
	struct table *t;
	struct slot *s;

	pthread_mutex_lock(&r->lock);
	t = get(r, table);
	s = find_slot(t, slot);
	known = s != NULL && s->state == SLOT_KNOWN;
	if (s == NULL) {
		add_slot(t, slot, SLOT_WANTED);
		fresh = true;
	}
	pthread_mutex_unlock(&r->lock);
	if (fresh && r->glue.wake != NULL)
		r->glue.wake(r->glue.arg);
	return known;
}

void registry_begins(struct registry *r, const char *table, int64_t slot)
{
	if (r != NULL && r->holds)
		is_known_or_wanted(r, table, slot);
}

bool registry_has(struct registry *r, const char *table, int64_t slot)
{
	return r == NULL || is_known_or_wanted(r, table, slot) || !r->holds;
}

bool registry_is_in_trouble(struct registry *r, const char *table, char why[ERROR_TEXT_MAX])
{
	struct table *t;
	bool trouble;

	if (r == NULL)
		return false;
	pthread_mutex_lock(&r->lock);
	t = find(r, table);
	trouble = t != NULL && t->trouble != NULL;
	if (trouble)
		snprintf(why, ERROR_TEXT_MAX, "%s", t->trouble);
	pthread_mutex_unlock(&r->lock);
	return trouble;
}

static size_t take_of(struct table *t, int64_t *slots, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n && n < max; i++) {
		if (t->slots[i].state != SLOT_WANTED)
			continue;
		set_state(t, &t->slots[i], SLOT_TAKEN);
		slots[n++] = t->slots[i].slot;
	}
	return n;
}

/* So that others come first the next time. */
static void move_back(struct registry *r, struct table *t)
{
	struct table **at = &r->tables;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	if (r->end == &t->next)
		r->end = at;
	append(r, t);
}

size_t registry_take(struct registry *r, bool troubled, const char **table, int64_t *slots, size_t max)
{
	struct table *t;
	size_t n = 0;

	pthread_mutex_lock(&r->lock);
	t = r->tables;
	while (t != NULL && (t->n_wanted == 0 || (t->trouble != NULL) != troubled))
		t = t->next;
	if (t != NULL) {
		*table = t->name;
		n = take_of(t, slots, max);
		move_back(r, t);
	}
	pthread_mutex_unlock(&r->lock);
	return n;
}

static void settle(struct registry *r, const char *table, int64_t slot, enum slot_state state)
{
	struct table *t;
	struct slot *s;

	pthread_mutex_lock(&r->lock);
	t = get(r, table);
	s = find_slot(t, slot);
	if (s != NULL)
		set_state(t, s, state);
	else
		add_slot(t, slot, state);
	pthread_mutex_unlock(&r->lock);
}

void registry_done(struct registry *r, const char *table, int64_t slot)
{
	settle(r, table, slot, SLOT_KNOWN);
}

void registry_again(struct registry *r, const char *table, int64_t slot)
{
	settle(r, table, slot, SLOT_WANTED);
}

void registry_forget(struct registry *r, const char *table)
{
	struct table *t;

	pthread_mutex_lock(&r->lock);
	t = find(r, table);
	if (t != NULL)
		forget_known(t);
	pthread_mutex_unlock(&r->lock);
}

void registry_trouble(struct registry *r, const char *table, const char *why)
{
	struct table *t;

	pthread_mutex_lock(&r->lock);
	t = get(r, table);
	free(t->trouble);
	t->trouble = why != NULL ? mem_strdup(why) : NULL;
	pthread_mutex_unlock(&r->lock);
}

bool registry_next(struct registry *r, const void **at, const char **table, const char **topic)
{
	const struct table *t;

	pthread_mutex_lock(&r->lock);
	t = *at == NULL ? r->tables : ((const struct table *)*at)->next;
	while (t != NULL && t->topic == NULL)
		t = t->next;
	if (t != NULL) {
		*at = t;
		*table = t->name;
		*topic = t->topic;
	}
	pthread_mutex_unlock(&r->lock);
	return t != NULL;
}
