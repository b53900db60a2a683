/* SPDX-License-Identifier: Apache-2.0 */
/* Partitions that Glue is to have: those that the uploaders want, a hundred a call, and those whose columns are not
 * their table's any more. Glue answers 200 and says inside which ones it did not take. That one is there already is a
 * success where its folder is ours.
 * Invariant: what was taken from the registry is given back, as done or as wanted, before the step ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "glue/keeper.h"

#define BATCH 100 /* what Glue takes at once */
#define FRESH_MS 60000
#define SEEN_MAX (1 << 20)

/* Slots of one table in hand. */
struct batch {
	struct kept_table *table;
	const char *name;
	int64_t slots[BATCH];
	json_t *values[BATCH];
	bool there[BATCH], failed[BATCH];
	size_t n;
};

static char *place_of(const struct keeper *k, const struct kept_table *t, int64_t slot)
{
	char folder[KEY_MAX + 1];

	definition_folder(t->settings, t->name, slot, true, folder);
	return mem_printf("s3://%s/%s", k->settings->s3_bucket, folder);
}

static json_t *about_table(const struct keeper *k, const struct kept_table *t)
{
	return mem_must(json_pack("{ss ss}", "DatabaseName", k->settings->glue_database, "TableName", t->name));
}

static void give_back(struct keeper *k, struct batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		registry_again(k->registry, b->name, b->slots[i]);
}

/* Which of the batch an answer speaks of; b->n: of none. */
static size_t find_values(const struct batch *b, const json_t *values)
{
	size_t i = 0;

	while (i < b->n && !json_equal(b->values[i], values))
		i++;
	return i;
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s != NULL ? s : "";
}

static int create(struct keeper *k, struct batch *b, json_t **answer, struct error *e)
{
	json_t *in = about_table(k, b->table), *list = mem_must(json_array());

	for (size_t i = 0; i < b->n; i++) {
		char *place = place_of(k, b->table, b->slots[i]);

		b->values[i] = definition_values(b->table->settings, b->slots[i]);
		json_array_append_new(list, table_partition(b->table->there, b->values[i], place, NULL));
		free(place);
	}
	json_object_set_new(in, "PartitionInputList", list);
	return catalog_call(&k->catalog, "BatchCreatePartition", in, answer, e);
}

/* Sorts out what was refused inside of a 200; the number of those that are there already. */
static size_t read_refusals(struct batch *b, const json_t *answer, struct error *e, int *rc)
{
	size_t n = 0, i;
	json_t *row;

	json_array_foreach(json_object_get(answer, "Errors"), i, row) {
		const json_t *detail = json_object_get(row, "ErrorDetail");
		size_t at = find_values(b, json_object_get(row, "PartitionValues"));

		if (at == b->n) { /* of which one it speaks is not known: so of none is it known that it is there */
			memset(b->failed, true, sizeof(b->failed));
			continue;
		}
		b->failed[at] = true;
		b->there[at] = strcmp(text_of(detail, "ErrorCode"), "AlreadyExistsException") == 0;
		n += b->there[at];
		if (!b->there[at])
			*rc = error_set(e, ERROR_RETRY, 0, "glue:BatchCreatePartition: %s: %s",
					text_of(detail, "ErrorCode"), text_of(detail, "ErrorMessage"));
	}
	return n;
}

/* One that is there: with our folder, whoever made it? */
static void look_at(struct keeper *k, struct batch *b, const json_t *partition, struct error *e, int *rc)
{
	size_t at = find_values(b, json_object_get(partition, "Values"));
	const char *is = text_of(json_object_get(partition, "StorageDescriptor"), "Location");
	char hash[TABLE_HASH], *place;

	if (at == b->n)
		return;
	table_hash(b->table->there, hash);
	if (strcmp(text_of(json_object_get(partition, "Parameters"), TABLE_COLUMNS_PARAMETER), hash) != 0) {
		b->table->stale = true; /* whose columns are the newer ones? */
		partitions_mend_anew(k, b->table);
	}
	place = place_of(k, b->table, b->slots[at]);
	if (table_same_place(is, place))
		b->failed[at] = false;
	else
		*rc = error_set(
			e, ERROR_GIVE_UP, 0,
			"a partition is registered with the folder \"%s\" where what landed lies in \"%s\"; drop it "
			"in Glue",
			is, place);
	free(place);
}

static int look_at_those_there(struct keeper *k, struct batch *b, struct error *e)
{
	json_t *in = about_table(k, b->table), *list = mem_must(json_array()), *answer, *row;
	size_t i;
	int rc = 0;

	for (i = 0; i < b->n; i++) {
		if (b->there[i])
			json_array_append_new(list, mem_must(json_pack("{sO}", "Values", b->values[i])));
	}
	json_object_set_new(in, "PartitionsToGet", list);
	if (catalog_call(&k->catalog, "BatchGetPartition", in, &answer, e) < 0)
		return -1;
	json_array_foreach(json_object_get(answer, "Partitions"), i, row) {
		look_at(k, b, row, e, &rc);
	}
	json_decref(answer);
	return rc;
}

