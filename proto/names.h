/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules for names of lent descriptors, for both sides of the protocol. */
#ifndef FDBROKER_NAMES_H
#define FDBROKER_NAMES_H

/* Bytes of a name, without the final zero: as long as systemd's descriptor store allows. */
#define NAME_MAX_BYTES 255

/**
 * names_fault() - what is wrong with a name
 *
 * The rules of LISTEN_FDNAMES (sd_listen_fds(3)): ASCII without control characters and without ':'.
 * Unlike there, a name may not be empty.
 *
 * Return: NULL if the name is good, else a static text: "is empty", "is longer than 255 bytes", ...
 */
const char *names_fault(const char *name);

#endif
