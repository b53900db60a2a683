/* SPDX-License-Identifier: Apache-2.0 */
/* The list of tables, and what becomes of attempts: when to try again, what to tell, and whether those who wait for
 * partitions of a table are to know. */
#include "glue/keeper.h"

#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#define PASSING_MS 30000
#define TOLD_EVERY_MS 60000
#define PERSON_FLOOR_MS 5000

bool keeper_registers(const struct keeper *k)
{
	return k->settings->catalog == CATALOG_TABLE && k->settings->glue_partitions == GLUE_PARTITIONS_REGISTERED;
}

struct kept_table *keeper_find(const struct keeper *k, const char *name)
{
	struct kept_table *t = k->tables;

	while (t != NULL && strcmp(t->name, name) != 0)
		t = t->next;
	return t;
}

struct kept_table *keeper_table(struct keeper *k, const char *name, const char *topic, int64_t now_ms)
{
	struct kept_table *t = keeper_find(k, name), **end = &k->tables;

	if (t != NULL)
		return t;
	while (*end != NULL)
		end = &(*end)->next;
	t = *end = mem_zalloc(sizeof(*t));
	t->settings = settings_for_topic(k->settings, topic);
	t->name = mem_strdup(name);
	t->schema = schema_new(t->settings);
	t->known_ms = now_ms;
	t->folders_due = k->settings->catalog == CATALOG_TABLE;
	t->mend_due = keeper_registers(k);
	t->differs = true;
	k->n_tables++;
	return t;
}

void keeper_free_tables(struct keeper *k)
{
	while (k->tables != NULL) {
		struct kept_table *t = k->tables;

		k->tables = t->next;
		for (int i = 0; i < JOBS; i++)
			free(t->attempts[i].why);
		folders_forget(t);
		free(t->mend_page);
		json_decref(t->there);
		schema_free(t->schema);
		free(t->name);
		free(t);
	}
}

/* Projection that begins after today finds nothing at all. */
static const char *first_day(const struct kept_table *t, char today[KEY_SLOT_TEXT + 1])
{
	char hour[KEY_SLOT_TEXT + 1];

	key_slot_texts(slot_of(PARTITION_BY_DAY, clock_real_ms()), today, hour);
	return t->first_dt[0] != '\0' && strcmp(t->first_dt, today) < 0 ? t->first_dt : today;
}

void keeper_define(const struct keeper *k, const struct kept_table *t, struct table_definition *d)
{
	struct schema *bare = t->bare ? schema_new(t->settings) : NULL, *schema = bare != NULL ? bare : t->schema;
	json_t *columns, *serde;
	char today[KEY_SLOT_TEXT + 1];

	schema_add_metadata(schema);
	columns = schema_columns(schema);
	serde = schema_serde(schema);
	definition_init(d, k->settings, t->settings, t->name, first_day(t, today));
	definition_columns(d, columns, serde);
	json_decref(columns);
	json_decref(serde);
	schema_free(bare);
}

/* Whoever waits for partitions goes on with other tables, as soon as this one is known not to get any. */
static void tell_registry(struct keeper *k, const struct kept_table *t)
{
	const struct attempt *a = &t->attempts[JOB_TABLE];

	if (!a->lasting)
		a = &t->attempts[JOB_REGISTER];
	registry_trouble(k->registry, t->name, a->lasting ? a->why : NULL);
}

void keeper_worked(struct keeper *k, struct kept_table *t, struct attempt *a, const char *what)
{
	bool was_lasting = a->lasting;

	if (a->told_ms != 0)
		log_event(MESSAGE_CATALOG_BACK, NULL, 0, "%s: it works again", what);
	free(a->why);
	*a = (struct attempt){ 0 };
	if (t != NULL && was_lasting)
		tell_registry(k, t);
}

void keeper_failed(struct keeper *k, struct kept_table *t, struct attempt *a, const char *what, const struct error *e,
		   int64_t now_ms)
{
	bool passes = e->action == ERROR_RETRY;

	if (a->failures++ == 0)
		a->since_ms = now_ms;
	a->next_ms = now_ms + backoff_ms(&k->seed, a->failures, passes ? 0 : PERSON_FLOOR_MS);
	free(a->why);
	a->why = mem_strdup(e->text);
	a->lasting = !passes || now_ms >= a->since_ms + PASSING_MS;
	if (t != NULL)
		tell_registry(k, t);
	if (!a->lasting || (a->told_ms != 0 && now_ms < a->told_ms + TOLD_EVERY_MS))
		return;
	a->told_ms = now_ms;
	log_event(MESSAGE_CATALOG_TROUBLE, LOG_FIELDS(LOG_TEXT("TABLE", t != NULL ? t->name : "")), "%s: %s", what,
		  e->text);
}
