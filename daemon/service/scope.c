/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * StartTransientUnit of org.freedesktop.systemd1, on our event loop. See scope.h; the call and its properties:
 * org.freedesktop.systemd1(5).
 *
 * systemd answers when it has queued a job of its own, and moves the tasks a moment later: that it has is seen by
 * the root's cgroup.
 */
#include "service/scope.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "base/cleanup.h"

#define LOOK_MS 5    /* between two looks at the root's cgroup */
#define WAIT_MS 5000 /* for systemd, in all */

struct scopes {
	struct event_base *base; /* borrowed */
	sd_bus *bus;             /* owned; NULL: to be opened anew */
	struct event *on_bus;    /* owned; its descriptor and its timeouts */
};

struct scope {
	struct scopes *scopes; /* borrowed */
	sd_bus_slot *slot;     /* owned; of the call, until it is answered */
	struct event *look;    /* owned */
	uint64_t until_ms;     /* monotonic */
	pid_t root;
	char name[64];
	void (*done)(void *arg, int error, const char *cgroup);
	void *arg;
};

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* ---- the bus on the loop ---- */

static void disconnect(struct scopes *s)
{
	if (s->on_bus)
		event_free(s->on_bus);
	s->on_bus = NULL;
	s->bus = sd_bus_close_unref(s->bus);
}

static void bus_ready(evutil_socket_t fd, short what, void *arg);

/* What it waits for changes with each thing that it does. Return: 0 or -errno. */
static int wait_for_bus(struct scopes *s)
{
	uint64_t until_us = UINT64_MAX, now_us = now_ms() * 1000;
	struct timeval tv = { 0 }, *timeout = NULL;
	int events = sd_bus_get_events(s->bus), r = sd_bus_get_timeout(s->bus, &until_us);
	short what = (short)((events & POLLIN ? EV_READ : 0) | (events & POLLOUT ? EV_WRITE : 0));

	if (events < 0 || r < 0)
		return events < 0 ? events : r;
	if (until_us != UINT64_MAX) {
		uint64_t left = until_us > now_us ? until_us - now_us : 0;

		tv.tv_sec = (time_t)(left / 1000000);
		tv.tv_usec = (suseconds_t)(left % 1000000);
		timeout = &tv;
	}
	if (s->on_bus)
		event_free(s->on_bus);
	s->on_bus = event_new(s->base, sd_bus_get_fd(s->bus), what, bus_ready, s);
	return s->on_bus && event_add(s->on_bus, timeout) == 0 ? 0 : -ENOMEM;
}

static void bus_ready(evutil_socket_t fd, short what, void *arg)
{
	struct scopes *s = arg;
	int r;

	(void)fd, (void)what;
	while ((r = sd_bus_process(s->bus, NULL)) > 0)
		;
	/* Calls that were under way have been told by then; the next one connects again. */
	if (r < 0 || wait_for_bus(s) < 0)
		disconnect(s);
}

static int connect_bus(struct scopes *s)
{
	int r;

	if (s->bus)
		return 0;
	r = sd_bus_open_system(&s->bus);
	if (r == 0 || r == 1)
		r = wait_for_bus(s);
	if (r < 0)
		disconnect(s);
	return r;
}

int scopes_new(struct event_base *base, struct scopes **ret)
{
	struct scopes *s;

	if (sd_booted() <= 0)
		return -ENOENT;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->base = base;
	*ret = s;
	return 0;
}

void scopes_free(struct scopes *s)
{
	if (!s)
		return;
	disconnect(s);
	free(s);
}

/* ---- one scope ---- */

void scope_forget(struct scope *scope)
{
	if (!scope)
		return;
	sd_bus_slot_unref(scope->slot);
	if (scope->look)
		event_free(scope->look);
	free(scope);
}

static void conclude(struct scope *scope, int error, const char *cgroup)
{
	void (*done)(void *, int, const char *) = scope->done;
	void *arg = scope->arg;

	scope_forget(scope);
	done(arg, error, cgroup);
}

