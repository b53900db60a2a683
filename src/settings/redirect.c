/* SPDX-License-Identifier: Apache-2.0 */
/* Settings for a one-shot land. What the file says of places is only used to stay out of them: `verify` and whoever
 * reads those tables must never meet what a land writes. Pure. */
#include "settings/redirect.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "base/text.h"
#include "settings/pairs.h"
#include "settings/table.h"
#include "settings/value.h"

#define DEAD_LETTERS "%s-dead-letter"
#define HASH_BYTES 8

static int check_times(const struct redirect *r, struct error *e)
{
	if (r->from_ms < 0)
		return error_set(e, ERROR_GIVE_UP, 0, "--from lies before 1970, where Kafka has no records");
	if (r->to_ms <= r->from_ms)
		return error_set(e, ERROR_GIVE_UP, 0, "--to must be later than --from: there is nothing between them");
	return 0;
}

static int check_prefix(const char *prefix, struct error *e)
{
	const struct row *row = row_find("s3", "prefix");

	if (prefix[0] == '\0')
		return error_set(e, ERROR_GIVE_UP, 0, "--prefix is empty; a land needs a folder of its own");
	if (row->check(prefix, e) < 0)
		return error_context(e, "--prefix");
	return 0;
}

static int check_apart(const char *ours, const char *theirs, const char *what, struct error *e)
{
	if (!pairs_lies_in(ours, theirs) && !pairs_lies_in(theirs, ours))
		return 0;
	return error_set(
		e, ERROR_GIVE_UP, 0,
		"--prefix: \"%s\" and \"%s\", where %s of these settings go, would lie in one another; choose a "
		"folder beside it",
		ours, theirs, what);
}

static int check_place(const struct topic_settings *t, const char *prefix, const char *dead, struct error *e)
{
	static const char placeholder[] = "{prefix}/";
	char *root = pairs_root_of(t);
	int rc = 0;

	if (strncmp(t->key, placeholder, strlen(placeholder)) != 0)
		rc = error_set(
			e, ERROR_GIVE_UP, 0,
			"--prefix: output.key = \"%s\" does not begin with \"%s\", so a land has no place of its own",
			t->key, placeholder);
	for (int i = 0; i < 2 && rc == 0; i++) {
		rc = check_apart(i == 0 ? prefix : dead, root, "objects", e);
		if (rc == 0)
			rc = check_apart(i == 0 ? prefix : dead, t->dead_letter_prefix, "dead letters", e);
	}
	free(root);
	return rc;
}

static void replace(char **field, const char *text)
{
	free(*field);
	*field = mem_strdup(text);
}

static void move(struct topic_settings *t, const char *prefix, const char *dead)
{
	replace(&t->prefix, prefix);
	replace(&t->dead_letter_prefix, dead);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The order of kafka.topics makes no difference. */
static void rename_group(struct settings *s, const struct redirect *r)
{
	char **topics = mem_array(s->kafka_topics.n, sizeof(*topics));
	uint8_t digest[SHA256_BYTES];
	char hex[2 * HASH_BYTES + 1];
	struct buf facts;
	char *name;

	buf_init(&facts, SIZE_MAX);
	buf_addf(&facts, "bucket %s\nprefix %s\nfrom %" PRId64 "\nto %" PRId64 "\n", s->s3_bucket, r->prefix,
		 r->from_ms, r->to_ms);
	memcpy(topics, s->kafka_topics.items, s->kafka_topics.n * sizeof(*topics));
	qsort(topics, s->kafka_topics.n, sizeof(*topics), by_name);
	for (size_t i = 0; i < s->kafka_topics.n; i++)
		buf_addf(&facts, "topic %s\n", topics[i]);
	sha256_of(facts.data, facts.len, digest);
	text_hex(digest, HASH_BYTES, hex);
	name = mem_printf("%s.land.%s", s->kafka_group, hex);
	replace(&s->kafka_group, name);
	free(name);
	free(topics);
	buf_free(&facts);
}

static int redirect(struct settings *s, const struct redirect *r, const char *dead, struct error *e)
{
	if (check_place(&s->topic, r->prefix, dead, e) < 0)
		return -1;
	for (size_t i = 0; i < s->n_overrides; i++)
		if (check_place(&s->overrides[i].topic, r->prefix, dead, e) < 0)
			return -1;
	move(&s->topic, r->prefix, dead);
	for (size_t i = 0; i < s->n_overrides; i++)
		move(&s->overrides[i].topic, r->prefix, dead);
	rename_group(s, r);
	s->kafka_start_ms = r->from_ms;
	s->kafka_stop_ms = r->to_ms;
	s->replay_enabled = false;
	s->catalog = CATALOG_NONE;
	return pairs_check(s, e);
}

int settings_redirect(struct settings *s, const struct redirect *r, struct error *e)
{
	char *dead;
	int rc;

	if (check_times(r, e) < 0 || check_prefix(r->prefix, e) < 0)
		return -1;
	dead = mem_printf(DEAD_LETTERS, r->prefix);
	rc = redirect(s, r, dead, e);
	free(dead);
	return rc;
}
