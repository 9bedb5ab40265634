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
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "calls/calls.h"
#include "service/confined.h"
#include "worker/criu_program.h"
#include "processes/discard.h"
#include "jobs/job.h"
#include "sessions/listen.h"
#include "service/log.h"
#include "service/messages.h"
#include "worker/numbers.h"
#include "processes/reap.h"
#include "processes/sandbox.h"
#include "service/scope.h"
#include "worker/scratch.h"
#include "sessions/sessions.h"
#include "config/settings.h"
#include "service/standing.h"
#include "service/sysd.h"
#include "policy/users.h"
#include "version.h"
#include "service/warnings.h"
#include "processes/zygote.h"

#define MAX_LISTENERS 16
#define STOP_TICK_MS  20

struct broker {
	const struct config_source *source; /* borrowed */
	struct config *config;              /* borrowed; changed by a reload */
	struct event_base *base;
	struct event *on_term, *on_int, *on_hup, *stop_tick;
	struct reaper *reaper;
	struct standing *standing;
	struct users users;
	struct jobs jobs;
	struct calls calls;
	struct listener *listeners[MAX_LISTENERS];
	size_t n_listeners;
	struct sessions sessions;
	bool stopping;
	bool activated, bad_sockets; /* by systemd; some that it passed */
	char criu[PATH_MAX], fault[24];
	const char *machine_fault; /* CRIU_FAULT that criu needs here; NULL: none */
	rlim_t nofile;
	struct warnings warnings;
};

/* ---- sessions ---- */

static void begin_stop(struct broker *b);

static void on_session_gone(void *arg)
{
	struct broker *b = arg;

	if (b->config->local >= 0)
		begin_stop(b);
}

static void on_accepted(void *arg, int fd)
{
	struct broker *b = arg;
	int r = sessions_add(&b->sessions, fd);

	if (r < 0)
		log_line(LOG_ERR, NULL, "cannot serve a connection: %s", strerrordesc_np(-r));
}

/* ---- the end ---- */

