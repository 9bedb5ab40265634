/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon's parts, put together. The only file that includes them all; no logic of its own. */
#include "broker.h"

#include <errno.h>
#include <event2/event.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "calls/calls.h"
#include "criu_program.h"
#include "discard.h"
#include "job.h"
#include "listen.h"
#include "log.h"
#include "numbers.h"
#include "reap.h"
#include "sandbox.h"
#include "scratch.h"
#include "session.h"
#include "sysd.h"
#include "zygote.h"

#define MAX_LISTENERS 16
#define MAX_WARNINGS  4
#define STOP_TICK_MS  20

struct broker {
	const struct config *config; /* borrowed */
	struct event_base *base;
	struct event *on_term, *on_int, *stop_tick;
	struct reaper *reaper;
	struct jobs jobs;
	struct calls calls;
	struct listener *listeners[MAX_LISTENERS];
	size_t n_listeners;
	LIST_HEAD(, session) sessions;
	uint64_t last_session;
	bool stopping;
	char criu[PATH_MAX];
	const char *warnings[MAX_WARNINGS];
};

/* ---- sessions ---- */

static void on_packet(void *arg, struct session *session, struct packet *packet)
{
	struct broker *b = arg;

	calls_packet(&b->calls, session, packet);
}

static void on_bad_packet(void *arg, struct session *session, const struct err *err)
{
	(void)arg;
	calls_bad_packet(session, err);
}

static void begin_stop(struct broker *b);

static void on_gone(void *arg, struct session *session)
{
	struct broker *b = arg;

	calls_session_gone(&b->calls, session);
	LIST_REMOVE(session, entry);
	if (b->config->local >= 0)
		begin_stop(b);
}

static const struct session_ops session_ops = {
	.packet = on_packet, .bad_packet = on_bad_packet, .gone = on_gone
};

static int add_session(struct broker *b, int fd)
{
	autofd int owned = fd;
	struct ucred cred;
	socklen_t size = sizeof(cred);
	struct policy_peer peer;
	struct session *session;
	int r;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
		return -errno;
	peer = (struct policy_peer){
		.uid = cred.uid, .gid = cred.gid, .pid = cred.pid, .local = b->config->local >= 0
	};
	if (getresuid(&peer.own.real, &peer.own.effective, &peer.own.saved) < 0)
		return -errno;
	r = session_new(
		b->base, ++b->last_session, TAKE_FD(owned), &peer, &session_ops, b, &session);
	if (r < 0)
		return r;
	LIST_INSERT_HEAD(&b->sessions, session, entry);
	b->calls.sessions++;
	if (b->calls.sessions > CONFIG_MAX_SESSIONS) {
		struct err err;

		err_set(&err, ERR_LIMIT, 0, NULL, "%d connections are the broker's limit",
			CONFIG_MAX_SESSIONS);
		calls_bad_packet(session, &err);
		session_end(session);
	}
	return 0;
}

static void on_accepted(void *arg, int fd)
{
	int r = add_session(arg, fd);

	if (r < 0)
		log_line(LOG_ERR, NULL, "cannot serve a connection: %s", strerrordesc_np(-r));
}

/* ---- the end ---- */

/* Lets restores come to their end (and their clients hear of it) before the loop is left. */
static void stop_tick(evutil_socket_t none, short what, void *arg)
{
	struct broker *b = arg;

	(void)none, (void)what;
	if (b->jobs.restoring == 0)
		(void)event_base_loopexit(b->base, NULL);
}

static void stop_accepting(struct broker *b)
{
	while (b->n_listeners)
		listen_free(b->listeners[--b->n_listeners]);
}

static void begin_stop(struct broker *b)
{
	struct timeval tick = { .tv_usec = STOP_TICK_MS * 1000 };

	if (b->stopping)
		return;
	b->stopping = true;
	sysd_stopping();
	stop_accepting(b);
	(void)event_add(b->stop_tick, &tick);
	event_active(b->stop_tick, EV_TIMEOUT, 0);
}

static void terminated(evutil_socket_t sig, short what, void *arg)
{
	struct broker *b = arg;

	(void)what;
	log_line(LOG_INFO, NULL, "stopping (SIG%s)", sigabbrev_np((int)sig) ?: "?");
	b->calls.stopping = true;
	jobs_cancel_all(&b->jobs, "the broker is stopping");
	begin_stop(b);
}

/* ---- the start ---- */

static void on_reaped(void *arg)
{
	struct broker *b = arg;

	jobs_poll(&b->jobs);
}

/* Return: the hard limit, which is the soft one too from here on. */
static rlim_t raise_nofile(void)
{
	struct rlimit nofile = { 0 };

	(void)getrlimit(RLIMIT_NOFILE, &nofile);
	nofile.rlim_cur = nofile.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &nofile);
	return nofile.rlim_max;
}

