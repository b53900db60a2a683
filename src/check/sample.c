/* SPDX-License-Identifier: Apache-2.0 */
/* A sample of a topic's records. */
#include "check/sample.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "encode/codec.h"

#define LINES_MAX (1 << 20)

void sample_init(struct sample *s, const char *topic)
{
	*s = (struct sample){ .topic = topic };
	buf_init(&s->lines, LINES_MAX);
}

void sample_free(struct sample *s)
{
	buf_free(&s->lines);
}

bool sample_take(void *sample, struct record *r)
{
	struct sample *s = sample;

	s->records++;
	s->bytes += r->value_len + 1;
	if (r->value_len > 0 && buf_add(&s->lines, r->value, r->value_len))
		buf_addc(&s->lines, '\n');
	record_release(r);
	return s->records < SAMPLE_RECORDS;
}

double sample_mean(const struct sample *s)
{
	return s->records > 0 ? (double)s->bytes / (double)s->records : 0;
}

double sample_ratio(const struct sample *s, const struct topic_settings *t)
{
	const struct codec_ops *codec = codec_find(t->compression);
	size_t cap, len;
	uint8_t *out;
	void *state;

	if (s->lines.len == 0)
		return 1;
	state = codec->open(t->level >= 0 ? (int)t->level : codec->default_level);
	cap = codec->bound(state, s->lines.len);
	out = mem_alloc(cap);
	len = codec->compress(state, s->lines.data, s->lines.len, out, cap);
	codec->close(state);
	free(out);
	return (double)len / (double)s->lines.len;
}
