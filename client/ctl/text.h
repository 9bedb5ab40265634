/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Foreign text (keys, images, logs, a broker's words) made harmless for a terminal and right for
 * JSON.
 */
#ifndef FDBROKER_CTL_TEXT_H
#define FDBROKER_CTL_TEXT_H

#include <stddef.h>

/**
 * text_printable() - a copy that a terminal shows and does not obey
 *
 * What is not printable becomes \xNN for each of its bytes: control characters (C0, DEL, C1), those
 * that change the direction or the line, bytes that are no UTF-8.
 *
 * Return: the copy, the caller's (free); NULL: no memory.
 */
char *text_printable(const char *text);

/**
 * text_utf8() - a copy that is valid UTF-8: each byte that is not becomes U+FFFD
 *
 * Return: the copy, the caller's (free); NULL: no memory.
 */
char *text_utf8(const char *text);

/**
 * text_json() - a copy of valid JSON in which the characters of text_printable() stand as \uNNNN
 *
 * The line breaks and tabs that lay out the JSON stay.
 *
 * Return: the copy, the caller's (free); NULL: no memory.
 */
char *text_json(const char *json);

#endif
