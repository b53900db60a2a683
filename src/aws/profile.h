/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_PROFILE_H
#define AWS_PROFILE_H

#include <stdbool.h>

#include "base/error.h"

/* The files that the AWS tools share, ~/.aws/config and ~/.aws/credentials: profiles, each with keys and values. What
 * is read later wins, key by key. Pure but for the reading. Thread: one at a time. Source:
 * https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html */
struct profiles;

enum profile_syntax {
	PROFILE_CONFIG,      /* [profile x] and [default]; sections of other kinds are passed over */
	PROFILE_CREDENTIALS, /* [x] */
};

#define PROFILE_DEFAULT "default"

struct profiles *profiles_new(void);
void profiles_free(struct profiles *p); /* wipes what was read */

/* Add what a file says. Errors: WAIT_PERSON with errno; ENOENT: there is none. */
int profiles_read(struct profiles *p, const char *path, enum profile_syntax syntax, struct error *e);

/* Both files, as AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE and HOME say where; one that is not there is empty. */
int profiles_read_shared(struct profiles *p, struct error *e);

/* The profile that is meant: given, else AWS_PROFILE, else the default one. Never NULL. */
const char *profile_name(const char *given);

/* What the files are called in messages: "'PATH' and 'PATH'", or one. Lives as long as p. */
const char *profiles_names(struct profiles *p);

bool profiles_has(const struct profiles *p, const char *name);
/* Never NULL; "" when the profile or the key is absent. Lives as long as p. */
const char *profiles_get(const struct profiles *p, const char *name, const char *key);

#endif
