/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libfdbroker: restore process trees through criu-fdbroker, with your open files in place of
 * theirs.
 *
 * An example: a program was dumped while it wrote to /var/log/x; restore it with its log in
 * `log_fd`. The key of a file is its path without the first slash, as for criu's --inherit-fd.
 *
 *	struct fdb_client *c;
 *	struct fdb_request *rq;
 *	struct fdb_result *res;
 *	uint64_t job;
 *
 *	if (fdb_new(&c) < 0 || fdb_request_new(c, &rq) < 0)
 *		return out_of_memory();
 *	if (fdb_connect(c, NULL, 1000) < 0 ||
 *		fdb_lend(c, "log", log_fd, 1000) < 0 ||
 *		fdb_request_images_dir(rq, images_fd) < 0 ||
 *		fdb_request_map(rq, "var/log/x", "log", -1) < 0 ||
 *		fdb_request_option(rq, "file_locks", "yes") < 0 ||
 *		fdb_restore(c, rq, 1000, &job) < 0 ||
 *		fdb_wait_result(c, job, -1, &res) < 0)
 *		fprintf(stderr, "%s %s\n", fdb_error_field(c), fdb_error_text(c));
 *	else if (!fdb_result_success(res))
 *		fprintf(stderr, "%s\n", fdb_result_text(res));
 *	else
 *		watch(fdb_result_pid(res), fdb_result_take_pidfd(res));
 *
 * (and fdb_result_free(), fdb_request_free(), fdb_free() at the end, in this order.)
 *
 * Rules for the whole library:
 * - One client is one connection and belongs to one thread at a time. Nothing is global, so other
 *   clients may live in other threads. After fork() only the parent may use a client.
 * - A function that can fail returns 0 or a negative errno. What went wrong stands in the client
 *   until its next call: fdb_error_text() and its neighbours. That holds for requests too, which
 *   belong to a client.
 * - A descriptor that you give is borrowed (you may close it when the call returns), unless
 *   "consumed" is written. A descriptor that you get is close-on-exec; "borrowed" or "yours" is
 *   written.
 * - wait_ms: the longest time that a call may take, in milliseconds on CLOCK_MONOTONIC; 0: do what
 *   can be done at once; -1: no limit. When it is over the call returns -ETIMEDOUT. Signals do not
 *   end a wait.
 * - The library writes nothing, installs no signal handler, raises no SIGPIPE, and needs
 *   libprotobuf-c only.
 * - When the connection has ended, because the broker is gone or the two could not make each other
 *   out, every call returns -EPIPE and fdb_error_text() says why. What arrived before is still
 *   there for fdb_next_event() and fdb_wait_result(). Then fdb_disconnect() and fdb_connect() to the
 *   broker that has been started anew: jobs are still known by their numbers, to fdb_wait().
 *
 * Here: the client, errors, lending, restoring, event loops. What the broker tells stands in
 * fdbroker-events.h, what can be asked about jobs in fdbroker-jobs.h, the broker's settings in
 * fdbroker-config.h; this header includes all of them.
 * Everything is there since version 0.1.
 */
#ifndef FDBROKER_H
#define FDBROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where fdb_connect() finds the broker unless told otherwise. */
#define FDB_DEFAULT_SOCKET "/run/criu-fdbroker/fdbroker.sock"

struct fdb_client;   /* a connection, or none yet */
struct fdb_request;  /* a restore that is being described */
struct fdb_event;    /* something that the broker has told */
struct fdb_result;   /* the end of a restore */
struct fdb_report;   /* how the broker is */
struct fdb_job;      /* what is known of a job */
struct fdb_job_list; /* several of them */

/**
 * enum fdb_code - what kind of error the broker reports: the numbers of fdbroker.v1.ErrorCode
 *
 * A newer broker may send numbers that are not listed. In brackets: the negative errno that a
 * function returns for it.
 */
