/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_JSON_ORACLE_H
#define SUPPORT_JSON_ORACLE_H

#include <stddef.h>
#include <stdint.h>

/* Hold json_scan against jansson and against itself on one input. Where jansson differs by design it is told so:
 * - escapes of lone surrogates and of U+0000 are the grammar's, and jansson refuses them: it sees \u0041 in their
 * place;
 * - numbers beyond a double ("1e999") are the grammar's, and jansson refuses them: its verdict is set aside;
 * - json_scan stops at 1024 levels, jansson at 2048: what one refuses for its depth, the other may take;
 * - a raw NUL is nowhere JSON, but jansson loses one that follows a number: it must be refused, and jansson is not
 * asked;
 * - duplicate keys are allowed by both, as no flag says otherwise.
 * Returns NULL when all agree, else what does not (a static string).
 * Also held: what is accepted comes out as the input without white space outside strings (removed by other code), means
 * the same to jansson, is a fixed point, and fares alike with a space before it (which rules the quick way out), and by
 * the baseline's kernel. */
const char *json_oracle(const uint8_t *in, size_t len);

#endif
