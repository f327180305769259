/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sign, verify, hmac: security.evm, over the inode's facts and attributes as they are or as the command line says. What the kernel
 * would see is said line by line while it is collected.
 */
#include "imactl/compat/evmctl.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include <ima/policy.h>

#include "base/hex.h"

#define UUID_LEN 16

struct job {
	const struct evmctl *e;
	struct ima_signer *signer;
	struct evmctl_keys keys;
	struct ima_evm *rules;
	uint8_t uuid[UUID_LEN];
	struct evmctl_value ima; /* --ima */
};

/* one file of a job */
struct subject {
	const struct job *j;
	struct ima_hasher *h;
	const struct imactl_file *file;
	struct imactl_label_file f;
	struct imactl_file_result *res;
};

/* what of its metadata is collected: for which type of value, in which layout */
struct kind {
	enum ima_xattr_type type;
	enum ima_evm_layout layout;
	bool v3; /* what is signed is the digest of the file id */
};

/* the file's attributes while they are collected */
struct view {
	const struct job *j;
	struct ima_evm_file file; /* the file itself */
	struct imactl_file_result *res;
	bool portable;
};

static int copy(const void *data, size_t len, uint8_t **ret, size_t *ret_len)
{
	*ret = malloc(len + 1);
	if (!*ret)
		return -ENOMEM;
	memcpy(*ret, data, len);
	*ret_len = len;
	return 0;
}

/* the value from the command line in place of the file's; -ENODATA: nothing was said */
static int given(const struct job *j, const char *name, uint8_t **ret, size_t *ret_len)
{
	if (!strcmp(name, "security.ima") && j->e->ima)
		return copy(j->ima.bytes, j->ima.len, ret, ret_len);
	if (!strcmp(name, "security.selinux") && j->e->selinux)
		return copy(j->e->selinux, strlen(j->e->selinux) + 1, ret, ret_len); /* the kernel's has its NUL */
	if (!strcmp(name, "security.capability") && j->e->caps)
		return copy(j->e->caps, strlen(j->e->caps), ret, ret_len);
	return -ENODATA;
}

static int xattr(void *user, const char *name, uint8_t **ret, size_t *ret_len)
{
	struct view *v = user;
	int r = given(v->j, name, ret, ret_len);

	if (r == -ENODATA)
		r = v->file.xattr(v->file.user, name, ret, ret_len);
	if (r == -ENODATA && v->portable && !strcmp(name, "security.ima"))
		return -EPERM;
	if (r == -ENODATA) {
		evmctl_say(v->res, "no xattr: %s\n", name);
		return r;
	}
	if (r < 0)
		return r;
	evmctl_say(v->res, "name: %s, size: %zu\n", name, *ret_len);
	if (v->j->e->verbose)
		evmctl_say_hex(v->res, "", (struct ima_bytes){ *ret, *ret_len });
	return 0;
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
	while (len && !*bytes)
		bytes++, len--;
	return !len;
}

/* file systems without one have zeros, which no kernel would use */
static int take_uuid(const struct job *j, struct ima_evm_file *file, struct imactl_file_result *res)
{
	if (j->e->uuid)
		memcpy(file->fsuuid, j->uuid, UUID_LEN);
	else if (is_zero(file->fsuuid, UUID_LEN)) {
		evmctl_file_fail(res, 0, "Failed to read UUID. Root access might require.");
		return -ENODATA;
	}
	if (j->e->verbose || j->e->uuid)
		evmctl_say_hex(res, "uuid: ", (struct ima_bytes){ file->fsuuid, UUID_LEN });
	return 0;
}

static void take_numbers(const struct evmctl *e, struct ima_evm_file *file)
{
	if (e->ino.given)
		file->ino = e->ino.value;
	/* as evmctl: what the given mode is not of has no generation */
	if (e->generation.given)
		file->generation = (uint32_t)e->generation.value;
	else if (e->mode.given && !S_ISREG(e->mode.value) && !S_ISDIR(e->mode.value))
		file->generation = 0;
	if (e->uid.given)
		file->uid = (uint32_t)e->uid.value;
	if (e->gid.given)
		file->gid = (uint32_t)e->gid.value;
	if (e->mode.given)
		file->mode = (uint16_t)e->mode.value;
}

/* bytes of the block of numbers; what follows it is the UUID */
static size_t misc_len(enum ima_evm_layout layout)
{
	return layout == IMA_EVM_LAYOUT_32 ? 20 : layout == IMA_EVM_LAYOUT_OWNER ? 12 : 24;
}

