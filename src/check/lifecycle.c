/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a lifecycle configuration for what it does with uploads. */
#include "check/lifecycle.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xml.h"

#define RULE "/LifecycleConfiguration/Rule"
#define PREFIX_MAX 1025

struct rule {
	bool enabled, narrow;
	int days;
	char prefix[PREFIX_MAX];
};

static void take(struct rule *r, const char *path, const char *text)
{
	if (strcmp(path, RULE "/Status") == 0)
		r->enabled = strcmp(text, "Enabled") == 0;
	else if (strcmp(path, RULE "/AbortIncompleteMultipartUpload/DaysAfterInitiation") == 0)
		r->days = (int)strtol(text, NULL, 10);
	else if (strcmp(path, RULE "/Prefix") == 0 || strcmp(path, RULE "/Filter/Prefix") == 0 ||
		 strcmp(path, RULE "/Filter/And/Prefix") == 0)
		snprintf(r->prefix, sizeof(r->prefix), "%s", text);
	else if (strstr(path, "/Tag") != NULL || strstr(path, "/ObjectSize") != NULL)
		r->narrow = true;
}

/* Keys are "root/…", so a rule for "root" or "root/" covers them all. */
static bool covers(const struct rule *r, const char *root)
{
	char keys[PREFIX_MAX + 1];

	snprintf(keys, sizeof(keys), "%s%s", root, root[0] != '\0' ? "/" : "");
	return r->enabled && !r->narrow && r->days > 0 && strncmp(keys, r->prefix, strlen(r->prefix)) == 0;
}

int lifecycle_abort_days(const void *data, size_t len, const char *root)
{
	struct rule r = { .prefix = "" };
	struct xml x;
	int best = 0;

	xml_open(&x, data, len);
	while (xml_next(&x) > 0) {
		take(&r, x.path, buf_str(&x.text));
		if (strcmp(x.path, RULE) != 0)
			continue;
		if (covers(&r, root) && (best == 0 || r.days < best))
			best = r.days;
		r = (struct rule){ .prefix = "" };
	}
	xml_close(&x);
	return best;
}
