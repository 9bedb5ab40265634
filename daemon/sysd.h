/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What systemd gives us and wants to hear. Without systemd everything here is a no-op. */
#ifndef FDBROKER_SYSD_H
#define FDBROKER_SYSD_H

/**
 * sysd_listen_fds() - descriptors that systemd has passed (sd_listen_fds(3))
 *
 * They are close-on-exec afterwards, and the environment no longer names them.
 *
 * Return: how many, from number SYSD_FIRST_FD on; 0: none; -errno.
 */
#define SYSD_FIRST_FD 3
int sysd_listen_fds(void);

/* Serving: READY=1 and a STATUS= line. */
void sysd_ready(const char *status);

/* Going down: STOPPING=1. */
void sysd_stopping(void);

#endif
