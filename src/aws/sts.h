/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_STS_H
#define AWS_STS_H

#include "aws/credentials.h"

/* Credentials of a role, from AWS's security token service (STS). None of these keeps a pointer
 * to what it is given. Source: aws.md 4.3; STS API reference, AssumeRole and AssumeRoleWithWebIdentity. */

struct sts_role {
	const char *arn;
	const char *external_id;  /* "": none */
	const char *session_name; /* "": AWS_ROLE_SESSION_NAME, else this program's and this host's name */
	const char *region;       /* "": the instance's, else STS's global endpoint */
	const char *ca_file, *proxy;
	int64_t duration_s; /* 0: an hour */
};

/* Assumed by whom base's credentials are of. Owns: takes base. */
struct credential_provider *credentials_from_role(const struct sts_role *role, struct credential_provider *base);
/* Assumed by whoever has the token in this file, which is read each time; nothing is signed. */
struct credential_provider *credentials_from_web_identity(const struct sts_role *role, const char *token_file);
/* The same as AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE say, as EKS sets them; without them it does not apply. Of
 * role all but its ARN counts. */
struct credential_provider *credentials_from_web_identity_environment(const struct sts_role *role);

#endif