static bool any_failed(const struct batch *b)
{
	size_t i = 0;

	while (i < b->n && !b->failed[i])
		i++;
	return i < b->n;
}

static int register_batch(struct keeper *k, struct batch *b, struct error *e)
{
	json_t *answer = NULL;
	int rc = create(k, b, &answer, e), looked = 0;
	struct error other;

	if (rc < 0) {
		memset(b->failed, true, sizeof(b->failed));
		return -1;
	}
	if (read_refusals(b, answer, e, &rc) > 0)
		looked = look_at_those_there(k, b, &other);
	json_decref(answer);
	if (looked < 0)
		*e = other;
	if (looked < 0 || rc < 0)
		return -1;
	return any_failed(b)
		       ? error_set(e, ERROR_RETRY, 0, "glue:BatchCreatePartition: not each partition is accounted for")
		       : 0;
}

static void settle(struct keeper *k, struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		json_decref(b->values[i]);
		if (b->failed[i]) {
			registry_again(k->registry, b->name, b->slots[i]);
			continue;
		}
		registry_done(k->registry, b->name, b->slots[i]);
		k->shown.partitions++;
	}
}

static void register_now(struct keeper *k, struct batch *b, int64_t now_ms)
{
	struct kept_table *t = b->table;
	struct attempt *a = &t->attempts[JOB_REGISTER];
	char *what = mem_printf("partitions of \"%s.%s\"", k->settings->glue_database, t->name);
	struct error e;
	int rc = register_batch(k, b, &e);
	bool gone = rc < 0 && catalog_said(&k->catalog, "EntityNotFoundException");

	settle(k, b);
	if (gone)
		e.action = ERROR_RETRY; /* it is made again */
	if (rc < 0)
		keeper_failed(k, t, a, what, &e, now_ms);
	else
		keeper_worked(k, t, a, what);
	if (gone)
		upkeep_forget(k, t);
	free(what);
}

/* Another daemon may have given it columns since it was read. */
static bool is_old(const struct kept_table *t, int64_t now_ms)
{
	return (t->stale || now_ms >= t->read_ms + FRESH_MS) && now_ms >= t->attempts[JOB_TABLE].next_ms;
}

static bool is_ready(struct keeper *k, struct kept_table *t, int64_t now_ms)
{
	if (t == NULL || now_ms < t->attempts[JOB_REGISTER].next_ms)
		return false;
	t->wanted = true;
	if (t->there != NULL && is_old(t, now_ms))
		upkeep_read(k, t, now_ms);
	return t->there != NULL;
}

/* Where nothing is registered, a slot only tells what lies there now. */
static void hear(struct keeper *k, const struct batch *b)
{
	char dt[KEY_SLOT_TEXT + 1], hour[KEY_SLOT_TEXT + 1];

	for (size_t i = 0; i < b->n; i++) {
		registry_done(k->registry, b->name, b->slots[i]);
		key_slot_texts(b->slots[i], dt, hour);
		if (b->slots[i] != SLOT_NONE && b->table != NULL)
			upkeep_first_dt(b->table, dt);
	}
	k->crawl.wanted = true;
}

/* Tables that are not ready are looked at once each; one of them can get into trouble, or out of it, meanwhile. */
static bool serve(struct keeper *k, bool troubled, int64_t now_ms)
{
	const char *first = NULL;
	size_t looks = k->n_tables;
	struct batch b = { .n = 0 };

	while ((b.n = registry_take(k->registry, troubled, &b.name, b.slots, BATCH)) > 0) {
		b.table = keeper_find(k, b.name);
		if (!keeper_registers(k)) {
			hear(k, &b);
			continue;
		}
		if (is_ready(k, b.table, now_ms)) {
			register_now(k, &b, now_ms);
			return true;
		}
		give_back(k, &b);
		if (b.name == first || looks-- <= 1)
			return false;
		first = first != NULL ? first : b.name;
	}
	return false;
}

bool partitions_register(struct keeper *k, int64_t now_ms)
{
	return serve(k, false, now_ms) || serve(k, true, now_ms);
}

static void see(struct kept_table *t, int64_t slot)
{
	struct slots *s = &t->seen;

	if (s->n == SEEN_MAX)
		return;
	if (s->n == s->cap) {
		s->cap = s->cap > 0 ? s->cap * 2 : 256;
		s->items = mem_realloc(s->items, s->cap * sizeof(s->items[0]));
	}
	s->items[s->n++] = slot;
}

