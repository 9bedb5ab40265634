/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See signals.h. */
#include "signals.h"

#include <sys/signalfd.h>

#include "base/cleanup.h"

void signals_watch(struct signals *s)
{
	static const int interrupting[] = { SIGINT, SIGTERM, SIGHUP };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(interrupting) / sizeof(interrupting[0]); i++) {
		struct sigaction now;

		if (sigaction(interrupting[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaddset(&set, interrupting[i]);
	}
	sigprocmask(SIG_BLOCK, &set, &s->before);
	s->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->fd < 0) /* then they end us as they do by default */
		sigprocmask(SIG_SETMASK, &s->before, NULL);
}

int signals_taken(const struct signals *s)
{
	struct signalfd_siginfo si;

	return s->fd >= 0 && read(s->fd, &si, sizeof(si)) == sizeof(si) ? (int)si.ssi_signo : 0;
}

void signals_unwatch(struct signals *s)
{
	if (s->fd < 0)
		return;
	cleanup_fd(&s->fd);
	sigprocmask(SIG_SETMASK, &s->before, NULL);
}
