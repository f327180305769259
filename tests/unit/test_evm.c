/* SPDX-License-Identifier: BSD-2-Clause */
/* EVM by the specification's vectors (kernel documentation of the formats: docs/FORMATS.md "EVM"), and by hand-made inodes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/evm/blob.h"
#include "core/evm/evm.h"

struct one {
	const char *name;
	const char *hex;
};

static size_t from_hex(const char *hex, uint8_t *ret, size_t size)
{
	size_t n = 0;

	for (unsigned int v; n < size && sscanf(hex + 2 * n, "%2x", &v) == 1; n++)
		ret[n] = (uint8_t)v;
	return n;
}

static int get(void *user, const char *name, uint8_t **ret, size_t *ret_len)
{
	for (const struct one *o = user; o->name; o++) {
		if (strcmp(o->name, name))
			continue;
		*ret = malloc(512);
		*ret_len = from_hex(o->hex, *ret, 512);
		return 0;
	}
	return -ENODATA;
}

#define LABEL "04045891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"

static struct ima_evm_file file_with(struct one *xattrs)
{
	struct ima_evm_file f = { .ino = 12345, .generation = 7, .mode = 0100644, .xattr = get, .user = xattrs };

	from_hex("8bcbe3944f134144be8e5aa9ea2ce2f6", f.fsuuid, 16);
	return f;
}

static struct ima_evm *evm_with_key(unsigned int version)
{
	uint8_t key[32];
	struct ima_evm *e;

	for (uint8_t i = 0; i < sizeof(key); i++)
		key[i] = i;
	assert_int_equal(ima_evm_new(version, &e), 0);
	assert_int_equal(ima_evm_set_key(e, (struct ima_bytes){ key, sizeof(key) }), 0);
	assert_int_equal(ima_evm_set_key(e, (struct ima_bytes){ key, sizeof(key) }), -EBUSY);
	return e;
}

static void test_vectors(void **state)
{
	struct one xattrs[] = { { "security.ima", LABEL }, { NULL, NULL } };
	const struct ima_evm_file f = file_with(xattrs);
	uint8_t mac[1 + IMA_EVM_HMAC_LEN], want[64];
	struct ima_evm *e = evm_with_key(601);
	struct ima_hasher *h;
	struct ima_digest d;

	assert_int_equal(ima_hasher_new(&h), 0);
	assert_int_equal(ima_evm_hmac(e, h, &f, mac), 0);
	assert_int_equal(from_hex("0278f35ddb523255a8e75eaa490ed57a2ef9757e39", want, sizeof(want)), sizeof(mac));
	assert_memory_equal(mac, want, sizeof(mac));
	assert_int_equal(ima_evm_digest(e, h, IMA_XATTR_PORTABLE, 2, IMA_HASH_SHA256, &f, &d), 0);
	from_hex("ca0f89fb1b7549386c59439060514fc9b54975eaf0f705f146a0c7164aae4fda", want, sizeof(want));
	assert_memory_equal(d.data, want, 32);
	/* file id of type 3: docs/FORMATS.md */
	d = (struct ima_digest){ .algo = IMA_HASH_SHA256, .len = 32 };
	from_hex(LABEL + 4, d.data, 32);
	assert_int_equal(ima_signature_file_id(h, 3, &d, &d), 0);
	from_hex("221f1a2aabd12ac7b4e500b6afce85ceb9851f40f7892c7c5c5b4b3c69ccd85e", want, sizeof(want));
	assert_memory_equal(d.data, want, 32);
	ima_hasher_free(h);
	ima_evm_free(e);
}

static enum ima_integrity judge(struct ima_evm *e, struct ima_hasher *h, struct one *xattrs)
{
	const struct ima_evm_file f = file_with(xattrs);
	struct ima_evm_result res;

	ima_evm_judge(e, h, &f, &res);
	return res.status;
}

