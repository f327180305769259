#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# What imad's gate refuses is what the kernel's IMA and EVM refuse, with the same error number and the same audit cause: twin boots of the same
# kernel with the same files, labels, keys and rules, sha512 and ECDSA loaded. Then EVM's HMACs, the kernel's read by imad and imad's by the kernel.
# Debian's 6.1 has no ECDSA: there neither side is given such a key. KERNELS="6.1 6.12" chooses.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"

keys=$work/keys
mkdir -p "$keys"
# shellcheck source=tests/keys.sh
. "$here/../keys.sh"
# shellcheck source=tests/guest/verity.sh
. "$here/verity.sh"
# shellcheck source=tests/guest/labelled.sh
. "$here/labelled.sh"
for name in fsverity evmctl setfattr; do command -v $name >/dev/null || skip "$name is missing"; done
: >"$work/probe"
setfattr -n security.evm -v 0x05 "$work/probe" 2>/dev/null || skip "security.evm cannot be written in /var/tmp"
key() { make_key "$keys" "$@"; }
key rsa rsa:2048
key rsa4096 rsa:4096
key ec ec -pkeyopt ec_paramgen_curve:P-256
key big ec -pkeyopt ec_paramgen_curve:P-384
key other rsa:2048
make_messages "$work/messages"

