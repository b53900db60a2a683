/* SPDX-License-Identifier: Apache-2.0 */
/* From a call to one signed HTTP request: URL, headers, body, signature. Reads no clock and sends nothing.
 * Invariant: what is signed is what is sent: path, query and host are taken from the same strings. */
#include "store/s3_request.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/sigv4.h"
#include "base/mem.h"
#include "base/text.h"

#define SERVICE "s3"
#define FIXED_HEADERS 16
#define EXPECT_BYTES (64 << 10)  /* below it the body costs less than the waiting */
#define COMPLETE_STALL_MS 120000 /* S3 may be silent for long while it joins the parts */
#define SMALL_ANSWER (256 << 10)
#define LIST_ANSWER (8 << 20) /* 1,000 uploads with keys of 1,024 bytes, encoded */
#define LISTED_MAX (64 << 20)

static const struct {
	const char *name, *method;
} ops[] = {
	[S3_PUT] = { "put", "PUT" },
	[S3_CREATE] = { "create upload", "POST" },
	[S3_PART] = { "put part", "PUT" },
	[S3_COMPLETE] = { "complete upload", "POST" },
	[S3_ABORT] = { "abort upload", "DELETE" },
	[S3_LIST_UPLOADS] = { "list uploads", "GET" },
	[S3_LIST_OBJECTS] = { "list objects", "GET" },
	[S3_HEAD] = { "head", "HEAD" },
	[S3_GET] = { "get", "GET" },
	[S3_DELETE] = { "delete", "DELETE" },
	[S3_LIFECYCLE] = { "get lifecycle", "GET" },
};

const char *s3_op_name(enum s3_op op)
{
	return ops[op].name;
}

struct s3_attempt *s3_attempt_new(struct s3_call *call)
{
	struct s3_attempt *a = mem_zalloc(sizeof(*a));

	a->call = call;
	buf_init(&a->listed, LISTED_MAX);
	buf_init(&a->document, SIZE_MAX);
	http_request_init(&a->request);
	return a;
}

void s3_request_drop(struct s3_attempt *a)
{
	for (size_t i = 0; i < a->n_headers; i++) {
		free(a->headers[i].name);
		free(a->headers[i].value);
	}
	free(a->headers);
	free(a->url);
	a->headers = NULL;
	a->n_headers = 0;
	a->url = NULL;
	http_request_free(&a->request);
}

void s3_attempt_free(struct s3_attempt *a)
{
	if (a == NULL)
		return;
	s3_request_drop(a);
	s3_place_free(&a->moved_to);
	buf_free(&a->listed);
	buf_free(&a->document);
	free(a);
}

char *s3_request_tail(const struct s3_call *call)
{
	struct buf b;
	char *out;

	if (call->op == S3_LIST_UPLOADS || call->op == S3_LIST_OBJECTS || call->op == S3_LIFECYCLE)
		return mem_strdup("");
	buf_init(&b, SIZE_MAX);
	buf_addc(&b, '/');
	sigv4_encode(call->key, true, &b);
	out = mem_strdup(buf_str(&b));
	buf_free(&b);
	return out;
}

static void add_parameter(struct buf *q, const char *name, const char *value)
{
	if (q->len > 0)
		buf_addc(q, '&');
	buf_adds(q, name);
	if (value != NULL) {
		buf_addc(q, '=');
		sigv4_encode(value, false, q);
	}
}

/* Where a page of uploads begins: "key\tupload id". */
static void add_markers(struct buf *q, const char *page)
{
	const char *tab = strrchr(page, '\t'); /* a key may hold one, an id does not */
	char *key = mem_printf("%.*s", (int)(tab - page), page);

	add_parameter(q, "key-marker", key);
	add_parameter(q, "upload-id-marker", tab + 1);
	free(key);
}