#define MAC "0278f35ddb523255a8e75eaa490ed57a2ef9757e39"

/* digests that Debian's evmctl 1.4 said with -v of the same numbers: --m32, --m32 --portable, --immutable */
static void test_layouts(void **state)
{
	static const struct {
		enum ima_xattr_type type;
		enum ima_evm_layout layout;
		const char *sha256;
	} rows[] = {
		{ IMA_XATTR_SIGNATURE, IMA_EVM_LAYOUT_64, "bdd923eaebb782b4aa44f5b8e5a6962c65697d820da8e0972c57f504a81174bc" },
		{ IMA_XATTR_SIGNATURE, IMA_EVM_LAYOUT_32, "3d8708fe5836e40c7964672ca354508fc5e4723f3db69c447dc5c2a2f35c7ada" },
		{ IMA_XATTR_PORTABLE, IMA_EVM_LAYOUT_32, "2b5e9985715d68f88aef8e3547328b6c2b72924735a2ca66d9ff9e662d4ac9d5" },
		{ IMA_XATTR_SIGNATURE, IMA_EVM_LAYOUT_OWNER, "0efad5f2dfa5d771e2bce1bc4510d66a2992844c68453855a807c74f44b3793d" },
	};
	struct one xattrs[] = { { "security.ima", LABEL }, { NULL, NULL } }, none[] = { { NULL, NULL } };
	struct ima_evm_file f = file_with(xattrs);
	struct ima_buffer data = { 0 };
	struct ima_evm *e = evm_with_key(601);
	struct ima_hasher *h;
	struct ima_digest d;
	uint8_t want[32];

	assert_int_equal(ima_hasher_new(&h), 0);
	for (size_t i = 0; i < IMA_N_ELEMENTS(rows); i++) {
		f.layout = rows[i].layout;
		assert_int_equal(ima_evm_digest(e, h, rows[i].type, 2, IMA_HASH_SHA256, &f, &d), 0);
		from_hex(rows[i].sha256, want, sizeof(want));
		assert_memory_equal(d.data, want, sizeof(want));
	}
	f = file_with(none);
	assert_int_equal(ima_evm_data(e, IMA_XATTR_SIGNATURE, &f, &data), -ENODATA);
	f.any = true;
	assert_int_equal(ima_evm_data(e, IMA_XATTR_SIGNATURE, &f, &data), 0);
	assert_int_equal(data.len, 24 + 16);
	ima_buffer_done(&data);
	ima_hasher_free(h);
	ima_evm_free(e);
}

