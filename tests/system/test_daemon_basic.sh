# SPDX-License-Identifier: BSD-2-Clause
# The measuring path on a private mount: digests, names, text and binary lists, policy upload, refusals, a clean stop.
. "$(dirname "$0")/lib.sh"

make_mount
cd "$work/mnt"
cp /bin/true prog
cp /bin/cat reader
printf '#!/bin/sh\necho ran\n' >script
chmod 755 script
printf 'plain\n' >data
printf 'x' >'with blank'
cp /lib/x86_64-linux-gnu/libz.so.1 lib.so 2>/dev/null || cp /lib/x86_64-linux-gnu/libm.so.6 lib.so
sleep 2.2 # files settle: what is older than two seconds is cached by an ignore mark
start_imad

./prog; ./reader data 'with blank' >/dev/null; ./script >/dev/null
LD_PRELOAD=$work/mnt/lib.so /bin/true
setpriv --reuid=65534 --regid=65534 --clear-groups "$work/mnt/reader" "$work/mnt/script" >/dev/null 2>&1 || :
for _ in 1 2 3; do ./prog; done

list=$("$imactl" list)
expect() { # path as listed, file
	printf '%s\n' "$list" | grep -q "sha256:$(sha256sum <"$2" | cut -d' ' -f1) $1 \$" || die "not listed: $1"
}
expect "$work/mnt/prog" prog
expect "$work/mnt/reader" reader
expect "$work/mnt/script" script
expect "$work/mnt/data" data
expect "$work/mnt/with_blank" 'with blank'
expect "$work/mnt/lib.so" lib.so
[ "$(printf '%s\n' "$list" | wc -l)" = 7 ] || die "7 records were expected: $list"
[ "$(printf '%s\n' "$list" | head -1 | awk '{print $5}')" = boot_aggregate ] || die "the first record is not boot_aggregate"

# the view shows the same bytes; a reader that waits at the end sees what comes
[ "$(cat "$work/view/ima/ascii_runtime_measurements")" = "$list" ] || die "the view's text differs"
cmp "$work/view/ima/binary_runtime_measurements" <("$imactl" list --format binary) || die "the view's binary list differs"
[ "$(cat "$work/view/ima/runtime_measurements_count")" = 7 ] || die "the counter is wrong"
[ "$(cat "$work/view/ima/violations")" = 0 ] || die "there should be no violation"
[ "$(readlink "$work/view/ima")" = integrity/ima ] || die "link ima"
[ "$(readlink "$work/view/evm")" = integrity/evm/evm ] || die "link evm"
[ "$(stat -c %a "$work/view/ima/policy")" = 600 ] || die "mode of policy"
exec 7<"$work/view/ima/ascii_runtime_measurements"
[ "$(cat <&7)" = "$list" ] || die "descriptor at the start"
[ -z "$(cat <&7)" ] || die "descriptor at the end"
printf 'more\n' >late; sleep 0.05; ./reader late >/dev/null
cat <&7 | grep -q "$work/mnt/late" || die "a descriptor at the end does not see new records"
exec 7<&-
dd if="$work/view/ima/binary_runtime_measurements" bs=37 2>/dev/null | cmp - "$work/view/ima/binary_runtime_measurements" || die "odd block sizes"

# a writer while a reader opens: one violation, and a record whose digest is what was read
printf 'v1\n' >viol
exec 8>>viol
./reader viol >/dev/null; ./reader viol >/dev/null
exec 8>&-
[ "$(cat "$work/view/ima/violations")" = 1 ] || die "open_writers: $(cat "$work/view/ima/violations") violations"
for _ in $(seq 50); do grep -q 'op=invalid_pcr cause=open_writers' "$work/messages" && break; sleep 0.1; done
grep -q 'op=invalid_pcr cause=open_writers' "$work/messages" || die "no audit record for the violation"

# modified programs are listed again
printf 'tail' >>prog; ./prog
[ "$("$imactl" list | grep -c "$work/mnt/prog ")" = 2 ] || die "a modified program is not listed again"

"$imactl" replay >"$work/replay" || die "replay: $(cat "$work/replay")"
for bank in sha1 sha256 sha384 sha512; do grep -q "^PCR 10 $bank .* matches" "$work/replay" || die "$bank does not match"; done
"$imactl" boot-aggregate --live-list | grep -q matches || die "boot aggregate"

# evmctl reads our binary list and agrees with our TPM
if command -v evmctl >/dev/null; then
	"$imactl" replay --json | jq -r '.pcrs[] | select(.bank=="sha256") | "PCR-10: " + .value' >"$work/pcr256"
	"$imactl" replay --json | jq -r '.pcrs[] | select(.bank=="sha1") | "PCR-10: " + .value' >"$work/pcr1"
	for i in $(seq 0 23); do [ "$i" = 10 ] && cat "$work/pcr256" || printf 'PCR-%02d: %064d\n' "$i" 0; done >"$work/evm256"
	for i in $(seq 0 23); do [ "$i" = 10 ] && cat "$work/pcr1" || printf 'PCR-%02d: %040d\n' "$i" 0; done >"$work/evm1"
	cp "$work/view/ima/binary_runtime_measurements" "$work/binary"
	evmctl ima_measurement --ignore-violations --pcrs "sha1,$work/evm1" --pcrs "sha256,$work/evm256" "$work/binary" >"$work/evmctl" 2>&1 ||
		die "evmctl: $(cat "$work/evmctl")"
	grep -q 'Matched per TPM bank' "$work/evmctl" || die "evmctl: $(cat "$work/evmctl")"
