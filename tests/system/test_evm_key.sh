# SPDX-License-Identifier: BSD-2-Clause
# EVM's HMAC key sealed to a TPM (swtpm): made, or taken from a file; imad writes the HMAC that openssl computes under that key; other PCR values, another
# TPM and a damaged file are refused in plain words.
. "$(dirname "$0")/lib.sh"
for tool in swtpm tpm2_pcrextend openssl getfattr setfattr python3; do command -v $tool >/dev/null || skip "$tool is missing"; done

make_mount
# start_tpm NAME
start_tpm() {
	mkdir -p "$work/$1"
	[ -e "$work/$1/tpm2-00.permall" ] || swtpm_setup --tpm2 --tpmstate "$work/$1" --pcr-banks sha1,sha256 >"$work/setup" 2>&1 || die "swtpm_setup: $(cat "$work/setup")"
	swtpm socket --tpm2 --tpmstate dir="$work/$1" --server type=unixio,path="$work/$1.sock" --ctrl type=unixio,path="$work/$1.sock.ctrl" \
		--flags not-need-init,startup-clear >/dev/null 2>&1 &
	tpm_pids="$tpm_pids $!"
	for _ in $(seq 50); do [ -S "$work/$1.sock" ] && break; sleep 0.1; done
}
tpm_pids=
trap 'kill $tpm_pids 2>/dev/null || :; cleanup' EXIT
start_tpm tpm
start_tpm other
tpm=swtpm:path=$work/tpm.sock
other=swtpm:path=$work/other.sock
check() { # STATUS FILE [WORDS] [TPM]
	local s=0
	"$imactl" evm-key check --tpm "${4:-$tpm}" "$2" >"$work/out" 2>&1 || s=$?
	[ $s = "$1" ] && grep -q "${3:-}" "$work/out" || die "check $2: status $s, not $1: $(cat "$work/out")"
}

"$imactl" evm-key seal --tpm "$tpm" "$work/new" || die "seal"
[ "$(stat -c %a "$work/new")" = 400 ] || die "others may read the sealed key"
check 0 "$work/new" 'a key of 32 bytes'
"$imactl" evm-key seal --tpm "$tpm" "$work/new" 2>"$work/err" && die "a file is written over"
grep -q 'such a file already' "$work/err" || die "over a file: $(cat "$work/err")"
head -c 20 /dev/urandom >"$work/plain"
"$imactl" evm-key seal --tpm "$tpm" --key "$work/plain" "$work/given" || die "seal a given key"
"$imactl" evm-key seal --tpm "$tpm" --key "$work/plain" --pcrs sha256:7,16 "$work/bound" || die "seal to PCRs"
check 0 "$work/given" 'a key of 20 bytes'
check 0 "$work/bound" 'a key of 20 bytes'
grep -q "$(od -An -tx1 "$work/plain" | tr -d ' \n')" "$work/given" && die "the key stands in the file"
check 1 "$work/given" 'another TPM, or damaged' "$other"
sed '$s/...$/000/' "$work/given" >"$work/damaged"
check 1 "$work/damaged" 'damaged'
sed '3d' "$work/given" >"$work/cut"
check 1 "$work/cut" 'line 3 of the sealed key'
for args in "--pcrs 99" "--pcrs sha9:1" ""; do s=0; "$imactl" evm-key seal $args "$work/x" ${args:-"$work/y"} 2>/dev/null || s=$?; [ $s = 2 ] || die "seal $args: status $s"; done
head -c 129 /dev/zero >"$work/long"
s=0; "$imactl" evm-key seal --tpm "$tpm" --key "$work/long" "$work/x" 2>"$work/err" || s=$?
[ $s = 3 ] && grep -q '1 to 128 bytes' "$work/err" && [ ! -e "$work/x" ] || die "a long key: $s $(cat "$work/err")"
[ -z "$(TPM2TOOLS_TCTI=$tpm tpm2_getcap handles-transient)$(TPM2TOOLS_TCTI=$tpm tpm2_getcap handles-loaded-session)" ] || die "something stays in the TPM"

# the HMAC by hand: key filled up with zeros, security.ima, inode facts, UUID of the file system
expected() { # FILE
	python3 - "$1" "$(blkid -s UUID -o value "$work/image")" "$(lsattr -v "$1" | cut -d' ' -f1)" "$work/plain" <<'P'
import hashlib, hmac, os, struct, sys, uuid
path, fs, generation, key = sys.argv[1:]
st = os.stat(path)
data = os.getxattr(path, "security.ima") + struct.pack("=QIIIHH", st.st_ino, int(generation), st.st_uid, st.st_gid, st.st_mode, 0) + uuid.UUID(fs).bytes
print("02" + hmac.new(open(key, "rb").read().ljust(128, b"\0"), data, hashlib.sha1).hexdigest())
P
}
echo 'appraise func=BPRM_CHECK fowner=1001' >"$work/policy"
run_with() { # KEY
	cp /bin/true "$work/mnt/$1"; chown 1001 "$work/mnt/$1"
	start_imad --policy "$work/policy" --tier fanotify --tpm "$tpm" --evm-key "$work/$1" ima_appraise=fix
	"$work/mnt/$1" || die "$1: fix refuses"
	stop_imad
	have=$(getfattr -n security.evm -e hex "$work/mnt/$1" 2>/dev/null | sed -n 's/^security.evm=0x//p')
	[ -n "$have" ] && [ "$have" = "$(expected "$work/mnt/$1")" ] || die "$1: HMAC $have, not $(expected "$work/mnt/$1")"
}
run_with given
run_with bound

refused() { # KEY WORDS [OPTION...]
	local s=0 key=$1 words=$2
	shift 2
	timeout -k 5 30 "$build/imad" --config /dev/null --policy "$work/policy" --tpm "$tpm" --state-dir "$work/state" --run-dir "$work/run" --mount-point none \
		--scope-mount "$work/mnt" --tier fanotify --evm-key "$key" ima_appraise=enforce "$@" 2>"$work/err" || s=$?
	[ $s = 3 ] && grep -q "$key: .*$words" "$work/err" || die "imad with $key: status $s: $(cat "$work/err")"
}
TPM2TOOLS_TCTI=$tpm tpm2_pcrextend 16:sha256=$(printf '%064d' 1) || die "tpm2_pcrextend"
check 1 "$work/bound" 'other values now'
check 0 "$work/given"
chmod 400 "$work/damaged" "$work/cut"
refused "$work/bound" 'other values now'
refused "$work/damaged" 'damaged'
refused "$work/cut" 'line 3'
refused "$work/given" 'another TPM' --tpm "$other"
refused "$work/given" 'embedded is none' --tpm embedded