static void test_status(void **state)
{
	static struct one none[] = { { NULL, NULL } };
	static struct one no_evm[] = { { "security.ima", LABEL }, { NULL, NULL } };
	static struct one smack_only[] = { { "security.SMACK64EXEC", "61" }, { NULL, NULL } };
	static struct one good[] = { { "security.ima", LABEL }, { "security.evm", MAC }, { NULL, NULL } };
	static struct one with_smack[] = { { "security.ima", LABEL }, { "security.evm", MAC },
					   { "security.SMACK64EXEC", "61" }, { NULL, NULL } };
	static struct one with_caps[] = { { "security.ima", LABEL }, { "security.evm", MAC },
					  { "security.capability", "01" }, { NULL, NULL } };
	static struct one shorter[] = { { "security.ima", LABEL }, { "security.evm", "0278f3" }, { NULL, NULL } };
	static struct one empty[] = { { "security.ima", LABEL }, { "security.evm", "" }, { NULL, NULL } };
	static struct one odd[] = { { "security.ima", LABEL }, { "security.evm", "0900" }, { NULL, NULL } };
	static struct one portable[] = { { "security.ima", LABEL }, { "security.evm", "050204000000000001aa" }, { NULL, NULL } };
	static struct one head_alone[] = { { "security.ima", LABEL }, { "security.evm", "050204aabbccdd0100" }, { NULL, NULL } };
	static struct one type_alone[] = { { "security.ima", LABEL }, { "security.evm", "0502" }, { NULL, NULL } };
	static struct one mac_alone[] = { { "security.evm", MAC }, { NULL, NULL } };
	struct ima_evm *e = evm_with_key(601), *off;
	struct ima_hasher *h;

	assert_int_equal(ima_hasher_new(&h), 0);
	assert_int_equal(ima_evm_new(601, &off), 0);
	assert_int_equal(judge(off, h, good), IMA_INTEGRITY_UNKNOWN);
	assert_int_equal(judge(e, h, none), IMA_INTEGRITY_NOXATTRS);
	assert_int_equal(judge(e, h, no_evm), IMA_INTEGRITY_NOLABEL);
	assert_int_equal(judge(e, h, smack_only), IMA_INTEGRITY_NOLABEL);
	assert_int_equal(judge(e, h, good), IMA_INTEGRITY_PASS);
	assert_int_equal(judge(e, h, with_smack), IMA_INTEGRITY_PASS); /* covered by portable signatures only */
	assert_int_equal(judge(e, h, with_caps), IMA_INTEGRITY_FAIL);
	assert_int_equal(judge(e, h, shorter), IMA_INTEGRITY_FAIL);
	assert_int_equal(judge(e, h, empty), IMA_INTEGRITY_FAIL);
	assert_int_equal(judge(e, h, odd), IMA_INTEGRITY_FAIL);
	assert_int_equal(judge(e, h, portable), IMA_INTEGRITY_FAIL_IMMUTABLE);
	/* as the kernel says of these in tests/guest/test_appraise.sh (m-head, m-short) */
	assert_int_equal(judge(e, h, head_alone), IMA_INTEGRITY_FAIL);
	assert_int_equal(judge(e, h, type_alone), IMA_INTEGRITY_FAIL);
	assert_int_equal(judge(e, h, mac_alone), IMA_INTEGRITY_NOXATTRS);
	assert_int_equal(ima_evm_add_name(e, "security.SMACK64EXEC"), 0);
	assert_int_equal(judge(e, h, with_smack), IMA_INTEGRITY_FAIL);
	ima_hasher_free(h);
	ima_evm_free(off);
	ima_evm_free(e);
}

static int say(struct ima_evm *e, const char *text)
{
	return ima_evm_mode_write(e, (struct ima_bytes){ (const uint8_t *)text, strlen(text) });
}

static void test_mode_file(void **state)
{
	struct ima_evm *e, *keyed = evm_with_key(601), *late;

	assert_int_equal(ima_evm_new(601, &e), 0);
	assert_int_equal(say(e, "0"), -EINVAL);
	assert_int_equal(say(e, ""), -EINVAL);
	assert_int_equal(say(e, "x"), -EINVAL);
	assert_int_equal(say(e, "8"), -EINVAL); /* known from 7.1 on */
	assert_int_equal(say(e, "-1"), -EINVAL);
	assert_int_equal(say(e, "1"), -ENOENT);
	assert_int_equal(say(e, "0x2\n"), 0);
	assert_int_equal(e->mode, 2);
	assert_int_equal(say(e, "4"), 0);
	assert_int_equal(e->mode, 6);
	assert_int_equal(say(e, "0x80000000"), 0);
	assert_int_equal(say(e, "2"), -EPERM);
	assert_int_equal(say(keyed, "4"), -EPERM);
	assert_int_equal(say(keyed, "1"), 0);
	assert_int_equal(say(keyed, "2"), -EPERM);
	assert_int_equal(ima_evm_new(701, &late), 0);
	assert_int_equal(say(late, "8"), 0);
	ima_evm_free(late);
	ima_evm_free(keyed);
	ima_evm_free(e);
}