fi

# policy upload through the view and through the socket: all or nothing, with the line in the message
printf 'measure func=BPRM_CHECK\nmeasure func=NONSENSE\n' >"$work/bad"
if cat "$work/bad" >"$work/view/ima/policy" 2>/dev/null; then die "a bad upload was taken"; fi
"$imactl" policy load "$work/bad" 2>"$work/err" && die "a bad upload was taken"
grep -q "$work/bad:2:9: func=NONSENSE: no such func" "$work/err" || die "message: $(cat "$work/err")"
"$imactl" policy show | grep -q '^measure func=POLICY_CHECK' || die "a bad upload changed the rules"
printf '# only programs\nmeasure func=BPRM_CHECK mask=MAY_EXEC\n' >"$work/good"
cat "$work/good" >"$work/view/ima/policy" || die "a good upload was refused"
[ "$(cat "$work/view/ima/policy")" = 'measure func=BPRM_CHECK mask=MAY_EXEC ' ] || die "read back: $(cat "$work/view/ima/policy")"
printf 'quiet\n' >quiet; ./reader quiet >/dev/null
"$imactl" list | grep -q "$work/mnt/quiet" && die "a read was measured although no rule asks for it"

grep -q 'action=measure func=NONSENSE res=0' "$work/messages" || die "no record of a refused rule"

# buffers of local programs: critical data and keys, once each, by the rules
printf 'measure func=CRITICAL_DATA label=app\nmeasure func=KEY_CHECK keyrings=.ima\n' >"$work/data-rules"
"$imactl" policy load "$work/data-rules" || die "rules for buffers"
printf 'setting=1' | "$imactl" measure --label app --name settings >"$work/out" || die "critical data: $(cat "$work/out")"
grep -q '^measured$' "$work/out" || die "critical data: $(cat "$work/out")"
printf 'setting=1' | "$imactl" measure --label app --name settings | grep -q 'measured before' || die "the same data twice"
"$imactl" list --tail 1 | grep -q "ima-buf sha256:$(printf 'setting=1' | sha256sum | cut -d' ' -f1) settings $(printf 'setting=1' | xxd -p)\$" || die "critical data's record: $("$imactl" list --tail 1)"
r=0; printf x | "$imactl" measure --label other --name x >/dev/null || r=$?
[ $r = 1 ] || die "data that no rule names: status $r"
printf 'certificate' >"$work/key"
"$imactl" measure --keyring .ima "$work/key" >/dev/null || die "a key"
"$imactl" list --tail 1 | grep -q "ima-buf sha256:$(sha256sum <"$work/key" | cut -d' ' -f1) .ima $(xxd -p <"$work/key")\$" || die "a key's record"
printf 'setting=2' | "$imactl" measure --label app --name settings --by-hash >/dev/null || die "data by hash"
hash=$(printf 'setting=2' | sha256sum | cut -d' ' -f1)
"$imactl" list --tail 1 | grep -q "sha256:$(printf %s "$hash" | xxd -r -p | sha256sum | cut -d' ' -f1) settings $hash\$" || die "data by hash: $("$imactl" list --tail 1)"
r=0; "$imactl" measure --label app 2>/dev/null || r=$?
[ $r = 2 ] || die "measure without a name: status $r"
"$imactl" replay >/dev/null || die "replay after buffers"

# a second daemon is refused and told who is there
if "$build/imad" --config /dev/null --state-dir "$work/state" --run-dir "$work/run" --mount-point none 2>"$work/err"; then die "a second imad ran"; fi
grep -q "process $(cat "$work/run/lock") holds" "$work/err" || die "second imad: $(cat "$work/err")"

# wrong input at the start
"$build/imad" --nonsense 2>/dev/null && die "unknown option" || [ $? = 2 ] || die "unknown option: status"
r=0; "$build/imad" --config /dev/null --policy "$work/bad" --run-dir "$work/run2" 2>"$work/err" || r=$?
[ $r = 1 ] || die "bad policy file: status $r"
grep -q "$work/bad:2:9: func=NONSENSE" "$work/err" || die "bad policy file: $(cat "$work/err")"
printf 'tpm = embedded\nspeed = high\n' >"$work/conf"
r=0; "$build/imad" --config "$work/conf" 2>"$work/err" || r=$?
[ $r = 2 ] || die "bad settings: status $r"
grep -q "$work/conf:2: unknown setting \"speed\"" "$work/err" || die "bad settings: $(cat "$work/err")"

cd /
stop_imad
grep -q " $work/view " /proc/self/mounts && die "the view is still mounted"
[ -e "$work/run/control" ] && die "the socket is still there"
"$work/mnt/prog" || die "programs do not run after the stop"
exit 0
