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
expect 0 --version
