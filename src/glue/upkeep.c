/* SPDX-License-Identifier: Apache-2.0 */
/* A table is read, made if there is none, and given what it lacks: at most once a minute, with the version that was
 * read, so that what somebody else has changed meanwhile is read first. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "glue/keeper.h"

#define SETTLE_MS 2000 /* the first lines of a topic are learnt from before its table is made */
#define UPDATE_EVERY_MS 60000
#define WORDS_MAX 65536
#define WORDS_TOLD 400

static char *what_of(const struct keeper *k, const struct kept_table *t)
{
	return mem_printf("table \"%s.%s\"", k->settings->glue_database, t->name);
}

static void worked(struct keeper *k, struct kept_table *t, enum job job)
{
	char *what = what_of(k, t);

	keeper_worked(k, t, &t->attempts[job], what);
	free(what);
}

static int failed(struct keeper *k, struct kept_table *t, enum job job, const struct error *e, int64_t now_ms)
{
	char *what = what_of(k, t);

	keeper_failed(k, t, &t->attempts[job], what, e, now_ms);
	free(what);
	return -1;
}

static void forget_partitions(struct keeper *k, struct kept_table *t)
{
	folders_forget(t);
	t->folders_due = true;
	partitions_mend_anew(k, t);
	registry_forget(k->registry, t->name);
}

void upkeep_forget(struct keeper *k, struct kept_table *t)
{
	json_decref(t->there);
	t->there = NULL;
	t->missing = false;
	forget_partitions(k, t);
}

void upkeep_first_dt(struct kept_table *t, const char *dt)
{
	if (t->first_dt[0] != '\0' && strcmp(dt, t->first_dt) >= 0)
		return;
	snprintf(t->first_dt, sizeof(t->first_dt), "%s", dt);
	t->differs = true;
}

/* There is a table: is it ours, and what has it? */
static int take(struct keeper *k, struct kept_table *t, json_t *table, struct error *e)
{
	const json_t *storage = json_object_get(table, "StorageDescriptor");
	struct table_definition d;
	char dt[TABLE_DT_SIZE];
	int rc;

	keeper_define(k, t, &d);
	rc = table_fits(table, &d, e);
	if (rc == 0 && table_first_dt(table, &d, dt))
		upkeep_first_dt(t, dt);
	definition_free(&d);
	if (rc < 0) {
		json_decref(table);
		return -1;
	}
	schema_merge_table(t->schema, json_object_get(storage, "Columns"),
			   json_object_get(json_object_get(storage, "SerdeInfo"), "Parameters"));
	t->there = table;
	t->differs = true;
	return 0;
}

/* It was read again: is it another one, or has it other columns than its partitions? */
static void compare(struct keeper *k, struct kept_table *t, const json_t *before)
{
	const json_t *made = json_object_get(before, "CreateTime");
	char was[TABLE_HASH], is[TABLE_HASH];

	table_hash(before, was);
	table_hash(t->there, is);
	if (made != NULL && !json_equal(made, json_object_get(t->there, "CreateTime")))
		forget_partitions(k, t);
	else if (strcmp(was, is) != 0)
		partitions_mend_anew(k, t);
}

int upkeep_read(struct keeper *k, struct kept_table *t, int64_t now_ms)
{
	json_t *before = t->there;
	struct error e;
	json_t *table;
	int rc;

	rc = catalog_get_table(&k->catalog, t->name, &table, &e);
	if (rc < 0)
		return failed(k, t, JOB_TABLE, &e, now_ms);
	t->there = NULL;
	t->missing = table == NULL;
	t->read_ms = now_ms;
	t->stale = false;
	rc = table != NULL ? take(k, t, table, &e) : 0;
	if (before != NULL && t->there != NULL)
		compare(k, t, before);
	json_decref(before);
	if (rc < 0) {
		forget_partitions(k, t);
		return failed(k, t, JOB_TABLE, &e, now_ms);
	}
	worked(k, t, JOB_TABLE);
	return 0;
}

static bool is_known(const struct kept_table *t)
{
	json_t *columns = schema_columns(t->schema);
	bool known = json_array_size(columns) > 0;

	json_decref(columns);
	return known;
}

static int make_database(struct keeper *k, struct error *e)
{
	const char *name = k->settings->glue_database;
	json_t *in =
		mem_must(json_pack("{s{ss ss}}", "DatabaseInput", "Name", name, "Description", "Landed by kafka2s3"));

	if (catalog_call(&k->catalog, "CreateDatabase", in, NULL, e) < 0)
		return catalog_said(&k->catalog, "AlreadyExistsException") ? 0 : -1;
	log_event(MESSAGE_TABLE_MADE, NULL, 0, "the Glue database \"%s\" was made", name);
	return 0;
}

static int create(struct keeper *k, const struct table_definition *d, struct error *e)
{
	json_t *in = mem_must(
		json_pack("{ss so}", "DatabaseName", k->settings->glue_database, "TableInput", definition_input(d)));

	return catalog_call(&k->catalog, "CreateTable", in, NULL, e);
}

