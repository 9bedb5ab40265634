/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libsystemd, but for the journal (log.c). See sysd.h. */
#include "sysd.h"

#include <stdint.h>
#include <systemd/sd-daemon.h>
#include <time.h>

_Static_assert(SYSD_FIRST_FD == SD_LISTEN_FDS_START, "sd_listen_fds(3)");

int sysd_listen_fds(void)
{
	return sd_listen_fds(1);
}

void sysd_ready(const char *status)
{
	(void)sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void sysd_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1");
}

void sysd_reloading(void)
{
	struct timespec now;

	/* CLOCK_MONOTONIC, as sd_notify(3) has it for Type=notify-reload. */
	clock_gettime(CLOCK_MONOTONIC, &now);
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
		(unsigned long long)now.tv_sec * 1000000 + (unsigned long long)now.tv_nsec / 1000);
}

uint64_t sysd_watchdog_us(void)
{
	uint64_t us = 0;

	return sd_watchdog_enabled(1, &us) > 0 ? us : 0;
}

void sysd_alive(void)
{
	(void)sd_notify(0, "WATCHDOG=1");
}