static void test_names(void **state)
{
	struct ima_evm *e;
	char name[300];

	assert_int_equal(ima_evm_new(601, &e), 0);
	assert_int_equal(ima_evm_add_name(e, "user.x"), -EINVAL);
	assert_int_equal(ima_evm_add_name(e, "security."), -EINVAL);
	assert_int_equal(ima_evm_add_name(e, "security.ima"), -EEXIST);
	assert_int_equal(ima_evm_add_name(e, "security.x"), 0);
	assert_int_equal(ima_evm_add_name(e, "security.x"), -EEXIST);
	assert_true(ima_evm_covers(e, "security.x"));
	assert_false(ima_evm_covers(e, "security.SMACK64MMAP"));
	memset(name, 'a', sizeof(name) - 1);
	memcpy(name, "security.", 9);
	name[sizeof(name) - 1] = 0;
	assert_int_equal(ima_evm_add_name(e, name), -E2BIG);
	ima_evm_free(e);
}

static int name_it(struct ima_evm *e, const char *text, size_t len)
{
	return ima_evm_names_write(e, (struct ima_bytes){ (const uint8_t *)text, len });
}

static void test_names_file(void **state)
{
	static const char before[] = "security.selinux\nsecurity.SMACK64\nsecurity.apparmor\nsecurity.ima\nsecurity.capability\n";
	static const char after[] = "security.selinux\nsecurity.SMACK64\nsecurity.SMACK64EXEC\nsecurity.apparmor\nsecurity.ima\n"
				    "security.capability\nsecurity.b\nsecurity.a\n";
	struct ima_buffer shown = { 0 };
	struct ima_evm *e;
	char name[300];

	assert_int_equal(ima_evm_new(601, &e), 0);
	assert_int_equal(ima_evm_names_show(e, &shown), 0);
	assert_int_equal(shown.len, sizeof(before) - 1);
	assert_memory_equal(shown.data, before, shown.len);
	memset(name, 'a', sizeof(name));
	memcpy(name, "security.", 9);
	assert_int_equal(name_it(e, "", 0), -EINVAL);
	assert_int_equal(name_it(e, "\n", 1), -EINVAL);
	assert_int_equal(name_it(e, "user.x\n", 7), -EINVAL);
	assert_int_equal(name_it(e, name, 256), -E2BIG);
	assert_int_equal(name_it(e, "security.ima\n", 13), -EEXIST);
	assert_int_equal(name_it(e, "security.SMACK64EXEC\n", 21), 0); /* was there, switched off */
	assert_int_equal(name_it(e, "security.SMACK64EXEC\n", 21), -EEXIST);
	assert_int_equal(name_it(e, "security.b", 10), 0);
	assert_int_equal(name_it(e, "security.a\0junk\n", 16), 0);
	shown.len = 0;
	assert_int_equal(ima_evm_names_show(e, &shown), 0);
	assert_int_equal(shown.len, sizeof(after) - 1);
	assert_memory_equal(shown.data, after, shown.len);
	assert_int_equal(name_it(e, name, 255), 0);
	assert_int_equal(name_it(e, name, 255), -EEXIST);
	assert_int_equal(name_it(e, ".\n", 2), 0);
	assert_int_equal(name_it(e, "security.c", 10), -EPERM);
	assert_int_equal(name_it(e, name, 256), -EPERM);
	assert_int_equal(name_it(e, ".", 1), -EPERM);
	ima_buffer_done(&shown);
	ima_evm_free(e);
}

/* printed by `keyctl pipe` in a guest with Debian's kernel 6.1; the master key is the user key's text */
#define BLOB "default user:kmk 32 fe40be6426a14475cf6e6ff99623f2c800b38135d771726321d6a985f16147667eb5ba562dc7f6abda68cf3d1ea8f002af5f1916a9d247cebe16e55076c45c3a8dd8cf4a4798b1aa538aad067bb885a14e"
#define MASTER "8731316ee5b94ad3fcd6a092d801a1806e3fcbfad20a435ca950b9ed0292cd20"

