/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_LISTEN_H
#define SETTINGS_LISTEN_H

#include "base/error.h"

/* Where something listens: "127.0.0.1:9464", "[::1]:9464", ":9464" (everywhere), "unix:/run/kafka2s3/x.sock" or the
 * bare path. Pure. */
struct listen_place {
	const char *path; /* of a Unix socket, inside the value; NULL: TCP */
	char host[64];    /* an address; "": everywhere */
	char port[8];
};

/* -1: it is none of these; the text says only what is wrong. */
int listen_parse(const char *value, struct listen_place *out, struct error *e);
/* The check of a setting's value. */
int check_listen(const char *value, struct error *e);
/* As above, or "auto". */
int check_socket(const char *value, struct error *e);

#endif
