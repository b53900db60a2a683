/* SPDX-License-Identifier: Apache-2.0 */
/* What a profile of the shared files means: a role with the credentials of another source, keys, or a command that
 * prints them. The files are read again for each fetch. The source of a role is asked as a provider of its own, which
 * lives for that fetch; a profile that is asked as a source knows who asked, so that going round is found.
 * Invariant: what needs a person in front of a keyboard is refused, since a daemon would only hang on it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws/credentials.h"
#include "aws/credentials_json.h"
#include "aws/process.h"
#include "aws/profile.h"
#include "aws/region.h"
#include "aws/secret.h"
#include "aws/sts.h"
#include "base/buf.h"
#include "base/mem.h"

#define PROCESS_MS 60000
#define PROCESS_MAX ((size_t)64 << 10)
#define ROUND_MAX 256
#define DURATION_MIN_S 900
#define DURATION_MAX_S 43200

struct profile_provider {
	struct credential_provider base;
	char *name;                              /* "": what AWS_PROFILE says */
	char *region, *ca_file, *proxy;          /* to ask STS; the profile's own region goes before */
	const struct profile_provider *asked_by; /* whose role's source this is; NULL: nobody's */
};

/* One profile while it is looked at. */
struct look {
	const struct profile_provider *provider;
	struct profiles *files;
	const char *name;
	int64_t now_real_ms;
};

static struct profile_provider *profile_new(const char *name, const char *region, const char *ca_file,
					    const char *proxy);

static const char *value(const struct look *l, const char *key)
{
	return profiles_get(l->files, l->name, key);
}

static bool has(const struct look *l, const char *key)
{
	return value(l, key)[0] != '\0';
}

static int bad(struct error *e, const char *what)
{
	return error_set(e, ERROR_WAIT_PERSON, EINVAL, "%s", what);
}

static int take_keys(const struct look *l, struct credentials *out, struct error *e)
{
	if (!has(l, "aws_access_key_id") || !has(l, "aws_secret_access_key"))
		return bad(e, "aws_access_key_id and aws_secret_access_key go together: give both or none");
	out->access_key_id = mem_strdup(value(l, "aws_access_key_id"));
	out->secret_access_key = mem_strdup(value(l, "aws_secret_access_key"));
	out->session_token = mem_strdup(value(l, "aws_session_token"));
	out->expires_ms = INT64_MAX;
	return 0;
}

static int run_process(const struct look *l, struct credentials *out, struct error *e)
{
	char *text;
	int rc;

	if (process_output(value(l, "credential_process"), PROCESS_MAX, PROCESS_MS, &text, e) != 0)
		return error_context(e, "credential_process");
	rc = credentials_read_json(text, strlen(text), CREDENTIALS_OF_PROCESS, out, e);
	secret_free(text);
	return rc == 0 ? 0 : error_context(e, "credential_process");
}

/* "a, b, a" */
static int goes_round(const struct look *l, struct error *e)
{
	struct buf round;

	buf_init(&round, ROUND_MAX);
	buf_addf(&round, "'%s'", l->name);
	for (const struct profile_provider *p = l->provider->asked_by; p != NULL; p = p->asked_by)
		buf_addf(&round, " for '%s'", profile_name(p->name));
	error_set(e, ERROR_WAIT_PERSON, ELOOP, "source_profile goes round: %s", buf_str(&round));
	buf_free(&round);
	return -1;
}

/* Is it asked for its own role, as whose source it may be itself? */
static bool is_own_source(const struct look *l)
{
	const struct profile_provider *by = l->provider->asked_by;

	return by != NULL && strcmp(profile_name(by->name), l->name) == 0;
}

static int check_round(const struct look *l, struct error *e)
{
	const struct profile_provider *p = l->provider->asked_by;

	if (is_own_source(l) && (has(l, "aws_access_key_id") || has(l, "aws_secret_access_key")))
		return 0;
	for (; p != NULL; p = p->asked_by)
		if (strcmp(profile_name(p->name), l->name) == 0)
			return goes_round(l, e);
	return 0;
}

static struct credential_provider *source_profile(const struct profile_provider *by, const char *name)
{
	struct profile_provider *p = profile_new(name, by->region, by->ca_file, by->proxy);

	p->asked_by = by;
	return &p->base;
}

static struct credential_provider *credential_source(const char *name, struct error *e)
{
	static const struct {
		const char *name;
		struct credential_provider *(*make)(void);
	} sources[] = { { "Environment", credentials_from_environment },
			{ "Ec2InstanceMetadata", credentials_from_imds },
			{ "EcsContainer", credentials_from_container } };

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		if (strcasecmp(name, sources[i].name) == 0)
			return sources[i].make();
	error_set(e, ERROR_WAIT_PERSON, EINVAL,
		  "credential_source '%s' is none of Environment, Ec2InstanceMetadata, EcsContainer", name);
	return NULL;
}

/* Whose credentials ask for the role. NULL: an error. */
static struct credential_provider *source_of(const struct look *l, struct error *e)
{
	const char *other = value(l, "source_profile"), *source = value(l, "credential_source");

