/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names that strangers chose, made fit for logs, terminals and error texts. */
#ifndef FDBROKER_BASE_PRINTABLE_H
#define FDBROKER_BASE_PRINTABLE_H

#include <stddef.h>

/**
 * printable() - copy bytes so that they can be shown
 * @buf:   receives the text, with a final zero; at least 8 bytes
 * @size:  of buf, bytes; what does not fit is cut and ends in "..."
 * @bytes: may hold anything, zeros too
 *
 * Printable ASCII and whole UTF-8 characters from U+00A0 on are kept (but not those that turn the
 * direction of writing, nor U+2028 and U+2029, which end lines); every other byte becomes "\xHH", a
 * backslash "\\".
 *
 * Return: buf.
 */
const char *printable(char *buf, size_t size, const char *bytes, size_t n);

/* The same in place, of text with a final zero: what is not kept becomes '?', byte by byte; a backslash stays. */
void printable_line(char *text);

#endif
