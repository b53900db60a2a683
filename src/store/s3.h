/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_S3_H
#define STORE_S3_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "aws/credentials.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/sha256.h"
#include "board/board.h"
#include "http/http.h"
#include "settings/settings.h"

/* S3 calls over http: builds the request, signs each attempt anew, retries what passes by itself (full jitter), follows
 * the bucket's region, corrects the signing clock from Date, fetches credentials again when they are expired.
 * Knows nothing of Kafka, ranges or records. Thread: the one that made it, except s3_wakeup. */

enum s3_op {
	S3_PUT,          /* PutObject, If-None-Match: * */
	S3_CREATE,       /* CreateMultipartUpload */
	S3_PART,         /* UploadPart */
	S3_COMPLETE,     /* CompleteMultipartUpload, If-None-Match: * */
	S3_ABORT,        /* AbortMultipartUpload; NoSuchUpload counts as done */
	S3_LIST_UPLOADS, /* ListMultipartUploads under a prefix, one page a call */
	S3_LIST_OBJECTS, /* ListObjectsV2 under a prefix, one page a call */
	S3_HEAD,         /* HeadObject */
	S3_GET,          /* GetObject, a stretch of it */
	S3_DELETE,       /* DeleteObject */
	S3_LIFECYCLE,    /* GetBucketLifecycleConfiguration, the document as it comes */
};

struct s3_part {
	char *etag; /* as S3 gave it, quotes included; the call of the part allocates, its owner frees */
	uint8_t sha256[SHA256_BYTES];
};

struct s3_metadata {
	const char *name;  /* without "x-amz-meta-", lower case */
	const char *value; /* printable ASCII */
};

enum s3_result {
	S3_DONE,
	S3_EXISTS,      /* 412: the key is there already: published by an earlier attempt (protocol.md S1) */
	S3_UPLOAD_DEAD, /* 409 on Complete, or NoSuchUpload on part or Complete: park and replay */
	S3_STALE,       /* not sent: not_after_boot_ms had passed when it was about to be signed (protocol.md H15) */
	S3_FAILED, /* error.action is WAIT_PERSON or GIVE_UP; passing errors never come out, they are retried inside */
};

/* One call. The caller fills in the upper part and keeps it alive until it is taken from s3_next_done. */
struct s3_call {
	enum s3_op op;
	const char *key;          /* of the object; of LIST_UPLOADS and LIST_OBJECTS: the prefix */
	const char *upload_id;    /* PART, COMPLETE, ABORT */
	int part_number;          /* PART: from 1 */
	const struct iovec *body; /* PUT, PART; hashed once, whatever the number of attempts */
	size_t n_body;
	const struct s3_part *parts; /* COMPLETE: all of them in order */
	size_t n_parts;
	const char *content_type;           /* PUT, CREATE */
	const struct topic_settings *topic; /* storage class, encryption: PUT, CREATE */
	const struct s3_metadata *metadata; /* PUT, CREATE */
	size_t n_metadata;
	const char *bucket_owner;  /* NULL: as s3.expected_bucket_owner says; "": whoever's it is */
	int64_t not_after_boot_ms; /* PUT, COMPLETE: INT64_MAX for no limit */
	const char *page;          /* LIST_UPLOADS, LIST_OBJECTS: NULL, or what the page before gave as next_page */
	int max_keys;              /* LIST_OBJECTS: a page; 0: what the store thinks right */
	bool folders;              /* LIST_OBJECTS: not what lies below a further "/", but "0\t0\tfolder/\n" for it */
	int64_t first_byte;        /* GET: this many bytes from here */
	int64_t n_bytes;           /* at least 1 */
	void *user;

	/* Result. */
	enum s3_result result;
	struct error error;
	char *new_upload_id; /* CREATE; the caller frees */
	struct s3_part part; /* PART; the caller frees part.etag */
	/* LIST_UPLOADS: lines "key\tupload id\n"; LIST_OBJECTS: lines "bytes\tmodified in ms\tkey\n"; HEAD: lines
	 * "name\tvalue\n" of the user metadata; the caller frees */
	char *listed;
	char *next_page; /* LIST_UPLOADS, LIST_OBJECTS: NULL after the last page; the caller frees */
	struct buf got;  /* GET: fewer bytes than asked for when the object ends before; LIFECYCLE; the caller frees */
	int attempts;

	struct s3_attempt *attempt; /* s3's own */
};

/* settings must outlive it. Owns: takes the provider, or the hold. Errors: bad endpoint, CA file. */
struct s3 *s3_new(const struct settings *settings, struct credential_provider *provider, int connections,
		  struct error *e);
/* From the next attempts on, of these settings: connections and bandwidth; what else they say is what the first ones
 * said, which stay in use. */
void s3_reload(struct s3 *s3, const struct settings *settings, int connections);
void s3_free(struct s3 *s3); /* cancels what is in flight without results */

void s3_start(struct s3 *s3, struct s3_call *c, int64_t now_boot_ms);
void s3_cancel(struct s3 *s3, struct s3_call *c); /* no result comes; fine when done already but not yet taken */

/* Drive transfers and retries until a call is done, timeout_ms has passed, or s3_wakeup. */
void s3_wait(struct s3 *s3, int timeout_ms);
struct s3_call *s3_next_done(struct s3 *s3);
void s3_wakeup(struct s3 *s3); /* Thread: any */

/* What passing trouble is being retried right now: NULL, or a text such as "503 SlowDown, 14 attempts" for status. */
const char *s3_trouble(const struct s3 *s3);
/* Has a call failed so often that it is no passing trouble any more? */
bool s3_is_stuck(const struct s3 *s3);
/* Is it that no source of credentials has any? */
bool s3_lacks_credentials(const struct s3 *s3);
/* What requests are signed for now; valid until the next call of anything here. */
const char *s3_region(const struct s3 *s3);
/* Counters, and what else there is to tell; valid until the next call of anything here. */
const struct board_s3 *s3_counters(const struct s3 *s3);
/* Of bodies, as they leave: what was well received, and what is under way as the first attempt of a call that began
 * while the store answered well. What a store refuses again and again does not make it grow. */
uint64_t s3_bytes_taken(const struct s3 *s3);

#endif
