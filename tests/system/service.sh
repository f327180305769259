# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# For tests of the start scripts in dist/: their settings, and what shows that the service is there. After lib.sh.
dist=$(realpath "$build/dist")
for f in "$dist/imad.sysvinit" "$dist/imad.openrc" "$dist/runit-run" "$dist/runit-check" "$dist/runit-control-h"; do
	[ -x "$f" ] && sh -n "$f" || die "$f cannot be run"
done

make_mount
mkdir "$work/default"
cat >"$work/default/imad" <<D
DAEMON=$(realpath "$build/imad")
IMACTL=$(realpath "$build/imactl")
RUN=$work/run
IMAD_OPTIONS="--config /dev/null --policy tcb --tpm embedded --state-dir $work/state --run-dir $work/run --mount-point none --scope-mount $work/mnt"
D
mount --bind "$work/default" /etc/default || skip "/etc/default cannot be mounted over"

# imad has to stop with the test, whoever started it
service_cleanup() { [ -z "${runsvdir:-}" ] || { kill -HUP "$runsvdir" 2>/dev/null || :; wait "$runsvdir" 2>/dev/null || :; }; imad_pid=$(cat "$work/run/lock" 2>/dev/null || :); cleanup; }
trap service_cleanup EXIT
instance() { "$imactl" status --json 2>/dev/null | jq .instance; }
measures() { cp /bin/true "$work/mnt/$1"; "$work/mnt/$1"; "$imactl" list | grep -q "/mnt/$1 *$" || die "$1 is not measured"; }
alive() { kill -0 "$1" 2>/dev/null; }
gone() { for _ in $(seq 100); do alive "$1" || return 0; sleep 0.1; done; return 1; }
