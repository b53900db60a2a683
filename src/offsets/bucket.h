/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OFFSETS_BUCKET_H
#define OFFSETS_BUCKET_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "settings/settings.h"
#include "verify/facts.h"

/* The newest ranges of each partition, as S3 shows them: found by LIST, described by one HEAD each (all objects of a
 * range say the same, which `verify` proves). No more than can be unfinished, and one before those, are kept: so memory
 * follows the number of partitions, not of objects. */
#define BUCKET_RANGES 12

struct bucket_object {
	char *key;
	int64_t bytes;
};

struct bucket_range {
	int64_t start;
	uint64_t id;
	struct bucket_object *objects;
	size_t n;
	struct facts facts;
	char *wrong; /* why there are no facts; NULL: there are */
};

struct bucket_partition {
	char *topic;
	int32_t partition;
	struct bucket_range ranges[BUCKET_RANGES]; /* by start, then id */
	size_t n;
	uint64_t objects; /* all that are there */
};

struct bucket_lines { /* a hash of each line of an object, in their order */
	uint64_t *hashes;
	size_t n, cap;
};

struct bucket;

/* topic NULL: all that the settings consume. Errors: the bucket cannot be read. */
struct bucket *bucket_look(const struct settings *s, const char *topic, struct error *e);
void bucket_free(struct bucket *b); /* NULL is fine */

/* NULL: nothing is there. */
const struct bucket_partition *bucket_find(const struct bucket *b, const char *topic, int32_t partition);

/* Look for objects of these topics, whose range ids carry the group's mark, anywhere else below s3.prefix: another
 * output.key may have put them there. The names must outlive it. Errors: the bucket cannot be read. */
int bucket_look_around(struct bucket *b, const char *const *topics, size_t n, const char *mark, struct error *e);

/* An object that the settings do not make, where theirs lie or, of this topic, where bucket_look_around has found it;
 * NULL: there is none. */
const char *bucket_stranger(const struct bucket *b, const char *topic);

/* Read an object. Owns: the caller frees hashes. Errors: it cannot be read, or is damaged. */
int bucket_read(struct bucket *b, const struct bucket_object *o, struct bucket_lines *lines, struct error *e);

/* Of a line with the line feed at its end. */
uint64_t bucket_line_hash(const void *line, size_t len);

#endif
