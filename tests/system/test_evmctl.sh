# SPDX-License-Identifier: BSD-2-Clause
# imactl under the name evmctl beside Debian's evmctl 1.4, command by command: the same text, exit status and attributes. RSA signatures
# are the same bytes; ECDSA's are not, and each verifies the other's. What differs is in the table below, with its reason; a difference
# that is not there fails, and so does a row that no longer differs.
. "$(dirname "$0")/lib.sh" || exit 1
. "$(dirname "$0")/../keys.sh"
test_file=$(readlink -f "$0")
for tool in openssl evmctl getfattr setfattr python3 keyctl; do command -v $tool >/dev/null || skip "$tool is missing"; done
vectors=${IMA_TEST_VECTORS:?}

# name | reason. The names are those that different() is called with.
cat >"$work/table" <<'T'
version            | 1.6.2 is what the texts and options are those of
words              | help describes in words of our own; every option is there
every-argument     | evmctl does the first file and is silent about the others
key-first          | the key is read once, before the first file is hashed
strict-number      | evmctl takes text as the number 0
strict-hex         | evmctl takes what is no hexadecimal digit as 0
strict-type        | evmctl takes an unknown letter of -t for none, and then does nothing
sha3               | evmctl 1.4 does not know SHA-3
no-algorithm       | the message names file and algorithm
full-names         | -r: whole paths, sorted; evmctl says base names in the folder's order
type-without-f     | evmctl -r -t x does nothing at all
unlabelled-clear   | evmctl ima_clear of a missing file ends with 0
stat-first         | a missing file is named in one way
immutable-verify   | evmctl 1.4 cannot verify what it signs with -i
hmac-sha1          | the kernel's HMAC is SHA-1; evmctl 1.4 takes -a's algorithm, which no kernel verifies
hmac-n             | evmctl 1.4 hmac -n ends with an error
hmac-override      | evmctl 1.4 hmac ignores --ino, --uid and the like
strict-header      | a length in the header that is not the value's is refused before the key is looked for
v1                 | version 1 (--rsa, convert) is not in 1.6.2 as it is built
pem-certificate    | certificates are taken in PEM as well
key-named          | a certificate that is named and cannot be read is said
digest-line        | sign_hash names the line that is no digest, and does not try to sign it
no-action          | EV_NO_ACTION events are not extended: no TPM does
cut-log            | a log whose last event is cut, or without an event, has no aggregate
long-event         | events of any length are read
log-words          | the message does not call every log a TPM 1.2 log, and says what is wrong with it
list-words         | a damaged list: its name, the offset and what is wrong
blank-at-end       | -v: the kernel's text has the blank before an empty last field
local-files        | evmctl 1.4 checks signatures of an ima-sig list against the files of this machine, unasked
false-sig-success  | evmctl --verify-sig ends with 0 when signatures are bad
zero-violations    | evmctl extends zeros for a violation without --ignore-violations, which no TPM has
newer-entries      | entries that the PCR values do not cover are said
one-bank-enough    | evmctl is content when one bank of two matches
verify-bank-word   | --verify-bank ALG as one word or two; evmctl 1.4 takes the second word as the list
pcrs-order         | values are found by their number, not by their line
three-banks        | more than two --pcrs
keyring-word       | a keyring's name that is none is said, not handed to the kernel as 0
import-missing     | import says which file
engine             | an engine that is not there is an error, not success
ima-noticed        | the note about -o with -i ends its line
T

# ---- a private tree: the same files for both
make_mount 128M
uuid=$(blkid -s UUID -o value "$work/image")
cd "$work/mnt"
mkdir -m 755 keys
make_key keys rsa rsa:2048; make_key keys other rsa:2048
make_key keys p256 ec -pkeyopt ec_paramgen_curve:P-256; make_key keys p384 ec -pkeyopt ec_paramgen_curve:P-384
cat keys/rsa.key keys/rsa.pem >keys/both.pem
openssl rsa -in keys/rsa.key -aes128 -passout pass:secret -out keys/locked.key 2>/dev/null
openssl genpkey -algorithm ed25519 -out keys/ed.key 2>/dev/null
openssl pkey -in keys/rsa.key -pubout -out keys/rsa.pub
mkdir tree tree/s
ln -s f link
for name in f g tree/1 tree/s/2; do echo "content of $name" >$name; chmod 640 $name; chown 12:34 $name; done
mkdir -p "$work/bin"
ln -s "$(readlink -f "$imactl")" "$work/bin/evmctl"; ln -s "$(readlink -f "$imactl")" "$work/bin/ima_boot_aggregate"
theirs=$(command -v evmctl) ours=$work/bin/evmctl
# the default keys of both, in an /etc that only this test sees
mkdir "$work/etc"
mount -t tmpfs none "$work/etc"
mkdir "$work/etc/upper" "$work/etc/work"
mount -t overlay -o lowerdir=/etc,upperdir="$work/etc/upper",workdir="$work/etc/work" overlay /etc 2>/dev/null || skip "no overlay can be mounted here"
mkdir -p /etc/keys
cp keys/rsa.key /etc/keys/privkey_evm.pem; cp keys/rsa.der /etc/keys/x509_evm.der; head -c 32 /dev/urandom >/etc/keys/evm-key-plain
evmctl_cleanup() { cd /; umount /etc; umount "$work/etc"; [ -z "${swtpm_pid:-}" ] || kill "$swtpm_pid" 2>/dev/null || :; cleanup; }
trap evmctl_cleanup EXIT

