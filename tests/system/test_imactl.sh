#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# imactl on the lists and PCR values recorded from kernels: text byte for byte, verdicts, exit status. Needs no root, no daemon.
set -eu

imactl=${1:?the build folder is missing}/imactl
vectors=$(cd "$(dirname "$0")/../vectors" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/imactl-test.XXXXXX")
trap 'rm -rf "$work"' EXIT
export IMAD_CONTROL=$work/no-daemon
die() { printf 'FAILED: %s\n' "$*" >&2; cat "$work/out" "$work/err" >&2; exit 1; }

# expect STATUS ARGUMENT...
expect() {
	local want=$1 got=0
	shift
	timeout -k 5 30 "$imactl" "$@" >"$work/out" 2>"$work/err" </dev/null || got=$?
	[ "$got" = "$want" ] || die "imactl $*: status $got, not $want"
}

n=0
for dir in "$vectors"/6.*/; do
	list=$dir/binary_runtime_measurements
	expect 0 list "$list"
	cmp "$work/out" "$dir/ascii_runtime_measurements" >&2 || die "$dir: other text than the kernel's"
	expect 0 list --format binary "$list"
	cmp "$work/out" "$list" >&2 || die "$dir: other bytes than the kernel's"
	expect 0 replay "$list" --pcrs "$dir/pcrs"
	grep -q 'PCR 10 .* matches' "$work/out" || die "$dir: no PCR line"
	n=$((n + 1))
done
[ "$n" -gt 0 ] || die "no recorded list was found"

dir=$vectors/6.1-tcb-ima-sig
list=$dir/binary_runtime_measurements

# the first record's template digest starts behind its PCR number
cp "$list" "$work/altered"
printf '\125\252\125\252' | dd of="$work/altered" bs=1 seek=8 conv=notrunc status=none
expect 1 replay "$work/altered" --pcrs "$dir/pcrs"
grep -qi 'entry 1\b' "$work/out" "$work/err" || die "the altered entry is not named"

head -c -3 "$list" >"$work/cut"
expect 3 replay "$work/cut" --pcrs "$dir/pcrs"
grep -q 'offset [0-9]' "$work/err" || die "a cut list: no offset"

expect 3 replay "$list" --pcrs "$work/missing"
expect 3 list "$work/missing"
expect 3 status
[ -s "$work/err" ] || die "no daemon: nothing is said"

expect 2
expect 2 nonsense
expect 2 policy
expect 2 list --nonsense
expect 2 list --format nonsense "$list"
expect 0 --help
# every command in the table shows its own, and a group its commands
commands=$(sed -n 's/^  \([a-z-]*\( [a-z]*\)\{0,1\}\)  .*/\1/p' "$work/out" | sed 's/ *$//')
[ "$(wc -l <<<"$commands")" -gt 30 ] || die "the commands: $commands"
while read -r command; do
	[ "$command" != evmctl ] || continue
	# shellcheck disable=SC2086
	expect 0 $command --help
	grep -q "imactl $command" "$work/out" || die "$command --help: $(cat "$work/out")"
done <<<"$commands"
expect 0 ak --help
[ "$(grep -c '^  ak ' "$work/out")" = 3 ] || die "ak --help"
expect 2 ak
expect 2 ak nonsense
expect 0 --version

# per-bank lists, text, a pipe; lists that say nothing, and banks that nobody has
for bank in sha1 sha256 sha384 sha512; do expect 0 replay "$vectors/6.12-tcb/binary_runtime_measurements_$bank" --pcrs "$vectors/6.12-tcb/pcrs"; done
expect 0 replay "$vectors/6.1-custom-policy/ascii_runtime_measurements" --pcrs "$vectors/6.1-custom-policy/pcrs"
grep -q '^PCR 11 sha256 .* matches' "$work/out" || die "the other PCRs of a custom policy"
"$imactl" replay - --pcrs "$dir/pcrs" <"$list" >"$work/out" 2>"$work/err" || die "a list from a pipe"
: >"$work/empty"
expect 1 replay "$work/empty" --pcrs "$dir/pcrs"
grep -q 'PCR 10 .* does not match' "$work/out" || die "an empty list must not match an extended PCR"
printf 'sha1 10 %040d\n' 0 >"$work/zero"
expect 0 replay "$work/empty" --pcrs "$work/zero"
# a list, and a TPM that never saw it
expect 1 replay "$list" --pcrs "$work/zero"
grep -q "was never extended" "$work/out" || die "a PCR that was never extended: $(cat "$work/out")"
expect 3 replay "$list" --pcrs "$dir/pcrs" --bank sha512
expect 0 replay "$list" --pcrs "$dir/pcrs" --bank sha256
printf 'sha1 4 %040d\n' 0 >"$work/other"
expect 3 replay "$list" --pcrs "$work/other"
printf 'nonsense\n' >"$work/junk"
expect 3 replay "$list" --pcrs "$work/junk"
grep -q "$work/junk:1:1: nonsense:" "$work/err" || die "junk PCR file: no line"
head -c 1000 /dev/zero | tr '\0' x >"$work/noise"
expect 3 replay "$work/noise" --pcrs "$dir/pcrs"
grep -a -v 'newline' "$dir/ascii_runtime_measurements" | head -3 >"$work/text"
printf '10 zz ima-ng sha1:00 /x\n' >>"$work/text"
expect 3 list "$work/text"
grep -q "$work/text:4: zz:" "$work/err" || die "a bad text line is not named"

# JSON is JSON, the last lines are the last lines
expect 0 list "$list" --json
[ "$(jq -s length <"$work/out")" = "$(wc -l <<<"$("$imactl" list "$vectors/6.1-tcb-ima-ng/binary_runtime_measurements" --json >/dev/null; jq -r .number <"$work/out")")" ] || die "JSON lines"
expect 0 list "$vectors/6.1-tcb-ima-ng/binary_runtime_measurements" --tail 2
cmp "$work/out" <(tail -n 2 "$vectors/6.1-tcb-ima-ng/ascii_runtime_measurements") >&2 || die "the last two lines"
expect 2 list --tail 0 "$list"
expect 0 list "$vectors/6.12-tcb/binary_runtime_measurements_sha1" --bank sha256
cmp "$work/out" "$vectors/6.12-tcb/ascii_runtime_measurements_sha256" >&2 || die "another bank's text"

# boot aggregate from values and from the firmware's log
for dir in "$vectors"/6.*/; do
	expect 0 boot-aggregate --pcrs "$dir/pcrs" --list "$dir/binary_runtime_measurements"
	expect 0 boot-aggregate --eventlog "$dir/binary_bios_measurements" --list "$dir/binary_runtime_measurements"
done
expect 1 boot-aggregate --pcrs "$vectors/6.12-tcb/pcrs" --list "$work/empty"
expect 3 boot-aggregate --pcrs "$work/zero"
expect 0 eventlog "$vectors/6.12-tcb/binary_bios_measurements" --json
[ "$(jq -r '.pcrs.sha256["0"]' <"$work/out")" = "$(awk '$1 == "sha256" && $2 == 0 {print tolower($3)}' "$vectors/6.12-tcb/pcrs")" ] || die "the event log's PCR 0"
head -c 100 "$vectors/6.12-tcb/binary_bios_measurements" >"$work/cutlog"
expect 3 eventlog "$work/cutlog"
grep -q 'offset 89' "$work/err" || die "a cut event log: no offset"

# policies
expect 0 policy check "$vectors/6.1-custom-policy/policy.ima" --profile 6.1
printf 'measure\nmeasure func=FILE_CHECK uid=x\n' >"$work/policy"
expect 1 policy check "$work/policy"
grep -q "$work/policy:2:25: error: uid=x:.*\[syntax\]" "$work/err" || die "policy check: no place: $(cat "$work/err")"
printf 'measure func=BPRM_CHECK\n  measure func=BPRM_CHECK uid=0\n' >"$work/lint"
expect 0 policy check "$work/lint"
grep -q "$work/lint:2:3: warning: .*\[unreachable\]" "$work/err" || die "policy check: no warning"
expect 1 policy check "$work/lint" --strict
expect 0 policy check "$work/lint" --strict --no-lint
expect 0 policy check "$work/lint" --sarif
[ "$(jq -r '.version, .runs[0].results[0].ruleId, .runs[0].results[0].locations[0].physicalLocation.region.startLine' "$work/out" | tr '\n' ' ')" = "2.1.0 unreachable 2 " ] || die "SARIF"
r=0; python3 "$vectors/../sarif_check.py" "$vectors/sarif/sarif-2.1.0-rtm.5.json" "$work/out" >"$work/err" || r=$?
[ $r = 0 ] || [ $r = 77 ] || die "not SARIF 2.1.0"
expect 0 policy check "$work/lint" --json
[ "$(jq -r '.findings[0].id' "$work/out")" = unreachable ] || die "findings as JSON"
expect 2 policy check "$work/lint" --json --sarif
expect 0 policy check --list-ids
printf 'measure func=A\nmeasure\nmeasure func=B\n' >"$work/two"
expect 1 policy check "$work/two"
[ "$(grep -c '\[syntax\]' "$work/err")" = 2 ] || die "policy check stops at the first wrong line"
: >"$work/norule"
expect 1 policy check "$work/norule"

# which rule decides, and what a policy would do
printf 'dont_measure fsmagic=0x9fa0\nmeasure func=BPRM_CHECK uid=7 pcr=11\nappraise fowner=0\n' >"$work/rules"
printf 'content' >"$work/file"
expect 0 policy explain "$work/file" --policy "$work/rules" --func BPRM_CHECK --uid 7 --fowner 0
grep -q '\* *2 *measure func=BPRM_CHECK pcr=11 uid=7 *decides measure' "$work/out" || die "explain: the deciding rule"
grep -q '> measure, appraise, PCR 11' "$work/out" || die "explain: the result"
expect 0 policy explain "$work/file" --policy "$work/rules" --func BPRM_CHECK --uid 8
grep -q 'uid=7, the event is by uid 8' "$work/out" || die "explain: why not"
expect 0 policy explain --builtin critical_data --func CRITICAL_DATA --data-name selinux
expect 3 policy explain "$work/missing" --builtin tcb
expect 2 policy explain "$work/file" --builtin tcb --uid x
expect 2 policy explain "$work/file" --builtin tcb --func NOPE
expect 1 policy explain "$work/file" --policy "$work/policy"
expect 3 policy explain "$work/file"
grep -q -- --policy "$work/err" || die "explain without rules: no way out is named"
custom=$vectors/6.1-custom-policy
expect 0 policy simulate --events "$custom/events.jsonl" --policy "$custom/policy.ima" --profile 6.1 --template ima-sig --list
cmp "$work/out" "$custom/ascii_runtime_measurements" >&2 || die "simulate: another list than the kernel's"
expect 0 policy simulate --events "$custom/events.jsonl" --builtin tcb --json
jq -e . "$work/out" >/dev/null || die "simulate: JSON"
printf '{"func":"FILE_CHECK","path":"/a"}\n{"func":"FILE_CHECK"}\n' >"$work/events"
expect 3 policy simulate --events "$work/events" --builtin tcb
grep -q "$work/events:2: path: a file event names its file" "$work/err" || die "a bad event is not named"
mkdir -p "$work/root/usr/bin"
printf '#!/bin/sh\n' >"$work/root/usr/bin/tool"
chmod 755 "$work/root/usr/bin/tool"
expect 0 policy simulate -r "$work/root" --policy "$work/rules" --uid 7 --fowner 0
grep -q 'measure *appraise.*/usr/bin/tool (missing-hash)' "$work/out" || die "simulate: a tree"
expect 3 policy simulate -r "$work/missing" --builtin tcb
expect 2 policy simulate --builtin tcb
expect 2 policy simulate -r / --events x --builtin tcb

# kexec blobs
expect 0 list "$vectors/6.1-tcb-ima-ng/binary_runtime_measurements" --format kexec
cp "$work/out" "$work/blob"
expect 0 replay "$work/blob" --pcrs "$vectors/6.1-tcb-ima-ng/pcrs" --threads 2
expect 0 replay "$work/blob" --pcrs "$vectors/6.1-tcb-ima-ng/pcrs" --format kexec
expect 3 replay "$work/blob" --pcrs "$vectors/6.1-tcb-ima-ng/pcrs" --format text
expect 0 list "$work/blob"
cmp "$work/out" "$vectors/6.1-tcb-ima-ng/ascii_runtime_measurements" >&2 || die "a kexec blob's text"
expect 3 list "$vectors/6.1-tcb-ima-legacy/binary_runtime_measurements" --format kexec
[ ! -s "$work/out" ] || die "half a blob was written"
expect 2 list "$work/blob" --format kexec --tail 3
expect 2 replay "$work/blob" --threads 0
expect 2 replay "$work/blob" --format nonsense
expect 3 policy check "$work/missing"
expect 2 policy check
expect 0 policy show --builtin tcb --profile 6.1
grep -q '^dont_measure fsmagic=0x1021994 $' "$work/out" || die "builtin tcb of 6.1"
expect 2 policy show --builtin nonsense
