/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_OBJECT_H
#define STORE_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "batch/registry.h"
#include "encode/codec.h"
#include "store/s3.h"

/* One object on its way: lines, compressed blocks, parts, and the one call that makes it visible.
 *
 *     lines ──flush──► tail of blocks ──cut──► parts ──► S3 (invisible)      PUT or Complete: only when allowed
 *      raw              (compressed)           (in flight)
 *
 * Bytes that can still grow count as open, bytes that only wait for S3 count as moving, and so does what an object is
 * itself: the uploader's memory is their sum. Thread: its uploader. */

/* What the objects of one uploader share. */
struct upload_env {
	const struct settings *settings; /* the newest generation; ranges hold that which they began with */
	struct s3 *s3;
	struct registry *registry; /* NULL: nothing is registered */
	struct sampler *sampler;   /* NULL: nobody learns from the lines */
	struct codecs *codecs;
	int64_t part_bytes;  /* s3.part_size */
	int64_t block_bytes; /* lines are compressed when they reach this: about 1 MiB, less when memory is short */
	int64_t open_bytes;
	int64_t moving_bytes;
	int64_t compressed_bytes; /* since the start */
	int n_open;               /* objects that still grow */
	int publish_max; /* objects that may have their PUT or Complete at s3 at a time: a call has its price */
	int n_publishing;
	struct object *waiting, *waiting_last; /* allowed, beyond publish_max; oldest first */
	struct buf scratch;                    /* the compressor writes here */
	void (*after_block)(void *arg);        /* each that was compressed, for one turn of the loop may be many */
	void *after_block_arg;
	struct object *closing;     /* dropped objects whose last calls are still out */
	int64_t real_less_boot_ms;  /* the wall clock less the boot clock */
	struct histogram sizes;     /* of objects that are visible, in bytes */
	struct histogram freshness; /* of ranges that are: how old their first record was then, in s */
};

/* What every object of a range says about it, and the settings that it is made by; shared by them, since a call may
 * outlive the range. */
struct object_metadata {
	int refs;
	const struct settings *settings; /* a hold; the objects' topic points into it */
	size_t n;
	struct s3_metadata items[8]; /* values are ours */
};

struct object_part {
	struct s3_call call;
	struct iovec *blocks;
	size_t n_blocks;
	int64_t bytes;
	bool started;
	bool done;
};

enum object_state {
	OBJECT_OPEN,    /* grows */
	OBJECT_SEALED,  /* complete; publishes when allowed */
	OBJECT_DURABLE, /* visible, or found to be there already */
	OBJECT_STALE,   /* was allowed too long ago: allow it again */
	OBJECT_FAILED,  /* error says why */
	OBJECT_DROPPED, /* nobody wants it: its uploads are aborted, then it frees itself */
};

struct object {
	struct object *next; /* in its range, or in the closing list */
	struct object *next_waiting;
	void *owner; /* the range */
	enum object_state state;
	int64_t slot;
	bool dead;    /* holds dead letters */
	bool sealed;  /* its lines count as moving, not as open: whatever the state became since */
	bool allowed; /* the intent is acknowledged */
	bool waiting; /* in the list of those beyond publish_max */
	int64_t not_after_boot_ms;
	char *key;
	const char *content_type;
	const struct topic_settings *topic;
	struct object_metadata *metadata;
	int64_t records;
	int64_t skipped;          /* records of its slot that make no line */
	int64_t compressed_bytes; /* all blocks so far */

	struct buf raw;
	struct iovec *tail;
	size_t n_tail, cap_tail;
	int64_t tail_bytes;
	struct object_part **parts;
	size_t n_parts, cap_parts;
	size_t parts_done;
	struct s3_part *completed; /* what Complete sends */

	char *upload_id;
	struct s3_call *create, *finish, *abort; /* in flight, else NULL: they are larger than all the rest */
	bool abort_sent;
	struct error *error; /* OBJECT_FAILED */
};

void object_metadata_release(struct object_metadata *m);

/* Owns: the object takes the key, and a reference to the metadata. */
struct object *object_new(struct upload_env *env, char *key, const struct topic_settings *topic,
			  struct object_metadata *metadata);

/* The lines' memory may have grown since the last call. cap_before: raw.cap before lines were added. */
static inline void object_grew(struct upload_env *env, const struct object *o, size_t cap_before)
{
	env->open_bytes += (int64_t)o->raw.cap - (int64_t)cap_before;
}

/* Compress what there is of lines into the tail; start a part when the tail has reached part_bytes. */
void object_flush(struct upload_env *env, struct object *o, int64_t now_boot_ms);
/* Send the tail as an early part. Only with at least OBJECT_MIN_PART in it. Source: aws.md 5.4. */
#define OBJECT_MIN_PART (5 << 20)
void object_early_part(struct upload_env *env, struct object *o, int64_t now_boot_ms);
/* No more lines will come. */
void object_seal(struct upload_env *env, struct object *o, int64_t now_boot_ms);
/* The intent is acknowledged: publish, signed no later than not_after_boot_ms. */
void object_allow(struct upload_env *env, struct object *o, int64_t not_after_boot_ms, int64_t now_boot_ms);
/* One of its calls is done. Look at o->state afterwards; a dropped object may be gone. */
void object_call_done(struct upload_env *env, struct s3_call *c, int64_t now_boot_ms);
/* Free it; calls in flight are cancelled, its own multipart upload is aborted in the background. */
void object_drop(struct upload_env *env, struct object *o, int64_t now_boot_ms);

/* At the very end: free what is still closing, whatever its calls. */
void object_free_closing(struct upload_env *env);

#endif
