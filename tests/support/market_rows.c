/* SPDX-License-Identifier: Apache-2.0 */
/* The row generator of the benchmarks. */
#include "support/market_rows.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

#define ROW_MAX 400

static unsigned draw(uint64_t *seed, unsigned below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (unsigned)(*seed >> 33) % below;
}

static size_t row(char *out, enum market_style style, uint64_t *seed)
{
	static const char *const plain =
		"{\"Index\":\"%s\",\"Date\":\"%u-%02u-%02u\",\"Open\":%.6f,\"High\":%.6f,\"Low\":%.6f,"
		"\"Close\":%.6f,\"Adj Close\":%.6f,\"Volume\":%u,\"CloseUSD\":%.9f,"
		"\"Session\":\"regular\",\"Source\":\"%s\",\"Sequence\":%u}";
	static const char *const spaced =
		"{\"Index\": \"%s\", \"Date\": \"%u-%02u-%02u\", \"Open\": %.6f, \"High\": %.6f, "
		"\"Low\": %.6f, \"Close\": %.6f, \"Adj Close\": %.6f, \"Volume\": %u, "
		"\"CloseUSD\": %.9f, \"Session\": \"regular\", \"Source\": \"%s\", "
		"\"Sequence\": %u}";
	static const char *const indexes[] = { "NYA", "HSI", "GSPTSE", "N225", "000001.SS", "IXIC" };
	double open = 100 + draw(seed, 3000000) / 97.0;

	return (size_t)snprintf(out, ROW_MAX, style == MARKET_SPACED ? spaced : plain, indexes[draw(seed, 6)],
				1965 + draw(seed, 60), 1 + draw(seed, 12), 1 + draw(seed, 28), open, open * 1.013,
				open * 0.987, open * 1.004, open * 1.004, draw(seed, 3) == 0 ? 0 : draw(seed, 1U << 31),
				open * 0.13, style == MARKET_UNICODE ? "b\xc3\xb6rse" : "exchange",
				draw(seed, 1000000));
}

struct market_rows market_rows_make(size_t n, enum market_style style, uint64_t seed)
{
	struct market_rows rows = { mem_alloc(n * ROW_MAX), mem_array(n + 1, sizeof(size_t)), n };

	for (size_t i = 0; i < n; i++)
		rows.at[i + 1] = rows.at[i] + row(rows.text + rows.at[i], style, &seed);
	return rows;
}

void market_rows_free(struct market_rows *rows)
{
	free(rows->text);
	free(rows->at);
}
