/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENCODE_ENCODER_H
#define ENCODE_ENCODER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "batch/record.h"
#include "settings/settings.h"
#include "settings/skip.h"

/* Records to bytes. Whether a record is landed, dead or skipped is a pure function of the record and of what the
 * fingerprint covers (design.md, Delivery): any change of these rules raises ROUTING_VERSION. */
#define ROUTING_VERSION 1

enum encoded {
	ENCODED,     /* appended to out as one line */
	ENCODE_DEAD, /* cannot be written as asked: out is unchanged, *reason says why */
	ENCODE_SKIP, /* a tombstone that the settings skip */
	ENCODE_FULL, /* out's maximum would be passed: out is unchanged; flush it and call again */
};

/* What names the record: for metadata columns and dead letters. */
struct record_source {
	const char *topic;
	int32_t partition;
};

struct encoder_ops {
	const char *name;   /* output.format */
	const char *suffix; /* ".json" */
	/* MUST. Appends one record to out. *reason: a static string. Allocates nothing beyond growing out. */
	enum encoded (*encode)(const struct topic_settings *t, const struct record_source *source,
			       const struct record *r, struct buf *out, const char **reason);
};

const struct encoder_ops *encoder_find(const char *format); /* NULL: no such format */

/* What becomes of a record: what its format says, but for those that kafka.skip names, which nobody looks into. */
static inline enum encoded encoder_route(const struct encoder_ops *format, struct skip *k,
					 const struct topic_settings *t, const struct record_source *source,
					 const struct record *r, struct buf *out, const char **reason)
{
	if (!skip_names(k, r->offset))
		return format->encode(t, source, r, out, reason);
	*reason = "skip";
	return ENCODE_DEAD;
}

/* Append the dead letter of a record as one JSON line; dead_letter.c says what it holds. A value above max_record is
 * left out: the letter is a reference to the record in Kafka. False: out's maximum would be passed. */
bool dead_letter_encode(const struct topic_settings *t, const struct record_source *source, const struct record *r,
			const char *reason, struct buf *out);

/* The most bytes that encode or dead_letter_encode can append for this record (an upper bound without scanning). */
size_t encoder_bound(const struct topic_settings *t, const struct record_source *source, const struct record *r);

#endif
