/* SPDX-License-Identifier: BSD-2-Clause */
/* The fanotify tier's pure parts: mount tables, program headers, access masks, a task's own state. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "hook/elf.h"
#include "base/mounts.h"
#include "hook/subject.h"
#include "hook/lsm.h"

static int file_with(const void *data, size_t len)
{
	char path[] = "/tmp/ima-test-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	return fd;
}

static int parse(const char *text, struct ima_mounts *ret)
{
	int fd = file_with(text, strlen(text));
	int r = ima_mounts_read(fd, ret);

	close(fd);
	return r;
}

static void broken_mount_lines_are_refused(void **state)
{
	static const char *const bad[] = {
		"22 27 0:21 / /proc rw,relatime proc proc rw\n",
		"22 27 0-21 / /proc rw - proc proc rw\n",
		"garbage\n",
		"22 27 0:21 / - proc\n",
	};
	struct ima_mounts m;

	for (size_t i = 0; i < IMA_N_ELEMENTS(bad); i++)
		assert_int_equal(parse(bad[i], &m), -EBADMSG);
}

static void mount_lines_are_read(void **state)
{
	struct ima_mounts m, same;
	static const char text[] =
		"27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard\n"
		"40 27 0:33 /a /mnt/with\\040blank rw,relatime shared:7 master:1 - fuse.sshfs h: rw\n";

	assert_int_equal(parse(text, &m), 0);
	assert_int_equal(m.n, 2);
	assert_int_equal(m.items[0].major, 254);
	assert_string_equal(m.items[0].fstype, "ext4");
	assert_null(m.items[0].subtype);
	assert_int_equal(m.items[1].id, 40);
	assert_string_equal(m.items[1].point, "/mnt/with blank");
	assert_string_equal(m.items[1].fstype, "fuse");
	assert_string_equal(m.items[1].subtype, "sshfs");
	assert_int_equal(parse(text, &same), 0);
	assert_true(m.hash == same.hash);
	ima_mounts_done(&m);
	ima_mounts_done(&same);
	assert_int_equal(parse("", &m), 0);
	assert_int_equal(m.n, 0);
	ima_mounts_done(&m);
}

static void what_is_no_program_is_none(void **state)
{
	static const char *const plain[] = { "", "#", "x", "\177ELF", "\177ELF\2\1\1" };
	struct ima_elf e;

	for (size_t i = 0; i < IMA_N_ELEMENTS(plain); i++) {
		int fd = file_with(plain[i], strlen(plain[i]));

		ima_elf_probe(fd, &e);
		assert_false(e.elf || e.script || e.has_exec || e.has_interp);
		close(fd);
	}
}

static void lying_program_headers_are_harmless(void **state)
{
	struct ima_elf e;
	uint8_t head[4096];
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, head, sizeof(head)), sizeof(head));
	close(fd);
	memset(head + 32, 0xff, 8); /* offset of the table: far outside */
	fd = file_with(head, sizeof(head));
	ima_elf_probe(fd, &e);
	assert_false(e.has_exec);
	close(fd);
	head[56] = head[57] = 0xff; /* and 65535 entries at a place that exists */
	memset(head + 32, 0, 8);
	head[32] = 64;
	fd = file_with(head, sizeof(head));
	ima_elf_probe(fd, &e);
	assert_true(e.elf);
	close(fd);
}

