# SPDX-License-Identifier: BSD-2-Clause
# Trees and lists: which files are taken, detached labels, what is labelled already, trouble of every kind, interruption, memory.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/../keys.sh"
for tool in openssl getfattr setfattr evmctl python3 chattr strace; do command -v $tool >/dev/null || skip "$tool is missing"; done

make_mount 512M
cd "$work/mnt"
mkdir keys
make_key keys p256 ec -pkeyopt ec_paramgen_curve:P-256
make_key keys rsa rsa:2048
label() { getfattr -n "$1" -e hex "$2" 2>/dev/null | sed -n 's/^[a-z]*.[a-z]*=//p'; }
# names by lines; a newline in one is shown as ?
lines() { tr '\n\0' '?\n' | sed 's|^\./||' | LC_ALL=C sort; }
labelled() { python3 "$work/labelled.py" "$1" | lines; }
cat >"$work/labelled.py" <<'P'
import os, sys
top = os.fsencode(sys.argv[1])
for folder, _, files in os.walk(top):
    for f in files:
        path = os.path.join(folder, f)
        if os.path.isfile(path) and not os.path.islink(path) and "security.ima" in os.listxattr(path):
            sys.stdout.buffer.write(os.path.relpath(path, top) + b"\0")
P
said() { grep -q "$1" "$work/said" || die "not said: $1; but: $(cat "$work/said")"; }
# ends STATUS COMMAND...
ends() {
	local want=$1 s=0
	shift
	"$@" >"$work/out" 2>"$work/said" || s=$?
	[ $s = "$want" ] || die "$*: status $s, not $want: $(cat "$work/said")"
}

# which files: order, patterns, one file system, links, odd names
mkdir -p t/usr/bin t/usr/share/doc t/etc t/usr/bin.d
for f in usr/bin/a usr/bin/b usr/bin.d/x usr/share/doc/a usr/share/doc/README etc/c.conf etc/.hidden "usr/bin/two words" $'usr/bin/new\nline' $'usr/bin/\xff'; do echo "$f" >"t/$f"; done
ln -s /etc/passwd t/etc/link; ln -s ../etc t/usr/etc; mkfifo t/etc/pipe
ends 0 "$imactl" hash -r t
said "10 hashed, 0 failed"
(cd t && find . -type f -print0) | lines >"$work/want"
labelled t | cmp - "$work/want" || die "not every file of the tree was labelled"
ends 0 "$imactl" clear -r t
[ -z "$(labelled t)" ] || die "imactl clear -r left labels"
# taken WANT OPTION...
taken() {
	local want=$1
	shift
	ends 0 "$imactl" hash -n -r "$@" t
	[ "$(sed 's|^[^ ]* t/||' "$work/out" | LC_ALL=C sort | tr '\n' ' ')" = "$want" ] || die "$*: $(cat "$work/out")"
}
taken "etc/.hidden etc/c.conf " --include 'etc'
taken "usr/bin/a usr/share/doc/a " --include 'a'
taken "usr/bin/a " --include 'usr/*/a'
taken "usr/bin/a usr/share/doc/a " --include '**/a' --exclude '*.conf'
taken "etc/.hidden usr/bin.d/x " --exclude '*.conf' --exclude 'usr/bin' --exclude '/usr/share/**'
taken "usr/share/doc/README usr/share/doc/a " --include 'usr/**/doc'
taken "etc/c.conf " --include '*.conf'
mkdir t/other; mount -t tmpfs none t/other; echo x >t/other/x
ends 0 "$imactl" hash -n -r -x t; ! grep -q other "$work/out" || die "-x went to another file system"
ends 0 "$imactl" hash -n -r t; grep -q t/other/x "$work/out" || die "without -x a file system was left out"
umount t/other