static void build_query(const struct s3_attempt *a, struct buf *q)
{
	const struct s3_call *c = a->call;
	char number[16];

	switch (c->op) {
	case S3_PUT:
	case S3_HEAD:
	case S3_GET:
	case S3_DELETE:
		break;
	case S3_LIFECYCLE:
		add_parameter(q, "lifecycle", NULL);
		break;
	case S3_CREATE:
		add_parameter(q, "uploads", NULL);
		break;
	case S3_PART:
		snprintf(number, sizeof(number), "%d", c->part_number);
		add_parameter(q, "partNumber", number);
		add_parameter(q, "uploadId", c->upload_id);
		break;
	case S3_COMPLETE:
	case S3_ABORT:
		add_parameter(q, "uploadId", c->upload_id);
		break;
	case S3_LIST_UPLOADS:
		add_parameter(q, "uploads", NULL);
		add_parameter(q, "encoding-type", "url");
		add_parameter(q, "prefix", c->key);
		if (c->page != NULL)
			add_markers(q, c->page);
		break;
	case S3_LIST_OBJECTS:
		add_parameter(q, "list-type", "2");
		add_parameter(q, "encoding-type", "url");
		add_parameter(q, "prefix", c->key);
		if (c->folders)
			add_parameter(q, "delimiter", "/");
		if (c->page != NULL)
			add_parameter(q, "continuation-token", c->page);
		if (c->max_keys > 0) {
			snprintf(number, sizeof(number), "%d", c->max_keys);
			add_parameter(q, "max-keys", number);
		}
		break;
	}
}

static void add_escaped(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '&')
			buf_adds(b, "&amp;");
		else if (*s == '<')
			buf_adds(b, "&lt;");
		else if (*s == '>')
			buf_adds(b, "&gt;");
		else
			buf_addc(b, *s);
	}
}

