/* SPDX-License-Identifier: BSD-2-Clause */
/* Recorded events: one line to one event. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/hex.h"
#include "hook/replay/recorded_internal.h"

#define LINE_MAX_BYTES (4U << 20)

struct parse {
	struct ima_recorded *r;
	struct ima_diag *diag;
};

static int refuse(struct parse *p, const char *key, const char *why)
{
	return ima_diag_set(p->diag, -EINVAL, 0, 0,
			    (struct ima_bytes){ (const uint8_t *)key, strlen(key) }, "%s", why);
}

static int get_u32(struct parse *p, const char *key, uint32_t otherwise, uint32_t *ret)
{
	json_t *v = json_object_get(p->r->json, key);

	*ret = otherwise;
	if (!v)
		return 0;
	if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > UINT32_MAX)
		return refuse(p, key, "not a number from 0 to 4294967295");
	*ret = (uint32_t)json_integer_value(v);
	return 0;
}

static int get_text(struct parse *p, const char *key, const char **ret)
{
	json_t *v = json_object_get(p->r->json, key);

	*ret = json_string_value(v);
	return v && !*ret ? refuse(p, key, "not a string") : 0;
}

static int get_bool(struct parse *p, const char *key, bool *ret)
{
	json_t *v = json_object_get(p->r->json, key);

	*ret = json_is_true(v);
	return v && !json_is_boolean(v) ? refuse(p, key, "neither true nor false") : 0;
}

/* KEY as text or KEY_hex as bytes */
static int get_bytes(struct parse *p, const char *key, struct ima_recorded_bytes *ret, bool *ret_has)
{
	char hex_key[32];
	const char *text = NULL, *hex = NULL;
	int e = get_text(p, key, &text);

	snprintf(hex_key, sizeof(hex_key), "%s_hex", key);
	if (e == 0)
		e = get_text(p, hex_key, &hex);
	if (e < 0)
		return e;
	*ret_has = text || hex;
	if (hex)
		return ima_recorded_hex(hex, ret) == 0 ? 0 : refuse(p, hex_key, "not hexadecimal");
	if (!text)
		return 0;
	ret->data = (uint8_t *)strdup(text);
	ret->len = strlen(text);
	return ret->data ? 0 : -ENOMEM;
}

static int add_check(struct parse *p, const char *func, const char *mask)
{
	struct ima_file_event *ev = &p->r->file;
	struct ima_check *c = &ev->checks[ev->n_checks];

	if (ev->n_checks == IMA_EVENT_MAX_CHECKS)
		return refuse(p, "checks", "too many");
	if (!func || ima_func_by_name(func, strlen(func), &c->func) < 0)
		return refuse(p, func ? func : "func", "no such func");
	if (mask && ima_mask_parse(mask, &c->mask) < 0)
		return refuse(p, mask, "not MAY_ names joined by |");
	ev->n_checks++;
	return 0;
}

/* "func" with "mask", or "checks": [[FUNC, MASK], ...] for one access that stands for several hooks */
static int get_checks(struct parse *p)
{
	json_t *checks = json_object_get(p->r->json, "checks"), *c;
	const char *func, *mask;
	size_t i;
	int e = get_text(p, "func", &func);

	if (e == 0)
		e = get_text(p, "mask", &mask);
	if (e < 0 || !checks)
		return e < 0 ? e : add_check(p, func, mask);
	json_array_foreach (checks, i, c) {
		e = add_check(p, json_string_value(json_array_get(c, 0)),
			      json_string_value(json_array_get(c, 1)));
		if (e < 0)
			return e;
	}
	return p->r->file.n_checks ? 0 : refuse(p, "checks", "empty");
}

static int get_subject(struct parse *p, struct ima_policy_event *f)
{
	json_t *caps = json_object_get(p->r->json, "caps"), *c;
	size_t i;
	int e = get_u32(p, "uid", 0, &f->uid);

	if (e == 0)
		e = get_u32(p, "euid", f->uid, &f->euid);
	if (e == 0)
		e = get_u32(p, "suid", f->euid, &f->suid);
	if (e == 0)
		e = get_u32(p, "gid", f->uid, &f->gid);
	if (e == 0)
		e = get_u32(p, "egid", f->gid, &f->egid);
	if (e == 0)
		e = get_u32(p, "sgid", f->egid, &f->sgid);
	f->cap_setuid = f->cap_setgid = !caps && f->euid == 0;
	json_array_foreach (caps, i, c) {
		const char *name = json_string_value(c);

		f->cap_setuid |= name && !strcmp(name, "setuid");
		f->cap_setgid |= name && !strcmp(name, "setgid");
	}
	return e;
}

