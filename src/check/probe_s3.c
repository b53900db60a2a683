/* SPDX-License-Identifier: Apache-2.0 */
/* S3: whether it answers, what its clock says, whose keys these are, the bucket and its region, and each right, tried.
 * Uploads are begun and aborted, so nothing becomes visible; only the conditional write makes an object, when it is
 * asked for, and deletes it.
 * Invariant: what was begun is aborted, or said. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "aws/credentials_cache.h"
#include "base/clock.h"
#include "base/mem.h"
#include "check/lifecycle.h"
#include "check/preflight.h"
#include "http/http.h"
#include "settings/pairs.h"
#include "store/s3_ask.h"
#include "store/s3_endpoint.h"
#include "store/s3_listing.h"

#define KEY_NAME "_kafka2s3_check"
#define OFF_MS 60000
#define PART_BYTES 1024

int preflight_ask(struct preflight *p, struct s3_call *c, struct error *e)
{
	c->not_after_boot_ms = INT64_MAX;
	return s3_ask(p->s3, c, LIMIT_MS, e);
}

/* Not tried, since something before it failed. True: so it is. */
static bool no_s3(struct preflight *p, const char *name)
{
	if (p->no_s3 == NULL)
		return false;
	lines_add(&p->lines, OUTCOME_UNPROVED, name, "%s", p->no_s3);
	return true;
}

static bool says(const struct error *e, const char *what)
{
	return strcasestr(e->text, what) != NULL;
}

/* What a refusal means; it names the action that it lacks itself. */
static void fail(struct preflight *p, const char *name, const struct error *e)
{
	if (e->action == ERROR_RETRY)
		lines_add(&p->lines, OUTCOME_UNPROVED, name, "%s", e->text);
	else if (says(e, "grant kms:") || says(e, "KMS."))
		lines_add(&p->lines, OUTCOME_FAILED, name, "KMS refuses the key: %s", e->text);
	else
		lines_add(&p->lines, OUTCOME_FAILED, name, "%s", e->text);
}

static void judge_clock(struct preflight *p, const struct http_request *r)
{
	const char *date = http_response_header(r, "date");
	int64_t theirs = date != NULL ? http_date(date) : 0, off = clock_real_ms() - theirs;

	if (theirs == 0)
		lines_add(&p->lines, OUTCOME_UNPROVED, "clock", "the answer of S3 has no date");
	else if (llabs(off) > OFF_MS)
		lines_add(
			&p->lines, OUTCOME_FAILED, "clock",
			"the clock of this machine is %" PRId64
			" s %s that of S3, which refuses signatures beyond 900 s: let chrony or systemd-timesyncd set it (the daemon "
			"corrects it for signing only)",
			(int64_t)llabs(off) / 1000, off > 0 ? "ahead of" : "behind");
	else
		lines_add(&p->lines, OUTCOME_OK, "clock", "within a minute of that of S3");
}

static void judge_reach(struct preflight *p, const char *url, const struct http_request *r)
{
	const char *region = http_response_header(r, "x-amz-bucket-region");

	if (r->status == 0) {
		lines_add(
			&p->lines, OUTCOME_FAILED, "S3",
			"\"%s\" cannot be reached: %s; check s3.endpoint, s3.region, s3.ca_file, s3.proxy, and the network",
			url, r->error.text);
		p->no_s3 = "S3 cannot be reached";
		return;
	}
	p->head_status = r->status;
	if (region != NULL) {
		free(p->region);
		p->region = mem_strdup(region);
	}
	lines_add(&p->lines, OUTCOME_OK, "S3", "\"%s\" answers", url);
	judge_clock(p, r);
}

