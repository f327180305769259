# SPDX-License-Identifier: BSD-2-Clause
# sysvinit's script, with start-stop-daemon: started, asked, handed over, stopped; OpenRC's for its syntax.
. "$(dirname "$0")/lib.sh"
command -v start-stop-daemon >/dev/null && [ -r /lib/lsb/init-functions ] || skip "start-stop-daemon or /lib/lsb/init-functions is missing"
. "$(dirname "$0")/service.sh"

script() { "$dist/imad.sysvinit" "$@" >"$work/said" 2>&1; }
script status && die "status of what does not run"
script start || die "start: $(cat "$work/said")"
pid=$(cat "$work/run/lock")
measures sysv
script status || die "status: $(cat "$work/said")"
script start || die "a second start: $(cat "$work/said")"
[ "$(cat "$work/run/lock")" = "$pid" ] || die "a second start started another one"
before=$(instance)
script restart || die "restart: $(cat "$work/said")"
[ "$(instance)" != "$before" ] && [ "$(cat "$work/run/lock")" = "$pid" ] || die "restart did not hand over"
measures sysv-again
script stop || die "stop: $(cat "$work/said")"
gone "$pid" || die "stopped, and still there"
script stop || die "a second stop: $(cat "$work/said")"
# what cannot start says so
sed -i 's/--policy tcb/--policy nosuch/' "$work/default/imad"
script start && die "a wrong setting starts"
grep -q nosuch "$work/said" || die "why it does not start is not said: $(cat "$work/said")"
sed -i 's/--policy nosuch/--policy tcb/' "$work/default/imad"
echo "sysvinit: started, handed over, stopped"
