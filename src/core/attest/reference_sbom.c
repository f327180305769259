/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bills of materials as JSON: CycloneDX 1.5 (files as components inside their package's) and SPDX 2.3 (files, and packages that contain them). A file
 * that may have several digests is several components: in either form all hashes of one component are of one content.
 */
#include <errno.h>
#include <string.h>

#include "base/diag.h"
#include "base/hex.h"
#include "core/attest/reference_forms_internal.h"

#define MAX_DEPTH 16 /* components within components */

static const struct name {
	enum ima_hash_algo algo;
	const char *cyclonedx, *spdx;
} names[] = {
	{ IMA_HASH_MD5, "MD5", "MD5" },		  { IMA_HASH_SHA1, "SHA-1", "SHA1" },
	{ IMA_HASH_SHA256, "SHA-256", "SHA256" }, { IMA_HASH_SHA384, "SHA-384", "SHA384" },
	{ IMA_HASH_SHA512, "SHA-512", "SHA512" }, { IMA_HASH_SHA3_256, "SHA3-256", "SHA3-256" },
	{ IMA_HASH_SHA3_384, "SHA3-384", "SHA3-384" }, { IMA_HASH_SHA3_512, "SHA3-512", "SHA3-512" },
	{ IMA_HASH_SHA224, NULL, "SHA224" },
};

static const char *name_of(enum ima_hash_algo algo, bool spdx)
{
	for (size_t i = 0; i < IMA_N_ELEMENTS(names); i++)
		if (names[i].algo == algo)
			return spdx ? names[i].spdx : names[i].cyclonedx;
	return NULL;
}

static const char *why_not(const struct ima_reference_value *v, bool spdx)
{
	if (!name_of(v->digest.algo, spdx))
		return "the form has no name for its algorithm";
	if (!v->path.len)
		return "a digest for any path";
	return ima_form_is_utf8(v->path) ? NULL : "its path is not UTF-8";
}

static int put_text(struct ima_buffer *out, const char *before, const char *text, const char *after)
{
	int r = ima_buffer_append_str(out, before);

	if (r == 0)
		r = ima_form_put_json(out, (struct ima_bytes){ (const uint8_t *)text, strlen(text) });
	if (r == -EILSEQ) /* a package's name is ASCII; another's may not be */
		r = ima_buffer_append_str(out, "\"\"");
	return r < 0 ? r : ima_buffer_append_str(out, after);
}

static int put_hex(struct ima_buffer *out, const struct ima_digest *d, const char *after)
{
	int r = ima_buffer_append_hex(out, d->data, d->len);

	return r < 0 ? r : ima_buffer_append_str(out, after);
}

/* CycloneDX */

static int put_component(struct ima_buffer *out, const struct ima_reference_value *v, bool is_first)
{
	int r = ima_buffer_append_str(out, is_first ? "\n    {\"type\": \"file\", \"name\": " : ",\n    {\"type\": \"file\", \"name\": ");

	if (r == 0)
		r = ima_form_put_json(out, v->path);
	if (r == 0)
		r = ima_buffer_printf(out, ", \"hashes\": [{\"alg\": \"%s\", \"content\": \"", name_of(v->digest.algo, false));
	return r < 0 ? r : put_hex(out, &v->digest, "\"}]}");
}

static int open_package(struct ima_buffer *out, const struct ima_reference_value *v, bool is_first)
{
	int r = put_text(out, is_first ? "\n  {\"type\": \"application\", \"name\": " : ",\n  {\"type\": \"application\", \"name\": ",
			 v->package ? v->package : "", "");

	if (r == 0 && v->version)
		r = put_text(out, ", \"version\": ", v->version, "");
	if (r == 0 && v->repository)
		r = put_text(out, ", \"properties\": [{\"name\": \"imad:repository\", \"value\": ", v->repository, "}]");
	return r < 0 ? r : ima_buffer_append_str(out, ", \"components\": [");
}

int ima_cyclonedx_write(const struct ima_reference *r, struct ima_form_opts *opts, struct ima_buffer *out)
{
	struct ima_reference_value v;
	struct ima_form_walk w;
	uint32_t source = UINT32_MAX;
	bool is_first = true, in_package = false;
	char date[24];
	int e = ima_form_walk_new(&w, r, opts, true);

	if (e == 0)
		e = ima_buffer_printf(out, "{\"bomFormat\": \"CycloneDX\", \"specVersion\": \"1.5\", \"version\": 1,\n \"metadata\": {\"timestamp\": \"%s\"},\n \"components\": [",
				      ima_form_date(opts->now, date));
	while (e == 0 && ima_form_walk_next(&w, &v)) {
		const char *why = why_not(&v, false);

		if (why) {
			ima_form_lose(opts, &v, why);
			continue;
		}
		if (w.source != source) {
			if (in_package)
				e = ima_buffer_append_str(out, "]}");
			if (e == 0)
				e = open_package(out, &v, !in_package);
			in_package = is_first = true;
			source = w.source;
		}
		if (e == 0)
			e = put_component(out, &v, is_first);
		is_first = false;
	}
	ima_form_walk_done(&w);
	return e < 0 ? e : ima_buffer_append_str(out, in_package ? "]}]}\n" : "]}\n");
}

static int refuse(struct ima_diag *diag, const char *where, const char *why)
{
	return ima_diag_set(diag, -EBADMSG, 0, 0, (struct ima_bytes){ (const uint8_t *)(where ? where : ""), where ? strlen(where) : 0 }, "%s", why);
}

/* the values of one file, each of its hashes that has a known name; the others are other names of the same content */
static int add_hashes(struct ima_reference_builder *b, struct ima_reference_value *v, const json_t *list, bool spdx, struct ima_diag *diag)
{
	const char *path = (const char *)v->path.data;
	json_t *item;
	size_t i;
	int r = 0;

	if (!json_is_array(list))
		return refuse(diag, path, "its hashes have to be a list");
	json_array_foreach(list, i, item) {
		const char *name = json_string_value(json_object_get(item, spdx ? "algorithm" : "alg"));
		const json_t *hex = json_object_get(item, spdx ? "checksumValue" : "content");
		size_t n = 0;

		if (!name || !json_is_string(hex))
			return refuse(diag, path, "a hash without algorithm or value");
		while (n < IMA_N_ELEMENTS(names) && (!(spdx ? names[n].spdx : names[n].cyclonedx) || strcmp(spdx ? names[n].spdx : names[n].cyclonedx, name)))
			n++;
		if (n == IMA_N_ELEMENTS(names))
			continue;
		if (ima_form_digest(names[n].algo, json_string_value(hex), json_string_length(hex), &v->digest) < 0)
			return refuse(diag, path, "a hash of the wrong length, or no hexadecimal digits");
		r = ima_reference_add(b, v);
		if (r < 0)
			return ima_diag_text(diag, r, "%s", strerror(-r));
	}
	return r;
}

static const char *property_of(const json_t *component, const char *name)
{
	const json_t *list = json_object_get(component, "properties");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *p = json_array_get(list, i);
		const char *n = json_string_value(json_object_get(p, "name"));

		if (n && !strcmp(n, name))
			return json_string_value(json_object_get(p, "value"));
	}
	return NULL;
}

