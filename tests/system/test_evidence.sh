# SPDX-License-Identifier: BSD-2-Clause
# From enrolment to verdict with a TPM of its own (swtpm) and imad: a host that runs what is known is trusted, one that ran something else is refused with
# the file's name and place; evidence goes on from the last time; imad's embedded TPM does the same; Keylime's one-shot form is whole.
. "$(dirname "$0")/lib.sh"
command -v swtpm >/dev/null || skip "swtpm is missing"
make_mount
tpm=$work/tpm
mkdir "$tpm" "$work/state.d"
swtpm_setup --tpm2 --tpmstate "$tpm" --create-ek-cert --pcr-banks sha1,sha256 >"$work/setup" 2>&1 || swtpm_setup --tpm2 --tpmstate "$tpm" --overwrite --pcr-banks sha1,sha256 >"$work/setup" 2>&1 || die "swtpm_setup: $(cat "$work/setup")"
swtpm socket --tpm2 --tpmstate dir="$tpm" --server type=unixio,path="$work/tpm.sock" --ctrl type=unixio,path="$work/tpm.sock.ctrl" \
	--flags not-need-init,startup-clear &
tpm_pid=$!
trap 'kill $tpm_pid 2>/dev/null || :; cleanup' EXIT
for _ in $(seq 50); do [ -S "$work/tpm.sock" ] && break; sleep 0.1; done

cp /bin/true "$work/mnt/known"
cp /bin/echo "$work/mnt/also known"
(cd /; sha256sum "$work/mnt/known" "$work/mnt/also known") >"$work/reference"
# this machine has no firmware log for the software TPM
printf '{"version": 1, "skip": ["event-log"], "buffers": "any"}' >"$work/rules"

# verify STATUS EVIDENCE NONCE [OPTION...]
verify() {
	local want=$1 evidence=$2 nonce=$3 r=0
	shift 3
	"$imactl" evidence verify --nonce "$nonce" --ak "$work/en" --reference "$work/reference" --rules "$work/rules" "$@" "$evidence" >"$work/out" 2>"$work/err" || r=$?
	[ $r = "$want" ] || die "evidence verify: status $r, not $want: $(cat "$work/out" "$work/err")"
}
enrol() { # KEY-FOLDER
	rm -rf "$work/en"
	"$imactl" ak enroll "$work/en" --ak "$1/ak.pub" --ek "$1/ek.pub" >/dev/null || die "enroll"
	"$imactl" ak activate "$1" --challenge "$work/en/challenge" --out "$work/answer" || die "activate"
	"$imactl" ak enroll "$work/en" --answer "$work/answer" >/dev/null || die "the answer"
}
create() { "$imactl" evidence create --ak "$work/ak" --no-eventlog "$@" || die "evidence create $*"; }

start_imad --tpm "swtpm:path=$work/tpm.sock"
"$imactl" ak create "$work/ak" --alg ecc >/dev/null || die "ak create"
enrol "$work/ak"
"$work/mnt/known"
"$work/mnt/also known" >/dev/null
create --nonce aa01 --out "$work/e1"
verify 0 "$work/e1" aa01 --state "$work/state.d"
grep -q ': trusted; ' "$work/out" || die "trusted: $(cat "$work/out")"
verify 1 "$work/e1" aa02
grep -q 'fail *nonce ' "$work/out" || die "another nonce: $(cat "$work/out")"
verify 1 "$work/e1" aa01 --state "$work/state.d"
grep -q 'fail *nonce .*again' "$work/out" || die "the same nonce again: $(cat "$work/out")"
# the same parts give the same bytes, and nobody else's archive is taken
mkdir "$work/x"
tar -C "$work/x" -xf "$work/e1"
tar -C "$work/x" --format=ustar -cf "$work/again" $(tar -tf "$work/e1")
verify 1 "$work/again" aa01
grep -q 'fail *archive ' "$work/out" || die "another tar: $(cat "$work/out")"