	if ((other[0] != '\0') == (source[0] != '\0')) {
		bad(e, "role_arn needs one of source_profile, credential_source and web_identity_token_file");
		return NULL;
	}
	return other[0] != '\0' ? source_profile(l->provider, other) : credential_source(source, e);
}

/* Not given: the default of STS. */
static int duration(const struct look *l, int64_t *seconds, struct error *e)
{
	char *end;

	*seconds = 0;
	if (!has(l, "duration_seconds"))
		return 0;
	*seconds = strtol(value(l, "duration_seconds"), &end, 10);
	if (*end == '\0' && *seconds >= DURATION_MIN_S && *seconds <= DURATION_MAX_S)
		return 0;
	return error_set(e, ERROR_WAIT_PERSON, EINVAL, "duration_seconds must be a number of %d to %d", DURATION_MIN_S,
			 DURATION_MAX_S);
}

static int take_role(const struct look *l, struct credentials *out, struct error *e)
{
	const struct profile_provider *p = l->provider;
	struct sts_role o = { .arn = value(l, "role_arn"),
			      .external_id = value(l, "external_id"),
			      .session_name = value(l, "role_session_name"),
			      .region = has(l, "region") ? value(l, "region") : p->region,
			      .ca_file = p->ca_file,
			      .proxy = p->proxy };
	const char *token_file = value(l, "web_identity_token_file");
	struct credential_provider *source, *role;
	int rc;

	if (has(l, "mfa_serial"))
		return bad(e,
			   "mfa_serial asks a person for a code, which a daemon has nobody to ask for: use a role that "
			   "needs no MFA");
	if (duration(l, &o.duration_s, e) != 0)
		return -1;
	if (token_file[0] != '\0') {
		role = credentials_from_web_identity(&o, token_file);
	} else {
		source = source_of(l, e);
		if (source == NULL)
			return -1;
		role = credentials_from_role(&o, source);
	}
	rc = role->fetch(role, l->now_real_ms, out, e);
	role->free(role);
	if (rc != 0 && e->action == ERROR_GIVE_UP)
		e->action = ERROR_WAIT_PERSON; /* the profile does apply */
	return rc;
}

static int refuse_login(struct error *e)
{
	return bad(
		e,
		"it signs in through a browser (SSO, \"aws login\"), which a daemon cannot do: use a role, keys, or a "
		"credential_process");
}

static int look(const struct look *l, struct credentials *out, struct error *e)
{
	bool keys = has(l, "aws_access_key_id") || has(l, "aws_secret_access_key");

	if (check_round(l, e) != 0)
		return -1;
	if (has(l, "role_arn") && !is_own_source(l))
		return take_role(l, out, e);
	if (keys)
		return take_keys(l, out, e);
	if (has(l, "credential_process"))
		return run_process(l, out, e);
	if (has(l, "sso_session") || has(l, "sso_start_url") || has(l, "sso_account_id") || has(l, "login_session"))
		return refuse_login(e);
	if (has(l, "source_profile") || has(l, "credential_source") || has(l, "web_identity_token_file"))
		return bad(e, "there is no role_arn with the source of credentials");
	if (l->provider->name[0] != '\0')
		return bad(e, "it has no credentials");
	return error_set(e, ERROR_GIVE_UP, 0, "it has no credentials");
}

/* A profile that somebody names has to be there. */
static int absent(const struct look *l, struct error *e)
{
	bool named = l->provider->name[0] != '\0' || strcmp(l->name, PROFILE_DEFAULT) != 0;

	return error_set(e, named ? ERROR_WAIT_PERSON : ERROR_GIVE_UP, named ? ENOENT : 0, "it is not in %s",
			 profiles_names(l->files));
}

static int profile_fetch(struct credential_provider *p, int64_t now_real_ms, struct credentials *out, struct error *e)
{
	struct profile_provider *own = (struct profile_provider *)p;
	struct look l = { own, profiles_new(), profile_name(own->name), now_real_ms };
	int rc;

	*out = (struct credentials){ .expires_ms = 0 };
	rc = profiles_read_shared(l.files, e);
	if (rc == 0)
		rc = profiles_has(l.files, l.name) ? look(&l, out, e) : absent(&l, e);
	profiles_free(l.files);
	return rc == 0 ? 0 : error_context(e, "profile '%s'", l.name);
}

static void profile_free(struct credential_provider *p)
{
	struct profile_provider *own = (struct profile_provider *)p;

	free(own->name);
	free(own->region);
	free(own->ca_file);
	free(own->proxy);
	free(own);
}

static struct profile_provider *profile_new(const char *name, const char *region, const char *ca_file,
					    const char *proxy)
{
	struct profile_provider *p = mem_zalloc(sizeof(*p));

	p->base = (struct credential_provider){ .name = "profile", .fetch = profile_fetch, .free = profile_free };
	p->name = mem_strdup(name);
	p->region = mem_strdup(region);
	p->ca_file = mem_strdup(ca_file);
	p->proxy = mem_strdup(proxy);
	return p;
}

struct credential_provider *credentials_from_profile(const struct settings *s)
{
	char *region = region_given(s);
	struct profile_provider *p = profile_new(s->s3_profile, region, s->s3_ca_file, s->s3_proxy);

	free(region);
	return &p->base;
}