static int take_components(struct ima_reference_builder *b, const json_t *list, const struct ima_reference_value *outer, int depth,
			   struct ima_diag *diag)
{
	json_t *c;
	size_t i;
	int r = 0;

	if (!json_is_array(list) || depth == MAX_DEPTH)
		return refuse(diag, "components", depth == MAX_DEPTH ? "components too deep within components" : "has to be a list");
	json_array_foreach(list, i, c) {
		const char *type = json_string_value(json_object_get(c, "type")), *name = json_string_value(json_object_get(c, "name"));
		const json_t *hashes = json_object_get(c, "hashes"), *inner = json_object_get(c, "components");
		struct ima_reference_value v = *outer;

		if (!type || !name)
			return refuse(diag, name, "a component without type or name");
		if (!strcmp(type, "file")) {
			v.path = (struct ima_bytes){ (const uint8_t *)name, strlen(name) };
			r = hashes ? add_hashes(b, &v, hashes, false, diag) : 0;
		} else {
			v.package = name;
			v.version = json_string_value(json_object_get(c, "version"));
			v.repository = property_of(c, "imad:repository");
		}
		if (r == 0 && inner)
			r = take_components(b, inner, &v, depth + 1, diag);
		if (r < 0)
			return r;
	}
	return r;
}

int ima_cyclonedx_read(struct ima_reference_builder *b, const json_t *root, struct ima_diag *diag)
{
	const struct ima_reference_value nothing = { 0 };
	const json_t *list = json_object_get(root, "components");

	return list ? take_components(b, list, &nothing, 0, diag) : 0;
}