enum fdb_code {
	FDB_NONE = 0,        /* the error arose on this side: fdb_error_errno() says which */
	FDB_INTERNAL = 1,    /* the broker is at fault, or out of memory or descriptors [-EIO] */
	FDB_PROTOCOL = 2,    /* bytes that are no message; the connection ends after it [-EPROTO] */
	FDB_UNSUPPORTED = 3, /* the broker does not know this call [-EOPNOTSUPP] */
	FDB_BAD_REQUEST = 4, /* a field is missing, out of range, does not fit [-EINVAL] */
	FDB_PERMISSION = 5,  /* this user may not do this [-EPERM] */
	FDB_LIMIT = 6,       /* a limit of the broker is reached [-EDQUOT] */
	FDB_NAME_TAKEN = 7,  /* the name is in use on this connection [-EEXIST] */
	FDB_NO_SUCH_NAME = 8,     /* no descriptor is lent under this name [-ENOENT] */
	FDB_FORBIDDEN_OPTION = 9, /* the policy does not allow this option of criu [-EACCES] */
	FDB_BAD_IMAGES = 10,      /* the directory is none, or holds no images [-EBADMSG] */
	FDB_NO_CRIU = 11,         /* criu could not be started [-ENOEXEC] */
	FDB_CRIU_FAILED = 12,     /* criu said that the restore failed [-EREMOTEIO] */
	FDB_CRIU_BROKE = 13,      /* criu died or sent something that is no answer [-EREMOTEIO] */
	FDB_DEADLINE = 14,        /* the deadline of the restore was over [-ETIME] */
	FDB_CANCELLED = 15,       /* the restore was cancelled [-ECANCELED] */
	FDB_REFUSED = 16,         /* the plan found errors: fdb_result_problem() [-EXDEV] */
	FDB_NO_SUCH_JOB = 17, /* none of this number that is kept and that one may see [-ESRCH] */
	FDB_TOO_LATE = 18,    /* the job is past the point where this can be done [-EALREADY] */
	FDB_BROKER_DIED = 19, /* the broker was killed before the job had a result [-EOWNERDEAD] */
	FDB_DRAINING = 20     /* the broker takes no restores now [-ESHUTDOWN] */
};

/* ---- a client and its connection ---------------------------------------------------------- */

/**
 * fdb_new() - make a client, not yet connected
 * @ret: the client, yours: fdb_free()
 *
 * Return: 0, or -ENOMEM.
 */
int fdb_new(struct fdb_client **ret);

/**
 * fdb_free() - end a client
 * @c: NULL is allowed
 *
 * As fdb_disconnect() with wait_ms 0, then frees everything. Requests of this client must be freed
 * before; results that you have stay yours.
 */
void fdb_free(struct fdb_client *c);

/**
 * fdb_connect() - connect to a running broker
 * @path:    of its socket, 1 .. 107 bytes; NULL: FDB_DEFAULT_SOCKET
 * @wait_ms: longest wait while the broker has no room for a connection
 *
 * Return: 0, or -EISCONN, -ENAMETOOLONG, -ENOENT (no such socket), -ECONNREFUSED (nobody listens),
 *         -EACCES, -ETIMEDOUT or another -errno of connect(2).
 */
int fdb_connect(struct fdb_client *c, const char *path, int wait_ms);

/**
 * fdb_open_fd() - use a connection that somebody else has made
 * @fd: a connected SOCK_SEQPACKET Unix socket whose other end is a broker; consumed in every case
 *
 * Return: 0, or -EISCONN, -EBADF, -ENOTSOCK, -EPROTOTYPE (another kind of socket).
 */
int fdb_open_fd(struct fdb_client *c, int fd);

