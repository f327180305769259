/* SPDX-License-Identifier: BSD-2-Clause */
/* From index.json or manifest.json to the names of the layers. Names of blobs are digests and nothing else. */
#include "core/archive/image.h"

#include <errno.h>
#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "base/diag.h"

#define MAX_DEPTH 4 /* an index in an index */
#define MAX_MANIFESTS 1024
#define BLOB_NAME_LEN 200

struct finder {
	ima_image_fetch fetch;
	void *user;
	const char *image;
	struct ima_image_layers *layers;
	struct ima_diag *diag;
	char chosen[BLOB_NAME_LEN]; /* the manifest that was taken */
	unsigned int n_found, n_loaded;
};

static int bad(struct finder *f, const char *name, const char *what)
{
	return ima_diag_set(f->diag, -EBADMSG, 0, 0, (struct ima_bytes){ (const uint8_t *)name, strlen(name) }, "%s", what);
}

static int load(struct finder *f, const char *name, json_t **ret)
{
	struct ima_buffer text = { 0 };
	json_error_t e;
	json_t *j;
	int r = f->n_loaded++ < MAX_MANIFESTS ? f->fetch(f->user, name, IMA_IMAGE_MAX_JSON, &text, f->diag) :
						bad(f, name, "too many manifests");

	if (r < 0) {
		ima_buffer_done(&text);
		return r;
	}
	j = json_loadb(text.data ? (const char *)text.data : "", text.len, JSON_REJECT_DUPLICATES, &e);
	ima_buffer_done(&text);
	if (!j)
		return ima_diag_set(f->diag, -EBADMSG, e.line > 0 ? (unsigned int)e.line : 0, e.column > 0 ? (unsigned int)e.column : 0,
				    (struct ima_bytes){ (const uint8_t *)name, strlen(name) }, "%.150s", e.text);
	*ret = j;
	return 0;
}

/* "sha256:HEX" to "blobs/sha256/HEX" */
static int blob_name(const char *digest, char ret[BLOB_NAME_LEN])
{
	const char *colon = digest ? strchr(digest, ':') : NULL;
	const size_t alg = colon ? (size_t)(colon - digest) : 0;

	if (!alg || strspn(digest, "abcdefghijklmnopqrstuvwxyz0123456789") != alg ||
	    strspn(colon + 1, "0123456789abcdef") != strlen(colon + 1) || strlen(colon + 1) < 32 || strlen(digest) > 150)
		return -EBADMSG;
	snprintf(ret, BLOB_NAME_LEN, "blobs/%.*s/%s", (int)alg, digest, colon + 1);
	return 0;
}

static int add_layer(struct finder *f, const char *name)
{
	if (f->layers->n == IMA_ARCHIVE_MAX_LAYERS)
		return ima_diag_text(f->diag, -EFBIG, "more than %d layers", IMA_ARCHIVE_MAX_LAYERS);
	f->layers->names[f->layers->n] = strdup(name);
	if (!f->layers->names[f->layers->n])
		return -ENOMEM;
	f->layers->n++;
	return 0;
}

static int add_manifest(struct finder *f, const char *name, const json_t *layers)
{
	char blob[BLOB_NAME_LEN];
	const char *type;
	const json_t *l;
	size_t i;
	int r = 0;

	if (!json_is_array(layers))
		return bad(f, name, "no image manifest: it has no layers");
	json_array_foreach(layers, i, l) {
		type = json_string_value(json_object_get(l, "mediaType"));
		if (type && strstr(type, "encrypted"))
			return ima_diag_text(f->diag, -ENOTSUP, "the image's layers are encrypted");
		if (blob_name(json_string_value(json_object_get(l, "digest")), blob) < 0)
			return bad(f, name, "a layer without a digest");
		r = add_layer(f, blob);
		if (r < 0)
			return r;
	}
	return 0;
}

/* a manifest that is no image of a system: signatures and notes about one */
static bool is_attached(const json_t *entry)
{
	const json_t *platform = json_object_get(entry, "platform");
	const char *os = json_string_value(json_object_get(platform, "os"));

	return os && !strcmp(os, "unknown");
}

static bool is_wanted(const struct finder *f, const json_t *entry)
{
	const json_t *platform = json_object_get(entry, "platform");
	const char *os = json_string_value(json_object_get(platform, "os"));
	const char *arch = json_string_value(json_object_get(platform, "architecture"));
	const char *digest = json_string_value(json_object_get(entry, "digest")), *key;
	json_t *notes = json_object_get(entry, "annotations");
	const json_t *note;
	char text[128];

	snprintf(text, sizeof(text), "%s/%s", os ? os : "", arch ? arch : "");
	if (!strcmp(f->image, text) || (digest && !strcmp(f->image, digest)))
		return true;
	json_object_foreach(notes, key, note) {
		if ((!strcmp(key, "org.opencontainers.image.ref.name") || !strcmp(key, "io.containerd.image.name")) &&
		    json_string_value(note) && !strcmp(json_string_value(note), f->image))
			return true;
	}
	return false;
}

