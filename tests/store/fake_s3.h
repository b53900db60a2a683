/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_FAKE_S3_H
#define STORE_FAKE_S3_H

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "encode/encoder.h"
#include "store/s3.h"

/* A double of store/s3.h and encode/encoder.h for tests of what stands above them; included by one file of a test
 * program. A call does nothing until the test performs it, and is answered when the test says so, in any order. */

struct fake_object {
	struct fake_object *next;
	char *key;
	char *metadata; /* "name=value\n" of each */
	struct buf body;
};

#define FAKE_PARTS 64

struct fake_upload {
	struct fake_upload *next;
	char id[24];
	char *key;
	char *metadata;
	struct buf parts[FAKE_PARTS];
	bool open;
	int aborts;
};

struct fake_store {
	struct fake_object *objects;
	struct fake_upload *uploads;
	int creates, puts, completes, lists; /* requests that took effect */
	int page;                            /* most uploads that one answer lists; 0: any number */
	/* Told of each object that becomes visible, and of each refused one with what stands there. */
	void (*visible)(void *arg, const struct fake_object *o);
	void (*refused)(void *arg, const struct fake_object *there, const struct buf *body);
	void *arg;
};

#define FAKE_CALLS 512

struct s3 {
	struct fake_store *store;
	struct s3_call *calls[FAKE_CALLS]; /* in flight, oldest first */
	size_t n;
	bool dead;           /* its process is gone: calls are neither taken nor cancelled in order */
	const char *trouble; /* what is being retried inside */
};

static struct fake_object *fake_find(const struct fake_store *store, const char *key)
{
	struct fake_object *o = store->objects;

	while (o != NULL && strcmp(o->key, key) != 0)
		o = o->next;
	return o;
}

static struct fake_upload *fake_upload(const struct fake_store *store, const char *id)
{
	struct fake_upload *u = store->uploads;

	while (u != NULL && strcmp(u->id, id) != 0)
		u = u->next;
	return u;
}

static void fake_object_free(struct fake_object *o)
{
	free(o->key);
	free(o->metadata);
	buf_free(&o->body);
	free(o);
}

static void fake_store_clear(struct fake_store *store)
{
	while (store->objects != NULL) {
		struct fake_object *o = store->objects;

		store->objects = o->next;
		fake_object_free(o);
	}
	while (store->uploads != NULL) {
		struct fake_upload *u = store->uploads;

		store->uploads = u->next;
		for (int i = 0; i < FAKE_PARTS; i++)
			buf_free(&u->parts[i]);
		free(u->key);
		free(u->metadata);
		free(u);
	}
}

static char *fake_metadata(const struct s3_call *c)
{
	struct buf b;

	buf_init(&b, 1 << 16);
	for (size_t i = 0; i < c->n_metadata; i++)
		buf_addf(&b, "%s=%s\n", c->metadata[i].name, c->metadata[i].value);
	return (char *)buf_str(&b);
}

/* The value of one, into out; false: it is not there. */
static inline bool fake_metadata_value(const char *metadata, const char *name, char *out, size_t size)
{
	size_t len = strlen(name);

	for (const char *line = metadata; *line != '\0'; line = strchr(line, '\n') + 1) {
		if (strncmp(line, name, len) == 0 && line[len] == '=') {
			snprintf(out, size, "%.*s", (int)strcspn(line + len + 1, "\n"), line + len + 1);
			return true;
		}
	}
	return false;
}

/* Owns: takes metadata and body. */
static enum s3_result fake_show(struct fake_store *store, const char *key, char *metadata, struct buf *body)
{
	struct fake_object *o = fake_find(store, key);

	if (o != NULL) {
		if (store->refused != NULL)
			store->refused(store->arg, o, body);
		free(metadata);
		buf_free(body);
		return S3_EXISTS;
	}
	o = mem_zalloc(sizeof(*o));
	o->key = mem_strdup(key);
	o->metadata = metadata;
	o->body = *body;
	buf_str(&o->body);
	o->next = store->objects;
	store->objects = o;
	if (store->visible != NULL)
		store->visible(store->arg, o);
	return S3_DONE;
}

static void fake_add_body(const struct s3_call *c, struct buf *b)
{
	for (size_t i = 0; i < c->n_body; i++)
		buf_add(b, c->body[i].iov_base, c->body[i].iov_len);
}

static enum s3_result fake_put(struct fake_store *store, const struct s3_call *c)
{
	struct buf body;

	buf_init(&body, 1 << 24);
	fake_add_body(c, &body);
	store->puts++;
	return fake_show(store, c->key, fake_metadata(c), &body);
}

static enum s3_result fake_create(struct fake_store *store, struct s3_call *c)
{
	struct fake_upload *u = mem_zalloc(sizeof(*u));

	snprintf(u->id, sizeof(u->id), "upload-%d", ++store->creates);
	u->key = mem_strdup(c->key);
	u->metadata = fake_metadata(c);
	u->open = true;
	for (int i = 0; i < FAKE_PARTS; i++)
		buf_init(&u->parts[i], 1 << 24);
	u->next = store->uploads;
	store->uploads = u;
	free(c->new_upload_id);
	c->new_upload_id = mem_strdup(u->id);
	return S3_DONE;
}

static enum s3_result fake_part(struct fake_store *store, struct s3_call *c)
{
	struct fake_upload *u = fake_upload(store, c->upload_id);

