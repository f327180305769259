# SPDX-License-Identifier: BSD-2-Clause
# imactl keys: what is generated is what openssl, evmctl and a restricted keyring of the kernel accept; ids are theirs; nothing is written over.
. "$(dirname "$0")/lib.sh"
for tool in openssl evmctl keyctl getfattr jq; do command -v $tool >/dev/null || skip "$tool is missing"; done
cd "$work"
umask 022
export IMACTL_KEY_PASSWORD=
unset IMACTL_KEY_PASSWORD
fails() { # fails STATUS TEXT COMMAND...
	local want=$1 text=$2 s=0
	shift 2
	"$@" >"$work/out" 2>"$work/said" </dev/null || s=$?
	[ $s = "$want" ] && grep -q -- "$text" "$work/said" || die "$*: status $s, not $want with \"$text\": $(cat "$work/said")"
}
text() { openssl x509 -in "$1" -noout -text; }
skid() { openssl x509 -in "$1" -noout -ext subjectKeyIdentifier | tail -n 1 | tr -d ' :' | tail -c 9 | tr 'A-F' 'a-f'; }

printf 'content\n' >file
for kind in rsa2048 rsa3072 rsa4096 p256 p384; do
	d=$work/$kind
	"$imactl" keys generate --no-passphrase --kind $kind --name "key $kind" --days 30 "$d" >made || die "keys generate --kind $kind"
	(cd "$d" && ls) | tr '\n' ' ' >"$work/out"
	[ "$(cat "$work/out")" = "privkey_ca.key privkey_ima.key x509_ca.der x509_ca.pem x509_ima.der x509_ima.pem " ] && [ "$(wc -l <made)" = 6 ] || die "$kind: $(cat "$work/out")"
	[ "$(stat -c %a "$d/privkey_ca.key" "$d/privkey_ima.key" "$d/x509_ima.der" | tr '\n' ' ')" = "600 600 644 " ] || die "modes of $kind"
	openssl x509 -inform der -in "$d/x509_ima.der" | cmp - "$d/x509_ima.pem" || die "DER and PEM of $kind"
	openssl verify -x509_strict -CAfile "$d/x509_ca.pem" "$d/x509_ima.pem" >/dev/null 2>"$work/said" || die "openssl verify $kind: $(cat "$work/said")"
	openssl verify -x509_strict -purpose codesign -CAfile "$d/x509_ca.pem" "$d/x509_ima.pem" >/dev/null 2>"$work/said" || :
	[ "$(openssl x509 -in "$d/x509_ima.pem" -noout -pubkey)" = "$(openssl pkey -in "$d/privkey_ima.key" -pubout)" ] || die "key and certificate of $kind"
	text "$d/x509_ima.pem" >t; for want in "Version: 3" "CA:FALSE" "X509v3 Key Usage: critical" "Digital Signature" "Code Signing" "Subject Key Identifier" "Authority Key Identifier" "CN = key $kind CA"; do grep -q "$want" t || die "$kind lacks $want"; done
	text "$d/x509_ca.pem" >t; for want in "CA:TRUE" "Certificate Sign" "Subject Key Identifier"; do grep -q "$want" t || die "the CA of $kind lacks $want"; done
	# ids: by certificate, private key, public key, and evmctl's
	openssl pkey -in "$d/privkey_ima.key" -pubout -out pub.pem
	for f in "$d/x509_ima.der" "$d/x509_ima.pem" "$d/privkey_ima.key" pub.pem; do
		[ "$("$imactl" keys id "$f")" = "$(skid "$d/x509_ima.pem") $f" ] || die "the id of $f: $("$imactl" keys id "$f"), not $(skid "$d/x509_ima.pem")"
	done
	evmctl ima_sign -f -n -a sha256 --key "$d/privkey_ima.key" file >/dev/null 2>&1 || die "evmctl does not sign with $kind"
	[ "$(xxd -p -s 3 -l 4 file.sig)" = "$(skid "$d/x509_ima.pem")" ] || die "evmctl's key id of $kind"
	evmctl ima_verify -f -a sha256 --key "$d/x509_ima.der" file >"$work/said" 2>&1 || die "evmctl with our certificate: $(cat "$work/said")"
	"$imactl" keys list "$d" >t; [ "$(wc -l <t)" = 4 ] && grep -q "^$(skid "$d/x509_ima.pem") .*key $kind  ($d/x509_ima.der)" t || die "keys list: $(cat t)"
