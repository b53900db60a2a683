/* SPDX-License-Identifier: Apache-2.0 */
/* The table of what a Kafka client says when it cannot reach a broker. Order matters: a cause before what it brings
 * about, since a failed handshake is told as a lost connection too. Pure. */
#include "kafka/cause.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define NO_TLS \
	"the broker speaks no TLS on that port: take SSL out of security.protocol in kafka.options, or use its TLS port"
#define NOT_TRUSTED                                                                                        \
	"the broker's certificate is not of an authority that is trusted here, or not for this name: set " \
	"ssl.ca.location in kafka.options to its CA, and use a name that stands in it"
#define NOT_BELIEVED                                                                                      \
	"the broker refuses the client's certificate, which is over or of an authority that it does not " \
	"trust: check ssl.certificate.location and ssl.key.location in kafka.options"
#define NO_HOST "no such host: check the name, and the DNS of this machine"

/* For clients before this version: their last message has a nonce too much (issue 4895). */
static const char old_scram[] = "mechanism SCRAM-";
#define SCRAM_WITH_KAFKA_4 0x020601ff

static const struct row {
	rd_kafka_resp_err_t err; /* NO_ERROR: any */
	const char *said;        /* must stand in the text */
	const char *meaning;
} table[] = {
	{ RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, "", "this client has no right to the group" },
	{ RD_KAFKA_RESP_ERR__AUTHENTICATION, "not valid in current SASL state",
	  "the broker takes no SASL on that port: take it out of security.protocol in kafka.options, or use another" },
	{ RD_KAFKA_RESP_ERR__AUTHENTICATION, "Unsupported SASL mechanism",
	  "the broker does not know this mechanism: set sasl.mechanism in kafka.options to one that it names" },
	{ RD_KAFKA_RESP_ERR__AUTHENTICATION, "Failed to acquire SASL OAUTHBEARER token",
	  "there is nothing to sign the token of kafka.auth with: mend that; it is tried again by itself" },
	{ RD_KAFKA_RESP_ERR__AUTHENTICATION, "Access denied",
	  "IAM does not let these credentials in: they need kafka-cluster:Connect on the cluster (kafka2s3 iam-policy "
	  "prints all that is needed), and its region in the names of kafka.brokers or in s3.region" },
	{ RD_KAFKA_RESP_ERR__AUTHENTICATION, old_scram,
	  "the broker refuses this login: check user and password in kafka.options (sasl.username, sasl.password); if "
	  "they are right: Kafka 4 refuses all SCRAM of a librdkafka before 2.6.1, as it is here; Debian 13 has a "
	  "newer one" },
	{ RD_KAFKA_RESP_ERR__AUTHENTICATION, "",
	  "the broker refuses this login: check user and password in kafka.options (sasl.username, sasl.password)" },
	{ 0, "certificate verify failed", NOT_TRUSTED },
	{ 0, "could not be verified", NOT_TRUSTED },
	{ 0, "mismatch", NOT_TRUSTED },
	{ 0, "certificate required",
	  "the broker wants a certificate of the client: set ssl.certificate.location and ssl.key.location in "
	  "kafka.options" },
	{ 0, "bad certificate", NOT_BELIEVED },
	{ 0, "certificate unknown", NOT_BELIEVED },
	{ 0, "certificate expired", NOT_BELIEVED },
	{ 0, "alert unknown ca", NOT_BELIEVED },
	{ 0, "PLAINTEXT broker listener", NO_TLS },
	{ 0, "wrong version number", NO_TLS },
	{ RD_KAFKA_RESP_ERR__SSL, "unexpected eof", NO_TLS },
	{ 0, "SSL listener",
	  "the broker expects TLS on that port: set security.protocol=SSL (or SASL_SSL) in kafka.options" },
	{ RD_KAFKA_RESP_ERR__SSL, "", "the TLS handshake fails: check the ssl properties of kafka.options" },
	{ RD_KAFKA_RESP_ERR__RESOLVE, "", NO_HOST },
	{ 0, "Failed to resolve", NO_HOST },
	{ 0, "Invalid response size", "what answers there is no Kafka broker: check the port" },
	{ 0, "might require SASL",
	  "the broker expects SASL on that port: set security.protocol and sasl.mechanism in kafka.options" },
	{ RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "Subscribed topic not available",
	  "create it, or write kafka.topics as it is spelt there" },
	{ 0, "Connection refused", "nothing listens there: check host and port, and whether the broker runs" },
	{ 0, "unreachable", "there is no route: check the address, and the network of this machine" },
	{ 0, "ApiVersionRequest failed: Local: Timed out",
	  "what listens there does not answer as a Kafka broker does: check the port" },
	{ 0, "timed out",
	  "nothing answers there: check the address, and what a firewall or security group lets through" },
	{ 0, "isconnected",
	  "what listens there ends the connection: check the port, and security.protocol in kafka.options" },
};

#define N_ROWS ((int)(sizeof(table) / sizeof(table[0])))

void cause_clear(struct cause *c)
{
	*c = (struct cause){ .rank = N_ROWS };
}

static bool fits(const struct row *r, rd_kafka_resp_err_t err, const char *said)
{
	return (r->err == 0 || r->err == err) && strcasestr(said, r->said) != NULL &&
	       (r->said != old_scram || rd_kafka_version() < SCRAM_WITH_KAFKA_4);
}

static int rank_of(rd_kafka_resp_err_t err, const char *said)
{
	int rank = 0;

	while (rank < N_ROWS && !fits(&table[rank], err, said))
		rank++;
	return rank;
}

const char *cause_meaning(rd_kafka_resp_err_t err, const char *said)
{
	int rank = rank_of(err, said);

	return rank < N_ROWS ? table[rank].meaning : NULL;
}

void cause_reached(struct cause *c)
{
	if (c->rank == N_ROWS || table[c->rank].err != RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
		cause_clear(c);
}

void cause_hear(struct cause *c, rd_kafka_resp_err_t err, const char *said)
{
	int rank = rank_of(err, said);

	if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || rank > c->rank)
		return;
	c->rank = rank;
	snprintf(c->said, sizeof(c->said), "%s", said);
}

/* The client names a broker that it was given as "host:port/bootstrap", one that the cluster named as "host:port/7". */
static bool is_advertised(const char *said)
{
	const char *slash = strchr(said, ' ');

	while (slash != NULL && slash > said && *slash != '/')
		slash--;
	return slash != NULL && slash > said && strspn(slash + 1, "0123456789") > 0 &&
	       slash[1 + strspn(slash + 1, "0123456789")] == ':';
}

int cause_explain(const struct cause *c, const char *what, struct error *e)
{
	const char *meaning = c->rank < N_ROWS ? table[c->rank].meaning : NULL;
	bool advertised = is_advertised(c->said);

	return error_set(e, ERROR_WAIT_PERSON, 0, "%s%s%s%s%s%s%s", what, meaning != NULL ? ": " : "",
			 advertised ? "the cluster names its brokers by advertised.listeners, and there: " : "",
			 meaning != NULL ? meaning : "", c->said[0] != '\0' ? " (the client says: " : "", c->said,
			 c->said[0] != '\0' ? ")" : "");
}
