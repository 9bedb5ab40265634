/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The signals of a process that becomes another program. */
#ifndef FDBROKER_BASE_SIGNALS_H
#define FDBROKER_BASE_SIGNALS_H

/*
 * All signals as a program expects them: none ignored, none handled, none blocked. Async-signal-safe: for after
 * fork().
 *
 * By the system call: libc refuses to touch signals 32 and 33, which it uses itself, and whoever started us may
 * have left them ignored.
 */
void signals_reset(void);

#endif