files="f g tree/1 tree/s/2"
ecdsa='s/0[35]0[23][0-9a-f]{10}00[4567][0-9a-f]30[0-9a-f]+/SIGNATURE/; s/signature: [0-9]+ bytes/signature: N bytes/; s/(security.ima, size:) [0-9]+/\1 N/; s/\((\(null\)|wrong signature length)\)/(bad signature)/'
pre=: input= also=
coproc compare { exec python3 "$(dirname "$test_file")/../evmctl_compare.py" "$work" "$theirs" "$ours" $files; }
# both ARGS...: $work/theirs and $work/ours say what either did; $answer is "same" or "differs"
both() {
	local word
	for word in "$pre" "$input" "$also" "$@"; do
		printf x; LC_ALL=C; while [ -n "$word" ]; do printf '%02x' "'$word"; word=${word#?}; done; echo
	done >&"${compare[1]}"
	echo >&"${compare[1]}"
	read -r answer <&"${compare[0]}" || die "the comparison ended"
}
n_same=0 n_different=0 used=
# same ARGS...: nothing differs
same() {
	both "$@"
	[ $answer = same ] || die "evmctl $* differs (< evmctl, > ours), and no row says so:
$(diff "$work/theirs" "$work/ours" | head -40)"
	n_same=$((n_same + 1))
}
# different ROW ARGS...: it does, for that reason; what ours must do is said by the lines behind the call
different() {
	local row=$1
	shift
	grep -q "^$row  *|" "$work/table" || die "there is no row $row"
	both "$@"
	[ $answer = differs ] || die "evmctl $*: row $row no longer differs"
	used="$used $row"
	n_different=$((n_different + 1))
}
is() { local who=${2:-ours}; [ "$(head -1 "$work/$who")" = "status $1" ] || die "$who ends with $(head -1 "$work/$who"), not $1: $(cat "$work/$who")"; }
says() { grep -qF -- "$1" "$work/ours" || die "ours does not say \"$1\": $(cat "$work/ours")"; }
silent() { ! grep -qF -- "$1" "$work/ours" || die "ours says \"$1\": $(cat "$work/ours")"; }
# unlabelled FILE...: no label was written
unlabelled() { [ -z "$(getfattr -m '^(security|user)\.' "$@" 2>/dev/null)" ] || die "a label was written: $(getfattr -m - -d "$@")"; }
pcrs() { awk -v b="$2" '$1 == b { printf "PCR-%02d: %s\n", $2, $3 }' "$vectors/$1/pcrs"; }

# ---- words and options
different version --version; is 0
[ "$(printf '%s\n1.3.2\n' "$(cut -d' ' -f2 "$work/ours.out")" | sort -V | head -1)" = 1.3.2 ] || die "the version is below what LTP wants"
different words -h; is 0
for word in engine provider veritysig hmackey hashalgo imasig imahash sigfile xattr-user key keyid keyid-from-cert pass recursive type portable immutable uuid ino uid gid \
	mode generation ima selinux caps smack m32 m64 pcrs verify-bank verify-sig ignore-violations hwtpm v2 v3 EVMCTL_KEY_PASSWORD; do says "$word"; done
different words; is 0; says "Usage: evmctl"
for command in import convert sign verify ima_sign ima_verify ima_setxattr ima_hash ima_measurement ima_boot_aggregate ima_fix ima_clear sign_hash hmac; do
	different words help $command; is 0
	[ "$(head -1 "$work/ours.out")" = "$(head -1 "$work/theirs.out")" ] || die "usage of $command: $(head -1 "$work/ours.out")"
done
same help; same help bogus; same bogus; same -a; same --bogus; same -a bogus ima_hash f
for command in sign verify ima_sign ima_verify ima_setxattr ima_hash ima_measurement ima_fix ima_clear hmac; do same $command; done
same IMA_HASH f; same -n ima_hash f; same ima_hash f -a sha1 -n

# ---- digests
for algo in md5 sha1 sha224 sha256 sha384 sha512 sm3 rmd160 ripemd160; do same ima_hash -a $algo f; done; same ima_hash -n --hashalgo sha512 f
same -v ima_hash f; same ima_hash --xattr-user f; same ima_hash nope
for algo in sha3-256 sha3-384 sha3-512; do different sha3 ima_hash -a $algo f; is 0; says "f security.ima=0x041"; done
different no-algorithm ima_hash -a streebog256 f; is 1; says "f: the crypto library has no streebog256"; unlabelled f
for path in tree link /dev/null; do different stat-first ima_hash $path; is 125; says "Unsupported file type (0x"; done
different every-argument ima_hash f g; is 0; [ "$(getfattr -n security.ima f g 2>/dev/null | grep -c =)" = 2 ] || die "not every file has a label"
also='s/hash\(sha256\): //g; /^04/d; /^$/d' same ima_hash -r tree
both ima_hash -r tree; is 0
[ "$(cat "$work/ours.out")" = "$(for f in tree/1 tree/s/2; do echo "0404$(sha256sum $f | cut -d" " -f1)"; done)" ] || die "the order of a tree"
different type-without-f ima_hash -r -t x tree; is 0; [ -n "$(getfattr -n security.ima tree/1 2>/dev/null)" ] || die "-t x: no label"
different strict-type ima_hash -r -t fq tree; is 1; says "Unknown file type 'q'"; unlabelled f tree/1 tree/s/2
for path in nope f ""; do same ima_hash -r "$path"; done
pre='chattr +i f'; same ima_hash f; chattr -i f; pre=:

# ---- signatures of content: the same bytes
for algo in sha1 sha224 sha256 sha384 sha512; do same ima_sign -a $algo -k keys/rsa.key f; done
same ima_sign f; different key-first ima_sign -k keys/both.pem f; is 0; says "(from keys/both.pem)"; same -v ima_sign -k keys/rsa.key f
same ima_sign -n -k keys/rsa.key f; same ima_sign -f -k keys/rsa.key f; same ima_sign -f -n -k keys/rsa.key f; same ima_sign --xattr-user --sigfile -k keys/rsa.key f
for id in 1234 0xabcdef01 xyz 123456789 0; do same ima_sign --keyid $id -k keys/rsa.key f; done
same ima_sign --keyid=aabbccdd -k keys/both.pem f
same ima_sign --keyid-from-cert keys/other.pem -k keys/rsa.key f
also='/^keyid /d' same ima_sign --keyid-from-cert=keys/p256.der -k keys/rsa.key f
different key-first ima_sign --keyid-from-cert nope -k keys/rsa.key f; is 1; says "Error reading keyid."; unlabelled f
for password in -psecret --pass=secret; do same ima_sign $password -k keys/locked.key f; done
for who in "$theirs" "$ours"; do EVMCTL_KEY_PASSWORD=secret "$who" ima_sign -n -k keys/locked.key f 2>&1; done >"$work/said" </dev/null
[ "$(sort -u "$work/said" | wc -l)" = 3 ] && [ "$(grep -c ^0302 "$work/said")" = 2 ] || die "EVMCTL_KEY_PASSWORD: $(cat "$work/said")"
for bad in "-pwrong -k keys/locked.key" "-k keys/locked.key" "-k keys/rsa.der" "-k keys/rsa.pub" "-k /dev/null" "-k nope"; do
	different key-first ima_sign $bad f; is 125; is 125 theirs; unlabelled f
done
same ima_sign -k keys/rsa.key nope; pre='chattr +i f'; same ima_sign -k keys/rsa.key f; chattr -i f; pre=:
also='/^0302/d; /^hash|^evm.ima sig/d; s/^Writing to .*//; /^$/d' same ima_sign -r -k "$PWD/keys/rsa.key" tree
different full-names ima_sign -r -f -k "$PWD/keys/rsa.key" tree; is 0; says "Writing to tree/s/2.sig"
for key in p256 p384; do also=$ecdsa same ima_sign -k keys/$key.key f; also=$ecdsa same ima_sign -a sha512 -f -k keys/$key.key f; done
different v1 ima_sign --rsa -k keys/rsa.key f; is 1; unlabelled f
different engine ima_sign --engine bogus -k pkcs11:object=none f; is 125; unlabelled f

# ---- and of each other: evmctl signs, both verify; ours signs, both verify
n=0
also=$ecdsa
for combination in "rsa sha1" "rsa sha256" "p256 sha256" "p384 sha512"; do
	read -r key algo <<<"$combination"
	for who in "$theirs" "$ours"; do
		pre="'$who' ima_sign -a $algo -f -k keys/$key.key f >/dev/null 2>&1; '$who' sign -o -a $algo -k keys/$key.key f >/dev/null 2>&1"
		same ima_verify -k keys/$key.der f; is 0; same ima_verify -f -k keys/$key.der f; is 0; same verify -k keys/$key.der f; is 0
		same ima_verify -k keys/other.der f; is 1; same verify -k keys/other.der f; is 125
		pre="$pre; echo more >>f"; same ima_verify -k keys/$key.der f; is 1
		n=$((n + 1))
	done
done
also=
[ $n = 8 ] || die "$n combinations"
pre="$theirs ima_sign -k keys/rsa.key f >/dev/null 2>&1; $theirs ima_sign -k keys/rsa.key g >/dev/null 2>&1"
same ima_verify f; same -v ima_verify -k keys/rsa.der f; same ima_verify -k keys/rsa.der f g; same ima_verify -k "keys/other.der, keys/rsa.der" f g; same ima_verify -k keys/other.der,keys/rsa.der f
different stat-first ima_verify -k keys/rsa.der f nope g; is 1; says "g: verification is OK"; says "Failed to stat: nope"
different key-named ima_verify -k nope f; is 1; is 1 theirs; says "Failed to open keyfile: nope"
different pem-certificate ima_verify -k keys/rsa.pem f; is 0
pre="$theirs ima_hash f >/dev/null 2>&1"; same ima_verify -k keys/rsa.der f; is 1
pre=:; same ima_verify -k keys/rsa.der f; is 1; same ima_verify -f -k keys/rsa.der f; is 1
# evmctl looks at the byte behind this label, whatever that is: only that it fails is sure
pre="setfattr -n security.ima -v 0x03 f"; both ima_verify -k keys/rsa.der f; is 1; is 1 theirs; says "Invalid signature"
for value in 0x0304040000000001001111 0x0a 0x; do pre="setfattr -n security.ima -v $value f"; same ima_verify -k keys/rsa.der f; is 1; done
pre="setfattr -n security.ima -v 0x0302040000000001001111 f"; different strict-header ima_verify -k keys/rsa.der f; is 1; is 1 theirs; says "Invalid signature"
pre=:

# ---- a detached signature into the attribute
pre="$theirs ima_sign -n -f -k keys/rsa.key f >/dev/null 2>&1; $theirs ima_sign -f -k keys/rsa.key f >/dev/null 2>&1; setfattr -x security.ima f"
same ima_setxattr f; same ima_setxattr --xattr-user f; same ima_setxattr -f f.sig g; same ima_setxattr --sigfile f
pre=:

# ---- signatures of metadata: the same bytes
caps="setfattr -n security.capability -v 0x0100000200000000000000000000000000000000"
all="$caps f; setfattr -n security.selinux -v 0x6162 f; setfattr -n security.SMACK64 -v 0x636465 f; setfattr -n security.SMACK64EXEC -v 0x6364 f; setfattr -n security.apparmor -v 0x7172 f"
hash="$theirs ima_hash f >/dev/null 2>&1"
try() { # try PRE VERBOSE OPTIONS...
	local pre=$1 v=$2 options
	shift 2
	for options in "$@"; do same $v sign $options -k keys/rsa.key f; done
}
try : "" -u "--uuid=$uuid" -i -o "-u --ima=0404aabb"
try "$hash" "" -u "--uuid=$uuid" -o -i "-i --m32" "--m32 -u" "--m64 -u" "--m32 -o" "-u --ino 1234" "-u --generation 7" "-u --generation=" "-u --uid 1 --gid 2" "-u --mode 33261" \
	"-o --mode 0100755 --uid 7" "-u --ima=" "-u -a sha512" "-u -n" "--uuid=$uuid --ino 5 --generation 6 --uid 7 --gid 8 --mode 9"
try "$hash; $all" -v -u -o "--smack -u" "--smack -o" "-u --selinux=aabb" "-u --caps=01" "-u --caps=" "-o --caps=" "--m32 --uuid=$uuid" "-u --ima=0404aabb" -i
pre=$hash
for value in zz "" "${uuid//-/}"; do both sign "--uuid=$value" -k keys/rsa.key f; is 125; is 125 theirs; says "wrong UUID format"; done
pre=$hash
for options in "-s -u" "-d -u" "-d -s -o" "-f -s -u" "-s -o -n" "--imasig --imahash --uuid=$uuid" "--xattr-user -d -u"; do same sign $options -k keys/rsa.key f; done
also="$ecdsa; s/^hash\(.*/hash/" same sign -s -u -k keys/p256.key f; also=$ecdsa same sign -d -o -k keys/p384.key f
same sign -u f; same sign -u -k keys/rsa.key nope; different key-first sign -u -k nope f; is 125
different ima-noticed sign -o -i -k keys/rsa.key f; is 0; says "Portable and immutable options are exclusive"
for option in --ino=x --uid=x --gid=-1 --mode=x --generation=1x; do different strict-number sign -u $option -k keys/rsa.key f; is 1; unlabelled g; done
for value in 04zz 040; do different strict-hex sign -u --ima=$value -k keys/rsa.key f; is 125; done
different every-argument sign -u -k keys/rsa.key f g; is 0
also='/^0302/d; /^hash|^evm.ima sig|^generation|^no xattr|^name/d; /^$/d' same sign -r -u -k "$PWD/keys/rsa.key" tree
pre="chattr +i f"; same sign -u -k keys/rsa.key f; chattr -i f

# ---- and checking them
for sign in "-u" "--uuid=$uuid" "--m32 -u" "-u --uid 7 --mode 5 --ino 3"; do
	pre="$hash; $theirs sign $sign -k keys/rsa.key f >/dev/null 2>&1"
	same -v verify $sign -k keys/rsa.der f; is 0
	pre="$pre; chmod 600 f"; case $sign in *mode*) ;; *) same verify $sign -k keys/rsa.der f; is 1 ;; esac
