/* SPDX-License-Identifier: Apache-2.0 */
/* Runs S3 calls given on its command line through the real s3 and http code, one result a line on stdout, for
 * test_s3.py. Options first, then steps, one after another; the calls of one step run at once:
 *   put:KEY:BYTES  create:KEY  part:KEY:NUMBER:BYTES  complete:KEY  abort:KEY  list:PREFIX  puts:N:PREFIX:BYTES
 *   objects:PREFIX  folders:PREFIX (all pages, a line each)  head:KEY  get:KEY:FIRST:BYTES (detail: how many, and the
 * first 20 in hex) sleep:MS  drop-part:NUMBER (makes the next complete name a part that is not there) A line: op, key,
 * result, attempts, milliseconds, detail; tabs between. What is retried comes as "trouble" lines. The body of n bytes
 * is the pattern (position * 7 + key's first byte), in pieces of 1 to 100,000 bytes. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/s3.h"

#define MAX_PARTS 100
#define PIECE 100000

static struct settings settings;
static struct topic_settings topic;
static struct s3_metadata metadata[] = { { "range-id", "00c0ffee00c0ffee" }, { "note", "two  spaces" } };
static struct s3_part parts[MAX_PARTS];
static size_t n_parts;
static char *upload_id, *next_page;
static int connections = 4, limit_ms = 20000;
static int64_t not_after_ms = INT64_MAX;

struct job {
	struct s3_call call;
	char *key, *data;
	struct iovec *body;
	int64_t started_ms;
};

static const char *const results[] = {
	[S3_DONE] = "done",   [S3_EXISTS] = "exists", [S3_UPLOAD_DEAD] = "upload-dead",
	[S3_STALE] = "stale", [S3_FAILED] = "failed",
};

static void set_body(struct job *j, size_t bytes)
{
	size_t at = 0, n = 0;

	j->data = mem_alloc(bytes);
	for (size_t i = 0; i < bytes; i++)
		j->data[i] = (char)(i * 7 + (unsigned char)j->key[0]);
	j->body = mem_array(bytes / PIECE * 2 + 4, sizeof(struct iovec));
	while (at < bytes) {
		size_t len = n % 2 == 0 ? PIECE : n % 5 + 1;

		if (len > bytes - at)
			len = bytes - at;
		j->body[n++] = (struct iovec){ j->data + at, len };
		at += len;
	}
	j->call.body = j->body;
	j->call.n_body = n;
}

static struct job *job_new(enum s3_op op, const char *key, long bytes)
{
	struct job *j = mem_zalloc(sizeof(*j));

	j->key = mem_strdup(key);
	j->call.op = op;
	j->call.key = j->key;
	j->call.user = j;
	j->call.not_after_boot_ms = not_after_ms;
	j->call.topic = &topic;
	j->call.content_type = "application/gzip";
	j->call.metadata = metadata;
	j->call.n_metadata = 2;
	j->call.upload_id = upload_id;
	j->call.parts = parts;
	j->call.n_parts = n_parts;
	if (bytes >= 0)
		set_body(j, (size_t)bytes);
	return j;
}

static void job_free(struct job *j)
{
	free(j->body);
	free(j->data);
	free(j->key);
	free(j);
}

static const char *got_text(const struct s3_call *c)
{
	static char text[64];
	size_t len = c->got.len < 20 ? c->got.len : 20;
	int at = snprintf(text, sizeof(text), "%zu ", c->got.len);

	text_hex(c->got.data, len, text + at);
	return text;
}

static void report(struct job *j, const char *op)
{
	const struct s3_call *c = &j->call;
	const char *detail = "";

	if (c->result == S3_FAILED || c->result == S3_UPLOAD_DEAD)
		detail = c->error.text;
	else if (c->op == S3_CREATE && c->result == S3_DONE)
		detail = c->new_upload_id;
	else if (c->listed != NULL)
		detail = c->listed;
	else if (c->op == S3_GET && c->result == S3_DONE)
		detail = got_text(c);
	printf("%s\t%s\t%s\t%d\t%" PRId64 "\t%s%s\n", op, j->key, results[c->result], c->attempts,
	       clock_boot_ms() - j->started_ms, c->result == S3_FAILED ? error_action_name(c->error.action) : "",
	       c->result == S3_FAILED ? ": " : "");
	for (const char *at = detail; *at != '\0';) {
		size_t len = strcspn(at, "\n");

		printf("\t%.*s\n", (int)len, at);
		at += len + (at[len] == '\n');
	}
	fflush(stdout);
}

static void keep(struct job *j)
{
	struct s3_call *c = &j->call;

	if (c->op == S3_CREATE && c->result == S3_DONE) {
		free(upload_id);
		upload_id = c->new_upload_id;
		for (size_t i = 0; i < n_parts; i++)
			free(parts[i].etag);
		n_parts = 0;
	} else if (c->op == S3_PART && c->result == S3_DONE && n_parts < MAX_PARTS) {
		parts[n_parts++] = c->part;
	}
	free(c->listed);
	c->listed = NULL;
	free(next_page);
	next_page = c->next_page;
	c->next_page = NULL;
	buf_free(&c->got);
}

static int run(struct s3 *s3, struct job **jobs, size_t n, const char *op)
{
	int64_t begun = clock_boot_ms();
	char last[256] = "";
	size_t left = n;

	for (size_t i = 0; i < n; i++) {
		jobs[i]->started_ms = begun;
		s3_start(s3, &jobs[i]->call, begun);
	}
	while (left > 0 && clock_boot_ms() - begun < limit_ms) {
		struct s3_call *c;
		const char *trouble;

		s3_wait(s3, 50);
		while ((c = s3_next_done(s3)) != NULL) {
			struct job *j = c->user;

			report(j, op);
			keep(j);
			left--;
		}
		trouble = s3_trouble(s3);
		if (trouble != NULL && strcmp(trouble, last) != 0) {
			snprintf(last, sizeof(last), "%s", trouble);
			printf("trouble\t%s\n", last);
			fflush(stdout);
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (jobs[i]->call.attempt != NULL) {
			printf("%s\t%s\ttimeout\t%d\t%d\t\n", op, jobs[i]->key, jobs[i]->call.attempts, limit_ms);
			s3_cancel(s3, &jobs[i]->call);
		}
		job_free(jobs[i]);
	}
	return left > 0;
}

static int many(struct s3 *s3, long n, const char *prefix, long bytes)
{
	struct job **jobs = mem_array((size_t)n, sizeof(struct job *));
	int rc;

	for (long i = 0; i < n; i++) {
		char *key = mem_printf("%s%ld", prefix, i);

		jobs[i] = job_new(S3_PUT, key, bytes);
		free(key);
	}
	rc = run(s3, jobs, (size_t)n, "put");
	free(jobs);
	return rc;
}

static int one(struct s3 *s3, struct job *j, const char *op)
{
	return run(s3, &j, 1, op);
}

static int pages(struct s3 *s3, enum s3_op op, const char *prefix, const char *name)
{
	char *page;
	int rc;

	do {
		struct job *j = job_new(op, prefix, -1);

		page = next_page;
		next_page = NULL;
		j->call.page = page;
		j->call.folders = strcmp(name, "folders") == 0;
		rc = one(s3, j, name);
		free(page);
	} while (rc == 0 && next_page != NULL);
	return rc;
}

static int step(struct s3 *s3, char *text)
{
	char *f[4] = { NULL };
	struct job *j;

	for (int i = 0; i < 4 && text != NULL; i++)
		f[i] = strsep(&text, ":");
	if (strcmp(f[0], "put") == 0 && f[2] != NULL)
		return one(s3, job_new(S3_PUT, f[1], strtol(f[2], NULL, 10)), f[0]);
	if (strcmp(f[0], "puts") == 0 && f[3] != NULL)
		return many(s3, strtol(f[1], NULL, 10), f[2], strtol(f[3], NULL, 10));
	if (strcmp(f[0], "part") == 0 && f[3] != NULL) {
		j = job_new(S3_PART, f[1], strtol(f[3], NULL, 10));
		j->call.part_number = (int)strtol(f[2], NULL, 10);
		return one(s3, j, f[0]);
	}
	if (strcmp(f[0], "create") == 0)
		return one(s3, job_new(S3_CREATE, f[1], -1), f[0]);
	if (strcmp(f[0], "complete") == 0)
		return one(s3, job_new(S3_COMPLETE, f[1], -1), f[0]);
	if (strcmp(f[0], "abort") == 0)
		return one(s3, job_new(S3_ABORT, f[1], -1), f[0]);
	if (strcmp(f[0], "list") == 0)
		return pages(s3, S3_LIST_UPLOADS, f[1], f[0]);
	if (strcmp(f[0], "head") == 0)
		return one(s3, job_new(S3_HEAD, f[1], -1), f[0]);
	if (strcmp(f[0], "get") == 0 && f[3] != NULL) {
		j = job_new(S3_GET, f[1], -1);
		j->call.first_byte = strtoll(f[2], NULL, 10);
		j->call.n_bytes = strtoll(f[3], NULL, 10);
		return one(s3, j, f[0]);
	}
	if (strcmp(f[0], "objects") == 0 || strcmp(f[0], "folders") == 0)
		return pages(s3, S3_LIST_OBJECTS, f[1], f[0]);
	if (strcmp(f[0], "sleep") == 0)
		return usleep((useconds_t)strtol(f[1], NULL, 10) * 1000);
	if (strcmp(f[0], "drop-part") == 0)
		return parts[strtol(f[1], NULL, 10) - 1].etag[1] ^= 1, 0;
	fprintf(stderr, "no such step: %s\n", f[0]);
	exit(64);
}

static const struct option options[] = {
	{ "endpoint", required_argument, NULL, 'e' },
	{ "bucket", required_argument, NULL, 'b' },
	{ "region", required_argument, NULL, 'r' },
	{ "access-key", required_argument, NULL, 'a' },
	{ "secret", required_argument, NULL, 's' },
	{ "token", required_argument, NULL, 't' },
	{ "credentials-file", required_argument, NULL, 'f' },
	{ "path-style", no_argument, NULL, 'p' },
	{ "ca-file", required_argument, NULL, 'c' },
	{ "proxy", required_argument, NULL, 'x' },
	{ "connections", required_argument, NULL, 'n' },
	{ "limit-ms", required_argument, NULL, 'l' },
	{ "bandwidth", required_argument, NULL, 'w' },
	{ "not-after-ms", required_argument, NULL, 'N' },
	{ "storage-class", required_argument, NULL, 'S' },
	{ "sse", required_argument, NULL, 'E' },
	{ "kms-key-id", required_argument, NULL, 'K' },
	{ "owner", required_argument, NULL, 'O' },
	{ NULL, 0, NULL, 0 },
};

static void take_option(int o)
{
	switch (o) {
	case 'e':
		settings.s3_endpoint = optarg;
		break;
	case 'b':
		settings.s3_bucket = optarg;
		break;
	case 'r':
		settings.s3_region = optarg;
		break;
	case 'a':
		settings.s3_access_key_id = optarg;
		break;
	case 's':
		settings.s3_secret_access_key = optarg;
		break;
	case 't':
		settings.s3_session_token = optarg;
		break;
	case 'f':
		settings.s3_credentials_file = optarg;
		break;
	case 'p':
		settings.s3_path_style = true;
		break;
	case 'c':
		settings.s3_ca_file = optarg;
		break;
	case 'x':
		settings.s3_proxy = optarg;
		break;
	case 'n':
		connections = (int)strtol(optarg, NULL, 10);
		break;
	case 'l':
		limit_ms = (int)strtol(optarg, NULL, 10);
		break;
	case 'w':
		settings.s3_bandwidth_bytes = strtoll(optarg, NULL, 10);
		break;
	case 'N':
		not_after_ms = clock_boot_ms() + strtoll(optarg, NULL, 10);
		break;
	case 'S':
		topic.storage_class = optarg;
		break;
	case 'E':
		topic.sse = optarg;
		break;
	case 'O':
		settings.s3_expected_bucket_owner = optarg;
		break;
	case 'K':
		topic.kms_key_id = optarg;
		break;
	default:
		exit(64);
	}
}

int main(int argc, char **argv)
{
	static char empty[1];
	char **strings[] = { &settings.s3_endpoint,
			     &settings.s3_bucket,
			     &settings.s3_region,
			     &settings.s3_access_key_id,
			     &settings.s3_secret_access_key,
			     &settings.s3_session_token,
			     &settings.s3_credentials_file,
			     &settings.s3_profile,
			     &settings.s3_role_arn,
			     &settings.s3_external_id,
			     &settings.s3_role_session_name,
			     &settings.s3_ca_file,
			     &settings.s3_proxy,
			     &topic.storage_class,
			     &topic.sse,
			     &topic.kms_key_id };
	const struct board_s3 *n;
	uint64_t requests = 0;
	struct error e;
	struct s3 *s3;
	int o, rc = 0;

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		*strings[i] = empty;
	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1)
		take_option(o);
	s3 = s3_new(&settings, credentials_default(&settings), connections, &e);
	if (s3 == NULL) {
		printf("refused\t%s: %s\n", error_action_name(e.action), e.text);
		return 78;
	}
	for (; optind < argc; optind++)
		rc |= step(s3, argv[optind]);
	n = s3_counters(s3);
	for (int i = 0; i < BOARD_CALLS; i++)
		requests += n->calls[i];
	printf("counters\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n", requests, n->retries,
	       n->bytes_sent, s3_bytes_taken(s3), n->errors);
	s3_free(s3);
	for (size_t i = 0; i < n_parts; i++)
		free(parts[i].etag);
	free(upload_id);
	return rc;
}