/* SPDX */

static int put_namespace(struct ima_buffer *out, const struct ima_form_opts *opts, struct ima_bytes files)
{
	struct ima_digest d;
	int r = opts->h ? ima_hash_bytes(opts->h, IMA_HASH_SHA256, files, &d) : -EINVAL;

	/* a name of the content's own: the same values are the same document */
	if (r == 0)
		r = ima_buffer_append_str(out, "\"urn:sha256:");
	return r < 0 ? r : put_hex(out, &d, "\"");
}

static int put_file(struct ima_buffer *out, const struct ima_reference_value *v, size_t number)
{
	ima_cleanup(ima_buffer_done) struct ima_buffer name = { 0 };
	int r = ima_buffer_append_str(&name, v->path.data[0] == '/' ? "." : "");

	if (r == 0)
		r = ima_buffer_append(&name, v->path.data, v->path.len);
	if (r == 0)
		r = ima_buffer_printf(out, "%s\n  {\"SPDXID\": \"SPDXRef-File-%zu\", \"fileName\": ", number > 1 ? "," : "", number);
	if (r == 0)
		r = ima_form_put_json(out, ima_buffer_bytes(&name));
	if (r == 0)
		r = ima_buffer_printf(out, ", \"checksums\": [{\"algorithm\": \"%s\", \"checksumValue\": \"", name_of(v->digest.algo, true));
	return r < 0 ? r : put_hex(out, &v->digest, "\"}]}");
}

static int put_package(struct ima_buffer *out, const struct ima_reference_value *v, size_t number)
{
	int r = ima_buffer_printf(out, "%s\n  {\"SPDXID\": \"SPDXRef-Package-%zu\", \"downloadLocation\": \"NOASSERTION\", \"filesAnalyzed\": false, \"name\": ",
				  number > 1 ? "," : "", number);

	if (r == 0)
		r = put_text(out, "", v->package, "");
	if (r == 0 && v->version)
		r = put_text(out, ", \"versionInfo\": ", v->version, "");
	if (r == 0 && v->repository)
		r = put_text(out, ", \"comment\": ", v->repository, "");
	return r < 0 ? r : ima_buffer_append_str(out, "}");
}

/* the three lists of a document, grown side by side */
struct spdx {
	struct ima_buffer files, packages, relations;
	size_t n_files, n_packages;
	uint32_t source;
};

static void spdx_done(struct spdx *s)
{
	ima_buffer_done(&s->files);
	ima_buffer_done(&s->packages);
	ima_buffer_done(&s->relations);
}

static int put_spdx_value(struct spdx *s, const struct ima_reference_value *v, uint32_t source)
{
	int r = 0;

	if (v->package && s->source != source) {
		s->source = source;
		r = put_package(&s->packages, v, ++s->n_packages);
	}
	if (r == 0)
		r = put_file(&s->files, v, ++s->n_files);
	if (r < 0 || !v->package)
		return r;
	return ima_buffer_printf(&s->relations,
				 "%s\n  {\"spdxElementId\": \"SPDXRef-Package-%zu\", \"relationshipType\": \"CONTAINS\", \"relatedSpdxElement\": \"SPDXRef-File-%zu\"}",
				 s->relations.len ? "," : "", s->n_packages, s->n_files);
}

static int put_list(struct ima_buffer *out, const char *name, const struct ima_buffer *list, const char *after)
{
	int r = ima_buffer_printf(out, " \"%s\": [", name);

	if (r == 0 && list->len)
		r = ima_buffer_append(out, list->data, list->len);
	return r < 0 ? r : ima_buffer_append_str(out, after);
}

