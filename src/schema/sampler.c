/* SPDX-License-Identifier: Apache-2.0 */
/* Samples lie in one buffer, each with a head: two lengths, then the topic with its zero, then the line with one. The
 * buffer and that of whoever takes are swapped under a mutex that the uploader only tries. */
#include "schema/sampler.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define FIRST 64 /* of each assignment */
#define EVERY 256
#define BUFFER_MAX (SAMPLER_LINE_MAX + 1024) /* and its head and topic */

struct sampler {
	pthread_mutex_t mutex;
	struct buf lines; /* under the mutex */
	atomic_ullong dropped;
};

struct head {
	uint32_t topic, line; /* lengths */
};

struct sampler *sampler_new(void)
{
	struct sampler *s = mem_zalloc(sizeof(*s));

	pthread_mutex_init(&s->mutex, NULL);
	buf_init(&s->lines, BUFFER_MAX);
	return s;
}

void sampler_free(struct sampler *s)
{
	if (s == NULL)
		return;
	pthread_mutex_destroy(&s->mutex);
	buf_free(&s->lines);
	free(s);
}

void sampling_begin(struct sampling *g, struct sampler *s)
{
	*g = (struct sampling){ .sampler = s, .until = s != NULL ? 1 : UINT32_MAX, .first = FIRST, .dice = 1 };
}

/* When the next line is due: at a distance of EVERY on average, and no fixed one, for records may come in cycles. */
static void count_anew(struct sampling *g)
{
	if (g->sampler == NULL) {
		g->until = UINT32_MAX;
	} else if (g->first > 1) {
		g->first--;
		g->until = 1;
	} else {
		g->dice = g->dice * 1664525 + 1013904223;
		g->until = EVERY / 2 + (g->dice >> 16) % (EVERY + 1);
	}
}

static bool put(struct buf *b, const char *topic, const uint8_t *line, size_t len)
{
	struct head h = { (uint32_t)strlen(topic), (uint32_t)len };
	size_t size = sizeof(h) + h.topic + 1 + len + 1;

	if (len > SAMPLER_LINE_MAX || (b->len > 0 && b->len + size > SAMPLER_BYTES_MAX) || buf_reserve(b, size) == NULL)
		return false;
	buf_add(b, &h, sizeof(h));
	buf_add(b, topic, h.topic + 1);
	buf_add(b, line, len);
	return buf_addc(b, '\0');
}

void sampling_offer(struct sampling *g, const char *topic, const uint8_t *line, size_t len)
{
	struct sampler *s = g->sampler;
	bool taken = false;

	count_anew(g);
	if (s == NULL)
		return;
	if (pthread_mutex_trylock(&s->mutex) == 0) {
		taken = put(&s->lines, topic, line, len);
		pthread_mutex_unlock(&s->mutex);
	}
	if (!taken)
		atomic_fetch_add_explicit(&s->dropped, 1, memory_order_relaxed);
}

void sampler_take(struct sampler *s, struct buf *out)
{
	struct buf was = *out;

	buf_clear(&was);
	was.max = BUFFER_MAX;
	pthread_mutex_lock(&s->mutex);
	*out = s->lines;
	s->lines = was;
	pthread_mutex_unlock(&s->mutex);
}

bool sample_next(const struct buf *taken, size_t *at, struct sample *out)
{
	struct head h;

	if (*at >= taken->len)
		return false;
	memcpy(&h, taken->data + *at, sizeof(h));
	out->topic = (const char *)taken->data + *at + sizeof(h);
	out->line = out->topic + h.topic + 1;
	out->len = h.line;
	*at += sizeof(h) + h.topic + 1 + h.line + 1;
	return true;
}

uint64_t sampler_dropped(const struct sampler *s)
{
	return atomic_load_explicit(&s->dropped, memory_order_relaxed);
}