/* One of a page: remembered; the update that it needs, or NULL. What has a folder of its own is somebody's, who may
 * have put it there in another format. */
static json_t *mended(const struct keeper *k, struct kept_table *t, const json_t *partition, const char *hash)
{
	json_t *values = json_object_get(partition, "Values"), *parameters = json_object_get(partition, "Parameters");
	const char *is = text_of(json_object_get(partition, "StorageDescriptor"), "Location");
	int64_t slot;
	char *place;
	bool ours;

	if (!json_is_array(values) || !definition_slot(t->settings, values, &slot))
		return NULL;
	if (t->folders_due && !t->folders_begun)
		see(t, slot);
	place = place_of(k, t, slot);
	ours = table_same_place(is, place);
	free(place);
	if (!ours || strcmp(text_of(parameters, TABLE_COLUMNS_PARAMETER), hash) == 0)
		return NULL;
	return mem_must(json_pack("{sO so}", "PartitionValueList", values, "PartitionInput",
				  table_partition(t->there, values, is, parameters)));
}

static int send_mended(struct keeper *k, const struct kept_table *t, json_t *entries, struct error *e)
{
	json_t *in = about_table(k, t), *answer, *row;
	size_t i;
	int rc = 0;

	json_object_set_new(in, "Entries", entries);
	if (catalog_call(&k->catalog, "BatchUpdatePartition", in, &answer, e) < 0)
		return -1;
	json_array_foreach(json_object_get(answer, "Errors"), i, row) {
		const json_t *detail = json_object_get(row, "ErrorDetail");

		if (strcmp(text_of(detail, "ErrorCode"), "EntityNotFoundException") != 0)
			rc = error_set(e, ERROR_RETRY, 0, "glue:BatchUpdatePartition: %s: %s",
				       text_of(detail, "ErrorCode"), text_of(detail, "ErrorMessage"));
	}
	json_decref(answer);
	return rc;
}

static int mend_page(struct keeper *k, struct kept_table *t, const json_t *page, struct error *e)
{
	json_t *entries = mem_must(json_array()), *row;
	char hash[TABLE_HASH];
	int rc = 0;
	size_t i;

	table_hash(t->there, hash);
	json_array_foreach(json_object_get(page, "Partitions"), i, row) {
		json_t *entry = mended(k, t, row, hash);

		if (entry != NULL)
			json_array_append_new(entries, entry);
		if (json_array_size(entries) < BATCH)
			continue;
		rc = rc == 0 ? send_mended(k, t, entries, e) : (json_decref(entries), rc);
		entries = mem_must(json_array());
	}
	if (rc == 0 && json_array_size(entries) > 0)
		return send_mended(k, t, entries, e);
	json_decref(entries);
	return rc;
}

void partitions_mend_anew(const struct keeper *k, struct kept_table *t)
{
	free(t->mend_page);
	t->mend_page = NULL;
	t->mend_due = keeper_registers(k);
	if (!t->folders_begun)
		t->seen.n = 0;
}

static int mend_step(struct keeper *k, struct kept_table *t, struct error *e)
{
	json_t *in = about_table(k, t), *page;
	const char *next;
	int rc;

	json_object_set_new(in, "ExcludeColumnSchema", json_true());
	json_object_set_new(in, "MaxResults", mem_must(json_integer(BATCH)));
	if (t->mend_page != NULL)
		json_object_set_new(in, "NextToken", mem_must(json_string(t->mend_page)));
	if (catalog_call(&k->catalog, "GetPartitions", in, &page, e) < 0)
		return -1;
	rc = mend_page(k, t, page, e);
	next = json_string_value(json_object_get(page, "NextToken"));
	if (rc == 0) {
		free(t->mend_page);
		t->mend_page = next != NULL ? mem_strdup(next) : NULL;
		t->mend_due = next != NULL;
	}
	json_decref(page);
	return rc;
}

bool partitions_mend(struct keeper *k, struct kept_table *t, int64_t now_ms)
{
	struct attempt *a = &t->attempts[JOB_MEND];
	struct error e;
	char *what;

	if (!t->mend_due || t->there == NULL || now_ms < a->next_ms)
		return false;
	/* And goes on at once: where tables are many it is old again at the next step. */
	if (t->mend_page == NULL && is_old(t, now_ms) && (upkeep_read(k, t, now_ms) < 0 || t->there == NULL))
		return true;
	what = mem_printf("columns of the partitions of \"%s.%s\"", k->settings->glue_database, t->name);
	if (mend_step(k, t, &e) == 0) {
		keeper_worked(k, t, a, what);
	} else {
		partitions_mend_anew(k, t); /* a page's token does not live long */
		keeper_failed(k, t, a, what, &e, now_ms);
	}
	free(what);
	return true;
}
