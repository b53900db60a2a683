/* SPDX-License-Identifier: Apache-2.0 */
/* A signed POST to a service's endpoint, and what its answer says: JSON mostly, XML from STS and from stores that
 * answer like it. Leaves to the caller when to try again.
 * Invariant: a message that comes out holds nothing of what was signed: a service repeats the canonical request, the
 * session token in it, behind the first line of its message. */
#include "aws/service.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/arn.h"
#include "aws/denied.h"
#include "aws/exchange.h"
#include "aws/region_name.h"
#include "aws/sigv4.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "base/text.h"
#include "base/xml.h"

#define CONNECT_MS 5000
#define TOTAL_MS 30000
#define ANSWER_MAX (16 << 20)
#define HEADERS_MAX 6
#define CREDENTIALS_MS 10000 /* how long a call waits for the first ones, or for others than were refused */
#define LOOK_MS 50
#define SKEW_MS 240000 /* further off, a clock can be the cause of a refusal; nearer, it is not */
#define GLOBAL_STS "https://sts.amazonaws.com"
#define GLOBAL_REGION "us-east-1"

struct aws_service {
	char *service, *region, *url, *host, *path; /* path: encoded, as it is sent and signed */
	char *ca_file, *proxy;
	struct credential_provider *provider; /* NULL: nothing is signed */
	int64_t offset_ms;                    /* of the service's clock, once it was the cause of a refusal */
};

static bool is_one_of(const char *code, const char *const *patterns)
{
	for (; *patterns != NULL; patterns++) {
		size_t n = strcspn(*patterns, "*");

		if (strncmp(code, *patterns, n) == 0 && ((*patterns)[n] == '*' || code[n] == '\0'))
			return true;
	}
	return false;
}

static const char *const passing[] = {
	"Throttl*",
	"TooManyRequests*",
	"RequestThrottled*",
	"RequestLimitExceeded",
	"BandwidthLimitExceeded",
	"ServiceUnavailable*",
	"Internal*",
	"RequestTimeout*",
	"ConcurrentModificationException",
	"ResourceNotReadyException",
	"OperationTimeoutException",
	"IDPCommunicationError*",
	NULL,
};
static const char *const expired[] = { "ExpiredToken*", "TokenRefreshRequired", NULL };
static const char *const denied[] = {
	"AccessDenied*",           "UnrecognizedClientException",
	"InvalidClientTokenId",    "InvalidAccessKeyId",
	"SignatureDoesNotMatch",   "InvalidSignatureException",
	"IncompleteSignature*",    "MissingAuthenticationToken*",
	"RequestExpired",          "RequestTimeTooSkewed",
	"RequestInTheFuture",      "AuthFailure",
	"NotAuthorized",           "OptInRequired",
	"RegionDisabledException", NULL,
};
/* What a clock that is off can be the cause of. */
static const char *const skewed[] = {
	"SignatureDoesNotMatch",
	"InvalidSignatureException",
	"RequestExpired",
	"RequestTimeTooSkewed",
	"RequestInTheFuture",
	"AuthFailure",
	NULL,
};

static char *endpoint_of(const struct aws_service_options *o, struct error *e)
{
	char *name = mem_printf("AWS_ENDPOINT_URL_%s", o->service);
	const char *given;

	for (char *c = name; *c != '\0'; c++)
		*c = (char)toupper((unsigned char)*c);
	given = o->endpoint[0] != '\0' ? o->endpoint : getenv(name);
	free(name);
	if (given != NULL && given[0] != '\0')
		return mem_strdup(given);
	if (o->region[0] == '\0' && strcmp(o->service, "sts") == 0)
		return mem_strdup(GLOBAL_STS);
	if (o->region[0] == '\0') {
		/* The instance may say it the next time. */
		error_set(e, ERROR_RETRY, EINVAL, "no region is known for %s: set s3.region or AWS_REGION", o->service);
		return NULL;
	}
	return mem_printf("https://%s.%s.%s", o->service, o->region, arn_dns_suffix(o->region));
}

