/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_SYNTAX_H
#define SETTINGS_SYNTAX_H

#include <stddef.h>

#include "base/error.h"
#include "settings/source.h"

/* Goes through the text before libconfig does, to say what a person did: a trailing comma, a missing "=", a dot in a
 * name, a text without quotes, a setting given twice, an integer that libconfig 1.5 would wrap. Stricter than
 * libconfig in these only. Pure. */

/* Where each setting and each element of a list stands, in the order of the text: libconfig notes the line of what
 * follows an element. */
struct syntax_lines {
	int *lines;
	size_t n;
};

/* Owns: the caller frees out->lines, also after an error. Errors: with file and line. */
int syntax_check(const struct source *s, struct syntax_lines *out, struct error *e);

#endif
