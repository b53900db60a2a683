/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENCODE_CODECS_H
#define ENCODE_CODECS_H

#include "encode/codec.h"

/* The tables behind codec_find(). */
extern const struct codec_ops codec_none;
extern const struct codec_ops codec_gzip;
extern const struct codec_ops codec_zstd;

#endif
