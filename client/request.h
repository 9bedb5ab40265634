/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a request holds. How it is filled: request.c; how it is sent: restore.c. */
#ifndef FDBROKER_REQUEST_H
#define FDBROKER_REQUEST_H

#include <stdbool.h>

#include "client.h"

struct request_mapping {
	char *target; /* owned */
	char *lent;   /* owned */
	int number;   /* or -1 */
	bool reopen;
};

struct fdb_request {
	struct fdb_client *c;             /* borrowed; gets the errors */
	int images_dir;                   /* owned, or -1 */
	int work_dir;                     /* owned, or -1 */
	struct request_mapping *mappings; /* owned */
	size_t n_mappings, max_mappings;
	uint32_t deadline_ms; /* 0: the broker's default */
	enum fdb_gone gone;
	char **risks; /* owned, each of them too */
	size_t n_risks;
	uint8_t *opts; /* owned; criu_opts, encoded */
	size_t opts_size;
};

#endif
