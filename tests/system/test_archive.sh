# SPDX-License-Identifier: BSD-2-Clause
# Archives, packages and images without unpacking: what imactl lists is what an unpacked tree holds; a labelled tar brings labels that
# evmctl verifies; hostile archives are refused in one line.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/../keys.sh"
here=$(cd "$(dirname "$0")" && pwd)
for tool in openssl evmctl tar cpio python3 dpkg-deb getfattr xz zstd; do command -v $tool >/dev/null || skip "$tool is missing"; done
make_mount 64M
cd "$work"
mkdir keys; make_key keys rsa rsa:2048; make_key keys ec ec -pkeyopt ec_paramgen_curve:P-256
fails() { # fails STATUS TEXT COMMAND...: one line on stderr that has TEXT
	local want=$1 text=$2 s=0
	shift 2
	timeout 60 "$@" >"$work/out" 2>"$work/said" || s=$?
	[ $s = "$want" ] && [ "$(wc -l <"$work/said")" = 1 ] && grep -q "$text" "$work/said" || die "$*: status $s, not $want with \"$text\": $(cat "$work/said")"
}
# the tree as sha256sum sees it, in imactl's form
listed() { (cd "$1" && find . -type f -print0 | while IFS= read -r -d '' f; do n=${f#.}; printf 'sha256:%s %s\n' "$(sha256sum <"$f" | cut -d' ' -f1)" "${n//$'\n'/\\x0a}"; done | sort); }

long=$(printf 'l%.0s' $(seq 120))
mkdir -p root/usr/bin root/etc "root/a b" "root/$long"
printf 'hello\n' >root/usr/bin/tool; cp /bin/true root/usr/bin/true; ln root/usr/bin/tool root/usr/bin/other; ln -s tool root/usr/bin/link
: >root/etc/empty; printf 'n' >root/etc/$'new\nline'; printf 'u' >root/etc/ümlaut; printf 'x\n' >"root/a b/f"; printf 'deep\n' >"root/$long/$long"
truncate -s 1M root/etc/sparse; printf 'tail' >>root/etc/sparse
mkfifo root/etc/pipe; chown 12:34 root/etc/empty; chmod 4755 root/usr/bin/true
listed root >want

# every form of tar and cpio
list() { "$imactl" hash --archive "$1" >"$work/got" || die "imactl hash --archive $1"; sort "$work/got" | cmp - "$2" || die "$1 is listed wrongly"; }
tar --format=gnu -C root -cf gnu.tar .; tar --format=posix -C root -cf pax.tar .
tar --format=gnu -S -C root -cf gnu-sparse.tar .; tar --format=posix -S -C root -cf pax-sparse.tar .
tar --format=gnu -P --transform 's,^\./,/,' -C root -cf absolute.tar .
(cd root && find . -print0 | cpio -0 --quiet -o -H newc) >newc.cpio 2>/dev/null
(cd root && find . -print0 | cpio -0 --quiet -o -H odc) >odc.cpio 2>/dev/null
for f in gnu.tar pax.tar gnu-sparse.tar pax-sparse.tar absolute.tar newc.cpio odc.cpio; do list $f want; done
for z in gzip xz zstd bzip2 lz4; do command -v $z >/dev/null || continue; $z -q -c gnu.tar >gnu.tar.$z; list gnu.tar.$z want; done
"$imactl" hash --archive - <gnu.tar.gzip | sort | cmp - want || die "standard input"
cat newc.cpio | "$imactl" hash --archive - | sort | cmp - want || die "a pipe"

# packages
mkdir -p pkg/DEBIAN pkg/usr/bin pkg/bin; printf 'Package: t\nVersion: 1\nArchitecture: all\nMaintainer: t <t@t.example>\nDescription: t\n' >pkg/DEBIAN/control
printf 'deb\n' >pkg/usr/bin/d; printf 'merged\n' >pkg/bin/m
for z in xz zstd gzip none; do
	dpkg-deb -Z$z -b pkg $z.deb >/dev/null 2>&1 || die "dpkg-deb -Z$z"
	listed pkg | grep -v DEBIAN >want-deb; list $z.deb want-deb
done
"$imactl" hash --archive xz.deb --merge-usr | grep -q ' /usr/bin/m$' || die "--merge-usr"
fails 2 "only a tar" "$imactl" sign --archive xz.deb -k keys/rsa.key -o x.tar; [ ! -e x.tar ] || die "an output that cannot be was begun"
if command -v rpmbuild >/dev/null; then
	printf '%s\n' 'Name: t' 'Version: 1' 'Release: 1' 'Summary: t' 'License: BSD' 'BuildArch: noarch' '%description' t '%install' 'mkdir -p %{buildroot}/usr/bin %{buildroot}/etc' \
		'echo hello >%{buildroot}/usr/bin/a' 'ln %{buildroot}/usr/bin/a %{buildroot}/usr/bin/b' 'echo conf >%{buildroot}/etc/t.conf' '%files' /usr/bin/a /usr/bin/b /etc/t.conf >t.spec
	HOME=$work rpmbuild -bb --quiet --define "_topdir $work/rpm" --define "_build_id_links none" t.spec >rpm.log 2>&1 || die "rpmbuild: $(tail -n 3 rpm.log)"
	rpm=$(find rpm -name '*.rpm')
	rpm -qp --qf '[sha256:%{FILEDIGESTS} %{FILENAMES}\n]' "$rpm" 2>/dev/null | sort >want-rpm; [ "$(wc -l <want-rpm)" = 3 ] || die "rpm does not show its files"
	list "$rpm" want-rpm
	fails 1 "" sh -c "'$imactl' verify -q --signature -k keys/rsa.der --archive '$rpm' && exit; s=\$?; echo >&2; exit \$s"
	# signatures in the package's header, made by evmctl, in the order of the header
	printf 'conf\n' >s1; printf 'hello\n' >s2
	for f in s1 s2; do evmctl ima_sign -a sha256 --key keys/rsa.key -f $f >/dev/null 2>&1 || die "evmctl ima_sign"; done
	"$here/make-image" rpm-signatures "$rpm" signed.rpm "$(xxd -p s1.sig | tr -d '\n')" "$(xxd -p s2.sig | tr -d '\n')" "$(xxd -p s2.sig | tr -d '\n')"
	"$imactl" verify --signature -k keys/rsa.der --archive signed.rpm >got || die "signatures of an RPM: $(cat got)"
	[ "$(grep -c ': pass (signature)$' got)" = 2 ] || die "$(cat got)"
	"$here/make-image" rpm-signatures "$rpm" wrong.rpm "$(xxd -p s2.sig | tr -d '\n')" "$(xxd -p s2.sig | tr -d '\n')" "$(xxd -p s2.sig | tr -d '\n')"
	s=0; "$imactl" verify -q --signature -k keys/rsa.der --archive wrong.rpm >got || s=$?
	[ $s = 1 ] && [ "$(cat got)" = "/etc/t.conf: fail (bad signature)" ] || die "a wrong signature of an RPM: $s, $(cat got)"
	head -c 300 "$rpm" >cut.rpm; fails 3 "cut.rpm.*cut off in its header" "$imactl" hash --archive cut.rpm
	head -c -60 "$rpm" >cut.rpm; fails 3 "imactl: cut.rpm: " "$imactl" hash --archive cut.rpm
fi

# images: later layers hide earlier ones
mkdir images; "$here/make-image" images images
for f in "kept:kept" "linked:kept" "replaced:new"; do printf 'sha256:%s /usr/bin/%s\n' "$(echo "${f#*:}" | sha256sum | cut -d' ' -f1)" "${f%:*}"; done >want-image
for f in "/opt/fresh:fresh" "/was-folder:a file now" "/added:added" "/srv/back:back"; do printf 'sha256:%s %s\n' "$(echo "${f#*:}" | sha256sum | cut -d' ' -f1)" "${f%:*}"; done >>want-image
sort -o want-image want-image
for f in oci oci.tar docker.tar docker.tar.gz; do list images/$f want-image; done
"$imactl" hash --archive images/two.tar --image linux/amd64 | sort | cmp - want-image || die "an image chosen by platform"
"$imactl" hash --archive images/two.tar --image first | sort | cmp - want-image || die "an image chosen by tag"
[ "$("$imactl" hash --archive images/two.tar --image linux/arm64 | wc -l)" = 1 ] || die "the other image"
fails 3 "it holds 2 images" "$imactl" hash --archive images/two.tar
fails 3 "0 images are called other" "$imactl" hash --archive images/two.tar --image other
fails 3 "the layer blobs/sha256/.* is missing" "$imactl" hash --archive images/broken.tar
"$imactl" sign --archive images/oci -k keys/ec.key --manifest image.manifest || die "a manifest of an image"
[ "$(wc -l <image.manifest)" = 9 ] || die "$(cat image.manifest)"

# a tar with labels: every label arrives where it is unpacked, and Debian's evmctl verifies it
for f in gnu.tar pax.tar gnu-sparse.tar pax-sparse.tar gnu.tar.gzip gnu.tar.xz gnu.tar.zstd; do
	"$imactl" sign --archive $f -k keys/ec.key --evm portable -o labelled || die "imactl sign --archive $f"
	"$imactl" verify -q --archive labelled -k keys/ec.der --signature --evm || die "the labels of $f"
	list labelled want
	rm -rf "$work/mnt/x"; mkdir "$work/mnt/x"
	tar --xattrs --xattrs-include='*' -C "$work/mnt/x" -xf labelled 2>"$work/said" || die "tar -x: $(cat "$work/said")"
	[ ! -s "$work/said" ] || die "tar says of $f: $(cat "$work/said")"
	listed "$work/mnt/x" | cmp - want || die "$f is another tree when it is labelled"
	n=0
	while IFS= read -r -d '' file; do
		evmctl ima_verify --key keys/ec.der "$file" >"$work/said" 2>&1 || die "evmctl does not verify $file of $f: $(cat "$work/said")"
		evmctl verify --portable --key keys/ec.der "$file" >"$work/said" 2>&1 || die "evmctl does not verify the metadata of $file of $f: $(cat "$work/said")"
		n=$((n + 1))
	done < <(find "$work/mnt/x" -type f -print0)
	[ $n = 9 ] || die "$n files"
done
"$imactl" hash --archive gnu.tar -o labelled && "$imactl" verify -q --archive labelled || die "digest labels"
"$imactl" sign --archive labelled -k keys/rsa.key -o again && "$imactl" verify -q --signature -k keys/rsa.der --archive again || die "labels that replace labels"
[ "$(grep -ac SCHILY.xattr.security.ima again)" = "$(grep -ac SCHILY.xattr.security.ima labelled)" ] || die "labels are doubled"
"$imactl" sign --archive gnu.tar.gzip -k keys/rsa.key -o one; sleep 1.1; "$imactl" sign --archive gnu.tar.gzip -k keys/rsa.key -o two; cmp one two || die "the output differs from run to run"
[ "$(printf 'one two ')" = "$(ls one* two* | tr '\n' ' ')" ] || die "something was left behind: $(ls)"
# a device and a pipe are written to, not replaced
mknod null c 1 3; mkfifo pipe
"$imactl" sign --archive gnu.tar -k keys/rsa.key -o null --manifest null || die "a device as output"
cat pipe >piped & "$imactl" sign --archive gnu.tar -k keys/rsa.key -o pipe; wait $!
"$imactl" reference create -q -o null --force gnu.tar 2>"$work/said" && die "a database on a device"
[ -c null ] && [ -p pipe ] && [ -z "$(find . -name 'null?*' -o -name 'pipe.*')" ] || die "an output was replaced: $(ls -l null* pipe*)"
"$imactl" sign --archive gnu.tar -k keys/rsa.key -o one; cmp one piped || die "what came through a pipe differs"
# nothing else is changed: without the extended headers it is the input
"$imactl" sign --archive gnu.tar -k keys/ec.key -o labelled
python3 - gnu.tar labelled <<'P' || die "more than labels was changed"
import sys
old, new = (open(n, "rb").read() for n in sys.argv[1:])
out, at = b"", 0
while at < len(new):
    block = new[at:at + 512]
    size = int(block[124:135] or b"0", 8) if block[156:157] == b"x" else -1
    if size >= 0 and block[:11] == b"PaxHeaders/":
        at += 512 + (size + 511) // 512 * 512
        continue
    out += block
    at += 512
n = max(len(old), len(out))
sys.exit(old.ljust(n, b"\0") != out.ljust(n, b"\0"))
P
printf 'x' >>root/usr/bin/tool; tar -C root -rf labelled ./usr/bin/tool; s=0; "$imactl" verify -q --archive labelled -k keys/ec.der --signature >got || s=$?
[ $s = 1 ] && grep -q '^/usr/bin/tool: fail' got || die "a member that was added: $s, $(cat got)"

# hostile and damaged ones
for n in 1 100 511 512 600 1024 5000 100000; do
	head -c $n gnu.tar >cut.tar; fails 3 "^imactl: cut.tar: " "$imactl" hash --archive cut.tar
	fails 3 "^imactl: cut.tar: " "$imactl" sign -k keys/ec.key --archive cut.tar -o never --manifest never.m
	head -c $n newc.cpio >cut.cpio; fails 3 "^imactl: cut.cpio: " "$imactl" hash --archive cut.cpio
	head -c $((n < 1000 ? n : 1000)) gnu.tar.xz >cut.xz; fails 3 "^imactl: cut.xz: " "$imactl" hash --archive cut.xz
	head -c $((n < 500 ? n : 500)) xz.deb >cut.deb; fails 3 "^imactl: cut.deb: " "$imactl" hash --archive cut.deb
done
[ ! -e never ] && [ ! -e never.m ] || die "half an output"
python3 - <<'P'
import io, tarfile
def make(path, names, tail=b""):
    with tarfile.open(path, "w") as t:
        for n in names:
            i = tarfile.TarInfo(n); i.size = 2
            t.addfile(i, io.BytesIO(b"x\n"))
    open(path, "ab").write(tail)
make("up.tar", ["../../etc/passwd", "/abs", "a/../b"])
make("tail.tar", ["a"], open("up.tar", "rb").read())
make("long.tar", ["p/" * 3000 + "f"])
P
s=0; "$imactl" hash --archive up.tar >got 2>said || s=$?
[ $s = 3 ] && [ "$(cut -d' ' -f2 got)" = /abs ] && [ "$(grep -c 'leaves the archive' said)" = 2 ] || die "names with ..: $s, $(cat got said)"
fails 3 "something follows the archive's end mark" "$imactl" sign -k keys/ec.key --archive tail.tar -o never
fails 3 "a name of more than 4095 bytes" "$imactl" hash --archive long.tar
truncate -s 3T bomb; tar -S -cf bomb.tar bomb; fails 3 "bomb: more than 68719476736 bytes" "$imactl" hash --archive bomb.tar
fails 3 "more than 100 bytes" "$imactl" hash --max-bytes 100 --archive gnu.tar
gzip -c gnu.tar.gzip >twice.gz; fails 3 "compressed more than once" "$imactl" hash --archive twice.gz
printf 'no archive' >text; fails 3 "^imactl: text: " "$imactl" hash --archive text
fails 3 "^imactl: missing: No such file" "$imactl" hash --archive missing
fails 2 "takes no further path" "$imactl" hash --archive gnu.tar extra
fails 2 "no file is named" "$imactl" hash
fails 2 "r and -x are for folders" "$imactl" hash -x --archive gnu.tar
fails 2 "verified by one thread" "$imactl" verify --threads 2 -k keys/ec.der --archive gnu.tar
fails 2 "judged alike" "$imactl" verify --profile 6.1 -k keys/ec.der --archive gnu.tar

# which files: what is left out gets no label, and is not looked at
"$imactl" hash --archive gnu.tar --threads 3 | sort | cmp - want || die "three threads"
"$imactl" hash --archive gnu.tar --include usr/bin >got; grep ' /usr/bin/' want | cmp - <(sort got) || die "--include: $(cat got)"
"$imactl" hash --archive gnu.tar --exclude usr/bin >got; grep -v ' /usr/bin/' want | cmp - <(sort got) || die "--exclude: $(cat got)"
[ -z "$("$imactl" hash -q --archive gnu.tar)" ] || die "-q"
"$imactl" sign --archive gnu.tar -k keys/ec.key --exclude usr/bin -o partly || die "a tar of which some is signed"
s=0; "$imactl" verify --archive partly -k keys/ec.der --signature >got || s=$?
[ $s = 1 ] && grep -q '^/usr/bin/' got && ! grep '^/usr/bin/' got | grep -v ': fail (' && ! grep -v '^/usr/bin/' got | grep ': fail' || die "what is left out: $(cat got)"
"$imactl" verify -q --archive partly -k keys/ec.der --signature --exclude usr/bin || die "verify --exclude"
fails 2 "KEY is missing" "$imactl" sign --archive gnu.tar
fails 2 "has no inode" "$imactl" sign -k keys/ec.key --evm immutable --archive gnu.tar
fails 2 "are for files" "$imactl" sign -k keys/ec.key --changed-only --archive gnu.tar
fails 2 "go with --archive" "$imactl" hash -o dry.tar gnu.tar
fails 2 "n writes nothing" "$imactl" hash -n --archive gnu.tar -o dry.tar
fails 2 "n writes nothing" "$imactl" hash -n --manifest dry.tar keys
[ ! -e dry.tar ] || die "-n wrote a file"
fails 3 "^imactl: keys: " "$imactl" hash --archive keys
cd /
