/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GLUE_FAKE_GLUE_H
#define GLUE_FAKE_GLUE_H

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/service.h"
#include "base/log.h"
#include "base/mem.h"
#include "glue/keeper.h"
#include "store/s3.h"

/* A double of aws/service.h and store/s3.h for tests of what the glue thread does: a database of tables in memory and a
 * bucket of keys, which answer at once; included by one file of a test program. What goes wrong, the test says. */

#define FAKE_KEY "{prefix}/{table}/dt={dt}/hour={hour}/{topic}+{partition}+{start}+{id}.{ext}"
#define FAKE_HOUR INT64_C(3600000)
#define FAKE_DAY (24 * FAKE_HOUR)

struct aws_service {
	json_t *tables;      /* name: {"Table": …, "Partitions": {"2026-01-31/07": …}} */
	json_int_t made;     /* tables so far */
	json_t *counts;      /* action: calls */
	size_t largest;      /* batch that was asked for */
	const char *refused; /* "*": each action */
	const char *code;    /* it is refused with this one, "" for no answer, */
	enum error_action then;
	int times;  /* so often */
	bool works; /* and done all the same: the answer is lost */
	/* What else an answer says; NULL: nothing. */
	void (*edit)(const char *action, json_t *answer);
};

struct fake_action {
	const char *name;
	/* NULL: refused with a code. */
	json_t *(*answer)(struct aws_service *a, const json_t *in, const char **code);
};

static const char *fake_text(const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s != NULL ? s : "";
}

static json_t *fake_entry(const struct aws_service *a, const json_t *in, const char **code)
{
	const char *name = fake_text(in, json_object_get(in, "TableName") != NULL ? "TableName" : "Name");
	json_t *entry = json_object_get(a->tables, name);

	if (entry == NULL)
		*code = "EntityNotFoundException";
	return entry;
}

/* "2026-01-31/07" */
static char *fake_values(const json_t *values)
{
	return mem_printf("%s/%s", json_string_value(json_array_get(values, 0)),
			  json_string_value(json_array_get(values, 1)));
}

static json_t *fake_partition(const json_t *entry, const json_t *values)
{
	char *key = fake_values(values);
	json_t *there = json_object_get(json_object_get(entry, "Partitions"), key);

	free(key);
	return there;
}

static void fake_put(json_t *entry, const json_t *values, json_t *partition)
{
	char *key = fake_values(values);

	json_object_set(json_object_get(entry, "Partitions"), key, partition);
	free(key);
}

static json_t *fake_get_table(struct aws_service *a, const json_t *in, const char **code)
{
	json_t *entry = fake_entry(a, in, code);

	return entry != NULL ? json_pack("{so}", "Table", json_deep_copy(json_object_get(entry, "Table"))) : NULL;
}

static void fake_make(struct aws_service *a, json_t *input)
{
	json_object_set_new(input, "VersionId", json_string("0"));
	json_object_set_new(input, "CreateTime", json_integer(++a->made));
	json_object_set_new(a->tables, fake_text(input, "Name"), json_pack("{so s{}}", "Table", input, "Partitions"));
}

static json_t *fake_create_table(struct aws_service *a, const json_t *in, const char **code)
{
	const json_t *input = json_object_get(in, "TableInput");

	if (json_object_get(a->tables, fake_text(input, "Name")) != NULL) {
		*code = "AlreadyExistsException";
		return NULL;
	}
	fake_make(a, json_deep_copy(input));
	return json_object();
}

static json_t *fake_update_table(struct aws_service *a, const json_t *in, const char **code)
{
	json_t *input = json_deep_copy(json_object_get(in, "TableInput"));
	json_t *entry = json_object_get(a->tables, fake_text(input, "Name"));

	(void)code;
	json_object_set(input, "VersionId", json_object_get(json_object_get(entry, "Table"), "VersionId"));
	json_object_set(input, "CreateTime", json_object_get(json_object_get(entry, "Table"), "CreateTime"));
	json_object_set_new(entry, "Table", input);
	return json_object();
}

static json_t *fake_error(const json_t *values, const char *code)
{
	return json_pack("{sO s{ss ss}}", "PartitionValues", values, "ErrorDetail", "ErrorCode", code, "ErrorMessage",
			 "as the test says");
}

static json_t *fake_create_partitions(struct aws_service *a, const json_t *in, const char **code)
{
	json_t *entry = fake_entry(a, in, code), *errors, *row;
	size_t i;

	if (entry == NULL)
		return NULL;
	errors = json_array();
	json_array_foreach(json_object_get(in, "PartitionInputList"), i, row) {
		json_t *values = json_object_get(row, "Values");

		if (fake_partition(entry, values) != NULL)
			json_array_append_new(errors, fake_error(values, "AlreadyExistsException"));
		else
			fake_put(entry, values, row);
	}
	return json_pack("{so}", "Errors", errors);
}

