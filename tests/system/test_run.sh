# SPDX-License-Identifier: BSD-2-Clause
# imactl run: a command's tree measured without privileges, beside strace's account of it and beside the fanotify tier; calls behave as
# without it; what cannot be measured is not run by accident.
. "$(dirname "$0")/lib.sh"

tree=$build/tests/system/tree
chmod 755 "$work"
mkdir -m 777 "$work/out" "$work/bin"
install -m 755 "$imactl" "$tree" "$work/bin/" # the build folder may be root's alone
imactl=$work/bin/imactl
tree=$work/bin/tree
export PATH=/usr/sbin:/usr/bin:/sbin:/bin # folders that nobody may search make execvp(3) say "permission denied"
limit=${IMA_RUN_SECONDS:-60} # of one command; emulated processors need more
nobody="setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all --inh-caps=-all"
list=$work/out/list
pcrs=$work/out/pcrs
cd "$work/out"
run() { rm -f "$list" "$pcrs"; timeout -k 5 $limit $nobody "$imactl" run --list "$list" --pcrs "$pcrs" "$@"; }
matches() { "$imactl" replay "$list" --pcrs "$pcrs" >/dev/null || die "$1: the list does not lead to the PCRs"; }
in_list() { "$imactl" list "$list" | grep -q " sha256:$(sha256sum <"$1" | cut -d' ' -f1) $2 *\$"; }

# ---- as an ordinary user, and in a user namespace: nothing that strace saw is missing ----
command='ls /; python3 -c "import ssl"'
compare() { # NAME PREFIX
	$nobody strace -f -y -qq -e trace=execve,execveat,open,openat,openat2,mmap -o "$work/out/strace" sh -c "$command" >/dev/null
	rm -f "$list" "$pcrs"
	# shellcheck disable=SC2086
	timeout -k 5 $limit $nobody $2 "$imactl" run --list "$list" --pcrs "$pcrs" -- sh -c "$command" >/dev/null 2>"$work/out/said" ||
		die "$1: status $?: $(cat "$work/out/said")"
	matches "$1"
	"$imactl" list "$list" >"$work/out/text"
	python3 - "$work/out/strace" "$work/out/text" <<'P' || die "$1: strace saw more"
import os, re, stat, sys
used = set()
for line in open(sys.argv[1], errors="replace"):
    m = re.search(r'execve\("([^"]+)".*\) = 0$', line)
    if m:
        used.add(os.path.realpath(m.group(1)))
    m = re.search(r'open(?:at2?)?\(.*(O_RDONLY|O_RDWR).*\) = \d+<([^>]+)>$', line)
    if m and "O_PATH" not in line and "O_DIRECTORY" not in line:
        used.add(m.group(2))
    m = re.search(r'mmap\(.*PROT_EXEC.*, \d+<([^>]+)>, ', line)
    if m:
        used.add(m.group(1))
skip = ("/proc/", "/sys/", "/dev/", "/run/")
used = {u for u in used if not u.startswith(skip) and os.path.exists(u) and stat.S_ISREG(os.stat(u).st_mode)}
listed = {line.split(" ", 4)[4].rstrip("\n ") for line in open(sys.argv[2])}
missing = {u for u in used if u.replace(" ", "_") not in listed}
print("strace: %d files used, %d missing in the list of %d" % (len(used), len(missing), len(listed)))
for u in sorted(missing):
    print("missing:", u)
sys.exit(1 if missing or len(used) < 20 else 0)
P
}
if command -v strace >/dev/null; then
	compare "ordinary user" ""
	if $nobody unshare -Ur true 2>/dev/null; then compare "user namespace" "unshare -Ur"; else echo "no user namespaces here: that half is not tested"; fi
else
	skip "needs strace"
fi

# ---- calls behave as they do without it ----
for mode in opens opens-at threads signals programs memory-program mappings io-uring lease; do
	mkdir -m 777 "$work/out/$mode"
	run --quiet -- "$tree" "$mode" "$work/out/$mode" || die "$mode: status $?"
	matches "$mode"
