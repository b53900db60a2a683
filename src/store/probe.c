/* SPDX-License-Identifier: Apache-2.0 */
/* The start's probe: Create and Abort, one call at a time, prefix by prefix. A passing error is retried by s3 itself;
 * one that needs a person is tried again here, since a person may mend it. An upload that could not be aborted is not
 * begun again: at most one is ever left behind. */
#include "store/probe.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/backoff.h"

#define FLOOR_MS 1000
#define TOLD_EVERY_MS 60000

struct place {
	char *key;
	struct topic_settings topic; /* what a Create says of it: its strings are ours, the rest is not used */
};

struct probe {
	struct s3 *s3;
	struct place places[PROBE_MAX_PREFIXES];
	int n, at;
	struct s3_call call;
	bool busy;
	char *upload_id; /* to be aborted; NULL: none is begun */
	int failures;    /* in a row */
	uint64_t seed;
	int64_t next_boot_ms, tell_boot_ms;

	atomic_bool worked;
	pthread_mutex_t mutex;
	char trouble[ERROR_TEXT_MAX]; /* under the mutex */
};

static char *key_under(const char *prefix)
{
	return prefix[0] != '\0' ? mem_printf("%s/" PROBE_NAME, prefix) : mem_strdup(PROBE_NAME);
}

static void add(struct probe *p, const struct topic_settings *t)
{
	char *key = key_under(t->prefix);
	bool known = p->n == PROBE_MAX_PREFIXES;

	for (int i = 0; i < p->n; i++)
		known |= strcmp(p->places[i].key, key) == 0;
	if (known) {
		free(key);
		return;
	}
	p->places[p->n++] = (struct place){
		.key = key,
		.topic = { .storage_class = mem_strdup(t->storage_class),
			   .sse = mem_strdup(t->sse),
			   .kms_key_id = mem_strdup(t->kms_key_id) },
	};
}

struct probe *probe_new(struct s3 *s3, const struct settings *settings)
{
	struct probe *p = mem_zalloc(sizeof(*p));

	p->s3 = s3;
	p->seed = (uint64_t)(uintptr_t)p;
	pthread_mutex_init(&p->mutex, NULL);
	add(p, &settings->topic);
	for (size_t i = 0; i < settings->n_overrides; i++)
		add(p, &settings->overrides[i].topic);
	return p;
}

void probe_free(struct probe *p)
{
	if (p == NULL)
		return;
	if (p->busy)
		s3_cancel(p->s3, &p->call);
	for (int i = 0; i < p->n; i++) {
		free(p->places[i].key);
		free(p->places[i].topic.storage_class);
		free(p->places[i].topic.sse);
		free(p->places[i].topic.kms_key_id);
	}
	pthread_mutex_destroy(&p->mutex);
	free(p->upload_id);
	free(p);
}

static void set_trouble(struct probe *p, const char *text)
{
	pthread_mutex_lock(&p->mutex);
	snprintf(p->trouble, sizeof(p->trouble), "%s", text);
	pthread_mutex_unlock(&p->mutex);
}

static void start(struct probe *p, int64_t now_boot_ms)
{
	const struct place *place = &p->places[p->at];

	p->call = (struct s3_call){ .op = p->upload_id != NULL ? S3_ABORT : S3_CREATE,
				    .key = place->key,
				    .upload_id = p->upload_id,
				    .content_type = "application/octet-stream",
				    .topic = &place->topic,
				    .not_after_boot_ms = INT64_MAX };
	p->busy = true;
	s3_start(p->s3, &p->call, now_boot_ms);
}

void probe_tick(struct probe *p, int64_t now_boot_ms)
{
	const char *trouble;

	if (p == NULL || p->at == p->n)
		return;
	if (!p->busy && now_boot_ms >= p->next_boot_ms)
		start(p, now_boot_ms);
	trouble = p->busy ? s3_trouble(p->s3) : NULL;
	if (trouble != NULL)
		set_trouble(p, trouble);
}

static void fail(struct probe *p, int64_t now_boot_ms)
{
	struct error *e = &p->call.error;

	error_context(e, "\"%s\"", p->call.key);
	set_trouble(p, e->text);
	p->next_boot_ms = now_boot_ms + backoff_ms(&p->seed, ++p->failures, FLOOR_MS);
	if (now_boot_ms < p->tell_boot_ms)
		return;
	log_event(MESSAGE_WAITS_S3, NULL, 0, "waits for a person to mend what S3 refuses to a first upload: %s",
		  e->text);
	p->tell_boot_ms = now_boot_ms + TOLD_EVERY_MS;
}

static void succeed(struct probe *p)
{
	if (p->failures > 0)
		log_info("S3 takes uploads under \"%s\" now", p->call.key);
	p->failures = 0;
	p->tell_boot_ms = 0;
	if (p->call.op == S3_CREATE) {
		p->upload_id = p->call.new_upload_id;
		return;
	}
	free(p->upload_id);
	p->upload_id = NULL;
	p->at++;
	if (p->at == p->n)
		atomic_store(&p->worked, true);
}

bool probe_call_done(struct probe *p, const struct s3_call *c, int64_t now_boot_ms)
{
	if (p == NULL || c != &p->call)
		return false;
	p->busy = false;
	if (c->result == S3_DONE)
		succeed(p);
	else
		fail(p, now_boot_ms);
	return true;
}

bool probe_is_open(const struct probe *p)
{
	return p != NULL && p->upload_id != NULL;
}

bool probe_worked(struct probe *p, char text[ERROR_TEXT_MAX])
{
	pthread_mutex_lock(&p->mutex);
	memcpy(text, p->trouble, ERROR_TEXT_MAX);
	pthread_mutex_unlock(&p->mutex);
	return atomic_load(&p->worked);
}
