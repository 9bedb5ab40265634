/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libfdbroker: the broker's settings.
 *
 * The rules for the whole library stand at the top of fdbroker.h, which includes this header.
 */
#ifndef FDBROKER_CONFIG_PUBLIC_H
#define FDBROKER_CONFIG_PUBLIC_H

#include "fdbroker.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the settings ------------------------------------------------------------------------- */

/** struct fdb_config - the settings that hold in a broker, as it told them */
struct fdb_config;

/**
 * fdb_config() - which settings hold now, and who has said so?
 * @wait_ms: longest wait for the answer, milliseconds; -1: no limit
 * @ret:     the settings, yours: fdb_config_free()
 *
 * For those who may restore as root: else -EPERM. There is fdb_start_config() for event loops.
 *
 * Return: 0, or -EPERM, -ENOTCONN, -ETIMEDOUT, -EPIPE, -ENOMEM, -EPROTO; -EOPNOTSUPP: the broker is
 *         older than this call.
 */
int fdb_config(struct fdb_client *c, int wait_ms, struct fdb_config **ret);
int fdb_start_config(struct fdb_client *c, uint64_t *ret_call);

/**
 * fdb_event_take_config() - the answer to fdb_start_config()
 *
 * Return: yours: fdb_config_free(); NULL: the event is none, or has been asked before.
 */
struct fdb_config *fdb_event_take_config(struct fdb_event *ev);

/** fdb_config_free() - end what was told; NULL is allowed. */
void fdb_config_free(struct fdb_config *config);

/*
 * What is in it: n settings, in the order of the broker's documents. Strings are borrowed until it is freed; as in
 * a configuration file. NULL: no such i.
 *
 *   section  "Limits" and the like
 *   key      "MaxSessions" and the like
 *   value    that holds
 *   origin   "FILE:LINE", or an option of the broker's command line; NULL: it is the default
 *   default  what would hold if nobody had said anything
 */
size_t fdb_config_n(const struct fdb_config *config);
const char *fdb_config_section(const struct fdb_config *config, size_t i);
const char *fdb_config_key(const struct fdb_config *config, size_t i);
const char *fdb_config_value(const struct fdb_config *config, size_t i);
const char *fdb_config_origin(const struct fdb_config *config, size_t i);
const char *fdb_config_default(const struct fdb_config *config, size_t i);

#ifdef __cplusplus
}
#endif

#endif
