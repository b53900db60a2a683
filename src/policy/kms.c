/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of KMS: by ARN, by id, or by an alias, which policies take as a condition only. Amazon's own key for S3 needs no
 * right at all. Source: KMS developer guide, "alias-authorization"; S3 user guide, "SSE-KMS". */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "policy/draft.h"

#define ALIAS "alias/"

static bool begins_with(const char *s, const char *begin)
{
	return strncmp(s, begin, strlen(begin)) == 0;
}

/* "alias/…" at the end of an ARN, or alone; NULL: it is no alias. */
static const char *alias_of(const char *key)
{
	const char *colon = strrchr(key, ':');

	if (colon == NULL)
		return begins_with(key, ALIAS) ? key : NULL;
	return begins_with(colon + 1, ALIAS) ? colon + 1 : NULL;
}

/* With an alias: every key of its region and account, for the condition to choose from. */
static char *resource(struct draft *d, const char *key)
{
	const char *colon = strrchr(key, ':');
	bool alias = alias_of(key) != NULL;

	if (colon != NULL)
		return alias ? mem_printf("%.*s:key/*", (int)(colon - key), key) : mem_strdup(key);
	return mem_printf("arn:%s:kms:%s:%s:key/%s", d->partition, draft_region(d), draft_account(d),
			  alias ? "*" : key);
}

/* Through S3 alone, and of keys by an alias those that bear one of these. Owns: takes aliases. */
static json_t *condition(const struct draft *d, json_t *aliases)
{
	bool known = d->region[0] != '\0';
	char *via = mem_printf("s3.%s.%s", known ? d->region : "*", d->dns_suffix);
	json_t *c = json_pack("{s:{s:s}}", known ? "StringEquals" : "StringLike", "kms:ViaService", via);

	if (json_array_size(aliases) > 0)
		json_object_set_new(c, "ForAnyValue:StringEquals", json_pack("{s:O}", "kms:ResourceAliases", aliases));
	json_decref(aliases);
	free(via);
	return c;
}

void draft_kms(struct draft *d, bool writes)
{
	static const char *const both[] = { "kms:GenerateDataKey", "kms:Decrypt", NULL };
	static const char *const reads[] = { "kms:Decrypt", NULL };
	const struct settings *s = d->settings;
	json_t *keys = json_array(), *named = json_array(), *aliases = json_array();

	for (size_t i = 0; i <= s->n_overrides; i++) {
		const char *key = i == 0 ? s->topic.kms_key_id : s->overrides[i - 1].topic.kms_key_id;
		const char *alias = alias_of(key);

		if (key[0] == '\0')
			continue;
		draft_add(alias != NULL ? named : keys, resource(d, key));
		if (alias != NULL)
			draft_add(aliases, mem_strdup(alias));
	}
	draft_allow(d, "Keys", writes ? both : reads, keys, condition(d, json_array()));
	draft_allow(d, "KeysByAlias", writes ? both : reads, named, condition(d, aliases));
}
