# SPDX-License-Identifier: BSD-2-Clause
# EVM's files in the view: evm_xattrs takes names one at a time, locks for good, is read in the order of calculation, and what was written holds
# when the worker is replaced; only CAP_SYS_ADMIN may write.
. "$(dirname "$0")/lib.sh"
for tool in setpriv jq setfattr; do command -v $tool >/dev/null || skip "$tool is missing"; done

make_mount
echo 'measure func=FILE_CHECK fowner=1234 template=evm-sig' >"$work/policy"
start_imad --policy "$work/policy" --tier fanotify ima_appraise=log
evm=$work/view/integrity/evm
names=$evm/evm_xattrs
[ -e "$names" ] || skip "no FUSE view here: $(status_number .view.reason)"

try() { # WANT TEXT
	local got=0
	printf "$2" | python3 -c 'import os, sys; t = sys.stdin.buffer.read(); fd = os.open(sys.argv[1], os.O_WRONLY); os.write(fd, t)' "$names" 2>"$work/err" || got=1
	if [ "$1" = ok ]; then [ $got = 0 ] || die "\"$2\" is refused: $(cat "$work/err")"; return; fi
	[ $got = 1 ] && grep -q "Errno .* $1" "$work/err" || die "\"$2\": not $1: $(cat "$work/err")"
}
mode() { stat -c %a "$names"; }

[ "$(mode)" = 660 ] || die "mode $(mode)"
default=$(printf 'security.%s\n' selinux SMACK64 apparmor ima capability)
[ "$(cat "$names")" = "$default" ] || die "names at the start: $(cat "$names")"
try 'Invalid argument' 'user.x\n'
try 'File exists' 'security.ima\n'
try 'Argument list too long' "security.$(printf 'a%.0s' {1..247})\\n"
try ok 'security.SMACK64MMAP\n'
try ok 'security.project\n'
try ok 'security.odd"name'
want=$(printf 'security.%s\n' selinux SMACK64 SMACK64MMAP apparmor ima capability project 'odd"name')
[ "$(cat "$names")" = "$want" ] || die "names: $(cat "$names")"
setpriv --bounding-set -sys_admin --inh-caps -sys_admin sh -c "echo security.z >'$names'" 2>/dev/null && die "written without CAP_SYS_ADMIN"
setpriv --bounding-set -sys_admin --inh-caps -sys_admin sh -c "echo 2 >'$evm/evm'" 2>/dev/null && die "evm written without CAP_SYS_ADMIN"
python3 -c 'import os, sys; fd = os.open(sys.argv[1], os.O_WRONLY); os.pwrite(fd, b"security.z", 1)' "$names" 2>"$work/err" && die "written at an offset"
grep -q 'Invalid argument' "$work/err" || die "an offset: $(cat "$work/err")"

# a name that was added is in the template's fields
printf x >"$work/mnt/f"; setfattr -n security.project -v 0x0102 "$work/mnt/f"; chown 1234 "$work/mnt/f"
cat "$work/mnt/f" >/dev/null
"$imactl" list | grep -q 'evm-sig .*/f .*0102' || die "the list has no value of the added name: $("$imactl" list | tail -n 1)"

# a new worker knows what the old one was told
echo 2 >"$evm/evm" || die "evm"
kill -KILL "$(status_number .worker.pid)"
for _ in $(seq 100); do [ "$(status_number .worker.restarts 2>/dev/null)" = 1 ] && break; sleep 0.1; done
[ "$(cat "$names")" = "$want" ] || die "names of the next worker: $(cat "$names")"
[ "$(cat "$evm/evm")" = 2 ] || die "mode of the next worker: $(cat "$evm/evm")"

try ok '.\n'
[ "$(mode)" = 440 ] || die "mode when locked: $(mode)"
try 'Operation not permitted' 'security.y\n'
kill -KILL "$(status_number .worker.pid)"
for _ in $(seq 100); do [ "$(status_number .worker.restarts 2>/dev/null)" = 2 ] && break; sleep 0.1; done
try 'Operation not permitted' 'security.y\n'
[ "$(mode)" = 440 ] || die "the lock is forgotten"
stop_imad
cat >"$work/want" <<'A'
audit: type=1806 xattr="user.x" res=-22
audit: type=1806 xattr="security.ima" res=-17
audit: type=1806 xattr="security.SMACK64MMAP" res=0
audit: type=1806 xattr="security.project" res=0
audit: type=1806 xattr=73656375726974792E6F6464226E616D65 res=0
audit: type=1806 xattr="." res=0
A
grep -o 'audit: type=1806 .*' "$work/messages" | diff "$work/want" - || die "audit records"
