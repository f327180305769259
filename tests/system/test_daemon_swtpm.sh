# SPDX-License-Identifier: BSD-2-Clause
# A software TPM behind its own socket: the unmodified tpm2-tools read the PCR 10 that the list leads to; a restart goes on in
# the same boot's list, and the time between stands in it as a gap.
. "$(dirname "$0")/lib.sh"
command -v swtpm >/dev/null || skip "swtpm is missing"
command -v tpm2_pcrread >/dev/null || skip "tpm2-tools are missing"

make_mount
mkdir "$work/tpm"
swtpm_setup --tpm2 --tpmstate "$work/tpm" --pcr-banks sha1,sha256 >"$work/setup" 2>&1 || die "swtpm_setup: $(cat "$work/setup")"
swtpm socket --tpm2 --tpmstate dir="$work/tpm" --server type=unixio,path="$work/tpm.sock" --ctrl type=unixio,path="$work/tpm.sock.ctrl" \
	--flags not-need-init,startup-clear &
tpm_pid=$!
trap 'kill $tpm_pid 2>/dev/null || :; cleanup' EXIT
for _ in $(seq 50); do [ -S "$work/tpm.sock" ] && break; sleep 0.1; done

compare() {
	"$imactl" replay >"$work/replay" || die "replay: $(cat "$work/replay")"
	cp "$work/state"/*/journal "$work/journal"
}

cp /bin/true "$work/mnt/a"
start_imad --tpm "swtpm:path=$work/tpm.sock"
"$work/mnt/a"
compare
stop_imad
TPM2TOOLS_TCTI=swtpm:path=$work/tpm.sock tpm2_pcrread sha1:10+sha256:10 >"$work/pcrs" || die "tpm2_pcrread"
"$imactl" replay "$work/journal" --pcrs "$work/pcrs" >"$work/out" || die "tpm2_pcrread and the list: $(cat "$work/out" "$work/pcrs")"
[ "$(grep -c '^PCR 10 sha.* matches at entry' "$work/out")" = 2 ] || die "banks: $(cat "$work/out")"

start_imad --tpm "swtpm:path=$work/tpm.sock"
cp /bin/false "$work/mnt/b"
"$work/mnt/b" || :
[ "$(status_number .gaps)" = 1 ] || die "a restart is a gap: $(status_number .gaps)"
"$imactl" list | grep -q imad_measurement_gap || die "the gap has no record"
[ "$("$imactl" list | grep -c boot_aggregate)" = 1 ] || die "one boot_aggregate a boot"
compare
stop_imad

# a PCR that somebody else extended is refused, loudly
TPM2TOOLS_TCTI=swtpm:path=$work/tpm.sock tpm2_pcrextend 10:sha1=$(printf '%040d' 1),sha256=$(printf '%064d' 1) || die "tpm2_pcrextend"
r=0
timeout -k 5 20 "$build/imad" --config /dev/null --policy tcb --tpm "swtpm:path=$work/tpm.sock" --state-dir "$work/state" --run-dir "$work/run" \
	--mount-point none --scope-mount "$work/mnt" 2>"$work/err" || r=$?
[ $r = 3 ] || die "a foreign PCR value: status $r"
grep -q 'PCR 10 of the TPM holds a value that this boot' "$work/err" || die "a foreign PCR value: $(cat "$work/err")"
