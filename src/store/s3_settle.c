/* SPDX-License-Identifier: Apache-2.0 */
/* What an answer leads to: a result, the same call again, or an error for a person. What codes mean stands in the table
 * of s3_error.c; here are the deeds: region, redirect, clock, credentials, conditions.
 * Thread: that of the struct s3.
 * Invariant: each way through s3_settle ends in exactly one of s3_done, s3_again, s3_back_off. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/xml.h"
#include "store/s3_denied.h"
#include "store/s3_error.h"
#include "store/s3_listing.h"
#include "store/s3_state.h"

#define MOVES_MAX 5
#define CERTAIN_SKEW_MS 1000    /* S3 said that the clock is off */
#define POSSIBLE_SKEW_MS 240000 /* S3 said something that a clock can be the cause of */

static void fail(struct s3 *s3, struct s3_attempt *a, enum error_action action, int code, const char *what,
		 const char *advice)
{
	struct s3_call *c = a->call;

	error_set(&c->error, action, code, "%s in bucket '%s': %s%s%s", s3_op_name(c->op), s3->settings->s3_bucket,
		  what, advice != NULL ? "; " : "", advice != NULL ? advice : "");
	s3_done(s3, a, S3_FAILED);
}

static void refresh(struct s3 *s3)
{
	if (s3->provider->refresh != NULL)
		s3->provider->refresh(s3->provider);
}

/* A store that refused a condition and took the request without one does not know conditions. */
static void learn_unconditional(struct s3 *s3, const struct s3_attempt *a)
{
	if (!a->unconditional || s3->counters.unconditional)
		return;
	s3->counters.unconditional = true;
	log_event(MESSAGE_UNCONDITIONAL, NULL, 0,
		  "the store at '%s' does not know If-None-Match: writing without it; the same records go under the "
		  "same key again after a crash, which does no harm",
		  s3->endpoint.place.origin);
}

static bool take_uploads(struct s3 *s3, struct s3_attempt *a)
{
	const struct buf *body = &a->request.response;
	struct s3_page page;
	char *next;

	buf_clear(&a->listed);
	if (s3_page_read(body->data, body->len, &a->listed, &page) != 0) {
		snprintf(a->trouble, sizeof(a->trouble), "200 without a list of uploads");
		s3_back_off(s3, a, 0);
		return false;
	}
	a->call->listed = mem_strdup(buf_str(&a->listed));
	if (!page.more || page.key_marker[0] == '\0')
		return true;
	next = mem_printf("%s\t%s", page.key_marker, page.upload_marker);
	if (a->call->page == NULL || strcmp(a->call->page, next) != 0)
		a->call->next_page = next;
	else
		free(next); /* it would go round in circles */
	return true;
}

static bool take_objects(struct s3 *s3, struct s3_attempt *a)
{
	const struct buf *body = &a->request.response;
	char *next;

	buf_clear(&a->listed);
	if (s3_objects_read(body->data, body->len, &a->listed, &next) != 0) {
		snprintf(a->trouble, sizeof(a->trouble), "200 without a list of objects");
		s3_back_off(s3, a, 0);
		return false;
	}
	if (next != NULL && a->call->page != NULL && strcmp(next, a->call->page) == 0) {
		snprintf(a->trouble, sizeof(a->trouble), "200 with a list that goes round in circles");
		free(next);
		s3_back_off(s3, a, 0);
		return false;
	}
	a->call->next_page = next;
	a->call->listed = mem_strdup(buf_str(&a->listed));
	return true;
}

static void take_metadata(struct s3_attempt *a)
{
	static const char prefix[] = "x-amz-meta-";
	const struct http_request *r = &a->request;

	for (size_t i = 0; i < r->n_response_headers; i++) {
		const struct http_header *h = &r->response_headers[i];

		if (strncmp(h->name, prefix, sizeof(prefix) - 1) == 0)
			buf_addf(&a->listed, "%s\t%s\n", h->name + sizeof(prefix) - 1, h->value);
	}
	a->call->listed = mem_strdup(buf_str(&a->listed));
}

/* A store that does not know ranges answers 200 with the whole object. */
static void take_stretch(struct s3_attempt *a)
{
	struct s3_call *c = a->call;
	struct buf *body = &a->request.response;
	size_t from = a->request.status == 200 ? (size_t)c->first_byte : 0;

	if (from > body->len)
		from = body->len;
	body->len -= from;
	if (from > 0)
		memmove(body->data, body->data + from, body->len);
	if (body->len > (size_t)c->n_bytes)
		body->len = (size_t)c->n_bytes;
	c->got = *body;
	buf_init(body, 0);
}

static bool take_upload_id(struct s3_attempt *a)
{
	const struct buf *body = &a->request.response;
	char id[1024];

	if (!xml_find(body->data, body->len, "/InitiateMultipartUploadResult/UploadId", id, sizeof(id)) ||
	    id[0] == '\0' || strlen(id) == sizeof(id) - 1)
		return false;
	a->call->new_upload_id = mem_strdup(id);
	return true;
}

