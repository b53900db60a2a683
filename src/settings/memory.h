/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_MEMORY_H
#define SETTINGS_MEMORY_H

#include "settings/settings.h"

/* How `memory` is dealt out, once and for all: three sixteenths to the client's queue, one sixteenth to the record
 * rings, the rest to the uploaders. Pure. Units: bytes. */
static inline int64_t memory_of_client_queue(const struct settings *s)
{
	return s->memory_bytes / 16 * 3;
}

static inline int64_t memory_of_ring(const struct settings *s)
{
	return s->memory_bytes / 16 / s->uploaders;
}

static inline int64_t memory_of_uploader(const struct settings *s)
{
	return s->memory_bytes / 4 * 3 / s->uploaders;
}

/* The least memory of which each uploader has that much. */
static inline int64_t memory_for_uploaders(int64_t each, int n)
{
	return (each * n + 2) / 3 * 4;
}

#endif