/* Without a signature: whoever can be reached answers, with its date and, if it is Amazon, the bucket's region. */
static void knock(struct preflight *p, const struct s3_place *place)
{
	const struct settings *s = p->settings;
	const struct http_options o = { .ca_file = s->s3_ca_file,
					.proxy = s->s3_proxy,
					.connections = 1,
					.stall_ms = LIMIT_MS,
					.connect_ms = LIMIT_MS,
					.connection_life_ms = LIMIT_MS };
	struct http *http = http_new(&o);
	char *url = mem_printf("%s%s/", place->origin, place->root);
	struct http_header host = { (char *)"host", place->host };
	int64_t deadline = clock_boot_ms() + LIMIT_MS;
	struct http_request r, *done = NULL;

	http_request_init(&r);
	r.method = "HEAD";
	r.url = url;
	r.headers = &host;
	r.n_headers = 1;
	r.response_max = 1 << 16;
	http_start(http, &r);
	while ((done = http_next_done(http)) == NULL && clock_boot_ms() < deadline)
		http_wait(http, 500);
	if (done == NULL) {
		http_cancel(http, &r);
		r.status = 0;
		error_set(&r.error, ERROR_RETRY, 0, "no answer within %d s", LIMIT_MS / 1000);
	}
	judge_reach(p, url, &r);
	http_request_free(&r);
	http_free(http);
	free(url);
}

static void add_place(struct preflight *p, char *root, const struct topic_settings *t)
{
	size_t i = 0;

	while (i < p->n_places &&
	       (strcmp(p->places[i].root, root) != 0 || strcmp(p->places[i].topic->sse, t->sse) != 0 ||
		strcmp(p->places[i].topic->kms_key_id, t->kms_key_id) != 0 ||
		strcmp(p->places[i].topic->storage_class, t->storage_class) != 0))
		i++;
	if (i == p->n_places && i < PLACES_MAX) {
		p->places[p->n_places++] = (struct probe_place){ root, t };
		return;
	}
	p->n_left_out += i == p->n_places;
	free(root);
}

static void find_places(struct preflight *p)
{
	const struct settings *s = p->settings;

	for (size_t i = 0; i <= s->n_overrides; i++) {
		const struct topic_settings *t = i == 0 ? &s->topic : &s->overrides[i - 1].topic;

		add_place(p, pairs_root_of(t), t);
		add_place(p, mem_strdup(t->dead_letter_prefix), t);
	}
}

/* Sources that have to be asked over a network may need some seconds. */
static int fetch(struct credential_provider *provider, struct credentials *c, struct error *e)
{
	int64_t deadline = clock_boot_ms() + LIMIT_MS;
	const struct timespec pause = { .tv_nsec = 100000000 };

	while (provider->fetch(provider, clock_real_ms(), c, e) < 0) {
		if (e->action != ERROR_RETRY || clock_boot_ms() >= deadline)
			return -1;
		nanosleep(&pause, NULL);
	}
	return 0;
}

static void find_credentials(struct preflight *p, struct credential_provider *provider)
{
	struct credentials c;
	struct error e;

	if (fetch(provider, &c, &e) < 0) {
		lines_add(&p->lines, OUTCOME_FAILED, "credentials", "%s", e.text);
		p->no_s3 = "there are no credentials";
		p->no_credentials = true;
		return;
	}
	lines_add(&p->lines, OUTCOME_OK, "credentials", "from %s: key id \"%s\"%s",
		  c.source != NULL ? c.source : "the settings", c.access_key_id,
		  c.session_token[0] != '\0' ? ", of a role or session" : "");
	credentials_wipe(&c);
}

void probe_reach(struct preflight *p)
{
	struct credential_provider *provider = credentials_shared(p->settings, NULL);
	struct s3_endpoint ep;
	struct error e;

	find_places(p);
	p->provider = provider;
	find_credentials(p, provider);
	p->s3 = s3_new(p->settings, provider, 1, &e);
	if (p->s3 == NULL) {
		lines_add(&p->lines, OUTCOME_FAILED, "S3", "%s", e.text);
		p->no_s3 = "the settings of S3 are wrong";
		p->provider = NULL;
		return;
	}
	if (s3_endpoint_init(&ep, p->settings, s3_region(p->s3), &e) == 0)
		knock(p, &ep.place);
	s3_endpoint_free(&ep);
}

