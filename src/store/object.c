/* SPDX-License-Identifier: Apache-2.0 */
/* One object: from lines to a visible key. It decides which S3 call comes next from what it holds, so that the same
 * function serves after each event; it leaves retries to s3, and when to publish to the writer.
 * Invariant: nothing of it is visible before object_allow (design.md, I3). */
#include "store/object.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define RAW_MAX (1U << 30)
#define OPEN_ENDED INT64_MAX
/* With blocks this small there are so many objects that an empty buffer each would take what their blocks could have.
 */
#define SMALL_BLOCK (64 << 10)

void object_metadata_release(struct object_metadata *m)
{
	if (m == NULL || --m->refs > 0)
		return;
	for (size_t i = 0; i < m->n; i++)
		free((char *)m->items[i].value);
	settings_free(m->settings);
	free(m);
}

/* What it takes without any line. */
static int64_t own_bytes(const struct object *o)
{
	return (int64_t)(sizeof(*o) + strlen(o->key) + 1);
}

struct object *object_new(struct upload_env *env, char *key, const struct topic_settings *topic,
			  struct object_metadata *metadata)
{
	struct object *o = mem_zalloc(sizeof(*o));

	o->key = key;
	o->topic = topic;
	o->content_type = codec_find(topic->compression)->content_type;
	o->metadata = metadata;
	metadata->refs++;
	buf_init(&o->raw, RAW_MAX);
	env->n_open++;
	env->open_bytes += own_bytes(o);
	return o;
}

static void add_tail(struct object *o, uint8_t *data, size_t len)
{
	if (o->n_tail == o->cap_tail) {
		o->cap_tail = o->cap_tail ? o->cap_tail * 2 : 4;
		o->tail = mem_realloc(o->tail, o->cap_tail * sizeof(*o->tail));
	}
	o->tail[o->n_tail++] = (struct iovec){ data, len };
	o->tail_bytes += (int64_t)len;
	o->compressed_bytes += (int64_t)len;
}

/* Without a codec the lines are the block: their memory moves over, nothing is copied. */
static void move_block(struct upload_env *env, struct object *o)
{
	uint8_t *data = o->raw.data;
	size_t len = o->raw.len;

	env->open_bytes -= (int64_t)o->raw.cap;
	if (o->raw.cap - len > len / 8)
		data = mem_realloc(data, len);
	buf_init(&o->raw, RAW_MAX);
	if (o->compressed_bytes > 0 && env->block_bytes > SMALL_BLOCK)
		buf_reserve(&o->raw, (size_t)env->block_bytes + (size_t)env->block_bytes / 8);
	env->open_bytes += (int64_t)o->raw.cap;
	add_tail(o, data, len);
	env->open_bytes += (int64_t)len;
}

static void compress_block(struct upload_env *env, struct object *o)
{
	const struct codec_ops *codec = codec_find(o->topic->compression);
	void *state = codecs_state(env->codecs, o->topic->compression, o->topic->level);
	size_t bound = codec->bound(state, o->raw.len);
	size_t len;
	uint8_t *block;

	buf_clear(&env->scratch);
	buf_reserve(&env->scratch, bound);
	len = codec->compress(state, o->raw.data, o->raw.len, env->scratch.data, env->scratch.cap);
	block = mem_alloc(len);
	memcpy(block, env->scratch.data, len);
	add_tail(o, block, len);
	env->open_bytes += (int64_t)len;
	buf_clear(&o->raw);
	if (env->block_bytes <= SMALL_BLOCK || (int64_t)o->raw.cap > 2 * env->block_bytes) {
		env->open_bytes -= (int64_t)o->raw.cap;
		buf_free(&o->raw);
	}
	env->after_block(env->after_block_arg);
}

static void flush_lines(struct upload_env *env, struct object *o)
{
	int64_t before = o->compressed_bytes;

	if (o->raw.len == 0)
		return;
	if (o->topic->compression == COMPRESSION_NONE)
		move_block(env, o);
	else
		compress_block(env, o);
	env->compressed_bytes += o->compressed_bytes - before;
}

