#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Every recorded folder, every list in it: text, binary, template digests, PCRs, boot aggregate, kexec blob. Prints a table; one
# cell that says NO fails the test; "ref." is an input that must be refused, and was, "-" what does not apply. Needs no root, no daemon.
set -eu

imactl=${1:?the build folder is missing}/imactl
vectors=$(cd "$(dirname "$0")/../vectors" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/imactl-table.XXXXXX")
trap 'rm -rf "$work"' EXIT
export IMAD_CONTROL=$work/no-daemon
bad=0
cell() { # COMMAND...: "yes", "NO", or "ref." when it was right that imactl refused
	word=yes
	if "$@" >"$work/cell" 2>&1; then answer=$word; else answer=NO bad=1; fi
}
refuses() { # PATTERN ARGUMENT...: status 3, nothing on standard output, the reason says PATTERN
	local pattern=$1 r=0
	shift
	word=ref.
	"$imactl" "$@" >"$work/refused" 2>"$work/reason" || r=$?
	[ "$r" = 3 ] && grep -q "$pattern" "$work/reason"
}
same_text() { "$imactl" list "$list" >"$work/text" && cmp "$work/text" "$text"; }
same_binary() { "$imactl" list "$list" --format binary | cmp - "$list"; }
# a name with a newline in it cannot be read back from text: refused at its line, or, where the name is the last field and its
# first part makes a whole line, at the next one
text_back() {
	local at
	at=$(grep -n newline "$text" | cut -d: -f1)
	if [ -n "$at" ]; then
		refuses ":$at: \|:$((at + 1)): " list "$text" --format binary
	else
		"$imactl" list "$text" --format binary | cmp - "$list"
	fi
}
# no kernel restores template "ima", or a format of more than 68 characters
kexec_back() {
	case $(head -c 200 "$text") in *" ima "* | *xattrvalues*) refuses "cannot go into a kexec blob" list "$list" --format kexec && [ ! -s "$work/refused" ] ;; *)
		"$imactl" list "$list" --format kexec >"$work/blob" && "$imactl" list "$work/blob" --format binary | cmp - "$list" ;;
	esac
}
replays() {
	"$imactl" replay "$list" --pcrs "$dir/pcrs" --json >"$work/replay" || return 1
	python3 - "$work/replay" "$list" <<'P'
import json, sys
r = json.load(open(sys.argv[1]))
# the dump itself was measured; the lists of each bank were dumped last
late = 2 if "_sha" in sys.argv[2] else 1
used = {(p["bank"], p["pcr"]) for p in r["pcrs"]}
banks = {b for b, _ in used}
four = "four-banks" in sys.argv[2] # its kernel lacked two of its TPM's algorithms
lacking = {"sha384", "sha512"} if four else set()
assert r["bad_template_digests"] == 0 and r["matches"] and banks == {"sha1", "sha256"} | lacking, r
assert all(p["matched"] and p["padded_sha1"] == (p["bank"] in lacking) and p["matched_at"] >= r["entries"] - late for p in r["pcrs"]), r
print(" ".join("%s:%d" % (b, p) for b, p in sorted(used)))
P
}
aggregate() { "$imactl" boot-aggregate "$1" "$2" --list "$list" && "$imactl" boot-aggregate "$1" "$2" --list "$list" | grep -q 'matches the list'; }

printf '%-26s %-8s %5s %5s %7s %5s %6s %9s %10s  %s\n' folder list text bytes t.back kexec replay bios=1st pcrs=1st 'PCRs reached'
for dir in "$vectors"/6.*/; do
	for list in "$dir"binary_runtime_measurements*; do
		suffix=${list##*binary_runtime_measurements}
		text=${dir}ascii_runtime_measurements$suffix
		row=$(printf '%-26s %-8s' "$(basename "$dir")" "${suffix#_}")
		for check in same_text same_binary text_back; do cell $check; row="$row $(printf %6s $answer)"; done
		if [ -z "$suffix" ] || [ "$suffix" = _sha1 ]; then cell kexec_back; else answer=-; fi
		row="$row $(printf %5s $answer)"
		cell replays
		row="$row $(printf %6s $answer)"
		reached=$(cat "$work/cell")
		cell aggregate --eventlog "${dir}binary_bios_measurements"
		row="$row $(printf %9s $answer)"
		cell aggregate --pcrs "${dir}pcrs"
		echo "$row $(printf %10s $answer)  $reached"
	done
done
exit $bad