static bool wrong_keys(struct preflight *p, const struct error *e)
{
	if (!says(e, "InvalidAccessKeyId") && !says(e, "SignatureDoesNotMatch") && !says(e, "InvalidToken") &&
	    !says(e, "ExpiredToken") && !says(e, "XAdminUserNotFound"))
		return false;
	lines_add(&p->lines, OUTCOME_FAILED, "bucket", "S3 does not accept the credentials: %s", e->text);
	p->no_s3 = "S3 does not accept the credentials";
	return true;
}

void probe_bucket(struct preflight *p)
{
	const char *bucket = p->settings->s3_bucket;
	char *folder;
	struct s3_call c = { .op = S3_LIST_OBJECTS, .max_keys = 1 };
	struct error e;
	int rc;

	if (no_s3(p, "bucket"))
		return;
	folder = mem_printf("%s/", p->places[0].root);
	c.key = folder;
	rc = preflight_ask(p, &c, &e);
	p->object = rc == 0 ? s3_listing_first(c.listed) : NULL;
	free(c.listed);
	free(c.next_page);
	free(folder);
	if (rc < 0 && wrong_keys(p, &e))
		return;
	if (rc < 0 && (says(&e, "NoSuchBucket") || p->head_status == 404)) {
		lines_add(&p->lines, OUTCOME_FAILED, "bucket",
			  "there is no bucket \"%s\" there: create it, or set s3.bucket and s3.endpoint right", bucket);
		p->no_s3 = "the bucket is not there";
	} else if (rc < 0 && e.code != 403) {
		fail(p, "bucket", &e);
		p->no_s3 = "the bucket does not answer as it should";
	} else {
		lines_add(&p->lines, OUTCOME_OK, "bucket", "\"%s\" is there, and the credentials are accepted", bucket);
	}
}

/* May the bucket be listed by whoever expects this owner? */
static int list_as_of(struct preflight *p, const char *owner, struct error *e)
{
	char *folder = mem_printf("%s/", p->places[0].root);
	struct s3_call c = { .op = S3_LIST_OBJECTS, .key = folder, .max_keys = 1, .bucket_owner = owner };
	int rc = preflight_ask(p, &c, e);

	free(c.listed);
	free(c.next_page);
	free(folder);
	return rc;
}

/* A store that refuses another's number has looked. */
void probe_owner(struct preflight *p)
{
	const char *owner = p->settings->s3_expected_bucket_owner, *name = "owner";
	const char *another = strcmp(owner, "000000000000") == 0 ? "111111111111" : "000000000000";
	struct error e, plain;

	if (owner[0] == '\0' || no_s3(p, name))
		return;
	if (list_as_of(p, owner, &e) == 0) {
		if (list_as_of(p, another, &e) < 0 && e.code == 403)
			lines_add(&p->lines, OUTCOME_OK, name,
				  "the bucket is account %s's: S3 refuses to take it for another's", owner);
		else
			lines_add(&p->lines, OUTCOME_UNPROVED, name,
				  "the store does not look at whose bucket it is (s3.expected_bucket_owner)");
	} else if (e.code == 403 && list_as_of(p, "", &plain) == 0) {
		lines_add(
			&p->lines, OUTCOME_FAILED, name,
			"the bucket is not account %s's, which s3.expected_bucket_owner says: find out whose it is, or correct "
			"that",
			owner);
		p->no_s3 = "the bucket is another account's";
	} else {
		lines_add(&p->lines, OUTCOME_UNPROVED, name, "whose bucket it is cannot be asked for: %s", e.text);
	}
}

void probe_region(struct preflight *p)
{
	const char *set = p->settings->s3_region, *found;

	if (no_s3(p, "region"))
		return;
	found = p->region[0] != '\0' ? p->region : s3_region(p->s3);
	if (set[0] != '\0' && strcmp(set, found) != 0)
		lines_add(&p->lines, OUTCOME_FAILED, "region",
			  "the bucket is in \"%s\", not in s3.region = \"%s\": set it so, or leave it empty", found,
			  set);
	else
		lines_add(&p->lines, OUTCOME_OK, "region", "requests signed for \"%s\" are accepted", found);
}

