/* SPDX-License-Identifier: Apache-2.0 */
/* The user metadata of a range's objects: from it alone `verify` proves the chain. Pure. */
#include "store/describe.h"

#include <inttypes.h>

#include "aws/sigv4.h"
#include "base/buf.h"
#include "base/mem.h"

#define METADATA_VALUE_MAX 1024

static void add_metadata(struct object_metadata *m, const char *name, const char *value)
{
	struct buf encoded;

	buf_init(&encoded, METADATA_VALUE_MAX);
	sigv4_encode(value, true, &encoded);
	m->items[m->n++] = (struct s3_metadata){ name, mem_strdup(buf_str(&encoded)) };
	buf_free(&encoded);
}

/* Numbers and ids only: commas as they are. */
static void add_metadata_list(struct object_metadata *m, const char *name, char *value)
{
	m->items[m->n++] = (struct s3_metadata){ name, value };
}

struct object_metadata *describe_range(const struct assignment *a, const struct settings *s, const struct chain *c,
				       const char *range_id)
{
	struct object_metadata *m = mem_zalloc(sizeof(*m));

	m->refs = 1;
	m->settings = settings_hold(s);
	add_metadata(m, "range-id", range_id);
	add_metadata(m, "group", a->group);
	add_metadata(m, "cluster", a->cluster);
	if (c->begins[0] != '\0')
		add_metadata(m, "chain-begins", c->begins);
	else
		add_metadata_list(m, "previous",
				  mem_printf("%" PRId64 ",%s,%" PRId32 ",%" PRId64, c->previous_start, c->previous_id,
					     c->previous_objects, c->previous_records));
	if (c->skipped_first != c->skipped_next)
		add_metadata_list(m, "skipped",
				  mem_printf("%" PRId64 ",%" PRId64 ",tombstones=%" PRId64, c->skipped_first,
					     c->skipped_next, c->skipped_tombstones));
	return m;
}
