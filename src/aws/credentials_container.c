/* SPDX-License-Identifier: Apache-2.0 */
/* The credentials that ECS and EKS (pod identity) give a container, by an agent near it. Nothing is kept: variables and
 * token file are read again each time.
 * Invariant: neither the path, which stands for the right to ask, nor the token reaches a message; and the token goes
 * to no host but those that the SDKs allow. Source: aws.md 4.1. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws/credentials.h"
#include "aws/credentials_json.h"
#include "aws/exchange.h"
#include "aws/secret.h"
#include "base/mem.h"

#define RELATIVE "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define FULL "AWS_CONTAINER_CREDENTIALS_FULL_URI"
#define TOKEN "AWS_CONTAINER_AUTHORIZATION_TOKEN"
#define TOKEN_FILE "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
#define ECS "http://169.254.170.2"
#define CONNECT_MS 2000
#define TOTAL_MS 5000
#define ANSWER_MAX ((size_t)64 << 10)
#define TOKEN_MAX ((size_t)16 << 10)
#define HOST_SIZE 256

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL ? value : "";
}

/* The host of what follows "://", without port and brackets. */
static bool host_of(const char *s, char host[HOST_SIZE])
{
	bool brackets = s[0] == '[';
	size_t len;

	if (memchr(s, '@', strcspn(s, "/?#")) != NULL)
		return false;
	s += brackets;
	len = strcspn(s, brackets ? "]" : ":/?#");
	snprintf(host, HOST_SIZE, "%.*s", (int)len, s);
	return len > 0 && len < HOST_SIZE;
}

/* This machine, or the agents of ECS and EKS. */
static bool may_be_plain(const char *host)
{
	static const char *const agents[] = { "169.254.170.2", "169.254.170.23", "fd00:ec2::23", "::1" };
	struct in_addr v4;
	struct in6_addr v6, agent6;

	if (strcasecmp(host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, host, &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127)
		return true;
	for (size_t i = 0; i < sizeof(agents) / sizeof(agents[0]); i++) {
		if (strcmp(host, agents[i]) == 0)
			return true;
		if (inet_pton(AF_INET6, agents[i], &agent6) == 1 && inet_pton(AF_INET6, host, &v6) == 1 &&
		    memcmp(&v6, &agent6, sizeof(v6)) == 0)
			return true;
	}
	return false;
}

/* Where to ask; the caller frees. NULL: nowhere, or not there. */
static char *place(struct error *e)
{
	const char *relative = variable(RELATIVE), *full = variable(FULL);
	char host[HOST_SIZE];
	bool tls = strncasecmp(full, "https://", 8) == 0, plain = strncasecmp(full, "http://", 7) == 0;

	if (relative[0] != '\0') {
		if (relative[0] == '/')
			return mem_printf(ECS "%s", relative);
		error_set(e, ERROR_WAIT_PERSON, EINVAL, RELATIVE " must begin with \"/\"");
		return NULL;
	}
	if (full[0] == '\0')
		error_set(e, ERROR_GIVE_UP, 0, "neither " RELATIVE " nor " FULL " is set");
	else if (!(tls || plain) || !host_of(full + (tls ? 8 : 7), host))
		error_set(e, ERROR_WAIT_PERSON, EINVAL, FULL " is no URL that begins with http:// or https://");
	else if (tls || may_be_plain(host))
		return mem_strdup(full);
	else
		error_set(e, ERROR_WAIT_PERSON, EINVAL,
			  FULL
			  " sends a token to '%s' without TLS: http:// is for this machine and for the agents of ECS "
			  "and EKS",
			  host);
	return NULL;
}

/* *token "": none. */
static int read_token(char **token, struct error *e)
{
	const char *path = variable(TOKEN_FILE);

	*token = NULL;
	if (path[0] != '\0' && secret_read_file(path, TOKEN_MAX, token, e) != 0)
		return error_context(e, TOKEN_FILE);
	if (*token == NULL)
		*token = mem_strdup(variable(TOKEN));
	if (strpbrk(*token, "\r\n") == NULL)
		return 0;
	secret_free(*token);
	return error_set(e, ERROR_WAIT_PERSON, EINVAL, "the token of %s holds a line end",
			 path[0] != '\0' ? TOKEN_FILE : TOKEN);
}

static int judge(const struct http_request *r, struct error *e)
{
	int status = r->status;

	if (status == 200)
		return 0;
	if (status >= 500 || status == 429)
		return error_set(e, ERROR_RETRY, status, "the container's agent answers %d", status);
	return error_set(e, ERROR_WAIT_PERSON, status,
			 "the container's agent answers %d: see the task's role, or the pod's association with one",
			 status);
}

static int ask(const char *url, const char *token, struct credentials *out, struct error *e)
{
	const struct exchange_options o = { "", "", CONNECT_MS, TOTAL_MS };
	const struct http_header headers[] = { { (char *)"accept", (char *)"application/json" },
					       { (char *)"authorization", (char *)token } };
	struct http_request r;
	int rc;

	http_request_init(&r);
	r.method = "GET";
	r.url = url;
	r.headers = headers;
	r.n_headers = token[0] != '\0' ? 2 : 1;
	r.response_max = ANSWER_MAX;
	r.secret = true;
	rc = exchange(&o, &r, e);
	if (rc == 0)
		rc = judge(&r, e);
	if (rc == 0)
		rc = credentials_read_json((const char *)r.response.data, r.response.len, CREDENTIALS_OF_SERVICE, out,
					   e);
	http_request_free(&r);
	return rc;
}

static int container_fetch(struct credential_provider *p, int64_t now_real_ms, struct credentials *out, struct error *e)
{
	char *url = place(e), *token;
	int rc = -1;

	(void)p;
	(void)now_real_ms;
	*out = (struct credentials){ .expires_ms = 0 };
	if (url != NULL && read_token(&token, e) == 0) {
		rc = ask(url, token, out, e);
		secret_free(token);
	}
	secret_free(url);
	return rc;
}

static void container_free(struct credential_provider *p)
{
	free(p);
}

struct credential_provider *credentials_from_container(void)
{
	struct credential_provider *p = mem_zalloc(sizeof(*p));

	*p = (struct credential_provider){ .name = "container", .fetch = container_fetch, .free = container_free };
	return p;
}
