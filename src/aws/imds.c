/* SPDX-License-Identifier: Apache-2.0 */
/* Token and answers. What credentials are among them is credentials_imds.c's.
 * Invariant: never a question without a token, which version 1 would answer to whoever can make us ask. */
#include "aws/imds.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "aws/exchange.h"
#include "aws/secret.h"
#include "base/clock.h"
#include "base/mem.h"

#define HERE_IPV4 "http://169.254.169.254"
#define HERE_IPV6 "http://[fd00:ec2::254]"
#define TOKEN_SECONDS "21600"
#define TOKEN_MS INT64_C(21600000)
#define TOKEN_SPARE_MS INT64_C(60000)
#define TOKEN_MAX 1024
#define ANSWER_MAX ((size_t)64 << 10)
#define CONNECT_MS 1000
#define CONNECT_MAX_MS 60000
#define AGAIN_MS 1000  /* between two tries of somebody who has patience */
#define SILENT_MS 3000 /* so long nobody else asks for what was not to be had */

struct imds {
	char *origin;
	char *token; /* NULL: none yet, or it was refused */
	int64_t token_until_boot_ms;
	int connect_ms;
	bool disabled;
	bool answered; /* once: so this is an instance */
	bool silent;   /* nothing has come back */
};

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL ? value : "";
}

