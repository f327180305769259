# SPDX-License-Identifier: BSD-2-Clause
# The examples, built alone against what is installed: headers, library and pkg-config file, and nothing else. What they print is what openssl,
# evmctl and the recorded PCR values say.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/../keys.sh"
top=$(cd "$(dirname "$0")/../.." && pwd)
for tool in meson cc pkg-config openssl evmctl fsverity setfattr; do command -v $tool >/dev/null || skip "$tool is missing"; done
make_mount 32M
cd "$work"
DESTDIR=$work/dest meson install -C "$build" --no-rebuild --quiet >"$work/said" 2>&1 || die "meson install: $(tail -n 5 "$work/said")"
pc=$(find dest -name libima.pc); [ -n "$pc" ] || die "no pkg-config file is installed"
export PKG_CONFIG_SYSROOT_DIR=$work/dest PKG_CONFIG_PATH=$work/${pc%/*}
lib=$(pkg-config --variable=libdir libima); case $lib in "$work"/*) ;; *) lib=$work/dest$lib ;; esac
for e in hash sign verify replay; do
	# shellcheck disable=SC2046
	cc -std=c11 -D_DEFAULT_SOURCE -D_GNU_SOURCE -Wall -Wextra -Werror -o $e "$top/examples/$e.c" $(pkg-config --cflags --libs libima) >"$work/said" 2>&1 || die "$e.c: $(cat "$work/said")"
done
export LD_LIBRARY_PATH=$lib

mkdir keys; make_key keys ec ec -pkeyopt ec_paramgen_curve:P-256; make_key keys other rsa:2048
printf 'text of a file\n' >mnt/f
want="content sha256:$(openssl dgst -sha256 -r mnt/f | cut -d' ' -f1) fs-verity $(fsverity digest --compact mnt/f | sed 's/^/sha256:/') "
[ "$(./hash mnt/f | tr '\n' ' ')" = "$want" ] || die "hash: $(./hash mnt/f), not $want"

# the labels onto a file with the metadata that they were made for
printf '#!/bin/sh\n' >mnt/g; chmod 755 mnt/g; chown 0:0 mnt/g
setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 mnt/g
./sign keys/ec.key '#!/bin/sh
' >labels || die "sign"
for name in ima evm; do setfattr -n security.$name -v "$(sed -n "s/^security.$name=//p" labels)" mnt/g; done
evmctl ima_verify --key keys/ec.der mnt/g >"$work/said" 2>&1 || die "evmctl does not verify the example's label: $(cat "$work/said")"
evmctl verify --portable --key keys/ec.der mnt/g >"$work/said" 2>&1 || die "evmctl does not verify the example's metadata: $(cat "$work/said")"
[ "$(./verify keys/ec.der mnt/g)" = good ] || die "verify"
s=0; ./verify keys/other.der mnt/g >out || s=$?; [ $s = 1 ] && [ "$(cat out)" = "bad: unknown key" ] || die "another key: $s, $(cat out)"
printf x >>mnt/g; s=0; ./verify keys/ec.der mnt/g >out || s=$?; [ $s = 1 ] && [ "$(cat out)" = "bad: bad signature" ] || die "changed: $s, $(cat out)"
s=0; ./verify keys/ec.der mnt/f >out || s=$?; [ $s = 1 ] && [ "$(cat out)" = "bad: IMA-signature-required" ] || die "no label: $s, $(cat out)"
s=0; ./sign mnt/f x >out 2>said || s=$?; [ $s = 3 ] && grep -q 'not a private key' said || die "no key: $s, $(cat said)"

# the kernel's list and the TPM's value
v=${IMA_TEST_VECTORS:-$top/tests/vectors}/6.12-tcb
./replay "$v/binary_runtime_measurements" >out || die "replay"
grep -q ', 0 bad$' out && pcr=$(sed -n 's/^sha256 10 //p' out) && [ -n "$pcr" ] && grep -qi "$pcr" "$v/pcrs" || die "replay: $(cat out)"
cd /