done
pre="$hash; $theirs sign -i -k keys/rsa.key f >/dev/null 2>&1"; different immutable-verify verify -k keys/rsa.der f; is 0
pre="$pre; chmod 600 f"; different immutable-verify verify -i -k keys/rsa.der f; is 1
pre="$hash; $theirs sign --xattr-user -u -k keys/rsa.key f >/dev/null 2>&1"; same verify --xattr-user -u -k keys/rsa.der f; is 0
pre="setfattr -n security.evm -v 0x02aabb f"; same verify -u -k keys/rsa.der f; is 125
pre="setfattr -n security.evm -v 0x0502040000000001001111 f"; different strict-header verify -u -k keys/rsa.der f; is 125
pre=:; same verify -k keys/rsa.der f; is 125; different stat-first verify -k keys/rsa.der nope; is 125

# ---- HMAC: evmctl's is of another algorithm, the kernel's vector is the judge
printf '\000\001\002\003\004\005\006\007\010\011\012\013\014\015\016\017\020\021\022\023\024\025\026\027\030\031\032\033\034\035\036\037' >"$work/hmackey"
pre="printf 'hello\n' >f"
different hmac-override hmac -d --hmackey "$work/hmackey" --ino 12345 --generation 7 --uid 0 --gid 0 --mode 33188 --uuid=8bcbe394-4f13-4144-be8e-5aa9ea2ce2f6 f
is 0; says "hmac: 78f35ddb523255a8e75eaa490ed57a2ef9757e39"; says "security.evm=0x0278f35ddb523255a8e75eaa490ed57a2ef9757e39"
pre=$hash; different hmac-n hmac -v -n -u f; is 0; says "hmac: "; silent "security.evm"
different hmac-sha1 hmac -u f; is 0; says "security.evm=0x02"
head -c 129 /dev/urandom >/etc/keys/evm-key-plain; both hmac -u f; is 125; is 125 theirs; says "key is too long"; head -c 32 /dev/urandom >/etc/keys/evm-key-plain
both hmac -u --hmackey nope f; is 125; says "Failed to read a key: nope"; pre=:

