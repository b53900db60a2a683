/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_S3_ENDPOINT_H
#define STORE_S3_ENDPOINT_H

#include <stdbool.h>

#include "aws/region_name.h"
#include "base/error.h"
#include "settings/settings.h"

/* Where the bucket is: scheme, host and path of its root, for AWS by region, for a VPC endpoint, or for a store of
 * one's own. Virtual-host style, except with path_style, a bucket with dots (no TLS wildcard covers it), and a store of
 * one's own whose host is an address or a name without a dot. An access point that is named by its ARN has a host of
 * its own, and its region. Source: aws.md 5.1; AWS PrivateLink for S3, "accessing buckets and S3 access points". */

struct s3_place {
	char *origin; /* "https://bucket.s3.eu-west-1.amazonaws.com", without a slash at its end */
	char *host;   /* what the Host header says: host, and port when it is not the scheme's own */
	char *root;   /* encoded path of the bucket: "" or "/bucket" */
};

struct s3_endpoint {
	char *bucket;        /* as it stands in host or path; of an ARN the access point's NAME-ACCOUNT */
	char *custom_origin; /* NULL: AWS */
	char *custom_base;   /* path of the endpoint, "" mostly */
	bool path_style, dualstack, fips;
	bool is_access_point; /* by its ARN */
	char region[REGION_MAX];
	struct s3_place place;
};

/* fallback_region: "" or what the environment says, used when neither s3.region nor the name of an endpoint of AWS says
 * one; without any us-east-1, until an answer names the right one. Errors: GIVE_UP, what is wrong with s3.endpoint or
 * s3.region. */
int s3_endpoint_init(struct s3_endpoint *ep, const struct settings *s, const char *fallback_region, struct error *e);
void s3_endpoint_free(struct s3_endpoint *ep);

/* Go to another region; false when it is the same, no region's name, or an access point's, which is never moved. */
bool s3_endpoint_set_region(struct s3_endpoint *ep, const char *region);

/* A place for one redirected request: from Location (a URL whose path ends in path_tail: what comes before it becomes
 * the root) or from a bare host name. False: not http(s), not a URL's characters, or it would leave TLS. */
bool s3_place_from_url(struct s3_place *p, const struct s3_endpoint *ep, const char *url, const char *path_tail);
void s3_place_free(struct s3_place *p);

#endif