/* False: the answer lacks what it must have, and the request goes again. */
static bool take_result(struct s3 *s3, struct s3_attempt *a)
{
	struct s3_call *c = a->call;
	const char *etag = http_response_header(&a->request, "etag");

	if (c->op == S3_LIST_UPLOADS) {
		return take_uploads(s3, a);
	} else if (c->op == S3_LIST_OBJECTS) {
		return take_objects(s3, a);
	} else if (c->op == S3_HEAD) {
		take_metadata(a);
	} else if (c->op == S3_GET) {
		take_stretch(a);
	} else if (c->op == S3_LIFECYCLE) {
		c->got = a->request.response;
		buf_init(&a->request.response, 0);
	} else if (c->op == S3_CREATE) {
		if (!take_upload_id(a)) {
			snprintf(a->trouble, sizeof(a->trouble), "200 without an upload id");
			s3_back_off(s3, a, 0);
			return false;
		}
	} else if ((c->op == S3_PUT || c->op == S3_PART) && (etag == NULL || etag[0] == '\0')) {
		/* Whoever has stored something names it; a page of some proxy's has a 200 too. */
		snprintf(a->trouble, sizeof(a->trouble), "200 without an etag");
		s3_back_off(s3, a, 0);
		return false;
	} else if (c->op == S3_PART) {
		c->part.etag = mem_strdup(etag);
		memcpy(c->part.sha256, a->sha256, SHA256_BYTES);
	}
	return true;
}

/* The bucket is elsewhere: true when the call goes there. Several calls can learn of the same move. */
static bool follow(struct s3 *s3, struct s3_attempt *a, const struct s3_answer *answer, bool redirect)
{
	const char *location = http_response_header(&a->request, "location");
	bool found = false;
	char *tail;

	if (a->moves >= MOVES_MAX)
		return false;
	if (answer->region[0] != '\0' && strcmp(answer->region, a->region) != 0) {
		found = strcmp(answer->region, s3->endpoint.region) == 0;
		if (s3_endpoint_set_region(&s3->endpoint, answer->region)) {
			log_event(MESSAGE_REGION_FOUND, LOG_FIELDS(LOG_TEXT("S3_BUCKET", s3->settings->s3_bucket)),
				  "bucket '%s' is in region '%s': going there (s3.region saves the detour)",
				  s3->settings->s3_bucket, answer->region);
			found = true;
		}
	}
	if (!found && redirect) {
		tail = s3_request_tail(a->call);
		found = (location != NULL && s3_place_from_url(&a->moved_to, &s3->endpoint, location, tail)) ||
			(answer->endpoint[0] != '\0' &&
			 s3_place_from_url(&a->moved_to, &s3->endpoint, answer->endpoint, tail));
		free(tail);
	}
	if (!found)
		return false;
	a->moves++;
	s3_again(s3, a);
	return true;
}

/* True when the clock that signed the request was off by more than the threshold, as the answer's Date says. */
static bool correct_clock(struct s3 *s3, const struct s3_attempt *a, const struct s3_answer *answer,
			  int64_t now_real_ms, int64_t threshold_ms)
{
	int64_t offset = answer->date_ms - now_real_ms;

	if (answer->date_ms == 0 || llabs(offset - a->offset_ms) <= threshold_ms)
		return false;
	if (llabs(offset - s3->counters.clock_offset_ms) > threshold_ms)
		log_event(MESSAGE_CLOCK_CORRECTED, LOG_FIELDS(LOG_NUMBER("SECONDS", -offset / 1000)),
			  "this clock is %" PRId64 " s off the store's: corrected for signing only, mend it",
			  -offset / 1000);
	s3->counters.clock_offset_ms = offset;
	return true;
}

/* What a person is told, for as long as it lasts. */
static void describe(struct s3_attempt *a, const struct s3_answer *answer)
{
	if (answer->code[0] != '\0')
		snprintf(a->trouble, sizeof(a->trouble), "%d %s", answer->status, answer->code);
	else
		snprintf(a->trouble, sizeof(a->trouble), "%d%s", answer->status,
			 answer->status < 300 ? " without a result" : "");
}

