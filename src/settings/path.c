/* SPDX-License-Identifier: Apache-2.0 */
/* The one variable that a path may begin with, and the name that a path gives a daemon. */
#include "settings/path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

#define SUFFIX ".conf"
#define VARIABLE "CREDENTIALS_DIRECTORY"

bool path_is_credential(const char *path)
{
	return strncmp(path, PATH_CREDENTIALS "/", strlen(PATH_CREDENTIALS "/")) == 0;
}

char *path_resolve(const char *path, struct error *e)
{
	const char *directory = getenv(VARIABLE);

	if (!path_is_credential(path))
		return mem_strdup(path);
	if (directory != NULL && directory[0] != '\0')
		return mem_printf("%s%s", directory, path + strlen(PATH_CREDENTIALS));
	error_set(e, ERROR_GIVE_UP, 0,
		  "'%s': " VARIABLE " is not set; systemd sets it for a service with LoadCredential= or SetCredential=",
		  path);
	return NULL;
}

void path_name(const char *file, char *out, size_t size)
{
	const char *slash = strrchr(file, '/');
	size_t len;

	snprintf(out, size, "%s", slash != NULL ? slash + 1 : file);
	len = strlen(out);
	if (len > strlen(SUFFIX) && strcmp(out + len - strlen(SUFFIX), SUFFIX) == 0)
		out[len - strlen(SUFFIX)] = '\0';
}

int path_must_be_readable(const char *path, struct error *e)
{
	if (access(path, R_OK) == 0)
		return 0;
	return error_set(e, ERROR_GIVE_UP, errno, "cannot read '%s': %s", path, strerror(errno));
}
