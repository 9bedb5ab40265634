/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The only place that calls libsystemd. See sysd.h. */
#include "sysd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

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

void sysd_keep_fd(uint64_t job, int fd)
{
	char text[96];

	snprintf(text, sizeof(text), "FDSTORE=1\nFDPOLL=0\nFDNAME=" NAME "%lu", (unsigned long)job);
	(void)sd_pid_notify_with_fds(0, 0, text, &fd, 1);
}

void sysd_forget_fd(uint64_t job)
{
	(void)sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=" NAME "%lu", (unsigned long)job);
}

void sysd_ready(void)
{
	(void)sd_notify(0, "READY=1");
}

void sysd_reloading(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lu",
		(unsigned long)ts.tv_sec * 1000000 + (unsigned long)ts.tv_nsec / 1000);
}

void sysd_status(const char *text)
{
	(void)sd_notifyf(0, "STATUS=%s", text);
}

void sysd_alive(void)
{
	(void)sd_notify(0, "WATCHDOG=1");
}

uint64_t sysd_watchdog_us(void)
{
	uint64_t us = 0;

	return sd_watchdog_enabled(0, &us) > 0 ? us : 0;
}

void sysd_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1");
}