done
"$imactl" keys generate --no-passphrase --kind p256 both >/dev/null; cp both/privkey_ima.key both/privkey.pem; [ "$("$imactl" keys list both | wc -l)" = 4 ] || die "a private key in a folder"
"$imactl" keys list --json rsa2048 p256 | jq -e 'length == 8 and all(.[]; .id and (.expired | not))' >/dev/null || die "keys list --json"

# encrypted unless it is said otherwise; nothing is asked where nobody is
fails 3 "no password" setsid "$imactl" keys generate --kind p256 locked
[ ! -e locked/privkey_ima.key ] || die "a key without password"
printf 'secret\nnot this\n' >pw
"$imactl" keys generate --kind p256 --pass-file pw locked >/dev/null || die "keys generate --pass-file"
for f in privkey_ca privkey_ima; do
	grep -q 'BEGIN ENCRYPTED PRIVATE KEY' locked/$f.key || die "$f is not encrypted"
	openssl pkey -in locked/$f.key -passin pass:secret -noout || die "openssl cannot read $f"
	! openssl pkey -in locked/$f.key -passin pass:wrong -noout 2>/dev/null || die "$f opens with another password"
done
"$imactl" keys id --pass-file pw locked/privkey_ima.key | grep -q "^$(skid locked/x509_ima.pem) " || die "the id of an encrypted key"
: >empty; fails 3 "the password is empty" "$imactl" keys generate --pass-file empty new1
# never over something
sha256sum locked/* >before
fails 3 "locked/privkey_ima.key: File exists" "$imactl" keys generate --no-passphrase locked
mkdir half; : >half/x509_ima.pem; fails 3 "half/x509_ima.pem: File exists" "$imactl" keys generate --no-passphrase --kind p256 half
[ "$(ls half)" = x509_ima.pem ] && sha256sum --quiet -c before || die "something was written over or left behind: $(ls half)"
# a CA that is there already
"$imactl" keys generate --kind p384 --evm --pass-file pw --ca-key locked/privkey_ca.key --ca-cert locked/x509_ca.der more >/dev/null || die "--ca-key"
[ "$(ls more | tr '\n' ' ')" = "privkey_evm.key x509_evm.der x509_evm.pem " ] && openssl verify -x509_strict -CAfile locked/x509_ca.pem more/x509_evm.pem >/dev/null || die "a key by a CA that was there"
fails 3 "no CA's" "$imactl" keys generate --no-passphrase --ca-key p256/privkey_ima.key --ca-cert p256/x509_ima.pem new2
fails 3 "another key's" "$imactl" keys generate --no-passphrase --ca-key p256/privkey_ca.key --ca-cert p384/x509_ca.pem new2
fails 3 "the password is missing or wrong" setsid "$imactl" keys generate --no-passphrase --ca-key locked/privkey_ca.key --ca-cert locked/x509_ca.pem new2
for bad in "--kind ed25519" "--kind rsa1024" "--days 0" "--days x" "--ca-key x" "--no-passphrase --pass-file pw"; do
	# shellcheck disable=SC2086
	fails 2 "" "$imactl" keys generate $bad new3
done
fails 3 "not a name" "$imactl" keys generate --no-passphrase --name "$(printf 'n%.0s' $(seq 62))" new4
[ -z "$(ls new? 2>/dev/null | grep pem)" ] || die "files of a key that was not made"
openssl req -x509 -nodes -newkey rsa:2048 -keyout n.key -out noskid.pem -days 3 -subj /CN=noskid -addext subjectKeyIdentifier=none 2>/dev/null && fails 3 "no subject key identifier" "$imactl" keys id noskid.pem
printf 'junk' >junk; fails 3 "^imactl: junk: " "$imactl" keys id junk
fails 3 "neither a file nor a keyring" "$imactl" keys list no-such-ring

# the kernel: a keyring that takes only what the CA signed
cat >in-session <<'S'
set -eu
ring=$(keyctl newring imactl-test @s)
ca=$("$imactl" keys import rsa2048/x509_ca.pem @s 2>said) || { grep -q 'no asymmetric keys\|no keyrings' said && exit 77; cat said >&2; exit 1; }
keyctl restrict_keyring "$ring" asymmetric "key_or_keyring:$ca" 2>said || exit 77
s=$("$imactl" keys import rsa2048/x509_ima.der "$ring") || { echo "the restricted keyring refuses a certificate of its CA" >&2; exit 1; }
"$imactl" keys list "$ring" >listed
grep -q "key rsa2048: $(openssl x509 -in rsa2048/x509_ima.pem -noout -ext subjectKeyIdentifier | tail -n 1 | tr -d ' :' | tr 'A-F' 'a-f').*$s" listed || { cat listed >&2; exit 1; }
grep -q "^$("$imactl" keys id rsa2048/x509_ima.der | cut -d' ' -f1) " listed || { cat listed >&2; exit 1; }
if "$imactl" keys import rsa4096/x509_ima.der "$ring" 2>said; then echo "a certificate of another CA went in" >&2; exit 1; fi
grep -q restricted said || { cat said >&2; exit 1; }
if "$imactl" keys import pub.pem @s 2>said; then exit 1; fi
grep -q 'not an X.509 certificate' said
S
export imactl
s=0; keyctl session - bash in-session >"$work/out" 2>"$work/said" || s=$?
[ $s != 77 ] || { echo "the kernel's keyrings were not tried: $(cat said)"; s=0; }
[ $s = 0 ] || die "in the kernel's keyrings: $(cat "$work/said")"

# bytes from elsewhere never ask the person at the terminal: a block that says that it is encrypted is no certificate
for name in CERTIFICATE "PUBLIC KEY"; do
	printf -- '-----BEGIN %s-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\nAAECAwQFBgcICQoLDA0ODw==\n-----END %s-----\n' "$name" "$name" >asks.pem
	for words in "verify -k asks.pem file" "keys list asks.pem" "sign -n -k both/privkey_ima.key --cert asks.pem file" "evidence verify --nonce aa --ak asks.pem file" \
		"evidence verify --nonce aa --ak-ca asks.pem file" "keys import asks.pem @u"; do
		s=0
		printf 'secret\nsecret\n' | setsid -w "$imactl" $words >out 2>said || s=$?
		[ $s = 3 ] && [ "$(wc -l <said)" = 1 ] && ! grep -qi "phrase\|No such file" said || die "$words: status $s: $(cat said)"
	done
done

# what is refused leaves no folder; each refusal has its reason
fails 3 "not a name for a certificate" "$imactl" keys generate --no-passphrase --kind p256 --name "" none
fails 2 "go together" "$imactl" keys generate --no-passphrase --ca-key both/privkey_ca.key none
fails 2 "--ca-kind" "$imactl" keys generate --no-passphrase --ca-key both/privkey_ca.key --ca-cert both/x509_ca.pem --ca-kind p256 none
fails 2 "and a password" "$imactl" keys generate --no-passphrase --pass-file file none
fails 3 "no CA's" "$imactl" keys generate --no-passphrase --ca-key both/privkey_ima.key --ca-cert both/x509_ima.pem none
[ ! -e none ] || die "an empty folder was left"
mkdir bare
fails 3 "bare: no certificate in it" "$imactl" verify -k bare file
mkdir odd && cp both/x509_ima.pem odd/$'a\xff\n.pem' && "$imactl" keys list --json odd >out && [ "$(jq -r '.[0].place_hex' out)" = 6f64642f61ff0a2e70656d ] || die "a name that is no UTF-8: $(cat out)"
"$imactl" keys list odd >out && [ "$(wc -l <out)" = 1 ] || die "a name with a newline: $(cat -v out)"

# a file of certificates: each of them, whatever else stands in it; one that is damaged is not passed over
: >signed && "$imactl" sign -q --user -k both/privkey_ima.key signed || die "sign"
{ cat rsa2048/x509_ima.pem both/privkey_ima.key; echo text; cat both/x509_ima.pem rsa2048/x509_ca.pem; } >bundle.pem
"$imactl" verify -q --user --signature -k bundle.pem signed || die "the second certificate of a file"
[ "$("$imactl" keys list bundle.pem | wc -l)" = 3 ] || die "a file of certificates: $("$imactl" keys list bundle.pem)"
{ cat both/x509_ima.pem; printf -- '-----BEGIN CERTIFICATE-----\njunk\n'; } >damaged.pem
fails 3 "damaged.pem: not an X.509 certificate" "$imactl" verify --user -k damaged.pem signed
# standard input is read once: a list behind a key would be empty, and everything well
for words in "-k - --files-from -" "-k - --pass-fd 0 signed" "-k both/privkey_ima.key --pass-file - --files-from -" "-k - --archive - -o out.tar"; do
	fails 2 "standard input can be one thing only" "$imactl" sign $words
done
cd /