static int put_document(const struct spdx *s, const struct ima_form_opts *opts, struct ima_buffer *out)
{
	char date[24];
	int e = ima_buffer_append_str(out, "{\"spdxVersion\": \"SPDX-2.3\", \"dataLicense\": \"CC0-1.0\", \"SPDXID\": \"SPDXRef-DOCUMENT\",\n"
					   " \"name\": \"reference values\", \"documentNamespace\": ");

	if (e == 0)
		e = put_namespace(out, opts, ima_buffer_bytes(&s->files));
	if (e == 0)
		e = ima_buffer_printf(out, ",\n \"creationInfo\": {\"created\": \"%s\", \"creators\": [\"Tool: imactl\"]},\n", ima_form_date(opts->now, date));
	if (e == 0)
		e = put_list(out, "packages", &s->packages, "],\n");
	if (e == 0)
		e = put_list(out, "files", &s->files, "],\n");
	return e < 0 ? e : put_list(out, "relationships", &s->relations, "]}\n");
}

int ima_spdx_write(const struct ima_reference *r, struct ima_form_opts *opts, struct ima_buffer *out)
{
	struct spdx s = { .source = UINT32_MAX };
	struct ima_reference_value v;
	struct ima_form_walk w;
	int e = ima_form_walk_new(&w, r, opts, true);

	while (e == 0 && ima_form_walk_next(&w, &v)) {
		const char *why = why_not(&v, true);

		if (why)
			ima_form_lose(opts, &v, why);
		else
			e = put_spdx_value(&s, &v, w.source);
	}
	ima_form_walk_done(&w);
	if (e == 0)
		e = put_document(&s, opts, out);
	spdx_done(&s);
	return e;
}

/* by SPDXID: the package that contains a file; and a package by its own */
static int index_relations(const json_t *root, json_t *containers, json_t *packages)
{
	const json_t *relations = json_object_get(root, "relationships"), *list = json_object_get(root, "packages");

	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *p = json_array_get(list, i);
		const char *id = json_string_value(json_object_get(p, "SPDXID"));

		if (id && json_object_set(packages, id, p) < 0)
			return -ENOMEM;
	}
	for (size_t i = 0; i < json_array_size(relations); i++) {
		const json_t *rel = json_array_get(relations, i);
		const char *type = json_string_value(json_object_get(rel, "relationshipType"));
		const char *file = json_string_value(json_object_get(rel, "relatedSpdxElement"));
		json_t *package = json_object_get(rel, "spdxElementId");

		if (type && file && json_is_string(package) && !strcmp(type, "CONTAINS") && json_object_set(containers, file, package) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int take_spdx_file(struct ima_reference_builder *b, const json_t *file, const json_t *containers, const json_t *packages, struct ima_diag *diag)
{
	const char *id = json_string_value(json_object_get(file, "SPDXID")), *name = json_string_value(json_object_get(file, "fileName"));
	const char *container = id ? json_string_value(json_object_get(containers, id)) : NULL;
	const json_t *package = container ? json_object_get(packages, container) : NULL, *sums = json_object_get(file, "checksums");
	struct ima_reference_value v = { .package = json_string_value(json_object_get(package, "name")),
					 .version = json_string_value(json_object_get(package, "versionInfo")),
					 .repository = json_string_value(json_object_get(package, "comment")) };

	if (!name || !*name)
		return refuse(diag, id, "a file without a name");
	name += name[0] == '.' && name[1] == '/';
	v.path = (struct ima_bytes){ (const uint8_t *)name, strlen(name) };
	return sums ? add_hashes(b, &v, sums, true, diag) : refuse(diag, name, "a file without checksums");
}

int ima_spdx_read(struct ima_reference_builder *b, const json_t *root, struct ima_diag *diag)
{
	const json_t *files = json_object_get(root, "files");
	json_t *containers = json_object(), *packages = json_object(), *file;
	size_t i;
	int r = containers && packages ? index_relations(root, containers, packages) : -ENOMEM;

	if (r == 0 && files && !json_is_array(files))
		r = refuse(diag, "files", "has to be a list");
	json_array_foreach(files, i, file) {
		if (r == 0)
			r = take_spdx_file(b, file, containers, packages, diag);
	}
	json_decref(containers);
	json_decref(packages);
	return r;
}
