/* SPDX-License-Identifier: Apache-2.0 */
/* Any answers to any S3 calls, from curl's callbacks up. The first line names the calls, a hex digit each as in enum
 * s3_op; "n" lets their time to be sent end, "h" talks to a store of one's own without TLS. The rest is what the store
 * answers (scripted_curl.h); when that is used up, it answers as it should.
 *
 * What must hold: each call ends; it ends well only by an answer that says so; without a person's help only a refused
 * condition makes writes unconditional; nothing is sent late, without TLS where TLS was wanted, or with what the store
 * made up in a place where it could be taken for something else. */
#include "scripted_curl.h"

#include <ctype.h>

#include "base/log.h"
#include "base/xml.h"
#include "store/s3.h"
#include "store/s3_state.h"

#define CALLS_MAX 11
#define LIMIT_MS 20000
#define WAITS_MAX 20000
#define FIRST_BYTE 4
#define N_BYTES 10

#define UPLOAD "InitiateMultipartUploadResult"
static const char *const good_answers[] = {
	[S3_PUT] = "HTTP/1.1 200 OK\netag: \"1\"\n\n",
	[S3_CREATE] = "HTTP/1.1 200 OK\n\n<" UPLOAD "><UploadId>u</UploadId></" UPLOAD ">",
	[S3_PART] = "HTTP/1.1 200 OK\netag: \"1\"\n\n",
	[S3_COMPLETE] = "HTTP/1.1 200 OK\n\n<CompleteMultipartUploadResult/>",
	[S3_ABORT] = "HTTP/1.1 204 No Content\n\n",
	[S3_LIST_UPLOADS] = "HTTP/1.1 200 OK\n\n<ListMultipartUploadsResult/>",
	[S3_LIST_OBJECTS] = "HTTP/1.1 200 OK\n\n<ListBucketResult/>",
	[S3_HEAD] = "HTTP/1.1 200 OK\nx-amz-meta-a: b\n\n",
	[S3_GET] = "HTTP/1.1 206 Partial Content\n\n456789",
	[S3_DELETE] = "HTTP/1.1 204 No Content\n\n",
	[S3_LIFECYCLE] = "HTTP/1.1 200 OK\n\n<LifecycleConfiguration/>",
};
static const char op_names[] = "0123456789a";
_Static_assert(sizeof(op_names) - 1 == sizeof(good_answers) / sizeof(good_answers[0]), "each call has a name");

/* The call under way, and what has been answered. */
static struct {
	enum s3_op op;
	int64_t not_after_ms;
	bool tls;
	bool refused; /* the store said that it lacks something */
	long status;
	const char *body;
	size_t len;
	char code[64];
} now;

static bool is_printable(const char *s)
{
	for (; *s != '\0'; s++)
		if (!isprint((unsigned char)*s))
			return false;
	return true;
}

static const char *header(const struct scripted_easy *e, const char *name)
{
	const char *found = NULL;
	size_t len = strlen(name);

	for (const struct curl_slist *h = e->headers; h != NULL; h = h->next) {
		must(is_printable(h->data));
		if (strncmp(h->data, name, len) != 0 || h->data[len] != ':')
			continue;
		must(found == NULL);
		found = h->data + len + 2;
	}
	return found;
}

static void script_request(const struct scripted_easy *e)
{
	bool publish = now.op == S3_PUT || now.op == S3_COMPLETE;
	const char *condition = header(e, "if-none-match"), *host = header(e, "host"), *authority;

	must(!publish || now.refused || (condition != NULL && strcmp(condition, "*") == 0));
	must(!publish || script.clock_ms < now.not_after_ms);
	must(header(e, "authorization") != NULL && host != NULL);
	must(is_printable(e->url) && strchr(e->url, ' ') == NULL);
	must(!now.tls || strncmp(e->url, "https://", 8) == 0);
	authority = strstr(e->url, "://") + 3;
	must(strcspn(authority, "/?#") == strlen(host) && strncmp(authority, host, strlen(host)) == 0);
}

static const char *script_good_answer(void)
{
	return good_answers[now.op];
}

static void script_answered(long status, const char *body, size_t len)
{
	now.status = status;
	now.body = body;
	now.len = len;
	now.code[0] = '\0';
	(void)xml_find(body, len, "/Error/Code", now.code, sizeof(now.code));
	now.refused |= status == 501 || strcmp(now.code, "NotImplemented") == 0;
}

/* The keys never run out. */
static int fetch(struct credential_provider *p, int64_t now_real_ms, struct credentials *out, struct error *e)
{
	(void)p;
	(void)now_real_ms;
	(void)e;
	*out = (struct credentials){ .access_key_id = mem_strdup("AKIDEXAMPLE"),
				     .secret_access_key = mem_strdup("secret"),
				     .session_token = mem_strdup("token"),
				     .expires_ms = INT64_MAX };
	return 0;
}

static void nothing(struct credential_provider *p)
{
	(void)p;
}

static struct credential_provider provider = { .name = "fuzz", .fetch = fetch, .refresh = nothing, .free = nothing };

static void check_created(const struct s3_call *c)
{
	static char id[XML_TEXT_MAX + 1];

	must(xml_find(now.body, now.len, "/InitiateMultipartUploadResult/UploadId", id, sizeof(id)));
	must(id[0] != '\0' && strcmp(id, c->new_upload_id) == 0);
}

