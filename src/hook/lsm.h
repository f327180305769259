/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Labels of the security module that the running kernel has: which of a rule's six label words it understands, what the labels
 * of a task and of a file are in these words.
 */
#pragma once

#include <ima/policy.h>

enum ima_lsm { IMA_LSM_NONE = 0, IMA_LSM_SELINUX, IMA_LSM_SMACK, IMA_LSM_APPARMOR, IMA_LSM__LAST };

/** ima_lsm_detect() - by what the module shows under @sys ("/sys"; another root in tests) */
enum ima_lsm ima_lsm_detect(const char *sys);
const char *ima_lsm_name(enum ima_lsm lsm);

/** ima_lsm_slots() - bitmap over obj_user, obj_role, obj_type, subj_user, subj_role, subj_type */
uint8_t ima_lsm_slots(enum ima_lsm lsm);

/** ima_lsm_xattr() - the attribute that holds a file's label, NULL: the module labels no files */
const char *ima_lsm_xattr(enum ima_lsm lsm);

/**
 * ima_lsm_split() - a label text as the module writes it, to the three words of one side
 * @object: a file's label; else a task's
 * @ret: user, role, type; views into @text; empty where the module has no such word
 */
void ima_lsm_split(enum ima_lsm lsm, bool object, struct ima_bytes text, struct ima_bytes ret[static 3]);

/** ima_lsm_trim() - a label text without the newline or NUL that procfs ends it with; a view of @text */
struct ima_bytes ima_lsm_trim(struct ima_bytes text);