static json_t *fake_get_some(struct aws_service *a, const json_t *in, const char **code)
{
	json_t *entry = fake_entry(a, in, code), *found = json_array(), *row;
	size_t i;

	json_array_foreach(json_object_get(in, "PartitionsToGet"), i, row) {
		json_t *there = fake_partition(entry, json_object_get(row, "Values"));

		if (there != NULL)
			json_array_append(found, there);
	}
	return json_pack("{so s[]}", "Partitions", found, "UnprocessedKeys");
}

static json_t *fake_get_page(struct aws_service *a, const json_t *in, const char **code)
{
	json_t *entry = fake_entry(a, in, code), *rows, *answer, *row;
	size_t at = 0, first = strtoul(fake_text(in, "NextToken"), NULL, 10);
	size_t end = first + (size_t)json_integer_value(json_object_get(in, "MaxResults"));
	const char *key;

	if (entry == NULL)
		return NULL;
	rows = json_array();
	json_object_foreach(json_object_get(entry, "Partitions"), key, row) {
		if (at >= first && at < end)
			json_array_append(rows, row);
		at++;
	}
	answer = json_pack("{so}", "Partitions", rows);
	if (end < at) {
		char *token = mem_printf("%zu", end);

		json_object_set_new(answer, "NextToken", json_string(token));
		free(token);
	}
	return answer;
}

static json_t *fake_update_partitions(struct aws_service *a, const json_t *in, const char **code)
{
	json_t *entry = fake_entry(a, in, code), *row;
	size_t i;

	json_array_foreach(json_object_get(in, "Entries"), i, row) {
		fake_put(entry, json_object_get(row, "PartitionValueList"), json_object_get(row, "PartitionInput"));
	}
	return json_pack("{s[]}", "Errors");
}

static const struct fake_action fake_actions[] = {
	{ "GetTable", fake_get_table },
	{ "CreateTable", fake_create_table },
	{ "UpdateTable", fake_update_table },
	{ "BatchCreatePartition", fake_create_partitions },
	{ "BatchGetPartition", fake_get_some },
	{ "GetPartitions", fake_get_page },
	{ "BatchUpdatePartition", fake_update_partitions },
};

static void fake_count(struct aws_service *a, const char *action, const json_t *in)
{
	static const char *const batches[] = { "PartitionInputList", "PartitionsToGet", "Entries" };
	json_int_t n = json_integer_value(json_object_get(a->counts, action));

	json_object_set_new(a->counts, action, json_integer(n + 1));
	for (size_t i = 0; i < sizeof(batches) / sizeof(batches[0]); i++) {
		size_t size = json_array_size(json_object_get(in, batches[i]));

		if (size > a->largest)
			a->largest = size;
	}
}

static bool fake_refuses(struct aws_service *a, const char *action)
{
	if (a->times == 0 || (strcmp(a->refused, "*") != 0 && strcmp(a->refused, action) != 0))
		return false;
	a->times--;
	return true;
}

static int fake_say(struct aws_fault *f, const char *code, enum error_action then, struct error *e)
{
	snprintf(f->code, sizeof(f->code), "%s", code);
	return error_set(e, then, 0, "as the test says: %s", code);
}

/* ---- aws/service.h */

int aws_service_call(struct aws_service *a, const char *target, const json_t *in, json_t **out, struct aws_fault *f,
		     struct error *e)
{
	const char *action = target + strlen("AWSGlue."), *code = "";
	size_t i = 0;
	bool refuses = fake_refuses(a, action);

	*f = (struct aws_fault){ 0 };
	*out = NULL;
	fake_count(a, action, in);
	while (i < sizeof(fake_actions) / sizeof(fake_actions[0]) && strcmp(fake_actions[i].name, action) != 0)
		i++;
	assert(i < sizeof(fake_actions) / sizeof(fake_actions[0]));
	if (!refuses || a->works)
		*out = fake_actions[i].answer(a, in, &code);
	if (refuses) {
		json_decref(*out);
		*out = NULL;
		return fake_say(f, a->code, a->then, e);
	}
	if (*out == NULL)
		return fake_say(f, code, ERROR_GIVE_UP, e);
	if (a->edit != NULL)
		a->edit(action, *out);
	return 0;
}

struct aws_service *aws_service_new(const struct aws_service_options *o, struct error *e)
{
	(void)o;
	(void)e;
	abort();
}

void aws_service_free(struct aws_service *a)
{
	(void)a;
	abort();
}

static inline int fake_calls(const struct aws_service *a, const char *action)
{
	return (int)json_integer_value(json_object_get(a->counts, action));
}

/* ---- store/s3.h: a bucket that can be listed */

struct s3 {
	const char *const *keys; /* sorted, and ended by NULL */
	size_t page;             /* rows of an answer */
	int lists, fails;        /* fails: the next so many */
	struct s3_call *done;
};

static bool fake_same_folder(const char *a, const char *b, size_t prefix)
{
	size_t len = prefix + strcspn(a + prefix, "/");

	return a[len] == '/' && strncmp(a, b, len + 1) == 0;
}

