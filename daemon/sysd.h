/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What systemd gives us and wants to hear. Without systemd everything here is a no-op. */
#ifndef FDBROKER_SYSD_H
#define FDBROKER_SYSD_H

#include <stddef.h>
#include <stdint.h>

/* A descriptor of a job that systemd has held for us. */
struct sysd_kept {
	uint64_t job;
	int fd; /* owned */
};

/**
 * sysd_take_fds() - descriptors that systemd has passed (sd_listen_fds_with_names(3))
 * @listener: told each socket to listen on; the descriptor is its own from then on
 * @ret_kept: those that sysd_keep_fd() once gave; the caller frees the list and owns the descriptors
 *
 * By name, for their order says nothing. They are close-on-exec, and the environment no longer names them.
 *
 * Return: 0 or -errno.
 */
int sysd_take_fds(void (*listener)(void *arg, int fd), void *arg, struct sysd_kept **ret_kept,
	size_t *ret_n_kept);

/**
 * sysd_keep_fd() - have systemd hold a descriptor of a job for the daemon that is started after us
 * @fd: borrowed; a duplicate is kept, also when what it is for has ended (FDPOLL=0)
 */
void sysd_keep_fd(uint64_t job, int fd);

/* It need not be held any more. */
void sysd_forget_fd(uint64_t job);

/* Serving: READY=1 and a STATUS= line. */
void sysd_ready(const char *status);

/* Going down: STOPPING=1. */
void sysd_stopping(void);

#endif
