/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For the protocol tests: a broker with a fake criu, and a client that can send anything at all. Every
 * function fails the running test where something does not work. Environment: RAW_VERBOSE: the broker's log is seen;
 * RAW_BROKER: another program in the build folder in its place.
 */
#ifndef FDBROKER_TESTS_RAWCLIENT_H
#define FDBROKER_TESTS_RAWCLIENT_H

#include <stdbool.h>
#include <sys/types.h>

#include "fdbroker.pb-c.h"
#include "../unit/fixture.h"

struct broker {
	pid_t pid;
	char dir[64]; /* socket, criu, images; removed at the end */
	char socket[96];
	char images[96];    /* of one task, with open files whose keys are a, b, c and var/log/x */
	char cgroup[256];   /* in which it runs alone; "": there is no cgroup v2 */
	char state[96];     /* what the broker remembers of its jobs */
	char *fds_at_start; /* its descriptor table when it had just begun to serve */
	char *children_at_start; /* owned; zygotes (daemon/processes/zygote.h) */
	bool zygotes_may_go; /* a failure of the broker's may have cost it one, which it replaces when needed */
	int witness; /* a session that must notice nothing of all that happens */
};

/*
 * Start build/criu-fdbroker with a fake criu in @mode (tools/fake-criu.c), or, @mode NULL, with a path
 * at which there is none.
 */
void broker_start(struct broker *b, const char *mode);

/*
 * The same with more options for its command line, up to a NULL; NULL: none. A second --criu is good. What
 * is mounted at b->state must be there before: broker_prepare() is the first half, which makes the
 * directories, and broker_launch() the second.
 */
void broker_start_with(struct broker *b, const char *mode, const char *const *options);
void broker_prepare(struct broker *b, const char *mode);
void broker_launch(struct broker *b, const char *const *options);

/*
 * Wait until the broker has no child and no descriptor more than at its start, for 5 s. Return: NULL, or
 * what there is that was not, or is not that was; the caller's.
 */
char *broker_unrest(const struct broker *b);

/*
 * The witness is still served and its descriptor still lent, the broker has no child and no descriptor
 * more than at its start (within 5 s); it stops with 0. Everything is removed.
 */
void broker_stop(struct broker *b);

/* The last part of broker_stop(), for a broker that has been told to stop already. */
void broker_reap(struct broker *b);

/* End it at once with all that it has made, for a broker that is not as it should be. Everything is removed. */
void broker_kill(struct broker *b);

/* The broker's children, in words, to compare with "". Owned by the caller. */
char *broker_children(const struct broker *b);

/* Does a control group of one of its jobs exist? */
bool broker_has_cgroups(const struct broker *b);

int raw_connect(const struct broker *b);

/* As another user, whose only group is @gid. */
int raw_connect_as(const struct broker *b, uid_t uid, gid_t gid);

/* Send bytes as they are. Return: 0 or -errno. */
int raw_send_bytes(int sock, const void *data, size_t size, const int *fds, size_t n_fds);

/* Send a message with the next serial, which is set in it. */
void raw_send(int sock, Fdbroker__V1__ClientMessage *message, const int *fds, size_t n_fds);

struct answer {
	Fdbroker__V1__ServerMessage *message; /* NULL: the broker has closed */
	int fds[8];
	size_t n_fds;
};

/* The next message, within 10 s. raw_done() ends it. */
struct answer raw_recv(int sock);
void raw_done(struct answer *a);

/* Send a call and take the next message. */
struct answer raw_call(
	int sock, Fdbroker__V1__ClientMessage *message, const int *fds, size_t n_fds);

/* raw_call() with a message of one field: raw_ask(sock, STATUS, status, &status) */
#define raw_ask(sock, CALL, field, body)                                                           \
	({                                                                                         \
		Fdbroker__V1__ClientMessage raw_message = FDBROKER__V1__CLIENT_MESSAGE__INIT;      \
		raw_message.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_##CALL;                 \
		raw_message.field = (body);                                                        \
		raw_call((sock), &raw_message, NULL, 0);                                           \
	})

/* Answers of one kind; anything else fails the test. raw_done() ends them. */
struct answer raw_status(int sock);
struct answer raw_show(int sock, uint64_t job);
struct answer raw_wait(int sock, uint64_t job);

/* The next message is an error of this code and field (NULL: none), and its text names the field. */
void raw_expect_error(int sock, int code, const char *field);

/* The broker closes, after whatever events are still to come. */
void raw_expect_end(int sock);

/* Lend /dev/null under a name, and be acknowledged. */
void raw_lend(int sock, const char *name);

/* A Restore of b->images with these mappings; @fd_images -1: open them here. */
void raw_restore(int sock, const struct broker *b, Fdbroker__V1__Restore *restore, int fd_images);

/* Accepted, events and the result. Return: the result's answer; raw_done() ends it. */
struct answer raw_await_result(int sock);

/* Wait until criu has reached this notification. */
void raw_await_event(int sock, const char *notification);

/* The result says failure with this code. */
void raw_expect_failure(int sock, int code);

/* From the broker's Status: descriptors lent, sessions, restored trees. */
unsigned raw_lent(int sock);
unsigned raw_sessions(int sock);
unsigned raw_trees(int sock);

#endif