static void build_document(struct s3_attempt *a)
{
	const struct s3_call *c = a->call;
	struct buf *b = &a->document;
	char checksum[SHA256_BYTES * 2];

	buf_adds(b, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
	for (size_t i = 0; i < c->n_parts; i++) {
		text_base64(c->parts[i].sha256, SHA256_BYTES, checksum);
		buf_addf(b, "<Part><PartNumber>%zu</PartNumber><ETag>", i + 1);
		add_escaped(b, c->parts[i].etag);
		buf_addf(b, "</ETag><ChecksumSHA256>%s</ChecksumSHA256></Part>", checksum);
	}
	buf_adds(b, "</CompleteMultipartUpload>");
	a->document_piece = (struct iovec){ b->data, b->len };
}

static void set_body(struct s3_attempt *a)
{
	const struct s3_call *c = a->call;

	if (c->op == S3_PUT || c->op == S3_PART) {
		a->request.body = c->body;
		a->request.n_body = c->n_body;
	} else if (c->op == S3_COMPLETE) {
		if (a->document.len == 0)
			build_document(a);
		a->request.body = &a->document_piece;
		a->request.n_body = 1;
	}
}

static size_t hash_body(struct s3_attempt *a)
{
	size_t bytes = 0;
	struct sha256 *s = NULL;

	if (!a->hashed) {
		s = sha256_new();
		sha256_begin(s);
	}
	for (size_t i = 0; i < a->request.n_body; i++) {
		bytes += a->request.body[i].iov_len;
		if (s != NULL)
			sha256_add(s, a->request.body[i].iov_base, a->request.body[i].iov_len);
	}
	if (s != NULL) {
		sha256_end(s, a->sha256);
		text_hex(a->sha256, SHA256_BYTES, a->payload_hash);
		sha256_free(s);
		a->hashed = true;
	}
	return bytes;
}

static void add_header(struct s3_attempt *a, const char *name, const char *value)
{
	a->headers[a->n_headers++] = (struct http_header){ mem_strdup(name), mem_strdup(value) };
}

static void add_given(struct s3_attempt *a, const char *name, const char *value)
{
	if (value != NULL && value[0] != '\0')
		add_header(a, name, value);
}

/* What an object carries from its creation on. */
static void add_object_headers(struct s3_attempt *a)
{
	const struct s3_call *c = a->call;

	add_given(a, "content-type", c->content_type);
	if (c->topic != NULL) {
		add_given(a, "x-amz-storage-class", c->topic->storage_class);
		add_given(a, "x-amz-server-side-encryption", c->topic->sse);
		if (strncmp(c->topic->sse, "aws:kms", 7) == 0)
			add_given(a, "x-amz-server-side-encryption-aws-kms-key-id", c->topic->kms_key_id);
	}
	for (size_t i = 0; i < c->n_metadata; i++) {
		char *name = mem_printf("x-amz-meta-%s", c->metadata[i].name);

		add_header(a, name, c->metadata[i].value);
		free(name);
	}
}

static void add_range(struct s3_attempt *a)
{
	const struct s3_call *c = a->call;
	char range[64];

	snprintf(range, sizeof(range), "bytes=%" PRId64 "-%" PRId64, c->first_byte, c->first_byte + c->n_bytes - 1);
	add_header(a, "range", range);
}

static void add_headers(struct s3_attempt *a, const char *host, const struct credentials *c, int64_t time_ms)
{
	char time[SIGV4_TIME], checksum[SHA256_BYTES * 2];
	enum s3_op op = a->call->op;

	sigv4_time(time_ms, time);
	a->headers = mem_array(FIXED_HEADERS + a->call->n_metadata, sizeof(struct http_header));
	add_header(a, "host", host);
	add_header(a, "x-amz-date", time);
	add_header(a, "x-amz-content-sha256", a->payload_hash);
	add_given(a, "x-amz-security-token", c->session_token);
	add_given(a, "x-amz-expected-bucket-owner", a->bucket_owner);
	if (op == S3_PUT || op == S3_CREATE)
		add_object_headers(a);
	if (op == S3_PUT || op == S3_PART) {
		text_base64(a->sha256, SHA256_BYTES, checksum);
		add_header(a, "x-amz-checksum-sha256", checksum);
	}
	if (op == S3_CREATE)
		add_header(a, "x-amz-checksum-algorithm", "SHA256");
	if (op == S3_COMPLETE)
		add_header(a, "content-type", "application/xml");
	if (op == S3_GET)
		add_range(a);
	if (a->conditional)
		add_header(a, "if-none-match", "*");
}

static void sign(struct s3_attempt *a, const struct s3_endpoint *ep, const struct credentials *c, const char *path,
		 const char *query, int64_t time_ms)
{
	struct sigv4_header *signed_headers = mem_array(a->n_headers, sizeof(*signed_headers));
	struct sigv4_request r = { a->request.method, path, query, signed_headers, a->n_headers, a->payload_hash };
	struct sigv4_scope scope = { ep->region, SERVICE, time_ms };
	struct buf value;

	for (size_t i = 0; i < a->n_headers; i++)
		signed_headers[i] = (struct sigv4_header){ a->headers[i].name, a->headers[i].value };
	buf_init(&value, SIZE_MAX);
	sigv4_authorization(&r, &scope, c, &value);
	add_header(a, "authorization", buf_str(&value));
	buf_free(&value);
	free(signed_headers);
}

static size_t response_max(const struct s3_call *c)
{
	if (c->op == S3_LIST_UPLOADS || c->op == S3_LIST_OBJECTS)
		return LIST_ANSWER;
	return c->op == S3_GET && c->n_bytes > SMALL_ANSWER ? (size_t)c->n_bytes : SMALL_ANSWER;
}

void s3_request_build(struct s3_attempt *a, const struct s3_endpoint *ep, const struct credentials *c,
		      int64_t now_real_ms)
{
	const int64_t time_ms = now_real_ms + a->offset_ms;
	const struct s3_place *place = a->moved_to.origin != NULL ? &a->moved_to : &ep->place;
	enum s3_op op = a->call->op;
	char *tail = s3_request_tail(a->call);
	char *path = mem_printf("%s%s", place->root, tail);
	struct buf query;

	buf_init(&query, SIZE_MAX);
	http_request_init(&a->request);
	a->request.method = ops[op].method;
	a->request.user = a;
	set_body(a);
	a->request.expect_continue = hash_body(a) >= EXPECT_BYTES && a->failures + a->moves > 0;
	a->request.stall_ms = op == S3_COMPLETE ? COMPLETE_STALL_MS : 0;
	a->request.response_max = response_max(a->call);
	a->conditional = !a->unconditional && (op == S3_PUT || op == S3_COMPLETE);
	snprintf(a->region, sizeof(a->region), "%s", ep->region);
	build_query(a, &query);
	add_headers(a, place->host, c, time_ms);
	sign(a, ep, c, path[0] != '\0' ? path : "/", buf_str(&query), time_ms);
	a->url = mem_printf("%s%s%s%s", place->origin, path[0] != '\0' ? path : "/", query.len > 0 ? "?" : "",
			    buf_str(&query));
	a->request.url = a->url;
	a->request.headers = a->headers;
	a->request.n_headers = a->n_headers;
	buf_free(&query);
	free(path);
	free(tail);
}
