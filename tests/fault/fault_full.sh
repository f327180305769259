# SPDX-License-Identifier: BSD-2-Clause
# Full disks: one message and status 3 (1 where a file is named and the others are done), nothing half-written, labels as they were, list and PCR equal; what is not signed stays refused.
. "$(dirname "$0")/../system/lib.sh"
. "$(dirname "$0")/../keys.sh"
for tool in openssl setfattr getfattr fallocate; do command -v $tool >/dev/null || skip "$tool is missing"; done
vectors=${IMA_TEST_VECTORS:?}
list=$vectors/6.1-tcb-ima-sig/binary_runtime_measurements

# says STATUS MESSAGE COMMAND...: that status, and one line that says why
says() {
	local status=$1 want=$2 got=0
	shift 2
	timeout -k 5 30 "$@" 2>"$work/err" || got=$?
	[ "$got" = "$status" ] || die "$*: status $got, not $status"
	grep -q "$want" "$work/err" || die "$*: says $(cat "$work/err")"
	[ "$(wc -l <"$work/err")" -le 2 ] || die "$*: says too much: $(cat "$work/err")"
}
unable() { says 3 "$@"; }

# exports
for format in text binary json kexec; do unable 'standard output: ' "$imactl" list --format $format "$list" >/dev/full; done
unable 'standard output: ' "$imactl" replay --json "$list" --pcrs "$vectors/6.1-tcb-ima-sig/pcrs" >/dev/full
unable 'standard output: ' "$imactl" eventlog "$vectors/6.1-tcb-ima-sig/binary_bios_measurements" >/dev/full
unable 'standard output: ' "$imactl" policy check --json "$vectors/6.1-custom-policy/policy.ima" >/dev/full

# labels: inodes without room for them, and no block left
truncate -s 4M "$work/small"
mkfs.ext4 -q -I 128 -O ^has_journal -m 0 "$work/small" >/dev/null 2>&1 || skip "mkfs.ext4 is missing"
mkdir "$work/full"
mount -o loop "$work/small" "$work/full" 2>/dev/null || skip "no loop mount can be made here"
trap 'umount -l "$work/full" "$work/state" 2>/dev/null || :; cleanup' EXIT
make_key "$work" rsa rsa:4096
cp /bin/true "$work/full/labelled"; cp /bin/true "$work/full/bare"
"$imactl" hash "$work/full/labelled" >/dev/null || die "a digest cannot be written"
before=$(getfattr -n security.ima -e hex "$work/full/labelled" 2>/dev/null)
dd if=/dev/zero of="$work/full/fill" bs=1024 2>/dev/null || :
for n in 1 2 3 4 5 6 7 8; do echo x >"$work/full/fill$n" 2>/dev/null || break; done
says 1 'bare.*No space left' "$imactl" sign -k "$work/rsa.key" "$work/full/bare"
getfattr -n security.ima "$work/full/bare" 2>/dev/null && die "half a label"
says 1 'bare.*No space left' "$imactl" sign -k "$work/rsa.key" --sigfile "$work/full/bare"
[ -z "$(ls "$work/full" | grep '\.sig')" ] || die "half a signature file: $(ls "$work/full")"
# where there is a block already a longer label may fit; whatever happens it is the old one or the whole new one
"$imactl" sign -k "$work/rsa.key" "$work/full/labelled" >/dev/null 2>&1 || [ "$(getfattr -n security.ima -e hex "$work/full/labelled" 2>/dev/null)" = "$before" ] ||
	die "the old label is gone"
umount "$work/full"

# the daemon: journal and copies of rules on a file system that fills up
make_mount
mount -t tmpfs -o size=256k tmpfs "$work/state"
mkdir "$work/keys"; cp "$work/rsa.der" "$work/keys/"; chmod 755 "$work/keys"
cp /bin/true "$work/mnt/good"; cp /bin/true "$work/mnt/evil"
"$imactl" sign -k "$work/rsa.key" "$work/mnt/good" >/dev/null || die "no signature"
cat >"$work/policy" <<'P'
measure func=BPRM_CHECK
measure func=FILE_CHECK mask=MAY_READ uid=0
appraise func=BPRM_CHECK fowner=0 appraise_type=imasig
P
start_imad --policy "$work/policy" --tier fanotify --keys "$work/keys" --settle-ms 600000 --audit "$work/state/audit.log" ima_appraise=enforce
"$work/mnt/good" || die "a signed program is refused"
entries=$(status_number .entries)
dd if=/dev/zero of="$work/state/fill" bs=4096 2>/dev/null || :
for i in $(seq 300); do echo "$i" >"$work/mnt/f$i"; cat "$work/mnt/f$i" >/dev/null || die "an access is held up by a full journal"; done
[ "$(status_number .events.lost)" -gt 0 ] || die "nothing was lost: the journal is not full"
[ "$(status_number .entries)" -ge "$entries" ] || die "entries went away"
cp "$work/mnt/evil" "$work/mnt/evil2"
for f in evil evil2; do "$work/mnt/$f" 2>/dev/null && die "$f runs while its measurement cannot be written"; done
timeout -k 5 30 "$imactl" replay >"$work/out" 2>&1 || die "list and PCR differ: $(cat "$work/out")"
rm "$work/state/fill"
"$work/mnt/evil" 2>/dev/null && die "evil runs"
echo new >"$work/mnt/new"; cat "$work/mnt/new" >/dev/null
timeout -k 5 30 "$imactl" list >"$work/out" || die "the list cannot be read: $(tail -n 1 "$work/out")"
grep -q "$work/mnt/new" "$work/out" || die "with room again nothing is listed"
timeout -k 5 30 "$imactl" replay >/dev/null || die "list and PCR differ afterwards"
[ -z "$(tail -c 1 "$work/state/audit.log" | tr -d '\n')" ] || die "half a line in the audit file"
grep -q '^type=INTEGRITY_DATA msg=audit([0-9.]*:[0-9]*): pid=' "$work/state/audit.log" || die "no audit records: $(cat "$work/state/audit.log")"
stop_imad
umount "$work/state"
