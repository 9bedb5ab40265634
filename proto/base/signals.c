/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signals to their defaults. See signals.h. */
#include "base/signals.h"

#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

void signals_reset(void)
{
	/* the kernel's struct sigaction, zeroed: SIG_DFL, no flags, no mask */
	static const uint64_t dfl[8];
	sigset_t none;

	/* KILL and STOP are refused, as they should be. */
	for (int sig = 1; sig < _NSIG; sig++)
		(void)syscall(SYS_rt_sigaction, sig, dfl, NULL, sizeof(uint64_t));
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}
