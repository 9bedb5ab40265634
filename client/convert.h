/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a broker has sent, as the library's own structs. A string may be missing, a number may be new,
 * an index may point at no descriptor: none of that is an error here.
 */
#ifndef FDBROKER_CONVERT_H
#define FDBROKER_CONVERT_H

#include "base/fdset.h"
#include "client.h"
#include "event.h"
#include "fdbroker.pb-c.h"

/* from: may be NULL, for an error without a word. */
void convert_error(struct err *err, struct advice *advice, const Fdbroker__V1__Error *from);

/* Return: 0; or -ENOMEM, and the old one stays. */
int convert_welcome(struct welcome *w, const Fdbroker__V1__Welcome *from);

/* The following return what is the caller's from then on; NULL: no memory. */

/* Its descriptor stays in the packet. */
struct fdb_event *convert_event(const Fdbroker__V1__Event *from);

/* fds: of the packet, those that it names are taken out; NULL: it came without, as in a Job. */
struct fdb_result *convert_result(const Fdbroker__V1__Result *from, struct fdset *fds);

struct fdb_report *convert_status(const Fdbroker__V1__StatusReport *from);

struct fdb_job *convert_job(const Fdbroker__V1__Job *from);

struct fdb_config *convert_config(const Fdbroker__V1__Config *from);

struct fdb_job_list *convert_job_list(const Fdbroker__V1__JobList *from);

#endif
