/* SPDX-License-Identifier: Apache-2.0 */
/* What a Kafka client says of its brokers, as librdkafka 2.0.2 and 2.8.0 word it, and the cause that is made of it. */
#include "kafka/cause.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define TRANSPORT RD_KAFKA_RESP_ERR__TRANSPORT
#define SSL RD_KAFKA_RESP_ERR__SSL
#define AUTHENTICATION RD_KAFKA_RESP_ERR__AUTHENTICATION

static void each_has_its_cause(void **state)
{
	static const struct {
		rd_kafka_resp_err_t err;
		const char *said, *cause;
	} cases[] = {
		{ TRANSPORT,
		  "k:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in state CONNECT)",
		  "nothing listens there" },
		{ RD_KAFKA_RESP_ERR__RESOLVE,
		  "k:9092/bootstrap: Failed to resolve 'k:9092': Name or service not known (after 4ms in state CONNECT)",
		  "no such host" },
		{ TRANSPORT,
		  "k:1/bootstrap: Disconnected while requesting ApiVersion: might be caused by incorrect "
		  "security.protocol configuration (connecting to a SSL listener?) or broker version is < 0.10",
		  "expects TLS" },
		{ SSL,
		  "ssl://k:1/bootstrap: SSL handshake failed: error:0A000126:SSL routines::unexpected eof while reading "
		  "(after 39ms in state SSL_HANDSHAKE)",
		  "speaks no TLS" },
		{ SSL,
		  "ssl://k:1/bootstrap: SSL handshake failed: Disconnected: connecting to a PLAINTEXT broker listener?",
		  "speaks no TLS" },
		{ SSL,
		  "ssl://k:1/bootstrap: SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: "
		  "broker certificate could not be verified, verify that ssl.ca.location is correctly configured",
		  "ssl.ca.location" },
		{ TRANSPORT,
		  "k:1/bootstrap: Disconnected: verify that security.protocol is correctly configured, broker might "
		  "require SASL authentication (after 29ms in state UP)",
		  "expects SASL" },
		{ AUTHENTICATION,
		  "sasl_ssl://k:1/bootstrap: SASL authentication error: Authentication failed: Invalid username or "
		  "password (after 408ms in state AUTH_REQ)",
		  "sasl.password" },
		{ AUTHENTICATION,
		  "sasl_plaintext://k:1/bootstrap: SASL SCRAM-SHA-512 mechanism handshake failed: Broker: Unsupported "
		  "SASL mechanism: broker's supported mechanisms: PLAIN",
		  "sasl.mechanism" },
		{ AUTHENTICATION,
		  "sasl_plaintext://k:1/bootstrap: SASL PLAIN mechanism handshake failed: Broker: Request not valid in "
		  "current SASL state: broker's supported mechanisms: ",
		  "takes no SASL" },
		{ TRANSPORT,
		  "k:1/bootstrap: ApiVersionRequest failed: Local: Timed out: probably due to broker version < 0.10 (see "
		  "api.version.request configuration) (after 10054ms in state APIVERSION_QUERY)",
		  "check the port" },
		{ RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
		  "Subscribed topic not available: t: Broker: Unknown topic or partition", "create it" },
		{ TRANSPORT, "k:1/bootstrap: Receive failed: Invalid response size 1347703880", "no Kafka broker" },
	};
	struct cause c;
	struct error e;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cause_clear(&c);
		cause_hear(&c, cases[i].err, cases[i].said);
		assert_int_equal(cause_explain(&c, "no broker", &e), -1);
		assert_int_equal(e.action, ERROR_WAIT_PERSON);
		assert_non_null(strstr(e.text, cases[i].said));
		if (strstr(e.text, cases[i].cause) == NULL)
			fail_msg("%s", e.text);
		assert_null(strstr(e.text, "advertised"));
	}
}

static void the_most_telling_is_kept(void **state)
{
	struct cause c;
	struct error e;

	(void)state;
	cause_clear(&c);
	cause_explain(&c, "no broker answers", &e);
	assert_string_equal(e.text, "no broker answers");
	cause_hear(&c, TRANSPORT, "k:1/bootstrap: Disconnected (after 1ms in state CONNECT)");
	cause_hear(&c, SSL, "ssl://k:1/bootstrap: SSL handshake failed: certificate verify failed");
	cause_hear(&c, TRANSPORT, "k:1/bootstrap: Disconnected (after 1ms in state CONNECT)");
	cause_hear(&c, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "1/1 brokers are down");
	cause_hear(&c, TRANSPORT, "k:1/bootstrap: what nobody has ever seen");
	cause_explain(&c, "no broker answers", &e);
	assert_non_null(strstr(e.text, "ssl.ca.location"));
	assert_non_null(strstr(e.text, "certificate verify failed"));
}

/* A cluster may be reached and name its brokers by what cannot be. */
static void advertised_names_are_told_apart(void **state)
{
	struct cause c;
	struct error e;

	(void)state;
	cause_clear(&c);
	cause_hear(&c, RD_KAFKA_RESP_ERR__RESOLVE,
		   "inner:9092/3: Failed to resolve 'inner:9092': Name or service not known");
	cause_explain(&c, "the log", &e);
	assert_non_null(strstr(e.text, "advertised.listeners"));
	assert_non_null(strstr(e.text, "no such host"));
	cause_clear(&c);
	cause_hear(&c, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
		   "FindCoordinator response error: Broker: Group authorization failed");
	cause_explain(&c, "the group", &e);
	assert_null(strstr(e.text, "advertised.listeners"));
	assert_non_null(strstr(e.text, "no right to the group"));
}

/* The client tells it once, and may do so before it is known that a broker answers. */
static void what_is_told_of_the_group_stays_when_a_broker_answers(void **state)
{
	struct cause c;
	struct error e;

	(void)state;
	cause_clear(&c);
	cause_hear(&c, TRANSPORT, "k:1/bootstrap: Connect to ipv6#[::1]:1 failed: Connection refused");
	cause_reached(&c);
	assert_string_equal(c.said, "");
	cause_hear(&c, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
		   "FindCoordinator response error: Broker: Group authorization failed");
	cause_reached(&c);
	cause_explain(&c, "the group", &e);
	assert_non_null(strstr(e.text, "no right to the group"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_its_cause),
		cmocka_unit_test(the_most_telling_is_kept),
		cmocka_unit_test(advertised_names_are_told_apart),
		cmocka_unit_test(what_is_told_of_the_group_stays_when_a_broker_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
