/* SPDX-License-Identifier: Apache-2.0 */
/* Glue, where the settings have it kept: whether it answers to these credentials, and what it has of the tables and the
 * crawler. It is read only: what the daemon would make is not made here. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "check/preflight.h"
#include "glue/catalog.h"

#define TABLES_MAX 16

struct catalog_probe {
	struct preflight *p;
	struct data_catalog catalog;
	struct error e;
};

/* Neither "there" nor "not there" was the answer. */
static void tell(struct catalog_probe *c, const char *name)
{
	lines_add(&c->p->lines, c->e.action == ERROR_RETRY ? OUTCOME_UNPROVED : OUTCOME_FAILED, name,
		  "%s; check glue.region and glue.endpoint, and grant what \"kafka2s3 iam-policy\" prints", c->e.text);
}

/* 1: it is there, 0: it is not, -1: it cannot be asked for, which is said. */
static int has_table(struct catalog_probe *c, const char *topic)
{
	char *table = settings_table_name(settings_for_topic(c->p->settings, topic), topic);
	json_t *found;
	int rc = catalog_get_table(&c->catalog, table, &found, &c->e);

	free(table);
	if (rc < 0)
		tell(c, "catalog");
	if (found == NULL)
		return rc;
	json_decref(found);
	return 1;
}

static void probe_tables(struct catalog_probe *c)
{
	const struct group_partitions *all = &c->p->partitions;
	size_t there = 0, absent = 0, more = 0;
	struct lines *l = &c->p->lines;

	for (size_t i = 0; i < all->n; i++) {
		int found;

		if (all->items[i].partition != 0)
			continue;
		if (there + absent == TABLES_MAX) {
			more++;
			continue;
		}
		found = has_table(c, all->items[i].topic);
		if (found < 0)
			return;
		there += found == 1;
		absent += found == 0;
	}
	if (there > 0)
		lines_add(l, OUTCOME_OK, "catalog",
			  "Glue has %zu tables of these topics in database \"%s\" (glue:GetTable)", there,
			  c->p->settings->glue_database);
	if (absent > 0)
		lines_add(
			l, OUTCOME_UNPROVED, "catalog",
			"Glue answers, and lacks %zu tables in database \"%s\": the daemon makes them, and whether it may "
			"(glue:CreateTable) is not tried",
			absent, c->p->settings->glue_database);
	if (more > 0 || there + absent == 0)
		lines_add(l, OUTCOME_UNPROVED, "catalog", "the tables of %zu topics were not asked for", more);
}

static void probe_crawler(struct catalog_probe *c)
{
	const struct settings *s = c->p->settings;
	struct lines *l = &c->p->lines;
	int rc = catalog_call(&c->catalog, "GetCrawler", mem_must(json_pack("{s:s}", "Name", s->glue_crawler)), NULL,
			      &c->e);
	bool absent = rc < 0 && catalog_said(&c->catalog, "EntityNotFoundException");

	if (rc == 0)
		lines_add(l, OUTCOME_OK, "crawler", "Glue has the crawler \"%s\"", s->glue_crawler);
	else if (absent && s->glue_crawler_role[0] == '\0')
		lines_add(l, OUTCOME_FAILED, "crawler",
			  "there is no crawler \"%s\": create it, or set glue.crawler_role to have it made",
			  s->glue_crawler);
	else if (absent)
		lines_add(
			l, OUTCOME_UNPROVED, "crawler",
			"there is no crawler \"%s\" yet: the daemon makes it, and whether it may (glue:CreateCrawler, "
			"iam:PassRole) is not tried",
			s->glue_crawler);
	else
		tell(c, "crawler");
}

void probe_catalog(struct preflight *p)
{
	struct catalog_probe c = { .p = p };

	if (p->settings->catalog == CATALOG_NONE)
		return;
	if (p->provider == NULL || p->no_credentials) {
		lines_add(&p->lines, OUTCOME_UNPROVED, "catalog", "there are no credentials");
		return;
	}
	if (catalog_open(&c.catalog, p->settings, p->provider, &c.e) < 0) {
		lines_add(&p->lines, OUTCOME_FAILED, "catalog", "%s", c.e.text);
		return;
	}
	if (p->settings->catalog == CATALOG_CRAWLER)
		probe_crawler(&c);
	else
		probe_tables(&c);
	catalog_close(&c.catalog);
}