static void cut_part(struct upload_env *env, struct object *o)
{
	struct object_part *p = mem_zalloc(sizeof(*p));

	if (o->n_parts == o->cap_parts) {
		o->cap_parts = o->cap_parts ? o->cap_parts * 2 : 4;
		o->parts = mem_realloc(o->parts, o->cap_parts * sizeof(*o->parts));
	}
	p->blocks = o->tail;
	p->n_blocks = o->n_tail;
	p->bytes = o->tail_bytes;
	o->parts[o->n_parts++] = p;
	env->open_bytes -= p->bytes;
	env->moving_bytes += p->bytes;
	o->tail = NULL;
	o->n_tail = o->cap_tail = 0;
	o->tail_bytes = 0;
}

static void start(struct upload_env *env, struct object *o, struct s3_call *c, enum s3_op op, int64_t now_boot_ms)
{
	c->op = op;
	c->key = o->key;
	c->upload_id = o->upload_id;
	c->content_type = o->content_type;
	c->topic = o->topic;
	c->user = o;
	if (op == S3_PUT || op == S3_CREATE) {
		c->metadata = o->metadata->items;
		c->n_metadata = o->metadata->n;
	}
	c->not_after_boot_ms = op == S3_PUT || op == S3_COMPLETE ? o->not_after_boot_ms : OPEN_ENDED;
	s3_start(env->s3, c, now_boot_ms);
}

static void start_parts(struct upload_env *env, struct object *o, int64_t now_boot_ms)
{
	if (o->upload_id == NULL) {
		if (o->create == NULL) {
			o->create = mem_zalloc(sizeof(*o->create));
			start(env, o, o->create, S3_CREATE, now_boot_ms);
		}
		return;
	}
	for (size_t i = o->parts_done; i < o->n_parts; i++) {
		struct object_part *p = o->parts[i];

		if (p->started)
			continue;
		p->started = true;
		p->call.part_number = (int)i + 1;
		p->call.body = p->blocks;
		p->call.n_body = p->n_blocks;
		start(env, o, &p->call, S3_PART, now_boot_ms);
	}
}

static void start_complete(struct upload_env *env, struct object *o, int64_t now_boot_ms)
{
	free(o->completed);
	o->completed = mem_array(o->n_parts, sizeof(*o->completed));
	for (size_t i = 0; i < o->n_parts; i++)
		o->completed[i] = o->parts[i]->call.part;
	o->finish->parts = o->completed;
	o->finish->n_parts = o->n_parts;
	start(env, o, o->finish, S3_COMPLETE, now_boot_ms);
}

static void start_put(struct upload_env *env, struct object *o, int64_t now_boot_ms)
{
	o->finish->body = o->tail;
	o->finish->n_body = o->n_tail;
	start(env, o, o->finish, S3_PUT, now_boot_ms);
}

static bool all_parts_done(const struct object *o)
{
	return o->parts_done == o->n_parts;
}

static void start_finish(struct upload_env *env, struct object *o, int64_t now_boot_ms)
{
	env->n_publishing++;
	o->finish = mem_zalloc(sizeof(*o->finish));
	if (o->n_parts > 0)
		start_complete(env, o, now_boot_ms);
	else
		start_put(env, o, now_boot_ms);
}

static void wait_in_line(struct upload_env *env, struct object *o)
{
	o->waiting = true;
	o->next_waiting = NULL;
	if (env->waiting == NULL)
		env->waiting = o;
	else
		env->waiting_last->next_waiting = o;
	env->waiting_last = o;
}

static void leave_line(struct upload_env *env, struct object *o)
{
	struct object *before = NULL;

	for (struct object *at = env->waiting; at != o; at = at->next_waiting)
		before = at;
	if (before == NULL)
		env->waiting = o->next_waiting;
	else
		before->next_waiting = o->next_waiting;
	if (env->waiting_last == o)
		env->waiting_last = before;
	o->waiting = false;
}

/* The call of one that was publishing is over: the next in line has its turn. */
static void end_finish(struct upload_env *env, struct object *o, int64_t now_boot_ms)
{
	free(o->finish);
	o->finish = NULL;
	env->n_publishing--;
	while (env->waiting != NULL && env->n_publishing < env->publish_max) {
		struct object *next = env->waiting;

		leave_line(env, next);
		start_finish(env, next, now_boot_ms);
	}
}

