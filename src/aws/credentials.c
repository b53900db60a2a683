/* SPDX-License-Identifier: Apache-2.0 */
/* The providers that hold nothing: settings, environment, and the chain over others. The file is credentials_file.c's.
 * Invariant: a fetch that fails leaves *out empty. */
#include "aws/credentials.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "aws/profile.h"
#include "aws/region.h"
#include "aws/secret.h"
#include "aws/sts.h"
#include "base/buf.h"
#include "base/mem.h"

#define SOURCES_MAX 8
#define ASKED_MAX 768

struct settings_provider {
	struct credential_provider base;
	char *id, *secret, *token;
};

struct chain_provider {
	struct credential_provider base;
	struct credential_provider **providers;
	int n;
};

void credentials_wipe(struct credentials *c)
{
	secret_free(c->access_key_id);
	secret_free(c->secret_access_key);
	secret_free(c->session_token);
	*c = (struct credentials){ .expires_ms = 0 };
}

void credentials_copy(const struct credentials *c, struct credentials *out)
{
	*out = (struct credentials){ .access_key_id = mem_strdup(c->access_key_id),
				     .secret_access_key = mem_strdup(c->secret_access_key),
				     .session_token = mem_strdup(c->session_token),
				     .expires_ms = c->expires_ms,
				     .outlive = c->outlive,
				     .source = c->source };
}

struct credential_provider *credentials_hold(struct credential_provider *p)
{
	p->hold(p);
	return p;
}

static const char *or_empty(const char *s)
{
	return s != NULL ? s : "";
}

/* Two strings that are both there, or both not; where and the names are for the message. */
static int static_keys(const char *id, const char *secret, const char *token, const char *const names[2],
		       struct credentials *out, struct error *e)
{
	*out = (struct credentials){ .expires_ms = 0 };
	if (id[0] == '\0' && secret[0] == '\0')
		return error_set(e, ERROR_GIVE_UP, 0, "neither %s nor %s is set", names[0], names[1]);
	if (id[0] == '\0' || secret[0] == '\0')
		return error_set(e, ERROR_WAIT_PERSON, EINVAL, "%s is set without %s: set both", names[id[0] == '\0'],
				 names[id[0] != '\0']);
	out->access_key_id = mem_strdup(id);
	out->secret_access_key = mem_strdup(secret);
	out->session_token = mem_strdup(token);
	out->expires_ms = INT64_MAX;
	return 0;
}

static int settings_fetch(struct credential_provider *p, int64_t now_real_ms, struct credentials *out, struct error *e)
{
	static const char *const names[2] = { "s3.access_key_id", "s3.secret_access_key" };
	const struct settings_provider *s = (struct settings_provider *)p;

	(void)now_real_ms;
	return static_keys(s->id, s->secret, s->token, names, out, e);
}

static void settings_provider_free(struct credential_provider *p)
{
	struct settings_provider *s = (struct settings_provider *)p;

	secret_free(s->id);
	secret_free(s->secret);
	secret_free(s->token);
	free(s);
}

struct credential_provider *credentials_from_settings(const struct settings *s)
{
	struct settings_provider *p = mem_zalloc(sizeof(*p));

	p->base = (struct credential_provider){
		.name = "settings", .fetch = settings_fetch, .free = settings_provider_free, .quick = true
	};
	p->id = mem_strdup(s->s3_access_key_id);
	p->secret = mem_strdup(s->s3_secret_access_key);
	p->token = mem_strdup(s->s3_session_token);
	return &p->base;
}

static int environment_fetch(struct credential_provider *p, int64_t now_real_ms, struct credentials *out,
			     struct error *e)
{
	static const char *const names[2] = { "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY" };
	const char *token = getenv("AWS_SESSION_TOKEN");

	(void)p;
	(void)now_real_ms;
	return static_keys(or_empty(getenv(names[0])), or_empty(getenv(names[1])), or_empty(token), names, out, e);
}

static void plain_free(struct credential_provider *p)
{
	free(p);
}

struct credential_provider *credentials_from_environment(void)
{
	struct credential_provider *p = mem_zalloc(sizeof(*p));

	*p = (struct credential_provider){
		.name = "environment", .fetch = environment_fetch, .free = plain_free, .quick = true
	};
	return p;
}

