/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A job's record <-> the bytes in the state directory. The file itself is keep.c's business. */
#ifndef FDBROKER_KEPT_H
#define FDBROKER_KEPT_H

#include "jobs/record.h"

/* Return: 0 with bytes that the caller frees, or -ENOMEM. */
int kept_pack(const struct record *r, uint8_t **ret, size_t *ret_size);

/**
 * kept_unpack() - the other way
 * @ret: filled in on 0; record_done() ends it
 *
 * Return: 0, -EBADMSG (no record of ours), -ENOMEM.
 */
int kept_unpack(const uint8_t *data, size_t size, struct record *ret);

#endif
