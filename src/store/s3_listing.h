/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_S3_LISTING_H
#define STORE_S3_LISTING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* One page of ListMultipartUploads. */
struct s3_page {
	bool more;
	char key_marker[3073]; /* where the next page begins: decoded, as it is to be sent */
	char upload_marker[1024];
};

/* Append "key\tupload id\n" for each upload to lines; keys with control characters are left out (none of ours has any).
 * -1: the document is no such page, or lines has no room for all of it. */
int s3_page_read(const void *data, size_t len, struct buf *lines, struct s3_page *page);

/* One page of ListObjectsV2: append "bytes\tmodified in ms\tkey\n" for each object to lines, and "0\t0\tfolder/\n" for
 * each common prefix; keys with control characters are left out. *next: where the next page begins, NULL when there is
 * none; the caller frees. -1: no such page, or no room for all of it. */
int s3_objects_read(const void *data, size_t len, struct buf *lines, char **next);

/* The first key of such lines; NULL: none. Owns: the caller frees. */
char *s3_listing_first(const char *lines);

#endif
