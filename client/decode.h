/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A packet of the broker becomes what it means for the client. */
#ifndef FDBROKER_DECODE_H
#define FDBROKER_DECODE_H

#include "client.h"
#include "wire.h"

/**
 * decode_packet() - take in one packet
 * @p: borrowed; the descriptors that its message names are taken out
 *
 * What it tells is put at the end of c->arrived, or into c->welcome, c->words. A message that this
 * version does not know is dropped, an answer to no call as well.
 *
 * Return: 0, or -EPROTO (no ServerMessage), -ENOMEM: the connection cannot go on.
 */
int decode_packet(struct fdb_client *c, struct packet *p);

/* What answers a call: its case of ClientMessage -> a case of ServerMessage. */
int decode_answer_to(int call_case);

#endif
