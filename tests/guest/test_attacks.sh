#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Ways to get a content used that is not the labelled one, after the labelled one was approved: a table attack x tier x kernel, each
# outcome as docs/SECURITY.md "Attacks" states it. "refused": the content was not used; "ran": it was.
# KERNELS="6.1 6.12" chooses.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"

# attack gate fanotify; either: the kernels differ
expected() {
	cat <<'T'
written_in_place refused refused
written_by_aio refused ran
written_through_a_shared_mapping refused ran
written_through_a_loop_device refused either
written_through_another_groups_descriptor refused ran
renamed_over refused refused
overlay_upper_written refused refused
overlay_upper_written_under_a_descriptor refused ran
overlay_lower_written_under_a_descriptor refused ran
loader_run_directly refused refused
mapped_by_an_old_descriptor refused ran
mprotect_of_an_old_mapping refused ran
memfd refused ran
opened_by_handle refused refused
opened_by_io_uring refused refused
pinned_page_written refused ran
mapped_shared_then_good_again allowed allowed
other_mount_namespace refused refused
queue_flooded refused refused
worker_stopped refused refused
worker_killed refused refused
worker_traced refused refused
pins_removed refused refused
supervisor_killed refused ran
T
}

job() {
	cat <<'J'
cd /opt/imad
. ./ready.sh
cat >/run/policy <<'R'
appraise func=BPRM_CHECK fowner=12345
appraise func=MMAP_CHECK fowner=12345
appraise func=BPRM_CHECK fsmagic=0x01021994
R
modprobe loop overlay
mkdir -p /mnt/a /mnt/o /mnt/t
mount -t tmpfs t /mnt/t
v=/mnt/a/victim
label() { set -- "$1" $(sha256sum "$1"); setfattr -n security.ima -v "0x0404$2" "$1"; }
# a layer of an overlay is written after the merged file was opened and approved, before it is mapped
under_a_descriptor() { # NAME LAYER
	rm -rf /mnt/o/*; mkdir -p /mnt/o/lo /mnt/o/up /mnt/o/wk /mnt/o/mg
	./race victim /mnt/o/$2/victim; chown 12345 /mnt/o/$2/victim; label /mnt/o/$2/victim
	mount -t overlay o -o lowerdir=/mnt/o/lo,upperdir=/mnt/o/up,workdir=/mnt/o/wk /mnt/o/mg
	rest 1
	./helper mmap /mnt/o/mg/victim || echo "$1 not-approved" >>/run/host/$tier
	./helper old-mmap /mnt/o/mg/victim /mnt/o/$2/victim
	outcome $1 $?
	umount /mnt/o/mg
}
good() { # a new good program, approved: its second use needs no look
	rm -f $v
	./race victim $v
	chown 12345 $v
	label $v
	rest 0.3
	$v; [ $? = 1 ] || return 1
	rest 0.3
	$v; [ $? = 1 ]
}
# 2: the changed content ran; 126: refused
outcome() { # NAME STATUS
	case $2 in
	1) echo "$1 allowed" ;;
	2) echo "$1 ran" ;;
	126 | 127) echo "$1 refused" ;;
	*) echo "$1 status-$2" ;;
	esac >>/run/host/$tier
}
try() { # NAME COMMAND...: change the approved program, use it
	local name=$1
	shift
	good || { echo "$name not-approved" >>/run/host/$tier; return; }
	"$@" || echo "$name: the change failed"
	rest 0.3
	$v 2>/dev/null
	outcome $name $?
}
loop_device() {
	local dev
	dev=$(losetup -f --show $v) || return 1
	printf '\002' | dd of=$dev bs=1 seek=121 conv=notrunc 2>/dev/null
	sync
	blockdev --flushbufs $dev 2>/dev/null
	losetup -d $dev
	rest 0.5
}
rename_over() { ./race victim /mnt/a/new; ./helper flip /mnt/a/new; chown 12345 /mnt/a/new; mv /mnt/a/new $v; }
flood() {
	./helper flip $v
	for n in 1 2 3 4 5 6 7 8; do (for f in /usr/bin/* /usr/lib/x86_64-linux-gnu/*.so*; do : <$f; done) 2>/dev/null & flooders+=($!); done
}
pids() { supervisor=$(</run/imad/lock); read -r worker _ </proc/$supervisor/task/$supervisor/children; }
stop_worker() { ./helper flip $v; pids; kill -STOP $worker; }
trace_worker() { ./helper flip $v; pids; ./helper trace $worker & }
kill_worker() { ./helper flip $v; pids; kill -KILL $worker; }
unpin() { ./helper flip $v; rm -rf /sys/fs/bpf/imad; }
kill_supervisor() { ./helper flip $v; pids; kill -KILL $supervisor; }

for tier in gate fanotify; do
	mode=open
	[ $tier = fanotify ] || mode=closed
	: >/run/imad.log
	./imad --config /dev/null --policy /run/policy --tpm none --mount-point none --grace 0 --tier $tier --fail-mode $mode --settle-ms 0 ima_appraise=enforce --state-dir /run/state-$tier >/run/imad.log 2>&1 &
	wait_ready || echo "$tier did not start"
	try written_in_place ./helper flip $v
	try written_by_aio ./helper flip-aio $v
	try written_through_a_shared_mapping ./helper flip-shared $v
	try written_through_a_loop_device loop_device
	try written_through_another_groups_descriptor ./helper flip-group $v
	try renamed_over rename_over

	good
	rm -rf /mnt/o/*; mkdir -p /mnt/o/lo /mnt/o/up /mnt/o/wk /mnt/o/mg
	cp -a $v /mnt/o/up/victim; label /mnt/o/up/victim
	mount -t overlay o -o lowerdir=/mnt/o/lo,upperdir=/mnt/o/up,workdir=/mnt/o/wk /mnt/o/mg
	rest 1
	/mnt/o/mg/victim; [ $? = 1 ] || echo "overlay_upper_written not-approved" >>/run/host/$tier
	./helper flip-shared /mnt/o/up/victim
	/mnt/o/mg/victim 2>/dev/null
	outcome overlay_upper_written $?
	umount /mnt/o/mg

	under_a_descriptor overlay_upper_written_under_a_descriptor up
	under_a_descriptor overlay_lower_written_under_a_descriptor lo

	cp /usr/bin/true /mnt/a/dynamic; chown 12345 /mnt/a/dynamic; label /mnt/a/dynamic
	/lib64/ld-linux-x86-64.so.2 /mnt/a/dynamic || echo "loader_run_directly not-approved" >>/run/host/$tier
	printf x >>/mnt/a/dynamic
	/lib64/ld-linux-x86-64.so.2 /mnt/a/dynamic 2>/dev/null && r=2 || r=126
	outcome loader_run_directly $r

	good; ./helper old-mmap $v; outcome mapped_by_an_old_descriptor $?
	good; ./helper old-mprotect $v; outcome mprotect_of_an_old_mapping $?
	./race victim /mnt/a/evil; ./helper flip /mnt/a/evil
	./helper memfd /mnt/a/evil evil >/dev/null; outcome memfd $?
	good; ./helper flip $v; ./helper by-handle $v /mnt/a >/dev/null; outcome opened_by_handle $?
	good; ./helper flip $v; unshare -m sh -c "mount --bind /mnt/a /mnt/o && /mnt/o/victim" 2>/dev/null; outcome other_mount_namespace $?
	good; ./helper flip $v; ./helper uring-open $v >/dev/null; outcome opened_by_io_uring $?
	./race victim /mnt/t/victim; chown 12345 /mnt/t/victim; label /mnt/t/victim
	./race victim /mnt/t/evil; ./helper flip /mnt/t/evil
	rest 0.3
	./helper pinned-page /mnt/t/victim /mnt/t/evil; outcome pinned_page_written $?
	# what was mapped shared and has the good content is dropped from memory and read again, not refused for ever
	good; ./helper same-shared $v; rest 0.3; $v; outcome mapped_shared_then_good_again $?
	flooders=()
	try queue_flooded flood
	[ ${#flooders[@]} = 0 ] || wait "${flooders[@]}"
	try worker_stopped stop_worker
	try worker_killed kill_worker
	rest 2
	try worker_traced trace_worker
	rest 2
	try pins_removed unpin
	if [ $tier = gate ]; then
		# pins again: the last attack must end the one process that could renew them
		kill -TERM $(</run/imad/lock); wait
		: >/run/imad.log
		./imad --config /dev/null --policy /run/policy --tpm none --mount-point none --grace 0 --tier $tier --fail-mode $mode --settle-ms 0 ima_appraise=enforce --state-dir /run/state-$tier >/run/imad.log 2>&1 &
		wait_ready
	fi
	try supervisor_killed kill_supervisor
	# the gate stays closed now: an imad that fails open ends it
	if [ $tier = gate ]; then
		: >/run/end.log
		(exec ./imad --config /dev/null --policy /run/policy --tpm none --mount-point none --grace 0 --tier gate --state-dir /run/state-end >/run/end.log 2>&1) &
		wait_ready 1 /run/end.log
		pids
		kill -TERM $supervisor
		while kill -0 $supervisor 2>/dev/null; do rest 0.2; done
	fi
done
exit 0
J
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
printf '%-44s' attack
for k in ${KERNELS:-6.1 6.12}; do printf '%-16s%-16s' "$k gate" "$k fanotify"; done
echo
while read -r attack gate fanotify; do
	printf '%-44s' "$attack"
	for k in ${KERNELS:-6.1 6.12}; do
		for t in gate fanotify; do
			want=$gate
			[ $t = gate ] || want=$fanotify
			got=$(awk -v a="$attack" '$1 == a { print $2 }' "$work/$k/share/$t" 2>/dev/null | head -n 1)
			[ "$want" = either ] && [ -n "$got" ] && want=$got
			[ "$got" = "$want" ] || { got="${got:-missing}!"; status=1; }
			printf '%-16s' "$got"
		done
	done
	echo
done < <(expected)
exit "$status"