/* One part, which asks KMS for more than a Create does. */
static int send_part(struct preflight *p, const char *key, const char *upload_id, struct error *e)
{
	char bytes[PART_BYTES] = { 0 };
	const struct iovec body = { bytes, sizeof(bytes) };
	struct s3_call c = {
		.op = S3_PART, .key = key, .upload_id = upload_id, .part_number = 1, .body = &body, .n_body = 1
	};
	int rc = preflight_ask(p, &c, e);

	free(c.part.etag);
	return rc;
}

static void try_place(struct preflight *p, const struct probe_place *place)
{
	char *key = mem_printf("%s/" KEY_NAME, place->root), *name = mem_printf("uploads under \"%s\"", place->root);
	struct s3_call create = {
		.op = S3_CREATE, .key = key, .content_type = "application/octet-stream", .topic = place->topic
	};
	struct s3_call abort = { .op = S3_ABORT, .key = key };
	struct error e, after;
	int rc = preflight_ask(p, &create, &e), aborted;

	if (rc < 0) {
		fail(p, name, &e);
	} else {
		rc = send_part(p, key, create.new_upload_id, &e);
		abort.upload_id = create.new_upload_id;
		aborted = preflight_ask(p, &abort, &after);
		if (rc < 0)
			fail(p, name, &e);
		if (aborted < 0)
			fail(p, name, &after);
		if (rc == 0 && aborted == 0)
			lines_add(&p->lines, OUTCOME_OK, name,
				  "s3:PutObject and s3:AbortMultipartUpload: one was begun, sent a part, and aborted");
		free(create.new_upload_id);
	}
	free(key);
	free(name);
}

void probe_uploads(struct preflight *p)
{
	if (no_s3(p, "uploads"))
		return;
	for (size_t i = 0; i < p->n_places; i++)
		try_place(p, &p->places[i]);
	if (p->n_left_out > 0)
		lines_add(&p->lines, OUTCOME_UNPROVED, "uploads", "%zu more prefixes were not tried", p->n_left_out);
}

static void try_list(struct preflight *p, enum s3_op op, const char *name, const char *action, const char *what_for)
{
	struct error e;

	for (size_t i = 0; i < p->n_places; i++) {
		char *folder = mem_printf("%s/", p->places[i].root);
		struct s3_call c = { .op = op, .key = folder, .max_keys = 1 };
		int rc = preflight_ask(p, &c, &e);

		free(c.listed);
		free(c.next_page);
		free(folder);
		if (rc == 0)
			continue;
		error_context(&e, "%s", what_for);
		fail(p, name, &e);
		return;
	}
	lines_add(&p->lines, OUTCOME_OK, name, "%s, under each prefix", action);
}

void probe_listing(struct preflight *p)
{
	if (no_s3(p, "lists"))
		return;
	try_list(p, S3_LIST_UPLOADS, "list of uploads", "s3:ListBucketMultipartUploads",
		 "needed to find what a daemon that was killed has left behind");
	try_list(p, S3_LIST_OBJECTS, "list of objects", "s3:ListBucket",
		 "needed by verify, land and offsets set --from-s3");
}

/* A key that is not there answers 404 only to whoever may list the whole bucket, and 403 tells nothing then. */
void probe_reading_back(struct preflight *p)
{
	char *key;
	struct s3_call c = { .op = S3_HEAD };
	struct error e;
	int rc;

	if (no_s3(p, "reading back"))
		return;
	key = p->object != NULL ? mem_strdup(p->object) : mem_printf("%s/" KEY_NAME, p->places[0].root);
	c.key = key;
	rc = preflight_ask(p, &c, &e);
	free(c.listed);
	free(key);
	if (rc == 0 || e.code == 404) {
		lines_add(&p->lines, OUTCOME_OK, "reading back", "s3:GetObject, tried on %s",
			  rc == 0 ? "an object that is there" : "a key that is not there");
	} else if (p->object == NULL && e.code == 403) {
		lines_add(
			&p->lines, OUTCOME_UNPROVED, "reading back",
			"no object is there to try s3:GetObject on, which verify, land and offsets set --from-s3 need: %s",
			e.text);
	} else {
		error_context(&e, "needed by verify, land and offsets set --from-s3");
		fail(p, "reading back", &e);
	}
}