/* Whoever may not make one can be given one. */
static bool is_there(struct keeper *k, const struct kept_table *t)
{
	struct error e;
	json_t *table;
	bool there = catalog_get_table(&k->catalog, t->name, &table, &e) == 0 && table != NULL;

	json_decref(table);
	return there;
}

static void make(struct keeper *k, struct kept_table *t, int64_t now_ms)
{
	struct table_definition d;
	struct error e;
	int rc;

	keeper_define(k, t, &d);
	rc = create(k, &d, &e);
	if (rc < 0 && catalog_said(&k->catalog, "EntityNotFoundException")) {
		rc = make_database(k, &e);
		if (rc == 0)
			rc = create(k, &d, &e);
	}
	if (rc < 0 && catalog_said(&k->catalog, "InvalidInputException"))
		t->bare = true; /* it is tried again without what was learnt */
	if (rc == 0) {
		log_event(MESSAGE_TABLE_MADE, LOG_FIELDS(LOG_TEXT("DATABASE", d.database), LOG_TEXT("TABLE", t->name)),
			  "the Glue table \"%s.%s\" was made, with %zu columns", d.database, t->name, d.n_columns);
		k->shown.tables_made++;
	}
	definition_free(&d);
	if (rc < 0 && !catalog_said(&k->catalog, "AlreadyExistsException") && !is_there(k, t)) {
		failed(k, t, JOB_TABLE, &e, now_ms);
		return;
	}
	upkeep_forget(k, t);
	upkeep_read(k, t, now_ms);
}

static void tell_change(struct keeper *k, const struct kept_table *t, struct buf *words)
{
	const char *said = buf_str(words);

	k->shown.tables_changed++;
	log_event(MESSAGE_TABLE_CHANGED,
		  LOG_FIELDS(LOG_TEXT("DATABASE", k->settings->glue_database), LOG_TEXT("TABLE", t->name)),
		  "the Glue table \"%s.%s\" was changed: %.*s%s", k->settings->glue_database, t->name, WORDS_TOLD, said,
		  words->len > WORDS_TOLD ? "…" : "");
}

static int send_update(struct keeper *k, struct kept_table *t, json_t *input, struct error *e)
{
	const char *version = json_string_value(json_object_get(t->there, "VersionId"));
	json_t *in = mem_must(json_pack("{ss so sb}", "DatabaseName", k->settings->glue_database, "TableInput", input,
					"SkipArchive", 1));

	if (version != NULL)
		json_object_set_new(in, "VersionId", mem_must(json_string(version)));
	return catalog_call(&k->catalog, "UpdateTable", in, NULL, e);
}

static void settle(struct kept_table *t)
{
	t->compared = schema_changes(t->schema);
	t->differs = false;
}

static void update(struct keeper *k, struct kept_table *t, json_t *input, struct buf *words, int64_t now_ms)
{
	struct error e;

	if (send_update(k, t, input, &e) == 0) {
		worked(k, t, JOB_GROW);
		tell_change(k, t, words);
		t->next_update_ms = now_ms + UPDATE_EVERY_MS;
		upkeep_read(k, t, now_ms);
		return;
	}
	/* What Glue cannot take it is not told again, until there is something else to say: it keeps what it took. */
	if (catalog_said(&k->catalog, "InvalidInputException"))
		settle(t);
	failed(k, t, JOB_GROW, &e, now_ms);
	if (e.action == ERROR_RETRY || catalog_said(&k->catalog, "EntityNotFoundException"))
		upkeep_read(k, t, now_ms);
}

static bool grow(struct keeper *k, struct kept_table *t, int64_t now_ms)
{
	struct table_definition d;
	struct buf words;
	json_t *input;

	buf_init(&words, WORDS_MAX);
	keeper_define(k, t, &d);
	input = table_grown(t->there, &d, &words);
	definition_free(&d);
	if (input != NULL) {
		update(k, t, input, &words, now_ms);
	} else {
		settle(t);
	}
	buf_free(&words);
	return input != NULL;
}

bool upkeep_step(struct keeper *k, struct kept_table *t, int64_t now_ms)
{
	if (now_ms < t->attempts[JOB_TABLE].next_ms)
		return false;
	/* Those who wait for a table that could not be read want nothing of it until it was. */
	if (t->there == NULL ? !t->missing : t->attempts[JOB_TABLE].failures > 0) {
		upkeep_read(k, t, now_ms);
		return true;
	}
	if (t->there == NULL) {
		if (now_ms < t->known_ms + SETTLE_MS || (!t->wanted && !is_known(t)))
			return false;
		make(k, t, now_ms);
		return true;
	}
	if (now_ms < t->next_update_ms || now_ms < t->attempts[JOB_GROW].next_ms ||
	    (!t->differs && t->compared == schema_changes(t->schema)))
		return false;
	return grow(k, t, now_ms);
}