/* Is the root in it already? @path: 320 bytes */
static bool has_moved(const struct scope *scope, char *path, size_t size)
{
	char name[32];
	autofree char *line = NULL;
	size_t max = 0;
	bool moved = false;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%d/cgroup", scope->root);
	f = fopen(name, "re");
	if (!f)
		return false;
	while (!moved && getline(&line, &max, f) > 0) {
		const char *last = strrchr(line, '/');

		line[strcspn(line, "\n")] = 0;
		moved = strncmp(line, "0::/", 4) == 0 && last && strcmp(last + 1, scope->name) == 0;
		if (moved)
			snprintf(path, size, "%s", line + 3);
	}
	fclose(f);
	return moved;
}

static void look(evutil_socket_t none, short what, void *arg)
{
	struct timeval tv = { .tv_usec = LOOK_MS * 1000 };
	struct scope *scope = arg;
	char path[320];

	(void)none, (void)what;
	if (has_moved(scope, path, sizeof(path)))
		conclude(scope, 0, path);
	else if (now_ms() > scope->until_ms)
		conclude(scope, -ETIMEDOUT, NULL);
	else
		(void)event_add(scope->look, &tv);
}

static int answered(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct scope *scope = arg;

	(void)error;
	scope->slot = sd_bus_slot_unref(scope->slot);
	if (sd_bus_message_is_method_error(m, NULL))
		conclude(scope, -sd_bus_message_get_errno(m), NULL);
	return 0;
}

static int append_property(sd_bus_message *m, const char *name, const char *value)
{
	return sd_bus_message_append(m, "(sv)", name, "s", value);
}

static int append_pids(sd_bus_message *m, const uint32_t *pids, size_t n)
{
	int r = sd_bus_message_open_container(m, 'r', "sv");

	if (r >= 0)
		r = sd_bus_message_append(m, "s", "PIDs");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'v', "au");
	if (r >= 0)
		r = sd_bus_message_append_array(m, 'u', pids, n * sizeof(*pids));
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int fill(
	sd_bus_message *m, const struct scope *scope, uint64_t job, const uint32_t *pids, size_t n)
{
	char description[64];
	int r = sd_bus_message_append(m, "ss", scope->name, "fail");

	snprintf(description, sizeof(description), "Tree restored by criu-fdbroker, job %lu",
		(unsigned long)job);
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "(sv)");
	if (r >= 0)
		r = append_property(m, "Description", description);
	/* Nothing of it stays in systemd when its last task is gone, however that ended. */
	if (r >= 0)
		r = append_property(m, "CollectMode", "inactive-or-failed");
	if (r >= 0)
		r = append_pids(m, pids, n);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return r < 0 ? r : sd_bus_message_append(m, "a(sa(sv))", 0);
}

static int call(struct scope *scope, uint64_t job, const uint32_t *pids, size_t n)
{
	sd_bus_message *m = NULL;
	int r = sd_bus_message_new_method_call(scope->scopes->bus, &m, "org.freedesktop.systemd1",
		"/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
		"StartTransientUnit");

	if (r >= 0)
		r = fill(m, scope, job, pids, n);
	if (r >= 0)
		r = sd_bus_call_async(
			scope->scopes->bus, &scope->slot, m, answered, scope, WAIT_MS * 1000ull);
	sd_bus_message_unref(m);
	return r < 0 ? r : wait_for_bus(scope->scopes);
}

int scope_start(struct scopes *s, uint64_t job, pid_t root, const uint32_t *pids, size_t n_pids,
	void (*done)(void *arg, int error, const char *cgroup), void *arg, struct scope **ret)
{
	struct timeval tv = { .tv_usec = LOOK_MS * 1000 };
	struct scope *scope = calloc(1, sizeof(*scope));
	int r;

	if (!scope)
		return -ENOMEM;
	scope->scopes = s;
	scope->root = root;
	scope->until_ms = now_ms() + WAIT_MS;
	scope->done = done;
	scope->arg = arg;
	snprintf(scope->name, sizeof(scope->name), "criu-fdbroker-%lu.scope", (unsigned long)job);
	scope->look = evtimer_new(s->base, look, scope);
	r = scope->look ? connect_bus(s) : -ENOMEM;
	if (r >= 0)
		r = call(scope, job, pids, n_pids);
	if (r >= 0) /* from now on, for a bus that breaks down tells nobody */
		r = event_add(scope->look, &tv);
	if (r < 0) {
		scope_forget(scope);
		return r;
	}
	*ret = scope;
	return 0;
}
