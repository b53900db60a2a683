/* SPDX-License-Identifier: Apache-2.0 */
/* The bucket and its keys: what the calls of store/s3.h need under the folders that the settings write to. */
#include <stdlib.h>
#include <string.h>

#include "aws/arn.h"
#include "base/mem.h"
#include "policy/draft.h"
#include "store/key.h"
#include "store/probe.h"

enum reach {
	TABLES,  /* what Athena reads */
	WRITTEN, /* and the dead letters */
	LOOKED,  /* and all of s3.prefix: where a lost group's objects are looked for */
};

static const struct topic_settings *topic_number(const struct settings *s, size_t i)
{
	return i == 0 ? &s->topic : &s->overrides[i - 1].topic;
}

static char *prefix_folder(const struct topic_settings *t)
{
	return t->prefix[0] != '\0' ? mem_printf("%s/", t->prefix) : mem_strdup("");
}

/* One that another one holds is not needed. */
static json_t *without_held(json_t *folders)
{
	json_t *kept = json_array();

	for (size_t i = 0; i < json_array_size(folders); i++) {
		const char *folder = json_string_value(json_array_get(folders, i));
		bool held = false;

		for (size_t j = 0; j < json_array_size(folders); j++) {
			const char *other = json_string_value(json_array_get(folders, j));

			held = held || (i != j && strncmp(folder, other, strlen(other)) == 0);
		}
		if (!held)
			json_array_append(kept, json_array_get(folders, i));
	}
	json_decref(folders);
	return kept;
}

/* Folders, each with its slash; "" is the whole bucket. */
static json_t *folders_of(const struct settings *s, enum reach reach)
{
	json_t *folders = json_array();
	char folder[KEY_MAX + 1];

	for (size_t i = 0; i <= s->n_overrides; i++) {
		const struct topic_settings *t = topic_number(s, i);

		key_prefix(t, false, folder);
		draft_add(folders, mem_strdup(folder));
		if (reach == LOOKED)
			draft_add(folders, prefix_folder(t));
		if (reach == TABLES)
			continue;
		key_prefix(t, true, folder);
		draft_add(folders, mem_strdup(folder));
	}
	return without_held(folders);
}

static json_t *patterns_of(json_t *folders)
{
	json_t *patterns = json_array();

	for (size_t i = 0; i < json_array_size(folders); i++)
		draft_add(patterns, mem_printf("%s*", json_string_value(json_array_get(folders, i))));
	json_decref(folders);
	return patterns;
}

static json_t *objects(struct draft *d, json_t *patterns)
{
	json_t *arns = json_array();

	for (size_t i = 0; i < json_array_size(patterns); i++)
		draft_add(arns,
			  draft_s3_arn(d, d->settings->s3_bucket, json_string_value(json_array_get(patterns, i))));
	json_decref(patterns);
	return arns;
}

static json_t *bucket(struct draft *d)
{
	json_t *arns = json_array();

	draft_add(arns, draft_s3_arn(d, d->settings->s3_bucket, NULL));
	return arns;
}

static bool is_in(const char *key, const json_t *folders)
{
	bool in = false;

	for (size_t i = 0; i < json_array_size(folders); i++) {
		const char *folder = json_string_value(json_array_get(folders, i));

		in = in || strncmp(key, folder, strlen(folder)) == 0;
	}
	return in;
}

/* What is written, and the start's first upload where the template puts folders between s3.prefix and the tables. */
static json_t *written(const struct settings *s)
{
	json_t *folders = folders_of(s, WRITTEN);
	json_t *patterns = patterns_of(json_incref(folders));

	for (size_t i = 0; i <= s->n_overrides; i++) {
		char *folder = prefix_folder(topic_number(s, i));
		char *key = mem_printf("%s" PROBE_NAME, folder);

		if (is_in(key, folders))
			free(key);
		else
			draft_add(patterns, key);
		free(folder);
	}
	json_decref(folders);
	return patterns;
}

/* To list is allowed below these folders alone. */
static void allow_listing(struct draft *d, json_t *patterns)
{
	static const char *const actions[] = { "s3:ListBucket", NULL };
	bool all = json_array_size(patterns) == 1 && strcmp(json_string_value(json_array_get(patterns, 0)), "*") == 0;

	if (all) {
		json_decref(patterns);
		draft_allow(d, "List", actions, bucket(d), NULL);
	} else {
		draft_allow(d, "List", actions, bucket(d), json_pack("{s:{s:o}}", "StringLike", "s3:prefix", patterns));
	}
}

static void note_access_point(struct draft *d)
{
	const char *name = d->settings->s3_bucket;

	if (!arn_is_access_point(name))
		return;
	if (strncmp(name, "arn:", 4) != 0)
		buf_addf(d->notes,
			 "ACCESS_POINT_NAME is the name behind the alias \"%s\", which policies do not take\n", name);
	buf_adds(d->notes,
		 "the bucket's own policy has to let its access points decide (s3:DataAccessPointAccount), or to "
		 "allow the same\n");
}

void draft_s3(struct draft *d)
{
	static const char *const write[] = { "s3:PutObject", "s3:AbortMultipartUpload", NULL };
	static const char *const uploads[] = { "s3:ListBucketMultipartUploads", NULL };
	static const char *const read[] = { "s3:GetObject", NULL };
	static const char *const check[] = { "s3:GetLifecycleConfiguration", NULL };

	draft_allow(d, "Write", write, objects(d, written(d->settings)), NULL);
	draft_allow(d, "LeftUploads", uploads, bucket(d), NULL);
	draft_allow(d, "Read", read, objects(d, patterns_of(folders_of(d->settings, LOOKED))), NULL);
	allow_listing(d, patterns_of(folders_of(d->settings, LOOKED)));
	if (!arn_is_access_point(d->settings->s3_bucket)) /* which have none */
		draft_allow(d, "Check", check, bucket(d), NULL);
	note_access_point(d);
}

void draft_s3_tables(struct draft *d)
{
	static const char *const read[] = { "s3:GetObject", NULL };
	static const char *const place[] = { "s3:GetBucketLocation", NULL };

	draft_allow(d, "Read", read, objects(d, patterns_of(folders_of(d->settings, TABLES))), NULL);
	allow_listing(d, patterns_of(folders_of(d->settings, TABLES)));
	draft_allow(d, "Place", place, bucket(d), NULL);
	note_access_point(d);
}