static void check_got(const struct s3_call *c)
{
	const char *from = now.body;
	size_t len = now.len;

	if (now.status == 200) {
		from += len < FIRST_BYTE ? len : FIRST_BYTE;
		len = (size_t)(now.body + now.len - from);
	}
	must(c->got.len == (len < N_BYTES ? len : N_BYTES));
	must(c->got.len == 0 || memcmp(c->got.data, from, c->got.len) == 0);
}

static void check_done(const struct s3_call *c)
{
	if (c->op == S3_ABORT && strcmp(now.code, "NoSuchUpload") == 0)
		return;
	must(now.status >= 200 && now.status < 300);
	if (c->op == S3_CREATE)
		check_created(c);
	if (c->op == S3_PART)
		must(c->part.etag[0] != '\0');
	if (c->op == S3_COMPLETE)
		must(xml_is(now.body, now.len, "/CompleteMultipartUploadResult") ||
		     xml_is(now.body, now.len, "/CompleteMultipartUploadResponse"));
	if (c->op == S3_LIST_UPLOADS || c->op == S3_LIST_OBJECTS || c->op == S3_HEAD)
		must(c->listed != NULL);
	if (c->op == S3_GET)
		check_got(c);
	if (c->op == S3_LIFECYCLE)
		must(c->got.len == now.len && (now.len == 0 || memcmp(c->got.data, now.body, now.len) == 0));
}

static void check_result(const struct s3_call *c)
{
	bool publish = c->op == S3_PUT || c->op == S3_COMPLETE;

	switch (c->result) {
	case S3_DONE:
		check_done(c);
		break;
	case S3_EXISTS:
		must(publish && (now.status == 412 || strcmp(now.code, "PreconditionFailed") == 0));
		break;
	case S3_UPLOAD_DEAD:
		must(c->op == S3_PART || c->op == S3_COMPLETE);
		must(now.code[0] != '\0' || now.status == 409);
		break;
	case S3_STALE:
		must(publish && script.clock_ms >= now.not_after_ms);
		break;
	case S3_FAILED:
		must(c->error.action == ERROR_WAIT_PERSON || c->error.action == ERROR_GIVE_UP);
		must(c->error.text[0] != '\0' && is_printable(c->error.text));
		break;
	}
}

static int play(struct s3 *s3, enum s3_op op, bool limited)
{
	static char bytes[] = "0123456789";
	static const struct s3_part parts[] = { { (char *)"\"a&b\"", { 1 } }, { (char *)"\"c\"", { 2 } } };
	static const struct s3_metadata metadata = { "range-id", "00c0ffee" };
	static const struct iovec body = { bytes, sizeof(bytes) - 1 };
	struct s3_call c = { .op = op,
			     .key = "raw/a b/\xc3\xa9+%.json",
			     .upload_id = "up&load/1",
			     .part_number = 1,
			     .body = &body,
			     .n_body = 1,
			     .parts = parts,
			     .n_parts = 2,
			     .content_type = "application/json",
			     .metadata = &metadata,
			     .n_metadata = 1,
			     .not_after_boot_ms = limited ? script.clock_ms + LIMIT_MS : INT64_MAX,
			     .first_byte = FIRST_BYTE,
			     .n_bytes = N_BYTES };

	now.op = op;
	now.not_after_ms = c.not_after_boot_ms;
	s3_start(s3, &c, script.clock_ms);
	for (int waits = 0; s3_next_done(s3) == NULL; waits++) {
		const char *trouble = s3_trouble(s3);

		must(waits < WAITS_MAX);
		must(trouble == NULL || is_printable(trouble));
		s3_wait(s3, 60000);
	}
	check_result(&c);
	free(c.new_upload_id);
	free(c.part.etag);
	free(c.listed);
	free(c.next_page);
	buf_free(&c.got);
	return c.result == S3_DONE ? c.attempts : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct settings settings;
	const char *text = (const char *)data, *stop = size > 0 ? memchr(data, '\n', size) : NULL;
	size_t first_line = stop != NULL ? (size_t)(stop - text) : size;
	bool limited = size > 0 && memchr(data, 'n', first_line) != NULL;
	struct error e;
	struct s3 *s3;

	now.tls = size == 0 || memchr(data, 'h', first_line) == NULL;
	now.refused = false;
	settings = (struct settings){ .s3_bucket = (char *)"lake",
				      .s3_region = (char *)"",
				      .s3_profile = (char *)"",
				      .s3_ca_file = (char *)"",
				      .s3_proxy = (char *)"",
				      .uploaders = 1,
				      .s3_endpoint = (char *)(now.tls ? "" : "http://store:9000/base/") };
	script.at = stop != NULL ? stop + 1 : text + size;
	script.end = text + size;
	script.clock_ms = 1000;
	log_set_level(LOG_LEVEL_ERROR);
	unsetenv("AWS_REGION");
	unsetenv("AWS_DEFAULT_REGION");
	setenv("AWS_CONFIG_FILE", "/dev/null", 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	s3 = s3_new(&settings, &provider, 2, &e);
	must(s3 != NULL);
	s3->seed = 1;
	for (size_t i = 0; i < first_line && i < CALLS_MAX; i++) {
		const char *name = text[i] != '\0' ? strchr(op_names, text[i]) : NULL;

		if (name != NULL)
			play(s3, (enum s3_op)(name - op_names), limited);
	}
	/* Whatever has been learned from them, good answers are understood. */
	script.at = script.end;
	must(play(s3, S3_PUT, false) == 1);
	s3_free(s3);
	return 0;
}
