# SPDX-License-Identifier: BSD-2-Clause
# Which keys count: certificates that may not enter, keyrings of the kernel, revoked keys and contents, rules by signed file only.
if [ -z "${IMA_TEST_SESSION:-}" ] && keyctl session - true >/dev/null 2>&1; then
	IMA_TEST_SESSION=1 exec keyctl session - bash "$0" "$@" 2> >(grep -v '^Joined session keyring' >&2)
fi
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
. "$here/../keys.sh"
for tool in openssl evmctl setfattr getfattr; do command -v $tool >/dev/null || skip "$tool is missing"; done

keys=$work/keys
mkdir -m 755 "$keys" "$work/cas" "$work/none"
ext() { printf '%s\n' "$@" >"$work/ext"; }
# issue NAME BY [openssl options]: a certificate that BY signed, with the extensions in $work/ext
issue() {
	local name=$1 by=$2
	shift 2
	openssl req -new -nodes -newkey rsa:2048 -keyout "$work/$name.key" -out "$work/$name.csr" -subj "/CN=$name" 2>/dev/null || die "openssl req $name"
	openssl x509 -req -in "$work/$name.csr" -CA "$work/$by.pem" -CAkey "$work/$by.key" -CAcreateserial -days 30 -extfile "$work/ext" \
		-out "$work/$name.pem" "$@" 2>/dev/null || die "openssl x509 $name"
	openssl x509 -in "$work/$name.pem" -outform der -out "$keys/$name.der"
}
openssl req -x509 -nodes -newkey rsa:2048 -keyout "$work/ca.key" -out "$work/ca.pem" -days 30 -subj /CN=ca 2>/dev/null || die "openssl req ca"
cp "$work/ca.pem" "$work/cas/"
ext subjectKeyIdentifier=hash authorityKeyIdentifier=keyid keyUsage=digitalSignature basicConstraints=CA:FALSE
issue good ca
issue expired ca -days -1
issue signer ca
issue nonca signer
cp "$work/signer.pem" "$work/cas/"
ext subjectKeyIdentifier=hash keyUsage=keyEncipherment
issue usage ca
ext subjectKeyIdentifier=hash
issue nousage ca
make_key "$work" self rsa:2048; cp "$work/self.der" "$keys/"
make_key "$work" ed ed25519; cp "$work/ed.der" "$keys/"
head -c 400 "$keys/good.der" >"$keys/truncated.der"
(cat "$keys/good.der"; echo) >"$keys/longer.der"
cp "$keys/good.der" "$keys/writable.der"; chmod 664 "$keys/writable.der"
cp "$keys/good.der" "$keys/foreign.der"; chown 1234 "$keys/foreign.der"
: >"$keys/nothing.der"
ln -s /nowhere "$keys/dangling.der"
mkdir "$keys/folder.der"

make_mount
cd "$work/mnt"
for f in good expired nonca usage nousage self; do
	cp /bin/true $f
	evmctl ima_sign -a sha256 --key "$work/$f.key" $f >/dev/null 2>&1 || die "evmctl ima_sign $f"
done
echo 'appraise func=BPRM_CHECK fowner=0 appraise_type=imasig' >"$work/policy"
enforce() { start_imad --policy "$work/policy" --tier fanotify --grace 0 ima_appraise=enforce "$@"; }
said() { grep -qF "$1" "$work/messages" || die "not said: $1"; }
runs() { ./"$1" 2>/dev/null || die "$1 is refused"; }
refused() { # FILE CAUSE
	./"$1" 2>/dev/null && die "$1 runs"
	# records are written a little later
	for _ in $(seq 50); do ! grep -q "cause=$2 .*name=\"$work/mnt/$1\"" "$work/messages" || return 0; sleep 0.1; done
	die "$1: no audit record with cause $2"
}

