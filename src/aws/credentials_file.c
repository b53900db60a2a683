/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials from a file in the shared-credentials syntax, one section. Kept until the file changes (inode, size
 * or mtime) or S3 says that they are expired; a file that cannot be read for a moment, while it is being replaced, does
 * not take away keys that still work.
 * Thread: an uploader's. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "aws/credentials.h"
#include "aws/profile.h"
#include "base/mem.h"

struct file_provider {
	struct credential_provider base;
	char *path, *section;
	struct credentials cached; /* access_key_id NULL: none */
	struct stat seen;
};

static int take(struct file_provider *f, const struct profiles *p, struct error *e)
{
	const char *id = profiles_get(p, f->section, "aws_access_key_id");
	const char *secret = profiles_get(p, f->section, "aws_secret_access_key");

	if (id[0] == '\0' || secret[0] == '\0')
		return error_set(e, ERROR_WAIT_PERSON, EINVAL,
				 "'%s' has no aws_access_key_id with aws_secret_access_key under [%s]", f->path,
				 f->section);
	credentials_wipe(&f->cached);
	f->cached.access_key_id = mem_strdup(id);
	f->cached.secret_access_key = mem_strdup(secret);
	f->cached.session_token = mem_strdup(profiles_get(p, f->section, "aws_session_token"));
	f->cached.expires_ms = INT64_MAX;
	return 0;
}

/* Looked at before it is read: a change in between is seen the next time. */
static int load(struct file_provider *f, struct error *e)
{
	struct profiles *p = profiles_new();
	struct stat st = { 0 };
	int rc;

	if (stat(f->path, &st) != 0)
		st.st_ino = 0;
	rc = profiles_read(p, f->path, PROFILE_CREDENTIALS, e);
	if (rc == 0)
		rc = take(f, p, e);
	if (rc == 0)
		f->seen = st;
	profiles_free(p);
	return rc;
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
	free(f->section);
	free(f);
}

struct credential_provider *credentials_from_file(const char *path, const char *section)
{
	struct file_provider *f = mem_zalloc(sizeof(*f));

	f->base = (struct credential_provider){ .name = "credentials_file",
						.fetch = file_fetch,
						.refresh = file_refresh,
						.free = file_free,
						.quick = true };
	f->path = mem_strdup(path);
	f->section = mem_strdup(section);
	return &f->base;
}
