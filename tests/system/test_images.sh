# SPDX-License-Identifier: BSD-2-Clause
# Images of file systems keep their labels: made of a labelled tree, of a labelled tar, or labelled by a manifest afterwards. Each is mounted,
# or read by its own tools where this kernel lacks the file system, and every label is verified by evmctl.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/../keys.sh"
for tool in openssl evmctl tar getfattr debugfs; do command -v $tool >/dev/null || skip "$tool is missing"; done
make_mount 64M
cd "$work"
mkdir keys; make_key keys ec ec -pkeyopt ec_paramgen_curve:P-256
root=$work/mnt/root
mkdir -p "$root/usr/bin" "$root/a b"
for i in 1 2 3; do printf 'program %s\n' $i >"$root/usr/bin/p$i"; chmod 755 "$root/usr/bin/p$i"; done
printf 'data\n' >"$root/a b/data"; chown 12:34 "$root/a b/data"; : >"$root/empty"; ln -s p1 "$root/usr/bin/link"
said=; note() { said="$said $*;"; }
mounts() { mount -o loop,ro "$1" "$work/view" 2>/dev/null; }
# check WHAT FOLDER: five files, each with both labels
check() {
	local n=0 f
	while IFS= read -r -d '' f; do
		evmctl ima_verify --key keys/ec.der "$f" >"$work/said" 2>&1 || die "$1: $f: $(cat "$work/said")"
		# evmctl asks for the inode's generation, which only some file systems have
		[ "$(stat -f -c %T "$f")" != ext2/ext3 ] || evmctl verify --portable --key keys/ec.der "$f" >"$work/said" 2>&1 || die "$1: the metadata of $f: $(cat "$work/said")"
		n=$((n + 1))
	done < <(find "$2" -path "$2/lost+found" -prune -o -type f -print0)
	[ $n = 5 ] || die "$1 has $n files"
	"$imactl" verify -r -q -k keys/ec.der --signature --evm "$2" || die "$1: imactl verify"
}
check_image() { # WHAT IMAGE FILE-SYSTEM
	if mounts "$2"; then check "$1" "$work/view"; umount "$work/view"
	else grep -qw "$3" /proc/filesystems && die "$1 cannot be mounted"; note "$1 was made and not looked at: this kernel has no $3"; fi
}

# a manifest of the tree as it is, and a tar of it, before anything is labelled
"$imactl" sign --manifest root.labels --evm portable -k keys/ec.key "$root" || die "sign --manifest"
[ -z "$(getfattr -R -h -d -m security.ima "$root" 2>/dev/null)" ] || die "sign --manifest touched the tree"
tar --sort=name -C "$root" -cf root.tar .
"$imactl" sign --archive root.tar --evm portable -k keys/ec.key --manifest tar.labels || die "sign --archive --manifest"
# ECDSA signs differently each time: everything else is the same
same() { cut -d' ' -f1-4,7- "$1" | sort; }
[ "$(same root.labels)" = "$(same tar.labels)" ] || die "the manifests of a tree and of its tar differ"