# lists
ends 0 "$imactl" hash -n --files-from - <<<$'t/usr/bin/a\n\nt/usr/bin/two words'
[ "$(wc -l <"$work/out")" = 2 ] || die "a list of lines: $(cat "$work/out")"
find t/usr/bin -type f -print0 >"$work/list"
ends 0 "$imactl" hash --null --files-from "$work/list"
[ "$(labelled t | wc -l)" = 5 ] || die "a list of NULs"
ends 3 "$imactl" hash --files-from "$work/list"; said "NUL in a list of lines"
ends 3 "$imactl" hash --files-from "$work/none"; said "No such file"
ends 0 "$imactl" hash -n --json -0 --files-from "$work/list"
[ "$(jq -r '.path // .path_hex' "$work/out" | wc -l)" = 6 ] || die "paths in JSON: $(cat "$work/out")" # one path has a newline
ends 1 "$imactl" hash --json t/missing t; said "t: Is a directory"
[ "$(jq -r .status "$work/out" | tr '\n' ' ')" = "failed failed " ] || die "failures in JSON"

# detached: no attribute; evmctl verifies it; what belongs to another file is not signed itself
ends 0 "$imactl" sign -r -k keys/p256.key --detached --evm portable --exclude usr/bin t
[ "$(labelled t | grep -vc usr/bin/)" = 0 ] || die "--detached wrote attributes"
[ -f t/etc/c.conf.sig ] && [ -f t/etc/c.conf.evmsig ] || die "no sigfile"
evmctl ima_verify -f --key keys/p256.der t/etc/c.conf >"$work/said" 2>&1 || die "evmctl: $(cat "$work/said")"
ends 0 "$imactl" verify -r -f --evm --signature -k keys/p256.der --exclude usr/bin t
said "5 passed"
chmod 600 t/etc/c.conf
ends 1 "$imactl" verify -f --evm --signature -k keys/p256.der t/etc/c.conf
chmod 644 t/etc/c.conf
ends 0 "$imactl" sign -r -k keys/p256.key --detached --evm portable --changed-only --exclude usr/bin t
said "0 signed, 5 skipped"
[ -z "$(find t -name '*.sig.*' -o -name '*.evmsig.*' -o -name '*.new')" ] || die "sigfiles of sigfiles: $(find t -name '*sig*')"
find t -name '*sig' -delete

# changed only: by content, key, algorithm, metadata
ends 0 "$imactl" sign -r -q -k keys/p256.key --evm portable t
[ ! -s "$work/out" ] && [ ! -s "$work/said" ] || die "-q said something"
again() { ends 0 "$imactl" sign -r --changed-only "$@" t; }
before=$(label security.ima t/etc/c.conf)
again -k keys/p256.key --evm portable; said "0 signed, 10 skipped"
[ "$(label security.ima t/etc/c.conf)" = "$before" ] || die "a label that was right was made anew"
echo more >>t/etc/c.conf; chmod 600 t/usr/bin/a; setfattr -x security.evm t/usr/bin/b; setfattr -x security.ima t/usr/bin.d/x
again -k keys/p256.key --evm portable; said "4 signed, 6 skipped"
ends 0 "$imactl" verify -r -q --evm --signature -k keys/p256.der t
again -k keys/p256.key -a sha512 --evm portable; said "10 signed"
again -k keys/rsa.key -a sha512 --evm portable; said "10 signed"
again -k keys/rsa.key -a sha512 --evm immutable; said "10 signed"
again -k keys/rsa.key -a sha512 --v3; said "10 signed"
ends 0 "$imactl" sign -r -k keys/p256.key -n --changed-only t; said "10 signed"
again -k keys/rsa.key -a sha512 --v3; said "10 skipped"
again -k keys/rsa.key --hash-label --evm portable; said "10 signed"
again -k keys/rsa.key --hash-label --evm portable; said "10 skipped"
ends 0 "$imactl" hash -r --changed-only t; said "10 skipped"

