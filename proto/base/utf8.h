/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UTF-8, where bytes of strangers may be anything. */
#ifndef FDBROKER_BASE_UTF8_H
#define FDBROKER_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * utf8_decode() - the character at the start of some bytes
 * @n:   how many may be read. In text with a final zero 4 is safe everywhere: the zero ends a character
 * @ret: its number
 *
 * Refuses what is longer than it need be, surrogates, and numbers above U+10FFFF.
 *
 * Return: its length, bytes; 0: no character begins here.
 */
size_t utf8_decode(const char *bytes, size_t n, uint32_t *ret);

/* Is all of it characters, none of them a zero? */
bool utf8_valid(const char *bytes, size_t n);

/**
 * utf8_clean() - a copy that is valid UTF-8: each byte that is not, and each zero, becomes U+FFFD
 *
 * Return: the copy, the caller's (free); NULL: no memory.
 */
char *utf8_clean(const char *bytes, size_t n);

#endif
