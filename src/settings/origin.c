/* SPDX-License-Identifier: Apache-2.0 */
/* A table of rows by overrides that says where each value came from. Pure. */
#include "settings/origin.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct origins {
	struct origin *at; /* n * n_rows */
	size_t n;
	char **files;
	size_t n_files;
};

struct origins *origins_new(void)
{
	struct origins *o = mem_zalloc(sizeof(*o));

	origins_add_override(o);
	return o;
}

void origins_free(struct origins *o)
{
	if (o == NULL)
		return;
	for (size_t i = 0; i < o->n_files; i++)
		free(o->files[i]);
	free(o->files);
	free(o->at);
	free(o);
}

size_t origins_add_override(struct origins *o)
{
	o->at = mem_realloc(o->at, (o->n + 1) * n_rows * sizeof(*o->at));
	memset(o->at + o->n * n_rows, 0, n_rows * sizeof(*o->at));
	return o->n++;
}

const char *origins_file(struct origins *o, const char *path)
{
	for (size_t i = 0; i < o->n_files; i++)
		if (strcmp(o->files[i], path) == 0)
			return o->files[i];
	o->files = mem_realloc(o->files, (o->n_files + 1) * sizeof(*o->files));
	o->files[o->n_files] = mem_strdup(path);
	return o->files[o->n_files++];
}

void origins_set(struct origins *o, size_t number, const struct row *r, struct origin from)
{
	o->at[number * n_rows + (size_t)(r - rows)] = from;
}

const struct origin *origins_get(const struct origins *o, size_t number, const struct row *r)
{
	return &o->at[number * n_rows + (size_t)(r - rows)];
}
