#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Believing another machine: a guest with a TPM measures (imad, or the kernel's own IMA), this machine is the verifier. Its attestation key is
# enrolled by a challenge, its evidence is trusted against reference values of the root image; after a program that nobody knows it is
# refused, with that program's name and place in the list. GUESTS="imad-6.12 kernel-6.1" chooses.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"
imactl=$build/imactl
guests=${GUESTS:-imad-6.12 kernel-6.1}
trap 'kill $(jobs -p) 2>/dev/null || :; [ -n "${IMA_GUEST_KEEP:-}" ] || rm -rf "$work"' EXIT

job() { # WHO-KERNEL
	cat <<'J'
cd /opt/imad
printf 'measure func=BPRM_CHECK mask=MAY_EXEC\nmeasure func=MMAP_CHECK mask=MAY_EXEC\n' >/run/rules
# the other side works meanwhile
await() { for i in $(seq 600); do [ ! -e /run/host/$1 ] || return 0; sleep 0.2; done; echo "no $1 came"; exit 1; }
J
	case $1 in
	imad-*) cat <<J ;;
# the kernel's own IMA has written to PCR 10 while booting
list_pcrs=0,1,2,3,4,5,6,7,8,9,11
./imad --config /dev/null --policy /run/rules --tpm device:/dev/tpmrm0 --pcr 11 --mount-point none --tier gate --behaviour ${1#*-} --settle-ms 0 --state-dir /run/state >/run/imad.log 2>&1 &
. /opt/imad/ready.sh
wait_ready || exit 1
list=
J
	kernel-*) cat <<'J' ;;
list_pcrs=0,1,2,3,4,5,6,7,8,9,10
cat /run/rules >/sys/kernel/security/ima/policy || exit 1
list="--list /sys/kernel/security/ima/binary_runtime_measurements"
J
	esac
	cat <<'J'
tpm="--tpm device:/dev/tpmrm0"
./imactl ak create /run/ak --alg ecc $tpm || exit 1
cp /run/ak/ak.pub /run/ak/ek.pub /run/host/; : >/run/host/enrol-me
await challenge.done
./imactl ak activate /run/ak --challenge /run/host/challenge --out /run/host/answer $tpm || exit 1
/usr/bin/id >/dev/null
evidence() { ./imactl evidence create --ak /run/ak $tpm $list --pcrs $list_pcrs --nonce $(cat /run/host/nonce$1) --out /run/evidence$1 && cp /run/evidence$1 /run/host/; }
evidence 1 || exit 1
cp /usr/bin/id /root/stranger; printf stranger >>/root/stranger
/root/stranger >/dev/null
/usr/bin/nproc >/dev/null
evidence 2 || exit 1
: >/run/host/created
J
}
# once FILE: seconds are spent until it is there, or the guest has ended
await() { # FILE GUEST-PID
	for _ in $(seq 3000); do
		[ ! -e "$1" ] || return 0
		kill -0 "$2" 2>/dev/null || return 1
		sleep 0.2
	done
	return 1
}
# verify STATUS GUEST N
verify() {
	local share=$work/$2/share r=0
	"$imactl" evidence verify --nonce "$(cat "$share/nonce$3")" --ak "$work/$2/en" --reference "$work/image" --reference "$work/$2/ours" --rules "$work/$2/rules" \
		"$share/evidence$3" >"$work/$2/verdict$3" 2>&1 || r=$?
	[ $r = "$1" ] || die "$2: evidence $3: status $r, not $1: $(cat "$work/$2/verdict$3")"
}
one() { # WHO-KERNEL
	local out=$work/$1 n entry guest
	put_programs "$out"
	job "$1" >"$out/share/job.sh"
	printf '{"version": 1, "pcrs": [%s]}' "$([ "${1%-*}" = imad ] && echo 11 || echo 10)" >"$out/rules"
	for n in 1 2; do head -c 20 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$out/share/nonce$n"; done
	(cd "$out/share/opt" && find . -type f -exec sha256sum {} + | sed 's|  \./|  /opt/imad/|') >"$out/ours"
	(boot_guest "${1#*-}" "$out" "") &
	guest=$!
	await "$out/share/enrol-me" "$guest" || { wait "$guest" || :; die "$1: nobody asks to be enrolled"; }
	"$imactl" ak enroll "$out/en" --ak "$out/share/ak.pub" --ek "$out/share/ek.pub" >/dev/null || die "$1: no challenge"
	cp "$out/en/challenge" "$out/share/challenge"
	: >"$out/share/challenge.done"
	wait "$guest" || die "$1: the guest failed"
	"$imactl" ak enroll "$out/en" --answer "$out/share/answer" >/dev/null || die "$1: the answer is not right"
	verify 0 "$1" 1
	grep -q ': trusted; ' "$out/verdict1" || die "$1: $(cat "$out/verdict1")"
	for n in ak quote signature nonce pcr-digest list replay event-log files; do grep -q "^ *pass  *$n " "$out/verdict1" || die "$1: $n was not checked: $(cat "$out/verdict1")"; done
	verify 1 "$1" 2
	[ "$(grep -c '^ *fail ' "$out/verdict2")" = 1 ] && grep -q '^ *fail  *files ' "$out/verdict2" || die "$1: another check failed: $(cat "$out/verdict2")"
	entry=$(sed -n 's|^ *entry \([0-9]*\)  unknown  /root/stranger  sha256:.*|\1|p' "$out/verdict2")
	mkdir "$out/x"
	tar -C "$out/x" -xf "$out/share/evidence2"
	"$imactl" list "$(find "$out/x" -name '*list*' | head -n 1)" | sed -n "${entry:-0}p" | grep -q ' /root/stranger' || die "$1: entry ${entry:-(none)}: $(cat "$out/verdict2")"
	echo "$1: $(sed -n '1s|.*/||p' "$out/verdict1")"
	echo "$1: $(sed -n '1s|.*/||p' "$out/verdict2"): entry $entry is /root/stranger"
}
"$imactl" reference create --root "$lab/root" -o "$work/image" -q || die "no reference values of the image"
for g in $guests; do one "$g" & pids="${pids:-} $!"; done
status=0
for p in $pids; do wait "$p" || status=1; done
exit "$status"