/* Host header and path of the endpoint; false: it is none. */
static bool take_endpoint(struct aws_service *a, const char *endpoint)
{
	static const struct {
		const char *begins, *port;
	} schemes[] = { { "https://", ":443" }, { "http://", ":80" } };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t scheme = strlen(schemes[i].begins), len, port = strlen(schemes[i].port), end = strlen(endpoint);
		const char *host = endpoint + scheme;

		if (strncmp(endpoint, schemes[i].begins, scheme) != 0 || strpbrk(endpoint, "?#@ ") != NULL)
			continue;
		len = strcspn(host, "/");
		if (len == 0)
			return false;
		while (end > scheme + len && endpoint[end - 1] == '/')
			end--;
		a->path = mem_printf("%.*s/", (int)(end - scheme - len), host + len);
		a->url = mem_printf("%.*s%s", (int)(scheme + len), endpoint, a->path);
		if (len > port && strncmp(host + len - port, schemes[i].port, port) == 0)
			len -= port;
		a->host = mem_printf("%.*s", (int)len, host);
		return true;
	}
	return false;
}

struct aws_service *aws_service_new(const struct aws_service_options *o, struct error *e)
{
	struct aws_service *a = mem_zalloc(sizeof(*a));
	char *endpoint = NULL;

	a->service = mem_strdup(o->service);
	a->region = mem_strdup(o->region[0] != '\0' ? o->region : GLOBAL_REGION);
	a->ca_file = mem_strdup(o->ca_file);
	a->proxy = mem_strdup(o->proxy);
	a->provider = o->provider;
	if (a->provider != NULL && a->provider->hold != NULL)
		a->provider->hold(a->provider);
	if (!region_is_valid(a->region))
		error_set(e, ERROR_GIVE_UP, EINVAL, "'%s' is no region's name", a->region);
	else
		endpoint = endpoint_of(o, e);
	if (endpoint != NULL && !take_endpoint(a, endpoint)) {
		error_set(e, ERROR_GIVE_UP, EINVAL, "the endpoint of %s, '%s', must be http(s)://host[:port][/path]",
			  o->service, endpoint);
		free(endpoint);
		endpoint = NULL;
	}
	if (endpoint == NULL) {
		aws_service_free(a);
		return NULL;
	}
	free(endpoint);
	return a;
}

void aws_service_free(struct aws_service *a)
{
	if (a == NULL)
		return;
	if (a->provider != NULL && a->provider->hold != NULL)
		a->provider->free(a->provider);
	free(a->service);
	free(a->region);
	free(a->url);
	free(a->host);
	free(a->path);
	free(a->ca_file);
	free(a->proxy);
	free(a);
}

/* One attempt: what is sent. */
struct attempt {
	const char *content_type, *target, *body;
	char *authorization;
	char time[SIGV4_TIME];
	struct http_header headers[HEADERS_MAX];
	size_t n_headers;
};

static void add(struct attempt *t, const char *name, const char *value)
{
	if (value != NULL && value[0] != '\0')
		t->headers[t->n_headers++] = (struct http_header){ (char *)name, (char *)value };
}

static void sign(const struct aws_service *a, struct attempt *t, const struct credentials *c)
{
	const int64_t time_ms = clock_real_ms() + a->offset_ms;
	struct sigv4_header signed_headers[HEADERS_MAX];
	struct sigv4_request r = { "POST", a->path, "", signed_headers, 0, NULL };
	struct sigv4_scope scope = { a->region, a->service, time_ms };
	uint8_t hash[SHA256_BYTES];
	char hex[SHA256_HEX];
	struct buf value;

	sigv4_time(time_ms, t->time);
	add(t, "x-amz-date", t->time);
	add(t, "x-amz-security-token", c->session_token);
	for (; r.n_headers < t->n_headers; r.n_headers++)
		signed_headers[r.n_headers] =
			(struct sigv4_header){ t->headers[r.n_headers].name, t->headers[r.n_headers].value };
	sha256_of(t->body, strlen(t->body), hash);
	text_hex(hash, sizeof(hash), hex);
	r.payload_hash = hex;
	buf_init(&value, SIZE_MAX);
	sigv4_authorization(&r, &scope, c, &value);
	t->authorization = mem_strdup(buf_str(&value));
	buf_free(&value);
	add(t, "authorization", t->authorization);
}

/* c NULL: it is not signed. */
static int send_once(const struct aws_service *a, struct attempt *t, const struct credentials *c,
		     struct http_request *r, struct error *e)
{
	const struct exchange_options o = { a->ca_file, a->proxy, CONNECT_MS, TOTAL_MS };
	const struct iovec body = { (void *)t->body, strlen(t->body) };
	int rc;

