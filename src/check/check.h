/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHECK_CHECK_H
#define CHECK_CHECK_H

#include <stdbool.h>

/* The command `check`: a preflight of what a start needs, in the order in which a record flows. Nothing of it becomes
 * visible, but for the one object that `write` asks for, which is deleted again. Thread: main. */
struct preflight_options {
	const char *file;
	bool syntax; /* the file alone */
	bool json;
	bool write; /* try a conditional write */
};

/* The exit code: 0; 1 something failed; 2 something could not be proved; 78 the settings. */
int preflight_command(const struct preflight_options *o);

#endif
