#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The gate guards itself, refuses with the kernel's error numbers, and one imad takes over from another without letting go.
# KERNELS="6.1 6.12" chooses.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"

job() {
	cat <<'J'
cd /opt/imad
. ./ready.sh
out=/run/host/result
cat >/run/policy <<'R'
measure func=BPRM_CHECK fowner=12345
appraise func=BPRM_CHECK fowner=12345
appraise func=MMAP_CHECK fowner=12345
appraise func=FILE_CHECK fowner=12346
R
mkdir -p /mnt/a
v=/mnt/a/victim
label() { set -- "$1" $(sha256sum "$1"); setfattr -n security.ima -v "0x0404$2" "$1"; }
./race victim $v; chown 12345 $v; label $v
cp /usr/bin/true /mnt/a/true; chown 12345 /mnt/a/true; label /mnt/a/true
echo data >/mnt/a/unlabelled; chown 12346 /mnt/a/unlabelled
start() { # LEVEL
	: >/run/imad.log
	./imad --config /dev/null --policy /run/policy --tpm embedded --mount-point none --grace 0 --tier gate --fail-mode closed --guard $1 --settle-ms 0 ima_appraise=enforce --state-dir /run/state >/run/imad.log 2>&1 &
	wait_ready 1
	cp /run/imad.log /run/host/imad.log
}
pids() { supervisor=$(</run/imad/lock); read -r worker _ </proc/$supervisor/task/$supervisor/children; }
say() { echo "$*" >>$out; }
refused() { # NAME COMMAND...: it must fail
	local name=$1; shift
	if "$@" >/run/said 2>&1; then say "$name allowed"; else say "$name $(grep -o 'Operation not permitted\|Permission denied\|must be superuser' /run/said | head -n 1 | tr ' ' _)"; fi
}
runs() { # NAME STATUS
	$v 2>/dev/null
	local r=$?
	[ $r = $2 ] && say "$1 $r" || say "$1 status-$r"
}

start on
pids
refused kill_the_supervisor bash -c "kill -KILL $supervisor"
refused stop_the_supervisor bash -c "kill -STOP $supervisor"
refused kill_the_worker bash -c "kill -KILL $worker"
refused terminate_the_worker bash -c "kill -TERM $worker"
refused trace_the_worker ./helper trace $worker
refused remove_a_pin rm /sys/fs/bpf/imad/link_gate_bprm_check
refused rename_a_pin mv /sys/fs/bpf/imad/link_gate_bprm_check /sys/fs/bpf/x
refused rename_the_folder mv /sys/fs/bpf/imad /sys/fs/bpf/x
refused unmount umount -l /sys/fs/bpf
refused write_a_map ./helper map /sys/fs/bpf/imad/map_config_map
refused another_imad ./imad --config /dev/null --policy /run/policy --tpm none --mount-point none --grace 0 --tier gate --run-dir /run/other --state-dir /run/other-state
kill -0 $supervisor && kill -0 $worker && say "alive yes"
runs good_program 1
cp /run/imad.log /run/host/imad.log
refused mprotect ./helper mprotect /mnt/a/true
refused open ./helper open /mnt/a/unlabelled
sleep 0.5; grep audit: /run/imad.log >/run/host/audit.log
grep -c 'op=collect_data cause=failed-mprotect comm="helper" name="/mnt/a/true"' /run/imad.log | sed 's/^/audited_mprotect /' >>$out

# from one imad to the next: the good content runs, the other does not, in every moment of it. 126: refused; 139: refused between exec and its first mapping
before=$(./imactl status --json | grep -o '"instance": *[0-9]*')
(while [ ! -e /run/enough ]; do $v; echo $?; done >/run/statuses 2>/dev/null) &
loop=$!
cp ./imad /run/imad.new && mv /run/imad.new ./imad # the new program is another file
for n in 1 2 3; do
	./imactl restart >/run/said 2>&1 || { say "restart failed: $(</run/said)"; cp /run/imad.log /run/host/failed.log; break; }
	wait_ready $((n + 1))
done
: >/run/enough
wait $loop
after=$(./imactl status --json | grep -o '"instance": *[0-9]*')
[ "$before" != "$after" ] && say "restarted yes"
pids
cp /run/imad.log /run/host/imad.log
[ "$supervisor" = "$(</run/imad/lock)" ] && kill -0 $supervisor && say "same_process yes"
say "other_statuses $(grep -cvx '1\|126\|139' /run/statuses)"
sort /run/statuses | uniq -c
refused kill_the_supervisor_after bash -c "kill -KILL $supervisor"
./helper flip $v
runs changed_program 126
./imactl replay >/run/said 2>&1 && say "replay match" || say "replay $(tail -n 1 /run/said)"

kill -TERM $supervisor; wait $supervisor
say "stopped $?"
[ -e /sys/fs/bpf/imad ] && say "pins left" || say "pins gone"
runs after_the_end 2

start sealed
pids
refused terminate_when_sealed bash -c "kill -TERM $supervisor"
exit 0
J
}

expected() { # KERNEL
	for n in kill_the_supervisor stop_the_supervisor kill_the_worker terminate_the_worker trace_the_worker remove_a_pin rename_a_pin \
		rename_the_folder; do echo "$n Operation_not_permitted"; done
	echo "unmount must_be_superuser" # umount's words for EPERM
	echo "write_a_map Operation_not_permitted"
	echo "another_imad Operation_not_permitted"
	echo "alive yes"
	echo "good_program 1"
	echo "mprotect Operation_not_permitted"
	case $1 in 6.1) echo "open Operation_not_permitted" ;; *) echo "open Permission_denied" ;; esac
	echo "audited_mprotect 1"
	echo "restarted yes"
	echo "same_process yes"
	echo "other_statuses 0"
	echo "kill_the_supervisor_after Operation_not_permitted"
	echo "changed_program 126"
	echo "replay match"
	echo "stopped 0"
	echo "pins gone"
	echo "after_the_end 2"
	echo "terminate_when_sealed Operation_not_permitted"
}

for k in ${KERNELS:-6.1 6.12}; do
	out=$work/$k
	put_programs "$out"
	cp "$build/tests/guest/race" "$out/share/opt/"
	job >"$out/share/job.sh"
	(GUEST_SECONDS=900 boot_guest "$k" "$out" "") &
done
wait
status=0
for k in ${KERNELS:-6.1 6.12}; do
	expected "$k" >"$work/want"
	echo "== $k"
	if diff "$work/want" "$work/$k/share/result"; then
		echo "$(wc -l <"$work/want") outcomes as documented"
	else
		status=1
		tail -n 20 "$work/$k/share/out.txt"
	fi
done
exit "$status"