static bool has_uuid(const struct job *j, const struct kind *k)
{
	return k->type != IMA_XATTR_PORTABLE && k->layout != IMA_EVM_LAYOUT_OWNER && !j->rules->no_fsuuid;
}

static struct ima_evm_file file_of(struct subject *s, const struct kind *k, struct view *v)
{
	struct ima_evm_file file = imactl_label_evm_file(&s->f);

	*v = (struct view){ .j = s->j, .res = s->res, .file = file, .portable = k->type == IMA_XATTR_PORTABLE };
	file.xattr = xattr;
	file.user = v;
	file.layout = k->layout;
	file.any = true;
	take_numbers(s->j->e, &file);
	return file;
}

/* the last bytes of what was collected: numbers, UUID */
static int finish(struct subject *s, const struct kind *k, struct ima_evm_file *file, struct ima_buffer *out)
{
	const size_t len = misc_len(k->layout);
	uint8_t *tail = out->data + out->len - len - (has_uuid(s->j, k) ? UUID_LEN : 0);
	int r;

	if (s->j->e->verbose) {
		evmctl_say(s->res, "hmac_misc (%zu): ", len);
		evmctl_say_hex(s->res, "", (struct ima_bytes){ tail, len });
	}
	if (!has_uuid(s->j, k))
		return 0;
	r = take_uuid(s->j, file, s->res);
	if (r == 0)
		memcpy(tail + len, file->fsuuid, UUID_LEN);
	return r;
}

/* the bytes that security.evm covers; 0, or said why and -errno */
static int collect(struct subject *s, const struct kind *k, struct ima_buffer *out)
{
	struct view v;
	struct ima_evm_file file = file_of(s, k, &v);
	int r;

	if (k->layout != IMA_EVM_LAYOUT_OWNER)
		evmctl_say(s->res, "generation: %u\n", file.generation);
	s->f.user_names = false; /* what EVM covers are the kernel's names */
	r = ima_evm_data(s->j->rules, k->type, &file, out);
	s->f.user_names = s->j->e->user_names;
	if (r == -EPERM && v.portable)
		evmctl_file_fail(s->res, -ENODATA, "EVM portable sig: security.ima required");
	else if (r < 0)
		evmctl_file_fail(s->res, r, "the attributes cannot be read");
	return r < 0 ? r : finish(s, k, &file, out);
}

static enum ima_evm_layout layout_of(const struct evmctl *e)
{
	return e->immutable ? IMA_EVM_LAYOUT_OWNER : e->m32 ? IMA_EVM_LAYOUT_32 : IMA_EVM_LAYOUT_64;
}

static int digest_of(struct subject *s, const struct kind *k, enum ima_hash_algo algo, bool show, struct ima_digest *ret)
{
	struct ima_buffer data = { 0 };
	int r = collect(s, k, &data);

	if (r == 0) {
		r = ima_hash_bytes(s->h, algo, ima_buffer_bytes(&data), ret);
		if (r < 0)
			evmctl_file_fail(s->res, 0, "the crypto library has no %s", ima_hash_name(algo));
	}
	ima_buffer_done(&data);
	if (r == 0 && show)
		evmctl_say_digest(s->j->e, s->res, ret);
	return r == 0 && k->v3 ? ima_signature_file_id(s->h, (uint8_t)k->type, ret, ret) : r;
}

static int sign_metadata(struct subject *s)
{
	const struct evmctl *e = s->j->e;
	const struct kind k = { .type = e->portable ? IMA_XATTR_PORTABLE : IMA_XATTR_SIGNATURE, .layout = layout_of(e),
				.v3 = e->v3 };
	struct evmctl_value v;
	struct ima_digest d;
	int r = digest_of(s, &k, e->algo, true, &d);

	if (r < 0)
		return r;
	r = ima_signer_sign(s->j->signer, k.type, e->immutable || e->v3 ? 3 : 2, &d, v.bytes, &v.len);
	if (r < 0) {
		evmctl_file_fail(s->res, r, "%s: signing failed", s->file->path);
		return r;
	}
	evmctl_say(s->res, "evm/ima signature: %zu bytes\n", v.len - 1);
	evmctl_print_hex(s->res, evmctl_value_bytes(&v));
	return evmctl_label_set(e, s->file->path, &s->f, "evm", evmctl_value_bytes(&v), s->res);
}

