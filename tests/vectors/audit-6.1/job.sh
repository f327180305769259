# SPDX-License-Identifier: BSD-2-Clause
# what makes each kind of audit record; dmesg is the result
keys=/opt/imad/keys helper=/opt/imad/helper
mkdir -p /root/a; chmod 755 /root; cd /root/a
echo 0 >/proc/sys/kernel/printk_ratelimit
ring=$(keyctl newring _ima @u); keyctl padd asymmetric rsa $ring <$keys/rsa.der >/dev/null
p=/sys/kernel/security/ima/policy
mark() { echo "== $*" >/dev/kmsg; }
t() { echo "$*"; "$@"; echo "  -> $?"; }
dmesg -C
mark measured
cp /usr/bin/id "with space"; cp /usr/bin/id 'with"quote'; cp /usr/bin/id "umläut"; cp /usr/bin/id $'tab\there'; cp /usr/bin/id plain; cp /usr/bin/id "apos'trophe"
for f in "with space" 'with"quote' umläut $'tab\there' plain "apos'trophe"; do cat "$f" >/dev/null; done
mark hash_exists
echo one >again; cat again; rm again; echo other >x; echo one >again; cat again
mark directio
t $helper direct plain
mark violations
exec 5>>plain; cat plain >/dev/null; exec 5>&-
exec 5<plain; echo >>plain; exec 5<&-
mark labels before the policy
prep() { cp /usr/bin/true $1; chmod 755 $1; }
for f in exec-none exec-good exec-bad exec-sha1 map-good map-none map-written map-plain-written read-none read-good read-sig read-bad read-trunc verity verity-measure dio dio-good set-label; do prep $f; done
for f in exec-good exec-bad map-good map-written map-plain-written read-good dio-good; do evmctl ima_hash -a sha256 $f >/dev/null 2>&1; done
evmctl ima_hash -a sha1 exec-sha1 >/dev/null 2>&1
for f in read-sig read-bad read-trunc; do evmctl ima_sign -a sha256 --key $keys/rsa.key $f >/dev/null 2>&1; done
printf x >>exec-bad; printf x >>read-bad
v=$(getfattr -n security.ima -e hex read-trunc | sed -n 's/^security.ima=//p'); setfattr -n security.ima -v ${v%????} read-trunc
chown 1001 exec-*; chown 1002 map-good map-none map-written; chown 1003 read-*; chown 1010 map-plain-written; chown 1011 verity; chown 1012 verity-measure; chown 1013 exec-sha1; chown 1014 dio dio-good
cp /usr/bin/true 'aud it'; cp /usr/bin/true audited; chown 1015 aud*
mark a wrong policy
t sh -c 'echo "measure func=BPRM_CHECK bogus=1" >'$p
t sh -c 'printf "measure func=BPRM_CHECK uid=0\nappraise func=NO\n" >'$p
t sh -c 'echo "# only words" >'$p
t sh -c 'echo "measure measure" >'$p
mark the policy
cat >/run/rules <<'P'
# kept
dont_measure fsmagic=0x9fa0
appraise func=BPRM_CHECK fowner=1001
appraise func=MMAP_CHECK fowner=1002
appraise func=FILE_CHECK mask=MAY_READ fowner=1003 appraise_type=imasig
appraise fowner=1010
appraise func=FILE_CHECK fowner=1011 digest_type=verity appraise_type=sigv3
measure func=FILE_CHECK fowner=1012 digest_type=verity template=ima-ngv2
appraise func=BPRM_CHECK fowner=1013 appraise_algos=sha256,sha384
appraise func=FILE_CHECK fowner=1014 permit_directio
audit func=BPRM_CHECK fowner=1015
measure func=CRITICAL_DATA label=one|two
measure func=BPRM_CHECK uid>0 pcr=11
appraise func=SETXATTR_CHECK appraise_algos=sha256,sha384
P
t sh -c 'cat /run/rules >'$p
mark decisions
for f in exec-*; do t $helper exec $f; done
for f in map-good map-none; do t $helper mmap $f; done
t $helper mmap-written map-written
t $helper mmap-written map-plain-written
t $helper mprotect map-good
for f in read-*; do t $helper open $f; done
t $helper open verity; t $helper open verity-measure
t $helper direct dio; t $helper direct dio-good
t $helper append read-sig
zeros=1111111111111111111111111111111111111111
t setfattr -n security.ima -v 0x01$zeros set-label
mark audited
t ./audited; t "./aud it"; t setpriv --reuid 65534 --clear-groups ./audited
cp audited again-audited; chown 1015 again-audited; t script -qc ./again-audited /dev/null
cp audited setid; chown 1015:1015 setid; t setpriv --ruid 33 --euid 34 --clear-groups ./setid
mark a policy that must be signed
t sh -c 'echo "appraise func=POLICY_CHECK appraise_type=imasig" >'$p
t sh -c 'echo "measure func=BPRM_CHECK uid=5" >'$p
cp /run/rules /root/rules
t sh -c 'echo /root/rules >'$p
mark evm xattrs
x=/sys/kernel/security/integrity/evm/evm_xattrs
cat $x
t sh -c 'echo security.mine >'$x; t sh -c 'echo security.mine >'$x; t sh -c 'echo user.mine >'$x; t sh -c "echo 'security.a b' >"$x
mark evm
keyctl add user kmk "$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')" @u >/dev/null
keyctl add encrypted evm-key "new user:kmk 32" @u >/dev/null
for f in m-none m-nolabel m-fail m-port; do cp /usr/bin/true $f; done
setfattr -x security.ima m-none 2>/dev/null
evmctl ima_hash -a sha256 m-nolabel >/dev/null 2>&1; evmctl ima_hash -a sha256 m-fail >/dev/null 2>&1
setfattr -n security.evm -v 0x0302040badc0de0004aabbccdd m-fail
evmctl sign --imasig --portable -a sha256 --key $keys/rsa.key m-port >/dev/null 2>&1
getfattr -d -m security -e hex m-*
t sh -c 'echo 1 >/sys/kernel/security/evm'
t chmod 700 m-nolabel; t chown 5 m-fail; t setfattr -n security.ima -v 0x0404$zeros$zeros m-none
t setfattr -n security.ima -v 0x0404${zeros}${zeros:0:24} m-nolabel
t setfattr -x security.ima m-fail
t setfattr -n security.evm -v 0x02$zeros m-nolabel
t setfattr -n security.mine -v 1 m-nolabel
t setfattr -n user.x -v 1 m-nolabel
t sh -c "echo . >"$x
mark end
sleep 1
dmesg >/run/host/dmesg
cp /sys/kernel/security/ima/ascii_runtime_measurements /run/host/list