# trouble: named, counted, status 1, the rest done
ends 0 "$imactl" clear -r t
chattr +i t/usr/bin/a
ends 1 "$imactl" hash -r t; said "t/usr/bin/a: Operation not permitted"; said "9 hashed, 1 failed"
chattr -i t/usr/bin/a
ends 1 "$imactl" hash t/etc/pipe t/etc/c.conf t/none; said "t/etc/pipe: not a regular file"; said "t/none: No such file"; said "1 hashed, 2 failed"
mount -o remount,ro "$work/mnt"
ends 1 "$imactl" sign -r -k keys/p256.key t; said "t/etc/c.conf: Read-only file system"; said "0 signed, 10 failed"
ends 1 "$imactl" sign -r -k keys/p256.key --detached t; said "t/etc/c.conf: Read-only file system"
mount -o remount,rw "$work/mnt"
mkdir full; truncate -s 1M "$work/small"; mkfs.ext4 -q -I 128 -b 1024 "$work/small" >/dev/null 2>&1; mount -o loop "$work/small" full
echo a >full/a; echo b >full/b
dd if=/dev/zero of=full/filler bs=1024 2>/dev/null || :
ends 1 "$imactl" sign -k keys/rsa.key full/a full/b t/etc/c.conf; said "full/a: No space left"; said "1 signed, 2 failed"
[ -z "$(label security.ima full/a)" ] || die "a label on a full file system"
umount full
mount -t ramfs none full; echo a >full/a
ends 1 "$imactl" hash --user full/a t/etc/c.conf; said "full/a: the file system takes no such attributes"; said "1 hashed, 1 failed"
umount full
# a file that another process never stops changing
head -c 32M /dev/zero >busy
python3 -c 'import os
fd = os.open("busy", os.O_WRONLY)
while True: os.pwrite(fd, b"x", 5)' &
writer=$!
for _ in $(seq 500); do [ "$(dd if=busy bs=1 skip=5 count=1 status=none)" = x ] && break; sleep 0.02; done 2>/dev/null
s=0; "$imactl" hash busy t/etc/c.conf >/dev/null 2>"$work/said" || s=$?
kill $writer; wait $writer 2>/dev/null || :
[ $s = 1 ] && [ -z "$(label security.ima busy)" ] || die "a file that changed while it was read: $s, $(cat "$work/said")"
said "busy: it changed while it was read"; said "1 hashed, 1 failed"
rm busy
# one file under many names
mkdir links; echo x >links/0; for i in $(seq 300); do ln links/0 links/$i; done
ends 0 "$imactl" hash -r links; said "301 hashed, 0 failed"
# read once for all its names, but not once more too few: what changes between two names shows, also when its size and time do not
head -c 300k /dev/urandom >links/0
for n in 0 1 2; do echo links/$n; done >"$work/three"
for how in hash "sign -k keys/rsa.key" "hash -n" "verify -k keys/rsa.der"; do
	ends 0 strace -f -qq -e trace=pread64 -e signal=none -o "$work/reads" "$imactl" $how -q --threads 1 --files-from "$work/three"
	[ "$(grep -c "= 262144$" "$work/reads")" = 1 ] || die "$how of three names of a file: $(cat "$work/reads")"
done
mkfifo names
"$imactl" hash -q --threads 1 --files-from names >"$work/out" 2>&1 &
pid=$!
exec 3>names
echo links/1 >&3
want=0x0404$(sha256sum <links/0 | cut -d' ' -f1)
for _ in $(seq 500); do [ "$(label security.ima links/1)" = "$want" ] && break; sleep 0.02; done
sleep 0.05
touch -r links/0 time; printf x | dd of=links/0 conv=notrunc status=none; touch -r time links/0
echo links/2 >&3
exec 3>&-
wait $pid || die "hash --files-from: $(cat "$work/out")"
[ "$(label security.ima links/2)" = "0x0404$(sha256sum <links/0 | cut -d' ' -f1)" ] || die "a name's label is that of what the file was under another name"
rm names time
# many under several: whichever name comes last, the two labels belong together
for i in $(seq 300); do echo $i >links/$i.a; for k in b c d e; do ln links/$i.a links/$i.$k; done; done
for _ in 1 2 3 4 5; do
	ends 0 "$imactl" sign -r -q --threads 16 -k keys/p256.key --evm portable links
	ends 0 "$imactl" verify -r -q --evm --signature -k keys/p256.der links
done