/* The next row from key i on; its end. */
static size_t fake_row(const struct s3 *s3, const struct s3_call *c, size_t i, struct buf *out)
{
	const char *key = s3->keys[i];
	size_t prefix = strlen(c->key), len = prefix + strcspn(key + prefix, "/");
	bool folder = c->folders && key[len] == '/';

	buf_addf(out, "%d\t0\t%.*s\n", folder ? 0 : 1, (int)(folder ? len + 1 : strlen(key)), key);
	do
		i++;
	while (folder && s3->keys[i] != NULL && fake_same_folder(key, s3->keys[i], prefix));
	return i;
}

static void fake_list(struct s3 *s3, struct s3_call *c)
{
	size_t i = c->page != NULL ? strtoul(c->page, NULL, 10) : 0, rows = 0;
	size_t most = c->max_keys > 0 ? (size_t)c->max_keys : s3->page;
	struct buf lines;

	buf_init(&lines, 1 << 20);
	while (s3->keys[i] != NULL && rows < most) {
		if (strncmp(s3->keys[i], c->key, strlen(c->key)) != 0) {
			i++;
			continue;
		}
		i = fake_row(s3, c, i, &lines);
		rows++;
	}
	while (s3->keys[i] != NULL && strncmp(s3->keys[i], c->key, strlen(c->key)) != 0)
		i++;
	c->next_page = s3->keys[i] != NULL ? mem_printf("%zu", i) : NULL;
	c->listed = mem_strdup(buf_str(&lines));
	buf_free(&lines);
	c->result = S3_DONE;
}

void s3_start(struct s3 *s3, struct s3_call *c, int64_t now_boot_ms)
{
	(void)now_boot_ms;
	assert(c->op == S3_LIST_OBJECTS && s3->done == NULL);
	s3->lists++;
	s3->done = c;
	if (s3->fails > 0) {
		s3->fails--;
		c->result = S3_FAILED;
		error_set(&c->error, ERROR_RETRY, 0, "as the test says");
		return;
	}
	fake_list(s3, c);
}

struct s3_call *s3_next_done(struct s3 *s3)
{
	struct s3_call *c = s3->done;

	s3->done = NULL;
	return c;
}

void s3_wait(struct s3 *s3, int timeout_ms)
{
	(void)s3;
	(void)timeout_ms;
	abort();
}

void s3_cancel(struct s3 *s3, struct s3_call *c)
{
	(void)s3;
	(void)c;
	abort();
}

const char *s3_trouble(const struct s3 *s3)
{
	(void)s3;
	return NULL;
}

struct s3 *s3_new(const struct settings *settings, struct credential_provider *provider, int connections,
		  struct error *e)
{
	(void)settings;
	(void)provider;
	(void)connections;
	(void)e;
	abort();
}

void s3_free(struct s3 *s3)
{
	(void)s3;
	abort();
}

/* ---- A keeper between the two, at a time that the test moves. */

struct fake_glue {
	struct aws_service service;
	struct s3 s3;
	struct settings settings;
	struct keeper keeper;
	int64_t now;
};

static const char *const fake_nothing[] = { NULL };

static int fake_begin(void **state)
{
	struct fake_glue *g = mem_zalloc(sizeof(*g));

	log_set_level(LOG_LEVEL_ERROR);
	g->settings = (struct settings){
		.s3_bucket = (char *)"lake-one",
		.glue_database = (char *)"lake",
		.glue_catalog_id = (char *)"",
		.catalog = CATALOG_TABLE,
		.glue_partitions = GLUE_PARTITIONS_REGISTERED,
		.topic = { .prefix = (char *)"raw",
			   .table = (char *)"",
			   .format = (char *)"json",
			   .key = (char *)FAKE_KEY },
	};
	g->service.tables = json_object();
	g->service.counts = json_object();
	g->s3 = (struct s3){ .keys = fake_nothing, .page = 1000 };
	g->now = 1000000;
	g->keeper = (struct keeper){
		.settings = &g->settings,
		.registry = registry_new(true),
		.catalog = { .service = &g->service, .settings = &g->settings },
		.lake = { &g->s3 },
		.seed = 1,
	};
	*state = g;
	return 0;
}

static int fake_end(void **state)
{
	struct fake_glue *g = *state;

	keeper_free_tables(&g->keeper);
	registry_free(g->keeper.registry);
	json_decref(g->service.tables);
	json_decref(g->service.counts);
	free(g);
	return 0;
}

/* A table with a column "a" that Glue has; the keeper has not read it yet. */
static inline struct kept_table *fake_table(struct fake_glue *g, const char *name)
{
	struct kept_table *t = keeper_table(&g->keeper, name, name, g->now);
	struct table_definition d;

	schema_learn_line(t->schema, "{\"a\":1}", strlen("{\"a\":1}"));
	keeper_define(&g->keeper, t, &d);
	fake_make(&g->service, definition_input(&d));
	definition_free(&d);
	return t;
}

static inline json_t *fake_partitions(const struct fake_glue *g, const char *table)
{
	return json_object_get(json_object_get(g->service.tables, table), "Partitions");
}

static inline void fake_refuse(struct fake_glue *g, const char *action, const char *code, enum error_action then,
			       int times)
{
	g->service.refused = action;
	g->service.code = code;
	g->service.then = then;
	g->service.times = times;
}

#endif