/**
 * fdb_local() - start a private broker and connect to it
 * @program: path of criu-fdbroker; without a slash it is looked for in PATH; NULL: looked for where
 *           this library was built to be installed with it, then in PATH, then in the usual sbin
 *           directories
 * @argv:    further arguments for it, ended by NULL; or NULL
 * @log_fd:  borrowed; becomes its standard output and error, where its log goes; -1: /dev/null
 *
 * Safe in any program: the child makes only async-signal-safe calls before it executes the broker,
 * closes every other descriptor, has default signals and a session of its own (a ^C at the terminal
 * does not reach it), and your environment. The broker ends when the connection does: see
 * fdb_disconnect().
 *
 * The child is yours: when it ends you get a SIGCHLD, and fdb_disconnect() waits for it. A program
 * that waits for all its children (waitpid(-1)) may find it; that does no harm. It needs the
 * privileges to restore, root as a rule, from you.
 *
 * Return: 0, or -EISCONN, -ENOENT (not found), -EACCES, -ENOSYS (Linux before 5.3) or another
 *         -errno.
 */
int fdb_local(struct fdb_client *c, const char *program, const char *const argv[], int log_fd);

/**
 * fdb_disconnect() - end the connection
 * @wait_ms: longest wait for the end of a broker that fdb_local() started; no wait for any other
 *
 * What is lent and not used goes back, restores under way are cancelled or go on as each request
 * said, events that were not fetched are dropped. The client can be connected again. A private
 * broker ends when its restores have ended; one that is still busy after wait_ms is left to itself.
 *
 * Return: 0 (also if not connected), or -ETIMEDOUT: the private broker is still busy.
 */
int fdb_disconnect(struct fdb_client *c, int wait_ms);

/* ---- errors ------------------------------------------------------------------------------- */

/*
 * What went wrong in the last call on this client, or on a request of it, that returned a negative
 * number. Strings are borrowed until the next call, never NULL.
 *
 *   code   what kind; FDB_NONE if the broker had no part in it
 *   errno  errno of Linux, positive: of this side, or what the broker or criu saw; 0: none
 *   field  the field at fault, as "mappings[3].number" or "criu_opts.root"; "" if none
 *   text   one line for people; may hold text of others: escape it before a terminal sees it
 *   reason FDB_CRIU_FAILED and FDB_CRIU_BROKE: a stable word for what criu's log says ("pid-taken",
 *          docs/errors.md lists them); "" if the log has nothing that the broker knows
 *   hint   what can be done about it, for people; "" if nothing is known
 *   call   the number of the call if its answer is still to come (FDB_EVENT_ANSWER), else 0
 */
enum fdb_code fdb_error_code(const struct fdb_client *c);
int fdb_error_errno(const struct fdb_client *c);
const char *fdb_error_field(const struct fdb_client *c);
const char *fdb_error_text(const struct fdb_client *c);
const char *fdb_error_reason(const struct fdb_client *c);
const char *fdb_error_hint(const struct fdb_client *c);
uint64_t fdb_error_call(const struct fdb_client *c);

/** fdb_code_name() - "BAD_REQUEST" and the like; "UNKNOWN" for a number that is not listed. */
const char *fdb_code_name(enum fdb_code code);

/* ---- who is there ------------------------------------------------------------------------- */

/**
 * fdb_hello() - ask the broker who it is
 * @name: your name and version for its log, at most 64 bytes are kept; NULL: none
 *
 * Not needed before other calls. The answer stays in the client, for the getters below.
 *
 * Return: 0, or -ENOTCONN, -ETIMEDOUT, -EPIPE, -ENOMEM.
 */
int fdb_hello(struct fdb_client *c, const char *name, int wait_ms);

/*
 * What the broker answered to the last fdb_hello(); 0, "" or false before. Strings are borrowed
 * until the next one.
 *
 *   protocol             1
 *   version              of the broker, as "0.1.0"
 *   has                  can it do this: a word of Welcome.features
 *   max_packet_bytes     longest message of a client
 *   max_lent             descriptors lent on one connection
 *   max_number           highest agreed number
 *   default_deadline_ms  of a restore that names none, milliseconds
 */
uint32_t fdb_broker_protocol(const struct fdb_client *c);
const char *fdb_broker_version(const struct fdb_client *c);
bool fdb_broker_has(const struct fdb_client *c, const char *feature);
uint32_t fdb_max_packet_bytes(const struct fdb_client *c);
uint32_t fdb_max_lent(const struct fdb_client *c);
int32_t fdb_max_number(const struct fdb_client *c);
uint32_t fdb_default_deadline_ms(const struct fdb_client *c);

