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
wrong 2 "one of the two" evidence verify --nonces "$work/nonces" --nonce aa01 "$work/batch"
wrong 3 "nothing: no evidence in it" evidence verify --nonce aa01 "$work/nothing"
wrong 3 "nothing: no trusted.pub" evidence verify --nonce aa01 --ak "$work/nothing" "$work/batch"
wrong 2 "one form at a time" evidence verify --nonce aa01 --json --format sarif "$work/batch"
one=$(find "$work/batch" -type f | sort | head -n 1); before=$(sha256sum <"$one"); ln -s "$one" "$work/page"
for page in "$one" "$work/page"; do
	wrong 2 "one of the evidences" report -o "$page" --nonce aa01 "$work/batch"
	[ "$(sha256sum <"$one")" = "$before" ] || die "the report went over the evidence"
done
r=0
"$imactl" evidence verify --nonces "$work/nonces" --ak "$work/en" --reference "$work/reference" --rules "$work/rules" -q "$work/batch" >"$work/out" || r=$?
[ $r = 1 ] || die "a batch: status $r"
[ "$(sed 's/.*batch.//' "$work/out" | tr '\n' ';')" = "e1: trusted;e4: refused files;z: refused archive;" ] || die "a batch: $(cat "$work/out")"
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