static int chain_fetch(struct credential_provider *p, int64_t now_real_ms, struct credentials *out, struct error *e)
{
	struct chain_provider *c = (struct chain_provider *)p;
	struct buf asked;

	e->text[0] = '\0';
	buf_init(&asked, ASKED_MAX);
	for (int i = 0; i < c->n; i++) {
		struct credential_provider *next = c->providers[i];

		if (next->fetch(next, now_real_ms, out, e) == 0) {
			if (out->source == NULL)
				out->source = next->name;
			buf_free(&asked);
			return 0;
		}
		if (e->action != ERROR_GIVE_UP || e->code != 0) {
			struct error why = *e;

			error_set(e, why.action, why.code, "credentials from %s: %s%s%s", next->name, why.text,
				  i > 0 ? "; there are none in: " : "", i > 0 ? buf_str(&asked) : "");
			buf_free(&asked);
			return -1;
		}
		buf_addf(&asked, "%s%s", i > 0 ? ", " : "", next->name);
	}
	buf_addf(&asked, ": %s", e->text); /* of the last, which is the one that is asked where no other is meant */
	error_set(e, ERROR_GIVE_UP, 0,
		  "no credentials (asked: %s): set s3.access_key_id and s3.secret_access_key, s3.credentials_file, or "
		  "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role",
		  buf_str(&asked));
	buf_free(&asked);
	return -1;
}

static void chain_refresh(struct credential_provider *p)
{
	struct chain_provider *c = (struct chain_provider *)p;

	for (int i = 0; i < c->n; i++)
		if (c->providers[i]->refresh != NULL)
			c->providers[i]->refresh(c->providers[i]);
}

static void chain_free(struct credential_provider *p)
{
	struct chain_provider *c = (struct chain_provider *)p;

	for (int i = 0; i < c->n; i++)
		c->providers[i]->free(c->providers[i]);
	free(c->providers);
	free(c);
}

struct credential_provider *credentials_chain(struct credential_provider **providers, int n)
{
	struct chain_provider *c = mem_zalloc(sizeof(*c));

	c->base = (struct credential_provider){
		.name = "chain", .fetch = chain_fetch, .refresh = chain_refresh, .free = chain_free, .quick = true
	};
	for (int i = 0; i < n; i++)
		c->base.quick &= providers[i]->quick;
	c->providers = mem_array((size_t)n, sizeof(struct credential_provider *));
	if (n > 0)
		memcpy(c->providers, providers, (size_t)n * sizeof(struct credential_provider *));
	c->n = n;
	return &c->base;
}

static bool in_environment(void)
{
	return or_empty(getenv("AWS_ACCESS_KEY_ID"))[0] != '\0' || or_empty(getenv("AWS_SECRET_ACCESS_KEY"))[0] != '\0';
}

static struct sts_role role_of(const struct settings *s, const char *region)
{
	return (struct sts_role){ .arn = s->s3_role_arn,
				  .external_id = s->s3_external_id,
				  .session_name = s->s3_role_session_name,
				  .region = region,
				  .ca_file = s->s3_ca_file,
				  .proxy = s->s3_proxy };
}

/* s3.role_arn, on top of what the sources give. Owns: takes chain. */
static struct credential_provider *with_role(const struct settings *s, struct credential_provider *chain)
{
	char *region;
	struct sts_role role;

	if (s->s3_role_arn[0] == '\0')
		return chain;
	region = region_given(s);
	role = role_of(s, region);
	chain = credentials_from_role(&role, chain);
	free(region);
	return chain;
}

/* The settings' external id and name are for the role that they say. */
static struct credential_provider *web_identity(const struct settings *s)
{
	char *region = region_given(s);
	struct sts_role role = role_of(s, region);
	struct credential_provider *p;

	role.external_id = role.session_name = "";
	p = credentials_from_web_identity_environment(&role);
	free(region);
	return p;
}

/* One that is sure to apply is the last: what is never asked makes the chain no slower. */
struct credential_provider *credentials_base(const struct settings *s)
{
	struct credential_provider *all[SOURCES_MAX];
	bool applies = s->s3_access_key_id[0] != '\0' || s->s3_secret_access_key[0] != '\0';
	bool profile = s->s3_profile[0] != '\0';
	int n = 0;

	all[n++] = credentials_from_settings(s);
	if (!applies && s->s3_credentials_file[0] != '\0') {
		all[n++] = credentials_from_file(s->s3_credentials_file, profile ? s->s3_profile : PROFILE_DEFAULT);
		applies = true;
	}
	if (!applies && !profile) {
		all[n++] = credentials_from_environment();
		applies = in_environment();
	}
	if (!applies) {
		all[n++] = credentials_from_profile(s);
		applies = profile;
	}
	if (!applies) {
		all[n++] = web_identity(s);
		all[n++] = credentials_from_container();
		all[n++] = credentials_from_imds();
	}
	return credentials_chain(all, n);
}

struct credential_provider *credentials_default(const struct settings *s)
{
	return with_role(s, credentials_base(s));
}
