# SPDX-License-Identifier: BSD-2-Clause
# Labels made by evmctl verify with imactl and the reverse, for every kind of key, hash and label; fs-verity digests equal fsverity's.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/../keys.sh"
for tool in openssl evmctl fsverity getfattr setfattr; do command -v $tool >/dev/null || skip "$tool is missing"; done

make_mount 3G
cd "$work/mnt"
mkdir -m 755 keys
key() { make_key keys "$@"; }
for bits in 2048 3072 4096; do key rsa$bits rsa:$bits; done
key p256 ec -pkeyopt ec_paramgen_curve:P-256
key p384 ec -pkeyopt ec_paramgen_curve:P-384
openssl req -x509 -newkey rsa:2048 -passout pass:secret -keyout keys/locked.key -out keys/locked.pem -days 30 -subj /CN=locked -addext subjectKeyIdentifier=hash 2>/dev/null
label() { getfattr -n "$1" -e hex "$2" 2>/dev/null | sed -n 's/^security.[a-z]*=//p'; }
good() { "$imactl" verify -q "$@" >"$work/said" 2>&1 || die "imactl verify $*: $(cat "$work/said")"; }
bad() { local s=0; "$imactl" verify -q "$@" >"$work/said" 2>&1 || s=$?; [ $s = 1 ] || die "imactl verify $* ended with $s: $(cat "$work/said")"; }

n=0
for key in rsa2048 rsa3072 rsa4096 p256 p384; do
	for hash in sha1 sha224 sha256 sha384 sha512; do
		head -c 5000 /dev/urandom >theirs; cp theirs ours
		evmctl ima_sign -a $hash --key keys/$key.key -f theirs >/dev/null 2>&1 || die "evmctl ima_sign $key $hash"
		good -k keys/$key.der --signature theirs
		setfattr -x security.ima theirs
		good -k keys/$key.der --signature -f theirs
		"$imactl" sign -a $hash -k keys/$key.key -f ours >"$work/value" || die "imactl sign $key $hash"
		[ "0x$(cut -d' ' -f1 "$work/value")" = "$(label security.ima ours)" ] || die "what imactl printed is not the label"
		evmctl ima_verify -a $hash --key keys/$key.der ours >"$work/said" 2>&1 || die "evmctl does not verify $key $hash: $(cat "$work/said")"
		setfattr -x security.ima ours
		evmctl ima_verify -a $hash -f --key keys/$key.der ours >"$work/said" 2>&1 || die "evmctl does not verify the sigfile of $key $hash: $(cat "$work/said")"
		printf x >>ours; bad -k keys/$key.der -f --signature ours
		bad -k keys/locked.pem -f --signature theirs
		n=$((n + 1))
	done
done
[ $n = 25 ] || die "$n combinations"

# digests, to the byte
for hash in sha1 sha256 sha384 sha512 sha3-256; do
	printf 'data %s\n' $hash >f
	evmctl ima_hash -a $hash f >/dev/null 2>&1 || continue
	theirs=$(label security.ima f); setfattr -x security.ima f
	"$imactl" hash -a $hash f >/dev/null || die "imactl hash $hash"
	[ "$(label security.ima f)" = "$theirs" ] || die "digest label $hash: $(label security.ima f) and $theirs"
	good f
done

# metadata: portable and immutable, with a signature and with a digest beside it
uuid=$(blkid -s UUID -o value "$work/image")
for key in rsa2048 p256; do
	for what in --imasig --imahash; do
		printf 'data\n' >f; chmod 750 f; chown 12:34 f
		evmctl sign $what --portable -a sha256 --key keys/$key.key f >/dev/null 2>&1 || die "evmctl sign --portable"
		good -k keys/$key.der --evm --signature f
		chmod 755 f; bad -k keys/$key.der --evm --signature f; chmod 750 f
		"$imactl" clear f >/dev/null; [ -z "$(label security.evm f)$(label security.ima f)" ] || die "imactl clear left a label"
		"$imactl" sign --evm portable $([ $what = --imasig ] || echo --hash-label) -k keys/$key.key f >/dev/null || die "imactl sign --evm"
		case $(label security.evm f) in 0x0502*) ;; *) die "no portable signature: $(label security.evm f)" ;; esac
		good -k keys/$key.der --evm --signature f
		# evmctl's verify takes the metadata of the file as it is
		evmctl verify --portable -a sha256 --key keys/$key.der f >"$work/said" 2>&1 || die "evmctl does not verify ours: $(cat "$work/said")"
		setfattr -n security.capability -v 0x0100000200000000000000000000000000000000 f
		bad -k keys/$key.der --evm --signature f
		rm f
	done
	printf 'data\n' >f
	evmctl sign --imasig --uuid="$uuid" -a sha256 --key keys/$key.key f >/dev/null 2>&1 || die "evmctl sign"
	good -k keys/$key.der --evm --signature f
	"$imactl" sign --evm immutable -k keys/$key.key f >/dev/null || die "imactl sign --evm immutable"
	evmctl verify --uuid="$uuid" -a sha256 --key keys/$key.der f >"$work/said" 2>&1 || die "evmctl does not verify our immutable one: $(cat "$work/said")"
	cp --preserve=xattr f g; bad -k keys/$key.der --evm --signature g
	rm f g
