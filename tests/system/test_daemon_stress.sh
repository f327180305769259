# SPDX-License-Identifier: BSD-2-Clause
# Many programs and opens in parallel: nothing that ran is missing from the list, no event is lost.
# IMA_TEST_PROGRAMS and IMA_TEST_OPENS choose the size (2000 and 20000); IMA_TEST_MACHINE=1 hooks the whole machine.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/account.sh"

make_mount 2G
if [ -n "${IMA_TEST_MACHINE:-}" ]; then start_imad --scope-mount /; else start_imad; fi
run_workload "${IMA_TEST_PROGRAMS:-2000}" "${IMA_TEST_OPENS:-20000}"
check_account
[ "$(status_number .events.lost)" = 0 ] || die "$(status_number .events.lost) events lost"
[ "$(status_number .events.allowed_late)" = 0 ] || die "events were answered late"
printf 'longest operation %s ms; %s events, %s entries\n' "$(cat "$work/longest_ms")" "$(status_number .events.seen)" "$(status_number .entries)"
stop_imad
