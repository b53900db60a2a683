/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_CREDENTIALS_H
#define AWS_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "settings/settings.h"

/* Where the keys come from. A provider fills in a snapshot; cache and chain are providers too, so that order and
 * expiry are composition. Thread: one thread alone, but for a cache, which any may ask. */
struct credentials {
	char *access_key_id;
	char *secret_access_key;
	char *session_token; /* "": none */
	int64_t expires_ms;  /* wall clock; INT64_MAX: never */
	bool outlive;        /* their source may go on giving them when they have expired, since they still work */
	const char *source;  /* the provider's name, which lives for ever */
};

void credentials_wipe(struct credentials *c); /* overwrites and frees the strings, leaves an empty struct */
/* Owns: the caller wipes out. */
void credentials_copy(const struct credentials *c, struct credentials *out);

struct credential_provider {
	const char *name; /* lives for ever */
	/* MUST. 0 and a filled *out (the caller wipes it); -1: failed, or does not apply here (e->action GIVE_UP and
	 * code 0). It may take seconds, unless quick is set. */
	int (*fetch)(struct credential_provider *p, int64_t now_real_ms, struct credentials *out, struct error *e);
	/* MAY be NULL. Forget what is kept: S3 said that it is expired. */
	void (*refresh)(struct credential_provider *p);
	void (*free)(struct credential_provider *p); /* MUST. Of one that is shared: gives a hold back */
	void (*hold)(struct credential_provider *p); /* NULL: it belongs to one alone */
	bool quick; /* fetch asks no network and no other program, and knows by itself when to look again */
};

/* One more user of a provider that is shared; each ends with p->free(p). Thread: any. */
struct credential_provider *credentials_hold(struct credential_provider *p);

/* Sources. None keeps a pointer to its settings. */
struct credential_provider *credentials_from_settings(const struct settings *s);
struct credential_provider *credentials_from_environment(void);
/* A section of a file in the shared-credentials syntax. */
struct credential_provider *credentials_from_file(const char *path, const char *section);
/* The role of an EC2 instance, from its metadata (imds.h). */
struct credential_provider *credentials_from_imds(void);
/* The role of a container, from the agents of ECS and EKS that AWS_CONTAINER_CREDENTIALS_… name. */
struct credential_provider *credentials_from_container(void);
/* s3.profile, else AWS_PROFILE, else the default one, of the shared files (profile.h). */
struct credential_provider *credentials_from_profile(const struct settings *s);
/* Ask each in order, stop at the first that applies; owns the n providers. */
struct credential_provider *credentials_chain(struct credential_provider **providers, int n);
/* The sources that these settings ask for, in order. */
struct credential_provider *credentials_default(const struct settings *s);
/* The same without s3.role_arn. */
struct credential_provider *credentials_base(const struct settings *s);

#endif
