/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits that tests go up to: the defaults of daemon/config/config_table.c. A test fails if they are not these. */
#ifndef FDBROKER_E2E_DEFAULTS_H
#define FDBROKER_E2E_DEFAULTS_H

#define DEFAULT_USER_SESSIONS   512
#define DEFAULT_USER_LENT       16384
#define DEFAULT_USER_JOBS       256
#define DEFAULT_USER_KEPT       512
#define DEFAULT_USER_LOG_BYTES  (128 * 1024 * 1024)
#define DEFAULT_MAX_LENT        8192
#define DEFAULT_MAX_QUEUE_BYTES (4 * 1024 * 1024)
#define DEFAULT_MAX_WAITING     256
#define DEFAULT_JOB_LOG_BYTES   (4 * 1024 * 1024)

#endif