done
grep -qa "memfd:in-memory" "$list" || :
run --quiet -- "$tree" memory-program && in_list /bin/true memfd:in-memory || die "a program in memory is not listed"
run --quiet -- "$tree" mappings "$work/out/mappings" && in_list "$work/out/mappings/code" "$work/out/mappings/code" || die "a mapping is not listed"
run --quiet -- "$tree" lease "$work/out/lease" && in_list "$work/out/lease/leased" "$work/out/lease/leased" || die "a file that was leased is not listed"
# rewritten in place between uses, with as many bytes and the same mtime, by the command and from outside
changing=$work/out/changing
change() { printf %s "$1" 1<>"$changing"; touch -d @1000000000 "$changing"; }
listed() { "$imactl" list "$list" | grep -q " sha256:$(printf %s "$1" | sha256sum | cut -d' ' -f1) $changing *\$"; }
: >"$changing"; change one; chmod 666 "$changing"; mkfifo "$work/out/ask" "$work/out/tell"; chmod 666 "$work/out/ask" "$work/out/tell"
run --quiet -- sh -c "
	f=$changing
	cat \$f; cat \$f; sleep 0.3; cat \$f; cat \$f
	printf two 1<>\$f; cat \$f; sleep 0.3; cat \$f; cat \$f
	echo >$work/out/ask; read x <$work/out/tell; cat \$f; sleep 0.3; cat \$f; cat \$f" >"$work/out/cat" &
runner=$!
read -r _ <"$work/out/ask"; change six; echo >"$work/out/tell"
wait "$runner" || die "a file that changes: status $?"
[ "$(cat "$work/out/cat")" = oneoneoneonetwotwotwosixsixsix ] || die "a file that changes is read as it was before: $(cat "$work/out/cat")"
for text in one two six; do listed $text || die "a file that changes: $text is not listed"; done
matches "a file that changes"
# as root, who can do more than what it starts may
rm -rf "$work/out/opens"; mkdir -m 777 "$work/out/opens"
timeout -k 5 $limit "$imactl" run --quiet -- $nobody "$tree" opens "$work/out/opens" || die "opens in the name of another user: status $?"
umask 077; echo secret >"$work/out/secret"; umask 022
timeout -k 5 $limit "$imactl" run --quiet -- $nobody cat "$work/out/secret" 2>/dev/null && die "another user read what only root may"

# ---- many, short, at once ----
run --quiet -- sh -c 'i=0; while [ $i -lt 1000 ]; do /bin/true; i=$((i+1)); done' || die "1000 processes: status $?"
matches "1000 processes"
(ulimit -u 120 2>/dev/null; run --quiet -- "$tree" fork-bomb) || die "fork bomb: status $?"

# ---- another root, other mounts ----
mkdir -p "$work/out/root/bin" && install -m 755 "$(command -v busybox || echo /bin/busybox)" "$work/out/root/bin/busybox" 2>/dev/null || skip "needs busybox-static"
echo inside >"$work/out/root/data"
timeout -k 5 $limit "$imactl" run --quiet --list "$list" --pcrs "$pcrs" -- chroot "$work/out/root" /bin/busybox cat /data >"$work/out/cat" || die "chroot: status $?"
[ "$(cat "$work/out/cat")" = inside ] || die "chroot: the file is another one"
in_list "$work/out/root/data" "$work/out/root/data" && in_list "$work/out/root/bin/busybox" "$work/out/root/bin/busybox" || die "chroot: not listed"
timeout -k 5 $limit "$imactl" run --quiet --list "$list" -- unshare -m sh -c "mount --bind $work/out/root /mnt && cd /mnt && bin/busybox cat data" >"$work/out/cat" || die "mount namespace: status $?"
[ "$(cat "$work/out/cat")" = inside ] || die "mount namespace: the file is another one"
in_list "$work/out/root/data" /mnt/data || die "mount namespace: not listed"

