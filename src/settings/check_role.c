/* SPDX-License-Identifier: Apache-2.0 */
/* What STS takes as the name of a role, of a session and as an external id. Source: STS API reference, AssumeRole. */
#include "settings/check.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define ARN_MAX 2048
#define EXTERNAL_ID_MAX 1224
#define SESSION_NAME_MAX 64
#define ACCOUNT_DIGITS 12

static bool is_made_of(const char *s, const char *others)
{
	for (; *s != '\0'; s++)
		if (!isalnum((unsigned char)*s) && strchr(others, *s) == NULL)
			return false;
	return true;
}

static const char *behind(const char *s, const char *beginning)
{
	size_t n = strlen(beginning);

	return s != NULL && strncmp(s, beginning, n) == 0 ? s + n : NULL;
}

/* What stands behind "arn:PARTITION:iam::ACCOUNT:role/"; NULL: it is no role's. */
static const char *name_of_role(const char *arn)
{
	const char *rest = behind(arn, "arn:aws") != NULL ? strchr(arn + strlen("arn:"), ':') : NULL;

	rest = behind(rest, ":iam::");
	if (rest == NULL || strspn(rest, "0123456789") != ACCOUNT_DIGITS)
		return NULL;
	return behind(rest + ACCOUNT_DIGITS, ":role/");
}

int check_role_arn(const char *value, struct error *e)
{
	const char *name = name_of_role(value);

	if (name != NULL && name[0] != '\0' && strlen(value) <= ARN_MAX && is_made_of(name, "_+=,.@-/"))
		return 0;
	return error_set(e, ERROR_GIVE_UP, 0, "\"%s\" is no role: it is \"arn:aws:iam::ACCOUNT:role/NAME\"", value);
}

int check_external_id(const char *value, struct error *e)
{
	if (strlen(value) >= 2 && strlen(value) <= EXTERNAL_ID_MAX && is_made_of(value, "_+=,.@:/-"))
		return 0;
	return error_set(e, ERROR_GIVE_UP, 0, "\"%s\" is no external id: 2 to %d letters, digits and \"_+=,.@:/-\"",
			 value, EXTERNAL_ID_MAX);
}

int check_session_name(const char *value, struct error *e)
{
	if (strlen(value) >= 2 && strlen(value) <= SESSION_NAME_MAX && is_made_of(value, "_+=,.@-"))
		return 0;
	return error_set(e, ERROR_GIVE_UP, 0, "\"%s\" is no session's name: 2 to %d letters, digits and \"_+=,.@-\"",
			 value, SESSION_NAME_MAX);
}