/* Lets restores come to their end (and their clients hear of it) before the loop is left. */
static void stop_tick(evutil_socket_t none, short what, void *arg)
{
	struct broker *b = arg;

	(void)none, (void)what;
	if (b->jobs.under_way == 0)
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

/* A socket that systemd listens on brings us back; one of our own would not. */
static void on_long_idle(void *arg)
{
	struct broker *b = arg;

	log_line(LOG_INFO, NULL, "stopping: there is nothing to do");
	begin_stop(b);
}

/* ---- the start ---- */

static void on_reaped(void *arg)
{
	struct broker *b = arg;

	jobs_poll(&b->jobs);
}

static void on_idle(void *arg)
{
	struct broker *b = arg;

	calls_idle(&b->calls);
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

static uint64_t now_us(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* As a service we are what the unit makes of us; by hand, what somebody wanted. */
static void warn_confined(struct broker *b)
{
	const char *by = b->activated ? confined_by() : NULL;
	char field[64];
	const char *fields[] = { field, NULL };

	if (!by)
		return;
	snprintf(field, sizeof(field), "FDBROKER_CONFINED=%s", by);
	log_line(LOG_WARNING, &(struct log_about){ .message = MESSAGE_CONFINED, .fields = fields },
		"confined by the unit: every restored task will have its %s", by);
}

/* What jobs need of the machine. */
static int start_room(struct broker *b)
{
	int r = reaper_new(b->base, on_reaped, b, &b->reaper);

	b->jobs.reaper = b->reaper;
	b->nofile = raise_nofile();
	b->jobs.highest = numbers_highest(b->nofile);
	b->jobs.scratch = scratch_open();
	if (r < 0 || b->jobs.scratch < 0 || b->jobs.highest < 0) {
		log_line(LOG_ERR, NULL,
			geteuid() ? "cannot start, it takes root: %s" : "cannot start: %s",
			b->jobs.highest < 0 ? "RLIMIT_NOFILE is too low"
					    : strerrordesc_np(r < 0 ? -r : -b->jobs.scratch));
		return -1;
	}
	warn_confined(b);
	if (cgroup_parent_open(&b->jobs.cgroup) < 0)
		warnings_add(&b->warnings,
			"no cgroup v2 to be had: after a restore that had to be killed, tasks of it may be left");
	return 0;
}

/* The criu of restores that begin from now on. */
static void find_criu(struct broker *b)
{
	static const char missing[] =
		"there is no criu at its path: no restore can work; see CriuPath and --criu";

	criu_program_find(b->config->criu, b->criu, sizeof(b->criu));
	b->jobs.criu = b->criu;
	if (access(b->criu, X_OK) < 0)
		warnings_add(&b->warnings, missing);
	else
		warnings_remove(&b->warnings, missing);
}

static void set_fault(struct broker *b)
{
	uint64_t fault = b->config->fault;

	snprintf(b->fault, sizeof(b->fault), "%lu", (unsigned long)fault);
	b->jobs.fault = fault == CONFIG_FAULT_AUTO ? b->machine_fault : fault ? b->fault : NULL;
}

/* At the start and after each reload. */
static void apply_config(struct broker *b)
{
	const struct config *config = b->config;

	log_set_level((int)config->log_level);
	settings_apply(config, &b->users, &b->jobs);
	b->calls.max_lent_in_all =
		b->nofile > config->reserved_fds ? b->nofile - config->reserved_fds : 0;
	if (b->activated)
		standing_set_idle(b->standing, (unsigned)((config->idle_exit_ms + 999) / 1000));
	set_fault(b);
	find_criu(b);
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

/* systemctl reload. Restores under way go on. A criu that was installed or moved meanwhile is found, too. */
static void reload(evutil_socket_t sig, short what, void *arg)
{
	struct broker *b = arg;

	(void)sig, (void)what;
	if (b->stopping)
		return;
	sysd_reloading();
	if (settings_reload(b->source, b->config) == 0) {
		apply_config(b);
		jobs_schedule(&b->jobs); /* more may run, fewer be kept */
		log_criu(b, MESSAGE_RELOADED, "reloaded");
	}
	sysd_ready();
}

/* @kept: what systemd has held for us; consumed */
static int start_jobs(struct broker *b, struct sysd_kept *kept, size_t n_kept)
{
	struct err err;
	int r;

	users_init(&b->users, &(struct users_limits){ 0 });
	b->jobs.users = &b->users;
	queue_init(&b->jobs.planning, 0, 0);
	queue_init(&b->jobs.workers, 0, 0);
	b->machine_fault = criu_program_fault();
	if (standing_new(&(struct standing_spec){ b->base, &b->jobs, &b->calls.sessions,
				 on_long_idle, b },
		    &b->standing) < 0) {
		log_line(LOG_ERR, NULL, "cannot start: no memory");
		return -1;
	}
	apply_config(b);
	if (b->config->local < 0)
		(void)scopes_new(b->base, &b->jobs.scopes); /* without systemd there are none */
	b->jobs.idle = on_idle;
	b->jobs.idle_arg = b;
	if (keep_open(b->config->state_dir, &b->jobs.keep, &err) < 0) {
		log_line(LOG_ERR, NULL, "%s", err.text);
		return -1;
	}
	calls_count(&b->calls);
	r = jobs_recover(&b->jobs, kept, n_kept);
	standing_tell(b->standing); /* with the trees that it has found */
	if (r < 0)
		log_line(LOG_ERR, NULL, "cannot read what is kept in %s: %s", b->config->state_dir,
			strerrordesc_np(-r));
	return r;
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

static void on_socket(void *arg, int fd)
{
	struct broker *b = arg;

	b->activated = true;
	if (add_listener(b, fd, NULL) < 0)
		b->bad_sockets = true;
}

static int start_listening(struct broker *b)
{
	struct err err;

	if (b->config->socket_path) {
		int fd = listen_make(b->config->socket_path, &err);

		if (fd < 0) {
			log_line(LOG_ERR, NULL, "%s", err.text);
			return -1;
		}
		if (add_listener(b, fd, b->config->socket_path) < 0)
			return -1;
	}
	if (b->config->local >= 0 && sessions_add(&b->sessions, b->config->local) < 0) {
		log_line(LOG_ERR, NULL, "descriptor %d is no connected SEQPACKET socket",
			b->config->local);
		return -1;
	}
	if (b->n_listeners == 0 && b->config->local < 0) {
		log_line(LOG_ERR, NULL,
			"nothing to serve: no socket from systemd, no --socket, no --local");
		return -1;
	}
	return b->bad_sockets ? -1 : 0;
}

/* All that was passed to us is taken first: nothing of it may be mistaken for our own. */
static int start(struct broker *b)
{
	autofree struct sysd_kept *kept = NULL;
	size_t n_kept = 0;
	int r = sysd_take_fds(on_socket, b, &kept, &n_kept);

	if (r < 0)
		log_line(LOG_ERR, NULL, "cannot take systemd's descriptors: %s",
			strerrordesc_np(-r));
	if (r < 0 || start_room(b) < 0 || start_jobs(b, kept, n_kept) < 0)
		return -1;
	return start_listening(b);
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
		event_add(b->on_hup, NULL) < 0)
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
	sessions_done(&b->sessions);
	jobs_abandon(&b->jobs);
	keep_close(&b->jobs.keep);
	stop_accepting(b);
	cgroup_parent_done(&b->jobs.cgroup);
	cleanup_fd(&b->jobs.scratch);
	reaper_free(b->reaper);
	standing_free(b->standing);
	free_event(b->on_term);
	free_event(b->on_int);
	free_event(b->on_hup);
	free_event(b->stop_tick);
	if (b->base)
		event_base_free(b->base);
}

int broker_run(const struct config_source *source, struct config *config)
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
	if (!b || start_events(b) < 0 || jobs_init(&b->jobs, b->base) < 0) {
		log_line(LOG_ERR, NULL, "cannot start: no memory or no threads");
		free(b);
		return EXIT_FAILURE;
	}
	b->source = source;
	b->config = config;
	b->jobs.config = config;
	b->jobs.scratch = b->jobs.cgroup.fd = b->jobs.cgroup.root = -1;
	b->jobs.keep = KEEP_NONE;
	b->calls.config = config;
	b->calls.jobs = &b->jobs;
	b->calls.warnings = &b->warnings;
	b->sessions = (struct sessions){ .base = b->base,
		.users = &b->users,
		.calls = &b->calls,
		.gone = on_session_gone,
		.arg = b };
	b->calls.started_ms = now_us(CLOCK_MONOTONIC) / 1000;
	b->calls.started_at_us = now_us(CLOCK_REALTIME);
	if (start(b) == 0) {
		sysd_ready();
		log_criu(b, MESSAGE_STARTED, "serving");
		if (event_base_dispatch(b->base) == 0 || b->stopping)
			exit_code = EXIT_SUCCESS;
	}
	broker_done(b);
	zygote_end();
	discard_stop();
	free(b);
	return exit_code;
}
