/* SPDX-License-Identifier: Apache-2.0 */
/* Settings against each other: memory against what must fit into it, prefixes that may not lie in one another, and what
 * makes no sense without its other half. Pure. */
#include "settings/pairs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "settings/access_point.h"
#include "settings/columns.h"
#include "settings/origin.h"
#include "settings/table.h"
#include "settings/value.h"
#include "store/key.h"
#include "store/key_catalog.h"

#define TOPIC_MAX 249

/* An uploader fills one part while it sends another, and both may be no more than half of what it holds. */
#define PARTS_IN_MEMORY 4
/* As the record lies in librdkafka's queue, in the ring, as a line, and compressed. */
#define RECORDS_IN_MEMORY 4

#define GZIP_LEVEL_MAX 12

/* Of the settings that do not go together, those that a person may have given; at most three, the first is blamed when
 * none is. */
struct blame {
	const struct row *r[3];
};

static struct blame blame(const char *group, const char *name)
{
	return (struct blame){ .r = { row_find(group, name) } };
}

static struct blame or_blame(struct blame b, const char *group, const char *name)
{
	size_t i = 0;

	while (b.r[i] != NULL)
		i++;
	b.r[i] = row_find(group, name);
	return b;
}

/* Puts setting and place before the text: of the first that is given in the override (number), else above it. */
static int fail_at(const struct settings *s, size_t number, struct blame b, struct error *e)
{
	const size_t where[] = { number, ORIGIN_COMMON };
	char path[ROW_PATH_MAX];

	for (size_t w = 0; w < 2; w++) {
		for (size_t i = 0; i < 3 && b.r[i] != NULL; i++) {
			const struct origin *o = origins_get(s->origins, where[w], b.r[i]);

			row_path(b.r[i], path);
			if (o->kind == ORIGIN_FILE)
				return error_context(e, "%s:%d: %s", o->file, o->line, path);
		}
	}
	row_path(b.r[0], path);
	return error_context(e, "%s: %s", s->file, path);
}

static bool is_given(const struct settings *s, size_t number, const struct row *r)
{
	return origins_get(s->origins, number, r)->kind == ORIGIN_FILE ||
	       origins_get(s->origins, ORIGIN_COMMON, r)->kind == ORIGIN_FILE;
}

static int check_rolls(const struct settings *s, size_t number, const struct topic_settings *t, struct error *e)
{
	if (t->roll_bytes > 0 || t->roll_records > 0 || t->roll_age_ms > 0)
		return 0;
	error_set(e, ERROR_GIVE_UP, 0,
		  "bytes, records and age are all 0, so no object would ever be finished; give one");
	return fail_at(s, number, or_blame(blame("roll", "age"), "roll", "bytes"), e);
}

static int check_level(const struct settings *s, size_t number, const struct topic_settings *t, struct error *e)
{
	if (t->level < 0)
		return 0;
	if (t->compression == COMPRESSION_NONE)
		error_set(e, ERROR_GIVE_UP, 0, "there is no level without compression; take it out");
	else if (t->compression == COMPRESSION_GZIP && t->level > GZIP_LEVEL_MAX)
		error_set(e, ERROR_GIVE_UP, 0, "gzip has the levels 1 to %d", GZIP_LEVEL_MAX);
	else
		return 0;
	return fail_at(s, number, or_blame(blame("output", "level"), "output", "compression"), e);
}

static int check_kms(const struct settings *s, size_t number, const struct topic_settings *t, struct error *e)
{
	if (t->kms_key_id[0] == '\0' || strncmp(t->sse, "aws:kms", strlen("aws:kms")) == 0)
		return 0;
	error_set(e, ERROR_GIVE_UP, 0, "a KMS key needs s3.sse = \"aws:kms\" or \"aws:kms:dsse\"");
	return fail_at(s, number, or_blame(blame("s3", "kms_key_id"), "s3", "sse"), e);
}

