# SPDX-License-Identifier: BSD-2-Clause
# A journal that was cut inside a record: whole records stay, the rest is reported, the list goes on behind a gap record.
# And no room for the journal: said, counted, and programs go on.
. "$(dirname "$0")/lib.sh"

make_mount
for n in 1 2 3; do cp /bin/true "$work/mnt/p$n"; printf '%s' "$n" >>"$work/mnt/p$n"; done
start_imad
"$work/mnt/p1"; "$work/mnt/p2"
"$imactl" list >"$work/before"
stop_imad
journal=$(echo "$work"/state/*/journal)
truncate -s -7 "$journal"
start_imad
grep -q 'the last record is cut: .* bytes from offset .* are dropped, the 2 whole records before are kept' "$work/messages" || die "$(cat "$work/messages")"
"$work/mnt/p3"
"$imactl" list >"$work/after"
head -2 "$work/before" | cmp - <(head -2 "$work/after") || die "whole records changed"
sed -n 3p "$work/after" | grep -q imad_measurement_gap || die "no gap record: $(cat "$work/after")"
sed -n 4p "$work/after" | grep -q "$work/mnt/p3" || die "the list does not go on"
"$imactl" replay >"$work/replay" || die "replay: $(cat "$work/replay")"
stop_imad

# damage in the middle is refused, nothing is written over it
python3 - "$journal" <<'P'
import sys
with open(sys.argv[1], "r+b") as f:
    f.seek(40 + 8 * 4); f.write(b"\xff\xff\xff\xff")
P
sum=$(sha256sum "$journal")
r=0
timeout -k 5 20 "$build/imad" --config /dev/null --policy tcb --tpm embedded --state-dir "$work/state" --run-dir "$work/run" --mount-point none \
	--scope-mount "$work/mnt" 2>"$work/err" || r=$?
[ $r = 3 ] || die "a damaged journal: status $r"
grep -q 'record' "$work/err" || die "a damaged journal: $(cat "$work/err")"
[ "$sum" = "$(sha256sum "$journal")" ] || die "a damaged journal was changed"
rm -f "$journal"

# a full disk: state on a small file system of its own
mkdir "$work/small"
mount -t tmpfs -o size=128k tmpfs "$work/small"
start_imad --state-dir "$work/small"
head -c 1M /dev/zero >"$work/small/fill" 2>/dev/null || :
for n in $(seq 40); do cp /bin/true "$work/mnt/f$n"; printf '%s' "$n" >>"$work/mnt/f$n"; "$work/mnt/f$n" || die "a program was stopped by a full disk"; done
[ "$(status_number .events.lost)" -gt 0 ] || die "a full disk was not noticed"
grep -q 'not measured.*No space left' "$work/messages" || die "a full disk was not reported: $(tail -3 "$work/messages")"
"$imactl" replay >"$work/replay" || die "a full disk broke the list: $(cat "$work/replay")"
stop_imad
umount "$work/small"
