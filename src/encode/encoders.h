/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENCODE_ENCODERS_H
#define ENCODE_ENCODERS_H

#include "encode/encoder.h"

/* The tables behind encoder_find(). */
extern const struct encoder_ops encoder_json;

/* The most bytes that dead_letter_encode can append for this record, whatever the reason. */
size_t dead_letter_bound(const struct topic_settings *t, const struct record_source *source, const struct record *r);

#endif
