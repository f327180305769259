# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Part of test_appraise.sh: the files that are appraised, with labels good and bad. They are made here, by Debian's evmctl and by imactl, since most labels do not
# hang on inodes, and unpacked in each guest, where what does hang on them is added.

labels="nolabel hash-sha256 hash-sha1 hash-sha512 hash-bad sig-rsa-sha1 sig-rsa-sha256 sig-rsa-sha384 sig-rsa-sha512 sig-rsa4096 sig-ec-sha256 sig-ec-sha512 sig-ec-sha1
sig-big-sha384 sig-bad sig-unknownkey sig-truncated sig-long sig-v3plain sig-v1 sig-algo sig-keyid sig-ours-rsa sig-ours-rsa4096 sig-ours-ec sig-ours-big evmtype verity hash-short hash-long empty"
program=$lab/root/usr/bin/true

set_label() { setfattr -n security.ima -v "$2" "$1" || die "label of $1 cannot be set"; }
get_label() { getfattr -n security.ima -e hex "$1" 2>/dev/null | sed -n 's/^security.ima=//p'; }
# as_evmctl COMMAND OPTION... FILE
as_evmctl() { evmctl "$@" >"$work/evmctl.log" 2>&1 || die "evmctl $*: $(tail -n 1 "$work/evmctl.log")"; }
as_imactl() { "$build/imactl" "$@" >/dev/null || die "imactl $*"; }
hash() { as_evmctl ima_hash -a "$2" "$1"; }                              # FILE ALGORITHM
sign() { as_evmctl ima_sign -a "$2" --key "$keys/$3.key" "$1"; }         # FILE ALGORITHM KEY
seal() { as_evmctl sign "$2" --portable -a sha256 --key "$keys/$3.key" "$1"; } # FILE --imasig|--imahash KEY

label() { # FILE
	local value
	case $1 in *empty) : >"$1" ;; *) cp "$program" "$1" ;; esac
	case $1 in
	*hash-sha256 | *hash-bad) hash "$1" sha256 ;;
	*hash-sha1) hash "$1" sha1 ;;
	*hash-sha512) hash "$1" sha512 ;;
	*sig-rsa4096) sign "$1" sha256 rsa4096 ;;
	*sig-rsa-*) sign "$1" "${1##*-}" rsa ;;
	*sig-ec-*) sign "$1" "${1##*-}" ec ;;
	*sig-big-*) sign "$1" "${1##*-}" big ;;
	*sig-ours-*) as_imactl sign -k "$keys/${1##*-}.key" "$1" ;;
	*sig-unknownkey) sign "$1" sha256 other ;;
	*sig-*) sign "$1" sha256 rsa ;;
	esac
	value=$(get_label "$1")
	case $1 in
	*hash-bad | *sig-bad) printf x >>"$1" ;;
	*sig-truncated) set_label "$1" "${value%????????}" ;;
	*sig-long) set_label "$1" "${value}00" ;;
	*sig-v3plain) set_label "$1" "0x0303${value#0x0302}" ;;
	*sig-v1) set_label "$1" "0x0301$(printf '00%.0s' {1..30})" ;;
	*sig-algo) set_label "$1" "0x0302ff${value#0x030204}" ;;
	*sig-keyid) set_label "$1" "0x030204ffffffff${value#0x030204????????}" ;;
	*evmtype) set_label "$1" 0x02aabb ;;
	*verity) set_label "$1" "0x0603${value#0x0302}0400000000000100" ;;
	*hash-short) set_label "$1" 0x0404aabb ;;
	*hash-long) set_label "$1" "0x0404$(sha256sum <"$1" | cut -d' ' -f1)00" ;;
	esac
	chmod 755 "$1"
}

program_of() { cp "$program" "$2"; chown "$1" "$2"; chmod 755 "$2"; } # OWNER FILE

# signed metadata; evm-immutable gets its signature in the guest
sealed() {
	local f
	for f in portable ours-portable ours-hash immutable portable-mode portable-content portable-unknown portable-hash evm-none; do
		program_of 1007 evm-$f
		case $f in
		portable | portable-mode | portable-content) seal evm-$f --imasig rsa ;;
		portable-hash) seal evm-$f --imahash rsa ;;
		portable-unknown) seal evm-$f --imasig other ;;
		ours-portable) as_imactl sign --evm portable -k "$keys/rsa.key" evm-$f ;;
		ours-hash) as_imactl sign --evm portable --hash-label -k "$keys/rsa.key" evm-$f ;;
		immutable | evm-none) sign evm-$f sha256 rsa ;;
		esac
	done
	chmod 750 evm-portable-mode
	printf x >>evm-portable-content
}

# whoever can write security.evm: every part of it wrong by itself
sealed_badly() {
	local f value
	for f in type1 type4 type6 type9 empty hmac hmac-short hmac-long head short truncated long v1 v3 v4 algo sha1 keyid; do
		program_of 1007 evm-m-$f
		seal evm-m-$f --imasig rsa
		value=$(getfattr -n security.evm -e hex evm-m-$f 2>/dev/null | sed -n 's/^security.evm=0x//p')
		case $f in
		type1) value=01${value:2} ;;
		type4) value=04${value:2} ;;
		type6) value=06${value:2} ;;
		type9) value=09${value:2} ;;
		empty) value= ;;
		hmac) value=02$(printf 0%.0s {1..40}) ;;
		hmac-short) value=02aabb ;;
		hmac-long) value=02$(printf 0%.0s {1..42}) ;;
		head) value=${value:0:18} ;;
		short) value=0502 ;;
		truncated) value=${value%????????} ;;
		long) value=${value}00 ;;
		v1) value=0501${value:4} ;;
		v3) value=0503${value:4} ;;
		v4) value=0504${value:4} ;;
		algo) value=0502ff${value:6} ;;
		sha1) value=050202${value:6} ;;
		keyid) value=050204ffffffff${value:14} ;;
		esac
		setfattr -n security.evm -v "0x$value" evm-m-$f || die "security.evm of evm-m-$f cannot be set"
	done
}

modules() { # KERNEL
	local f
	for f in nolabel hash-sha256 sig-rsa-sha256 sig-bad sig-unknownkey sig-ec-sha256; do
		cp "$(find "$lab/root/lib/modules/$(ls "$lab/kernel-$1/lib/modules")" -name 'dummy.ko*')" load-$f.ko
		case $f in
		hash-*) hash load-$f.ko sha256 ;;
		sig-rsa* | sig-bad) sign load-$f.ko sha256 rsa ;;
		sig-ec*) sign load-$f.ko sha256 ec ;;
		sig-unknownkey) sign load-$f.ko sha256 other ;;
		esac
		[ $f != sig-bad ] || printf x >>load-$f.ko
		chown 1004 load-$f.ko
	done
}

pack() { tar --xattrs --xattrs-include='security.*' --numeric-owner -C "$1" -cf "$2" .; } # FOLDER ARCHIVE

# make_labelled: $work/KERNEL.tar for each kernel, the same for both who appraise
make_labelled() { # KERNEL...
	local u f
	mkdir -p "$work/labelled"
	cd "$work/labelled"
	for u in exec:1001 map:1002 read:1003 write:1005; do
		for f in $labels; do label "${u%:*}-$f"; chown "${u#*:}" "${u%:*}-$f"; done
	done
	mkdir new
	chown 1006 new
	sealed
	sealed_badly
	for f in asked-a asked-b; do program_of 1009 $f; hash $f sha256; done
	program_of 1008 set-label
	for u in "$@"; do
		modules "$u"
		pack "$work/labelled" "$work/$u.tar"
	done
	cd "$OLDPWD"
}