static int check_record(const struct settings *s, size_t number, const struct topic_settings *t, struct error *e)
{
	char memory[32], record[32], need[32];

	if (t->max_record_bytes <= s->memory_bytes / RECORDS_IN_MEMORY)
		return 0;
	text_format_size(s->memory_bytes, memory);
	text_format_size(t->max_record_bytes, record);
	text_format_size(t->max_record_bytes * RECORDS_IN_MEMORY, need);
	error_set(e, ERROR_GIVE_UP, 0,
		  "memory = \"%s\" is less than %d times output.max_record = \"%s\": raise memory to \"%s\", or lower "
		  "output.max_record",
		  memory, RECORDS_IN_MEMORY, record, need);
	return fail_at(s, number, or_blame(blame("output", "max_record"), "", "memory"), e);
}

static int check_template(const struct settings *s, size_t number, const struct topic_settings *t, struct error *e)
{
	const struct string_list *topics = &s->kafka_topics;
	size_t longest = 0;

	for (size_t i = 0; i < topics->n; i++) {
		size_t len = topics->items[i][0] == '^' ? TOPIC_MAX : strlen(topics->items[i]);

		longest = len > longest ? len : longest;
	}
	if (key_template_check(t, longest, e) == 0)
		return 0;
	return fail_at(s, number, or_blame(blame("output", "key"), "s3", "prefix"), e);
}

char *pairs_root_of(const struct topic_settings *t)
{
	static const char placeholder[] = "{prefix}";
	bool prefixed = strncmp(t->key, placeholder, strlen(placeholder)) == 0;
	const char *rest = prefixed ? t->key + strlen(placeholder) : t->key;
	char *root = mem_printf("%s%.*s", prefixed ? t->prefix : "", (int)strcspn(rest, "{"), rest);
	char *slash = strrchr(root, '/');

	if (slash != NULL)
		*slash = '\0';
	else
		root[0] = '\0';
	return root;
}

bool pairs_lies_in(const char *inner, const char *outer)
{
	size_t len = strlen(outer);

	return len == 0 || (strncmp(inner, outer, len) == 0 && (inner[len] == '\0' || inner[len] == '/'));
}

static const struct topic_settings *settings_number(const struct settings *s, size_t number)
{
	return number == ORIGIN_COMMON ? &s->topic : &s->overrides[number - 1].topic;
}

/* The dead letters of one against the tables of all: Athena reads whatever lies under a table. */
static int check_dead_letters(const struct settings *s, size_t number, const struct topic_settings *t, struct error *e)
{
	const struct row *dead = row_find("output", "dead_letter_prefix");
	struct blame at = or_blame(or_blame(blame("output", "dead_letter_prefix"), "s3", "prefix"), "output", "key");

	for (size_t i = 0; i <= s->n_overrides; i++) {
		char *root = pairs_root_of(settings_number(s, i));
		bool inside = pairs_lies_in(t->dead_letter_prefix, root),
		     around = pairs_lies_in(root, t->dead_letter_prefix);

		if (inside || around)
			error_set(e, ERROR_GIVE_UP, 0,
				  "dead letters under \"%s\" would lie %s the tables under \"%s\" "
				  "(s3.prefix and output.key); choose two folders side by side",
				  t->dead_letter_prefix, inside ? "among" : "around", root);
		free(root);
		if (inside || around)
			return fail_at(s, is_given(s, number, dead) ? number : i, at, e);
	}
	return 0;
}

static int check_folders(const struct settings *s, size_t number, const struct topic_settings *t, struct error *e)
{
	if (s->catalog == CATALOG_NONE || key_catalog_check(t, e) == 0)
		return 0;
	return fail_at(s, number, or_blame(blame("output", "key"), "", "catalog"), e);
}

static int check_columns(const struct settings *s, size_t number, const struct topic_settings *t, struct error *e)
{
	if (columns_check(t, s->catalog != CATALOG_NONE, e) == 0)
		return 0;
	return fail_at(s, number, or_blame(blame("", "columns"), "output", "key"), e);
}

