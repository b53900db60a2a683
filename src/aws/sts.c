/* SPDX-License-Identifier: Apache-2.0 */
/* One question to STS a fetch, and the reading of its answer. Keeps nothing of what was answered: that is the cache's.
 * Leaves signing and faults to service.c. Invariant: form, answer and token are overwritten before they are freed. */
#include "aws/sts.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/imds.h"
#include "aws/secret.h"
#include "aws/service.h"
#include "aws/sigv4.h"
#include "base/mem.h"
#include "base/when.h"
#include "base/xml.h"

#define VERSION "2011-06-15"
#define DURATION_S 3600 /* what every role allows, and the most where a role assumes a role */
#define SESSION_NAME_MAX 64
#define TOKEN_MAX 20000

struct role_provider {
	struct credential_provider base;
	char *arn, *external_id, *session_name, *region, *ca_file, *proxy;
	int64_t duration_s;
	char *token_file;                 /* NULL: it is signed, with the credentials of from */
	struct credential_provider *from; /* NULL: nothing is signed */
	struct aws_service *sts;          /* NULL: not asked yet */
};

static const char *from_environment(const char *name)
{
	const char *s = getenv(name);

	return s != NULL ? s : "";
}

/* By it a person finds in CloudTrail who it was. */
static char *session_name_of(const char *given)
{
	char host[SESSION_NAME_MAX] = "", *name;

	if (given[0] == '\0')
		given = from_environment("AWS_ROLE_SESSION_NAME");
	if (given[0] != '\0')
		return mem_strdup(given);
	if (gethostname(host, sizeof(host) - 1) != 0)
		host[0] = '\0';
	name = mem_printf("kafka2s3%s%.50s", host[0] != '\0' ? "-" : "", host);
	for (char *c = name; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && strchr("_+=,.@-", *c) == NULL)
			*c = '-';
	return name;
}

static void add(struct buf *form, const char *name, const char *value)
{
	buf_addf(form, "&%s=", name);
	sigv4_encode(value, false, form);
}

static int read_token(const struct role_provider *r, struct buf *form, struct error *e)
{
	char *token, *from;
	bool empty;

	if (secret_read_file(r->token_file, TOKEN_MAX, &token, e) != 0)
		return -1;
	from = token + strspn(token, " \t\r\n");
	from[strcspn(from, " \t\r\n")] = '\0';
	empty = from[0] == '\0';
	add(form, "WebIdentityToken", from);
	secret_free(token);
	return empty ? error_set(e, ERROR_RETRY, EINVAL, "the token file '%s' is empty", r->token_file) : 0;
}

static int compose(const struct role_provider *r, struct buf *form, struct error *e)
{
	buf_addf(form, "Action=%s&Version=" VERSION "&DurationSeconds=%" PRId64,
		 r->token_file != NULL ? "AssumeRoleWithWebIdentity" : "AssumeRole", r->duration_s);
	add(form, "RoleArn", r->arn);
	add(form, "RoleSessionName", r->session_name);
	if (r->external_id[0] != '\0')
		add(form, "ExternalId", r->external_id);
	return r->token_file != NULL ? read_token(r, form, e) : 0;
}

/* Where STS is, which the instance may have to say. */
static int find_sts(struct role_provider *r, struct error *e)
{
	const char *region = r->region[0] != '\0' ? r->region : imds_region();
	const struct aws_service_options o = { .service = "sts",
					       .region = region,
					       .endpoint = "",
					       .ca_file = r->ca_file,
					       .proxy = r->proxy,
					       .provider = r->from };

	if (r->sts == NULL)
		r->sts = aws_service_new(&o, e);
	return r->sts == NULL ? -1 : 0;
}

static bool is(const char *code, const char *what)
{
	return strcmp(code, what) == 0;
}

/* What to do about what STS said, which comes last, since it may be long. */
static int explain(const struct role_provider *r, const struct aws_fault *f, struct error *e)
{
	enum error_action action = e->action == ERROR_GIVE_UP ? ERROR_WAIT_PERSON : e->action;
	char advice[256];

	if (f->code[0] == '\0')
		return error_context(e, "role '%s'", r->arn);
	snprintf(advice, sizeof(advice), "see what STS says");
	if (is(f->code, "AccessDenied") && r->token_file != NULL)
		snprintf(advice, sizeof(advice), "let its trust policy name the token's issuer and subject");
	else if (is(f->code, "AccessDenied"))
		snprintf(advice, sizeof(advice),
			 "let its trust policy name who asks%s, and who asks have "
			 "sts:AssumeRole on it",
			 r->external_id[0] != '\0' ? " and the external id" : "");
	else if (is(f->code, "ExpiredTokenException") || is(f->code, "InvalidIdentityToken"))
		snprintf(advice, sizeof(advice), "the token in '%.128s' has to be renewed; it is read each time",
			 r->token_file != NULL ? r->token_file : "");
	else if (is(f->code, "RegionDisabledException"))
		snprintf(advice, sizeof(advice), "enable STS in this region for the account");
	else if (action == ERROR_RETRY)
		snprintf(advice, sizeof(advice), "it is asked again");
	if (is(f->code, "InvalidIdentityToken"))
		action = ERROR_RETRY; /* the next one in the file may be better */
	return error_set(e, action, f->status, "role '%s' cannot be assumed: %d %s: %s: %s", r->arn, f->status, f->code,
			 advice, f->message);
}