static int get_magic(struct parse *p, uint64_t *ret)
{
	const char *text;
	char *end;
	int e = get_text(p, "fsmagic", &text);

	*ret = 0;
	if (e < 0 || !text)
		return e;
	errno = 0;
	*ret = strtoull(text, &end, 16);
	return *end || !*text || errno ? refuse(p, "fsmagic", "not a hexadecimal number") : 0;
}

static int get_uuid(struct parse *p, uint8_t ret[static 16])
{
	const char *text;
	int e = get_text(p, "fsuuid", &text);

	if (e < 0 || !text)
		return e;
	return ima_hex_uuid(text, ret) < 0 ? refuse(p, "fsuuid", "not a UUID") : 0;
}

static int get_labels(struct parse *p, struct ima_policy_event *f)
{
	static const char *const keys[] = { "obj_user",	 "obj_role",  "obj_type",
					    "subj_user", "subj_role", "subj_type" };
	int e = 0;

	for (size_t i = 0; i < IMA_N_ELEMENTS(keys) && e == 0; i++) {
		const char *text;

		e = get_text(p, keys[i], &text);
		if (text)
			f->labels[i] = (struct ima_bytes){ (const uint8_t *)text, strlen(text) };
	}
	return e;
}

static int get_facts(struct parse *p, struct ima_policy_event *f)
{
	int e = get_subject(p, f);

	if (e == 0)
		e = get_magic(p, &f->fsmagic);
	if (e == 0)
		e = get_text(p, "fsname", &f->fsname);
	if (e == 0)
		e = get_text(p, "fs_subtype", &f->fs_subtype);
	if (e == 0)
		e = get_uuid(p, f->fsuuid);
	if (e == 0)
		e = get_u32(p, "fowner", 0, &f->fowner);
	if (e == 0)
		e = get_u32(p, "fgroup", f->fowner, &f->fgroup);
	return e < 0 ? e : get_labels(p, f);
}

static int parse_digest(const char *text, struct ima_digest *ret)
{
	const char *colon = strchr(text, ':');

	if (!colon || ima_hash_by_name(text, (size_t)(colon - text), &ret->algo) < 0)
		return -EINVAL;
	ret->len = ima_hash_len(ret->algo);
	if (strlen(colon + 1) != 2 * ret->len)
		return -EINVAL;
	return ima_hex_decode(colon + 1, 2 * ret->len, ret->data);
}

/* "digest": "ALG:HEX", or several of them in an array */
static int get_digests(struct parse *p)
{
	json_t *v = json_object_get(p->r->json, "digest"), *one;
	const size_t n = json_is_array(v) ? json_array_size(v) : v ? 1 : 0;

	if (n > IMA_RECORDED_DIGESTS)
		return refuse(p, "digest", "more than four");
	for (size_t i = 0; i < n; i++) {
		one = json_is_array(v) ? json_array_get(v, i) : v;
		if (!json_is_string(one) ||
		    parse_digest(json_string_value(one), &p->r->digests[i]) < 0)
			return refuse(p, "digest", "not ALGORITHM:HEX");
		p->r->n_digests++;
	}
	return 0;
}

static int get_mode(struct parse *p, uint16_t *ret)
{
	const char *text;
	char *end;
	unsigned long mode;
	int e = get_text(p, "mode", &text);

	*ret = 0100644;
	if (e < 0 || !text)
		return e;
	mode = strtoul(text, &end, 8);
	if (*end || !*text || mode > UINT16_MAX)
		return refuse(p, "mode", "not an octal number");
	*ret = (uint16_t)mode;
	return 0;
}

static int get_error(struct parse *p, int *ret)
{
	uint32_t n;
	int e = get_u32(p, "error", 0, &n);

	if (e == 0 && n > 4095)
		e = refuse(p, "error", "not an error number");
	*ret = (int)n;
	return e;
}

static int get_access(struct parse *p, struct ima_file_event *ev)
{
	json_t *xattrs = json_object_get(p->r->json, "xattrs"), *v;
	const char *key;
	uint32_t ino, birth;
	int e = get_bool(p, "writers", &p->r->writers);

	if (e == 0)
		e = get_bool(p, "readers", &p->r->readers);
	if (e == 0)
		e = get_bool(p, "opened_for_write", &ev->opened_for_write);
	if (e == 0)
		e = get_bool(p, "direct_io", &ev->direct_io);
	if (e == 0)
		e = get_u32(p, "ino", 0, &ino);
	if (e == 0)
		e = get_error(p, &p->r->error);
	if (e == 0)
		e = get_u32(p, "birth", ino ? 1 : 0, &birth);
	ev->ino = e == 0 ? ino : 0;
	ev->birth_ns = e == 0 ? birth : 0;
	json_object_foreach (xattrs, key, v) {
		struct ima_recorded_bytes value;

		if (e < 0)
			break;
		e = json_is_string(v) ? ima_recorded_hex(json_string_value(v), &value) : -EINVAL;
		if (e == 0)
			free(value.data);
		else
			e = refuse(p, key, "the attribute is not hexadecimal");
	}
	return e < 0 ? e : get_mode(p, &ev->mode);
}