struct imds *imds_new(void)
{
	struct imds *m = mem_zalloc(sizeof(*m));
	const char *given = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
	bool ipv6 = strcasecmp(variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"), "ipv6") == 0;
	double seconds = strtod(variable("AWS_METADATA_SERVICE_TIMEOUT"), NULL);
	size_t len;

	m->disabled = strcasecmp(variable("AWS_EC2_METADATA_DISABLED"), "true") == 0;
	if (given[0] == '\0')
		given = ipv6 ? HERE_IPV6 : HERE_IPV4;
	len = strlen(given);
	while (len > 0 && given[len - 1] == '/')
		len--;
	m->origin = mem_printf("%.*s", (int)len, given);
	m->connect_ms = CONNECT_MS;
	if (seconds > 0)
		m->connect_ms = seconds * 1000 < CONNECT_MAX_MS ? (int)(seconds * 1000) + 1 : CONNECT_MAX_MS;
	return m;
}

static void drop_token(struct imds *m)
{
	secret_free(m->token);
	m->token = NULL;
}

void imds_free(struct imds *m)
{
	if (m == NULL)
		return;
	drop_token(m);
	free(m->origin);
	free(m);
}

/* One request; the answer's body as a string, without white space at its end. */
static int ask(struct imds *m, const char *method, const char *path, const struct http_header *header, char **out,
	       int *status, struct error *e)
{
	/* Longer than the connecting may take: so a silence behind it is told from none that listens. */
	const struct exchange_options o = { "", "", m->connect_ms, 2 * m->connect_ms };
	char *url = mem_printf("%s%s", m->origin, path);
	struct http_request r;
	int rc;

	http_request_init(&r);
	r.method = method;
	r.url = url;
	r.headers = header;
	r.n_headers = 1;
	r.response_max = ANSWER_MAX;
	r.secret = true;
	rc = exchange(&o, &r, e);
	*status = r.status;
	if (rc == 0) {
		while (r.response.len > 0 && isspace(r.response.data[r.response.len - 1]))
			r.response.len--;
		*out = mem_strdup(buf_str(&r.response));
	}
	http_request_free(&r);
	free(url);
	return rc;
}

static int no_answer(struct imds *m, struct error *e)
{
	struct error why = *e;

	m->silent = true;
	if (exchange_stopped())
		return -1;
	if (m->answered)
		return error_set(e, ERROR_RETRY, 0, "the instance metadata service does not answer: %s", why.text);
	if (why.code == 0)
		return error_set(
			e, ERROR_RETRY, 0,
			"the instance metadata service takes the request for a token and does not answer: in a "
			"container that is so when the instance's metadata hop limit is 1; raise it to 2 (aws ec2 "
			"modify-instance-metadata-options --http-put-response-hop-limit 2): %s",
			why.text);
	return error_set(e, ERROR_GIVE_UP, 0, "no instance metadata, so this is no EC2 instance: %s", why.text);
}

static bool is_token(const char *s)
{
	size_t len = strlen(s);

	for (size_t i = 0; i < len; i++)
		if (!isgraph((unsigned char)s[i]))
			return false;
	return len > 0 && len <= TOKEN_MAX;
}

static int refuse_token(const struct imds *m, int status, struct error *e)
{
	if (status == 404 || status == 405 || status == 501)
		return error_set(e, ERROR_GIVE_UP, 0,
				 "'%s' knows no IMDSv2 (it answers %d), so this is no EC2 instance", m->origin, status);
	if (status == 403)
		return error_set(e, ERROR_WAIT_PERSON, status,
				 "'%s' gives no token (403): the instance's metadata service is turned off (aws ec2 "
				 "modify-instance-metadata-options --http-endpoint enabled)",
				 m->origin);
	return error_set(e, status >= 500 || status == 429 ? ERROR_RETRY : ERROR_WAIT_PERSON, status,
			 "'%s' gives no token, but answers %d", m->origin, status);
}

static int take_token(struct imds *m, struct error *e)
{
	const struct http_header ttl = { (char *)"x-aws-ec2-metadata-token-ttl-seconds", (char *)TOKEN_SECONDS };
	const int64_t now = clock_boot_ms();
	int status;
	char *token = NULL;

	if (m->token != NULL && now < m->token_until_boot_ms)
		return 0;
	drop_token(m);
	if (ask(m, "PUT", "/latest/api/token", &ttl, &token, &status, e) != 0)
		return no_answer(m, e);
	if (status == 200 && is_token(token)) {
		m->answered = true;
		m->token = token;
		m->token_until_boot_ms = now + TOKEN_MS - TOKEN_SPARE_MS;
		return 0;
	}
	secret_free(token);
	if (status == 200)
		return error_set(e, ERROR_RETRY, EPROTO, "what '%s' gives is no token", m->origin);
	return refuse_token(m, status, e);
}

static int get_once(struct imds *m, const char *path, char **out, int *status, struct error *e)
{
	struct http_header token = { (char *)"x-aws-ec2-metadata-token", NULL };
	char *full;
	int rc;

	if (take_token(m, e) != 0)
		return -1;
	token.value = m->token;
	full = mem_printf("/latest/meta-data/%s", path);
	rc = ask(m, "GET", full, &token, out, status, e);
	free(full);
	return rc == 0 ? 0 : no_answer(m, e);
}

int imds_get(struct imds *m, const char *path, char **out, struct error *e)
{
	int status;

	*out = NULL;
	if (m->disabled)
		return error_set(e, ERROR_GIVE_UP, 0, "AWS_EC2_METADATA_DISABLED is set");
	if (get_once(m, path, out, &status, e) != 0)
		return -1;
	if (status == 401) { /* the token has expired before its time, as when the instance was moved */
		drop_token(m);
		secret_free(*out);
		*out = NULL;
		if (get_once(m, path, out, &status, e) != 0)
			return -1;
	}
	if (status == 200)
		return 0;
	secret_free(*out);
	*out = NULL;
	return error_set(e, status == 404 || status == 403 ? ERROR_WAIT_PERSON : ERROR_RETRY, status,
			 "the instance metadata service answers %d to '%s'", status, path);
}

/* What is learnt once. */
struct place {
	pthread_mutex_t lock;
	const char *path;
	char *text; /* NULL: not known yet */
	struct error why;
	int64_t asked_boot_ms; /* the last try in vain; 0: none */
};

static struct place region = { .lock = PTHREAD_MUTEX_INITIALIZER, .path = "placement/region" };
static struct place zone_id = { .lock = PTHREAD_MUTEX_INITIALIZER, .path = "placement/availability-zone-id" };

/* Silence, and what is to be tried again, may be a network or a service that is not up yet. */
static bool may_pass(const struct imds *m, const struct error *e)
{
	return !exchange_stopped() && (m->silent || e->action == ERROR_RETRY);
}

static char *ask_for(const char *path, int64_t until_boot_ms, struct error *why)
{
	const struct timespec again = { .tv_nsec = AGAIN_MS % 1000 * 1000000L, .tv_sec = AGAIN_MS / 1000 };
	struct imds *m = imds_new();
	char *text;

	while (imds_get(m, path, &text, why) != 0 && may_pass(m, why) && clock_boot_ms() + AGAIN_MS < until_boot_ms) {
		m->silent = false;
		nanosleep(&again, NULL);
	}
	imds_free(m);
	return text;
}

/* "": not to be had now. */
static const char *learn(struct place *p, int64_t patience_ms, struct error *why)
{
	int64_t now = clock_boot_ms();
	const char *text;

	pthread_mutex_lock(&p->lock);
	if (p->text == NULL && (p->asked_boot_ms == 0 || now >= p->asked_boot_ms + SILENT_MS)) {
		p->text = ask_for(p->path, now + patience_ms, &p->why);
		p->asked_boot_ms = clock_boot_ms();
	}
	*why = p->why;
	text = p->text != NULL ? p->text : "";
	pthread_mutex_unlock(&p->lock);
	return text;
}

const char *imds_region(void)
{
	struct error why;

	return learn(&region, 0, &why);
}

const char *imds_zone_id(int64_t patience_ms, struct error *why)
{
	return learn(&zone_id, patience_ms, why);
}
