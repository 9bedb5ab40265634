/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One `criu swrk`. Read downwards: start, heard, reaped.
 *
 *   RUNNING --answer----------> DONE --reaped--> freed
 *      |----garbage, hangup---> DONE -----^
 *      `----worker_hang_up()--> DONE -----^
 *
 * Lives here: criu's command line, environment, socket. Not here: numbers (numbers.c), copying
 * descriptors (place.c, spawn.c), the messages (swrk.c), deadlines and what is left over (job.c).
 */
#include "worker/worker.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "worker/numbers.h"
#include "wire.h"

enum own { OWN_RPC, OWN_IMAGES, OWN_WORK, N_OWN }; /* the broker's own numbers in criu's table */
_Static_assert(N_OWN == NUMBERS_OWN, "numbers.h");

/*
 * Of a criu that works as its client: to choose pids, and to trim bounding sets (restore_creds() in
 * criu/pie/restorer.c drops each capability that is missing in the images' set, also one that is missing already).
 */
#define OWN_CAPS   (1ull << CAP_CHECKPOINT_RESTORE | 1ull << CAP_SETPCAP)
#define N_STANDARD 3

struct worker {
	struct reap_watch watch;
	pid_t pid;
	int pidfd;             /* owned */
	int sock;              /* owned; our end of criu's RPC; -1 once there is nothing to hear */
	struct event *on_sock; /* owned */
	struct spawn_report *report;  /* owned */
	const struct worker_ops *ops; /* borrowed */
	void *arg;
};

static void worker_free(struct worker *w)
{
	if (w->on_sock)
		event_free(w->on_sock);
	reap_forget(&w->watch);
	cleanup_fd(&w->sock);
	cleanup_fd(&w->pidfd);
	spawn_report_free(w->report);
	free(w);
}

/* 1. Which number each descriptor gets. */
static int assign(const struct worker_spec *spec, int own[static N_OWN], struct err *err)
{
	autofree int *numbers = calloc(spec->n_mappings + 1, sizeof(*numbers));

	if (!numbers)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for %zu mappings",
			spec->n_mappings);
	for (size_t i = 0; i < spec->n_mappings; i++)
		numbers[i] = spec->mappings[i].number;
	if (numbers_assign(numbers, spec->n_mappings, spec->highest, own, N_OWN, err) < 0)
		return -1;
	for (size_t i = 0; i < spec->n_mappings; i++)
		spec->mappings[i].number = numbers[i];
	return 0;
}

/* 2. The program, exactly. */
static int start_criu(struct worker *w, const struct worker_spec *spec, const int own[static N_OWN],
	int rpc, struct err *err)
{
	autofree struct place_want *wants =
		calloc(N_STANDARD + N_OWN + spec->n_mappings, sizeof(*wants));
	autofd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	char rpc_number[16], work[32], fault[64];
	char *argv[] = { (char *)"criu", (char *)"swrk", rpc_number, (char *)"--no-default-config",
		(char *)"--work-dir", work, NULL };
	/* From nothing: criu reads HOME, CRIU_CONFIG_FILE and more, and each may run code as root. */
	char *envp[] = {
		(char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		(char *)"LANG=C", (char *)"HOME=/nonexistent", spec->fault ? fault : NULL, NULL
	};
	struct spawned spawned;
	size_t n = 0;

	if (!wants || null < 0)
		return err_set(err, ERR_INTERNAL, errno, NULL, "cannot prepare criu's descriptors");
	snprintf(rpc_number, sizeof(rpc_number), "%d", own[OWN_RPC]);
	/* Without a work directory of its own criu takes the images' one (setup_opts_from_req()). */
	snprintf(work, sizeof(work), "/proc/self/fd/%d", own[OWN_WORK]);
	snprintf(fault, sizeof(fault), "CRIU_FAULT=%s", spec->fault ?: "");
	wants[n++] = (struct place_want){ null, 0 };
	wants[n++] = (struct place_want){ spec->log, 1 };
	wants[n++] = (struct place_want){ spec->log, 2 };
	wants[n++] = (struct place_want){ rpc, own[OWN_RPC] };
	wants[n++] = (struct place_want){ spec->images, own[OWN_IMAGES] };
	wants[n++] = (struct place_want){ spec->work, own[OWN_WORK] };
	for (size_t i = 0; i < spec->n_mappings; i++)
		wants[n++] = (struct place_want){ spec->mappings[i].fd, spec->mappings[i].number };
	if (spawn_start(&(struct spawn_spec){ .path = spec->criu,
				.argv = argv,
				.envp = envp,
				.wants = wants,
				.n_wants = n,
				.cwd = spec->work,
				.images = spec->images,
				.cgroup = spec->cgroup,
				.run_as = spec->run_as,
				.caps = OWN_CAPS },
		    &spawned, err) < 0)
		return -1;
	w->pid = spawned.pid;
	w->pidfd = spawned.pidfd;
	w->report = spawned.report;
	return 0;
}

/* 3. The request waits in the socket until criu reads it. */
static int send_request(
	struct worker *w, const struct worker_spec *spec, int images, struct err *err)
{
	autofree struct swrk_inherit *inherit = calloc(spec->n_mappings + 1, sizeof(*inherit));
	autofree uint8_t *bytes = NULL;
	size_t size = 0;
	int r;

	for (size_t i = 0; inherit && i < spec->n_mappings; i++)
		inherit[i] =
			(struct swrk_inherit){ spec->mappings[i].key, spec->mappings[i].number };
	if (!inherit ||
		swrk_restore_bytes(&(struct swrk_restore){ images, inherit, spec->n_mappings,
					   spec->opts, spec->n_opts, spec->run_as != NULL },
			&bytes, &size) < 0)
		return err_set(
			err, ERR_INTERNAL, ENOMEM, NULL, "no memory for the request to criu");
	r = wire_send(w->sock, bytes, size, NULL, 0);
	if (r == -EMSGSIZE)
		return err_set(err, ERR_LIMIT, EMSGSIZE, "mappings",
			"mappings: %zu bytes are more than criu's socket takes", size);
	return r < 0 ? err_set(err, ERR_INTERNAL, -r, NULL, "cannot send the request to criu") : 0;
}

/* The end of the conversation, whichever it was. */
static void stop_listening(struct worker *w)
{
	if (w->on_sock)
		event_free(w->on_sock);
	w->on_sock = NULL;
	cleanup_fd(&w->sock);
}

void worker_answer(struct worker *w, bool go_on)
{
	uint8_t ack[SWRK_ACK_BYTES];

	/* criu reads one answer for each notification: the socket cannot be full. If it is gone, heard() sees it. */
	if (w->sock >= 0 && wire_send(w->sock, ack, swrk_ack_bytes(go_on, ack), NULL, 0) < 0)
		(void)shutdown(
			w->sock, SHUT_RDWR); /* else criu would wait for it until the deadline */
}

/* 4. criu speaks. */
static void heard(evutil_socket_t sock, short what, void *arg)
{
	struct worker *w = arg;
	autopacket struct packet packet = { 0 };
	struct swrk_reply reply;
	struct err err;
	int r = wire_recv(sock, &packet, &err);

	(void)what;
	if (r == -EAGAIN)
		return;
	if (r < 0)
		err.code = ERR_CRIU_BROKE;
	if (r <= 0 || swrk_parse(packet.data, packet.size, &reply, &err) < 0) {
		stop_listening(w);
		w->ops->broke(w->arg, r == 0 ? NULL : &err);
		return;
	}
	if (reply.kind == SWRK_NOTIFICATION) {
		enum worker_answer said = w->ops->notified(
			w->arg, reply.script, reply.pid, fdset_take(&packet.fds, 0));

		if (said != WORKER_WAIT)
			worker_answer(w, said == WORKER_GO_ON);
		return;
	}
	stop_listening(w);
	w->ops->replied(w->arg, &reply);
}

/* 5. The end. */
static void reaped(struct reap_watch *watch, int status)
{
	struct worker *w = (struct worker *)((char *)watch - offsetof(struct worker, watch));

	/* What it said last may still wait in the socket: an answer must not be lost to the order of events. */
	while (w->sock >= 0 && recv(w->sock, &(char){ 0 }, 1, MSG_PEEK | MSG_DONTWAIT) >= 0)
		heard(w->sock, EV_READ, w);
	stop_listening(w);
	w->ops->ended(w->arg, status, w->report);
	worker_free(w);
}

int worker_start(const struct worker_spec *spec, struct event_base *base, struct reaper *reaper,
	const struct worker_ops *ops, void *arg, struct worker **ret, struct err *err)
{
	struct worker *w = calloc(1, sizeof(*w));
	int pair[2] = { -1, -1 }, own[N_OWN] = { -1, -1, -1 }, r = -1;
	autofd int rpc = -1;

	if (!w)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for a worker");
	w->pidfd = w->sock = -1;
	w->ops = ops;
	w->arg = arg;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		err_set(err, ERR_INTERNAL, errno, NULL, "cannot make criu's socket");
		goto out;
	}
	w->sock = pair[0];
	rpc = pair[1];
	wire_tune(w->sock);
	w->on_sock = event_new(base, w->sock, EV_READ | EV_PERSIST, heard, w);
	if (!w->on_sock || event_add(w->on_sock, NULL) < 0) {
		err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for a worker");
		goto out;
	}
	/* The request first: if it does not fit, nothing has been started. */
	if (assign(spec, own, err) < 0 || send_request(w, spec, own[OWN_IMAGES], err) < 0 ||
		start_criu(w, spec, own, rpc, err) < 0)
		goto out;
	w->watch.ended = reaped;
	reap_watch(reaper, &w->watch, w->pid);
	*ret = TAKE_PTR(w);
	r = 0;
out:
	if (w)
		worker_free(w);
	return r;
}

void worker_hang_up(struct worker *w)
{
	stop_listening(w);
}

void worker_kill(struct worker *w)
{
	(void)pidfd_send_signal(w->pidfd, SIGKILL, NULL, 0);
}

pid_t worker_pid(const struct worker *w)
{
	return w->pid;
}

int worker_rpc(const struct worker *w)
{
	return w->sock;
}

void worker_abandon(struct worker *w)
{
	worker_free(w);
}
