/* SPDX-License-Identifier: Apache-2.0 */
/* What the consumer's client gets that no setting names as it is. */
#include "kafka/handle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "settings/scratch.h"

#define TEXT "kafka = { topics = [ \"t\" ]; group = \"g\"; }; s3 = { bucket = \"lake\"; };"

static void assert_rack(const struct settings *s, const char *rack)
{
	char value[64] = "?";
	size_t size = sizeof(value);
	struct error e;
	rd_kafka_t *rk = handle_open(s, rack, NULL, &e);

	assert_non_null(rk);
	if (rd_kafka_conf_get(rd_kafka_conf(rk), "client.rack", value, &size) != RD_KAFKA_CONF_OK)
		value[0] = '\0';
	assert_string_equal(value, rack);
	handle_close(rk);
}

static void the_rack_is_the_client_s(void **state)
{
	struct settings *s = scratch_load(TEXT);

	(void)state;
	assert_rack(s, "");
	assert_rack(s, "euw1-az2");
	settings_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_rack_is_the_client_s) };

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