# ---- fix, clear
same ima_fix f; same ima_fix tree; same ima_clear tree; same ima_fix -t fxm f; different stat-first ima_fix nope; is 125; is 125 theirs
pre="$hash; $theirs sign -u -k keys/rsa.key f >/dev/null 2>&1"; same ima_clear f; is 0; silent security.; pre=:
different unlabelled-clear ima_clear nope; is 125
different full-names ima_fix -r tree; is 0
pre="$theirs ima_hash -r tree >/dev/null 2>&1"; different full-names ima_clear -r tree; is 0; silent "security."; pre=:

# ---- digests on standard input
for algo in sha1 sha256 sha512; do
	input="$(${algo}sum f g)\n"; same sign_hash -a $algo -k keys/rsa.key; same -v sign_hash -a $algo -k keys/rsa.key; also=$ecdsa same sign_hash -a $algo -k keys/p256.key
done
input="$(sha256sum f | cut -d' ' -f1)\n"; same sign_hash -k keys/rsa.key
input="$(sha256sum f)"; same sign_hash; different key-first sign_hash -k nope; is 125
for input in 'junk\n' 'abcd  f\n' "$(sha256sum f)\njunk\n" '\n\n'; do different digest-line sign_hash -k keys/rsa.key; is 125; says "standard input:"; done
input=; for who in "$theirs" "$ours"; do s=0; "$who" sign_hash -k keys/rsa.key </dev/null >"$work/out" 2>&1 || s=$?; [ $s = 125 ] || die "$who sign_hash of nothing: $s"; done

