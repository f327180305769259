# SPDX-License-Identifier: BSD-2-Clause
# What is missing is named, with what works without it: no FUSE, no fanotify, no TPM, no journal folder; a view that is killed
# comes back; a supervisor that is killed leaves no mount, no mark and no waiting program.
. "$(dirname "$0")/lib.sh"

make_mount
cp /bin/true "$work/mnt/a"

# no FUSE
mount --bind /dev/null /dev/fuse || skip "/dev/fuse cannot be hidden here"
start_imad
"$work/mnt/a"
for _ in $(seq 30); do grep -q 'no securityfs view' "$work/messages" && break; sleep 0.1; done
grep -q 'no securityfs view: .*the list is read with imactl list' "$work/messages" || die "no FUSE: $(cat "$work/messages")"
"$imactl" list | grep -q "$work/mnt/a" || die "without FUSE the list is not readable"
[ "$("$imactl" status --json | jq .view.mounted)" = false ] || die "status says that the view is mounted"
stop_imad
umount /dev/fuse

# no fanotify: CAP_SYS_ADMIN is gone
r=0
setpriv --bounding-set -sys_admin --inh-caps -sys_admin timeout -k 5 20 "$build/imad" --config /dev/null --state-dir "$work/state" --run-dir "$work/run" \
	--mount-point none 2>"$work/err" || r=$?
[ $r = 3 ] || die "no fanotify: status $r"
grep -q 'fanotify_init: .*CAP_SYS_ADMIN' "$work/err" && grep -q 'imactl list, replay and policy work' "$work/err" || die "no fanotify: $(cat "$work/err")"
r=0
setpriv --reuid=65534 --regid=65534 --clear-groups "$build/imad" --config /dev/null 2>"$work/err" || r=$?
[ $r = 3 ] || [ $r = 126 ] || die "not root: status $r"

# no TPM there
r=0
timeout -k 5 30 "$build/imad" --config /dev/null --tpm swtpm:path=/nonexistent --state-dir "$work/state-t" --run-dir "$work/run" --mount-point none \
	--scope-mount "$work/mnt" 2>"$work/err" || r=$?
[ $r = 3 ] && grep -q 'cannot start: .*TPM' "$work/err" || die "no TPM: status $r: $(cat "$work/err")"
start_imad --tpm none --state-dir "$work/state-n"
"$work/mnt/a"
"$imactl" list | head -1 | grep -q 'sha256:0\{64\} boot_aggregate' || die "without TPM the aggregate is zero"
"$imactl" list | grep -q "$work/mnt/a" || die "without TPM nothing is listed"
r=0; "$imactl" replay >/dev/null 2>"$work/err" || r=$?
[ $r = 3 ] || die "a replay without PCRs is not a pass: $r"
stop_imad

# no place for the journal
r=0
timeout -k 5 20 "$build/imad" --config /dev/null --state-dir /proc/nowhere --run-dir "$work/run" --mount-point none 2>"$work/err" || r=$?
[ $r = 3 ] && grep -q '/proc/nowhere' "$work/err" || die "no journal folder: status $r: $(cat "$work/err")"

# the view is killed: it comes back, and a new reader sees everything
start_imad
"$work/mnt/a"
sleep 0.2
kill -KILL "$(pgrep -f "imad --config /dev/null --policy tcb.*$work/view" | while read -r p; do [ "$(cat "/proc/$p/comm" 2>/dev/null)" = imad-view ] && echo "$p"; done | head -1)"
entries=$(status_number .entries)
for _ in $(seq 50); do [ "$(cat "$work/view/ima/runtime_measurements_count" 2>/dev/null)" = "$entries" ] && break; sleep 0.1; done
[ "$(cat "$work/view/ima/runtime_measurements_count")" = "$entries" ] || die "the view does not come back"

# the supervisor is killed: nothing hangs, nothing stays
kill -KILL "$imad_pid"
wait "$imad_pid" 2>/dev/null || :
for _ in $(seq 50); do grep -q " $work/view " /proc/self/mounts || break; sleep 0.1; done
grep -q " $work/view " /proc/self/mounts && die "the view stays mounted without a supervisor"
cp /bin/true "$work/mnt/after"; timeout 5 "$work/mnt/after" || die "programs wait for a daemon that is gone"
pgrep -f "imad --config /dev/null --policy tcb.*$work/run" >/dev/null && die "a worker lives on without its supervisor"
imad_pid=
start_imad
"$imactl" replay >/dev/null || die "the list after a killed supervisor"
[ "$(status_number .gaps)" = 2 ] || die "the time without a supervisor is a gap: $(status_number .gaps)"
stop_imad

# a rule file given at the start is measured, and stays in force when the worker is replaced
printf 'measure func=BPRM_CHECK\nmeasure func=CRITICAL_DATA\n' >"$work/rules"
start_imad --policy "$work/rules" --state-dir "$work/state-p"
"$imactl" list | grep -q " $work/rules \$" || die "the rule file is not measured: $("$imactl" list)"
kill -KILL "$(status_number .worker.pid)"
for _ in $(seq 50); do [ "$(status_number .worker.restarts 2>/dev/null)" = 1 ] && break; sleep 0.1; done
[ "$("$imactl" policy show | wc -l)" = 2 ] || die "another worker, other rules: $("$imactl" policy show)"
[ "$(status_number .policy.custom)" = true ] || die "status forgets that the rules are custom"
"$imactl" replay >/dev/null || die "replay after a restart with a rule file"
stop_imad

# a worker that is stopped, not dead: replaced, and what waited goes on
start_imad --state-dir "$work/state-s"
kill -STOP "$(status_number .worker.pid)"
cp /bin/true "$work/mnt/waits"
timeout 20 "$work/mnt/waits" || die "a program waits for a stopped worker for ever"
[ "$(status_number .worker.restarts)" = 1 ] || die "a stopped worker is not replaced"
"$imactl" list | grep -q " $work/mnt/waits \$" || die "what waited for a stopped worker is not measured"
[ "$(status_number .events.lost)" = 0 ] || die "events lost with a stopped worker"
stop_imad

# the whole machine is hooked, imad's own libraries too, and the worker is killed: the next one waits for nobody
start_imad --state-dir "$work/state-m" --scope-mount /
for n in 1 2 3 4 5; do
	kill -KILL "$(status_number .worker.pid)"
	cp /bin/true "$work/mnt/m$n"
	timeout 5 "$work/mnt/m$n" || die "a program waits for a worker that waits for itself"
	for _ in $(seq 50); do [ "$(timeout 5 "$imactl" status --json | jq .worker.restarts)" = "$n" ] && break; sleep 0.1; done
done
[ "$(status_number .worker.restarts)" = 5 ] || die "$(status_number .worker.restarts) restarts"
[ "$(status_number .events.lost)" = 0 ] || die "events lost machine-wide"
for n in 1 2 3 4 5; do "$imactl" list | grep -q " $work/mnt/m$n \$" || die "not listed: m$n"; done
"$imactl" replay >/dev/null || die "replay machine-wide"
stop_imad
