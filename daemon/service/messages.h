/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lines of the log that tools and administrators look for: a MESSAGE_ID each, for log_about.message. What
 * each means and what to do about it is in systemd/criu-fdbroker.catalog, which `journalctl -x` shows
 * (tests/lint/catalog compares the two). An id is never changed and never reused.
 *
 * Behind each: the fields that the line has besides MESSAGE and PRIORITY; the catalog's text uses them.
 *
 *   FDBROKER_JOB       the job's id             FDBROKER_SESSION  the connection's id
 *   FDBROKER_UID       user at connect          FDBROKER_PEER_PID process at connect, as the broker sees it
 *   FDBROKER_PEER_COMM name of its program then, or nothing
 *   FDBROKER_CLASS     "full", "own" or "none": what the user may (policy.h)
 *   FDBROKER_ROOT_PID  root task of a tree      FDBROKER_CODE     name of an error code of the protocol
 *   FDBROKER_STATUS    "exited N", "signal N", or "unknown"
 *   FDBROKER_CRIU      path of criu             FDBROKER_VERSION  the broker's own
 *   FDBROKER_CONFINED  what of the unit's settings would leak: "NoNewPrivs", "Seccomp" or "mount namespace"
 */
#ifndef FDBROKER_MESSAGES_H
#define FDBROKER_MESSAGES_H

/* The broker serves. VERSION, CRIU */
#define MESSAGE_STARTED "2aa3bc2170164b6cb1acc2e556715744"

/* The broker stops. No fields */
#define MESSAGE_STOPPING "2a8b56b5bc1545db9dc39972d5a62852"

/* The configuration has been read anew. CRIU */
#define MESSAGE_RELOADED "8f616dec9e024b779d0451097153de3f"

/* A restore has been accepted. JOB, SESSION, UID, PEER_PID, PEER_COMM, CLASS */
#define MESSAGE_ACCEPTED "6129b9f9b6c6450cac4d0c0b349569c2"

/* A tree has been restored. JOB, ROOT_PID */
#define MESSAGE_RESTORED "e584500e993a43d3842cab88d784d655"

/* A restore has failed. JOB, CODE */
#define MESSAGE_FAILED "87a96dd7e5054d8a812b74edbf71040d"

/* A restore has been cancelled. JOB */
#define MESSAGE_CANCELLED "ca77d7b00d3b4d61a958e13c33971340"

/* A client was refused. SESSION, UID, PEER_PID, PEER_COMM, CODE, CLASS */
#define MESSAGE_REFUSED "c757d9815d9e4754a728cafc8ca529e9"

/* A limit has been reached; the line names it. SESSION, UID, PEER_PID, PEER_COMM, CODE, CLASS */
#define MESSAGE_LIMIT "cfd6a0f4546d49e784a8f45bf83cfcab"

/* A restored tree has ended. JOB, ROOT_PID, STATUS */
#define MESSAGE_ENDED "320a49c38e5c47aeb8bc5d103142f383"

/* What became of a job while the broker was away. JOB, CODE */
#define MESSAGE_RECOVERED "2b8ea38fa748402ab2261acd2d3b08d1"

/* The broker itself is confined. CONFINED */
#define MESSAGE_CONFINED "bbf855f3ed1d44ee915d2a3ce1f6e9f2"

#endif