/** fdb_version() - version of this library, as "0.1.0"; static. */
const char *fdb_version(void);

/* ---- lending ------------------------------------------------------------------------------ */

/**
 * fdb_lend() - lend one open descriptor to the broker under a name
 * @name: 1 .. 255 bytes: ASCII, no control character, no colon (LISTEN_FDNAMES in sd_listen_fds(3))
 * @fd:   borrowed; a duplicate is sent, you may close your own at once
 *
 * The broker keeps its copy until a restore uses it, fdb_return(), or the end of the connection.
 *
 * Return: 0, or -EEXIST (name in use), -EINVAL (bad name), -EDQUOT (too many), -EBADF (not open),
 *         -ETOOMANYREFS (too many descriptors in flight), -ENOTCONN, -ETIMEDOUT, -EPIPE, -ENOMEM.
 */
int fdb_lend(struct fdb_client *c, const char *name, int fd, int wait_ms);

/**
 * fdb_lend_many() - lend any number of descriptors
 * @names:    n names
 * @fds:      n descriptors, borrowed
 * @ret_lent: how many are lent, always the first ones; set in every case. NULL is allowed
 *
 * Sent in packets of 253, each answered before the next is sent, since the kernel counts
 * descriptors in flight. A packet is lent as a whole or not at all; after an error the packets
 * before it stay lent. The field of the error is "names[I]" with I counted over all n.
 *
 * Return: 0, or as fdb_lend(). After -ETIMEDOUT the packet under way may still be lent later.
 */
int fdb_lend_many(struct fdb_client *c, const char *const names[], const int fds[], size_t n,
	int wait_ms, size_t *ret_lent);

/**
 * fdb_return() - take lent descriptors back: the broker closes its copies
 * @names: n names, 1 or more; all are returned or none
 *
 * Return: 0, or -ENOENT (one is not lent: the error's field says which), -ENOTCONN, -ETIMEDOUT,
 *         -EPIPE, -ENOMEM.
 */
int fdb_return(struct fdb_client *c, const char *const names[], size_t n, int wait_ms);

/* ---- describing a restore ----------------------------------------------------------------- */

/** enum fdb_gone - what becomes of a restore if the connection ends before its result is sent */
enum fdb_gone {
	FDB_CANCEL = 0,  /* criu and everything that it has made is ended */
	FDB_CARRY_ON = 1 /* it goes on as if you were there */
};

/**
 * fdb_request_new() - begin to describe a restore
 * @c:   whose errors the functions below set; it must outlive the request. It need not be connected
 * @ret: the request, yours: fdb_request_free(). It can be used for several restores
 *
 * Return: 0, or -ENOMEM.
 */
int fdb_request_new(struct fdb_client *c, struct fdb_request **ret);

/** fdb_request_free() - end a request and close its copies of descriptors; NULL is allowed. */
void fdb_request_free(struct fdb_request *rq);

/**
 * fdb_request_images_dir() - the directory of the images; required
 * @fd: borrowed; a directory opened for reading (not O_PATH). The broker never writes to it
 *
 * Return: 0, or -EBADF, -EMFILE.
 */
int fdb_request_images_dir(struct fdb_request *rq, int fd);

/**
 * fdb_request_work_dir() - a directory in which criu may write its statistics
 * @fd: borrowed; a directory opened for reading. Without it criu gets a private one that goes with
 *      the job. criu's log is not written here: fdb_result_log()
 *
 * Return: 0, or -EBADF, -EMFILE.
 */
int fdb_request_work_dir(struct fdb_request *rq, int fd);

