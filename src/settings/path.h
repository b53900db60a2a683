/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_PATH_H
#define SETTINGS_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Paths below the folder in which systemd puts a service's credentials (LoadCredential=).
 * Source: systemd.exec(5), "Credentials". */
#define PATH_CREDENTIALS "${CREDENTIALS_DIRECTORY}"

bool path_is_credential(const char *path);

/* The path with the variable's value put in; any other as it is. NULL: the variable is not set, *e says so.
 * Owns: the caller frees. */
char *path_resolve(const char *path, struct error *e);

/* What a daemon is called: "/etc/kafka2s3/clicks.conf" is "clicks". Cut to size. */
void path_name(const char *file, char *out, size_t size);

/* Can it be read? -1: *e says why not. */
int path_must_be_readable(const char *path, struct error *e);

#endif