	if (u == NULL || !u->open)
		return S3_UPLOAD_DEAD;
	assert(strcmp(u->key, c->key) == 0 && c->part_number >= 1 && c->part_number <= FAKE_PARTS);
	buf_clear(&u->parts[c->part_number - 1]);
	fake_add_body(c, &u->parts[c->part_number - 1]);
	free(c->part.etag);
	c->part.etag = mem_printf("\"%s/%d\"", u->id, c->part_number);
	return S3_DONE;
}

static enum s3_result fake_complete(struct fake_store *store, const struct s3_call *c)
{
	struct fake_upload *u = fake_upload(store, c->upload_id);
	struct buf body;
	char etag[64];
	enum s3_result result;

	store->completes++;
	if (u == NULL || !u->open)
		return S3_UPLOAD_DEAD;
	buf_init(&body, 1 << 24);
	for (size_t i = 0; i < c->n_parts; i++) {
		snprintf(etag, sizeof(etag), "\"%s/%zu\"", u->id, i + 1);
		assert(strcmp(c->parts[i].etag, etag) == 0);
		buf_add(&body, u->parts[i].data, u->parts[i].len);
	}
	result = fake_show(store, c->key, mem_strdup(u->metadata), &body);
	u->open = result == S3_EXISTS;
	return result;
}

static enum s3_result fake_abort(struct fake_store *store, const struct s3_call *c)
{
	struct fake_upload *u = fake_upload(store, c->upload_id);

	if (u != NULL) {
		u->open = false;
		u->aborts++;
	}
	return S3_DONE;
}

/* Newest first; a page begins behind the upload that its marker names. */
static enum s3_result fake_list(struct fake_store *store, struct s3_call *c)
{
	const struct fake_upload *u = store->uploads;
	struct buf lines;
	int n = 0;

	store->lists++;
	buf_init(&lines, 1 << 20);
	while (c->page != NULL && strcmp(u->id, strchr(c->page, '\t') + 1) != 0)
		u = u->next;
	for (u = c->page != NULL ? u->next : u; u != NULL && c->next_page == NULL; u = u->next) {
		if (!u->open || strncmp(u->key, c->key, strlen(c->key)) != 0)
			continue;
		buf_addf(&lines, "%s\t%s\n", u->key, u->id);
		if (++n == store->page)
			c->next_page = mem_printf("%s\t%s", u->key, u->id);
	}
	c->listed = mem_strdup(buf_str(&lines));
	buf_free(&lines);
	return S3_DONE;
}

/* Let it take effect in S3; the answer waits in c->result. */
static void fake_perform(struct fake_store *store, struct s3_call *c, int64_t now_boot_ms)
{
	if (now_boot_ms > c->not_after_boot_ms)
		c->result = S3_STALE;
	else if (c->op == S3_PUT)
		c->result = fake_put(store, c);
	else if (c->op == S3_CREATE)
		c->result = fake_create(store, c);
	else if (c->op == S3_PART)
		c->result = fake_part(store, c);
	else if (c->op == S3_COMPLETE)
		c->result = fake_complete(store, c);
	else if (c->op == S3_LIST_UPLOADS)
		c->result = fake_list(store, c);
	else
		c->result = fake_abort(store, c);
}

/* It is not in flight any more: the test hands it on as done. False: it was not. */
static bool fake_take(struct s3 *s3, const struct s3_call *c)
{
	for (size_t i = 0; i < s3->n; i++) {
		if (s3->calls[i] != c)
			continue;
		memmove(&s3->calls[i], &s3->calls[i + 1], (s3->n - i - 1) * sizeof(s3->calls[0]));
		s3->n--;
		return true;
	}
	return false;
}

/* ---- store/s3.h */

void s3_start(struct s3 *s3, struct s3_call *c, int64_t now_boot_ms)
{
	(void)now_boot_ms;
	if (s3->dead)
		return;
	assert(s3->n < FAKE_CALLS && !fake_take(s3, c));
	s3->calls[s3->n++] = c;
}

/* The last calls that were cancelled may still take effect: the test decides. */
static void (*fake_cancelled)(struct s3 *s3, const struct s3_call *c);

void s3_cancel(struct s3 *s3, struct s3_call *c)
{
	if (fake_take(s3, c) && fake_cancelled != NULL)
		fake_cancelled(s3, c);
}

const char *s3_trouble(const struct s3 *s3)
{
	return s3->trouble;
}

/* ---- encode/encoder.h: a line is the offset, filled up to the value's length; "!" makes a dead letter */

static enum encoded fake_encode(const struct topic_settings *t, const struct record_source *source,
				const struct record *r, struct buf *out, const char **reason)
{
	(void)t;
	(void)source;
	if (r->value == NULL)
		return ENCODE_SKIP;
	if (r->value_len > 0 && r->value[0] == '!') {
		*reason = "odd";
		return ENCODE_DEAD;
	}
	buf_addf(out, "%-*" PRId64 "\n", (int)r->value_len, r->offset);
	return ENCODED;
}

const struct encoder_ops *encoder_find(const char *format)
{
	static const struct encoder_ops ops = { "json", ".json", fake_encode };

	return strcmp(format, "json") == 0 ? &ops : NULL;
}

bool dead_letter_encode(const struct topic_settings *t, const struct record_source *source, const struct record *r,
			const char *reason, struct buf *out)
{
	(void)t;
	(void)source;
	assert(strcmp(reason, "odd") == 0 || strcmp(reason, "skip") == 0);
	return buf_addf(out, "%" PRId64 "%s\n", r->offset, strcmp(reason, "odd") == 0 ? "" : " skip");
}

size_t encoder_bound(const struct topic_settings *t, const struct record_source *source, const struct record *r)
{
	(void)t;
	(void)source;
	return r->value_len + 32;
}

#endif
