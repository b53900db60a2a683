/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_XML_H
#define BASE_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* A reader for the XML that AWS answers: each element as it ends, with its path and its decoded text. Attributes,
 * comments and processing instructions are passed over, namespace prefixes dropped, a DOCTYPE is refused. */

#define XML_PATH_MAX 256
#define XML_TEXT_MAX 16384

struct xml {
	const char *at, *end;
	char path[XML_PATH_MAX]; /* "/Error/Code" */
	size_t path_len;
	struct buf text;
	bool ended; /* the element in path has ended: its last name goes at the next step */
	bool seen_root;
};

void xml_open(struct xml *x, const void *data, size_t len);
void xml_close(struct xml *x);

/* 1: the element x->path has ended, x->text is its own text; 0: the document is whole; -1: it is not well-formed. */
int xml_next(struct xml *x);

/* Text of the first element at exactly this path, into out as a C string that fits or is cut. False: none. */
bool xml_find(const void *data, size_t len, const char *path, char *out, size_t size);

/* True when the document is well-formed to its end and this is its root ("/Error"). */
bool xml_is(const void *data, size_t len, const char *root);

#endif
