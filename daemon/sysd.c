/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The only place that calls libsystemd. See sysd.h. */
#include "sysd.h"

#include <systemd/sd-daemon.h>

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
