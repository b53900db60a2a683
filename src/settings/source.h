/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_SOURCE_H
#define SETTINGS_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

/* A settings file and all that it includes, as one text; each line of it knows its file and line. */
struct source_file {
	char *path;
	bool others_can_read;
};

struct source_line {
	size_t file; /* index into files */
	int line;    /* from 1 */
};

struct source {
	struct buf text;
	struct source_file *files; /* the first is the one that was asked for */
	size_t n_files;
	struct source_line *lines; /* line n of the text is lines[n - 1] */
	size_t n_lines;
};

/* `@include "PATH"` on a line of its own; PATH counts from the folder of the file that includes.
 * Owns: source_free, also after an error. Errors: unreadable, missing or too deep includes, what is never closed. */
int source_read(struct source *s, const char *path, struct error *e);
void source_free(struct source *s); /* wipes the text */

const char *source_file_at(const struct source *s, int line);
int source_line_at(const struct source *s, int line);
bool source_others_can_read(const struct source *s, int line);

/* A file that holds one value: its content without the line ends behind it. Relative paths count from the folder of
 * beside. Owns: the caller wipes and frees *value. others_can_read may be NULL. */
int source_read_value(const char *beside, const char *path, char **value, bool *others_can_read, struct error *e);

#endif