# ---- the status is the command's; what cannot run is said ----
status_of() { local s=0; run --quiet "$@" 2>"$work/out/said" || s=$?; echo "$s"; }
[ "$(status_of -- sh -c 'exit 42')" = 42 ] || die "status"
[ "$(status_of -- sh -c 'kill -9 $$')" = 137 ] || die "status of a signal"
[ "$(status_of -- nonexistent-command)" = 127 ] && grep -q nonexistent-command "$work/out/said" || die "a command that does not exist"
echo text >"$work/out/text-file"
[ "$(status_of -- "$work/out/text-file")" = 126 ] || die "a command that is not executable"
[ "$(status_of -- "$imactl" run -- true)" = 3 ] && grep -q 'listener already' "$work/out/said" || die "a run inside a run: $(cat "$work/out/said")"
[ "$(status_of)" = 2 ] || die "no command"
[ "$(status_of --deny-unknown -- true)" = 2 ] || die "--deny-unknown alone"
python3 - "$work/out/elf32" <<'P'
import os, struct, sys
code = b"\xb8\x01\0\0\0\x31\xdb\xcd\x80" # exit(0), 32-bit
head = b"\x7fELF\1\1\1" + bytes(9) + struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, 0x8048054, 52, 0, 0, 52, 32, 1, 0, 0, 0)
open(sys.argv[1], "wb").write(head + struct.pack("<IIIIIIII", 1, 0, 0x8048000, 0x8048000, 84 + len(code), 84 + len(code), 5, 4096) + code)
os.chmod(sys.argv[1], 0o755)
P
rm -f "$list"; s=0; $nobody "$imactl" run -- "$work/out/elf32" 2>"$work/out/said" || s=$?
[ "$s" = 126 ] && grep -q '32-bit' "$work/out/said" || die "a 32-bit program: status $s: $(cat "$work/out/said")"
# a program that may be run and not be read
cp /bin/true "$work/out/hidden"; chmod 711 "$work/out/hidden"
[ "$(status_of -- "$work/out/hidden")" = 126 ] || die "an unreadable program ran"
run --best-effort -- "$work/out/hidden" 2>"$work/out/said" && die "an unmeasured program and status 0"
"$imactl" list "$list" | grep -q "imactl_run_unmeasured:$work/out/hidden" || die "best effort: the list does not say so"

# ---- evidence of the run ----
run --quiet --evidence "$work/out/evidence" --nonce c0ffee -- true || die "evidence"
verify() { "$imactl" evidence verify --skip ak --skip event-log --reference "$work/out/known" --nonce "$1" "$work/out/evidence"; }
"$imactl" list "$list" | sed -n 's/.* sha256:\([0-9a-f]*\) \(\/.*[^ ]\) *$/\1  \2/p' >"$work/out/known"
verify c0ffee >"$work/out/said" || die "evidence is not believed: $(cat "$work/out/said")"
verify c0ffef >/dev/null && die "evidence for another nonce is believed"
sed -i '/bin\/true/d' "$work/out/known"
verify c0ffee >/dev/null && die "evidence of an unknown program is believed"
[ "$(status_of --tpm none --evidence "$work/out/none" -- true)" = 2 ] && [ ! -e "$work/out/none" ] || die "evidence without a TPM"
[ "$(status_of --nonce 00 -- true)" = 2 ] || die "a nonce for nothing"

# ---- only what is known ----
cp /bin/true "$work/out/unknown"; printf x >>"$work/out/unknown"
run --quiet -- sh -c true
"$imactl" list "$list" --json >/dev/null
"$imactl" list "$list" | sed -n 's/.* sha256:\([0-9a-f]*\) \(\/.*[^ ]\) *$/\1  \2/p' >"$work/out/known"
run --quiet --reference "$work/out/known" --deny-unknown -- sh -c true || die "known programs were refused"
s=0; run --reference "$work/out/known" --deny-unknown -- sh -c "$work/out/unknown" 2>"$work/out/said" || s=$?
[ "$s" = 126 ] && grep -q 'not in the reference values: refused' "$work/out/said" || die "an unknown program ran: status $s"

# ---- a full disk ----
mount -t tmpfs -o size=8k,mode=777 tmpfs "$work/mnt"
list=$work/mnt/list
s=0; run -- sh -c 'for f in /usr/bin/*; do head -c 1 $f >/dev/null; done; exit 0' 2>"$work/out/said" || s=$?
[ "$s" != 0 ] && grep -q 'No space left' "$work/out/said" || die "a full disk: status $s"
"$imactl" list "$list" >/dev/null || die "a full disk left a broken list"
s=0; run --best-effort -- sh -c 'for f in /usr/bin/[a-d]*; do head -c 1 $f >/dev/null; done; echo went on' >"$work/out/cat" 2>"$work/out/said" || s=$?
[ "$(cat "$work/out/cat")" = "went on" ] && [ "$s" = 3 ] || die "a full disk, best effort: status $s"
grep -q 'could not be measured: allowed' "$work/out/said" || die "a full disk, best effort: nothing is said"
umount "$work/mnt"
list=$work/out/list