# ---- keyrings of this session only
keyctl session imad-test bash -s "$work" "$ours" "$theirs" >"$work/said" 2>&1 <<'S' || die "import: $(cat "$work/said")"
work=$1
for ring in @s @us 0xfffffffd -3; do
	for who in ours theirs; do
		[ $who = ours ] && tool=$2 || tool=$3
		serial=$("$tool" import keys/rsa.der -- $ring 2>"$work/$who.import") || { echo "$who: $ring: $(cat "$work/$who.import")"; exit 1; }
		keyctl describe "$serial" | grep -q asymmetric || { echo "$who: \"$serial\" is no key"; exit 1; }
		keyctl unlink "$serial" @us 2>/dev/null; keyctl unlink "$serial" @s 2>/dev/null
		sed -i "s/$serial/SERIAL/" "$work/$who.import"
	done
	cmp "$work/ours.import" "$work/theirs.import" || { diff "$work/theirs.import" "$work/ours.import"; exit 1; }
done
S
different import-missing import nope; is 1; is 1 theirs
different keyring-word import keys/rsa.der bogus; is 125; is 125 theirs
different pem-certificate import keys/rsa.pem @s; is 1; is 1 theirs; says "in DER"
different v1 convert keys/rsa.pub; is 1

# ---- boot aggregates, expected by tests/evmctl_model.py
python3 "$(dirname "$test_file")/../evmctl_model.py" "$vectors/6.1-tcb-four-banks/pcrs" >"$work/aggregates"
for bank in sha1 sha256 sha384 sha512; do pcrs 6.1-tcb-four-banks $bank >p.$bank; done
same ima_boot_aggregate --pcrs p.sha1; same ima_boot_aggregate --pcrs sha256,p.sha256; same ima_boot_aggregate --pcrs sha256,p.sha256 --pcrs sha1,p.sha1; same -v ima_boot_aggregate --pcrs sha1,p.sha1
same ima_boot_aggregate --pcrs nope
different three-banks ima_boot_aggregate --pcrs p.sha1 --pcrs sha256,p.sha256 --pcrs sha384,p.sha384 --pcrs sha512,p.sha512; is 0
cmp "$work/ours.out" "$work/aggregates" || die "aggregates of four banks: $(diff "$work/ours.out" "$work/aggregates")"
same ima_boot_aggregate log12; also='s/the TPM 1.2 event log/the event log/' same -v ima_boot_aggregate log12
different no-action ima_boot_aggregate log12.noaction; is 0; also= same ima_boot_aggregate log12
different cut-log ima_boot_aggregate log12.cut; is 125; says "log12.cut: offset"
different cut-log ima_boot_aggregate log12.none; is 125
different long-event ima_boot_aggregate log12.toolong; is 0
different log-words ima_boot_aggregate nope; is 125; is 125 theirs
different log-words ima_boot_aggregate log12.pcr; is 125; is 125 theirs; says "offset 0: the event names PCR 40"

