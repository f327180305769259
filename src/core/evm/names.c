/* SPDX-License-Identifier: BSD-2-Clause */
/* The names that EVM covers, and the file "evm_xattrs" that adds to them: names are only ever added, and a locked list stays as it is. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/evm/evm.h"

#define NAME_MAX_LEN 255 /* of an attribute's name, as the kernel has it */

/* as Debian's kernels are built: SELinux, AppArmor, IMA and capabilities count, Smack's only for portable signatures */
static const struct {
	const char *name;
	bool enabled;
} default_names[] = {
	{ "security.selinux", true },
	{ "security.SMACK64", true },
	{ "security.SMACK64EXEC", false },
	{ "security.SMACK64TRANSMUTE", false },
	{ "security.SMACK64MMAP", false },
	{ "security.apparmor", true },
	{ "security.ima", true },
	{ "security.capability", true },
};

void ima_evm_default_names(struct ima_evm *e)
{
	for (size_t i = 0; i < IMA_N_ELEMENTS(default_names); i++) {
		struct ima_evm_name *n = &e->names[e->n_names++];

		snprintf(n->name, sizeof(n->name), "%s", default_names[i].name);
		n->enabled = default_names[i].enabled;
	}
}

const char *ima_evm_name_at(const struct ima_evm *e, size_t i)
{
	if (!e)
		return i < IMA_N_ELEMENTS(default_names) ? default_names[i].name : NULL;
	return i < e->n_names ? e->names[i].name : NULL;
}

int ima_evm_add_name(struct ima_evm *e, const char *name)
{
	struct ima_evm_name *n;

	if (strlen(name) >= sizeof(n->name))
		return -E2BIG;
	if (strncmp(name, "security.", 9) || !name[9])
		return -EINVAL;
	for (size_t i = 0; i < e->n_names; i++) {
		if (strcmp(e->names[i].name, name))
			continue;
		if (e->names[i].enabled)
			return -EEXIST;
		e->names[i].enabled = true;
		return 0;
	}
	if (e->n_names == IMA_EVM_MAX_NAMES)
		return -ENOSPC;
	n = &e->names[e->n_names++];
	snprintf(n->name, sizeof(n->name), "%s", name);
	n->enabled = true;
	return 0;
}

bool ima_evm_covers(const struct ima_evm *e, const char *name)
{
	for (size_t i = 0; i < e->n_names; i++)
		if (e->names[i].enabled && !strcmp(e->names[i].name, name))
			return true;
	return false;
}

int ima_evm_names_write(struct ima_evm *e, struct ima_bytes text)
{
	char name[NAME_MAX_LEN + 1];
	size_t len = text.len;
	const uint8_t *nul = memchr(text.data, 0, text.len);

	if (e->names_locked)
		return -EPERM;
	if (text.len > NAME_MAX_LEN)
		return -E2BIG;
	if (nul)
		len = (size_t)(nul - text.data);
	if (len && text.data[len - 1] == '\n')
		len--;
	memcpy(name, text.data, len);
	name[len] = 0;
	if (strcmp(name, "."))
		return ima_evm_add_name(e, name);
	e->names_locked = true;
	return 0;
}

int ima_evm_names_show(const struct ima_evm *e, struct ima_buffer *out)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < e->n_names; i++)
		if (e->names[i].enabled)
			r = ima_buffer_printf(out, "%s\n", e->names[i].name);
	return r;
}