static void warn(struct broker *b, const char *text)
{
	log_line(LOG_WARNING, NULL, "%s", text);
	if (b->calls.n_warnings < MAX_WARNINGS)
		b->warnings[b->calls.n_warnings++] = text;
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int start_jobs(struct broker *b)
{
	rlim_t nofile = raise_nofile();
	int r = reaper_new(b->base, on_reaped, b, &b->reaper);

	b->jobs.highest = numbers_highest(nofile);
	b->calls.max_lent_in_all = nofile > CONFIG_RESERVED_FDS ? nofile - CONFIG_RESERVED_FDS : 0;
	b->jobs.scratch = scratch_open();
	if (r < 0 || b->jobs.scratch < 0 || b->jobs.highest < 0) {
		log_line(LOG_ERR, NULL,
			geteuid() ? "cannot start, it takes root: %s" : "cannot start: %s",
			b->jobs.highest < 0 ? "RLIMIT_NOFILE is too low"
					    : strerrordesc_np(r < 0 ? -r : -b->jobs.scratch));
		return -1;
	}
	b->jobs.base = b->base;
	b->jobs.reaper = b->reaper;
	criu_program_find(b->config->criu, b->criu, sizeof(b->criu));
	b->jobs.criu = b->criu;
	b->jobs.fault = b->config->fault ? (b->config->fault[0] ? b->config->fault : NULL)
					 : criu_program_fault();
	if (access(b->criu, X_OK) < 0)
		warn(b, "there is no criu at its path: no restore can work; see --criu");
	if (cgroup_parent_open(&b->jobs.cgroup) < 0)
		warn(b, "no cgroup v2 to be had: after a restore that had to be killed, tasks of it may be left");
	return 0;
}

static int add_listener(struct broker *b, int fd, const char *path)
{
	int r = b->n_listeners < MAX_LISTENERS ? listen_new(b->base, fd, path, on_accepted, b,
							 &b->listeners[b->n_listeners])
					       : (close(fd), -E2BIG);

	if (r == 0)
		b->n_listeners++;
	else
		log_line(LOG_ERR, NULL, "cannot listen on descriptor %d: %s", fd,
			strerrordesc_np(-r));
	return r;
}

static int start_listening(struct broker *b)
{
	int n = sysd_listen_fds();
	struct err err;

	for (int i = 0; i < n; i++)
		if (add_listener(b, SYSD_FIRST_FD + i, NULL) < 0)
			return -1;
	if (b->config->socket_path) {
		int fd = listen_make(b->config->socket_path, &err);

		if (fd < 0) {
			log_line(LOG_ERR, NULL, "%s", err.text);
			return -1;
		}
		if (add_listener(b, fd, b->config->socket_path) < 0)
			return -1;
	}
	if (b->config->local >= 0 && add_session(b, b->config->local) < 0) {
		log_line(LOG_ERR, NULL, "descriptor %d is no connected SEQPACKET socket",
			b->config->local);
		return -1;
	}
	if (b->n_listeners == 0 && b->config->local < 0) {
		log_line(LOG_ERR, NULL,
			"nothing to serve: no socket from systemd, no --socket, no --local");
		return -1;
	}
	return 0;
}

static int start_events(struct broker *b)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	(void)sigaction(SIGPIPE, &ignore, NULL);
	b->base = event_base_new();
	if (!b->base)
		return -1;
	b->on_term = evsignal_new(b->base, SIGTERM, terminated, b);
	b->on_int = evsignal_new(b->base, SIGINT, terminated, b);
	b->stop_tick = event_new(b->base, -1, EV_PERSIST, stop_tick, b);
	if (!b->on_term || !b->on_int || !b->stop_tick || event_add(b->on_term, NULL) < 0 ||
		event_add(b->on_int, NULL) < 0)
		return -1;
	return discard_start();
}

static void free_event(struct event *event)
{
	if (event)
		event_free(event);
}

static void broker_done(struct broker *b)
{
	for (struct session *s; (s = LIST_FIRST(&b->sessions));)
		session_free(s);
	jobs_abandon(&b->jobs);
	stop_accepting(b);
	cgroup_parent_done(&b->jobs.cgroup);
	cleanup_fd(&b->jobs.scratch);
	reaper_free(b->reaper);
	free_event(b->on_term);
	free_event(b->on_int);
	free_event(b->stop_tick);
	if (b->base)
		event_base_free(b->base);
}

int broker_run(const struct config *config)
{
	struct broker *b;
	int exit_code = EXIT_FAILURE, r;

	/* Before there is anything that children must not have. */
	r = sandbox_prepare();
	if (r == 0)
		r = zygote_start();
	if (r < 0) {
		log_line(LOG_ERR, NULL, "cannot start: no processes to make others from: %s",
			strerrordesc_np(-r));
		return EXIT_FAILURE;
	}
	b = calloc(1, sizeof(*b));
	if (!b || start_events(b) < 0) {
		log_line(LOG_ERR, NULL, "cannot start: no memory or no threads");
		free(b);
		return EXIT_FAILURE;
	}
	b->config = config;
	b->jobs.scratch = b->jobs.cgroup.fd = -1;
	b->calls.config = config;
	b->calls.jobs = &b->jobs;
	b->calls.warnings = b->warnings;
	b->calls.started_ms = now_ms();
	if (start_jobs(b) == 0 && start_listening(b) == 0) {
		sysd_ready("serving");
		log_line(LOG_INFO, NULL, "serving; criu is %s%s%s", b->criu,
			b->jobs.fault ? ", CRIU_FAULT=" : "", b->jobs.fault ?: "");
		if (event_base_dispatch(b->base) == 0 || b->stopping)
			exit_code = EXIT_SUCCESS;
	}
	broker_done(b);
	zygote_end();
	discard_stop();
	free(b);
	return exit_code;
}