# the standalone program, to the byte
alone() { s=0; "$work/bin/ima_boot_aggregate" "$@" >"$work/out" 2>"$work/err" || s=$?; }
for log in log12 log12.longest; do alone $log; [ $s = 0 ] && cmp "$work/out" $log.expected && [ ! -s "$work/err" ] || die "ima_boot_aggregate $log: status $s"; done
for log in log12.toolong log12.liar; do alone $log; [ $s = 1 ] && [ "$(tail -1 "$work/out")" = "Error event too long" ] || die "ima_boot_aggregate $log: status $s, $(tail -1 "$work/out")"; done
alone; [ $s = 1 ] && [ "$(cat "$work/out")" = "format: $work/bin/ima_boot_aggregate binary_bios_measurement file" ] || die "ima_boot_aggregate: status $s, $(cat "$work/out")"
alone a b; [ $s = 1 ] || die "ima_boot_aggregate a b: status $s"
alone nope; [ $s = 1 ] && [ "$(cat "$work/err")" = "unable to open pcr file: No such file or directory" ] || die "ima_boot_aggregate nope: $s, $(cat "$work/err")"
alone log12.cut; [ $s = 1 ] && grep -q "log12.cut: offset" "$work/err" || die "ima_boot_aggregate log12.cut: $s"
alone "$vectors/6.1-tcb-ima-ng/binary_bios_measurements"; [ $s = 1 ] && grep -q "crypto-agile" "$work/err" || die "ima_boot_aggregate of a crypto-agile log: $s"

# ---- measurement lists
n=0
for v in "$vectors"/*/; do
	[ -e "$v/pcrs" ] || continue
	v=$(basename "$v") list=$vectors/$(basename "$v")/binary_runtime_measurements
	pcrs $v sha1 >p1; pcrs $v sha256 >p256
	# not these: evmctl has words about them by default, see below and the defects
	case $v in 6.1-appraise|6.1-tcb-all-fields|6.1-tcb-critical-sigv2) continue ;; esac
	for options in "--pcrs p1" "--pcrs sha1,p1" "--pcrs sha256,p256" "--pcrs sha256,p256 --pcrs sha1,p1"; do
		same ima_measurement --ignore-violations $options $list; is 0
		same ima_measurement $options $list
		also='s/ +$//; /^Failed to open keyfile/d; s/^keyid: .*//' same -v ima_measurement --ignore-violations $options $list; is 0
	done
	sed '/^PCR-10/s/: ..../: 0000/' p1 >pbad
	same ima_measurement --ignore-violations --pcrs pbad $list; is 1
	n=$((n + 1))
done
[ $n -ge 7 ] || die "only $n lists were compared"
v=6.1-appraise list=$vectors/6.1-appraise/binary_runtime_measurements; pcrs $v sha1 >p1; pcrs $v sha256 >p256
different local-files ima_measurement --pcrs p1 --pcrs sha256,p256 $list; is 0; is 0 theirs
different false-sig-success ima_measurement --verify-sig -k $vectors/$v/rsa.der,$vectors/$v/ec.der --pcrs p1 $list; is 1; is 0 theirs
says "/root/a/sig-bad: verification failed: 0 (bad signature)"; says "(unknown keyid)"; says "Failed to verify 5 file signature(s)."
different blank-at-end -v ima_measurement --pcrs p1 --pcrs sha256,p256 $list; is 0
grep -E '^10 ' "$work/ours.err" | cmp - $vectors/$v/ascii_runtime_measurements || die "-v is not the kernel's text"
v=6.1-tcb-ima-ng list=$vectors/6.1-tcb-ima-ng/binary_runtime_measurements; pcrs $v sha1 >p1; pcrs $v sha256 >p256
for p in plain.sha1 sha256,plain.sha256 sha256,plain.padded zero; do same ima_measurement --pcrs $p plain.list; done
different newer-entries ima_measurement --pcrs plain.prefix plain.list; is 0; is 0 theirs; says "entries after entry 3 are newer"
both ima_measurement --pcrs sha256,plain.padded plain.list; says "Matched SHA1 padded TPM digest(s)."
for p in violations.sha1 sha256,violations.sha256; do same ima_measurement --pcrs $p violations.list; is 1; same ima_measurement --ignore-violations --pcrs $p violations.list; is 0; done
different zero-violations ima_measurement --pcrs violations.zeros violations.list; is 1; is 0 theirs
tac p1 >reversed; different pcrs-order ima_measurement --ignore-violations --pcrs reversed $list; is 0
sed 's/: / /' p1 >blank; same ima_measurement --ignore-violations --pcrs blank $list; is 0
sed 's/: /:/' p1 >colon; same ima_measurement --ignore-violations --pcrs colon $list; is 0
sed '/^PCR-10/s/: ..../: 0000/' p1 >pbad
different one-bank-enough ima_measurement --ignore-violations --pcrs sha256,p256 --pcrs pbad $list; is 1; is 0 theirs
different verify-bank-word ima_measurement --ignore-violations --pcrs sha256,p256 --pcrs pbad --verify-bank sha256 $list; is 0
same ima_measurement --ignore-violations --pcrs sha256,p256 --pcrs pbad --verify-bank=sha256 $list; is 0
same ima_measurement nope; different list-words ima_measurement --pcrs plain.sha1 cut.list; is 1; is 1 theirs; says "cut.list: offset 360: "
# what LTP takes: the last field of this line
"$ours" -vv ima_measurement --ignore-violations --pcrs p1 $list 2>&1 | grep -E '^(sha1: )*PCRAgg(.*10)*:' | tail -1 | awk '{ print $NF }' >"$work/last"
[ "$(cat "$work/last")" = "$(awk '$1 == "PCR-10:" { print tolower($2) }' p1)" ] || die "PCRAgg with -vv: $(cat "$work/last")"

# ---- TPMs: sysfs, and one behind a TCTI
for bank in sha1 sha256; do
	mkdir -p sysfs/pcr-$bank
	awk -v b=$bank '$1 == b { print toupper($3) > "sysfs/pcr-" b "/" $2 }' "$vectors/$v/pcrs"
