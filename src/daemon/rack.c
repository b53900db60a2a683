/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/rack.h"

#include <string.h>

#include "aws/imds.h"
#include "base/log.h"

/* A daemon that starts at boot may be there before the network; without a zone it stays so until the next start. */
#define PATIENCE_MS 10000

const char *rack_find(const struct settings *s)
{
	const char *zone;
	struct error why;

	if (strcmp(s->kafka_rack, "auto") != 0)
		return s->kafka_rack;
	zone = imds_zone_id(PATIENCE_MS, &why);
	if (zone[0] != '\0')
		log_info("kafka.rack: this machine is in the zone %s", zone);
	else
		log_warning("kafka.rack = \"auto\" finds no zone, so brokers are not chosen by it: %s", why.text);
	return zone;
}