static int walk_index(struct finder *f, const char *name, bool wanted, int depth);

static int take_entry(struct finder *f, const char *name, const json_t *entry, bool wanted, int depth)
{
	char blob[BLOB_NAME_LEN];

	if (blob_name(json_string_value(json_object_get(entry, "digest")), blob) < 0)
		return bad(f, name, "a manifest without a digest");
	if (is_attached(entry))
		return 0;
	return walk_index(f, blob, wanted || is_wanted(f, entry), depth + 1);
}

static int take_found(struct finder *f, const char *name, bool wanted)
{
	/* two tags of one image are one image */
	if (!wanted || !strcmp(f->chosen, name))
		return 0;
	snprintf(f->chosen, sizeof(f->chosen), "%s", name);
	f->n_found++;
	return 0;
}

/* an index leads to manifests, or to further indexes */
static int walk_index(struct finder *f, const char *name, bool wanted, int depth)
{
	const json_t *entries, *e;
	json_t *j;
	size_t i;
	int r;

	if (depth > MAX_DEPTH)
		return bad(f, name, "indexes within indexes");
	r = load(f, name, &j);
	if (r < 0)
		return r == -ENOENT && depth ? bad(f, name, "it is missing") : r;
	entries = json_object_get(j, "manifests");
	if (!json_is_array(entries))
		r = depth && json_is_array(json_object_get(j, "layers")) ? take_found(f, name, wanted) :
									     bad(f, name, "neither an index nor an image manifest");
	else
		json_array_foreach(entries, i, e)
			if (r == 0)
				r = take_entry(f, name, e, wanted, depth);
	json_decref(j);
	return r;
}

static int one_image(struct finder *f)
{
	if (f->n_found == 1)
		return 0;
	if (f->image)
		return ima_diag_text(f->diag, -EBADMSG, "%u images are called %.100s", f->n_found, f->image);
	return ima_diag_text(f->diag, -EBADMSG, "it holds %u images: name one by its tag, its manifest's digest, or OS/ARCHITECTURE",
			     f->n_found);
}

static int take_oci(struct finder *f)
{
	json_t *j;
	int r = walk_index(f, "index.json", !f->image, 0);

	if (r == 0)
		r = one_image(f);
	if (r == 0)
		r = load(f, f->chosen, &j);
	if (r < 0)
		return r;
	r = add_manifest(f, f->chosen, json_object_get(j, "layers"));
	json_decref(j);
	return r;
}

static bool has_tag(const json_t *image, const char *tag)
{
	const json_t *tags = json_object_get(image, "RepoTags"), *t;
	size_t i;

	json_array_foreach(tags, i, t)
		if (json_string_value(t) && !strcmp(json_string_value(t), tag))
			return true;
	return false;
}

static int take_docker_layers(struct finder *f, const json_t *image)
{
	const json_t *layers = json_object_get(image, "Layers"), *l;
	const char *name;
	size_t i;
	int r = json_is_array(layers) ? 0 : bad(f, "manifest.json", "an image without layers");

	json_array_foreach(layers, i, l) {
		name = json_string_value(l);
		if (r == 0 && (!name || name[0] == '/' || strstr(name, "..")))
			r = bad(f, "manifest.json", "a layer's name that leaves the archive");
		if (r == 0)
			r = add_layer(f, name);
	}
	return r;
}

/* manifest.json: an array of images, each with its tags and its layers' names */
static int take_docker(struct finder *f)
{
	const json_t *image, *found = NULL;
	json_t *j;
	size_t i;
	int r = load(f, "manifest.json", &j);

	if (r < 0)
		return r;
	json_array_foreach(j, i, image) {
		if (f->image && !has_tag(image, f->image))
			continue;
		found = image;
		f->n_found++;
	}
	r = json_is_array(j) ? one_image(f) : bad(f, "manifest.json", "no array of images");
	if (r == 0)
		r = take_docker_layers(f, found);
	json_decref(j);
	return r;
}

int ima_image_layers(ima_image_fetch fetch, void *user, const char *image, struct ima_image_layers *ret, struct ima_diag *diag)
{
	struct ima_image_layers layers = { .n = 0 };
	struct finder f = { .fetch = fetch, .user = user, .image = image, .layers = &layers, .diag = diag };
	int r = take_oci(&f);

	if (r == -ENOENT)
		r = take_docker(&f);
	if (r < 0) {
		ima_image_layers_done(&layers);
		return r;
	}
	*ret = layers;
	return 0;
}

void ima_image_layers_done(struct ima_image_layers *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->names[i]);
	l->n = 0;
}
