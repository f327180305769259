# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What the scripts share: package names in one place, installing what is missing, building.

packages_build="meson ninja-build gcc pkg-config libc6-dev libssl-dev libkeyutils-dev libtss2-dev libtpms-dev libfuse3-dev fuse3 libinih-dev libjansson-dev libaudit-dev libcap-ng-dev libsystemd-dev libbpf-dev clang bpftool libsqlite3-dev libarchive-dev libcbor-dev libseccomp-dev"
packages_test="libcmocka-dev runit checkpolicy swtpm swtpm-tools tpm2-tools ima-evm-utils fsverity mandoc attr keyutils cpio rpm zstd xz-utils lz4 bzip2 python3-jsonschema squashfs-tools erofs-utils e2fsprogs jq python3 procps util-linux mount xxd softhsm2 libengine-pkcs11-openssl tpm2-openssl strace busybox-static chromium fonts-dejavu-core"

say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 3; }

is_debian() { [ -r /etc/debian_version ] && command -v apt-get >/dev/null 2>&1; }
is_root() { [ "$(id -u)" = 0 ]; }

# names of the given packages that are not installed
missing_packages() {
	local p
	for p in "$@"; do
		dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || printf '%s ' "$p"
	done
}

# install_packages NAME...: nothing when all are there; one clear line when it cannot be done
install_packages() {
	local missing
	if ! is_debian; then
		say "This is not Debian. What is needed: a C compiler, meson, ninja, pkg-config, and the development files of OpenSSL 3, keyutils, tpm2-tss, libtpms, fuse3, inih, jansson, audit, libcap-ng, libsystemd, SQLite 3, libarchive, libcbor, libbpf with clang and bpftool (tests: cmocka, swtpm, tpm2-tools, ima-evm-utils)."
		return 0
	fi
	missing=$(missing_packages "$@")
	[ -n "$missing" ] || return 0
	is_root || fail "These packages are missing, and installing them needs root: $missing"
	say "Installing: $missing"
	apt-get update -qq || say "apt-get update failed: trying with the package lists that are here"
	# shellcheck disable=SC2086
	DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends $missing >/dev/null ||
		fail "apt-get could not install: $missing"
}

# build TOP [MESON-OPTION...]: build folder TOP/build
build() {
	local top=$1 log
	shift
	log=$(mktemp)
	if [ ! -f "$top/build/build.ninja" ]; then
		meson setup "$top/build" "$top" "$@" >"$log" 2>&1 || { cat "$log" >&2; rm -f "$log"; fail "meson setup failed"; }
	elif [ $# -gt 0 ]; then
		meson configure "$top/build" "$@" >"$log" 2>&1 || { cat "$log" >&2; rm -f "$log"; fail "meson configure failed"; }
	fi
	ninja -C "$top/build" >"$log" 2>&1 || { tail -n 40 "$log" >&2; rm -f "$log"; fail "the build failed"; }
	rm -f "$log"
}