# what may not enter is said, one line each, and the others count
enforce --keys "$keys" --trusted-keys "$work/cas" --behaviour 6.12
said "good.der: key "
said "expired.der: the certificate has expired; its signatures count"
said "nonca.der: signed by a certificate that may not sign others: not used"
said "self.der: no trusted certificate signed it: not used"
said "usage.der: its key usage does not name digitalSignature: not used"
said "nousage.der: its key usage does not name digitalSignature: not used"
said "truncated.der: not an X.509 certificate"
said "longer.der: not an X.509 certificate"
said "nothing.der: not a certificate"
said "writable.der: others than its owner may write it: not used"
said "foreign.der: not owned by root: not used"
said "dangling.der: No such file or directory"
said "folder.der: not a regular file: not used"
said "ed.der: the certificate's kind of key is none that signatures are verified with"
runs good; runs expired
for f in nonca usage nousage self; do refused $f invalid-signature; done
stop_imad
# before 6.6 nobody asked for the key usage; without trusted certificates everything that can be read counts
enforce --keys "$keys" --trusted-keys "$work/cas" --behaviour 6.1
runs usage; runs nousage; refused self invalid-signature
stop_imad
enforce --keys "$keys"
runs self; runs nonca
stop_imad

# a place that was named and is not there, a list that cannot be read: no start, one line, status 3
unable() { # TEXT OPTION...
	local status=0
	: >"$work/messages"
	timeout -k 5 20 "$build/imad" --config /dev/null --policy "$work/policy" --tpm none --state-dir "$work/state" --run-dir "$work/run" --mount-point none \
		--scope-mount "$work/mnt" --tier fanotify ima_appraise=enforce "${@:2}" 2>>"$work/messages" || status=$?
	[ "$status" = 3 ] || die "${*:2}: status $status"
	said "$1"
	[ "$(grep -c "^imad: .*${2##*/}" "$work/messages")" -le 2 ] || die "${*:2}: more than one line: $(cat "$work/messages")"
}
printf '# one line is wrong\n%064d\nbin:12\n' 1 >"$work/bad-list"
unable "bad-list:3: no hash algorithm has digests of that length" --keys "$keys" revoked_hashes="$work/bad-list"
printf '%064d\n' 1 >"$work/open-list"; chmod 666 "$work/open-list"
unable "open-list: others than its owner may write it" --keys "$keys" revoked_hashes="$work/open-list"
unable "no-list: No such file" --keys "$keys" revoked_hashes="$work/no-list"
unable "keyring:_nobody: the kernel has no such keyring" --keys "$keys" trusted_keys=keyring:_nobody
unable "no-keys: No such file" --keys "$work/no-keys"
unable "no-revoked: No such file" --keys "$keys" revoked_keys="$work/no-revoked"
printf 'key' >"$work/evm.key"; chmod 644 "$work/evm.key"
unable "evm.key: others than its owner may read it" --keys "$keys" --evm-key "$work/evm.key"

# revoked: a key, and a content whoever signed it; a record where the use is measured, too
cp good also-good; printf x >>also-good
evmctl ima_sign -a sha256 --key "$work/good.key" also-good >/dev/null 2>&1
sha256sum also-good >"$work/list"
echo 'measure func=BPRM_CHECK' >>"$work/policy"
enforce --keys "$keys" revoked_keys="$keys/self.der" revoked_hashes="$work/list"
said "self.der: revoked: what it signed is refused"
runs good; refused self invalid-signature; refused also-good blacklisted-hash
"$imactl" list | grep -q ' blacklisted-hash' || die "no record of the revoked content"
stop_imad
# before 6.6 only appended signatures were looked up
enforce --keys "$keys" --behaviour 6.1 revoked_hashes="$work/list"
runs also-good
stop_imad

# keys that only the kernel has
if [ -n "${IMA_TEST_SESSION:-}" ] && ring=$(keyctl newring _ima @s 2>/dev/null) && keyctl padd asymmetric '' "$ring" <"$keys/good.der" >/dev/null 2>&1; then
	enforce --keys "$work/none"
	said "_ima: kernel keyring $ring verifies too; keys now: 1"
	runs good; refused self invalid-signature
	keyctl padd asymmetric '' "$ring" <"$keys/self.der" >/dev/null
	cp self self-later; evmctl ima_sign -a sha256 --key "$work/self.key" self-later >/dev/null 2>&1
	runs self-later
	stop_imad
	enforce --keys "$work/none" kernel_keyrings=0
	refused good invalid-signature
	stop_imad
	enforce --keys "$keys" --trusted-keys "$work/cas"
	said "_ima: takes keys that no trusted certificate signed: not used"
	refused self-later invalid-signature
	stop_imad
	# the CA is in a keyring of the kernel alone
	trusted=$(keyctl newring _cas @s)
	openssl x509 -in "$work/ca.pem" -outform der | keyctl padd asymmetric '' "$trusted" >/dev/null
	enforce --keys "$keys" trusted_keys=keyring:_cas kernel_keyrings=0
	said "good.der: key "
	said "self.der: no trusted certificate signed it: not used"
	said "nonca.der: no trusted certificate signed it: not used"
	runs good; refused self-later invalid-signature
	stop_imad
	keyctl chown "$ring" 1234
	enforce --keys "$work/none"
	said "_ima: a kernel keyring of this name belongs to another user: not used"
	refused good invalid-signature
	stop_imad
	"$imactl" verify --signature -k keyring:_ima good >/dev/null 2>"$work/said" && die "imactl takes another user's keyring"
	grep -q "belongs to another user" "$work/said" || die "imactl: $(cat "$work/said")"
else
	echo "keyrings of the kernel: not tried, it takes no certificate in a session keyring"
fi

# appended signatures, by openssl and by certificates or the kernel's own keys
messages=$here/../vectors/modsig
appended() { # STATUS TEXT MESSAGE OPTION...
	local status=0
	append_signature "$messages/content" "$messages/$3.p7s" "$work/appended"
	"$imactl" verify --modsig "${@:4}" "$work/appended" >"$work/said" 2>&1 || status=$?
	[ "$status" = "$1" ] && grep -q "$2" "$work/said" || die "$3: status $status: $(cat "$work/said")"
}
appended 0 'pass (signature)' rsa-sha256 -k "$messages/rsa.der"
appended 1 'unknown key' rsa-sha256 -k "$messages/other.der"
appended 1 'bad signature' changed -k "$messages/rsa.der"
appended 1 'missing\|required' attached -k "$messages/rsa.der"
if [ -n "${ring:-}" ]; then
	keyctl chown "$ring" 0
	keyctl padd asymmetric '' "$ring" <"$messages/rsa.der" >/dev/null
	appended 0 'pass (signature)' rsa-sha256 -k keyring:_ima
	appended 0 'pass (signature)' keyid -k "keyring:$ring"
	appended 1 'bad signature' changed -k keyring:_ima
	appended 1 'unknown key' two -k keyring:@u
	appended 3 'the kernel has no such keyring' rsa-sha256 -k keyring:_nobody
fi

# rules by file only, and only a good one
printf 'measure func=BPRM_CHECK uid=4242\n' >rules
cp rules unsigned; cp rules changed; cp rules hash
for f in rules changed; do evmctl ima_sign -a sha256 --key "$work/good.key" $f >/dev/null 2>&1; done
echo '# more' >>changed
evmctl ima_hash -a sha256 hash >/dev/null 2>&1
policy=$work/view/ima/policy
for set in secure_boot appraise_tcb; do
	start_imad --policy "$set" --tier fanotify --grace 0 --keys "$keys" --policy "$work/mnt/unsigned" ima_appraise=enforce
	said "unsigned: the rules in force refuse it (POLICY_CHECK): IMA-signature-required; the builtin rules stay"
	(printf 'measure func=MMAP_CHECK uid=4242\n' >"$policy") 2>"$work/said" && die "$set: rule text is taken"
	grep -q 'Permission denied' "$work/said" || die "$set: $(cat "$work/said")"
	said "cause=signed policy required"
	for f in unsigned changed hash; do
		(printf '%s\n' "$work/mnt/$f" >"$policy") 2>"$work/said" && die "$set: rules in $f are taken"
		grep -q 'Permission denied' "$work/said" || die "$set $f: $(cat "$work/said")"
	done
	grep -q "op=appraise_data cause=IMA-signature-required .*name=\"$work/mnt/hash\"" "$work/messages" || die "$set: a rule file with a digest: no record"
	grep -q "op=appraise_data cause=invalid-signature .*name=\"$work/mnt/changed\"" "$work/messages" || die "$set: a changed rule file: no record"
	[ "$("$imactl" policy show | grep -c uid=4242)" = 0 ] || die "$set: refused rules are in force"
	printf '%s\n' "$work/mnt/rules" >"$policy" || die "$set: a signed rule file is refused"
	"$imactl" policy show | grep -q 'func=BPRM_CHECK uid=4242' || die "$set: the signed rules are not in force"
	stop_imad
done
# nobody asks for a signature: text is taken
start_imad --policy "$work/policy" --tier fanotify --grace 0 --keys "$keys" ima_appraise=enforce
printf 'measure func=MMAP_CHECK uid=4242\n' >"$policy" || die "rule text is refused without a rule for rules"
stop_imad
