#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# A program is changed in place, in three ways, while it is executed: under the gate no content but the labelled one ever runs.
# Beside it the same under fanotify alone, which hashes at open and cannot promise that; its figure is printed, not judged.
# KERNELS="6.1 6.12", RACE_SECONDS=10 (each file system and tier), GUEST_THREADS=multi choose.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"

seconds=${RACE_SECONDS:-10}
job() {
	cat <<J
seconds=$seconds
J
	cat <<'J'
cd /opt/imad
. ./ready.sh
say() { echo "$*" >>/run/host/result; }
echo 'appraise func=BPRM_CHECK fowner=12345' >/run/policy
prepare_fs() { # NAME
	local dir=/mnt/$1
	mkdir -p $dir
	case $1 in
	ext4) ;;
	tmpfs) mount -t tmpfs t $dir ;;
	*) modprobe loop; modprobe $1; truncate -s 400M /root/$1.img; mkfs.$1 -q /root/$1.img >/dev/null && mount -o loop /root/$1.img $dir ;;
	esac || return 1
	./race victim $dir/victim
	chown 12345 $dir/victim
	setfattr -n security.ima -v "0x0404$(openssl dgst -sha256 -r $dir/victim | cut -d' ' -f1)" $dir/victim
}
for fs in ext4 xfs btrfs tmpfs; do prepare_fs $fs || { say "$fs cannot be made"; exit 1; }; done
sleep 3
for tier in gate fanotify; do
	./imad --config /dev/null --policy /run/policy --tpm none --mount-point none --grace 0 --tier $tier ima_appraise=enforce --state-dir /run/state-$tier >/run/imad.log 2>&1 &
	wait_ready || exit 1
	for fs in ext4 xfs btrfs tmpfs; do
		counts=$(./race run /mnt/$fs/victim $seconds)
		# the last writer left the good content
		sleep 1
		/mnt/$fs/victim 2>/dev/null
		say "$tier $fs $counts afterwards $?"
	done
	grep -v "audit:" /run/imad.log
	kill %1
	wait
done
J
}

for k in ${KERNELS:-6.1 6.12}; do
	out=$work/$k
	put_programs "$out"
	cp "$build/tests/guest/race" "$out/share/opt/"
	job >"$out/share/job.sh"
	(GUEST_SECONDS=$((seconds * 12 + 480)) boot_guest "$k" "$out" "") &
done
wait
status=0
for k in ${KERNELS:-6.1 6.12}; do
	result=$work/$k/share/result
	[ "$(cat "$work/$k/share/status" 2>/dev/null)" = 0 ] || { cat "$work/$k/share/out.txt" 2>/dev/null; die "$k: the guest's job failed"; }
	sed "s/^/$k /" "$result"
	[ "$(grep -c '^gate ' "$result")" = 4 ] || { echo "$k: a file system is missing"; status=1; }
	# nothing evil ran, tries were made, and the good content is allowed again; on tmpfs a file that was mapped shared stays refused,
	# since its pages cannot be dropped
	awk '$1 == "gate" && ($6 != 0 || $12 != 0 || $4 + $8 < 10 || $14 != ($2 == "tmpfs" ? 126 : 1)) { bad = 1 } END { exit bad }' "$result" ||
		{ echo "$k: the gate let something through, nothing was tried, or the good content stays refused"; status=1; }
	# and it was a race: fanotify alone loses it somewhere
	awk '$1 == "fanotify" { evil += $6 } END { exit evil == 0 }' "$result" || echo "$k: fanotify alone lost none: a longer race would"
done
exit "$status"