/* Whatever can go on now, goes on. */
static void pump(struct upload_env *env, struct object *o, int64_t now_boot_ms)
{
	if (o->state != OBJECT_OPEN && o->state != OBJECT_SEALED)
		return;
	if (o->n_parts > 0 && !all_parts_done(o))
		start_parts(env, o, now_boot_ms);
	if (o->state != OBJECT_SEALED || !o->allowed || o->finish != NULL || o->waiting || !all_parts_done(o))
		return;
	if (env->n_publishing < env->publish_max)
		start_finish(env, o, now_boot_ms);
	else
		wait_in_line(env, o);
}

void object_flush(struct upload_env *env, struct object *o, int64_t now_boot_ms)
{
	flush_lines(env, o);
	if (o->tail_bytes < env->part_bytes)
		return;
	cut_part(env, o);
	pump(env, o, now_boot_ms);
}

void object_early_part(struct upload_env *env, struct object *o, int64_t now_boot_ms)
{
	cut_part(env, o);
	pump(env, o, now_boot_ms);
}

void object_seal(struct upload_env *env, struct object *o, int64_t now_boot_ms)
{
	flush_lines(env, o);
	env->open_bytes -= (int64_t)o->raw.cap;
	buf_free(&o->raw);
	o->state = OBJECT_SEALED;
	o->sealed = true;
	env->n_open--;
	env->open_bytes -= own_bytes(o);
	env->moving_bytes += own_bytes(o);
	if (o->n_parts > 0 && o->n_tail > 0) {
		cut_part(env, o);
	} else {
		env->open_bytes -= o->tail_bytes;
		env->moving_bytes += o->tail_bytes;
	}
	pump(env, o, now_boot_ms);
}

void object_allow(struct upload_env *env, struct object *o, int64_t not_after_boot_ms, int64_t now_boot_ms)
{
	if (o->state == OBJECT_STALE)
		o->state = OBJECT_SEALED;
	o->allowed = true;
	o->not_after_boot_ms = not_after_boot_ms;
	pump(env, o, now_boot_ms);
}

static void free_blocks(struct iovec *blocks, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(blocks[i].iov_base);
	free(blocks);
}

static void free_part_blocks(struct upload_env *env, struct object_part *p)
{
	env->moving_bytes -= p->bytes;
	free_blocks(p->blocks, p->n_blocks);
	p->blocks = NULL;
	p->n_blocks = 0;
	p->bytes = 0;
}

/* The memory of the tail of a sealed object. */
static void free_sealed_tail(struct upload_env *env, struct object *o)
{
	env->moving_bytes -= o->tail_bytes;
	free_blocks(o->tail, o->n_tail);
	o->tail = NULL;
	o->n_tail = 0;
	o->tail_bytes = 0;
}

static void start_abort(struct upload_env *env, struct object *o, int64_t now_boot_ms)
{
	o->abort_sent = true;
	o->abort = mem_zalloc(sizeof(*o->abort));
	start(env, o, o->abort, S3_ABORT, now_boot_ms);
}

/* Lines, blocks and parts; no call that sends them may be out. */
static void free_content(struct object *o)
{
	for (size_t i = 0; i < o->n_parts; i++) {
		free_blocks(o->parts[i]->blocks, o->parts[i]->n_blocks);
		o->parts[i]->blocks = NULL;
		o->parts[i]->n_blocks = 0;
	}
	free_blocks(o->tail, o->n_tail);
	o->tail = NULL;
	o->n_tail = 0;
	buf_free(&o->raw);
}

static void free_object(struct object *o)
{
	free_content(o);
	for (size_t i = 0; i < o->n_parts; i++) {
		free(o->parts[i]->call.part.etag);
		free(o->parts[i]);
	}
	free(o->parts);
	free(o->completed);
	free(o->upload_id);
	if (o->create != NULL)
		free(o->create->new_upload_id);
	free(o->create);
	free(o->finish);
	free(o->abort);
	free(o->error);
	object_metadata_release(o->metadata);
	free(o->key);
	free(o);
}

static void fail(struct object *o, const struct s3_call *c)
{
	if (o->error == NULL)
		o->error = mem_alloc(sizeof(*o->error));
	*o->error = c->error;
	if (c->result == S3_UPLOAD_DEAD)
		o->error->action = ERROR_REPLAY;
	error_context(o->error, "object \"%s\"", o->key);
	o->state = OBJECT_FAILED;
}

