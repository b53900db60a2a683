/* SPDX-License-Identifier: Apache-2.0 */
/* The providers that hold nothing: settings, environment, and the chain over others. The file is credentials_file.c's.
 * Thread: an uploader's; a provider is not shared.
 * Invariant: a fetch that fails leaves *out empty. */
#include "aws/credentials.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

struct settings_provider {
	struct credential_provider base;
	const struct settings *settings;
};

struct chain_provider {
	struct credential_provider base;
	struct credential_provider **providers;
	int n;
};

static void wipe(char *s)
{
	if (s != NULL)
		explicit_bzero(s, strlen(s));
	free(s);
}

void credentials_wipe(struct credentials *c)
{
	wipe(c->access_key_id);
	wipe(c->secret_access_key);
	wipe(c->session_token);
	*c = (struct credentials){ .expires_ms = 0 };
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
	const struct settings *s = ((struct settings_provider *)p)->settings;

	(void)now_real_ms;
	return static_keys(s->s3_access_key_id, s->s3_secret_access_key, s->s3_session_token, names, out, e);
}

static void plain_free(struct credential_provider *p)
{
	free(p);
}

struct credential_provider *credentials_from_settings(const struct settings *s)
{
	struct settings_provider *p = mem_zalloc(sizeof(*p));

	p->base = (struct credential_provider){ .name = "settings", .fetch = settings_fetch, .free = plain_free };
	p->settings = s;
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

struct credential_provider *credentials_from_environment(void)
{
	struct credential_provider *p = mem_zalloc(sizeof(*p));

	*p = (struct credential_provider){ .name = "environment", .fetch = environment_fetch, .free = plain_free };
	return p;
}

static int chain_fetch(struct credential_provider *p, int64_t now_real_ms, struct credentials *out, struct error *e)
{
	struct chain_provider *c = (struct chain_provider *)p;
	struct buf asked;

	buf_init(&asked, 256);
	for (int i = 0; i < c->n; i++) {
		struct credential_provider *next = c->providers[i];

		if (next->fetch(next, now_real_ms, out, e) == 0) {
			buf_free(&asked);
			return 0;
		}
		if (e->action != ERROR_GIVE_UP || e->code != 0) {
			buf_free(&asked);
			return error_context(e, "credentials from %s", next->name);
		}
		buf_addf(&asked, "%s%s", i > 0 ? ", " : "", next->name);
	}
	error_set(e, ERROR_GIVE_UP, 0,
		  "no credentials (asked: %s): set s3.access_key_id and s3.secret_access_key, "
		  "s3.credentials_file, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
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
		.name = "chain", .fetch = chain_fetch, .refresh = chain_refresh, .free = chain_free
	};
	c->providers = mem_array((size_t)n, sizeof(struct credential_provider *));
	if (n > 0)
		memcpy(c->providers, providers, (size_t)n * sizeof(struct credential_provider *));
	c->n = n;
	return &c->base;
}

struct credential_provider *credentials_default(const struct settings *s)
{
	struct credential_provider *all[3];
	int n = 0;

	all[n++] = credentials_from_settings(s);
	if (s->s3_credentials_file[0] != '\0')
		all[n++] = credentials_from_file(s->s3_credentials_file);
	all[n++] = credentials_from_environment();
	return credentials_chain(all, n);
}
