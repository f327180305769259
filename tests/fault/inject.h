/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls that fail by turns. The linker puts our functions in front of malloc and its kind, of what libcrypto and the TSS offer, wherever our own
 * code calls them; what these libraries call inside is theirs. Memory that our code asked for and did not give back is counted.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum fault_kind { FAULT_MEMORY = 0, FAULT_CRYPTO, FAULT_TPM, FAULT__LAST };

const char *fault_kind_name(enum fault_kind k);

/** fault_arm() - the @nth call (from 1) of this kind fails; @all: and every one after it */
void fault_arm(enum fault_kind k, unsigned long nth, bool all);

/** fault_disarm() - true: a call was made to fail */
bool fault_disarm(void);

/** fault_count_nothing() - memory is handed to a library that gives it back by itself: only a sanitizer can tell what is left */
void fault_count_nothing(void);

/**
 * fault_turns() - run @scenario again and again: without a fault, then with the first call failing, the second, ... until none is left
 *
 * @scenario returns 0 when all went well, negative when something said that it failed; it checks by itself that nothing passed that must not, and
 * frees what it has. It must succeed without faults, and leave no memory behind in any turn. Fails the test otherwise.
 * Return: turns in which a call was made to fail
 */
unsigned long fault_turns(enum fault_kind k, int (*scenario)(void));