/* A table has one location, one compression and one set of columns. */
static int check_shared_table(const struct settings *s, size_t number, const struct topic_settings *t, struct error *e)
{
	static const char *const shared[][2] = {
		{ "s3", "prefix" },           { "output", "key" },      { "output", "compression" },
		{ "output", "partition_by" }, { "output", "metadata" }, { "", "columns" },
	};

	for (size_t i = 0; s->catalog != CATALOG_NONE && t->table[0] != '\0' && i + 1 < number; i++) {
		const struct override *o = &s->overrides[i];

		if (strcmp(o->topic.table, t->table) != 0)
			continue;
		for (size_t j = 0; j < sizeof(shared) / sizeof(shared[0]); j++) {
			const struct row *r = row_find(shared[j][0], shared[j][1]);
			char path[ROW_PATH_MAX];

			if (value_same(r, t, &o->topic))
				continue;
			row_path(r, path);
			error_set(
				e, ERROR_GIVE_UP, 0,
				"the override at line %d gives the table \"%s\" another %s; in a catalog a table has one",
				o->line, t->table, path);
			return fail_at(s, number, or_blame(blame(shared[j][0], shared[j][1]), "", "table"), e);
		}
	}
	return 0;
}

static int check_topic(const struct settings *s, size_t number, struct error *e)
{
	static int (*const checks[])(const struct settings *, size_t, const struct topic_settings *, struct error *) = {
		check_rolls,        check_level,   check_kms,     check_record,       check_template,
		check_dead_letters, check_folders, check_columns, check_shared_table,
	};

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (checks[i](s, number, settings_number(s, number), e) < 0)
			return -1;
	return 0;
}

static int check_parts(const struct settings *s, struct error *e)
{
	char memory[32], need[32];

	if (s->s3_part_size_bytes <= s->memory_bytes / PARTS_IN_MEMORY / s->uploaders)
		return 0;
	text_format_size(s->memory_bytes, memory);
	text_format_size(s->s3_part_size_bytes * PARTS_IN_MEMORY * s->uploaders, need);
	error_set(
		e, ERROR_GIVE_UP, 0,
		"memory = \"%s\" is less than %d times s3.part_size for each of uploaders = %lld: raise memory to \"%s\", "
		"or lower s3.part_size or uploaders",
		memory, PARTS_IN_MEMORY, (long long)s->uploaders, need);
	return fail_at(s, ORIGIN_COMMON, or_blame(or_blame(blame("s3", "part_size"), "", "memory"), "", "uploaders"),
		       e);
}

static int check_connections(const struct settings *s, struct error *e)
{
	if (s->s3_connections >= s->uploaders)
		return 0;
	error_set(e, ERROR_GIVE_UP, 0, "uploaders = %lld need a connection each, and s3.connections is %lld: raise it",
		  (long long)s->uploaders, (long long)s->s3_connections);
	return fail_at(s, ORIGIN_COMMON, or_blame(blame("s3", "connections"), "", "uploaders"), e);
}

static int check_place(const struct settings *s, struct error *e)
{
	struct access_point point;

	if (s->s3_endpoint[0] != '\0' && (s->s3_dualstack || s->s3_fips)) {
		error_set(
			e, ERROR_GIVE_UP, 0,
			"s3.endpoint says where to go, and s3.dualstack and s3.fips choose among Amazon's own endpoints:"
			" take out one of them");
		return fail_at(s, ORIGIN_COMMON,
			       or_blame(blame("s3", s->s3_dualstack ? "dualstack" : "fips"), "s3", "endpoint"), e);
	}
	if (!access_point_is(s->s3_bucket) || access_point_parse(s->s3_bucket, &point, e) < 0)
		return 0;
	if (s->catalog != CATALOG_NONE)
		error_set(
			e, ERROR_GIVE_UP, 0,
			"Athena knows no access point by its ARN: with a catalog give the bucket, or the access point's alias");
	else if (s->s3_path_style)
		error_set(e, ERROR_GIVE_UP, 0, "an access point has no path style: take it out");
	else if (s->s3_region[0] != '\0' && strcmp(s->s3_region, point.region) != 0)
		error_set(e, ERROR_GIVE_UP, 0, "the access point's ARN says region \"%s\": set it so, or take it out",
			  point.region);
	else
		return 0;
	return fail_at(s, ORIGIN_COMMON,
		       s->catalog != CATALOG_NONE ? or_blame(blame("s3", "bucket"), "", "catalog")
						  : blame("s3", s->s3_path_style ? "path_style" : "region"),
		       e);
}

