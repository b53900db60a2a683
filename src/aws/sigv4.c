/* SPDX-License-Identifier: Apache-2.0 */
/* AWS Signature Version 4: canonical request, string to sign, signature. Pure: no clock, no I/O, no state.
 * The path and the query come encoded and are signed as they are; sorting is all that is done to them.
 * Source: AWS "Create a signed AWS API request"; for S3 the path is encoded once and not normalised. */
#include "aws/sigv4.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/sha256.h"
#include "base/text.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define DATE_LEN 8

struct parameter {
	const char *name, *value;
	size_t name_len, value_len;
};

void sigv4_time(int64_t time_ms, char out[SIGV4_TIME])
{
	time_t t = (time_t)(time_ms / 1000);
	struct tm tm;

	gmtime_r(&t, &tm);
	if (strftime(out, SIGV4_TIME, "%Y%m%dT%H%M%SZ", &tm) == 0)
		out[0] = '\0';
}

void sigv4_encode(const char *s, bool keep_slash, struct buf *out)
{
	static const char hex[] = "0123456789ABCDEF";

	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
		    c == '_' || c == '.' || c == '~' || (c == '/' && keep_slash)) {
			buf_addc(out, (char)c);
		} else {
			buf_addc(out, '%');
			buf_addc(out, hex[c >> 4]);
			buf_addc(out, hex[c & 15]);
		}
	}
}

static int by_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int d = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return d != 0 ? d : (a_len > b_len) - (a_len < b_len);
}

static int by_parameter(const void *pa, const void *pb)
{
	const struct parameter *a = pa, *b = pb;
	int d = by_bytes(a->name, a->name_len, b->name, b->name_len);

	return d != 0 ? d : by_bytes(a->value, a->value_len, b->value, b->value_len);
}

static void canonical_query(const char *query, struct buf *out)
{
	struct parameter *all;
	size_t n = 0, max = 1;

	for (const char *c = query; *c != '\0'; c++)
		max += *c == '&';
	all = mem_array(max, sizeof(*all));
	while (*query != '\0') {
		size_t len = strcspn(query, "&");
		size_t name_len = strcspn(query, "=&");

		if (len > 0) {
			all[n].name = query;
			all[n].name_len = name_len;
			all[n].value = name_len < len ? query + name_len + 1 : "";
			all[n].value_len = name_len < len ? len - name_len - 1 : 0;
			n++;
		}
		query += len + (query[len] == '&');
	}
	qsort(all, n, sizeof(*all), by_parameter);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(out, '&');
		buf_add(out, all[i].name, all[i].name_len);
		buf_addc(out, '=');
		buf_add(out, all[i].value, all[i].value_len);
	}
	free(all);
}

static int by_name(const void *pa, const void *pb)
{
	const struct sigv4_header *const *a = pa, *const *b = pb;

	return strcmp((*a)->name, (*b)->name);
}

static void folded(const char *value, struct buf *out)
{
	bool pending = false, any = false;

	for (; *value != '\0'; value++) {
		if (*value == ' ' || *value == '\t') {
			pending = any;
			continue;
		}
		if (pending)
			buf_addc(out, ' ');
		buf_addc(out, *value);
		pending = false;
		any = true;
	}
}

static void canonical_headers(const struct sigv4_request *r, struct buf *out, struct buf *names)
{
	const struct sigv4_header **sorted = mem_array(r->n_headers, sizeof(struct sigv4_header *));

	for (size_t i = 0; i < r->n_headers; i++)
		sorted[i] = &r->headers[i];
	qsort(sorted, r->n_headers, sizeof(struct sigv4_header *), by_name);
	for (size_t i = 0; i < r->n_headers; i++) {
		buf_adds(out, sorted[i]->name);
		buf_addc(out, ':');
		folded(sorted[i]->value, out);
		buf_addc(out, '\n');
		if (i > 0)
			buf_addc(names, ';');
		buf_adds(names, sorted[i]->name);
	}
	free(sorted);
}

void sigv4_canonical_request(const struct sigv4_request *r, struct buf *out, struct buf *signed_headers)
{
	size_t names = signed_headers->len;

	buf_adds(out, r->method);
	buf_addc(out, '\n');
	buf_adds(out, r->path[0] != '\0' ? r->path : "/");
	buf_addc(out, '\n');
	canonical_query(r->query, out);
	buf_addc(out, '\n');
	canonical_headers(r, out, signed_headers);
	buf_addc(out, '\n');
	buf_add(out, signed_headers->data + names, signed_headers->len - names);
	buf_addc(out, '\n');
	buf_adds(out, r->payload_hash);
}

static void add_scope(const struct sigv4_scope *scope, const char time[SIGV4_TIME], struct buf *out)
{
	buf_addf(out, "%.*s/%s/%s/aws4_request", DATE_LEN, time, scope->region, scope->service);
}

