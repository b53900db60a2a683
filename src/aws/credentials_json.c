/* SPDX-License-Identifier: Apache-2.0 */
/* Reads by jansson, whose memory is overwritten when it is given back, since secrets pass through it.
 * Invariant: a value of the document that reaches a message is Code alone, and only where it is a plain word. */
#include "aws/credentials_json.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/when.h"

static void wipe_and_free(void *p)
{
	if (p != NULL)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

/* Before main, since it holds for all that use jansson, in any thread. */
__attribute__((constructor)) static void wipe_what_jansson_frees(void)
{
	json_set_alloc_funcs(malloc, wipe_and_free);
}

static const char *text_of(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s != NULL ? s : "";
}

static int check_code(const json_t *o, struct error *e)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	const char *code = text_of(o, "Code");

	if (json_object_get(o, "Code") == NULL || strcmp(code, "Success") == 0)
		return 0;
	return error_set(e, ERROR_WAIT_PERSON, EPERM,
			 "they are refused with Code '%.64s': see whether the role exists and may be assumed",
			 code[0] != '\0' && code[strspn(code, letters)] == '\0' ? code : "?");
}

static int check_version(const json_t *o, struct error *e)
{
	const json_t *version = json_object_get(o, "Version");

	if (json_is_integer(version) && json_integer_value(version) == 1)
		return 0;
	return error_set(e, ERROR_WAIT_PERSON, EPROTO, "the JSON document has no \"Version\": 1");
}

static int take_expiration(const json_t *o, enum credentials_form form, int64_t *ms, struct error *e)
{
	const char *at = text_of(o, "Expiration");

	*ms = INT64_MAX;
	if (json_object_get(o, "Expiration") == NULL && form == CREDENTIALS_OF_PROCESS)
		return 0;
	if (strchr(at, 'T') != NULL && when_parse((const uint8_t *)at, strlen(at), ms))
		return 0;
	return error_set(e, ERROR_RETRY, EPROTO, "the JSON document has no Expiration that is a time");
}

static int take(const json_t *o, enum credentials_form form, struct credentials *out, struct error *e)
{
	const char *token = form == CREDENTIALS_OF_PROCESS ? "SessionToken" : "Token";
	const char *id = text_of(o, "AccessKeyId"), *secret = text_of(o, "SecretAccessKey");
	int64_t expires_ms;

	if (!json_is_object(o))
		return error_set(e, ERROR_RETRY, EPROTO, "what came is no JSON object");
	if ((form == CREDENTIALS_OF_PROCESS ? check_version(o, e) : check_code(o, e)) != 0)
		return -1;
	if (id[0] == '\0' || secret[0] == '\0')
		return error_set(e, ERROR_RETRY, EPROTO, "the JSON document has no AccessKeyId with a SecretAccessKey");
	if (take_expiration(o, form, &expires_ms, e) != 0)
		return -1;
	out->access_key_id = mem_strdup(id);
	out->secret_access_key = mem_strdup(secret);
	out->session_token = mem_strdup(text_of(o, token));
	out->expires_ms = expires_ms;
	return 0;
}

int credentials_read_json(const char *text, size_t len, enum credentials_form form, struct credentials *out,
			  struct error *e)
{
	json_t *o = json_loadb(text, len, 0, NULL);
	int rc;

	*out = (struct credentials){ .expires_ms = 0 };
	rc = take(o, form, out, e);
	json_decref(o);
	return rc;
}