/* Results and passing errors; false: a person is needed. */
static bool act(struct s3 *s3, struct s3_attempt *a, const struct s3_answer *answer, enum s3_verdict verdict)
{
	const int64_t now_real = clock_real_ms();

	switch (verdict) {
	case VERDICT_EXISTS:
		if (!a->conditional)
			return false; /* it cannot be the answer to what was not asked */
		s3_done(s3, a, S3_EXISTS);
		return true;
	case VERDICT_GONE:
		s3_done(s3, a, S3_DONE);
		return true;
	case VERDICT_DEAD:
		error_set(&a->call->error, ERROR_REPLAY, answer->status, "%s: %s", a->trouble, answer->message);
		s3_done(s3, a, S3_UPLOAD_DEAD);
		return true;
	case VERDICT_RETRY:
		s3_back_off(s3, a, answer->retry_after_ms);
		return true;
	case VERDICT_REFRESH:
		refresh(s3);
		s3_back_off(s3, a, 0);
		return true;
	case VERDICT_SKEW:
		correct_clock(s3, a, answer, now_real, CERTAIN_SKEW_MS);
		s3_back_off(s3, a, 0);
		return true;
	case VERDICT_SIGNATURE:
		if (!correct_clock(s3, a, answer, now_real, POSSIBLE_SKEW_MS))
			return false;
		s3_back_off(s3, a, 0);
		return true;
	case VERDICT_UNCONDITIONAL:
		if (!a->conditional)
			return false;
		a->unconditional = true;
		s3_again(s3, a);
		return true;
	case VERDICT_MOVED:
	case VERDICT_PERSON:
		return false;
	}
	return false;
}

/* HEAD has no body to name a code in. */
static bool is_denial(const struct s3_answer *answer)
{
	return strcmp(answer->code, "AccessDenied") == 0 || (answer->status == 403 && answer->code[0] == '\0');
}

/* Only a person mends it: what to grant comes first, since S3's own words can be long. */
static void complain(struct s3 *s3, struct s3_attempt *a, const struct s3_answer *answer, const char *advice)
{
	const char *before = ": ";
	struct buf what;

	buf_init(&what, SIZE_MAX);
	buf_adds(&what, a->trouble);
	if (is_denial(answer)) {
		buf_adds(&what, before);
		s3_denied(a->call, s3->settings->s3_bucket, s3->endpoint.region, answer->message, &what);
		if (a->bucket_owner != NULL && a->bucket_owner[0] != '\0')
			buf_addf(&what, ", unless the bucket is not of account %s (s3.expected_bucket_owner)",
				 a->bucket_owner);
		before = "; S3 says: ";
	}
	if (answer->message[0] != '\0')
		buf_addf(&what, "%s%s", before, answer->message);
	fail(s3, a, ERROR_WAIT_PERSON, answer->status, buf_str(&what), advice);
	buf_free(&what);
}

static void judge(struct s3 *s3, struct s3_attempt *a)
{
	struct s3_answer answer;
	const struct s3_rule *rule;

	s3_answer_read(&a->request, clock_real_ms(), &answer);
	rule = s3_rule_for(a->call->op, answer.status, answer.code);
	describe(a, &answer);
	if (rule->verdict != VERDICT_EXISTS && rule->verdict != VERDICT_GONE)
		board_count_error(&s3->counters, a->trouble, clock_boot_ms());
	if (rule->verdict != VERDICT_RETRY) {
		s3->healthy = true;
		if (answer.status >= 300 && answer.status < 500 &&
		    follow(s3, a, &answer, rule->verdict == VERDICT_MOVED))
			return;
	}
	if (act(s3, a, &answer, rule->verdict))
		return;
	if (answer.status == 401 || answer.status == 403)
		refresh(s3);
	complain(s3, a, &answer, rule->advice);
}

/* A 200 can say in its body that it failed, a Complete's above all; some stores call its root a response. Lists and
 * Creates are read for what they have to hold. */
static bool is_success(const struct s3_attempt *a)
{
	const struct buf *b = &a->request.response;

	if (a->request.status < 200 || a->request.status >= 300)
		return false;
	if (a->call->op == S3_COMPLETE)
		return xml_is(b->data, b->len, "/CompleteMultipartUploadResult") ||
		       xml_is(b->data, b->len, "/CompleteMultipartUploadResponse");
	return (a->call->op != S3_PUT && a->call->op != S3_PART) || !xml_is(b->data, b->len, "/Error");
}

void s3_settle(struct s3 *s3, struct s3_attempt *a)
{
	const struct http_request *r = &a->request;
	bool success = is_success(a);

	a->call->attempts++;
	if (success || a->hopeful)
		s3->bytes_taken += (uint64_t)r->sent_bytes;
	if (r->status == 0) {
		board_count_error(&s3->counters, "no answer", clock_boot_ms());
		if (r->error.action != ERROR_RETRY) {
			fail(s3, a, r->error.action, r->error.code, r->error.text, NULL);
			return;
		}
		snprintf(a->trouble, sizeof(a->trouble), "%s", r->error.text);
		s3_back_off(s3, a, 0);
		return;
	}
	for (size_t i = 0; i < r->n_body; i++)
		s3->counters.bytes_sent += r->body[i].iov_len;
	if (a->call->op == S3_PUT || a->call->op == S3_PART)
		histogram_add(&s3->counters.latency, &histogram_seconds,
			      (double)(clock_boot_ms() - a->sent_boot_ms) / 1000);
	if (!success) {
		judge(s3, a);
		return;
	}
	s3->healthy = true;
	if (!take_result(s3, a))
		return;
	learn_unconditional(s3, a);
	s3_done(s3, a, S3_DONE);
}
