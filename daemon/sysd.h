/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What systemd gives us and wants to hear. Without systemd everything here is a no-op. */
#ifndef FDBROKER_SYSD_H
#define FDBROKER_SYSD_H

#include <stdint.h>

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

/* Reading the configuration anew: RELOADING=1. sysd_ready() says that it is done. */
void sysd_reloading(void);

/*
 * Microseconds within which sysd_alive() must be called again and again (WatchdogSec=); 0: nobody waits.
 * Called once: the environment no longer says it afterwards.
 */
uint64_t sysd_watchdog_us(void);
void sysd_alive(void);

#endif