/**
 * fdb_request_map() - put a lent descriptor in place of something of the images
 * @target: 1 .. 4095 bytes, what is replaced:
 *          "17.4": descriptor 4 of task 17, that one open file, in every task that shares it;
 *          "id:0xabc": the open file of that id in files.img;
 *          "path:/var/log/x": every open file on that path;
 *          "key:KEY": every open file on the resource that CRIU knows by this key: "pipe:[4711]",
 *          "socket:[4711]", "tty[8800:5]", "/memfd:NAME", a path without its first slash. What is
 *          none of these is a key, too
 * @lent:   name from fdb_lend(), which may come later. Several targets may share one
 * @number: its number in criu's own table, 3 .. fdb_max_number(), another one for each mapping;
 *          -1: the broker picks one
 *
 * Mappings keep their order: fdb_result_number(). The broker checks all of it, at the restore.
 *
 * Return: 0, or -EINVAL (target or lent is NULL), -ENOMEM.
 */
int fdb_request_map(struct fdb_request *rq, const char *target, const char *lent, int number);

/**
 * fdb_request_reopen() - have the mapping that was added last reopened
 *
 * The tasks then get a new open file on what is lent, with the access mode, flags and position that
 * the images say, not the lent open file itself. For logs that need a position of their own; what is
 * lent must be something that can be opened again.
 *
 * Return: 0, or -EINVAL (there is no mapping).
 */
int fdb_request_reopen(struct fdb_request *rq);

/**
 * fdb_request_at_own_risk() - accept a problem that the plan may find
 * @code: as fdb_result_problem() gives it: "wrong-kind", "wrong-access", ...; those of which a restore
 *        could not work are refused by the broker
 *
 * Return: 0, or -EINVAL (NULL), -ENOMEM.
 */
int fdb_request_at_own_risk(struct fdb_request *rq, const char *code);

/**
 * fdb_request_deadline_ms() - longest time: from 1 ms to what the broker allows, a day unless set otherwise; 0: the broker's default
 *
 * When it is over criu and everything that it has made is ended, and the result says FDB_DEADLINE.
 */
void fdb_request_deadline_ms(struct fdb_request *rq, uint32_t ms);

/** fdb_request_when_client_gone() - FDB_CANCEL (the default) or FDB_CARRY_ON. */
void fdb_request_when_client_gone(struct fdb_request *rq, enum fdb_gone gone);

/**
 * fdb_request_option() - set one field of CRIU's own options by name
 * @name:  field of criu_opts: "shell_job", "manage_cgroups_mode", "external", ...
 * @value: as text: "yes" or "no" for a flag, a number, a word of an enum ("soft"), any text for a
 *         string, "if_in=eth0,if_out=veth1" for a message (veths), with \, and \\ for a comma and a
 *         backslash in it
 *
 * Fields that may be given several times (external, ext_mnt, veths, ...) add up, others replace.
 * Whether the broker allows the option turns out at the restore.
 *
 * Return: 0, or -EINVAL: no such option, or not a value of it, as the error's text says; -ENOMEM.
 */
int fdb_request_option(struct fdb_request *rq, const char *name, const char *value);

/**
 * fdb_request_options_raw() - add options that you have encoded yourself
 * @bytes: a criu_opts message of CRIU's rpc.proto; copied. Merged with what was set before
 * @size:  bytes; all options together may take 65536
 *
 * Return: 0, or -ENOMEM.
 */
int fdb_request_options_raw(struct fdb_request *rq, const void *bytes, size_t size);

/* ---- restoring ---------------------------------------------------------------------------- */

/**
 * fdb_restore() - start a restore
 * @rq:      borrowed
 * @ret_job: the number of the job; its events and its result carry it
 *
 * Waits until the broker has accepted it, not for its end. From then on the lent descriptors that
 * the mappings name belong to the job and their names are free again.
 *
 * Return: 0, or -EINVAL, -ENOENT (a mapping names nothing that is lent), -EACCES (an option is
 *         forbidden), -EPERM, -EDQUOT, ... as enum fdb_code says: nothing was started and all stays
 *         lent. -EMSGSIZE (more than one packet holds), -ENOTCONN, -EPIPE, -ENOMEM. -ETIMEDOUT: the
 *         restore may still start; fdb_error_call() is the call whose answer will then come as an
 *         event.
 */
