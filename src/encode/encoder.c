/* SPDX-License-Identifier: Apache-2.0 */
/* The table of formats. */
#include "encode/encoder.h"

#include <string.h>

#include "encode/encoders.h"
#include "encode/metadata.h"

#define AROUND 16 /* what a format puts around a value: {"value": … }, a newline */

static const struct encoder_ops *const table[] = { &encoder_json };

const struct encoder_ops *encoder_find(const char *format)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i]->name, format) == 0)
			return table[i];
	return NULL;
}

size_t encoder_bound(const struct topic_settings *t, const struct record_source *source, const struct record *r)
{
	size_t line = r->value_len + metadata_size(t->metadata, source, r) + AROUND;
	size_t letter = dead_letter_bound(t, source, r);

	return line > letter ? line : letter;
}