static char *take(const struct buf *answer, const char *action, const char *name)
{
	char *path = mem_printf("/%sResponse/%sResult/Credentials/%s", action, action, name);
	char *text = mem_alloc(XML_TEXT_MAX + 1);
	char *out = xml_find(answer->data, answer->len, path, text, XML_TEXT_MAX + 1) ? mem_strdup(text)
										      : mem_strdup("");

	explicit_bzero(text, XML_TEXT_MAX + 1);
	free(text);
	free(path);
	return out;
}

static int read_answer(const struct role_provider *r, const struct buf *answer, struct credentials *out,
		       struct error *e)
{
	const char *action = r->token_file != NULL ? "AssumeRoleWithWebIdentity" : "AssumeRole";
	char *expires = take(answer, action, "Expiration"), *root = mem_printf("/%sResponse", action);
	bool whole = xml_is(answer->data, answer->len, root);

	out->access_key_id = take(answer, action, "AccessKeyId");
	out->secret_access_key = take(answer, action, "SecretAccessKey");
	out->session_token = take(answer, action, "SessionToken");
	whole &= when_parse((const uint8_t *)expires, strlen(expires), &out->expires_ms) &&
		 out->access_key_id[0] != '\0' && out->secret_access_key[0] != '\0' && out->session_token[0] != '\0';
	free(expires);
	free(root);
	if (whole)
		return 0;
	credentials_wipe(out);
	return error_set(e, ERROR_RETRY, 0, "role '%s': what STS answered holds no whole credentials", r->arn);
}

static int role_fetch(struct credential_provider *p, int64_t now_real_ms, struct credentials *out, struct error *e)
{
	struct role_provider *r = (struct role_provider *)p;
	struct buf form, answer;
	struct aws_fault f = { .status = 0 };
	int rc;

	(void)now_real_ms;
	*out = (struct credentials){ .expires_ms = 0 };
	buf_init_secret(&form, SIZE_MAX);
	buf_init(&answer, 0);
	rc = compose(r, &form, e);
	if (rc == 0)
		rc = find_sts(r, e);
	if (rc == 0)
		rc = aws_service_query(r->sts, buf_str(&form), &answer, &f, e);
	if (rc != 0)
		explain(r, &f, e);
	else
		rc = read_answer(r, &answer, out, e);
	buf_free(&form);
	buf_free(&answer);
	return rc;
}

static void role_refresh(struct credential_provider *p)
{
	struct role_provider *r = (struct role_provider *)p;

	if (r->from != NULL && r->from->refresh != NULL)
		r->from->refresh(r->from);
}

static void role_free(struct credential_provider *p)
{
	struct role_provider *r = (struct role_provider *)p;

	aws_service_free(r->sts);
	if (r->from != NULL)
		r->from->free(r->from);
	free(r->arn);
	free(r->external_id);
	free(r->session_name);
	free(r->region);
	free(r->ca_file);
	free(r->proxy);
	free(r->token_file);
	free(r);
}

static struct role_provider *role_new(const char *name, const struct sts_role *role)
{
	struct role_provider *r = mem_zalloc(sizeof(*r));

	r->base = (struct credential_provider){
		.name = name, .fetch = role_fetch, .refresh = role_refresh, .free = role_free
	};
	r->arn = mem_strdup(role->arn);
	r->external_id = mem_strdup(role->external_id);
	r->session_name = session_name_of(role->session_name);
	r->region = mem_strdup(role->region);
	r->duration_s = role->duration_s > 0 ? role->duration_s : DURATION_S;
	r->ca_file = mem_strdup(role->ca_file);
	r->proxy = mem_strdup(role->proxy);
	return r;
}

struct credential_provider *credentials_from_role(const struct sts_role *role, struct credential_provider *base)
{
	struct role_provider *r = role_new("role", role);

	r->from = base;
	return &r->base;
}

struct credential_provider *credentials_from_web_identity(const struct sts_role *role, const char *token_file)
{
	struct role_provider *r = role_new("web identity", role);

	r->token_file = mem_strdup(token_file);
	return &r->base;
}

static int nothing_fetch(struct credential_provider *p, int64_t now_real_ms, struct credentials *out, struct error *e)
{
	bool arn = from_environment("AWS_ROLE_ARN")[0] != '\0';
	bool file = from_environment("AWS_WEB_IDENTITY_TOKEN_FILE")[0] != '\0';

	(void)p;
	(void)now_real_ms;
	*out = (struct credentials){ .expires_ms = 0 };
	if (arn == file)
		return error_set(e, ERROR_GIVE_UP, 0, "neither AWS_ROLE_ARN nor AWS_WEB_IDENTITY_TOKEN_FILE is set");
	return error_set(e, ERROR_GIVE_UP, 0, "%s is set without %s",
			 arn ? "AWS_ROLE_ARN" : "AWS_WEB_IDENTITY_TOKEN_FILE",
			 arn ? "AWS_WEB_IDENTITY_TOKEN_FILE" : "AWS_ROLE_ARN");
}

static void nothing_free(struct credential_provider *p)
{
	free(p);
}

struct credential_provider *credentials_from_web_identity_environment(const struct sts_role *role)
{
	struct sts_role theirs = *role;
	const char *file = from_environment("AWS_WEB_IDENTITY_TOKEN_FILE");
	struct credential_provider *p;

	theirs.arn = from_environment("AWS_ROLE_ARN");
	if (theirs.arn[0] != '\0' && file[0] != '\0')
		return credentials_from_web_identity(&theirs, file);
	p = mem_zalloc(sizeof(*p));
	*p = (struct credential_provider){
		.name = "web identity", .fetch = nothing_fetch, .free = nothing_free, .quick = true
	};
	return p;
}