/* -s and -d: security.ima comes first, in this order */
static int label_content(struct subject *s)
{
	const struct evmctl *e = s->j->e;
	struct evmctl_value v;
	int r = e->imasig ? evmctl_label_sign(e, s->j->signer, s->h, s->file, &s->f, &v, s->res) : 0;

	/* the label just set is no change of the file by others */
	if (r == 0 && e->imasig && fstat(s->f.fd, &s->f.st) < 0)
		r = -errno;
	return r == 0 && e->imahash ? evmctl_label_hash(e, s->h, s->file, &s->f, &v, s->res) : r;
}

static void sign_one(void *user, struct ima_hasher *h, const struct imactl_file *file, struct imactl_file_result *res)
{
	struct subject s = { .j = user, .h = h, .file = file, .res = res };

	if (evmctl_open(s.j->e, file, &s.f, res) < 0)
		return;
	if (label_content(&s) == 0)
		ima_ignore(sign_metadata(&s));
	imactl_label_close(&s.f);
}

/* evmctl covers Smack's further attributes only when told to */
static void choose_names(struct ima_evm *rules, bool smack)
{
	size_t n = 0;

	for (size_t i = 0; i < rules->n_names; i++) {
		if (!rules->names[i].enabled && !smack)
			continue;
		rules->names[i].enabled = true;
		if (n != i)
			rules->names[n] = rules->names[i];
		n++;
	}
	rules->n_names = n;
}

static bool is_uuid(const char *text)
{
	const char *const dashes = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	if (strlen(text) != strlen(dashes))
		return false;
	for (size_t i = 0; dashes[i]; i++)
		if ((dashes[i] == '-') != (text[i] == '-'))
			return false;
	return true;
}

static int prepare(const struct evmctl *e, struct job *j)
{
	*j = (struct job){ .e = e };
	if (e->uuid && (!is_uuid(e->uuid) || ima_hex_uuid(e->uuid, j->uuid) < 0))
		return evmctl_fail(0, "wrong UUID format");
	if (e->ima) {
		j->ima.len = strlen(e->ima) / 2;
		if (j->ima.len > sizeof(j->ima.bytes) || ima_hex_decode(e->ima, strlen(e->ima), j->ima.bytes) < 0)
			return evmctl_fail(0, "--ima %s: not hexadecimal", e->ima);
	}
	if (ima_evm_new(ima_profile_number(IMA_PROFILE_NEWEST), &j->rules) < 0)
		return evmctl_fail(-ENOMEM, "metadata");
	j->rules->no_fsuuid = e->no_uuid;
	choose_names(j->rules, e->smack);
	return 0;
}

static void done(struct job *j)
{
	ima_signer_free(j->signer);
	evmctl_keys_free(&j->keys);
	ima_evm_free(j->rules);
}

int evmctl_sign(struct evmctl *e, int argc, char **argv)
{
	struct job j;
	int r;

	if (!argc)
		return evmctl_usage(e);
	r = prepare(e, &j);
	if (r == 0)
		r = evmctl_signer(e, &j.signer);
	if (r == 0)
		r = evmctl_files(e, argc, argv, false, sign_one, &j);
	done(&j);
	return r;
}

static bool is_signature(struct ima_bytes value)
{
	return value.len && (value.data[0] == IMA_XATTR_SIGNATURE || value.data[0] == IMA_XATTR_PORTABLE);
}

/* a version 3 of type 3 is evmctl's immutable signature, unless --v3 says that it is the kernel's */
static struct kind kind_of(const struct evmctl *e, const struct ima_signature *sig)
{
	const bool v3 = sig->version == 3 && (e->v3 || sig->type == IMA_XATTR_PORTABLE);

	return (struct kind){ .type = (enum ima_xattr_type)sig->type, .v3 = v3,
			      .layout = sig->version == 3 && !v3 ? IMA_EVM_LAYOUT_OWNER : layout_of(e) };
}

static void check(struct subject *s, struct ima_bytes value)
{
	struct ima_signature sig;
	struct ima_digest d;
	struct kind k;

	if (!is_signature(value)) {
		evmctl_file_fail(s->res, 0, "security.evm has no signature");
		return;
	}
	if (ima_signature_parse(value, &sig) < 0) {
		evmctl_file_fail(s->res, 0, "%s: Invalid signature", s->file->path);
		return;
	}
	k = kind_of(s->j->e, &sig);
	if (digest_of(s, &k, sig.algo, s->j->e->verbose, &d) < 0)
		return;
	switch (evmctl_keys_check(s->j->e, &s->j->keys, s->file->path, &sig, &d, s->res)) {
	case IMA_SIG_GOOD:
		evmctl_say(s->res, "%s: verification is OK\n", s->file->path);
		break;
	case IMA_SIG_BAD:
		s->res->status = IMACTL_FILE_BAD;
		break;
	default:
		s->res->status = IMACTL_FILE_UNABLE;
	}
}

