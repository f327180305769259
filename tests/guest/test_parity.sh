#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The list that imad's gate writes is the list that the kernel's IMA would have written: twin boots of the same kernel, the same
# workload, once under the one and once under the other; compared record by record, violations counted.
# KERNELS="6.1 6.12" POLICIES="tcb several-pcrs every-func" choose.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"

kernels=${KERNELS:-6.1 6.12}
policies=${POLICIES:-tcb several-pcrs every-func}
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key.pem" -outform DER -out "$work/cert.der" -days 10 -subj /CN=guest 2>/dev/null

kernel_job() { # POLICY
	# an own policy can be written once only
	[ "$1" = tcb ] && echo 'policy_file=/sys/kernel/security/ima/policy'
	[ "$1" = tcb ] || printf 'cat /opt/imad/policy >/sys/kernel/security/ima/policy || exit 1\nsleep 2\n'
	cat <<'J'
list=/sys/kernel/security/ima/ascii_runtime_measurements
wc -l <$list >/run/host/mark
POLICY_FILE=$policy_file bash /opt/imad/workload.sh /opt/imad >/run/host/workload.txt 2>&1
cat $list >/run/host/list
J
}

imad_job() { # POLICY KERNEL
	local policy=tcb
	[ "$1" = tcb ] || policy=/opt/imad/policy
	[ "$1" = tcb ] && echo 'policy_file=/run/securityfs/ima/policy'
	cat <<J
cd /opt/imad
modprobe fuse
mkdir -p /run/securityfs
./imad --config /dev/null --policy $policy --tpm none --mount-point /run/securityfs --tier gate --behaviour $2 ima_template=ima-sig --state-dir /run/state >/run/imad.log 2>&1 &
. /opt/imad/ready.sh
wait_ready || exit 1
./imactl list | wc -l >/run/host/mark
POLICY_FILE=\$policy_file bash /opt/imad/workload.sh /opt/imad >/run/host/workload.txt 2>&1
./imactl list >/run/host/list
./imactl status --json >/run/host/status.json
cp /run/imad.log /run/host/imad.log
kill %1
wait
J
}

twin() { # KERNEL POLICY WHO
	local out=$work/$1-$2-$3
	put_programs "$out"
	cp "$work/cert.der" "$out/share/opt/"
	[ "$2" = tcb ] || cp "$here/policies/$2" "$out/share/opt/policy"
	# a func since 6.3
	[ "$2" != every-func ] || [ "$1" = 6.1 ] || echo "measure func=MMAP_CHECK_REQPROT mask=MAY_EXEC pcr=16" >>"$out/share/opt/policy"
	"$3_job" "$2" "$1" >"$out/share/job.sh"
	boot_guest "$1" "$out" "$([ "$3$2" != kerneltcb ] || echo ima_policy=tcb) ima_template=ima-sig"
}

status=0
boots=()
for p in $policies; do for k in $kernels; do for who in imad kernel; do boots+=("$k $p $who"); done; done; done
side_by_side twin "${boots[@]}" || status=1
for k in $kernels; do
	for p in $policies; do
		a=$work/$k-$p-kernel/share
		b=$work/$k-$p-imad/share
		[ -s "$a/list" ] && [ -s "$b/list" ] || { echo "$k $p: a list is missing"; status=1; continue; }
		cmp -s "$a/workload.txt" "$b/workload.txt" || { echo "$k $p: the workload did not do the same"; diff "$a/workload.txt" "$b/workload.txt" | head -n 5; status=1; }
		printf '%s %s: ' "$k" "$p"
		"$here/compare-lists" "$a/list" "$(cat "$a/mark")" "$b/list" "$(cat "$b/mark")" >"$work/result" || { status=1; echo; }
		cat "$work/result"
	done
done
exit "$status"
