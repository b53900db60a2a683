/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens as AWS's own signer makes them (vectors.h), and the region that brokers' names have in them. */
#include "aws/msk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vectors.h"

static void as_aws_makes_them(void **state)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

	(void)state;
	assert_true(sizeof(tokens) / sizeof(tokens[0]) >= 20);
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		const struct token *v = &tokens[i];
		struct credentials c = { .access_key_id = (char *)v->access_key_id,
					 .secret_access_key = (char *)v->secret_access_key,
					 .session_token = (char *)v->session_token,
					 .expires_ms = INT64_MAX };
		struct buf out;

		buf_init(&out, 1 << 16);
		msk_token(v->region, &c, v->time_ms, &out);
		assert_memory_equal(buf_str(&out), v->begins, strlen(v->begins));
		assert_int_equal(strspn(buf_str(&out), alphabet), out.len);
		assert_int_equal(msk_token_expires_ms(&c, v->time_ms), v->expires_ms);
		buf_free(&out);
	}
}

static void no_longer_than_its_credentials(void **state)
{
	const int64_t now = 1767323045678;
	struct credentials c = { .expires_ms = now + 60000 };

	(void)state;
	assert_int_equal(msk_token_expires_ms(&c, now), now + 60000);
	c.expires_ms = now + 3600000;
	assert_int_equal(msk_token_expires_ms(&c, now), 1767323045000 + 900000);
}

static void regions_of_brokers(void **state)
{
	static const struct {
		const char *brokers, *region; /* NULL: none */
	} all[] = {
		{ "b-1.demo.abc123.c2.kafka.us-east-1.amazonaws.com:9098", "us-east-1" },
		{ "localhost:9092,SASL_SSL://b-2.x.abc.c2.kafka.eu-central-1.amazonaws.com:9098", "eu-central-1" },
		{ "boot-abcd.c1.kafka-serverless.ap-southeast-4.amazonaws.com:9098", "ap-southeast-4" },
		{ "b-1.kafka.abc123.c2.kafka.cn-north-1.amazonaws.com.cn:9098", "cn-north-1" },
		{ "kafka.us-west-2.amazonaws.com:9098", NULL }, /* the service's own address is no broker */
		{ "b-1.demo.kafka..amazonaws.com:9098", NULL },
		{ "b-1.demo.mykafka.us-east-1.amazonaws.com:9098", NULL },
		{ "b-1.demo.kafka.us-east-1.example.com:9098", NULL },
		{ ".amazonaws.com:9098", NULL },
		{ "broker.internal:9098", NULL },
		{ "", NULL },
	};
	char region[MSK_REGION_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		assert_int_equal(msk_region_of(all[i].brokers, region), all[i].region != NULL);
		if (all[i].region != NULL)
			assert_string_equal(region, all[i].region);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_aws_makes_them),
		cmocka_unit_test(no_longer_than_its_credentials),
		cmocka_unit_test(regions_of_brokers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
