# SPDX-License-Identifier: BSD-2-Clause
helper=/opt/imad/helper keys=/opt/imad/keys
mount -t devpts devpts /dev/pts 2>/dev/null || { mkdir -p /dev/pts; mount -t devpts devpts /dev/pts; }
mkdir -p /root/a; chmod 755 /root; cd /root/a
echo 0 >/proc/sys/kernel/printk_ratelimit
p=/sys/kernel/security/ima/policy
mark() { echo "== $*" >/dev/kmsg; }
t() { echo "$*"; "$@"; echo "  -> $?"; }
prep() { cp /usr/bin/true $1; chmod 755 $1; }
for f in sha1 sha256 dio dio-permitted audited written; do prep $f; done
evmctl ima_hash -a sha1 sha1 >/dev/null 2>&1; evmctl ima_hash -a sha256 sha256 >/dev/null 2>&1; evmctl ima_hash -a sha256 written >/dev/null 2>&1
chown 1013 sha1 sha256; chown 1014 dio; chown 1016 dio-permitted; chown 1015 audited; chown 1017 written
dmesg -C
cat >/run/rules <<'P'
appraise func=BPRM_CHECK fowner=1013 appraise_algos=sha256,sha384
measure func=FILE_CHECK fowner=1014
appraise func=FILE_CHECK fowner=1016 permit_directio
appraise func=FILE_CHECK fowner=1014
audit func=BPRM_CHECK fowner=1015
appraise func=MMAP_CHECK fowner=1017
audit func=FILE_CHECK fowner=1017
measure func=BPRM_CHECK fowner=1013
P
t sh -c 'cat /run/rules >'$p
mark decisions
t $helper exec sha1; t $helper exec sha1; t $helper exec sha256
t $helper direct dio; t $helper direct dio-permitted
t script -qc ./audited /dev/null
t $helper mmap written; t $helper mmap-written written; t $helper mmap written; t $helper open written
mark end
sleep 1
dmesg >/run/host/dmesg