# only the new entries the next time
n=$(jq .entries "$work"/state.d/*.json)
cp /bin/true "$work/mnt/known"
"$work/mnt/known"
create --nonce aa03 --from "$n" --out "$work/e2"
verify 0 "$work/e2" aa03 --state "$work/state.d"
verify 1 "$work/e2" aa03
grep -q 'fail *list .*nothing is known of those before' "$work/out" || die "a part without a state: $(cat "$work/out")"

# an unknown program
printf '#!/bin/sh\n:\n' >"$work/mnt/unknown"
chmod +x "$work/mnt/unknown"
"$work/mnt/unknown"
create --nonce aa04 --out "$work/e3"
verify 1 "$work/e3" aa04
grep -q "entry [0-9]*  unknown  $work/mnt/unknown  sha256:" "$work/out" || die "the unknown program is not named: $(cat "$work/out")"
entry=$(awk '/ unknown  / {print $2; exit}' "$work/out")
"$imactl" list | sed -n "${entry}p" | grep -q "$work/mnt/unknown" || die "entry $entry is another one"
# named by a change of the known one as well, and a batch has each its own word
echo >>"$work/mnt/known"
"$work/mnt/known" || :
create --nonce aa05 --out "$work/e4"
verify 1 "$work/e4" aa05 --json
[ "$(jq -r '.[0].findings[] | select(.verdict == "changed") | .name' "$work/out")" = "$work/mnt/known" ] || die "changed: $(cat "$work/out")"
mkdir "$work/batch"
cp "$work/e1" "$work/e4" "$work/batch"
echo hello >"$work/batch/z"
# what a command line gets wrong is said in one line, and nothing is checked
wrong() {
	local want=$1 text=$2 r=0
	shift 2
	"$imactl" "$@" >"$work/out" 2>"$work/err" || r=$?
	[ $r = "$want" ] && [ ! -s "$work/out" ] && [ "$(wc -l <"$work/err")" = 1 ] && grep -q "$text" "$work/err" || die "$*: status $r: $(cat "$work/out" "$work/err")"
}
mkdir "$work/nothing"
printf 'e1 aa01\n\ne4  aa05\n' >"$work/nonces"
wrong 3 "nonces:3: not a file name" evidence verify --nonces "$work/nonces" "$work/batch"
printf 'e1 aa01\ne5 aa0\n' >"$work/nonces"
wrong 3 "nonces:2: not a file name" evidence verify --nonces "$work/nonces" "$work/batch"
printf 'e1 aa01\ne4 aa05\n' >"$work/nonces"
wrong 2 "one of them" evidence verify --nonces "$work/nonces" --nonce aa01 "$work/batch"
wrong 3 "nothing: no evidence in it" evidence verify --nonce aa01 "$work/nothing"
wrong 3 "nothing: no trusted.pub" evidence verify --nonce aa01 --ak "$work/nothing" "$work/batch"
wrong 2 "one form at a time" evidence verify --nonce aa01 --json --format sarif "$work/batch"
wrong 2 "one of them" evidence verify --nonce aa01 --nonce-text aa01 "$work/batch"
wrong 2 "go with --ear-key" evidence verify --nonce aa01 --pass-file "$work/nonces" "$work/batch"
wrong 3 "nonces: Not a directory" evidence verify --nonce aa01 --state "$work/nonces" "$work/batch"
wrong 3 "nonces: not a certificate in DER" evidence verify --nonce aa01 --ak-ca "$work/nonces" "$work/batch"
wrong 3 "nothing: no certificate in it" evidence verify --nonce aa01 -k "$work/nothing" "$work/batch"
wrong 2 "one of the two" quote --ak "$work/ak" --nonce aa01 --nonce-text aa01 --out "$work/q"
wrong 2 "one of the two" evidence create --ak "$work/ak" --nonce aa01 --eventlog "$work/nonces" --no-eventlog --out "$work/e0"
wrong 2 "goes with --format keylime" evidence create --ak "$work/ak" --nonce aa01 --runtime-policy "$work/nonces" --out "$work/e0"
wrong 3 "nonces: not an attestation key" evidence create --ak "$work/ak" --nonce aa01 --no-eventlog --ak-cert "$work/nonces" --out "$work/e0"
wrong 2 "goes with --ek-cert" ak enroll "$work/e0" --ak "$work/ak/ak.pub" --ek "$work/ak/ek.pub" --ca "$work/nonces"
wrong 2 "stands alone" ak enroll "$work/e0" --answer "$work/answer" --ek "$work/ak/ek.pub"
[ ! -e "$work/e0" ] && [ ! -e "$work/q" ] || die "something was written"
one=$(find "$work/batch" -type f | sort | head -n 1); before=$(sha256sum <"$one"); ln -s "$one" "$work/page"
for page in "$one" "$work/page"; do
	wrong 2 "one of the evidences" report -o "$page" --nonce aa01 "$work/batch"
	[ "$(sha256sum <"$one")" = "$before" ] || die "the report went over the evidence"
done
r=0
"$imactl" evidence verify --nonces "$work/nonces" --ak "$work/en" --reference "$work/reference" --rules "$work/rules" -q "$work/batch" >"$work/out" || r=$?
[ $r = 1 ] || die "a batch: status $r"
[ "$(sed 's/.*batch.//' "$work/out" | tr '\n' ';')" = "e1: trusted;e4: refused files;z: refused archive;" ] || die "a batch: $(cat "$work/out")"
state=$(echo "$work"/state.d/*.json)
cp "$state" "$work/state.good"; printf '{}' >"$state"
wrong 3 "its state, $state: not the whole state of a host" evidence verify -q --nonce aa99 --ak "$work/en" --reference "$work/reference" --rules "$work/rules" --state "$work/state.d" "$work/e1"
cp "$work/state.good" "$state"
# hosts put into the folder what they like: a pipe holds nobody up, and what could not be checked is told as the others are
mkfifo "$work/batch/pipe"
mkdir "$work/batch/folder"
cp "$work/e1" "$work/batch/"$'\xff\nz: trusted'
r=0
timeout 30 "$imactl" evidence verify --nonces "$work/nonces" --ak "$work/en" --reference "$work/reference" --rules "$work/rules" --json "$work/batch" >"$work/out" 2>"$work/err" || r=$?
[ $r = 1 ] && [ "$(jq -r '.[] | [.evidence // .evidence_hex, .verdict, .error // ""] | join(" ")' "$work/out" | sed 's/.*batch.//' | tr '\n' ';')" = \
	"e1 trusted ;e4 refused ;pipe not checked not a regular file;z refused ;$(printf %s "$work/batch/"$'\xff\nz: trusted' | od -An -tx1 | tr -d ' \n') not checked ;" ] || die "a folder with a pipe: status $r, $(jq -r '.[] | [.evidence // .evidence_hex, .verdict, .error // ""] | join(" ")' "$work/out")"
timeout 30 "$imactl" evidence verify --nonces "$work/nonces" --ak "$work/en" --reference "$work/reference" --rules "$work/rules" -q "$work/batch" >"$work/out" 2>"$work/err" || :
[ "$(grep -c '' "$work/out")" = 4 ] && grep -qaF '\x0az: trusted: not checked' "$work/out" || die "names as lines: $(cat -v "$work/out")"
rm -r "$work/batch/pipe" "$work/batch/folder" "$work/batch/"$'\xff\nz: trusted'
"$imactl" evidence verify -q --nonce aa01 --ak "$work/en" --reference "$work/reference" --rules "$work/rules" - <"$work/e1" >"$work/out" && [ "$(cat "$work/out")" = "-: trusted" ] || die "evidence from standard input: $(cat "$work/out")"

# a certificate vouches for the key: by any of a file's CAs, for this key, and not without one that is trusted
"$imactl" keys generate --no-passphrase --kind p256 "$work/ca" >/dev/null
"$imactl" keys generate --no-passphrase --kind p256 --name other "$work/ca2" >/dev/null
certify() { openssl x509 -req -in "$work/req" -force_pubkey "$1" -CA "$work/ca/x509_ca.pem" -CAkey "$work/ca/privkey_ca.key" -CAcreateserial -days 2 -out "$2" 2>"$work/err" || die "openssl x509: $(cat "$work/err")"; }
openssl req -new -key "$work/ca/privkey_ima.key" -subj "/CN=host" -out "$work/req" 2>/dev/null || die "openssl req"
certify "$work/ak/ak.pem" "$work/ak/ak.crt"
create --nonce aa20 --out "$work/certified"
cat "$work/ca2/x509_ca.pem" "$work/ca/x509_ca.pem" >"$work/cas"
by_ca() { # STATUS TEXT EVIDENCE... CA
	local want=$1 text=$2 r=0
	shift 2
	"$imactl" evidence verify --nonce aa20 --reference "$work/reference" --rules "$work/rules" --skip files "${@:1:$#-1}" --ak-ca "${!#}" >"$work/out" 2>&1 || r=$?
	[ $r = "$want" ] && [ "$(grep -c "$text" "$work/out")" = $(($# - 1)) ] || die "--ak-ca: status $r: $(cat "$work/out")"
}
cp "$work/certified" "$work/certified2"
by_ca 0 'pass *ak *certified' "$work/certified" "$work/ca/x509_ca.der"
by_ca 0 'pass *ak *certified' "$work/certified" "$work/certified2" "$work/cas"
by_ca 1 'fail *ak *its certificate is not trusted' "$work/certified" "$work/certified2" "$work/ca2/x509_ca.pem"
by_ca 1 'fail *ak *the key is not among the trusted ones and has no certificate' "$work/e1" "$work/ca/x509_ca.pem"
openssl x509 -in "$work/ca/x509_ima.pem" -out "$work/other.crt"
r=0; "$imactl" evidence create --ak "$work/ak" --no-eventlog --nonce aa20 --ak-cert "$work/other.crt" --out "$work/e0" 2>"$work/err" || r=$?
[ $r = 3 ] && [ ! -e "$work/e0" ] && grep -q 'other.crt: the certificate is of another key' "$work/err" || die "another key's certificate: $r, $(cat "$work/err")"
rm "$work/ak/ak.crt"

# nothing that is missing is a pass
r=0; "$imactl" evidence verify --nonce aa01 --reference "$work/reference" --rules "$work/rules" "$work/e1" >"$work/out" || r=$?
[ $r = 3 ] && grep -q 'unable *ak ' "$work/out" || die "no key: status $r, $(cat "$work/out")"

# the archive's parts are what tpm2_checkquote takes
if command -v tpm2_checkquote >/dev/null; then
	tpm2_checkquote -u "$work/ak/ak.pem" -m "$work/x/quote.msg" -s "$work/x/quote.sig" -f "$work/x/quote.pcrs" -g sha256 -q aa01 >"$work/out" 2>&1 || die "tpm2_checkquote: $(cat "$work/out")"
fi
create --format keylime --nonce-text abc123 --out "$work/keylime"
jq -e '.type == "tpm" and (.data.quote | startswith("r")) and .data.nonce == "abc123" and (.data.ima_measurement_list | contains("boot_aggregate")) and .data.hash_alg == "sha256" and (.data.tpm_ak | length > 100)' "$work/keylime" >/dev/null || die "keylime: $(head -c 300 "$work/keylime")"
stop_imad

# imad's own TPM
rm -rf "$work/state" && mkdir "$work/state"
start_imad
rm -rf "$work/ak"
"$imactl" ak create "$work/ak" >/dev/null || die "ak create, embedded"
enrol "$work/ak"
"$work/mnt/also known" >/dev/null
create --nonce bb01 --out "$work/e5"
verify 0 "$work/e5" bb01
r=0
"$imactl" evidence create --ak "$work/x" --nonce bb02 --out "$work/e6" 2>"$work/err" || r=$?
[ $r = 3 ] && [ ! -e "$work/e6" ] || die "without a key: status $r"
stop_imad
