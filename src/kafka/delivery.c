/* SPDX-License-Identifier: Apache-2.0 */
/* The delivery state of a partition. Recovery is no mode: planned ranges are ranges that are not built yet. */
#include "kafka/delivery.h"

#include <string.h>

/* Brokers forget offsets of groups that stay silent (protocol.md H19). */
#define IDLE_COMMIT_MS (12LL * 3600 * 1000)

static void begin(struct delivery *d, const struct intent_text *text, int64_t now_boot_ms)
{
	memset(d, 0, sizeof(*d));
	d->text = *text;
	d->max_named = ASSIGNMENT_MAX_SEALED;
	d->acked_start = text->start;
	d->acked_boot_ms = now_boot_ms;
	for (int i = 0; i < text->n; i++)
		d->ranges[i] = (struct delivery_range){ RANGE_PLANNED, DELIVERY_NEVER, false, true };
}

void delivery_begin(struct delivery *d, const struct intent_text *text, int64_t now_boot_ms)
{
	begin(d, text, now_boot_ms);
}

void delivery_begin_start(struct delivery *d, const struct intent_text *text, int64_t now_boot_ms)
{
	begin(d, text, now_boot_ms);
	d->changed = true;
}

static int find_range(const struct delivery *d, const char *range_id)
{
	for (int i = 0; i < d->text.n; i++) {
		if (strcmp(d->text.ranges[i].id, range_id) == 0)
			return i;
	}
	return -1;
}

static void count(struct intent_land *l, const struct range_facts *f)
{
	l->objects += f->objects;
	l->landed += f->landed;
	l->dead += f->dead;
	l->skipped += f->skipped;
}

/* Ranges without objects have nothing to publish. */
static void advance(struct delivery *d)
{
	while (d->text.n > 0 && d->ranges[0].state == RANGE_PUBLISHED) {
		chain_advance(&d->text.before, &d->text.ranges[0]);
		count(&d->text.land, &d->text.ranges[0]);
		d->text.start = d->text.ranges[0].end;
		d->text.n--;
		memmove(&d->text.ranges[0], &d->text.ranges[1], (size_t)d->text.n * sizeof(d->text.ranges[0]));
		memmove(&d->ranges[0], &d->ranges[1], (size_t)d->text.n * sizeof(d->ranges[0]));
		d->changed = true;
	}
}

static int64_t covered_end(const struct delivery *d)
{
	return d->text.n > 0 ? d->text.ranges[d->text.n - 1].end : d->text.start;
}

bool delivery_sealed(struct delivery *d, const struct range_facts *f, bool has_objects)
{
	int i = find_range(d, f->id);

	if (i < 0) {
		i = d->text.n;
		if (i == ASSIGNMENT_MAX_SEALED || f->start != covered_end(d) || f->end <= f->start)
			return false;
		d->text.n++;
		d->ranges[i].named = false;
	} else if (d->ranges[i].state != RANGE_PLANNED || d->text.ranges[i].start != f->start ||
		   d->text.ranges[i].end != f->end) {
		return false;
	}
	d->text.ranges[i] = *f;
	d->ranges[i].state = has_objects ? RANGE_BUILT : RANGE_PUBLISHED;
	d->ranges[i].acked_boot_ms = DELIVERY_NEVER;
	d->ranges[i].told = false;
	d->changed = true;
	advance(d);
	return true;
}

bool delivery_published(struct delivery *d, const char *range_id)
{
	int i = find_range(d, range_id);

	if (i < 0 || d->ranges[i].state != RANGE_BUILT || !d->ranges[i].told)
		return false;
	d->ranges[i].state = RANGE_PUBLISHED;
	advance(d);
	return true;
}

bool delivery_passed(struct delivery *d, const char *range_id)
{
	int i = find_range(d, range_id);

	if (i < 0 || d->ranges[i].state != RANGE_BUILT)
		return false;
	d->ranges[i].state = RANGE_PASSED;
	return true;
}

bool delivery_wants_pass(const struct delivery *d)
{
	return d->text.n > 0 && d->ranges[0].state == RANGE_PASSED && !d->changed;
}

void delivery_stale(struct delivery *d, const char *range_id)
{
	int i = find_range(d, range_id);

	if (i < 0)
		return;
	d->ranges[i].acked_boot_ms = DELIVERY_NEVER;
	d->ranges[i].told = false;
	d->changed = true;
}

bool delivery_wants_commit(const struct delivery *d, int64_t now_boot_ms)
{
	return d->changed || now_boot_ms - d->acked_boot_ms >= IDLE_COMMIT_MS;
}

void delivery_compose(const struct delivery *d, struct intent_text *sent, char out[INTENT_TEXT_MAX])
{
	*sent = d->text;
	if (sent->n > d->max_named)
		sent->n = d->max_named;
	intent_write(sent, sent->n, out);
}

/* Is there anything that the acknowledged text does not say, and the next one could? */
static bool says_it_all(const struct delivery *d, const struct intent_text *sent)
{
	if (d->text.start != sent->start)
		return false;
	for (int i = 0; i < d->text.n && i < d->max_named; i++) {
		if (d->ranges[i].state == RANGE_BUILT && d->ranges[i].acked_boot_ms == DELIVERY_NEVER)
			return false;
	}
	return true;
}

bool delivery_acked(struct delivery *d, const struct intent_text *sent, int64_t sent_boot_ms)
{
	bool news = sent->start > d->acked_start;

	for (int i = 0; i < sent->n; i++) {
		int mine = find_range(d, sent->ranges[i].id);

		if (mine < 0)
			continue;
		news |= !d->ranges[mine].named;
		d->ranges[mine].named = true;
		if (d->ranges[mine].state == RANGE_BUILT && !d->ranges[mine].told)
			d->ranges[mine].acked_boot_ms = sent_boot_ms;
	}
	d->acked_start = sent->start;
	d->acked_boot_ms = sent_boot_ms;
	d->changed = !says_it_all(d, sent);
	return news;
}

const struct range_facts *delivery_next_publish(struct delivery *d, int64_t *acked_boot_ms)
{
	for (int i = 0; i < d->text.n; i++) {
		struct delivery_range *r = &d->ranges[i];

		if (r->state != RANGE_BUILT || r->told || r->acked_boot_ms == DELIVERY_NEVER)
			continue;
		r->told = true;
		*acked_boot_ms = r->acked_boot_ms;
		return &d->text.ranges[i];
	}
	return NULL;
}

/* A range that was ever named to the broker must stay named: a successor may have published it. */
bool delivery_halve(struct delivery *d)
{
	int floor = 1;
	int half = d->max_named / 2;

	for (int i = 0; i < d->text.n; i++) {
		if (d->ranges[i].state == RANGE_PLANNED || d->ranges[i].named)
			floor = i + 1;
	}
	if (half < floor)
		half = floor;
	if (half == d->max_named)
		return false;
	d->max_named = half;
	return true;
}

int64_t delivery_planned_end(const struct delivery *d)
{
	int last = d->text.n - 1;

	return last >= 0 && d->ranges[last].state == RANGE_PLANNED ? d->text.ranges[last].end : 0;
}

bool delivery_settled(const struct delivery *d)
{
	for (int i = 0; i < d->text.n; i++) {
		if (d->ranges[i].state == RANGE_BUILT)
			return false;
	}
	return !d->changed;
}

bool delivery_at_end(const struct delivery *d)
{
	const struct intent_text *t = &d->text;

	return t->land.given && t->n == 0 && t->start >= t->land.stop && !d->changed;
}