	t->n_headers = 0;
	add(t, "host", a->host);
	add(t, "content-type", t->content_type);
	add(t, "x-amz-target", t->target);
	if (c != NULL)
		sign(a, t, c);
	http_request_init(r);
	r->method = "POST";
	r->url = a->url;
	r->headers = t->headers;
	r->n_headers = t->n_headers;
	r->body = &body;
	r->n_body = 1;
	r->response_max = ANSWER_MAX;
	r->secret = strcmp(a->service, "sts") == 0;
	rc = exchange(&o, r, e);
	free(t->authorization);
	t->authorization = NULL;
	return rc;
}

static void tidy(char *s)
{
	s[strcspn(s, "\r\n")] = '\0';
	for (; *s != '\0'; s++)
		if (!isprint((unsigned char)*s))
			*s = '?';
}

/* "com.amazonaws.glue#EntityNotFoundException:http://…" is EntityNotFoundException. */
static void take_code(const char *said, struct aws_fault *f)
{
	size_t len = strcspn(said, ":");
	const char *hash = memrchr(said, '#', len);

	if (hash != NULL) {
		len -= (size_t)(hash + 1 - said);
		said = hash + 1;
	}
	snprintf(f->code, sizeof(f->code), "%.*s", (int)(len < sizeof(f->code) ? len : sizeof(f->code) - 1), said);
}

static const char *member(const json_t *o, const char *const *names)
{
	for (; *names != NULL; names++) {
		const char *s = json_string_value(json_object_get(o, *names));

		if (s != NULL)
			return s;
	}
	return NULL;
}

static bool read_json_fault(const struct buf *body, struct aws_fault *f)
{
	static const char *const codes[] = { "__type", "code", "Code", NULL };
	static const char *const messages[] = { "Message", "message", "errorMessage", NULL };
	json_t *o = json_loadb((const char *)body->data, body->len, 0, NULL);
	const char *code = member(o, codes), *message = member(o, messages);
	bool is_json = o != NULL;

	if (code != NULL)
		take_code(code, f);
	if (message != NULL)
		snprintf(f->message, sizeof(f->message), "%s", message);
	json_decref(o);
	return is_json;
}

static void read_xml_fault(const struct buf *body, struct aws_fault *f)
{
	static const char *const roots[] = { "/ErrorResponse/Error", "/ErrorResponse/Errors/Error", "/Error" };
	char path[64], code[sizeof(f->code)];

	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		snprintf(path, sizeof(path), "%s/Code", roots[i]);
		if (!xml_find(body->data, body->len, path, code, sizeof(code)))
			continue;
		take_code(code, f);
		snprintf(path, sizeof(path), "%s/Message", roots[i]);
		xml_find(body->data, body->len, path, f->message, sizeof(f->message));
		return;
	}
}

static void read_fault(const struct http_request *r, struct aws_fault *f)
{
	const char *type = http_response_header(r, "x-amzn-errortype");

	*f = (struct aws_fault){ .status = r->status };
	if (r->response.len > 0 && !read_json_fault(&r->response, f))
		read_xml_fault(&r->response, f);
	if (type != NULL)
		take_code(type, f);
	tidy(f->code);
	tidy(f->message);
}

static enum error_action action_of(const struct aws_fault *f)
{
	if (is_one_of(f->code, expired) || is_one_of(f->code, passing) || f->status >= 500 || f->status == 429)
		return ERROR_RETRY;
	if (is_one_of(f->code, denied) || f->status == 401 || f->status == 403)
		return ERROR_WAIT_PERSON;
	return ERROR_GIVE_UP;
}

/* True when the time was corrected, and the request has to go again. */
static bool correct_clock(struct aws_service *a, const struct aws_fault *f, const struct http_request *r)
{
	const char *date = http_response_header(r, "date");
	int64_t then = date != NULL ? http_date(date) : 0, offset = then - clock_real_ms();

	if (then == 0 || !is_one_of(f->code, skewed) || llabs(offset - a->offset_ms) <= SKEW_MS)
		return false;
	a->offset_ms = offset;
	return true;
}

static bool same(const struct credentials *a, const struct credentials *b)
{
	return b->access_key_id != NULL && strcmp(a->access_key_id, b->access_key_id) == 0 &&
	       strcmp(a->session_token, b->session_token) == 0;
}

/* Into *c, in whose place may be what was refused: others are waited for then, and what there is at the end is taken.
 * What is not shared is asked once: it answers when it knows. */
