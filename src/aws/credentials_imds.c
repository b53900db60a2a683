/* SPDX-License-Identifier: Apache-2.0 */
/* The credentials of an instance's role, from its metadata. The session token is kept from one fetch to the next. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "aws/credentials.h"
#include "aws/credentials_json.h"
#include "aws/imds.h"
#include "aws/secret.h"
#include "base/mem.h"

#define ROLES "iam/security-credentials/"
#define ROLE_MAX 64

struct imds_provider {
	struct credential_provider base;
	struct imds *imds;
};

static int no_role(struct error *e)
{
	return error_set(
		e, ERROR_WAIT_PERSON, ENOENT,
		"this EC2 instance has no role: attach an instance profile that may write to the bucket (aws ec2 "
		"associate-iam-instance-profile), or give other credentials");
}

/* A role's name as IAM allows it, so that nothing else gets into the path. */
static bool is_role(const char *s)
{
	size_t len = strlen(s);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) && strchr("_+=,.@-", s[i]) == NULL)
			return false;
	return len > 0 && len <= ROLE_MAX;
}

/* The path of the first role; the caller frees. */
static char *find_role(struct imds *m, struct error *e)
{
	char *list, *path = NULL;

	if (imds_get(m, ROLES, &list, e) != 0) {
		if (e->code == 404)
			no_role(e);
		return NULL;
	}
	list[strcspn(list, "\r\n")] = '\0';
	if (is_role(list))
		path = mem_printf(ROLES "%s", list);
	else if (list[0] == '\0')
		no_role(e);
	else
		error_set(e, ERROR_RETRY, EPROTO, "the instance metadata service names no role that could be one");
	free(list);
	return path;
}

static int imds_fetch(struct credential_provider *p, int64_t now_real_ms, struct credentials *out, struct error *e)
{
	struct imds *m = ((struct imds_provider *)p)->imds;
	char *path, *text;
	int rc;

	(void)now_real_ms;
	*out = (struct credentials){ .expires_ms = 0 };
	path = find_role(m, e);
	if (path == NULL)
		return -1;
	rc = imds_get(m, path, &text, e);
	free(path);
	if (rc != 0) {
		e->action = e->code == 404 ? ERROR_RETRY : e->action; /* the role was taken away in between */
		return -1;
	}
	rc = credentials_read_json(text, strlen(text), CREDENTIALS_OF_SERVICE, out, e);
	secret_free(text);
	out->outlive = rc == 0;
	return rc;
}

static void imds_provider_free(struct credential_provider *p)
{
	imds_free(((struct imds_provider *)p)->imds);
	free(p);
}

struct credential_provider *credentials_from_imds(void)
{
	struct imds_provider *p = mem_zalloc(sizeof(*p));

	p->base = (struct credential_provider){ .name = "instance metadata",
						.fetch = imds_fetch,
						.free = imds_provider_free };
	p->imds = imds_new();
	return &p->base;
}
