#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# EVM's rules for changing metadata: boots of the same kernel, once with its own EVM, once with imad's, the same files with HMACs, portable and
# other signatures, wrong ones and none. Each change ends with the same error number and audit record; the HMACs that follow are good for the other side.
# Modes: hmac; sealed: signatures alone, and nothing more is to come; fix: hmac with evm=fix; labels: SELinux labels new files. RUNS="6.12:hmac" chooses.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"

keys=$work/keys
mkdir -p "$keys"
# shellcheck source=tests/keys.sh
. "$here/../keys.sh"
make_key "$keys" rsa rsa:2048
command -v checkpolicy >/dev/null || skip "checkpolicy is missing"

cat >"$work/prepare.sh" <<'J'
keys=/opt/imad/keys
mount -o remount,rw / 2>/dev/null
. /opt/imad/ready.sh
start() { ./imad --config /dev/null --policy /run/rules --tpm none --audit log --grace 0 --settle-ms 0 --state-dir /run/state --allow-kernel-ima 1 "$@" >>/run/imad.log 2>&1 & wait_ready || exit 1; }
stop() { kill -TERM "$(cat /run/imad/lock)"; wait; sed -i "s/imad: ready/imad: was ready/" /run/imad.log; }
mkdir -p /root/e /run/evmkeys; chmod 755 /root; cp $keys/rsa.der /run/evmkeys/
keyctl add user kmk "$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')" @u >/dev/null
keyctl pipe %user:kmk >/run/master; keyctl add encrypted evm-key "new user:kmk 32" @u >/dev/null || exit 1
keyctl pipe %encrypted:evm-key >/run/blob; chmod 400 /run/master /run/blob
printf 'appraise func=BPRM_CHECK fowner=%s\n' 1001 1002 >/run/rules
echo 'appraise func=FILE_CHECK fowner=1006' >>/run/rules
imad_hmac="--evm-key /run/blob --evm-master-key /run/master"
# label_as MODEL FILE...: what evmctl gave the one is right for all that have its content, owner and mode
label_as() {
	local value f
	value=$(getfattr -d -m security -e hex $1 2>/dev/null | grep =)
	for f in "${@:2}"; do printf '# file: %s\n%s\n\n' $f "$value"; done | setfattr --restore=-
}
shopt -s nullglob
prepare() { # MODE
	local f
	[ $1 != labels ] || { mount -t selinuxfs selinux /sys/fs/selinux && cat /opt/imad/selinux.policy >/sys/fs/selinux/load; } || exit 1
	# the mode keeps "metadata may be written" until an HMAC key comes: where none does it is not set
	[ $1 = sealed ] || echo 4 >/sys/kernel/security/evm || exit 1
	change make /root/e $1
	cd /root/e
	[ $1 != labels ] || { sync; return; }
	evmctl sign --imasig --portable -a sha256 --key $keys/rsa.key port-chmod >/dev/null 2>&1 || echo "port-chmod cannot be signed"
	label_as port-chmod port-* badport-*
	chmod 750 badport-*
	/opt/imad/imactl sign -q --evm immutable -k $keys/rsa.key imm-* badimm-* >/dev/null || echo "imm-* cannot be signed"
	[ $1 != sealed ] || chmod 750 badimm-*
	evmctl ima_hash -a sha256 nolab-chmod >/dev/null 2>&1 || echo "nolab-chmod cannot be labelled"
	label_as nolab-chmod nolab-* badhmac-*
	[ $1 = sealed ] || setfattr -n security.evm -v 0x02$(printf 0%.0s {1..40}) badhmac-*
	if [ $1 != sealed ]; then
		cd /opt/imad
		start --tier fanotify --mount-point none --behaviour $2 $imad_hmac ima_appraise=fix
		for f in /root/e/hmac-*; do $f; done
		stop
		cd /root/e
	fi
	sync
}
# each file is looked at by whoever appraises
prime() { [ $1 = labels ] || change use /root/e $1 >/dev/null 2>&1; }
change() { python3 /opt/imad/evm_changes.py "$@"; }
state() { change state /root/e $1; }
runs() { change use /root/e $1; }
J
kernel_job() { # KERNEL MODE
	cat "$work/prepare.sh"
	cat <<J
prepare $2 $1
ring=\$(keyctl newring _evm @u); keyctl padd asymmetric rsa \$ring <\$keys/rsa.der >/dev/null
ring=\$(keyctl newring _ima @u); keyctl padd asymmetric rsa \$ring <\$keys/rsa.der >/dev/null
echo 0 >/proc/sys/kernel/printk_ratelimit
echo $([ "$2" != sealed ] && echo 3 || echo 0x80000002) >/sys/kernel/security/evm || { echo "the kernel takes no key"; exit 1; }
cat /run/rules >/sys/kernel/security/ima/policy || exit 1
prime $2
dmesg -C
change run /root/e $2 >/run/host/changes
sleep 1
dmesg >/run/host/audit
state $2 >/run/host/state
runs $2 >/run/host/kernel
[ $2 != sealed ] || exit 0
cd /opt/imad
start --tier fanotify --mount-point none --behaviour $1 \$imad_hmac --keys /run/evmkeys --evm-keys /run/evmkeys ima_appraise=enforce
runs $2 >/run/host/imad
cd /opt/imad; stop
exit 0
J
}
imad_job() { # KERNEL MODE
	cat "$work/prepare.sh"
	cat <<J
prepare $2 $1
modprobe fuse; mkdir -p /run/view
cd /opt/imad
start --tier gate --fail-mode closed --mount-point /run/view --behaviour $1 $([ "$2" = sealed ] || echo '$imad_hmac') $([ "$2" != fix ] || echo evm=fix) --keys /run/evmkeys --evm-keys /run/evmkeys ima_appraise=enforce
[ $2 != sealed ] || echo 0x80000002 >/run/view/integrity/evm/evm || exit 1
prime $2
said=\$(wc -l </run/imad.log)
change run /root/e $2 >/run/host/changes
sleep 2
tail -n +\$((said + 1)) /run/imad.log | grep audit: >/run/host/audit
state $2 >/run/host/state
runs $2 >/run/host/imad
cd /opt/imad; ./imactl status --json >/run/host/status.json; stop
cp /run/imad.log /run/host/log
[ $2 != sealed ] || exit 0
ring=\$(keyctl newring _evm @u); keyctl padd asymmetric rsa \$ring <\$keys/rsa.der >/dev/null
ring=\$(keyctl newring _ima @u); keyctl padd asymmetric rsa \$ring <\$keys/rsa.der >/dev/null
echo 3 >/sys/kernel/security/evm || { echo "the kernel takes no key"; exit 1; }
cat /run/rules >/sys/kernel/security/ima/policy || exit 1
runs $2 >/run/host/kernel
exit 0
J
}
causes() { sed -n 's/.*op=\([a-z]*_metadata\) cause=\([^ ]*\) .* name="\([^"]*\)".*res=\([01]\).*/\1 \2 \3 \4/p' "$1" | sort | uniq -c; }
modules_of() { # MODE WHO: before 6.6 the kernel falls over new files where EVM has an HMAC key and BPF is among the security modules
	case $1-$2 in
	labels-kernel) echo lsm=lockdown,yama,selinux,integrity ;;
	labels-imad) echo lsm=lockdown,yama,selinux,bpf,integrity ;;
	*-kernel) echo lsm=lockdown,yama,integrity ;;
	fix-imad) echo evm=fix ;;
	esac
}
boot_one() { # KERNEL MODE WHO
	local out=$work/$1-$2-$3
	put_programs "$out"
	cp -r "$keys" "$here/evm_changes.py" "$out/share/opt/"
	[ "$2" != labels ] || checkpolicy -U allow -c 33 -o "$out/share/opt/selinux.policy" "$here/selinux.conf" >/dev/null || die "no SELinux policy"
	"$3_job" "$1" "$2" >"$out/share/job.sh"
	boot_guest "$1" "$out" "no_timer_check ima_appraise=enforce audit=1 $(modules_of "$2" "$3") $([ "$2-$3" != fix-kernel ] || echo evm=fix)"
}
same() { # WHAT A B
	if diff "$2" "$3" >"$work/diff"; then
		echo "$1: $(wc -l <"$2") the same"
	else
		echo "$1: differ (< kernel, > imad)"
		head -n 60 "$work/diff"
		status=1
	fi
}
status=0
runs=${RUNS:-6.1:hmac 6.12:hmac 6.1:sealed 6.12:sealed 6.12:fix 6.12:labels}
boots=()
for run in $runs; do for who in imad kernel; do boots+=("${run%:*} ${run#*:} $who"); done; done
side_by_side boot_one "${boots[@]}" || status=1
for run in $runs; do
	k=${run%:*} mode=${run#*:}
	a=$work/$k-$mode-kernel/share b=$work/$k-$mode-imad/share
	cat "$a/out.txt" "$b/out.txt"
	{ [ "$mode" = labels ] || grep -q ' EPERM$' "$a/changes"; } && grep -q ' 0$' "$a/changes" || die "$k $mode: nothing was decided"
	# before 6.9 nobody tells the gate that mknod(2) made a file: nobody looked at it, and it is refused
	[ "$k" != 6.1 ] || sed -i '/^fresh mknod/d' "$a/changes" "$b/changes"
	[ "$k" != 6.1 ] || sed -i '/name="fresh-mknod"/d' "$a/audit" "$b/audit"
	same "$k $mode changes" "$a/changes" "$b/changes"
	same "$k $mode owners, modes, attributes" "$a/state" "$b/state"
	causes "$a/audit" >"$work/a"
	causes "$b/audit" >"$work/b"
	same "$k $mode audit records" "$work/a" "$work/b"
	same "$k $mode usable afterwards" "$a/kernel" "$b/imad"
	[ "$mode" != sealed ] || continue
	same "$k $mode the kernel's HMACs, for the kernel and for imad" "$a/kernel" "$a/imad"
	same "$k $mode imad's HMACs, for the kernel and for imad" "$b/kernel" "$b/imad"
done
exit "$status"