# the same files and labels in every guest, but for what hangs on an inode
# shellcheck disable=SC2086
make_labelled ${KERNELS:-6.1 6.12}
make_verity
cat >"$work/prepare.sh" <<'J'
keys=/opt/imad/keys
modprobe sha512_generic; modprobe -q ecdsa_generic || :
mkdir -p /root/a /root/v; chmod 755 /root /root/v
echo 4 >/sys/kernel/security/evm || echo "metadata writes are not allowed"
unpack() { tar --xattrs --xattrs-include='security.*' --numeric-owner -C /root/$1 -xf /run/host/$1.tar || exit 1; }
unpack a; cd /root/a
/opt/imad/imactl sign --evm immutable -k $keys/rsa.key evm-immutable >/dev/null || echo "evm-immutable cannot be signed"
cat >/run/rules <<'P'
appraise func=BPRM_CHECK fowner=1001
appraise func=MMAP_CHECK fowner=1002
appraise func=FILE_CHECK mask=MAY_READ fowner=1003 appraise_type=imasig
appraise func=MODULE_CHECK fowner=1004 appraise_type=imasig
appraise func=FILE_CHECK mask=MAY_WRITE fowner=1005
appraise func=FILE_CHECK fowner=1006
appraise func=BPRM_CHECK fowner=1007 appraise_type=imasig
appraise func=SETXATTR_CHECK appraise_algos=sha256,sha384
appraise func=BPRM_CHECK fowner=1009 appraise_type=imasig
appraise func=FILE_CHECK mask=MAY_READ fowner=1009
P
getfattr -d -m security -e hex * >/run/host/xattrs 2>/dev/null
J
verity_prepare >>"$work/prepare.sh"
cat >"$work/uses.sh" <<'J'
helper=/opt/imad/helper
zeros=1111111111111111111111111111111111111111111111111111111111111111
try() { local said; said=$($helper "${@:2}" 2>&1); echo "$1 ${3##*/}: $? $said"; }
first() {
	local f
	for f in exec-*; do try exec exec $f; done
	for f in map-*; do try map mmap $f; done
	try written mmap-written map-hash-sha256
	try written_before mmap map-hash-sha256
	for f in read-*; do try read open $f; done
	for f in write-*; do try write append $f; done
	for f in load-*; do try load load $f dummy; done
	for v in 0x0404${zeros} 0x0405${zeros} 0x0406${zeros} 0x01${zeros:0:40} 0x01${zeros:0:32}00000000 0x030204aabbccdd0001aa 0x030206aabbccdd0001aa 0x0603040000000000000000 0x09aabb 0x02aabb 0x04ff00; do
		setfattr -n security.ima -v $v set-label >/tmp/said 2>&1
		echo "label $v: $? $(cat /tmp/said)"
	done
	for f in /root/v/v-*; do try verity exec $f; done
	setfattr -x security.ima set-label; echo "no label: $?"
	setpriv --reuid 1006 --clear-groups bash -c 'for i in 1 2 3; do echo $i >new/f$i && cat new/f$i && echo more >>new/f$i && cat new/f$i; done' 2>&1
	asked
	sleep 1
	getfattr -n security.ima -e hex new/* 2>&1
}
# what one rule asked of a file is asked by the next as well, till owner, mode or times are set
asked() {
	try read open asked-a
	try exec exec asked-a
	try read open asked-a
	printf x >>asked-a; setfattr -n security.ima -v "0x0404$({ cat /usr/bin/true; printf x; } | sha256sum | cut -d' ' -f1)" asked-a
	try read open asked-a
	chmod 755 asked-a
	try read open asked-a
	try exec exec asked-b
	try read open asked-b
	touch asked-b
	try read open asked-b
}
second() { for f in evm-*; do try evm exec $f; done; }
J
known_keys() { [ "$1" = 6.1 ] && echo rsa rsa4096 || echo rsa rsa4096 ec big; } # KERNEL
kernel_job() { # KERNEL
	cat "$work/prepare.sh" "$work/uses.sh"
	echo "known='$(known_keys "$1")'"
	cat <<'J'
ring=$(keyctl newring _ima @u)
for k in $known; do keyctl padd asymmetric $k $ring <$keys/$k.der >/dev/null || echo "key $k refused"; done
ring=$(keyctl newring _evm @u); keyctl padd asymmetric rsa $ring <$keys/rsa.der >/dev/null
echo 0 >/proc/sys/kernel/printk_ratelimit
J
	verity_kernel
	cat <<'J'
dmesg -C
cat /run/rules >/sys/kernel/security/ima/policy || exit 1
first >/run/host/first
grep ' /root/v/' /sys/kernel/security/ima/ascii_runtime_measurements | cut -d' ' -f3- >/run/host/list
echo 2 >/sys/kernel/security/evm
second >/run/host/second
sleep 1
dmesg >/run/host/audit
J
}
start='. /opt/imad/ready.sh
start() { ./imad --config /dev/null --policy /run/rules --tpm none --mount-point none --grace 0 --tier ${tier:-gate} --fail-mode closed --settle-ms 0 --state-dir /run/state --allow-kernel-ima 1 "$@" >>/run/imad.log 2>&1 & wait_ready || exit 1; }
stop() { kill -TERM "$(cat /run/imad/lock)"; wait; sed -i "s/imad: ready/imad: was ready/" /run/imad.log; }'
imad_job() { # KERNEL
	cat "$work/prepare.sh" "$work/uses.sh"
	cat <<J
$start
cd /opt/imad
mkdir /run/keys /run/evmkeys; for k in $(known_keys "$1"); do cp keys/\$k.der /run/keys/; done; cp keys/rsa.der /run/evmkeys/
start --behaviour $1 --keys /run/keys ima_appraise=enforce
cd /root/a
first >/run/host/first
cd /opt/imad; ./imactl list | grep ' /root/v/' | cut -d' ' -f3- >/run/host/list; stop
echo 0 >/proc/sys/kernel/printk_ratelimit; dmesg -C
start --behaviour $1 --keys /run/keys --evm-keys /run/evmkeys --audit kernel ima_appraise=enforce
cd /root/a
second >/run/host/second
sleep 1
cp /run/imad.log /run/host/audit
dmesg | grep 'type=1121 ' | tee -a /run/host/audit >/run/host/audit-1121
cd /opt/imad; stop
J
	modsig_imad "$1"
}
# one guest, both ways: labels with HMACs made by imad in mode fix are good for the kernel; those the kernel made are good for imad
hmac_job() { # KERNEL
	cat <<J
$start
tier=fanotify
mkdir -p /root/h/new; cd /root/h; chmod 755 /root; chown 1006 new
cp /usr/bin/true ours; chown 1001 ours; chmod 755 ours
keyctl add user kmk "\$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \\n')" @u >/dev/null
keyctl pipe %user:kmk >/run/master; keyctl add encrypted evm-key "new user:kmk 32" @u >/dev/null || exit 1
keyctl pipe %encrypted:evm-key >/run/blob; printf 'another key' >/run/wrong; chmod 400 /run/master /run/blob /run/wrong
printf 'appraise func=BPRM_CHECK fowner=1001\nappraise func=BPRM_CHECK fowner=1006\nappraise func=FILE_CHECK fowner=1006\n' >/run/rules
say() { "\${@:2}" 2>/dev/null; echo "\$1: \$?" >>/run/host/hmac; }
echo 4 >/sys/kernel/security/evm || echo "metadata writes are not allowed"
cd /opt/imad
start --behaviour $1 --evm-key /run/blob --evm-master-key /run/master ima_appraise=fix
say "fix ours" /root/h/ours
stop
getfattr -d -m security -e hex /root/h/ours
echo 1 >/sys/kernel/security/evm || echo "the kernel takes no HMAC key"
cat /run/rules >/sys/kernel/security/ima/policy
setpriv --reuid 1006 --clear-groups cp /usr/bin/true /root/h/new/theirs
getfattr -d -m security -e hex /root/h/new/theirs
say "kernel ours" /root/h/ours
say "kernel theirs" /root/h/new/theirs
start --behaviour $1 --evm-key /run/blob --evm-master-key /run/master ima_appraise=enforce
say "imad theirs" /root/h/new/theirs
say "imad ours" /root/h/ours
stop
start --behaviour $1 --evm-key /run/wrong ima_appraise=enforce
say "imad theirs with another key" /root/h/new/theirs
say "imad ours with another key" /root/h/ours
stop
grep cause= /run/imad.log
dmesg | grep cause= | tail -n 20
exit 0
J
}
causes() { sed -n 's/.*op=\([a-z_]*\) cause=\([^ ]*\) .* name="\([^"]*\)".*res=\([01]\).*/\1 \2 \3 \4/p' "$1" | sed 's|/[^ ]*/||' | sort -u; }

boot_one() { # KERNEL WHO
	local out=$work/$1-$2
	put_programs "$out"
	[ "$2" = hmac ] || verity_files "$out/share/opt" "$1"
	cp -r "$keys" "$out/share/opt/"
	[ "$2" = hmac ] || { cp "$work/$1.tar" "$out/share/a.tar"; cp "$work/v.tar" "$out/share/"; }
	"$2_job" "$1" >"$out/share/job.sh"
	# before 6.6 the kernel falls over new files where EVM has an HMAC key and BPF is among the security modules
	GUEST_EXT4=verity boot_guest "$1" "$out" "ima_appraise=enforce audit=1 audit_backlog_limit=8192 $([ "$2" != hmac ] || echo lsm=lockdown,yama,integrity)"
}
same() { # WHAT A B
	if diff "$2" "$3" >"$work/diff"; then
		echo "$1: $(wc -l <"$2") the same"
	else
		echo "$1: differ (< kernel, > imad)"
		head -n 40 "$work/diff"
		status=1
	fi
}
# the kernel's verdict on messages, by its fs-verity, is imactl's; signed attributes are refused for modules, too, before the key is looked for
check_messages() { # KERNEL FILE
	local odd
	odd=$(sed -n 's/^\([^ ]*\) kernel \([a-z]*\) imactl \([a-z]*\):.*/\1 \2 \3/p' "$2" | awk '$2 != $3 { printf "%s(%s/%s) ", $1, $2, $3 }')
	echo "$1 messages: $(grep -c '^[^ ]* kernel good' "$2") good, $(grep -c '^[^ ]* kernel bad' "$2") bad, other than the kernel: ${odd:-none}"
	grep -q '^rsa-sha256 kernel good' "$2" && grep -q '^leaf-with-chain kernel good' "$2" || { cat "$2"; die "$1: the kernel verifies no message"; }
	[ -z "$odd" ] || { cat "$2"; status=1; }
	grep -q '^module attr: 1 .*rejected' "$2" && grep -q '^module noattr: 0' "$2" || { cat "$2"; echo "$1: signed attributes of modules"; status=1; }
}
# modules with Debian's signature, without it, changed, with the kernel's certificate and without it
check_modsig() { # KERNEL SHARE
	local want
	want='debian m-changed.ko: 1
debian m-hash.ko: 0
debian m-imasig.ko: 0
debian m-plain.ko: 1
debian m-signed.ko: 0
debian m-tail.ko: 1
debian m-unknown.ko: 0
nokey m-changed.ko: 1
nokey m-hash.ko: 1
nokey m-imasig.ko: 0
nokey m-plain.ko: 1
nokey m-signed.ko: 1
nokey m-tail.ko: 1
nokey m-unknown.ko: 1
revoked m-changed.ko: 1
revoked m-hash.ko: 1
revoked m-imasig.ko: REVOKED
revoked m-plain.ko: 1
revoked m-signed.ko: 1
revoked m-tail.ko: 1
revoked m-unknown.ko: 1'
	# the module that imad's own kind of label signs has the revoked content as a whole file: looked at since 6.6 only
	want=${want/REVOKED/$([ "$1" = 6.1 ] && echo 0 || echo 1)}
	if [ "$(sed 's/^\([a-z]* [^ ]* [0-9]\).*/\1/' "$2/modsig")" = "$want" ]; then
		echo "$1 modules with appended signatures: $(wc -l <"$2/modsig") as expected"
	else
		cat "$2/modsig"
		status=1
	fi
	! grep ': 1' "$2/modsig" | grep -v 'Permission denied' || { echo "$1: refused by somebody else"; status=1; }
	grep " ima-modsig .*/root/m/m-signed.ko .*sha256:$(cat "$2/module-digest") $(cat "$2/module-message")\$" "$2/modsig-list" >/dev/null ||
		{ echo "$1: no record with the module's message"; grep m-signed "$2/modsig-list"; status=1; }
	grep -q " ima-buf sha256:[0-9a-f]* blacklisted-hash $(cat "$2/module-digest")\$" "$2/modsig-revoked" || { echo "$1: no record of the revoked module"; cat "$2/modsig-revoked"; status=1; }
}
status=0
kernels=${KERNELS:-6.1 6.12}
boots=()
for who in imad hmac kernel; do for k in $kernels; do boots+=("$k $who"); done; done
side_by_side boot_one "${boots[@]}" || status=1
for k in $kernels; do
	a=$work/$k-kernel/share b=$work/$k-imad/share
	cat "$a/out.txt" "$b/out.txt"
	grep -q ': 0' "$a/first" && grep -q 'Permission denied' "$a/first" || die "$k: nothing was decided"
	# made by imactl, good for the kernel
	grep -q 'exec exec-sig-ours-rsa: 0' "$a/first" && grep -q 'exec exec-sig-ours-rsa4096: 0' "$a/first" && grep -q 'evm evm-ours-portable: 0' "$a/second" &&
		grep -q 'evm evm-ours-hash: 0' "$a/second" || die "$k: the kernel does not take what imactl signed: $(grep ours "$a/first" "$a/second")"
	[ "$k" = 6.1 ] || grep -q 'exec exec-sig-ours-ec: 0' "$a/first" && grep -q 'exec exec-sig-ours-big: 0' "$a/first" || [ "$k" = 6.1 ] || die "$k: the kernel does not take our ECDSA signatures"
	# before 6.9 nothing but fanotify can refuse an open, and it says EPERM
	[ "$k" != 6.1 ] || sed -i '/^read /s/Operation not permitted/Permission denied/; /^write /s/Operation not permitted/Permission denied/' "$b/first"
	same "$k outcomes" "$a/first" "$b/first"
	same "$k outcomes with EVM" "$a/second" "$b/second"
	# without auditd the kernel's log shows what its audit system was given
	grep -q "ima_type=INTEGRITY_DATA pid=.*op=appraise_data cause=.*exe=\"/opt/imad/imad\".*res=failed" "$b/audit-1121" || die "$k: no records in the audit system"
	echo "$k: $(wc -l <"$b/audit-1121") records of type 1121 in the audit system"
	causes "$a/audit" >"$work/a"
	causes "$b/audit" >"$work/b"
	same "$k audit causes" "$work/a" "$work/b"
	sed -i '/ .root.v.v-sig-ec /s/ [0-9a-f]*$//' "$a/list" "$b/list" # no two ECDSA signatures are the same
	same "$k fs-verity records" "$a/list" "$b/list"
	[ "$(grep -c verity:sha "$a/list")" -ge 10 ] || die "$k: no fs-verity digests are listed: $(cat "$a/list" "$a/out.txt")"
	grep -q 'verity v-sig: 0' "$a/first" && grep -q 'verity v-ours: 0' "$a/first" && grep -q 'verity v-sig-sha512: 0' "$a/first" ||
		die "$k: the kernel takes no fs-verity signature: $(grep verity "$a/first")"
	check_messages "$k" "$a/messages"
	check_modsig "$k" "$b"
	h=$work/$k-hmac/share
	[ "$(grep -c ': 0$' "$h/hmac")" = 5 ] && [ "$(grep -c 'another key: 126$' "$h/hmac")" = 2 ] && echo "$k HMACs: both ways good" || { echo "$k HMACs:"; cat "$h/hmac" "$h/out.txt"; status=1; }
done
exit "$status"
