/* SPDX-License-Identifier: Apache-2.0 */
/* Glue, where the settings have it kept: whether it answers to these credentials, and what it has of the tables and the
 * crawler. It is read only: what the daemon would make is not made here. */
#include <stdlib.h>
#include <string.h>

#include "aws/region.h"
#include "aws/service.h"
#include "base/mem.h"
#include "check/preflight.h"

#define TABLES_MAX 16

struct catalog_probe {
	struct preflight *p;
	struct aws_service *service;
	struct aws_fault fault;
	struct error e;
};

static int open_service(struct catalog_probe *c)
{
	const struct settings *s = c->p->settings;
	char *region = s->glue_region[0] != '\0' ? mem_strdup(s->glue_region) : region_resolve(s);
	const struct aws_service_options o = { .service = "glue",
					       .region = region,
					       .endpoint = s->glue_endpoint,
					       .ca_file = s->s3_ca_file,
					       .proxy = s->s3_proxy,
					       .provider = c->p->provider };

	c->service = aws_service_new(&o, &c->e);
	free(region);
	return c->service != NULL ? 0 : -1;
}

static int ask(struct catalog_probe *c, const char *target, json_t *in)
{
	json_t *out = NULL;
	int rc = aws_service_call(c->service, target, in, &out, &c->fault, &c->e);

	json_decref(in);
	json_decref(out);
	return rc;
}

/* A name that is not there is an answer. */
static bool is_absent(const struct catalog_probe *c)
{
	return strcmp(c->fault.code, "EntityNotFoundException") == 0;
}

static void fail(struct catalog_probe *c, const char *action)
{
	lines_add(&c->p->lines, c->e.action == ERROR_RETRY ? OUTCOME_UNPROVED : OUTCOME_FAILED, "catalog",
		  "%s: %s; check glue.region and glue.endpoint, and grant what \"kafka2s3 iam-policy\" prints", action,
		  c->e.text);
}

/* 1: it is there, 0: it is not, -1: it cannot be asked for, which is said. */
static int has_table(struct catalog_probe *c, const char *topic)
{
	const struct settings *s = c->p->settings;
	char *table = settings_table_name(settings_for_topic(s, topic), topic);
	json_t *in = mem_must(json_pack("{s:s,s:s}", "DatabaseName", s->glue_database, "Name", table));
	int rc;

	if (s->glue_catalog_id[0] != '\0' &&
	    json_object_set_new(in, "CatalogId", mem_must(json_string(s->glue_catalog_id))) != 0)
		mem_must(NULL);
	free(table);
	rc = ask(c, "AWSGlue.GetTable", in);
	if (rc == 0 || is_absent(c))
		return rc == 0;
	fail(c, "glue:GetTable");
	return -1;
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
	int rc = ask(c, "AWSGlue.GetCrawler", mem_must(json_pack("{s:s}", "Name", s->glue_crawler)));

	if (rc == 0)
		lines_add(l, OUTCOME_OK, "crawler", "Glue has the crawler \"%s\"", s->glue_crawler);
	else if (is_absent(c) && s->glue_crawler_role[0] == '\0')
		lines_add(l, OUTCOME_FAILED, "crawler",
			  "there is no crawler \"%s\": create it, or set glue.crawler_role to have it made",
			  s->glue_crawler);
	else if (is_absent(c))
		lines_add(
			l, OUTCOME_UNPROVED, "crawler",
			"there is no crawler \"%s\" yet: the daemon makes it, and whether it may (glue:CreateCrawler, "
			"iam:PassRole) is not tried",
			s->glue_crawler);
	else
		lines_add(
			l, OUTCOME_UNPROVED, "crawler",
			"whether the crawler \"%s\" is there cannot be read (glue:GetCrawler, which the daemon does not need): %s",
			s->glue_crawler, c->e.text);
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
	if (open_service(&c) < 0) {
		lines_add(&p->lines, OUTCOME_FAILED, "catalog", "%s", c.e.text);
		return;
	}
	if (p->settings->catalog == CATALOG_CRAWLER)
		probe_crawler(&c);
	else
		probe_tables(&c);
	aws_service_free(c.service);
}
