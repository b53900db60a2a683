/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCHEMA_SAMPLER_H
#define SCHEMA_SAMPLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Lines on their way from an uploader to whoever learns schemas: the first of each assignment, then about one of 256.
 * Bounded, and so is what learning costs, by how often it is emptied: what finds no room, or the other side just
 * emptying it, is dropped and counted. The uploader never waits, and copies only what it samples. */
struct sampler;

#define SAMPLER_BYTES_MAX (256 << 10)
#define SAMPLER_LINE_MAX (1 << 20) /* a line alone; a longer one is never sampled */

struct sampler *sampler_new(void);
void sampler_free(struct sampler *s); /* NULL is fine */

/* One partition's place in the sampling. Thread: the uploader's. */
struct sampling {
	struct sampler *sampler; /* NULL: no sampling */
	uint32_t until;          /* records to go */
	uint32_t first;          /* of those that are all taken */
	uint32_t dice;
};

void sampling_begin(struct sampling *g, struct sampler *s);
/* Offer a line that is due, without its line end. */
void sampling_offer(struct sampling *g, const char *topic, const uint8_t *line, size_t len);

/* For each record that has become a line. */
static inline void sampling_line(struct sampling *g, const char *topic, const uint8_t *line, size_t len)
{
	if (__builtin_expect(--g->until == 0, 0))
		sampling_offer(g, topic, line, len);
}

/* Swap what was sampled with *out, which is emptied first; begun by buf_init, whatever its maximum. Thread: the one
 * that learns. */
void sampler_take(struct sampler *s, struct buf *out);

struct sample {
	const char *topic;
	const char *line;
	size_t len;
};

/* The next one of what was taken, from *at on, which begins with 0. False: none more. */
bool sample_next(const struct buf *taken, size_t *at, struct sample *out);

/* Lines that found no room. Thread: any. */
uint64_t sampler_dropped(const struct sampler *s);

#endif
