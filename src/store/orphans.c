/* SPDX-License-Identifier: Apache-2.0 */
/* Finds and aborts uploads that nobody will complete. An upload is one only if its key is of a partition that is ours,
 * its range id carries our group's mark, and is that of no range that is open or being published. The partition was
 * ours when the page had been listed, as an acknowledged commit proves: so whoever began the upload had it before us,
 * and can but find its upload gone and replay (protocol.md H6). What is missed here is left to a lifecycle rule.
 * Invariant: one call at a time, so that it takes no more than one connection from what is to be landed. */
#include "store/orphans.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/key.h"

/* Partitions publish at their own times: those of so long are looked for together. Shorter than any session time-out,
 * so that none is ours no more when its turn comes. */
#define PAUSE_MS 1000
/* Each is held against all partitions. */
#define LINES_A_TICK 32

struct orphans {
	struct s3 *s3;
	struct s3_call call;
	bool busy;
	bool off; /* the store refuses it */
	int64_t next_boot_ms;
	char **prefixes; /* to be listed, from the current one on */
	size_t n_prefixes, prefix;
	char *page; /* of the current prefix: the one that was listed last */
	int64_t listed_boot_ms;
	char *line;      /* the next one of the page; NULL: the page is done */
	char *next_page; /* NULL: it was the last */
	int64_t aborted;
};

struct orphans *orphans_new(struct s3 *s3)
{
	struct orphans *o = mem_zalloc(sizeof(*o));

	o->s3 = s3;
	return o;
}

static void end_round(struct orphans *o)
{
	if (o->aborted > 0)
		log_event(MESSAGE_UPLOADS_ABORTED, LOG_FIELDS(LOG_NUMBER("UPLOADS", o->aborted)),
			  "%" PRId64 " multipart uploads that were left behind are aborted", o->aborted);
	for (size_t i = 0; i < o->n_prefixes; i++)
		free(o->prefixes[i]);
	free(o->prefixes);
	free(o->page);
	free(o->next_page);
	o->prefixes = NULL;
	o->n_prefixes = o->prefix = 0;
	o->page = o->line = o->next_page = NULL;
	o->aborted = 0;
}

void orphans_free(struct orphans *o)
{
	if (o == NULL)
		return;
	if (o->busy)
		s3_cancel(o->s3, &o->call);
	end_round(o);
	free(o);
}

/* What the plan names is published: what earlier owners had of it is not needed any more. */
static bool has_recovered(const struct writer *w)
{
	const struct assignment *a = w->assignment;
	int64_t left = w->sealed != NULL ? w->sealed->facts.start : w->open_start;

	return a->n_plan == 0 || left >= a->plan[a->n_plan - 1].end;
}

static bool is_ours(const struct writer *w, int64_t at_boot_ms)
{
	return at_boot_ms < w->ours_until_boot_ms && !atomic_load(&w->assignment->dropped);
}

static void add_prefix(struct orphans *o, const struct topic_settings *t, bool dead)
{
	char prefix[KEY_MAX + 1];

	key_prefix(t, dead, prefix);
	for (size_t i = 0; i < o->n_prefixes; i++) {
		if (strcmp(o->prefixes[i], prefix) == 0)
			return;
	}
	o->prefixes = mem_realloc(o->prefixes, (o->n_prefixes + 1) * sizeof(*o->prefixes));
	o->prefixes[o->n_prefixes++] = mem_strdup(prefix);
}

static void collect(struct orphans *o, struct writer *writers, int64_t now_boot_ms)
{
	for (struct writer *w = writers; w != NULL; w = w->next) {
		if (w->looked || w->closed || w->failed || !is_ours(w, now_boot_ms) || !has_recovered(w))
			continue;
		w->looked = true;
		add_prefix(o, w->topic, false);
		add_prefix(o, w->topic, true);
	}
}

static void start(struct orphans *o, const struct s3_call *call, int64_t now_boot_ms)
{
	o->call = *call;
	o->call.not_after_boot_ms = INT64_MAX;
	o->busy = true;
	s3_start(o->s3, &o->call, now_boot_ms);
}

static bool is_alive(const struct writer *w, const char *id)
{
	if (w->open != NULL && strcmp(w->open->facts.id, id) == 0)
		return true;
	for (const struct range *r = w->sealed; r != NULL; r = r->next) {
		if (strcmp(r->facts.id, id) == 0)
			return true;
	}
	return false;
}

static bool is_orphan(const struct orphans *o, struct writer *writers, const char *key)
{
	char id[RANGE_ID_HEX];

	for (struct writer *w = writers; w != NULL; w = w->next) {
		const struct assignment *a = w->assignment;

		if (!w->looked || strstr(key, a->mark) == NULL || strstr(key, a->topic) == NULL ||
		    !key_is_of(
			    w->topic,
			    &(struct key_facts){ .topic = a->topic, .table = a->table, .partition = a->partition_id },
			    key, id))
			continue;
		if (memcmp(id, a->mark, 4) != 0 || is_alive(w, id))
			return false;
		w->looked = is_ours(w, o->listed_boot_ms); /* else once more, when that is proved again */
		return w->looked;
	}
	return false;
}

/* True: an abort is out. */
static bool abort_next(struct orphans *o, struct writer *writers, int64_t now_boot_ms)
{
	for (int i = 0; i < LINES_A_TICK && o->line != NULL; i++) {
		char *key = o->line;
		char *id = strchr(key, '\t');
		char *end = id != NULL ? strchr(id, '\n') : NULL;

		o->line = end != NULL ? end + 1 : NULL;
		if (end == NULL)
			return false;
		*id++ = *end = '\0';
		if (!is_orphan(o, writers, key))
			continue;
		start(o, &(struct s3_call){ .op = S3_ABORT, .key = key, .upload_id = id }, now_boot_ms);
		return true;
	}
	return false;
}

static void list_next(struct orphans *o, int64_t now_boot_ms)
{
	if (o->page != NULL && o->next_page == NULL)
		o->prefix++;
	if (o->prefix == o->n_prefixes) {
		end_round(o);
		return;
	}
	free(o->page);
	o->page = NULL;
	start(o, &(struct s3_call){ .op = S3_LIST_UPLOADS, .key = o->prefixes[o->prefix], .page = o->next_page },
	      now_boot_ms);
}

void orphans_tick(struct orphans *o, struct writer *writers, int64_t now_boot_ms)
{
	if (o->off || o->busy)
		return;
	if (o->n_prefixes == 0 && now_boot_ms >= o->next_boot_ms) {
		collect(o, writers, now_boot_ms);
		o->next_boot_ms = now_boot_ms + (o->n_prefixes > 0 ? PAUSE_MS : 0);
	}
	if (o->n_prefixes == 0 || abort_next(o, writers, now_boot_ms) || o->line != NULL)
		return;
	list_next(o, now_boot_ms);
}

bool orphans_call_done(struct orphans *o, const struct s3_call *c, int64_t now_boot_ms)
{
	if (c != &o->call)
		return false;
	o->busy = false;
	if (c->result != S3_DONE) {
		log_event(MESSAGE_UPLOADS_LEFT, NULL, 0,
			  "uploads that were left behind are not looked for any more: %s; a lifecycle rule of the "
			  "bucket (AbortIncompleteMultipartUpload) removes them too",
			  c->error.text);
		o->off = true;
		end_round(o);
	} else if (c->op == S3_ABORT) {
		o->aborted++;
	} else {
		o->listed_boot_ms = now_boot_ms;
		free(o->next_page);
		o->next_page = c->next_page;
		o->page = o->line = c->listed;
	}
	return true;
}