static int fetch(const struct aws_service *a, struct credentials *c, struct error *e)
{
	const int64_t until = clock_boot_ms() + CREDENTIALS_MS;
	struct credentials got;
	int rc;

	for (;;) {
		rc = a->provider->fetch(a->provider, clock_real_ms(), &got, e);
		if ((rc == 0 && !same(&got, c)) || (rc != 0 && e->action != ERROR_RETRY))
			break;
		if (a->provider->hold == NULL || exchange_stopped() || clock_boot_ms() >= until)
			break;
		credentials_wipe(&got);
		usleep(LOOK_MS * 1000);
	}
	credentials_wipe(c);
	*c = got;
	if (rc != 0 && e->action == ERROR_GIVE_UP)
		e->action = ERROR_WAIT_PERSON; /* that none apply is nothing that the service said */
	return rc;
}

/* Until there is an answer that is none of the two that are worth another attempt. r: the last answer. */
static int ask(struct aws_service *a, struct attempt *t, struct http_request *r, struct aws_fault *f, struct error *e)
{
	struct credentials c = { .expires_ms = 0 };
	bool refreshed = false, corrected = false;
	int rc;

	*f = (struct aws_fault){ .status = 0 };
	http_request_init(r);
	for (;;) {
		rc = a->provider != NULL ? fetch(a, &c, e) : 0;
		if (rc == 0)
			rc = send_once(a, t, a->provider != NULL ? &c : NULL, r, e);
		if (rc != 0 || (r->status >= 200 && r->status < 300))
			break;
		read_fault(r, f);
		if (a->provider != NULL && !refreshed && is_one_of(f->code, expired)) {
			refreshed = true;
			if (a->provider->refresh != NULL)
				a->provider->refresh(a->provider);
		} else if (a->provider != NULL && !corrected && correct_clock(a, f, r)) {
			corrected = true;
			credentials_wipe(&c);
		} else {
			break;
		}
		http_request_free(r);
	}
	credentials_wipe(&c);
	return rc;
}

/* What the answer is, for a person; what names the call. */
static int judge(const struct aws_service *a, const char *what, const struct http_request *r, const struct aws_fault *f,
		 struct error *e)
{
	struct buf grant;

	if (r->status >= 200 && r->status < 300)
		return 0;
	buf_init(&grant, SIZE_MAX);
	if (denied_by_word(f->message, &grant))
		buf_adds(&grant, "; it says: ");
	error_set(e, action_of(f), r->status, "%s of %s: %d %s%s%s%s", what, a->host, r->status,
		  f->code[0] != '\0' ? f->code : "without a code", f->message[0] != '\0' ? ": " : "", buf_str(&grant),
		  f->message);
	buf_free(&grant);
	return -1;
}

int aws_service_call(struct aws_service *a, const char *target, const json_t *in, json_t **out, struct aws_fault *f,
		     struct error *e)
{
	char *body = mem_must(json_dumps(in, JSON_COMPACT));
	struct attempt t = { .content_type = "application/x-amz-json-1.1", .target = target, .body = body };
	struct http_request r;
	int rc = ask(a, &t, &r, f, e);

	*out = NULL;
	if (rc != 0)
		error_context(e, "%s", target);
	else
		rc = judge(a, target, &r, f, e);
	if (rc == 0) {
		*out = r.response.len > 0 ? json_loadb((const char *)r.response.data, r.response.len, 0, NULL)
					  : json_object();
		if (!json_is_object(*out)) {
			json_decref(*out);
			*out = NULL;
			rc = error_set(e, ERROR_RETRY, r.status, "%s of %s: %d without a JSON object", target, a->host,
				       r.status);
		}
	}
	http_request_free(&r);
	free(body);
	return rc;
}

int aws_service_query(struct aws_service *a, const char *form, struct buf *answer, struct aws_fault *f, struct error *e)
{
	struct attempt t = { .content_type = "application/x-www-form-urlencoded; charset=utf-8", .body = form };
	char what[64];
	struct http_request r;
	int rc = ask(a, &t, &r, f, e);

	snprintf(what, sizeof(what), "%.*s", (int)strcspn(form, "&"), form);
	if (rc != 0)
		error_context(e, "%s", what);
	else
		rc = judge(a, what, &r, f, e);
	*answer = r.response;
	buf_init(&r.response, 0);
	http_request_free(&r);
	return rc;
}