# ---- what the command closed is not in the way when it unmounts ----
echo 'measure func=FILE_CHECK' >"$work/out/rules"
mount -t tmpfs tmpfs "$work/mnt"
nobody="" run --quiet --policy "$work/out/rules" -- python3 - "$work/mnt" <<'P' || die "a file system was busy after its file was closed"
import ctypes, os, sys
libc, folder = ctypes.CDLL(None, use_errno=True), sys.argv[1].encode()
def check(r):
    if r < 0: raise OSError(ctypes.get_errno(), "round %d" % i)
for i in range(300):
    check(libc.mount(b"tmpfs", folder, b"tmpfs", 0, None))
    open(folder + b"/file", "w").close()
    for _ in range(3): os.close(os.open(folder + b"/file", os.O_RDONLY))
    check(libc.umount2(folder, 0))
P
umount "$work/mnt"

# ---- the supervisor is killed: the tree ends ----
rm -f "$list"
$nobody "$imactl" run --quiet --list "$list" -- sh -c "$tree endless & $tree endless; true" &
runner=$!
for _ in $(seq 100); do pgrep -f "$tree endless" >/dev/null && break; sleep 0.05; done
pids=$(pgrep -f "$tree endless")
[ -n "$pids" ] || die "the tree did not start"
kill -KILL "$(pgrep -f -o "$imactl run --quiet --list $list")" 2>/dev/null
wait "$runner" 2>/dev/null || :
for _ in $(seq 100); do
	left=0
	for pid in $pids; do kill -0 "$pid" 2>/dev/null && [ "$(awk '{print $3}' "/proc/$pid/stat" 2>/dev/null)" != Z ] && left=1; done
	[ "$left" = 0 ] && break
	sleep 0.05
done
[ "$left" = 0 ] || die "the tree goes on without its supervisor"

# at any moment, also while it is still being set up
for after in $(seq 0 40); do
	TMPDIR=$work/out $nobody "$imactl" run --quiet --list "$list" -- "$tree" endless &
	runner=$!
	sleep "$(printf 0.%03d "$after")"
	kill -KILL "$runner"
	wait "$runner" 2>/dev/null || :
done
for _ in $(seq 100); do pgrep -f "$tree endless" >/dev/null || break; sleep 0.05; done
pgrep -f "$tree endless" >/dev/null && die "a process waits for a supervisor that is gone: $(pgrep -a -f "$tree endless")"

# ---- beside the fanotify tier: the same records ----
make_mount 64M
for p in bin/sh bin/ls bin/cat bin/grep; do
	mkdir -p "$work/mnt/root/$(dirname "$p")"
	cp -L "/$p" "$work/mnt/root/$p"
	ldd "/$p" | sed -n 's/.*[ \t]\(\/[^ ]*\).*/\1/p' | while read -r lib; do
		mkdir -p "$work/mnt/root/$(dirname "$lib")"; cp -L "$lib" "$work/mnt/root/$lib"; done
done
printf '#!/bin/sh\ngrep -c o /data\nls /\ncat /data /data\n' >"$work/mnt/root/script"; chmod 755 "$work/mnt/root/script"
echo words >"$work/mnt/root/data"
"$imactl" policy show --builtin tcb | sed 's/euid=0 //; s/ uid=0 / /' >"$work/policy"
sleep 2.2
start_imad --policy "$work/policy"
chroot "$work/mnt/root" /script >/dev/null
"$imactl" list | cut -d' ' -f3- | grep -v boot_aggregate | grep " $work/mnt/" | sort >"$work/out/fanotify"
stop_imad
timeout -k 5 $limit "$imactl" run --quiet --list "$list" --policy "$work/policy" -- chroot "$work/mnt/root" /script >/dev/null || die "the traced workload: status $?"
"$imactl" list "$list" | cut -d' ' -f3- | grep " $work/mnt/" | sort >"$work/out/trace"
cmp "$work/out/fanotify" "$work/out/trace" || die "the tiers differ: $(diff "$work/out/fanotify" "$work/out/trace")"
echo "beside fanotify: $(wc -l <"$work/out/trace") records, the same"
