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
#include "messages.h"
#include "numbers.h"
#include "reap.h"
#include "scratch.h"
#include "session.h"
#include "sysd.h"
#include "version.h"

#define MAX_LISTENERS 16
#define MAX_WARNINGS  4
#define STOP_TICK_MS  20

struct broker {
	const struct config *config; /* borrowed */
	struct event_base *base;
	struct event *on_term, *on_int, *on_hup, *stop_tick, *watchdog;
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
	log_line(LOG_INFO, &(struct log_about){ .message = MESSAGE_STOPPING }, "stopping (SIG%s)",
		sigabbrev_np((int)sig) ?: "?");
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
	for (size_t i = 0; i < b->calls.n_warnings; i++)
		if (b->warnings[i] == text)
			return;
	log_line(LOG_WARNING, NULL, "%s", text);
	if (b->calls.n_warnings < MAX_WARNINGS)
		b->warnings[b->calls.n_warnings++] = text;
}

static void unwarn(struct broker *b, const char *text)
{
	size_t kept = 0;

	for (size_t i = 0; i < b->calls.n_warnings; i++)
		if (b->warnings[i] != text)
			b->warnings[kept++] = b->warnings[i];
	b->calls.n_warnings = kept;
}

/* The criu of restores that begin from now on. */
static void find_criu(struct broker *b)
{
	static const char missing[] =
		"there is no criu at its path: no restore can work; see --criu";

	criu_program_find(b->config->criu, b->criu, sizeof(b->criu));
	b->jobs.criu = b->criu;
	if (access(b->criu, X_OK) < 0)
		warn(b, missing);
	else
		unwarn(b, missing);
}

static void log_criu(const struct broker *b, const char *message, const char *what)
{
	char criu[sizeof("FDBROKER_CRIU=") + PATH_MAX];
	const char *fields[] = { criu, "FDBROKER_VERSION=" FDB_VERSION, NULL };

	snprintf(criu, sizeof(criu), "FDBROKER_CRIU=%s", b->criu);
	log_line(LOG_INFO, &(struct log_about){ .message = message, .fields = fields },
		"%s; criu is %s%s%s", what, b->criu, b->jobs.fault ? ", CRIU_FAULT=" : "",
		b->jobs.fault ?: "");
}

/* systemctl reload: a criu that was installed or moved meanwhile is found. Restores under way go on. */
static void reload(evutil_socket_t sig, short what, void *arg)
{
	struct broker *b = arg;

	(void)sig, (void)what;
	if (b->stopping)
		return;
	sysd_reloading();
	find_criu(b);
	log_criu(b, MESSAGE_RELOADED, "reloaded");
	sysd_ready("serving");
}

/* Half the time: one may be late. */
static void alive(evutil_socket_t none, short what, void *arg)
{
	(void)none, (void)what, (void)arg;
	sysd_alive();
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
	b->jobs.fault = b->config->fault ? (b->config->fault[0] ? b->config->fault : NULL)
					 : criu_program_fault();
	find_criu(b);
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

static int start_watchdog(struct broker *b)
{
	uint64_t us = sysd_watchdog_us() / 2;
	struct timeval tick = { .tv_sec = (time_t)(us / 1000000),
		.tv_usec = (suseconds_t)(us % 1000000) };

	if (us == 0)
		return 0;
	b->watchdog = event_new(b->base, -1, EV_PERSIST, alive, b);
	return b->watchdog ? event_add(b->watchdog, &tick) : -1;
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
	b->on_hup = evsignal_new(b->base, SIGHUP, reload, b);
	b->stop_tick = event_new(b->base, -1, EV_PERSIST, stop_tick, b);
	if (!b->on_term || !b->on_int || !b->on_hup || !b->stop_tick ||
		event_add(b->on_term, NULL) < 0 || event_add(b->on_int, NULL) < 0 ||
		event_add(b->on_hup, NULL) < 0 || start_watchdog(b) < 0)
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
	free_event(b->on_hup);
	free_event(b->stop_tick);
	free_event(b->watchdog);
	if (b->base)
		event_base_free(b->base);
}

int broker_run(const struct config *config)
{
	struct broker *b = calloc(1, sizeof(*b));
	int exit_code = EXIT_FAILURE;

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
		log_criu(b, MESSAGE_STARTED, "serving");
		if (event_base_dispatch(b->base) == 0 || b->stopping)
			exit_code = EXIT_SUCCESS;
	}
	broker_done(b);
	discard_stop();
	free(b);
	return exit_code;
}