static void set_path(struct ima_recorded *r)
{
	struct ima_file_event *ev = &r->file;
	const uint8_t *slash = memrchr(r->path.data, '/', r->path.len);

	ev->path = (struct ima_bytes){ r->path.data, r->path.len };
	ev->last = ev->path;
	if (slash) {
		ev->last.data = slash + 1;
		ev->last.len = (size_t)(r->path.data + r->path.len - slash - 1);
	}
}

static int parse_file(struct parse *p)
{
	struct ima_recorded *r = p->r;
	bool has_path;
	int e = get_checks(p);

	if (e == 0)
		e = get_bytes(p, "path", &r->path, &has_path);
	if (e == 0 && (!has_path || !r->path.len))
		e = refuse(p, "path", "a file event names its file");
	if (e == 0)
		e = get_facts(p, &r->file.facts);
	if (e == 0)
		e = get_digests(p);
	if (e == 0)
		e = get_bytes(p, "content", &r->content, &r->has_content);
	if (e == 0)
		e = get_access(p, &r->file);
	if (e < 0)
		return e;
	r->file.facts.has_inode = true;
	set_path(r);
	r->file.dev = "recorded";
	r->file.ops = &ima_recorded_ops;
	r->file.user = r;
	return 0;
}

static int parse_buffer(struct parse *p, enum ima_func func)
{
	struct ima_buffer_event *ev = &p->r->buffer;
	const char *label;
	bool has_data;
	int e = get_facts(p, &ev->facts);

	p->r->kind = IMA_RECORDED_BUFFER;
	ev->facts.func = func;
	if (e == 0)
		e = get_text(p, "name", &ev->name);
	if (e == 0 && !ev->name)
		e = refuse(p, "name", "a buffer event has a name");
	if (e == 0)
		e = get_text(p, "label", &label);
	if (e == 0)
		e = get_bytes(p, "data", &p->r->data, &has_data);
	if (e == 0 && !has_data)
		e = refuse(p, "data", "a buffer event has data");
	if (e == 0)
		e = get_bool(p, "by_hash", &ev->by_hash);
	if (e < 0)
		return e;
	/* a key's keyring is its name */
	if (!label)
		label = ev->name;
	ev->facts.func_data = (struct ima_bytes){ (const uint8_t *)label, strlen(label) };
	ev->facts.has_inode = func == IMA_FUNC_KEXEC_CMDLINE;
	ev->data = (struct ima_bytes){ p->r->data.data, p->r->data.len };
	return 0;
}

static int parse_object(struct parse *p)
{
	const char *func, *aggregate;
	enum ima_func f = IMA_FUNC_NONE;
	int e = get_text(p, "boot_aggregate", &aggregate);

	if (e == 0 && aggregate) {
		p->r->kind = IMA_RECORDED_BOOT_AGGREGATE;
		p->r->n_digests = 1;
		return parse_digest(aggregate, &p->r->digests[0]) == 0
			       ? 0
			       : refuse(p, "boot_aggregate", "not ALGORITHM:HEX");
	}
	if (e == 0)
		e = get_text(p, "func", &func);
	if (e < 0)
		return e;
	if (func && ima_func_by_name(func, strlen(func), &f) == 0 &&
	    (f == IMA_FUNC_KEY_CHECK || f == IMA_FUNC_CRITICAL_DATA || f == IMA_FUNC_KEXEC_CMDLINE))
		return parse_buffer(p, f);
	return parse_file(p);
}

static bool is_blank(struct ima_bytes line)
{
	size_t i = 0;

	while (i < line.len && (line.data[i] == ' ' || line.data[i] == '\t' || line.data[i] == '\r'))
		i++;
	return i == line.len || line.data[i] == '#';
}

int ima_recorded_parse(struct ima_bytes line, struct ima_recorded **ret, struct ima_diag *diag)
{
	struct parse p = { .diag = diag };
	json_error_t error;
	int e;

	if (is_blank(line))
		return 0;
	if (line.len > LINE_MAX_BYTES)
		return ima_diag_text(diag, -EINVAL, "the line is longer than %u bytes", LINE_MAX_BYTES);
	p.r = calloc(1, sizeof(*p.r));
	if (!p.r)
		return -ENOMEM;
	p.r->json = json_loadb((const char *)line.data, line.len, JSON_REJECT_DUPLICATES, &error);
	if (!p.r->json)
		e = ima_diag_text(diag, -EINVAL, "not JSON: %s", error.text);
	else if (!json_is_object(p.r->json))
		e = ima_diag_text(diag, -EINVAL, "not a JSON object");
	else
		e = parse_object(&p);
	if (e < 0) {
		ima_recorded_free(p.r);
		return e;
	}
	*ret = p.r;
	return 1;
}
