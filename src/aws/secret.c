/* SPDX-License-Identifier: Apache-2.0 */
/* What was read is overwritten before it is freed, whatever goes wrong. */
#include "aws/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

void secret_free(char *s)
{
	if (s != NULL)
		explicit_bzero(s, strlen(s));
	free(s);
}

/* Up to size bytes; -1 with errno. */
static ssize_t read_all(int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0 && len < size) {
		n = read(fd, text + len, size - len);
		if (n < 0 && errno != EINTR)
			return -1;
		if (n < 0)
			n = 1;
		else
			len += (size_t)n;
	}
	return (ssize_t)len;
}

int secret_read_file(const char *path, size_t max, char **text, struct error *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char *all;
	ssize_t n;

	*text = NULL;
	if (fd < 0)
		return error_set(e, ERROR_WAIT_PERSON, errno, "cannot open '%s': %s", path, strerror(errno));
	all = mem_zalloc(max + 2);
	n = read_all(fd, all, max + 1);
	if (n < 0)
		error_set(e, ERROR_WAIT_PERSON, errno, "cannot read '%s': %s", path, strerror(errno));
	else if ((size_t)n > max)
		error_set(e, ERROR_WAIT_PERSON, EFBIG, "'%s' is larger than %zu bytes", path, max);
	else
		*text = mem_strdup(all);
	close(fd);
	explicit_bzero(all, max + 2);
	free(all);
	return *text == NULL ? -1 : 0;
}
