# SPDX-License-Identifier: BSD-2-Clause
# runit's scripts, under runsvdir: started, handed over, killed and started again, stopped.
. "$(dirname "$0")/lib.sh"
command -v runsvdir >/dev/null || skip "runit is missing"
. "$(dirname "$0")/service.sh"

mkdir -p "$work/services" "$work/sv/imad/control"
for f in run check control-h; do cp "$dist/runit-$f" "$work/sv/imad/${f/-//}"; done
ln -s "$work/sv/imad" "$work/services/imad"
runsvdir "$work/services" 2>>"$work/messages" >>"$work/messages" &
runsvdir=$!
for _ in $(seq 70); do [ ! -e "$work/sv/imad/supervise/ok" ] || break; sleep 0.1; done
sv -w 20 start "$work/services/imad" >"$work/said" || die "runit: start: $(cat "$work/said")"
pid=$(cat "$work/run/lock")
measures runit
before=$(instance)
sv hup "$work/services/imad" >/dev/null
for _ in $(seq 100); do now=$(instance); [ -n "$now" ] && [ "$now" != "$before" ] && break; sleep 0.1; done
[ "$now" != "$before" ] && [ "$(cat "$work/run/lock")" = "$pid" ] || die "runit: hup did not hand over"
measures runit-again
gaps=$(status_number .gaps)
kill -KILL "$pid"
for _ in $(seq 100); do now=$(cat "$work/run/lock" 2>/dev/null); [ "$now" != "$pid" ] && [ -n "$(instance)" ] && break; sleep 0.1; done
[ "$now" != "$pid" ] || die "runit: a killed imad is not started again"
measures runit-after-kill
[ "$(status_number .gaps)" = $((gaps + 1)) ] || die "the time without imad is not in the list: $(status_number .gaps)"
sv -w 20 stop "$work/services/imad" >"$work/said" || die "runit: stop: $(cat "$work/said")"
gone "$now" || die "runit: stopped, and still there"
echo "runit: started, handed over, started again after it was killed, stopped"
