/* SPDX-License-Identifier: Apache-2.0 */
/* What the file alone says: it has loaded, so what is left is what works and is hardly meant, and what Athena makes of
 * the keys and the storage class. */
#include <string.h>

#include "base/text.h"
#include "check/preflight.h"
#include "store/key_catalog.h"

void probe_settings(struct preflight *p)
{
	const struct settings *s = p->settings;
	char memory[32];

	text_format_size(s->memory_bytes, memory);
	lines_add(
		&p->lines, OUTCOME_OK, "settings",
		"\"%s\" loads: group \"%s\", bucket \"%s\", memory %s, which holds records of output.max_record and parts of "
		"s3.part_size",
		s->file, s->kafka_group, s->s3_bucket, memory);
	for (size_t i = 0; i < s->doubts.n; i++)
		lines_add(&p->lines, OUTCOME_FAILED, "settings", "%s", s->doubts.items[i]);
}

/* What Athena cannot read of what these settings write. */
static bool unreadable(const struct topic_settings *t, struct error *e)
{
	if (strcmp(t->storage_class, "GLACIER") == 0 || strcmp(t->storage_class, "DEEP_ARCHIVE") == 0) {
		error_set(
			e, ERROR_GIVE_UP, 0,
			"Athena does not read objects of s3.storage_class = \"%s\": set another class, and move old objects by "
			"a lifecycle rule",
			t->storage_class);
		return true;
	}
	if (key_catalog_check(t, e) == 0)
		return false;
	error_context(e, "Athena cannot read keys of this template (output.key) as one table for each topic");
	return true;
}

void probe_template(struct preflight *p)
{
	const struct settings *s = p->settings;
	struct error e;
	bool fine = true;

	for (size_t i = 0; i <= s->n_overrides; i++) {
		const struct topic_settings *t = i == 0 ? &s->topic : &s->overrides[i - 1].topic;

		if (!unreadable(t, &e))
			continue;
		fine = false;
		if (i == 0)
			lines_add(&p->lines, OUTCOME_FAILED, "keys", "%s", e.text);
		else
			lines_add(&p->lines, OUTCOME_FAILED, "keys", "override at line %d: %s",
				  s->overrides[i - 1].line, e.text);
	}
	if (fine)
		lines_add(&p->lines, OUTCOME_OK, "keys",
			  "Athena reads them: a folder for each table, then its partitions");
}