static void verify_one(void *user, struct ima_hasher *h, const struct imactl_file *file, struct imactl_file_result *res)
{
	struct subject s = { .j = user, .h = h, .file = file, .res = res };
	ima_cleanup(ima_freep) uint8_t *value = NULL;
	size_t len = 0;
	int r;

	if (evmctl_open(s.j->e, file, &s.f, res) < 0)
		return;
	r = imactl_label_get(&s.f, "evm", &value, &len);
	if (r < 0)
		evmctl_file_fail(res, r, "getxattr failed: %s", file->path);
	else
		check(&s, (struct ima_bytes){ value, len });
	imactl_label_close(&s.f);
}

int evmctl_verify(struct evmctl *e, int argc, char **argv)
{
	struct job j;
	int r;

	if (!argc)
		return evmctl_usage(e);
	r = prepare(e, &j);
	if (r == 0) {
		evmctl_keys_load(e, &j.keys);
		r = evmctl_files(e, argc, argv, true, verify_one, &j);
	}
	done(&j);
	return r;
}

static int read_hmac_key(const struct evmctl *e, struct ima_evm *rules)
{
	const char *path = e->hmackey ? e->hmackey : EVMCTL_KEY_HMAC;
	ima_cleanup(ima_freep) uint8_t *key = NULL;
	size_t len = 0;
	int r;

	evmctl_say(NULL, "Reading to %s\n", path);
	r = imactl_read_file(path, IMA_EVM_KEY_LEN, &key, &len);
	if (r == -EFBIG)
		return evmctl_fail(0, "key is too long: %s has more than %d bytes", path, IMA_EVM_KEY_LEN);
	if (r == 0)
		r = ima_evm_set_key(rules, (struct ima_bytes){ key, len });
	if (key)
		explicit_bzero(key, len);
	return r < 0 ? evmctl_fail(r, "Failed to read a key: %s", path) : 0;
}

static int hmac_metadata(struct subject *s)
{
	const struct kind k = { .type = IMA_XATTR_HMAC, .layout = s->j->e->m32 ? IMA_EVM_LAYOUT_32 : IMA_EVM_LAYOUT_64 };
	uint8_t value[1 + IMA_EVM_HMAC_LEN] = { IMA_XATTR_HMAC };
	struct ima_buffer data = { 0 };
	struct ima_digest mac;
	int r = collect(s, &k, &data);

	if (r == 0) {
		r = ima_hash_hmac(s->h, IMA_HASH_SHA1, (struct ima_bytes){ s->j->rules->key, sizeof(s->j->rules->key) },
				  ima_buffer_bytes(&data), &mac);
		if (r < 0)
			evmctl_file_fail(s->res, r, "%s: the HMAC cannot be made", s->file->path);
	}
	ima_buffer_done(&data);
	if (r < 0)
		return r;
	evmctl_say_hex(s->res, "hmac: ", (struct ima_bytes){ mac.data, mac.len });
	memcpy(value + 1, mac.data, IMA_EVM_HMAC_LEN);
	return evmctl_label_set(s->j->e, s->file->path, &s->f, "evm", (struct ima_bytes){ value, sizeof(value) }, s->res);
}

static void hmac_one(void *user, struct ima_hasher *h, const struct imactl_file *file, struct imactl_file_result *res)
{
	struct subject s = { .j = user, .h = h, .file = file, .res = res };

	if (evmctl_open(s.j->e, file, &s.f, res) < 0)
		return;
	if (label_content(&s) == 0)
		ima_ignore(hmac_metadata(&s));
	imactl_label_close(&s.f);
}

int evmctl_hmac(struct evmctl *e, int argc, char **argv)
{
	struct job j;
	int r;

	if (!argc)
		return evmctl_usage(e);
	r = prepare(e, &j);
	if (r == 0)
		r = read_hmac_key(e, j.rules);
	if (r == 0 && e->imasig)
		r = evmctl_signer(e, &j.signer);
	if (r == 0)
		r = evmctl_files(e, argc, argv, false, hmac_one, &j);
	done(&j);
	return r;
}