static void programs_loaders_and_scripts_are_told_apart(void **state)
{
	struct ima_elf e;
	int fd = open("/bin/sh", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	ima_elf_probe(fd, &e);
	assert_true(e.elf && e.has_interp && e.has_exec && !e.script);
	close(fd);
	fd = open("/lib64/ld-linux-x86-64.so.2", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		ima_elf_probe(fd, &e);
		assert_true(e.elf && e.shared && !e.has_interp && e.has_exec);
		close(fd);
	}
	fd = file_with("#!/bin/sh\n", 10);
	ima_elf_probe(fd, &e);
	assert_true(e.script && !e.elf);
	close(fd);
}

static void masks_are_the_kernels(void **state)
{
	static const struct {
		unsigned int flags, mask;
	} rows[] = {
		{ O_RDONLY, 4 },
		{ O_WRONLY, 2 },
		{ O_RDWR, 6 },
		{ O_RDONLY | O_TRUNC, 6 },
		{ O_WRONLY | O_APPEND, 10 },
		{ O_RDWR | O_APPEND | O_TRUNC, 14 },
		{ O_ACCMODE, 6 },
		{ O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 4 },
	};

	for (size_t i = 0; i < IMA_N_ELEMENTS(rows); i++)
		assert_int_equal(ima_subject_mask(rows[i].flags), rows[i].mask);
}

static void a_task_tells_who_it_is(void **state)
{
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct ima_subject s;

	assert_true(proc >= 0);
	assert_int_equal(ima_subject_read(proc, (int)syscall(SYS_gettid), &s), 0);
	assert_int_equal(s.uid, getuid());
	assert_int_equal(s.euid, geteuid());
	assert_int_equal(s.gid, getgid());
	assert_false(s.kernel_thread);
	assert_string_equal(s.audit.comm, "test_hook_parts");
	assert_int_equal(ima_subject_read(proc, 0x3ffffff, &s), -ESRCH);
	close(proc);
}

#define VIEW(s) ((struct ima_bytes){ (const uint8_t *)(s), sizeof(s) - 1 })

static void labels_are_split_as_their_modules_write_them(void **state)
{
	static const struct {
		enum ima_lsm lsm;
		bool object;
		struct ima_bytes text;
		const char *user, *role, *type;
	} rows[] = {
		{ IMA_LSM_SELINUX, true, VIEW("system_u:object_r:etc_t:s0\0"), "system_u", "object_r", "etc_t" },
		{ IMA_LSM_SELINUX, false, VIEW("u:r:t"), "u", "r", "t" },
		{ IMA_LSM_SELINUX, false, VIEW("kernel"), "kernel", "", "" },
		{ IMA_LSM_SELINUX, true, VIEW(""), "", "", "" },
		{ IMA_LSM_SMACK, true, VIEW("_"), "_", "", "" },
		{ IMA_LSM_SMACK, false, VIEW("User"), "User", "", "" },
		{ IMA_LSM_APPARMOR, false, VIEW("/usr/sbin/cupsd (enforce)\n"), "", "/usr/sbin/cupsd", "" },
		{ IMA_LSM_APPARMOR, false, VIEW("unconfined\n"), "", "unconfined", "" },
		{ IMA_LSM_APPARMOR, false, VIEW("odd name (x) (complain)"), "", "odd name (x)", "" },
		{ IMA_LSM_APPARMOR, true, VIEW("x"), "", "", "" },
		{ IMA_LSM_NONE, false, VIEW("x:y:z"), "", "", "" },
	};

	for (size_t i = 0; i < IMA_N_ELEMENTS(rows); i++) {
		const char *const want[3] = { rows[i].user, rows[i].role, rows[i].type };
		struct ima_bytes have[3];

		ima_lsm_split(rows[i].lsm, rows[i].object, rows[i].text, have);
		for (size_t k = 0; k < 3; k++) {
			assert_int_equal(have[k].len, strlen(want[k]));
			if (have[k].len)
				assert_memory_equal(have[k].data, want[k], have[k].len);
		}
	}
	assert_int_equal(ima_lsm_slots(IMA_LSM_SELINUX), 0x3f);
	assert_int_equal(ima_lsm_slots(IMA_LSM_SMACK), 0x09);
	assert_int_equal(ima_lsm_slots(IMA_LSM_APPARMOR), 0x10);
}

/* a tree like /sys, as each module shows itself */
static void modules_are_told_by_what_they_show(void **state)
{
	char root[] = "/tmp/ima-sys-XXXXXX", path[256];
	FILE *f;

	assert_non_null(mkdtemp(root));
	assert_int_equal(ima_lsm_detect(root), IMA_LSM_NONE);
	snprintf(path, sizeof(path), "mkdir -p %s/module/apparmor/parameters %s/fs/selinux", root, root);
	assert_int_equal(system(path), 0);
	snprintf(path, sizeof(path), "%s/module/apparmor/parameters/enabled", root);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs("N\n", f);
	fclose(f);
	assert_int_equal(ima_lsm_detect(root), IMA_LSM_NONE);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs("Y\n", f);
	fclose(f);
	assert_int_equal(ima_lsm_detect(root), IMA_LSM_APPARMOR);
	snprintf(path, sizeof(path), "%s/fs/selinux/enforce", root);
	f = fopen(path, "we");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(ima_lsm_detect(root), IMA_LSM_SELINUX);
	snprintf(path, sizeof(path), "rm -r %s", root);
	assert_int_equal(system(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broken_mount_lines_are_refused),
		cmocka_unit_test(mount_lines_are_read),
		cmocka_unit_test(what_is_no_program_is_none),
		cmocka_unit_test(lying_program_headers_are_harmless),
		cmocka_unit_test(programs_loaders_and_scripts_are_told_apart),
		cmocka_unit_test(masks_are_the_kernels),
		cmocka_unit_test(a_task_tells_who_it_is),
		cmocka_unit_test(labels_are_split_as_their_modules_write_them),
		cmocka_unit_test(modules_are_told_by_what_they_show),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
