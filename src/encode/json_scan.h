/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENCODE_JSON_SCAN_H
#define ENCODE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The strict, fast JSON scanner: one pass that checks that the input is exactly one RFC 8259 document in UTF-8
 * and copies it without the insignificant white space outside strings. Nothing else is changed.
 * Which records pass decides where they go: a change of verdict raises ROUTING_VERSION (design.md, Delivery). */

#define SCAN_MAX_DEPTH 1024

enum scan_verdict {
	SCAN_OBJECT,   /* a document whose top level is an object */
	SCAN_OTHER,    /* a document of another type: array, string, number, true, false, null */
	SCAN_EMPTY,    /* nothing but white space */
	SCAN_SYNTAX,   /* not a JSON document, or more than one */
	SCAN_UTF8,     /* not UTF-8, a byte order mark included */
	SCAN_DEPTH,    /* nested deeper than SCAN_MAX_DEPTH */
	SCAN_RESERVED, /* a top-level key that a metadata column wants (only if asked for) */
};

struct json_scanned {
	enum scan_verdict verdict;
	size_t len;        /* bytes written to out; 0 unless OBJECT or OTHER */
	bool empty_object; /* OBJECT without members: what is appended needs no comma */
};

/* Scan in[0..len) into out, which holds at least len bytes and does not overlap. reserved: bits of
 * enum metadata_column whose names no top-level key may have (compared without case, after unescaping); 0 costs
 * nothing.
 * Thread: any; pure. Source: RFC 8259; RFC 3629. */
struct json_scanned json_scan(const uint8_t *in, size_t len, unsigned reserved, uint8_t *out);

/* For dead letters and errors: "not a JSON document", … */
const char *json_verdict_text(enum scan_verdict v);

#endif