# ext4 by a manifest, from an image without labels; twice is no harm
truncate -s 16M plain.img; mkfs.ext4 -q -d "$root" plain.img || die "mkfs.ext4 -d"
mount -o loop plain.img view || die "an ext4 image cannot be mounted"
[ "$("$imactl" label -n --manifest root.labels view)" = "5 labelled, 0 were so already, 0 left" ] || die "label -n"
[ -z "$(getfattr -d -m security.ima view/empty 2>/dev/null)" ] || die "label -n sets labels"
[ "$("$imactl" label --manifest root.labels view)" = "5 labelled, 0 were so already, 0 left" ] || die "label --manifest"
check "ext4 by a manifest" view
[ "$("$imactl" label --manifest tar.labels view | cut -d, -f3)" = " 0 left" ] || die "label --manifest of a tar"
# what is another file, or none, is left and named
printf 'changed\n' >view/usr/bin/p1; chmod 700 view/usr/bin/p2; rm view/empty; ln -sfn /etc view/x
s=0; "$imactl" label --manifest root.labels view >out 2>said || s=$?
[ $s = 1 ] && grep -q '^0 labelled\|^2 labelled' out && grep -q ', 3 left$' out || die "what cannot be labelled: $s, $(cat out said)"
for want in "/usr/bin/p1: another content" "/usr/bin/p2: another mode" "/empty: No such file"; do grep -q "$want" said || die "$want: $(cat said)"; done
# a manifest that is cut sets nothing; a link out of the tree leads nowhere
setfattr -x security.ima "view/a b/data"
head -n 3 root.labels >cut.labels; s=0; "$imactl" label --manifest cut.labels view 2>said || s=$?
[ $s = 3 ] && grep -q '^imactl: cut.labels:4: cut off' said && [ -z "$(getfattr -d -m security.ima 'view/a b/data' 2>/dev/null)" ] || die "a cut manifest: $s, $(cat said)"
printf 'hello\n' >outside; ln -s "$work" view/out
printf 'imad-manifest 1\nsha256:%s 100644 0 0 0404%s - /out/outside\nend 1\n' "$(sha256sum <outside | cut -d' ' -f1)" "$(sha256sum <outside | cut -d' ' -f1)" >out.labels
s=0; "$imactl" label --manifest out.labels view >/dev/null 2>&1 || s=$?
[ $s = 1 ] && [ -z "$(getfattr -d -m security.ima outside 2>/dev/null)" ] || die "a link led out of the tree: $s"
umount view

# ext4 without a mount: debugfs takes the values from files
truncate -s 16M debugfs.img; mkfs.ext4 -q -d "$root" debugfs.img
n=0
while read -r _ _ _ _ ima evm path; do
	[ -n "$path" ] || continue
	n=$((n + 1)); printf '%s' "$ima" | xxd -r -p >v$n.ima; printf '%s' "$evm" | xxd -r -p >v$n.evm
	printf 'ea_set -f v%s.ima "%s" security.ima\nea_set -f v%s.evm "%s" security.evm\n' $n "$path" $n "$path"
done <root.labels >commands
debugfs -w -f commands debugfs.img >/dev/null 2>&1 || die "debugfs"
mount -o loop debugfs.img view || die "the image that debugfs labelled cannot be mounted"
check "ext4 by debugfs" view; umount view

# squashfs from a labelled tar, without the tree having labels
if command -v sqfstar >/dev/null; then
	"$imactl" sign --archive root.tar --evm portable -k keys/ec.key -o - | sqfstar -quiet -no-progress tar.squashfs >/dev/null || die "sqfstar"
	check_image "squashfs of a tar" tar.squashfs squashfs
else note "sqfstar is missing"; fi

# of a labelled tree
"$imactl" sign -r --evm portable -k keys/ec.key "$root" >/dev/null || die "sign -r"
truncate -s 16M tree.img; mkfs.ext4 -q -d "$root" tree.img; check_image "ext4 of a tree" tree.img ext4
if command -v mksquashfs >/dev/null; then
	mksquashfs "$root" tree.squashfs -quiet -no-progress -xattrs >/dev/null || die "mksquashfs"
	check_image "squashfs of a tree" tree.squashfs squashfs
	mkdir -p mnt/unpacked; unsquashfs -quiet -no-progress -f -d mnt/unpacked tree.squashfs >/dev/null || die "unsquashfs"
	check "what unsquashfs unpacks" mnt/unpacked
else note "mksquashfs is missing"; fi
if command -v mkfs.erofs >/dev/null; then
	mkfs.erofs tree.erofs "$root" >/dev/null 2>&1 || die "mkfs.erofs"
	check_image "erofs of a tree" tree.erofs erofs
else note "mkfs.erofs is missing"; fi
[ -z "$said" ] || echo "not tried:$said"
cd /
