/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What systemd gives us and wants to hear. Without systemd everything here is a no-op; and nothing waits for a systemd
 * that does not read: what it cannot be told at this moment it is not told, but for READY=1 and STATUS=.
 */
#ifndef FDBROKER_SYSD_H
#define FDBROKER_SYSD_H

#include <stdbool.h>
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

/* Serving, for the first time or again after sysd_reloading(): READY=1; if need be with the next sysd_alive(). */
void sysd_ready(void);

/* The configuration is being read anew: RELOADING=1. */
void sysd_reloading(void);

/* A line for people: STATUS=. Return: false: not told, try again. */
bool sysd_status(const char *text);

/* The sign of life that a watchdog waits for: WATCHDOG=1. */
void sysd_alive(void);

/* Within so many microseconds a sign of life is wanted; 0: there is no watchdog. */
uint64_t sysd_watchdog_us(void);

/* Going down: STOPPING=1. */
void sysd_stopping(void);

#endif