static void finish_done(struct upload_env *env, struct object *o, struct s3_call *c, int64_t now_boot_ms)
{
	switch (c->result) {
	case S3_EXISTS:
		if (c->op == S3_COMPLETE)
			start_abort(env, o, now_boot_ms);
		/* fall through */
	case S3_DONE:
		o->state = OBJECT_DURABLE;
		histogram_add(&env->sizes, &histogram_bytes, (double)o->compressed_bytes);
		free_sealed_tail(env, o);
		break;
	case S3_STALE:
		o->state = OBJECT_STALE;
		o->allowed = false;
		break;
	case S3_UPLOAD_DEAD:
	case S3_FAILED:
		fail(o, c);
		break;
	}
}

static void part_done(struct upload_env *env, struct object *o, struct s3_call *c)
{
	struct object_part *p = o->parts[c->part_number - 1];

	if (c->result != S3_DONE) {
		fail(o, c);
		return;
	}
	p->done = true;
	free_part_blocks(env, p);
	while (o->parts_done < o->n_parts && o->parts[o->parts_done]->done)
		o->parts_done++;
}

static void create_done(struct object *o, struct s3_call *c)
{
	if (c->result == S3_DONE) {
		o->upload_id = c->new_upload_id;
		c->new_upload_id = NULL;
	} else if (o->state != OBJECT_DROPPED) {
		fail(o, c);
	}
}

/* A dropped object stays until its Create is answered, since only the answer names the upload to abort. */
static void close_if_quiet(struct upload_env *env, struct object *o, int64_t now_boot_ms)
{
	struct object **at = &env->closing;

	if (o->create != NULL || o->abort != NULL)
		return;
	if (o->upload_id != NULL && !o->abort_sent) {
		start_abort(env, o, now_boot_ms);
		return;
	}
	while (*at != o)
		at = &(*at)->next;
	*at = o->next;
	free_object(o);
}

void object_call_done(struct upload_env *env, struct s3_call *c, int64_t now_boot_ms)
{
	struct object *o = c->user;

	switch (c->op) {
	case S3_CREATE:
		create_done(o, c);
		free(o->create);
		o->create = NULL;
		break;
	case S3_PART:
		part_done(env, o, c);
		break;
	case S3_ABORT:
		free(o->abort);
		o->abort = NULL;
		break;
	default:
		finish_done(env, o, c, now_boot_ms);
		end_finish(env, o, now_boot_ms);
		break;
	}
	if (o->state == OBJECT_DROPPED)
		close_if_quiet(env, o, now_boot_ms);
	else
		pump(env, o, now_boot_ms);
}

static void uncount(struct upload_env *env, struct object *o)
{
	if (!o->sealed) {
		env->n_open--;
		env->open_bytes -= (int64_t)o->raw.cap + o->tail_bytes + own_bytes(o);
	} else {
		env->moving_bytes -= o->tail_bytes + own_bytes(o);
	}
	o->tail_bytes = 0;
	for (size_t i = 0; i < o->n_parts; i++) {
		env->moving_bytes -= o->parts[i]->bytes;
		o->parts[i]->bytes = 0;
	}
}

void object_drop(struct upload_env *env, struct object *o, int64_t now_boot_ms)
{
	bool published = o->state == OBJECT_DURABLE;

	uncount(env, o);
	for (size_t i = 0; i < o->n_parts; i++) {
		if (o->parts[i]->started && !o->parts[i]->done)
			s3_cancel(env->s3, &o->parts[i]->call);
	}
	if (o->waiting)
		leave_line(env, o);
	if (o->finish != NULL) {
		s3_cancel(env->s3, o->finish);
		end_finish(env, o, now_boot_ms);
	}
	if (published && o->abort == NULL) {
		free_object(o);
		return;
	}
	free_content(o);
	o->state = OBJECT_DROPPED;
	o->next = env->closing;
	env->closing = o;
	if (o->abort == NULL)
		close_if_quiet(env, o, now_boot_ms);
}

void object_free_closing(struct upload_env *env)
{
	while (env->closing != NULL) {
		struct object *o = env->closing;

		env->closing = o->next;
		if (o->create != NULL)
			s3_cancel(env->s3, o->create);
		if (o->abort != NULL)
			s3_cancel(env->s3, o->abort);
		free_object(o);
	}
}
