/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What systemd gives, and what it is told. See sysd.h. */
#include "service/sysd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "service/datagram.h"

#define NAME "job-" /* of a kept descriptor, and the number of its job */

/* Return: the job of a kept descriptor's name; 0: it is none. */
static uint64_t job_of(const char *name)
{
	char *end;
	uint64_t job;

	if (strncmp(name, NAME, strlen(NAME)) != 0)
		return 0;
	errno = 0;
	job = strtoull(name + strlen(NAME), &end, 10);
	return errno || *end ? 0 : job;
}

int sysd_take_fds(void (*listener)(void *arg, int fd), void *arg, struct sysd_kept **ret_kept,
	size_t *ret_n_kept)
{
	char **names = NULL;
	int n = sd_listen_fds_with_names(1, &names);
	struct sysd_kept *kept = calloc(n > 0 ? (size_t)n : 1, sizeof(*kept));
	size_t n_kept = 0;

	for (int i = 0; i < n; i++) {
		int fd = SD_LISTEN_FDS_START + i;
		uint64_t job = job_of(names[i]);

		if (!job)
			listener(arg, fd);
		else if (kept)
			kept[n_kept++] = (struct sysd_kept){ job, fd };
		else
			close(fd);
		free(names[i]);
	}
	free(names);
	*ret_kept = kept;
	*ret_n_kept = n_kept;
	return n < 0 ? n : kept ? 0 : -ENOMEM;
}

/* ---- what it is told ---- */

static int notify_sock = -1; /* owned; until the process ends */
static bool ready_is_due;    /* READY=1, which must not be lost, did not get through */

/* By hand, for sd_notify(3) waits where systemd does not read; the protocol is in its manual. Return: 0 or -errno. */
static int tell(const char *text, int fd)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return path ? datagram_send(&notify_sock, path, text, strlen(text), fd) : 0;
}

void sysd_keep_fd(uint64_t job, int fd)
{
	char text[96];

	snprintf(text, sizeof(text), "FDSTORE=1\nFDPOLL=0\nFDNAME=" NAME "%lu", (unsigned long)job);
	(void)tell(text, fd);
}

void sysd_forget_fd(uint64_t job)
{
	char text[96];

	snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=" NAME "%lu", (unsigned long)job);
	(void)tell(text, -1);
}

void sysd_ready(void)
{
	ready_is_due = tell("READY=1", -1) == -EAGAIN;
}

void sysd_reloading(void)
{
	struct timespec ts;
	char text[96];

	clock_gettime(CLOCK_MONOTONIC, &ts);
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lu",
		(unsigned long)ts.tv_sec * 1000000 + (unsigned long)ts.tv_nsec / 1000);
	(void)tell(text, -1);
}

bool sysd_status(const char *text)
{
	char line[256];

	snprintf(line, sizeof(line), "STATUS=%s", text);
	return tell(line, -1) == 0;
}

void sysd_alive(void)
{
	if (ready_is_due)
		sysd_ready();
	(void)tell("WATCHDOG=1", -1);
}

uint64_t sysd_watchdog_us(void)
{
	uint64_t us = 0;

	return sd_watchdog_enabled(0, &us) > 0 ? us : 0;
}

void sysd_stopping(void)
{
	(void)tell("STOPPING=1", -1);
}
