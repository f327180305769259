# SPDX-License-Identifier: BSD-2-Clause
# The list of before a kexec in front of a new one: restored from a blob, extended into a TPM that lost it, not into one that
# holds it already; a damaged blob keeps what came before the damage.
. "$(dirname "$0")/lib.sh"
command -v swtpm >/dev/null || skip "swtpm is missing"

vectors=$(cd "$(dirname "$0")/../vectors" && pwd)
old=$vectors/6.1-tcb-ima-sig
make_mount
cp /bin/cat "$work/mnt/reader"
echo data >"$work/mnt/data"
sleep 2.2
"$imactl" list "$old/binary_runtime_measurements" --format kexec >"$work/blob"
n=$("$imactl" list "$work/blob" --json | wc -l)
bytes=$(wc -c <"$old/ascii_runtime_measurements")
start_imad --kexec-buffer "$work/blob"
"$work/mnt/reader" "$work/mnt/data" >/dev/null
"$imactl" list >"$work/list"
head -c "$bytes" "$work/list" | cmp - "$old/ascii_runtime_measurements" || die "the restored entries are others"
"$imactl" list --json | jq -c ".fields[\"n-ng\"]" | tr -d "\"" | sed -n "$((n + 1)),\$p" >"$work/names"
[ "$(sed -n 1p "$work/names")" = boot_aggregate ] || die "no boot_aggregate behind the restored entries: $(cat "$work/names")"
grep -q "$work/mnt/data" "$work/names" || die "nothing new is listed"
[ "$(cat "$work/view/ima/violations")" = 0 ] || die "restored violations were counted"
"$imactl" replay >"$work/out" || die "replay: $(cat "$work/out")"
count=$(cat "$work/view/ima/runtime_measurements_count")
kill -KILL "$("$imactl" status --json | jq .worker.pid)"
for _ in $(seq 100); do "$imactl" status >/dev/null 2>&1 && break; sleep 0.1; done
"$imactl" replay >"$work/out" || die "replay after a new worker: $(cat "$work/out")"
[ "$(cat "$work/view/ima/runtime_measurements_count")" = "$count" ] || die "a new worker restored again"
stop_imad
start_imad --kexec-buffer "$work/blob"
[ "$(cat "$work/view/ima/runtime_measurements_count")" = $((count + 1)) ] || die "a restart restored again"
"$imactl" replay >/dev/null || die "replay after a restart"
"$imactl" list --format kexec >"$work/second"
stop_imad

# a TPM that holds the old list's values, as after a real kexec: the same entries lead to them
mkdir "$work/tpm"
swtpm_setup --tpm2 --tpmstate "$work/tpm" --pcr-banks sha1,sha256 >"$work/setup" 2>&1 || die "swtpm_setup: $(cat "$work/setup")"
swtpm socket --tpm2 --tpmstate dir="$work/tpm" --server type=unixio,path="$work/tpm.sock" \
	--ctrl type=unixio,path="$work/tpm.sock.ctrl" --flags not-need-init,startup-clear &
tpm_pid=$!
trap 'kill $tpm_pid 2>/dev/null || :; cleanup' EXIT
for _ in $(seq 50); do [ -S "$work/tpm.sock" ] && break; sleep 0.1; done
tpm=swtpm:path=$work/tpm.sock
rm -rf "$work/state"; mkdir -m 700 "$work/state"
start_imad --tpm "$tpm"
"$work/mnt/reader" "$work/mnt/data" >/dev/null
"$imactl" list --format kexec >"$work/blob"
stop_imad
rm -rf "$work/state"; mkdir -m 700 "$work/state"
r=0; timeout 20 "$build/imad" --config /dev/null --policy tcb --tpm "$tpm" --state-dir "$work/state" --run-dir "$work/run" \
	--mount-point none --scope-mount "$work/mnt" 2>"$work/err" || r=$?
[ $r != 0 ] || die "a new list over a PCR that holds another"
grep -q 'never led to' "$work/err" || die "a PCR that holds another list: $(cat "$work/err")"
rm -rf "$work/state"; mkdir -m 700 "$work/state"
start_imad --tpm "$tpm" --kexec-buffer "$work/blob"
"$imactl" replay >"$work/out" || die "replay over a kexec: $(cat "$work/out")"
[ "$("$imactl" list | grep -c boot_aggregate)" = 2 ] || die "two boots have two aggregates"
stop_imad

# damage: the third entry's length; the two before stay
rm -rf "$work/state"; mkdir -m 700 "$work/state"
python3 - "$work/second" "$work/damaged" <<'P'
import struct, sys
b, at = bytearray(open(sys.argv[1], "rb").read()), 24
for _ in range(2):
    n = struct.unpack_from("<I", b, at + 24)[0]
    at += 28 + n
    at += 4 + struct.unpack_from("<I", b, at)[0]
b[at + 24:at + 28] = b"\xff\xff\xff\x7f"
open(sys.argv[2], "wb").write(b)
P
start_imad --kexec-buffer "$work/damaged"
grep -q "damaged.*2 entries are restored" "$work/messages" || die "damage is not told: $(cat "$work/messages")"
"$imactl" replay >/dev/null || die "replay after damage"
[ "$("$imactl" list | sed -n 3p | awk '{print $5}')" = boot_aggregate ] || die "the list after damage: $("$imactl" list | head -3)"
stop_imad
exit 0
