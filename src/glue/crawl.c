/* SPDX-License-Identifier: Apache-2.0 */
/* A crawler that is told when there are new folders: made with a target for each table where the settings name a role
 * for it, given the targets that it lacks, and started, at most so often. Nothing waits for it. Source: aws.md 3.4. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "glue/keeper.h"

#define RUNNING_MS 60000
#define CONFIGURATION                                                                           \
	"{\"Version\":1.0,\"Grouping\":{\"TableGroupingPolicy\":\"CombineCompatibleSchemas\"}," \
	"\"CrawlerOutput\":{\"Partitions\":{\"AddOrUpdateBehavior\":\"InheritFromTable\"},"     \
	"\"Tables\":{\"AddOrUpdateBehavior\":\"MergeNewColumns\"}}}"

static json_t *named(const struct keeper *k)
{
	return mem_must(json_pack("{ss}", "Name", k->settings->glue_crawler));
}

/* The folder itself, or one that holds it. */
static bool has_target(const json_t *targets, const char *path)
{
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)targets, i, row) {
		const char *p = json_string_value(json_object_get(row, "Path"));

		if (p != NULL && p[0] != '\0' && strncmp(p, path, strlen(p)) == 0 &&
		    (p[strlen(p) - 1] == '/' || path[strlen(p)] == '/'))
			return true;
	}
	return false;
}

/* Adds what is missing; how many were. */
static size_t add_targets(const struct keeper *k, json_t *targets)
{
	size_t n = 0;

	for (const struct kept_table *t = k->tables; t != NULL; t = t->next) {
		char folder[KEY_MAX + 1], *path;

		definition_folder(t->settings, t->name, 0, false, folder);
		path = mem_printf("s3://%s/%s", k->settings->s3_bucket, folder);
		if (!has_target(targets, path)) {
			json_array_append_new(targets, mem_must(json_pack("{ss}", "Path", path)));
			n++;
		}
		free(path);
	}
	return n;
}

static int make(struct keeper *k, struct error *e)
{
	json_t *in = named(k), *targets = mem_must(json_array());
	size_t n = add_targets(k, targets);

	json_object_update_new(in, mem_must(json_pack("{ss ss s{so} s{ss ss} s{ss} ss}", "Role",
						      k->settings->glue_crawler_role, "DatabaseName",
						      k->settings->glue_database, "Targets", "S3Targets", targets,
						      "SchemaChangePolicy", "UpdateBehavior", "UPDATE_IN_DATABASE",
						      "DeleteBehavior", "LOG", "RecrawlPolicy", "RecrawlBehavior",
						      "CRAWL_EVERYTHING", "Configuration", CONFIGURATION)));
	if (catalog_call(&k->catalog, "CreateCrawler", in, NULL, e) < 0)
		return -1;
	log_event(MESSAGE_TABLE_MADE, NULL, 0, "the Glue crawler \"%s\" was made, for %zu tables",
		  k->settings->glue_crawler, n);
	return 0;
}

/* The crawler's own targets stay, of other kinds too. */
static int extend(struct keeper *k, const json_t *crawler, struct error *e)
{
	json_t *targets = json_deep_copy(json_object_get(crawler, "Targets")), *list, *in;
	size_t n;

	if (targets == NULL)
		targets = mem_must(json_object());
	if (!json_is_array(json_object_get(targets, "S3Targets")))
		json_object_set_new(targets, "S3Targets", mem_must(json_array()));
	list = json_object_get(targets, "S3Targets");
	n = add_targets(k, list);
	if (n == 0 || k->settings->glue_crawler_role[0] == '\0') {
		json_decref(targets);
		return 0;
	}
	in = named(k);
	json_object_set_new(in, "Targets", targets);
	if (catalog_call(&k->catalog, "UpdateCrawler", in, NULL, e) < 0)
		return -1;
	log_event(MESSAGE_TABLE_CHANGED, NULL, 0, "the Glue crawler \"%s\" has %zu more tables to look at",
		  k->settings->glue_crawler, n);
	return 0;
}

/* 1: there is none yet, and nothing to make one for. */
static int look(struct keeper *k, struct error *e)
{
	json_t *answer;
	int rc;

	if (catalog_call(&k->catalog, "GetCrawler", named(k), &answer, e) == 0) {
		rc = extend(k, json_object_get(answer, "Crawler"), e);
		json_decref(answer);
		return rc;
	}
	if (!catalog_said(&k->catalog, "EntityNotFoundException"))
		return -1;
	if (k->settings->glue_crawler_role[0] == '\0')
		return error_set(e, ERROR_GIVE_UP, 0,
				 "there is none; make it, or give glue.crawler_role to have it made");
	return k->n_tables == 0 ? 1 : make(k, e);
}

static int start(struct keeper *k, int64_t now_ms, struct error *e)
{
	struct crawl *c = &k->crawl;

	if (catalog_call(&k->catalog, "StartCrawler", named(k), NULL, e) == 0) {
		c->wanted = false;
		c->next_ms = now_ms + k->settings->glue_crawler_interval_ms;
		k->shown.crawls++;
		log_info("the Glue crawler \"%s\" was started", k->settings->glue_crawler);
		return 0;
	}
	/* What it looks at may not be what is new. */
	c->next_ms = now_ms + RUNNING_MS;
	return catalog_said(&k->catalog, "CrawlerRunningException") ? 0 : -1;
}

bool crawl_step(struct keeper *k, int64_t now_ms)
{
	struct crawl *c = &k->crawl;
	bool looks = !c->made || c->n_targets != k->n_tables;
	struct error e;
	char *what;
	int rc;

	if (k->settings->catalog != CATALOG_CRAWLER || now_ms < c->attempt.next_ms ||
	    (!looks && (!c->wanted || now_ms < c->next_ms)))
		return false;
	what = mem_printf("crawler \"%s\"", k->settings->glue_crawler);
	rc = looks ? look(k, &e) : start(k, now_ms, &e);
	if (looks && rc == 0) {
		c->made = true;
		c->n_targets = k->n_tables;
	}
	if (rc >= 0)
		keeper_worked(k, NULL, &c->attempt, what);
	else if (catalog_said(&k->catalog, "CrawlerRunningException"))
		c->attempt.next_ms = now_ms + RUNNING_MS;
	else
		keeper_failed(k, NULL, &c->attempt, what, &e, now_ms);
	if (rc > 0)
		c->attempt.next_ms = now_ms + 1000; /* until there is a table */
	free(what);
	return true;
}
