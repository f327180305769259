#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What is done in a guest while a list is written: each way that a file reaches a program. Runs as root; nothing here may depend on chance.
# $1: the shared folder's opt directory as copied into the guest
set +e
tools=$1
version=$(uname -r)
nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
W=/root/w
mkdir -p $W
chmod 755 /root $W
cd $W || exit 1

echo "## contents"
printf '#!/bin/sh\necho script-one\n' >s1.sh
printf '#!/usr/bin/python3\nprint("py")\n' >p1.py
printf '#!/root/w/inner.sh\nouter\n' >outer.sh
printf '#!/bin/sh\necho inner\n' >inner.sh
cp /usr/bin/true mytrue
cp /usr/bin/id myid
chmod 755 s1.sh p1.py outer.sh inner.sh mytrue myid
printf 'plain data\n' >data.txt
: >empty.txt
printf 'x' >'name with spaces.txt'
printf 'y' >"$(printf 'tab\tname.txt')"
printf 'q' >'ünïcode.txt'
long="$(printf 'd%.0s' $(seq 200))/$(printf 'e%.0s' $(seq 200))"
mkdir -p "$long"
printf 'long' >"$long/longpath.txt"
sync
sleep 3

echo "## exec"
./s1.sh; ./p1.py; ./mytrue; ./myid >/dev/null; ./outer.sh
echo "## read as root"
cat data.txt empty.txt 'name with spaces.txt' tab*name.txt ünïcode.txt "$long/longpath.txt" >/dev/null
echo "## read and exec as nobody"
printf 'nb' >nb.txt
cp /usr/bin/uname nbuname
chown nobody nb.txt
nobody cat $W/nb.txt
nobody ./nbuname
echo "## the dynamic loader run directly"
cp /usr/bin/sync mysync
/lib64/ld-linux-x86-64.so.2 ./mysync
echo "## modified and run again"
./mytrue
printf 'tail' >>mytrue
./mytrue
cat mytrue >/dev/null
echo "## same content, several names"
cp myid myid2
./myid2 >/dev/null
ln myid myid3
./myid3 >/dev/null
ln -s myid myid4
./myid4 >/dev/null
echo "## a library by preload, by dlopen, by hand"
cp /usr/lib/x86_64-linux-gnu/libm.so.6 libcopy.so
LD_PRELOAD=$W/libcopy.so ./myid >/dev/null
cp /usr/lib/x86_64-linux-gnu/libm.so.6 libdl.so
printf 'dl' >>libdl.so
nobody "$tools/helper" dlopen $W/libdl.so
cp /usr/lib/x86_64-linux-gnu/libm.so.6 libhand.so
printf 'hand' >>libhand.so
nobody "$tools/helper" mmap $W/libhand.so
cp /usr/lib/x86_64-linux-gnu/libm.so.6 libimplied.so
printf 'implied' >>libimplied.so
nobody "$tools/helper" mmap-implied $W/libimplied.so
"$tools/helper" mprotect $W/data.txt
echo "## read beside a writer"
printf 'v1' >viol1
(exec 8>>viol1; sleep 0.3; cat viol1 >/dev/null; sleep 0.3)
echo "## written beside a reader"
printf 'v2' >viol2
(exec 9<viol2; cat viol2 >/dev/null; sleep 0.3; printf 'more' >>viol2)
sleep 0.3
cat viol2 >/dev/null
echo "## a library mapped beside a writer"
cp /usr/lib/x86_64-linux-gnu/libm.so.6 libviol.so
(exec 8>>libviol.so; sleep 0.3; nobody "$tools/helper" dlopen $W/libviol.so; sleep 0.3)
echo "## unlinked, memfd"
cp /usr/bin/true gone
"$tools/helper" unlinked $W/gone
"$tools/helper" memfd /usr/bin/true mem
echo "## direct I/O"
"$tools/helper" direct $W/data.txt
echo "## overlay, bind, tmpfs, chroot, namespaces"
mkdir -p lo up wk mg tm
cp /usr/bin/arch lo/ovl_arch
cp /usr/bin/arch bind_arch
mount -t overlay ov -o lowerdir=lo,upperdir=up,workdir=wk mg && mg/ovl_arch >/dev/null
printf 'up' >>mg/ovl_arch
sleep 3
mg/ovl_arch >/dev/null
touch bm.file
mount --bind bind_arch bm.file && ./bm.file >/dev/null
mount -t tmpfs t tm
cp /usr/bin/arch tm/tm_arch
tm/tm_arch >/dev/null
umount tm && mount -t tmpfs t tm
cp /usr/bin/tty tm/tm_tty
tm/tm_tty >/dev/null
unshare -m sh -c 'mkdir -p /root/w/ns; mount --bind /usr/bin /root/w/ns; /root/w/ns/tty; /root/w/ns/nproc >/dev/null'
mkdir -p cup cwk cmg
unshare -m sh -c 'mount -t overlay c -o lowerdir=/,upperdir=cup,workdir=cwk cmg && exec chroot cmg /usr/bin/sha512sum /etc/passwd' >/dev/null
echo "## rename over"
cp /usr/bin/true ren
./ren
cp /usr/bin/false ren.new
mv ren.new ren
./ren
echo "## setuid"
cp /usr/bin/su mysu
chmod 4755 mysu
nobody $W/mysu --version >/dev/null
echo "## modules and firmware"
modprobe dummy
modprobe cfg80211
sleep 1
echo "## keys"
cp "$tools/cert.der" cert.der
ring=$(keyctl newring guest_ring @u)
keyctl padd asymmetric '' "$ring" <cert.der >/dev/null
echo "## kexec"
"$tools/helper" kexec "/boot/vmlinuz-$version" "/boot/initrd-$version" "console=ttyS0 guest=$version"
echo "## a policy by its path"
printf 'audit func=BPRM_CHECK uid=4242\n' >next-policy
[ -z "${POLICY_FILE:-}" ] || echo $W/next-policy >"$POLICY_FILE"
sleep 0.3
umount tm mg bm.file
sync
sleep 1
echo "## done"
