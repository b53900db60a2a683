/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AWS_CREDENTIALS_JSON_H
#define AWS_CREDENTIALS_JSON_H

#include <stddef.h>

#include "aws/credentials.h"
#include "base/error.h"

/* The JSON documents that credentials come as. Pure. Source: aws.md 4.1; the AWS SDKs' guide, "process credential
 * provider". */

enum credentials_form {
	CREDENTIALS_OF_SERVICE, /* instance metadata, container: Token, Expiration; Code, if it is there, is Success */
	CREDENTIALS_OF_PROCESS, /* Version 1, SessionToken; without Expiration for ever */
};

/* 0 and a filled *out (the caller wipes it), or -1 and an empty one. Nothing of the text, which the caller wipes,
 * reaches the error. Errors: WAIT_PERSON where the document itself says no; RETRY where it is none. */
int credentials_read_json(const char *text, size_t len, enum credentials_form form, struct credentials *out,
			  struct error *e);

#endif
