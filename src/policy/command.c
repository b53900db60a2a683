/* SPDX-License-Identifier: Apache-2.0 */
/* The command. It asks nobody: what the settings and the environment do not say stands for itself in the document. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "aws/region.h"
#include "policy/policy.h"

#define ACCOUNT_DIGITS 12
#define INDENT 2

static int find_role(const char *name, enum policy_role *role)
{
	for (size_t i = 0; policy_roles[i] != NULL; i++) {
		*role = (enum policy_role)i;
		if (strcmp(policy_roles[i], name) == 0)
			return 0;
	}
	fprintf(stderr, "kafka2s3: \"%s\" is no role of iam-policy; it has", name);
	for (size_t i = 0; policy_roles[i] != NULL; i++)
		fprintf(stderr, " %s", policy_roles[i]);
	fputs("\n", stderr);
	return -1;
}

static void print_notes(const char *notes)
{
	while (*notes != '\0') {
		size_t len = strcspn(notes, "\n");

		fprintf(stderr, "kafka2s3: note: %.*s\n", (int)len, notes);
		notes += len + 1;
	}
}

int policy_command(const struct settings *s, const char *role_name, const char *account)
{
	enum policy_role role = POLICY_DAEMON;
	json_t *document;
	struct buf notes;
	char *region;
	struct error e;

	if (role_name != NULL && find_role(role_name, &role) < 0)
		return EX_USAGE;
	if (account != NULL && (strlen(account) != ACCOUNT_DIGITS || strspn(account, "0123456789") != ACCOUNT_DIGITS)) {
		fprintf(stderr, "kafka2s3: \"%s\" is no account: it has twelve digits\n", account);
		return EX_USAGE;
	}
	buf_init(&notes, SIZE_MAX);
	region = region_given(s);
	document = policy_build(s, role, region, account != NULL ? account : "", &notes, &e);
	free(region);
	if (document == NULL) {
		fprintf(stderr, "kafka2s3: %s\n", e.text);
		buf_free(&notes);
		return EX_CONFIG;
	}
	json_dumpf(document, stdout, JSON_INDENT(INDENT));
	fputs("\n", stdout);
	print_notes(buf_str(&notes));
	json_decref(document);
	buf_free(&notes);
	return 0;
}
