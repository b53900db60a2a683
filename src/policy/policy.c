/* SPDX-License-Identifier: Apache-2.0 */
/* Which parts a role's document has, and what is known of region and account. The parts themselves stand in s3.c,
 * kms.c, glue.c and kafka.c. */
#include "policy/policy.h"

#include <stdlib.h>
#include <string.h>

#include "aws/arn.h"
#include "base/mem.h"
#include "policy/draft.h"

#define ACCOUNT_DIGITS 12
#define MANAGED_MAX 6144 /* characters of a managed policy, without white space */

const char *const policy_roles[] = {
	[POLICY_DAEMON] = "daemon",   [POLICY_BASE] = "base", [POLICY_CRAWLER] = "crawler",
	[POLICY_ANALYST] = "analyst", [POLICY_MSK] = "msk",   NULL,
};

/* Field number n of an ARN, from 0; "" for what is none. */
static void field_of(const char *arn, int n, char *out, size_t size)
{
	out[0] = '\0';
	if (strncmp(arn, "arn:", 4) != 0)
		return;
	for (; n > 0 && arn != NULL; n--) {
		arn = strchr(arn, ':');
		arn = arn != NULL ? arn + 1 : NULL;
	}
	if (arn != NULL)
		snprintf(out, size, "%.*s", (int)strcspn(arn, ":"), arn);
}

/* What of the settings can hold an account: the first that does. */
static void find(const struct settings *s, int field, char *out, size_t size)
{
	const char *arns[] = { s->s3_role_arn, s->s3_bucket, s->topic.kms_key_id, s->glue_crawler_role };

	out[0] = '\0';
	for (size_t i = 0; i < sizeof(arns) / sizeof(arns[0]) && out[0] == '\0'; i++)
		field_of(arns[i], field, out, size);
}

static void note_unknown(struct draft *d)
{
	if (d->account_missed)
		buf_adds(d->notes, "put the number of your account for " ARN_ANY_ACCOUNT ", or give it as --account\n");
	if (d->region_missed)
		buf_adds(d->notes, "put the region's name for " ARN_ANY_REGION ", or set s3.region\n");
}

static void note_size(struct draft *d, const json_t *document)
{
	char *text = json_dumps(document, JSON_COMPACT);

	if (strlen(text) > MANAGED_MAX)
		buf_addf(d->notes,
			 "%zu characters are more than the %d that IAM takes as a managed policy: take it apart\n",
			 strlen(text), MANAGED_MAX);
	free(text);
}

static int check_role(const struct settings *s, enum policy_role role, struct error *e)
{
	if (role == POLICY_ANALYST && s->glue_database[0] == '\0')
		return error_set(e, ERROR_GIVE_UP, 0, "glue.database is empty: it says what an analyst may query");
	if (role == POLICY_BASE && s->s3_role_arn[0] == '\0')
		return error_set(e, ERROR_GIVE_UP, 0, "s3.role_arn is empty: there is no role to assume");
	return 0;
}

/* The role is for the bucket and its catalog: a cluster is the account's own. */
static void draft_kafka_if_asked(struct draft *d)
{
	if (d->settings->kafka_auth == KAFKA_AUTH_MSK_IAM)
		draft_kafka(d);
}

static void draft_base(struct draft *d)
{
	static const char *const assume[] = { "sts:AssumeRole", NULL };
	json_t *role = json_array();

	draft_add(role, mem_strdup(d->settings->s3_role_arn));
	draft_allow(d, "Assume", assume, role, NULL);
	draft_kafka_if_asked(d);
	buf_addf(d->notes, "the role's trust policy has to name who assumes it%s\n",
		 d->settings->s3_external_id[0] != '\0' ? ", with s3.external_id as sts:ExternalId" : "");
}

static void draft_daemon(struct draft *d)
{
	draft_s3(d);
	draft_kms(d, true);
	draft_glue(d);
	if (d->settings->s3_role_arn[0] == '\0')
		draft_kafka_if_asked(d);
	else
		buf_adds(d->notes, "this is for the role s3.role_arn; --role base is for who assumes it\n");
}

static void draft(struct draft *d, enum policy_role role)
{
	switch (role) {
	case POLICY_DAEMON:
		draft_daemon(d);
		break;
	case POLICY_BASE:
		draft_base(d);
		break;
	case POLICY_CRAWLER:
		draft_s3_tables(d);
		draft_kms(d, false);
		buf_adds(d->notes,
			 "a crawler's role has the managed policy service-role/AWSGlueServiceRole beside it, and is "
			 "assumed by glue.amazonaws.com\n");
		break;
	case POLICY_ANALYST:
		draft_analyst(d);
		draft_s3_tables(d);
		draft_kms(d, false);
		break;
	case POLICY_MSK:
		draft_kafka(d);
		break;
	}
}

json_t *policy_build(const struct settings *s, enum policy_role role, const char *region, const char *account,
		     struct buf *notes, struct error *e)
{
	char own_region[64], own_account[ACCOUNT_DIGITS + 1];
	struct draft d = { .settings = s, .notes = notes };
	json_t *document;

	if (check_role(s, role, e) < 0)
		return NULL;
	find(s, 3, own_region, sizeof(own_region));
	own_account[0] = '\0';
	if (role != POLICY_BASE && role != POLICY_MSK) /* whose account may be another than the bucket's */
		find(s, 4, own_account, sizeof(own_account));
	d.region = region[0] != '\0' ? region : own_region;
	d.account = account[0] != '\0' ? account : own_account;
	d.partition = arn_partition(d.region);
	d.dns_suffix = arn_dns_suffix(d.region);
	d.statements = json_array();
	draft(&d, role);
	document = json_pack("{s:s, s:o}", "Version", "2012-10-17", "Statement", d.statements);
	note_unknown(&d);
	note_size(&d, document);
	return document;
}