done
s=0; IMACTL_SYSFS_TPM=$PWD/sysfs "$ours" ima_boot_aggregate --hwtpm >"$work/out" 2>&1 || s=$?
"$ours" ima_boot_aggregate --pcrs p1 --pcrs sha256,p256 | cmp - "$work/out" && [ $s = 0 ] || die "aggregate from sysfs: $s, $(cat "$work/out")"
s=0; IMACTL_SYSFS_TPM=$PWD/sysfs "$ours" ima_measurement --ignore-violations $list >"$work/out" 2>&1 || s=$?
[ $s = 0 ] && grep -qx "Matched per TPM bank calculated digest(s)." "$work/out" || die "list beside sysfs: $s, $(cat "$work/out")"

# ---- the defects of evmctl, each by its number in docs/EVMCTL.md. Each is seen in Debian's evmctl as well, as far as 1.4 has it.
reset() { for file in $files; do setfattr -x security.ima "$file" 2>/dev/null || :; setfattr -x security.evm "$file" 2>/dev/null || :; echo "content of $file" >"$file"; rm -f "$file.sig"; done; }
go() { s=0; "$ours" "$@" >"$work/out" 2>"$work/err" </dev/null || s=$?; }
ended() { [ $s = "$1" ] || die "$defect: status $s, not $1: $(cat "$work/out" "$work/err")"; }
said() { grep -qF -- "$1" "$work/err" || die "$defect: does not say \"$1\": $(cat "$work/err")"; }
has_label() { [ -n "$(getfattr -n security.ima "$1" 2>/dev/null)" ] || die "$defect: $1 has no label"; }

