/* SPDX-License-Identifier: Apache-2.0 */
/* The table of codecs, and the compressors that one thread keeps: opened on first use, one for each codec and level
 * that a topic's settings ask for, so an open object needs none of its own. */
#include "encode/codec.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "encode/codecs.h"

#define LEVELS 20 /* of the codec with most: 0 to 19 */

static const struct codec_ops *const table[] = { &codec_none, &codec_gzip, &codec_zstd };

#define N_CODECS (sizeof(table) / sizeof(table[0]))

struct codecs {
	void *state[N_CODECS][LEVELS];
};

static size_t codec_index(enum compression c)
{
	size_t i = 0;

	while (table[i]->compression != c) {
		i++;
		assert(i < N_CODECS);
	}
	return i;
}

const struct codec_ops *codec_find(enum compression c)
{
	return table[codec_index(c)];
}

struct codecs *codecs_new(void)
{
	return mem_zalloc(sizeof(struct codecs));
}

void codecs_free(struct codecs *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < N_CODECS; i++)
		for (size_t level = 0; level < LEVELS; level++)
			if (c->state[i][level] != NULL)
				table[i]->close(c->state[i][level]);
	free(c);
}

void *codecs_state(struct codecs *c, enum compression compression, int64_t level)
{
	size_t i = codec_index(compression);
	const struct codec_ops *ops = table[i];
	void **state;

	if (level < 0 || ops->max_level == 0)
		level = ops->default_level;
	assert(level >= ops->min_level && level <= ops->max_level && level < LEVELS);
	state = &c->state[i][level];
	if (*state == NULL)
		*state = ops->open((int)level);
	return *state;
}
