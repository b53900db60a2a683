/* SPDX-License-Identifier: Apache-2.0 */
/* The same kernel as json_fast.c with wider registers; the processor is asked at run time. */
#include "encode/json_fast_avx2.h"

#if defined(__x86_64__)

#define JSON_FAST_AVX2
#include "encode/json_fast_kernel.h"

bool json_fast_avx2_usable(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("pclmul");
}

FAST_TARGET bool json_fast_avx2_accept(const uint8_t *in, size_t len, bool plain_keys, uint8_t *out)
{
	return plain_keys ? fast_document(in, len, true, out) : fast_document(in, len, false, out);
}

#endif