# Ctrl-C: every file whole or as it was; what was done is said; a second run does the rest
mkdir many; for i in $(seq 1000); do echo "$i" >many/$i; done
head -c 200M /dev/zero >many/1large
env --default-signal=INT "$imactl" sign -r --threads 1 -k keys/rsa.key many >"$work/out" 2>"$work/said" &
pid=$!
for _ in $(seq 500); do [ -n "$(label security.ima many/10)" ] && break; sleep 0.01; done
kill -INT $pid; s=0; wait $pid || s=$?
[ $s = 130 ] || die "ended with $s after SIGINT: $(cat "$work/said")"
said "interrupted: "
n=$(labelled many | wc -l)
[ "$n" -gt 0 ] && [ "$n" -lt 1001 ] && said "interrupted: $n signed" || die "$n labels, and: $(cat "$work/said")"

# the same for a manifest: both labels or none
ends 0 "$imactl" clear -r -q many
truncate -s 1G many/1large
ends 0 "$imactl" sign -q -k keys/p256.key --evm portable --manifest many.labels many
env --default-signal=INT "$imactl" label --manifest many.labels many >"$work/out" 2>"$work/said" &
pid=$!
for _ in $(seq 500); do [ -n "$(label security.ima many/10)" ] && break; sleep 0.01; done
kill -INT $pid; s=0; wait $pid || s=$?
[ $s = 130 ] && [ ! -s "$work/out" ] || die "label ended with $s after SIGINT: $(cat "$work/said")"
n=$(labelled many | wc -l)
[ "$n" -gt 0 ] && [ "$n" -lt 1001 ] && said "interrupted: $n labelled, 0 were so already, 0 left" || die "$n labels, and: $(cat "$work/said")"
labelled many | sed 's|^|many/|' >"$work/list"
ends 0 "$imactl" verify -q --signature --evm -k keys/p256.der --files-from "$work/list"
ends 0 "$imactl" label --manifest many.labels many
grep -q "^$((1001 - n)) labelled, $n were so already, 0 left" "$work/out" || die "label again: $(cat "$work/out")"
ends 0 "$imactl" verify -r -q --signature --evm -k keys/p256.der many
truncate -s 1M many/1large

# SIGKILL at ten moments: no label is half a label, no other file is in the tree
ends 0 "$imactl" clear -r -q many
for i in 1 2 3 4 5 6 7 8 9 10; do
	"$imactl" sign -r -f -k keys/p256.key many >/dev/null 2>&1 &
	pid=$!
	sleep 0.0$((RANDOM % 90 + 10))
	kill -KILL $pid 2>/dev/null || :; wait $pid 2>/dev/null || :
	labelled many | sed 's|^|many/|' >"$work/list"
	[ ! -s "$work/list" ] || ends 0 "$imactl" verify -q --signature -k keys/p256.der --files-from "$work/list"
	find many -name '*.sig' | sed 's|\.sig$||' >"$work/list"
	[ ! -s "$work/list" ] || ends 0 "$imactl" verify -q -f --signature -k keys/p256.der --files-from "$work/list"
done
ends 0 "$imactl" sign -r -q -f --changed-only -k keys/p256.key many
ends 0 "$imactl" verify -r -q --signature -k keys/p256.der --exclude '*.sig' --exclude '*.sig.new' many

# memory does not follow the number of files: names of one folder are more than the window holds
cd /
umount "$work/mnt"
mount -t tmpfs none "$work/mnt" && cd "$work/mnt"
python3 - <<'P'
import os
os.mkdir("wide")
for i in range(60000): open("wide/%0200d" % i, "w").close()
P
python3 - "$imactl" hash -n -r wide <<'P' || die "a wide folder"
import resource, subprocess, sys
r = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
names = [l.split(b"/")[-1] for l in r.stdout.splitlines()]
if r.returncode or names != [b"%0200d" % i for i in range(60000)]: sys.exit("status %d, %d names, in order: %s" % (r.returncode, len(names), names == sorted(names)))
if b"__asan_init" not in open(sys.argv[1], "rb").read() and peak > 64 << 10: sys.exit("peak memory %d KiB" % peak)
P
cd /