int fdb_restore(struct fdb_client *c, struct fdb_request *rq, int wait_ms, uint64_t *ret_job);

/**
 * fdb_wait_result() - wait for the end of one job
 * @job: from fdb_restore()
 * @ret: the result, yours: fdb_result_free()
 *
 * Events of this job that were not fetched are dropped: the result has them all, but for a
 * descriptor that came with one. Events and results of other jobs stay where they are, in their
 * order.
 *
 * Return: 0 if there is a result, of success or not: fdb_result_success(). -ESRCH: no such job is
 *         under way, or its result was fetched before. -ETIMEDOUT, -EPIPE, -ENOTCONN, -ENOMEM.
 */
int fdb_wait_result(struct fdb_client *c, uint64_t job, int wait_ms, struct fdb_result **ret);

/**
 * fdb_plan() - what would fdb_restore() of this request do?
 * @ret_fd: the report, yours: a file to read from its start, JSON as docs/inspect.md has it; a plan
 *          with errors is a report too. Nothing is run, and what is lent stays lent
 *
 * Return: 0, or as fdb_restore().
 */
int fdb_plan(struct fdb_client *c, struct fdb_request *rq, int wait_ms, int *ret_fd);

/**
 * fdb_inspect() - what is in a directory of images?
 * @images_dir: borrowed; the directory, opened for reading
 * @ret_fd:     the report, as of fdb_plan()
 *
 * Return: 0, or -EINVAL, -EBADMSG (no images, or broken ones), -EPERM, -EDQUOT, -ETIMEDOUT, -EPIPE, ...
 */
int fdb_inspect(struct fdb_client *c, int images_dir, int wait_ms, int *ret_fd);

/* ---- event loops -------------------------------------------------------------------------- */

/*
 * In an event loop: watch fdb_fd() for fdb_poll_events(), ask again after every call on the client.
 * When it is ready: fdb_process(), then fdb_next_event() with wait_ms 0 until it returns
 * -ETIMEDOUT. A blocking call may fetch events that are not its own: look for events after it too,
 * they make fdb_fd() ready no more.
 */

/** fdb_fd() - the socket; borrowed, for poll(2) and the like only; -1: not connected. */
int fdb_fd(const struct fdb_client *c);

/** fdb_poll_events() - POLLIN, with POLLOUT while packets wait to be sent; 0: not connected. */
short fdb_poll_events(const struct fdb_client *c);

/**
 * fdb_process() - send and receive what can be at once; never waits
 *
 * Return: 0, or -EPIPE (the broker is gone; events that came before can still be fetched),
 *         -ENOTCONN.
 */
int fdb_process(struct fdb_client *c);

/*
 * Calls that do not wait. They are sent in their order; what the socket cannot take yet is kept,
 * with duplicates of its descriptors, and sent by the next fdb_process() or any call that waits.
 * Each is answered by one FDB_EVENT_ANSWER unless the broker goes first.
 *
 * Return: 0, @ret_call is the number of the call (1 or more). -EBADF, -EMFILE, -EMSGSIZE,
 * -ETOOMANYREFS, -ENOTCONN, -EPIPE, -ENOMEM: nothing was sent and no answer will come.
 */

/** fdb_start_lend() - as fdb_lend_many(), for 1 .. 253 descriptors: more is -EINVAL. */
int fdb_start_lend(struct fdb_client *c, const char *const names[], const int fds[], size_t n,
	uint64_t *ret_call);
/** fdb_start_return() - as fdb_return(). */
int fdb_start_return(struct fdb_client *c, const char *const names[], size_t n, uint64_t *ret_call);
/** fdb_start_restore() - as fdb_restore(): the answer has the job. */
int fdb_start_restore(struct fdb_client *c, struct fdb_request *rq, uint64_t *ret_call);

#ifdef __cplusplus
}
#endif

#include "fdbroker-events.h"
#include "fdbroker-jobs.h"
#include "fdbroker-config.h"

#endif