done

# fs-verity: the digest, and its signature
for size in 0 1 4095 4096 4097 524288 524289 1G; do
	truncate -s $size v
	[ $size = 0 ] || printf 'content %s' "$size" | dd of=v conv=notrunc status=none
	truncate -s $size v
	for hash in sha256 sha512; do
		for block in 1024 4096; do
			theirs=$(fsverity digest --hash-alg=$hash --block-size=$block --compact v) || die "fsverity digest"
			ours=$("$imactl" hash -n --verity --block-size $block -a $hash v | cut -d: -f2 | cut -d' ' -f1)
			[ "$ours" = "$theirs" ] || die "fs-verity digest of $size bytes, $hash, $block: $ours and $theirs"
		done
	done
done
printf 'data\n' >v
"$imactl" sign --verity -k keys/rsa2048.key v >/dev/null || die "imactl sign --verity"
good -k keys/rsa2048.der --signature v
value=$(label security.ima v)
# what is signed, put together by hand: type, algorithm, digest
{ printf '\006\004'; fsverity digest --compact v | xxd -r -p; } >"$work/id"
printf '%s' "${value#0x0603??????????????}" | xxd -r -p >"$work/sig"
openssl x509 -in keys/rsa2048.pem -pubkey -noout >"$work/pub"
openssl dgst -sha256 -verify "$work/pub" -signature "$work/sig" "$work/id" >/dev/null || die "the fs-verity signature is not over the file id"

# keys: encrypted ones, and those that the kernel cannot verify
printf 'data\n' >f
"$imactl" sign -k keys/locked.key f 2>/dev/null && die "an encrypted key signs without its password"
IMACTL_KEY_PASSWORD=secret "$imactl" sign -k keys/locked.key f >/dev/null || die "the password is not taken"
good -k keys/locked.pem --signature f
"$imactl" clear f >/dev/null
openssl genpkey -algorithm ed25519 -out keys/ed.key 2>/dev/null
s=0; "$imactl" sign -k keys/ed.key f 2>"$work/said" || s=$?
[ $s = 3 ] && grep -q "RSA and ECDSA" "$work/said" && [ -z "$(label security.ima f)" ] || die "an Ed25519 key: status $s, $(cat "$work/said")"

# a tree, in the order of its names; what cannot be done is named and counted
mkdir -p tree/b tree/a; for i in 1 2 3 4 5; do echo $i >tree/a/$i; echo $i >tree/b/$i; done
"$imactl" sign -r -k keys/p256.key tree | cut -d' ' -f2 >"$work/order" || die "imactl sign -r"
find tree -type f | sort | cmp - "$work/order" || die "the order of a tree"
good -r -k keys/p256.der --signature tree
printf x >>tree/b/3
"$imactl" verify -r -q -k keys/p256.der tree >"$work/said" && die "a changed file in a tree verifies"
[ "$(cat "$work/said")" = "tree/b/3: fail (bad signature)" ] || die "$(cat "$work/said")"
s=0; "$imactl" hash tree/a/1 tree/missing tree/a/2 >/dev/null 2>"$work/said" || s=$?
[ $s = 1 ] && grep -q "tree/missing: No such file" "$work/said" && [ -n "$(label security.ima tree/a/2)" ] || die "a missing file: $s, $(cat "$work/said")"
cd /