defect_1_an_empty_list_matches_no_pcrs() {
	go ima_measurement --pcrs plain.sha1 empty.list; ended 1; said "Failed to match"
	go ima_measurement --pcrs zero empty.list; ended 0
}
defect_2_what_follows_the_match_is_looked_at() {
	go ima_measurement --pcrs plain.prefix plain.list; ended 0; said "sha1 PCR-10: entries after entry 3 are newer than its value"
	go ima_measurement --pcrs plain.prefix damaged.list; ended 1; said "Failed to verify template data digest."
}
defect_3_without_pcrs_nothing_is_good() { go ima_measurement --hwtpm plain.list; ended 125; said "Failed to read any TPM PCRs"; }
defect_4_an_unknown_bank_of_pcrs_is_an_error() { go ima_measurement --pcrs bogus,plain.sha1 plain.list; ended 125; said "Unknown algorithm 'bogus'"; }
defect_5_an_unknown_bank_to_verify_is_an_error() { go ima_measurement --pcrs plain.sha1 --verify-bank=bogus plain.list; ended 125; said "Unknown algorithm 'bogus'"; }
defect_6_a_corrupt_list_without_pcrs_is_bad() { go ima_measurement --hwtpm damaged.list; ended 1; said "Failed to verify template data digest."; }
defect_7_errors_below_a_folder_count() {
	chattr +i tree/s/2; go ima_hash -r tree; chattr -i tree/s/2
	ended 125; said "setxattr failed: tree/s/2"; has_label tree/1
}
defect_8_a_relative_key_works_below_a_folder() { go ima_sign -r -k keys/rsa.key tree; ended 0; has_label tree/1; has_label tree/s/2; }
defect_9_verification_recurses() {
	"$ours" ima_sign -r -k keys/rsa.key tree >/dev/null 2>&1; "$ours" sign -r -u -k keys/rsa.key tree >/dev/null 2>&1
	go ima_verify -r -k keys/rsa.der tree; ended 0; said "tree/s/2: verification is OK"
	go verify -r -u -k keys/rsa.der tree; ended 0; said "tree/s/2: verification is OK"
	echo more >>tree/s/2; go ima_verify -r -k keys/rsa.der tree; ended 1; said "tree/1: verification is OK"; said "tree/s/2: verification failed: 0 (bad signature)"
}
defect_10_a_key_that_cannot_sign_writes_nothing() {
	local command
	for command in ima_sign "sign -u" "ima_sign -f" "ima_sign -r"; do
		case $command in *-r) go $command -k keys/ed.key tree ;; *) go $command -k keys/ed.key f ;; esac
		ended 125; said "RSA and ECDSA"; [ ! -s "$work/out" ] && [ ! -e f.sig ] || die "$defect: something was written"; unlabelled $files
	done
	echo "$(sha256sum f)" | { s=0; "$ours" sign_hash -k keys/ed.key >"$work/out" 2>"$work/err" || s=$?; ended 125; [ ! -s "$work/out" ] || die "$defect: sign_hash wrote"; }
}
defect_11_setxattr_of_nothing_fails() {
	go ima_setxattr nope; ended 125; said "nope.sig"
	: >f.sig; go ima_setxattr f; ended 125; unlabelled f
	"$ours" ima_sign -f -n -k keys/rsa.key f >/dev/null 2>&1; go ima_setxattr -f f.sig nope; ended 125; said "Failed to open: nope"
}
defect_12_a_file_that_is_no_pcrs_is_refused() {
	echo junk >junk; go ima_boot_aggregate --pcrs junk; ended 125; said "junk:1:"; [ ! -s "$work/out" ] || die "$defect: an aggregate of nothing"
	go ima_measurement --pcrs junk plain.list; ended 125; said "junk:1:"
}
defect_13_crypto_agile_logs_are_read() {
	local v
	for v in "$vectors"/*/; do
		[ -e "$v/pcrs" ] || continue
		v=$(basename "$v")
		go ima_boot_aggregate "$vectors/$v/binary_bios_measurements"; ended 0
		# the PCRs of this boot and its first record say the same
		python3 "$(dirname "$test_file")/../evmctl_model.py" "$vectors/$v/pcrs" | while read -r line; do grep -qx "$line" "$work/out" || die "$defect: $v: no $line"; done
		case $v in *legacy|*sha1) ;; *) grep -q "$(awk 'NR == 1 { sub(/^ima:/, "", $4); print $4 }' "$vectors/$v/ascii_runtime_measurements")" "$work/out" || die "$defect: $v: not the kernel's" ;; esac
	done
}
defect_14_lists_of_one_bank_are_read() {
	local bank
	for bank in sha1 sha256 sha384 sha512; do
		pcrs 6.12-tcb $bank >pb
		[ -s pb ] || continue
		go ima_measurement --ignore-violations --pcrs $bank,pb "$vectors/6.12-tcb/binary_runtime_measurements_$bank"; ended 0; said "Matched per TPM bank"
		go -v ima_measurement --ignore-violations --pcrs $bank,pb "$vectors/6.12-tcb/binary_runtime_measurements_$bank"
		sed -n '/^1[0-9] /,/^sha/p' "$work/err" | grep -v ': PCRAgg\|: TPM PCR\|succeed\|^Matched' | cmp - "$vectors/6.12-tcb/ascii_runtime_measurements_$bank" || die "$defect: -v of $bank"
	done
	pcrs 6.12-tcb sha256 >pb
	for bank in sha384 sha512; do go ima_measurement --ignore-violations --pcrs sha256,pb "$vectors/6.12-tcb/binary_runtime_measurements_$bank"; ended 0; done
}
defect_15_the_key_is_read_once() {
	# a pipe can be read once
	mkfifo keys/pipe; cat keys/rsa.key >keys/pipe &
	go ima_sign -r -k keys/pipe tree; ended 0; wait $!; rm keys/pipe; has_label tree/1; has_label tree/s/2
	"$theirs" ima_verify -k keys/rsa.der tree/s/2 >/dev/null 2>&1 || die "$defect: the signature is not right"
}
defect_16_help_says_what_sigfile_does() {
	go -h; ended 0; grep -qF "to FILE.sig as well as to the attribute" "$work/out" || die "$defect: $(grep sigfile "$work/out")"
	go ima_sign -f -k keys/rsa.key f; ended 0; has_label f; [ -s f.sig ] || die "$defect: no f.sig"
}
defect_17_every_template_is_printed() {
	local name
	for name in modsig evmsig custom; do
		go -v ima_measurement --pcrs sha256,$name.sha256 $name.list; ended 0
		grep '^10 ' "$work/err" | cmp - $name.ascii || die "$defect: $name"
		! grep -q unprocessed "$work/err" || die "$defect: $name: unprocessed data"
	done
	for name in 6.1-tcb-all-fields 6.1-tcb-critical-sigv2; do
		pcrs $name sha256 >pb
		go -v ima_measurement --ignore-violations --pcrs sha256,pb "$vectors/$name/binary_runtime_measurements"; ended 0
		grep -v ': PCRAgg\|: TPM PCR\|succeed\|^Matched\|^keyid [0-9a-f]* (from\|^key 1: ' "$work/err" | cmp - "$vectors/$name/ascii_runtime_measurements" || die "$defect: $name"
	done
}
n=0
for defect in $(compgen -A function defect_ | sort -t_ -k2n); do reset; $defect; n=$((n + 1)); done
[ $n = 17 ] || die "$n defects"
reset

# ---- a TPM behind a TCTI
if command -v swtpm >/dev/null && command -v tpm2_pcrextend >/dev/null; then
	mkdir "$work/tpm"
	swtpm socket --tpm2 --tpmstate dir="$work/tpm" --server type=unixio,path="$work/tpm/sock" --ctrl type=unixio,path="$work/tpm/sock.ctrl" --flags startup-clear >/dev/null 2>&1 &
	swtpm_pid=$!
	for _ in $(seq 100); do [ -S "$work/tpm/sock" ] && break; sleep 0.1; done
	export TPM2TOOLS_TCTI="swtpm:path=$work/tpm/sock"
	tpm2_pcrextend "0:sha1=$(printf x | sha1sum | cut -d' ' -f1),sha256=$(printf x | sha256sum | cut -d' ' -f1)" >/dev/null 2>&1 || die "tpm2_pcrextend"
	for bank in sha1 sha256; do tpm2_pcrread $bank 2>/dev/null | sed -n 's/^ *\([0-9]*\) *: 0x/'$bank' \1 /p'; done >tpm.values
	python3 "$(dirname "$test_file")/../evmctl_model.py" tpm.values >"$work/aggregates"
	defect=swtpm; go ima_boot_aggregate; ended 0
	grep -E '^sha(1|256):' "$work/out" | cmp - "$work/aggregates" || die "the aggregate of a TPM: $(cat "$work/out")"
	go ima_measurement empty.list; ended 0; go ima_measurement plain.list; ended 1
	unset TPM2TOOLS_TCTI
fi

# ---- every row of the table was seen
while read -r row _; do case " $used " in *" $row "*) ;; *) die "row $row of the table is never seen" ;; esac; done <"$work/table"
echo "$n_same the same, $n_different different for one of $(wc -l <"$work/table") reasons, 17 defects mended"
cd /