void sigv4_string_to_sign(const struct sigv4_scope *scope, const void *canonical, size_t len, struct buf *out)
{
	uint8_t hash[SHA256_BYTES];
	char hex[SHA256_HEX], time[SIGV4_TIME];

	sha256_of(canonical, len, hash);
	text_hex(hash, sizeof(hash), hex);
	sigv4_time(scope->time_ms, time);
	buf_addf(out, ALGORITHM "\n%s\n", time);
	add_scope(scope, time, out);
	buf_addf(out, "\n%s", hex);
}

void sigv4_signature(const struct sigv4_scope *scope, const char *secret, const void *to_sign, size_t len, char out[65])
{
	uint8_t key[SHA256_BYTES];
	char time[SIGV4_TIME];
	char *first = mem_printf("AWS4%s", secret);

	sigv4_time(scope->time_ms, time);
	hmac_sha256(first, strlen(first), time, DATE_LEN, key);
	hmac_sha256(key, sizeof(key), scope->region, strlen(scope->region), key);
	hmac_sha256(key, sizeof(key), scope->service, strlen(scope->service), key);
	hmac_sha256(key, sizeof(key), "aws4_request", strlen("aws4_request"), key);
	hmac_sha256(key, sizeof(key), to_sign, len, key);
	text_hex(key, sizeof(key), out);
	explicit_bzero(first, strlen(first));
	free(first);
}

/* The signature, and the names of the signed headers. */
static void sign(const struct sigv4_request *r, const struct sigv4_scope *scope, const char *secret, struct buf *names,
		 char signature[65])
{
	struct buf canonical, to_sign;

	buf_init_secret(&canonical, SIZE_MAX); /* a session's token is among what is signed */
	buf_init(&to_sign, SIZE_MAX);
	sigv4_canonical_request(r, &canonical, names);
	sigv4_string_to_sign(scope, canonical.data, canonical.len, &to_sign);
	sigv4_signature(scope, secret, to_sign.data, to_sign.len, signature);
	buf_free(&canonical);
	buf_free(&to_sign);
}

void sigv4_authorization(const struct sigv4_request *r, const struct sigv4_scope *scope, const struct credentials *c,
			 struct buf *out)
{
	struct buf names;
	char time[SIGV4_TIME], signature[65];

	buf_init(&names, SIZE_MAX);
	sign(r, scope, c->secret_access_key, &names, signature);
	sigv4_time(scope->time_ms, time);
	buf_addf(out, ALGORITHM " Credential=%s/", c->access_key_id);
	add_scope(scope, time, out);
	buf_addf(out, ", SignedHeaders=%s, Signature=%s", buf_str(&names), signature);
	buf_free(&names);
}

static void add_parameter(struct buf *query, const char *name, const char *value)
{
	buf_addf(query, "%s%s=", query->len > 0 ? "&" : "", name);
	sigv4_encode(value, false, query);
}

static char *scope_of(const struct sigv4_scope *scope, const char *access_key_id, const char time[SIGV4_TIME])
{
	struct buf credential;
	char *text;

	buf_init(&credential, SIZE_MAX);
	buf_addf(&credential, "%s/", access_key_id);
	add_scope(scope, time, &credential);
	text = mem_strdup(buf_str(&credential));
	buf_free(&credential);
	return text;
}

static char *names_of(const struct sigv4_request *r)
{
	struct buf headers, names;
	char *text;

	buf_init(&headers, SIZE_MAX);
	buf_init(&names, SIZE_MAX);
	canonical_headers(r, &headers, &names);
	text = mem_strdup(buf_str(&names));
	buf_free(&headers);
	buf_free(&names);
	return text;
}

void sigv4_presign(const struct sigv4_request *r, const struct sigv4_scope *scope, const struct credentials *c,
		   int64_t lifetime_s, struct buf *out)
{
	char time[SIGV4_TIME], lifetime[24], signature[65];
	struct sigv4_request whole = *r;
	struct buf query, names;
	char *credential, *signed_headers = names_of(r);

	buf_init_secret(&query, SIZE_MAX);
	buf_init(&names, SIZE_MAX);
	sigv4_time(scope->time_ms, time);
	credential = scope_of(scope, c->access_key_id, time);
	snprintf(lifetime, sizeof(lifetime), "%" PRId64, lifetime_s);
	buf_adds(&query, r->query);
	add_parameter(&query, "X-Amz-Algorithm", ALGORITHM);
	add_parameter(&query, "X-Amz-Credential", credential);
	add_parameter(&query, "X-Amz-Date", time);
	add_parameter(&query, "X-Amz-Expires", lifetime);
	add_parameter(&query, "X-Amz-SignedHeaders", signed_headers);
	if (c->session_token[0] != '\0')
		add_parameter(&query, "X-Amz-Security-Token", c->session_token);
	whole.query = buf_str(&query);
	sign(&whole, scope, c->secret_access_key, &names, signature);
	buf_add(out, query.data, query.len);
	add_parameter(out, "X-Amz-Signature", signature);
	free(credential);
	free(signed_headers);
	buf_free(&query);
	buf_free(&names);
}
