/* SPDX-License-Identifier: Apache-2.0 */
/* The token of Amazon MSK's IAM authentication: a link to kafka-cluster:Connect that is signed in its query, behind it
 * an agent's name that is not signed, all of it in the alphabet of base64 that URLs have. Pure.
 * Whatever held a token or a part of one is overwritten before it is freed. */
#include "aws/msk.h"

#include <stdlib.h>
#include <string.h>

#include "aws/sigv4.h"
#include "base/mem.h"
#include "base/text.h"

#define SERVICE "kafka-cluster"
#define QUERY "Action=kafka-cluster%3AConnect"
#define AGENT "&User-Agent=kafka2s3%2F" KAFKA2S3_VERSION
#define NO_PAYLOAD "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void add_base64url(const struct buf *link, struct buf *out)
{
	char *text = mem_alloc(text_base64_size(link->len));
	size_t len = text_base64(link->data, link->len, text);

	for (size_t i = 0; i < len; i++)
		text[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
	buf_add(out, text, strcspn(text, "="));
	explicit_bzero(text, len);
	free(text);
}

void msk_token(const char *region, const struct credentials *c, int64_t now_real_ms, struct buf *out)
{
	char *host = mem_printf("kafka.%s.amazonaws.com", region);
	const struct sigv4_header headers[] = { { "host", host } };
	const struct sigv4_request r = { "GET", "/", QUERY, headers, 1, NO_PAYLOAD };
	const struct sigv4_scope scope = { region, SERVICE, now_real_ms };
	struct buf link;

	buf_init_secret(&link, SIZE_MAX);
	buf_addf(&link, "https://%s/?", host);
	sigv4_presign(&r, &scope, c, MSK_TOKEN_LIFETIME_S, &link);
	buf_adds(&link, AGENT);
	add_base64url(&link, out);
	buf_free(&link);
	free(host);
}

int64_t msk_token_expires_ms(const struct credentials *c, int64_t now_real_ms)
{
	/* What is signed is a whole second. */
	int64_t expires = now_real_ms / 1000 * 1000 + MSK_TOKEN_LIFETIME_S * 1000;

	return c->expires_ms < expires ? c->expires_ms : expires;
}

static bool ends_in(const char *host, size_t len, const char *word)
{
	size_t n = strlen(word);

	return len >= n && memcmp(host + len - n, word, n) == 0;
}

/* ….kafka.REGION.amazonaws.com, with more behind it in some partitions of AWS. */
static bool region_of_host(const char *host, size_t len, char region[MSK_REGION_MAX])
{
	const char *end = memmem(host, len, ".amazonaws.", strlen(".amazonaws."));
	const char *dot = end != NULL ? memrchr(host, '.', (size_t)(end - host)) : NULL;
	size_t before = dot != NULL ? (size_t)(dot - host) : 0;
	size_t n = dot != NULL ? (size_t)(end - dot) - 1 : 0;

	if (n == 0 || n >= MSK_REGION_MAX ||
	    (!ends_in(host, before, ".kafka") && !ends_in(host, before, ".kafka-serverless")))
		return false;
	memcpy(region, dot + 1, n);
	region[n] = '\0';
	return true;
}

bool msk_region_of(const char *brokers, char region[MSK_REGION_MAX])
{
	while (*brokers != '\0') {
		size_t len = strcspn(brokers, ",");

		if (region_of_host(brokers, len, region))
			return true;
		brokers += len + (brokers[len] == ',');
	}
	return false;
}