/* what that kernel, with that key, wrote for a file of its own: inode facts from stat(1), lsattr(1) and tune2fs(8) */
static void test_recorded_hmac(void **state)
{
	struct one xattrs[] = {
		{ "security.ima", "0404c79bf44242829108e323378531f4ac839513ca1fba45efd6583643526e1e9fd2" },
		{ "security.evm", "0262c2dafb542d0eb4bf92362cb1e64c14ce757a18" }, { NULL, NULL } };
	struct ima_evm_file f = { .ino = 10254, .generation = 852869656, .uid = 1006, .mode = 0100755, .xattr = get, .user = xattrs };
	uint8_t key[IMA_EVM_KEY_LEN];
	struct ima_evm_result res;
	struct ima_hasher *h;
	struct ima_evm *e;
	size_t len = 0;

	from_hex("aef92a1f1c6d45dda8d9e7251afa6e29", f.fsuuid, 16);
	assert_int_equal(ima_hasher_new(&h), 0);
	assert_int_equal(ima_evm_new(601, &e), 0);
	assert_int_equal(ima_evm_open_blob((struct ima_bytes){ (const uint8_t *)BLOB, sizeof(BLOB) - 1 },
					   (struct ima_bytes){ (const uint8_t *)MASTER, sizeof(MASTER) - 1 }, key, sizeof(key), &len), 0);
	assert_int_equal(ima_evm_set_key(e, (struct ima_bytes){ key, len }), 0);
	ima_evm_judge(e, h, &f, &res);
	assert_int_equal(res.status, IMA_INTEGRITY_PASS);
	f.generation++;
	ima_evm_judge(e, h, &f, &res);
	assert_int_equal(res.status, IMA_INTEGRITY_FAIL);
	ima_hasher_free(h);
	ima_evm_free(e);
}

static int open_blob(const char *text, const char *master, size_t *len)
{
	uint8_t key[IMA_EVM_KEY_LEN];

	return ima_evm_open_blob((struct ima_bytes){ (const uint8_t *)text, strlen(text) },
				 (struct ima_bytes){ (const uint8_t *)master, strlen(master) }, key, sizeof(key), len);
}

static void test_blob(void **state)
{
	char changed[] = BLOB;
	size_t len = 0;

	assert_true(ima_evm_is_blob((struct ima_bytes){ (const uint8_t *)BLOB, sizeof(BLOB) - 1 }));
	assert_int_equal(open_blob(BLOB, MASTER, &len), 0);
	assert_int_equal(len, 32);
	assert_int_equal(open_blob(BLOB "\n", MASTER, &len), 0);
	assert_int_equal(open_blob(BLOB, "another master", &len), -EKEYREJECTED);
	assert_int_equal(open_blob(BLOB "00", MASTER, &len), -EBADMSG);
	assert_int_equal(open_blob("default trusted:kmk 32 00", MASTER, &len), -EOPNOTSUPP);
	assert_int_equal(open_blob("default user:kmk x 00", MASTER, &len), -EBADMSG);
	assert_int_equal(open_blob("default user:kmk 999999 00", MASTER, &len), -E2BIG);
	assert_int_equal(open_blob("", MASTER, &len), -EBADMSG);
	for (size_t cut = 0; cut < sizeof(BLOB) - 1; cut++) {
		changed[cut] = 0;
		assert_int_not_equal(open_blob(changed, MASTER, &len), 0);
		changed[cut] = BLOB[cut];
	}
	for (size_t at = strlen("default user:kmk "); at < sizeof(BLOB) - 1; at++) {
		changed[at] = BLOB[at] == '1' ? '2' : '1';
		assert_int_not_equal(open_blob(changed, MASTER, &len), 0);
		changed[at] = BLOB[at];
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_mode_file),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_names_file),
		cmocka_unit_test(test_blob),
		cmocka_unit_test(test_recorded_hmac),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
