/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENCODE_CODEC_H
#define ENCODE_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "settings/settings.h"

/* A codec works on blocks, each a gzip member or a zstd frame of its own, which every reader concatenates; so an open
 * object holds no compressor state (design.md, Memory). One table entry each; adding one is a file and a line. */
struct codec_ops {
	enum compression compression;
	const char *name;         /* "gzip" */
	const char *suffix;       /* behind ".json": ".gz", ".zst", "" */
	const char *content_type; /* of the object */
	int default_level, min_level, max_level;
	const char *library;                      /* that does the work; NULL: none */
	const char *(*library_version)(void);     /* MUST where there is a library */
	void *(*open)(int level);                 /* MUST; the compressor of one thread */
	void (*close)(void *state);               /* MUST */
	size_t (*bound)(void *state, size_t len); /* MUST: the most that compress writes for len bytes */
	/* MUST: writes one whole block to out (bound bytes); returns its length, never 0. */
	size_t (*compress)(void *state, const uint8_t *in, size_t len, uint8_t *out, size_t out_cap);
};

const struct codec_ops *codec_find(enum compression c); /* never NULL; "none" copies */

/* One thread's compressors, opened on first use and kept by codec and level. */
struct codecs;
struct codecs *codecs_new(void);
void codecs_free(struct codecs *c);
void *codecs_state(struct codecs *c, enum compression compression, int64_t level); /* level -1: the default */

#endif
