/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Do hardware breakpoints fire on this machine? In some virtual machines they can be set and are never
 * hit. CRIU up to 4.1.1 sets them in every dump and restore, and then waits for ever; CRIU_FAULT=130 in
 * its environment makes it go without.
 */
#ifndef FDBROKER_BREAKPOINTS_H
#define FDBROKER_BREAKPOINTS_H

/**
 * breakpoints_fire() - let a child run onto a hardware breakpoint and see what happens
 *
 * Blocks: a few milliseconds as a rule, 2 seconds at most. For the start of a program: the child is
 * waited for by its pid, so nobody else may reap children meanwhile (another thread with waitpid(-1), or
 * SIGCHLD set to SIG_IGN). Leaves no process, no descriptor and no change of the signal mask.
 *
 * Return: 1: they fire, or CRIU sets none on this architecture. 0: CRIU needs CRIU_FAULT=130 here.
 *         -errno: could not find out: -EPERM (this process may not trace, or is traced itself), -ENOTSUP
 *         (CRIU sets them on this architecture, and there is no test for it here), -ETIMEDOUT, ...
 */
int breakpoints_fire(void);

#endif
