/* SPDX-License-Identifier: Apache-2.0 */
/* The Data Catalog: what the daemon keeps there, and what an analyst reads of it, with Athena beside.
 * Source: Service authorization reference, AWS Glue and Amazon Athena; aws.md 6. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "policy/draft.h"

static const char *account(struct draft *d)
{
	const char *id = d->settings->glue_catalog_id;

	return id[0] != '\0' ? id : draft_account(d);
}

static const char *region(struct draft *d)
{
	const char *own = d->settings->glue_region;

	return own[0] != '\0' ? own : draft_region(d);
}

static void add(struct draft *d, json_t *list, const char *what)
{
	draft_add(list, mem_printf("arn:%s:glue:%s:%s:%s", d->partition, region(d), account(d), what));
}

static void add_table(struct draft *d, json_t *list, const char *table)
{
	char *what = mem_printf("table/%s/%s", d->settings->glue_database, table);

	add(d, list, what);
	free(what);
}

/* Who creates or reads something needs the right on what holds it, too. */
static json_t *database(struct draft *d)
{
	char *what = mem_printf("database/%s", d->settings->glue_database);
	json_t *list = json_array();

	add(d, list, "catalog");
	add(d, list, what);
	free(what);
	return list;
}

/* By name, where the settings name the topics. */
static json_t *tables(struct draft *d)
{
	const struct settings *s = d->settings;
	json_t *list = database(d);
	bool named = true;

	for (size_t i = 0; i < s->kafka_topics.n; i++)
		named = named && s->kafka_topics.items[i][0] != '^';
	if (!named) {
		add_table(d, list, "*");
		return list;
	}
	for (size_t i = 0; i < s->kafka_topics.n; i++) {
		const char *topic = s->kafka_topics.items[i];
		char *table = settings_table_name(settings_for_topic(s, topic), topic);

		add_table(d, list, table);
		free(table);
	}
	return list;
}

static void allow_tables(struct draft *d)
{
	static const char *const base[] = { "glue:CreateDatabase", NULL };
	static const char *const keep[] = { "glue:GetTable", "glue:CreateTable", "glue:UpdateTable", NULL };
	static const char *const partitions[] = {
		"glue:BatchCreatePartition",
		"glue:BatchGetPartition",
		"glue:GetPartitions",
		"glue:BatchUpdatePartition",
		NULL,
	};

	draft_allow(d, "Database", base, database(d), NULL);
	draft_allow(d, "Tables", keep, tables(d), NULL);
	if (d->settings->glue_partitions == GLUE_PARTITIONS_REGISTERED)
		draft_allow(d, "Partitions", partitions, tables(d), NULL);
}

static json_t *one(char *arn)
{
	json_t *list = json_array();

	draft_add(list, arn);
	return list;
}

/* A role by its ARN, or by its name. */
static char *role_arn(struct draft *d, const char *role)
{
	if (strncmp(role, "arn:", 4) == 0)
		return mem_strdup(role);
	return mem_printf("arn:%s:iam::%s:role/%s", d->partition, draft_account(d), role);
}

static void allow_crawler(struct draft *d)
{
	static const char *const start[] = { "glue:GetCrawler", "glue:StartCrawler", NULL };
	static const char *const create[] = { "glue:CreateCrawler", "glue:UpdateCrawler", NULL };
	static const char *const pass[] = { "iam:PassRole", NULL };
	const struct settings *s = d->settings;
	char *what = mem_printf("crawler/%s", s->glue_crawler);
	json_t *crawler = json_array();

	add(d, crawler, what);
	free(what);
	draft_allow(d, "Crawl", start, json_incref(crawler), NULL);
	if (s->glue_crawler_role[0] != '\0') {
		draft_allow(d, "MakeCrawler", create, json_incref(crawler), NULL);
		draft_allow(d, "PassCrawlerRole", pass, one(role_arn(d, s->glue_crawler_role)),
			    json_pack("{s:{s:s}}", "StringEquals", "iam:PassedToService", "glue.amazonaws.com"));
	}
	json_decref(crawler);
}

void draft_glue(struct draft *d)
{
	if (d->settings->catalog == CATALOG_TABLE)
		allow_tables(d);
	else if (d->settings->catalog == CATALOG_CRAWLER)
		allow_crawler(d);
	if (d->settings->catalog != CATALOG_NONE)
		buf_adds(d->notes,
			 "an account with Lake Formation has to grant the database and its place there, too\n");
}

static void allow_results(struct draft *d)
{
	static const char *const objects[] = { "s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload",
					       "s3:ListMultipartUploadParts", NULL };
	static const char *const place[] = { "s3:GetBucketLocation", "s3:ListBucket", NULL };
	static const char scheme[] = "s3://";
	const char *output = d->settings->athena_output;
	char *bucket, *pattern;
	size_t len;

	if (strncmp(output, scheme, sizeof(scheme) - 1) != 0) {
		buf_adds(
			d->notes,
			"athena.output is empty: s3:PutObject, s3:GetObject, s3:AbortMultipartUpload, "
			"s3:ListMultipartUploadParts, s3:ListBucket and s3:GetBucketLocation on the result location of "
			"the workgroup are not among these, unless Athena manages the results\n");
		return;
	}
	output += sizeof(scheme) - 1;
	len = strcspn(output, "/");
	bucket = mem_printf("%.*s", (int)len, output);
	output += len + (output[len] == '/');
	pattern = mem_printf("%s%s*", output, output[0] != '\0' && output[strlen(output) - 1] != '/' ? "/" : "");
	draft_allow(d, "Results", objects, one(draft_s3_arn(d, bucket, pattern)), NULL);
	draft_allow(d, "ResultsPlace", place, one(draft_s3_arn(d, bucket, NULL)), NULL);
	free(pattern);
	free(bucket);
}

void draft_analyst(struct draft *d)
{
	static const char *const ask[] = { "athena:StartQueryExecution", "athena:StopQueryExecution",
					   "athena:GetQueryExecution",   "athena:GetQueryResults",
					   "athena:GetWorkGroup",        NULL };
	static const char *const read[] = { "glue:GetDatabase",       "glue:GetDatabases",
					    "glue:GetTable",          "glue:GetTables",
					    "glue:GetPartition",      "glue:GetPartitions",
					    "glue:BatchGetPartition", NULL };
	const struct settings *s = d->settings;
	json_t *catalog = database(d);

	draft_allow(d, "Queries", ask,
		    one(mem_printf("arn:%s:athena:%s:%s:workgroup/%s", d->partition, region(d), draft_account(d),
				   s->athena_workgroup)),
		    NULL);
	add_table(d, catalog, "*");
	draft_allow(d, "Catalog", read, catalog, NULL);
	allow_results(d);
}