static int external_id_alone(const struct settings *s, struct error *e)
{
	error_set(e, ERROR_GIVE_UP, 0, "an external id is for a role: set s3.role_arn too");
	return fail_at(s, ORIGIN_COMMON, blame("s3", "external_id"), e);
}

static int check_credentials(const struct settings *s, struct error *e)
{
	bool id = s->s3_access_key_id[0] != '\0', secret = s->s3_secret_access_key[0] != '\0';

	if (id != secret)
		error_set(e, ERROR_GIVE_UP, 0,
			  "s3.access_key_id and s3.secret_access_key go together: give both or none");
	else if (s->s3_external_id[0] != '\0' && s->s3_role_arn[0] == '\0')
		return external_id_alone(s, e);
	else if (!id && s->s3_session_token[0] != '\0')
		error_set(e, ERROR_GIVE_UP, 0, "a session token needs s3.access_key_id and s3.secret_access_key too");
	else
		return 0;
	if (id == secret)
		return fail_at(s, ORIGIN_COMMON, blame("s3", "session_token"), e);
	return fail_at(s, ORIGIN_COMMON, blame("s3", id ? "access_key_id" : "secret_access_key"), e);
}

/* What proves who this is comes from one place. */
static int check_auth(const struct settings *s, struct error *e)
{
	static const char *const theirs[] = { "sasl.", "security.protocol=", "enable.sasl." };

	for (size_t i = 0; i < s->kafka_options.n && s->kafka_auth == KAFKA_AUTH_MSK_IAM; i++)
		for (size_t k = 0; k < sizeof(theirs) / sizeof(theirs[0]); k++) {
			const char *option = s->kafka_options.items[i];

			if (strncmp(option, theirs[k], strlen(theirs[k])) != 0)
				continue;
			error_set(
				e, ERROR_GIVE_UP, 0,
				"kafka.auth = \"msk_iam\" sets \"%.*s\" itself: take it out of kafka.options, or take "
				"kafka.auth out",
				(int)strcspn(option, "="), option);
			return fail_at(s, ORIGIN_COMMON, or_blame(blame("kafka", "options"), "kafka", "auth"), e);
		}
	return 0;
}

static int check_replay(const struct settings *s, struct error *e)
{
	const char *name = NULL;

	if (s->replay_enabled && s->replay_file[0] == '\0')
		name = "file";
	else if (s->replay_enabled && s->replay_topic[0] == '\0')
		name = "topic";
	if (name != NULL) {
		error_set(e, ERROR_GIVE_UP, 0, "replay.enabled = true needs replay.%s too", name);
		return fail_at(s, ORIGIN_COMMON, or_blame(blame("replay", name), "replay", "enabled"), e);
	}
	if (s->replay_pace_column[0] != '\0' && s->replay_order == REPLAY_RANDOM) {
		error_set(e, ERROR_GIVE_UP, 0, "rows can keep their distances only with replay.order = \"sequential\"");
		return fail_at(s, ORIGIN_COMMON, or_blame(blame("replay", "pace_column"), "replay", "order"), e);
	}
	return 0;
}

static int check_catalog(const struct settings *s, struct error *e)
{
	const char *name = NULL;

	if (s->catalog != CATALOG_NONE && s->glue_database[0] == '\0')
		name = "database";
	else if (s->catalog == CATALOG_CRAWLER && s->glue_crawler[0] == '\0')
		name = "crawler";
	if (name == NULL)
		return 0;
	error_set(e, ERROR_GIVE_UP, 0, "catalog = \"%s\" needs glue.%s too",
		  s->catalog == CATALOG_TABLE ? "table" : "crawler", name);
	return fail_at(s, ORIGIN_COMMON, or_blame(blame("glue", name), "", "catalog"), e);
}

int pairs_check(const struct settings *s, struct error *e)
{
	if (check_place(s, e) < 0 || check_credentials(s, e) < 0 || check_auth(s, e) < 0 || check_parts(s, e) < 0 ||
	    check_connections(s, e) < 0 || check_replay(s, e) < 0 || check_catalog(s, e) < 0)
		return -1;
	for (size_t i = 0; i <= s->n_overrides; i++)
		if (check_topic(s, i, e) < 0)
			return -1;
	return 0;
}
