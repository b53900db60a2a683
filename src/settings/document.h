/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_DOCUMENT_H
#define SETTINGS_DOCUMENT_H

#include <stdio.h>

/* What people read about the settings, made from the table: tools/settings-doc writes both into the tree, and a test
 * fails when they differ from it. Pure. */

/* etc/kafka2s3.conf: every setting with its help and its default. */
void document_sample(FILE *out);

/* The settings part of kafka2s3.conf(5), in mdoc. */
void document_man(FILE *out);

#endif
