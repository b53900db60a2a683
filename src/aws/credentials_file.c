/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials from a file in the shared-credentials syntax, section [default]. Kept until the file changes (inode, size
 * or mtime) or S3 says that they are expired; a file that cannot be read for a moment, while it is being replaced, does
 * not take away keys that still work.
 * Thread: an uploader's. Invariant: what was read of the file is overwritten before it is freed. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/credentials.h"
#include "base/mem.h"

#define FILE_MAX_BYTES (64 << 10)

struct file_provider {
	struct credential_provider base;
	char *path;
	struct credentials cached; /* access_key_id NULL: none */
	struct stat seen;
};

/* What is beyond the limit is not looked at. text holds FILE_MAX_BYTES + 1. */
static int read_file(const char *path, char *text, struct stat *st, struct error *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;
	size_t len = 0;

	if (fd < 0)
		return error_set(e, ERROR_WAIT_PERSON, errno, "cannot open '%s': %s", path, strerror(errno));
	if (fstat(fd, st) != 0)
		n = -1;
	while (n > 0 && len < FILE_MAX_BYTES) {
		n = read(fd, text + len, FILE_MAX_BYTES - len);
		len += n > 0 ? (size_t)n : 0;
	}
	if (n < 0)
		error_set(e, ERROR_WAIT_PERSON, errno, "cannot read '%s': %s", path, strerror(errno));
	text[len] = '\0';
	close(fd);
	return n < 0 ? -1 : 0;
}

static char *trim(char *s)
{
	char *end;

	while (isspace((unsigned char)*s))
		s++;
	end = s + strlen(s);
	while (end > s && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	return s;
}

static void take_line(char *line, struct credentials *out)
{
	char *equals = strchr(line, '=');
	char **to;
	char *name, *value;

	if (equals == NULL || line[0] == '#' || line[0] == ';')
		return;
	*equals = '\0';
	name = trim(line);
	value = trim(equals + 1);
	if (strcasecmp(name, "aws_access_key_id") == 0)
		to = &out->access_key_id;
	else if (strcasecmp(name, "aws_secret_access_key") == 0)
		to = &out->secret_access_key;
	else if (strcasecmp(name, "aws_session_token") == 0)
		to = &out->session_token;
	else
		return;
	if (*to != NULL)
		explicit_bzero(*to, strlen(*to));
	free(*to);
	*to = mem_strdup(value);
}

static void parse(char *text, struct credentials *out)
{
	bool ours = false;
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n")) != NULL) {
		line = trim(line);
		if (line[0] == '[') {
			line[strcspn(line, "]")] = '\0';
			ours = strcmp(trim(line + 1), "default") == 0;
		} else if (ours) {
			take_line(line, out);
		}
	}
}

static int load(struct file_provider *f, struct error *e)
{
	struct credentials c = { .expires_ms = INT64_MAX };
	struct stat st;
	char *text = mem_alloc(FILE_MAX_BYTES + 1);
	int rc = read_file(f->path, text, &st, e);

	if (rc == 0)
		parse(text, &c);
	explicit_bzero(text, FILE_MAX_BYTES + 1);
	free(text);
	if (rc != 0)
		return -1;
	if (c.access_key_id == NULL || c.secret_access_key == NULL || c.access_key_id[0] == '\0' ||
	    c.secret_access_key[0] == '\0') {
		credentials_wipe(&c);
		return error_set(e, ERROR_WAIT_PERSON, EINVAL,
				 "'%s' has no aws_access_key_id with aws_secret_access_key under [default]", f->path);
	}
	if (c.session_token == NULL)
		c.session_token = mem_strdup("");
	credentials_wipe(&f->cached);
	f->cached = c;
	f->seen = st;
	return 0;
}

static bool changed(const struct file_provider *f)
{
	struct stat st;

	if (stat(f->path, &st) != 0)
		return true;
	return st.st_ino != f->seen.st_ino || st.st_dev != f->seen.st_dev || st.st_size != f->seen.st_size ||
	       st.st_mtim.tv_sec != f->seen.st_mtim.tv_sec || st.st_mtim.tv_nsec != f->seen.st_mtim.tv_nsec;
}

static int file_fetch(struct credential_provider *p, int64_t now_real_ms, struct credentials *out, struct error *e)
{
	struct file_provider *f = (struct file_provider *)p;

	(void)now_real_ms;
	*out = (struct credentials){ .expires_ms = 0 };
	if ((f->cached.access_key_id == NULL || changed(f)) && load(f, e) != 0 && f->cached.access_key_id == NULL)
		return -1;
	out->access_key_id = mem_strdup(f->cached.access_key_id);
	out->secret_access_key = mem_strdup(f->cached.secret_access_key);
	out->session_token = mem_strdup(f->cached.session_token);
	out->expires_ms = f->cached.expires_ms;
	return 0;
}

static void file_refresh(struct credential_provider *p)
{
	credentials_wipe(&((struct file_provider *)p)->cached);
}

static void file_free(struct credential_provider *p)
{
	struct file_provider *f = (struct file_provider *)p;

	credentials_wipe(&f->cached);
	free(f->path);
	free(f);
}

struct credential_provider *credentials_from_file(const char *path)
{
	struct file_provider *f = mem_zalloc(sizeof(*f));

	f->base = (struct credential_provider){ "credentials_file", file_fetch, file_refresh, file_free };
	f->path = mem_strdup(path);
	return &f->base;
}
