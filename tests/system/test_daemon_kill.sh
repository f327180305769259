# SPDX-License-Identifier: BSD-2-Clause
# The worker is killed again and again under load: no record is lost or doubled, nobody waits longer than a second.
# IMA_TEST_KILLS chooses how often (20).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/account.sh"

make_mount 2G
start_imad
kills=${IMA_TEST_KILLS:-20}
(
	n=0
	while [ "$n" -lt "$kills" ]; do
		sleep "0.$((RANDOM % 20 + 10))"
		pid=$("$imactl" status --json 2>/dev/null | jq .worker.pid 2>/dev/null) || continue
		[ -n "$pid" ] && kill -KILL "$pid" 2>/dev/null && n=$((n + 1))
	done
	: >"$work/killed"
) &
killer=$!
round=0
while [ ! -e "$work/killed" ]; do
	round=$((round + 1))
	mkdir -p "$work/mnt/$round"
	cp "$build/tests/system/nothing" "$work/mnt/nothing"
	"$build/tests/system/workload" "$work/mnt/$round" "$work/mnt/nothing" 400 4000 4 "$work/account-$round" >>"$work/longest_ms" || die "the workload failed"
done
wait "$killer"
cat "$work"/account-*.? >"$work/account"
sleep 0.5
check_account
restarts=$(status_number .worker.restarts)
[ "$restarts" -ge "$kills" ] || die "$restarts restarts for $kills kills"
[ "$(status_number .events.lost)" = 0 ] || die "$(status_number .events.lost) events lost"
[ "$(status_number .gaps)" = 0 ] || die "a worker's death is not a gap"
longest=$(sort -n "$work/longest_ms" | tail -1)
printf '%s kills, %s events taken over, longest wait %s ms\n' "$restarts" "$(status_number .events.retried)" "$longest"
[ "$longest" -lt 1000 ] || die "an operation took $longest ms"
stop_imad