static void judge_lifecycle(struct preflight *p, const struct buf *document)
{
	struct lines *l = &p->lines;
	int days, most = 0;

	for (size_t i = 0; i < p->n_places; i++) {
		days = lifecycle_abort_days(document->data, document->len, p->places[i].root);
		if (days == 0) {
			lines_add(
				l, OUTCOME_FAILED, "lifecycle",
				"no rule of the bucket aborts incomplete multipart uploads under \"%s\", which cost money for ever "
				"when a daemon dies for good: add one (AbortIncompleteMultipartUpload after 3 days)",
				p->places[i].root);
			return;
		}
		most = days > most ? days : most;
	}
	lines_add(l, OUTCOME_OK, "lifecycle", "incomplete multipart uploads are aborted after %d days", most);
}

void probe_lifecycle(struct preflight *p)
{
	static const struct buf none = { 0 };
	struct s3_call c = { .op = S3_LIFECYCLE, .key = "" };
	struct error e;

	if (no_s3(p, "lifecycle"))
		return;
	if (preflight_ask(p, &c, &e) == 0)
		judge_lifecycle(p, &c.got);
	else if (says(&e, "NoSuchLifecycleConfiguration"))
		judge_lifecycle(p, &none);
	else
		lines_add(&p->lines, OUTCOME_UNPROVED, "lifecycle",
			  "whether a rule of the bucket aborts uploads that are left behind cannot be read "
			  "(s3:GetLifecycleConfiguration): %s",
			  e.text);
	buf_free(&c.got);
}

static void take_away(struct preflight *p, const char *key)
{
	struct s3_call c = { .op = S3_DELETE, .key = key };
	struct error e;

	if (preflight_ask(p, &c, &e) < 0)
		lines_add(
			&p->lines, OUTCOME_FAILED, "conditional writes",
			"the object \"%s\" that was made to try them cannot be deleted (s3:DeleteObject): delete it by hand: %s",
			key, e.text);
}

/* Two of the same: the second must be refused. */
static void try_condition(struct preflight *p, const char *key)
{
	char bytes[] = "made by kafka2s3 check --write\n";
	const struct iovec body = { bytes, sizeof(bytes) - 1 };
	const struct s3_call put = {
		.op = S3_PUT, .key = key, .body = &body, .n_body = 1, .content_type = "text/plain"
	};
	struct s3_call first = put, second = put;
	struct error e;

	first.topic = second.topic = p->places[0].topic;
	if (preflight_ask(p, &first, &e) < 0 && first.result != S3_EXISTS) {
		fail(p, "conditional writes", &e);
		return;
	}
	if (preflight_ask(p, &second, &e) < 0 && second.result == S3_EXISTS)
		lines_add(&p->lines, OUTCOME_OK, "conditional writes",
			  "the store refuses a second write under a key (If-None-Match)");
	else if (second.result == S3_DONE)
		lines_add(
			&p->lines, OUTCOME_FAILED, "conditional writes",
			"the store does not know conditional writes (If-None-Match): after a crash the same records are written "
			"again under the same key, which does no harm but costs the requests; use a store that knows them");
	else
		fail(p, "conditional writes", &e);
	take_away(p, key);
}

void probe_condition(struct preflight *p)
{
	char *key;

	if (no_s3(p, "conditional writes"))
		return;
	if (!p->write) {
		lines_add(
			&p->lines, OUTCOME_UNPROVED, "conditional writes",
			"they cannot be tried without making an object: check --write makes one and deletes it (which needs "
			"s3:DeleteObject)");
		return;
	}
	key = mem_printf("%s/" KEY_NAME "-%" PRIx64, p->settings->topic.dead_letter_prefix, (uint64_t)clock_real_ms());
	try_condition(p, key);
	free(key);
}
