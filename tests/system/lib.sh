# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# System tests: a private mount namespace, a loop mount of its own, a daemon confined to it, a watchdog over everything.
# A test is `bash NAME.sh BUILD_DIR`; exit 0 passed, 77 skipped with the reason as last line, anything else failed.
set -eu

build=${1:?the build folder is missing}
skip() { printf 'skipped: %s\n' "$*"; exit 77; }
die() { printf 'FAILED: %s\n' "$*" >&2; [ -z "${work:-}" ] || tail -n 20 "$work/messages" >&2 2>/dev/null || :; exit 1; }

tests=$(cd "$(dirname "$0")/.." && pwd)
# by_schema CHECKER SCHEMA FILE...: 0 they are, 1 one is not
by_schema() {
	local r=77 python checker=$tests/$1 schema=$tests/vectors/$2
	shift 2
	for python in python3 /usr/bin/python3; do
		[ $r = 77 ] || break
		r=0
		"$python" "$checker" "$schema" "$@" || r=$?
	done
	[ $r != 77 ] || skip "Python has no jsonschema: python3-jsonschema is missing"
	return $r
}
# is_sarif FILE...: by the published schema; is_ear FILE...: by its published definition
is_sarif() { by_schema sarif_check.py sarif/sarif-2.1.0-rtm.5.json "$@" || die "not SARIF 2.1.0"; }
is_ear() { by_schema ear_check.py ear/ear.schema.json "$@" || die "not an EAR"; }

# re-enter in a private mount namespace, under a watchdog that kills the whole group
if [ -z "${IMA_TEST_INSIDE:-}" ]; then
	[ "$(id -u)" = 0 ] || skip "needs root"
	unshare -m true 2>/dev/null || skip "no mount namespace can be made here"
	IMA_TEST_INSIDE=1 exec timeout -k 5 "${IMA_TEST_SECONDS:-120}" unshare -m --propagation private bash "$0" "$build"
fi

# on the disk, never on tmpfs: policy tcb does not measure what is read there
work=$(mktemp -d /var/tmp/imad-test.XXXXXX)
imad_pid=
export IMAD_CONTROL=$work/run/control
imactl=$build/imactl
mkdir "$work/mnt" "$work/state" "$work/run" "$work/view"
: >"$work/messages"

cleanup() {
	local pid
	if [ -n "$imad_pid" ] && kill -0 "$imad_pid" 2>/dev/null; then
		pid=$(cat "$work/run/lock" 2>/dev/null || echo "$imad_pid")
		kill -TERM "$pid" 2>/dev/null || :
		for _ in $(seq 50); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
		kill -KILL "$pid" 2>/dev/null || :
	fi
	umount -R "$work/mnt" 2>/dev/null || umount -l "$work/mnt" 2>/dev/null || :
	umount -l "$work/view" 2>/dev/null || :
	rm -rf "$work"
}
trap cleanup EXIT

make_mount() {
	truncate -s "${1:-256M}" "$work/image"
	mkfs.ext4 -q "$work/image" 2>/dev/null || skip "mkfs.ext4 is missing"
	mount -o loop "$work/image" "$work/mnt" 2>/dev/null || skip "no loop mount can be made here"
}

# start_imad [OPTION...]: confined to the loop mount; returns when it measures
start_imad() {
	: >"$work/messages"
	"$build/imad" --config /dev/null --policy tcb --tpm embedded --state-dir "$work/state" --run-dir "$work/run" \
		--mount-point "$work/view" --scope-mount "$work/mnt" "$@" 2>>"$work/messages" &
	imad_pid=$!
	for _ in $(seq 200); do
		grep -q '^imad: ready' "$work/messages" && return 0
		kill -0 "$imad_pid" 2>/dev/null || break
		sleep 0.1
	done
	if grep -q 'fanotify_init' "$work/messages"; then skip "$(grep fanotify_init "$work/messages")"; fi
	die "imad did not start: $(cat "$work/messages")"
}

stop_imad() {
	kill -TERM "$imad_pid"
	wait "$imad_pid" || die "imad ended with status $?"
	imad_pid=
}

status_number() { "$imactl" status --json | jq "$1"; }
