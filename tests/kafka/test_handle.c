/* SPDX-License-Identifier: Apache-2.0 */
/* What the consumer's client gets that no setting names as it is. */
#include "kafka/handle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* What a library's own handler may be: the client's threads do not survive it. */
static void take_away(void)
{
	_exit(1);
}

static void a_client_that_is_left_keeps_what_it_uses(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		atexit(take_away);
		handle_leave();
		exit(7);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rack_is_the_client_s),
		cmocka_unit_test(a_client_that_is_left_keeps_what_it_uses),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
