#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Worker and supervisor are killed in turn, under a workload, with the gate failing closed: what ran is in the list, the list has no record
# twice, and replaying it ends at the TPM's PCR.
# KERNELS="6.1 6.12", KILL_ROUNDS=16 choose.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"

rounds=${KILL_ROUNDS:-16}
job() {
	printf 'rounds=%s\n' "$rounds"
	cat <<'J'
cd /opt/imad
mkdir -p /mnt/k
# without a running imad no new program runs, sleep and cat among them
. ./ready.sh
start() {
	: >/run/imad.log
	# what imad is made of has a verdict, so that it can be started again
	(exec /opt/imad/imad --config /dev/null --policy tcb --pcr 11 --mount-point none --grace 0 --tier gate --fail-mode closed --state-dir /root/state >>/run/imad.log 2>&1) &
	wait_ready && return
	echo "no start in round $round"
	exit 1
}
round=0
start
# programs that nobody has seen before, one after the other; what ran says so
cat >/root/load <<'S'
cd /mnt/k
n=0
while [ ! -e /run/stop ]; do
	n=$((n + 1))
	cp /opt/imad/race-victim p$n 2>/dev/null && printf '%s' "$n" >>p$n && ./p$n 2>/dev/null
	[ $? = 1 ] && echo "p$n" >>/run/ran || echo "p$n" >>/run/refused
done
S
bash /root/load 2>/dev/null &
load=$!
while [ $round -lt $rounds ]; do
	round=$((round + 1))
	rest 1
	supervisor=$(</run/imad/lock)
	worker=
	read -r worker _ </proc/$supervisor/task/$supervisor/children
	if [ $((round % 2)) = 1 ]; then
		kill -9 $worker
	else
		kill -9 $supervisor
		start
	fi
done
: >/run/stop
wait $load
cp /run/ran /run/host/ran
cp /run/refused /run/host/refused 2>/dev/null
sleep 2
./imactl status >/run/host/status.txt
./imactl status --json >/run/host/status.json
./imactl list >/run/host/list
./imactl replay >/run/host/replay.txt 2>&1
echo "replay $?" >/run/host/replay.status
cd /mnt/k && sha256sum $(cat /run/ran) >/run/host/sums
exit 0
J
}

for k in ${KERNELS:-6.1 6.12}; do
	out=$work/$k
	put_programs "$out"
	"$build/tests/guest/race" victim "$out/share/opt/race-victim"
	job >"$out/share/job.sh"
	(GUEST_SECONDS=$((rounds * 40 + 240)) boot_guest "$k" "$out" "") &
done
wait
status=0
for k in ${KERNELS:-6.1 6.12}; do
	s=$work/$k/share
	[ "$(cat "$s/status" 2>/dev/null)" = 0 ] || { tail -n 20 "$s/out.txt"; die "$k: the guest's job failed"; }
	ran=$(wc -l <"$s/ran")
	refused=$(wc -l <"$s/refused" 2>/dev/null || echo 0)
	missing=$(while read -r sum name; do grep -q "sha256:$sum /mnt/k/$name *\$" "$s/list" || echo "$name"; done <"$s/sums" | wc -l)
	double=$(grep -v ' 0000000000000000000000000000000000000000 ' "$s/list" | sort | uniq -d | wc -l)
	echo "$k: $rounds kills, $ran new programs ran, $refused were refused, $missing of those that ran are not in the list, $double records twice, $(cat "$s/replay.status")"
	# whose supervisor was killed ends by itself, and well
	! grep 'imad.*segfault' "$work/$k/console.log" || status=1
	[ "$ran" -gt 0 ] && [ "$missing" = 0 ] && [ "$double" = 0 ] && grep -q '^replay 0$' "$s/replay.status" || { cat "$s/replay.txt" | head -n 5; status=1; }
done
exit "$status"
