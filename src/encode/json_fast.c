/* SPDX-License-Identifier: Apache-2.0 */
/* The quick way through plain rows, on the baseline of the machine: SSE2 or NEON; elsewhere there is none. */
#include "encode/json_fast.h"

#include "encode/json_fast_avx2.h"

#if defined(__x86_64__) || defined(__aarch64__)

#include "encode/json_fast_kernel.h"

bool json_fast_accept(const uint8_t *in, size_t len, bool plain_keys, uint8_t *out)
{
	if (len < 2 || in[0] != '{')
		return false;
#if defined(__x86_64__)
	if (json_fast_avx2_usable())
		return json_fast_avx2_accept(in, len, plain_keys, out);
#endif
	return plain_keys ? fast_document(in, len, true, out) : fast_document(in, len, false, out);
}

#else

bool json_fast_accept(const uint8_t *in, size_t len, bool plain_keys, uint8_t *out)
{
	(void)in, (void)len, (void)plain_keys, (void)out;
	return false;
}

#endif
