# SPDX-License-Identifier: BSD-2-Clause
# Every place that a signing key can come from, and every way to its password; what is signed verifies with openssl. Refused keys write nothing.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/../keys.sh"
for tool in openssl softhsm2-util swtpm swtpm_setup tpm2_createprimary getfattr python3; do command -v $tool >/dev/null || skip "$tool is missing"; done
swtpm_pid=
trap '[ -z "$swtpm_pid" ] || kill "$swtpm_pid" 2>/dev/null || :; cleanup' EXIT

make_mount
cd "$work/mnt"
label() { getfattr -n "$1" -e hex "$2" 2>/dev/null | sed -n 's/^[a-z]*.[a-z]*=//p'; }
# signed_by CERT: the signature in user.ima is one of f's content by the certificate's key, and names it
signed_by() {
	local value id
	value=$(label user.ima f)
	id=$(openssl x509 -in "$1" -noout -ext subjectKeyIdentifier | tail -n 1 | tr -d ' :' | tr A-F a-f)
	[ "${value:8:8}" = "${id: -8}" ] || die "the key id is ${value:8:8}, not the end of $id"
	printf '%s' "${value:20}" | xxd -r -p >"$work/sig"
	openssl x509 -in "$1" -pubkey -noout >"$work/pub"
	openssl dgst -sha256 -verify "$work/pub" -signature "$work/sig" f >/dev/null || die "openssl does not verify what $1 signed"
	setfattr -x user.ima f
}
sign() { "$imactl" sign --user "$@" f >"$work/said" 2>&1 || die "imactl sign $*: $(cat "$work/said")"; }
# refused WORDS OPTION...: status 3, the words are said in one line, nothing is written
refused() {
	local words=$1 s=0
	shift
	"$imactl" sign --user "$@" f </dev/null >"$work/said" 2>&1 || s=$?
	[ $s = 3 ] && [ "$(wc -l <"$work/said")" = 1 ] && grep -q "$words" "$work/said" && [ -z "$(label user.ima f)" ] ||
		die "imactl sign $*: status $s, said: $(cat "$work/said")"
}
printf 'data\n' >f
make_key . rsa rsa:2048
make_key . ec ec -pkeyopt ec_paramgen_curve:P-256

# forms of files
for key in rsa ec; do
	sign -k $key.key; signed_by $key.pem
	openssl pkcs8 -topk8 -nocrypt -in $key.key -out $key.p8
	openssl pkcs8 -topk8 -nocrypt -in $key.key -outform der -out $key.p8.der
	openssl pkey -in $key.key -traditional -out $key.old
	openssl $key -in $key.key $([ $key = ec ] || echo -traditional) -outform der -out $key.old.der 2>/dev/null
	openssl pkcs8 -topk8 -in $key.key -passout pass:secret -out $key.locked
	openssl pkcs8 -topk8 -in $key.key -passout pass:secret -outform der -out $key.locked.der
	openssl pkey -in $key.key -traditional -aes256 -passout pass:secret -out $key.old.locked
	for form in p8 p8.der old old.der; do sign -k $key.$form; signed_by $key.pem; done
	"$imactl" sign --user -k - f <$key.p8 >/dev/null || die "a key on standard input"
	signed_by $key.pem
	# of a tree, too: keys and passwords that can be read once only
	"$imactl" sign -r --user -k - f <$key.p8 >/dev/null || die "a tree, a key on standard input"
	signed_by $key.pem
	"$imactl" sign -r --user -k <(cat $key.p8) f >/dev/null || die "a tree, a key in a pipe"
	signed_by $key.pem
	"$imactl" sign -r --user -k $key.locked --pass-file <(echo secret) f >/dev/null || die "a tree, a password in a pipe"
	signed_by $key.pem
	printf '%s\n' f | "$imactl" sign --user -k $key.p8 --files-from - >/dev/null || die "a list on standard input"
	signed_by $key.pem
	printf 'secret\nmore\n' >password
	for form in locked locked.der old.locked; do
		sign -k $key.$form --pass-file password; signed_by $key.pem
		IMACTL_KEY_PASSWORD=secret sign -k $key.$form; signed_by $key.pem
		sign -k $key.$form --pass-fd 5 5<password; signed_by $key.pem
		IMACTL_KEY_PASSWORD=wrong refused "password is missing or wrong" -k $key.$form
		setsid "$imactl" sign --user -k $key.$form f </dev/null >"$work/said" 2>&1 && die "$key.$form signs without its password"
	done
done

# asked at the terminal, without echo; a wrong answer, Ctrl-C
cat >"$work/ask.py" <<'P'
import os, pty, sys, signal, termios, time
answer, want = sys.argv[1].encode().decode("unicode_escape").encode(), int(sys.argv[2])
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[3], sys.argv[3:])
seen = b""
while b"Password of " not in seen or b": " not in seen:
    seen += os.read(fd, 1000)
for _ in range(500):
    if not termios.tcgetattr(fd)[3] & termios.ECHO: break
    time.sleep(0.01)
else:
    sys.exit("the terminal echoes")
os.write(fd, answer)
try:
    while True:
        more = os.read(fd, 1000)
        if not more: break
        seen += more
except OSError:
    pass
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
if status != want: sys.exit("ended with %d: %r" % (status, seen))
if b"secret" in seen: sys.exit("the password was shown: %r" % seen)
P
ask() { timeout -k 5 30 python3 "$work/ask.py" "$@" || die "asking at a terminal"; }
ask 'secret\n' 0 "$imactl" sign --user -k rsa.locked f
signed_by rsa.pem
ask 'wrong\n' 3 "$imactl" sign --user -k rsa.locked f
ask '\x03' -2 "$imactl" sign --user -k rsa.locked f
[ -z "$(label user.ima f)" ] || die "a label without the password"

# key ids
cat rsa.key rsa.pem >both.key; sign -k both.key; signed_by rsa.pem
sign -k rsa.key --keyid 1234abcd
[ "$(label user.ima f | cut -c9-16)" = 1234abcd ] || die "--keyid: $(label user.ima f)"
setfattr -x user.ima f
refused "another key" -k rsa.key --cert ec.pem
openssl req -x509 -key rsa.key -subj /CN=own -addext subjectKeyIdentifier=0102030405060708 -out own.pem
sign -k rsa.key --cert own.pem; signed_by own.pem

# keys that cannot sign what the kernel verifies, and what is no key
openssl genpkey -algorithm ed25519 -out ed.key
refused "RSA and ECDSA" -k ed.key
openssl genpkey -algorithm ec -pkeyopt ec_paramgen_curve:secp256k1 -out k1.key
refused "RSA and ECDSA" -k k1.key
# ML-DSA-65: a PKCS #8 structure with its object identifier, whatever the library knows of it
printf 'asn1=SEQUENCE:key\n[key]\nv=INTEGER:0\na=SEQUENCE:alg\nk=FORMAT:HEX,OCTETSTRING:8020%064d\n[alg]\no=OID:2.16.840.1.101.3.4.3.18\n' 0 >mldsa.cnf
openssl asn1parse -genconf mldsa.cnf -noout -out mldsa.der
refused "RSA and ECDSA" -k mldsa.der
{ echo "-----BEGIN PRIVATE KEY-----"; base64 mldsa.der; echo "-----END PRIVATE KEY-----"; } >mldsa.key
refused "RSA and ECDSA" -k mldsa.key
refused "not a private key" -k rsa.pem
refused "not a private key" -k rsa.der
: >empty; refused "not a private key" -k empty
head -c 100 rsa.p8.der >cut; refused "not a private key" -k cut
head -c 70000 /dev/zero >big; refused "File too large" -k big
refused "No such file" -k missing
refused "the password" -k rsa.locked --pass-fd 77
refused "No such file" -k rsa.locked --pass-file missing

# a PKCS #11 token
mkdir "$work/tokens"
# the engine keeps its tables in a module that is gone when a sanitizer asks for leaks
export LSAN_OPTIONS=detect_leaks=0
printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$work/tokens" >"$work/softhsm.conf"
export SOFTHSM2_CONF=$work/softhsm.conf
softhsm2-util --init-token --free --label imad --pin 123456 --so-pin 654321 >/dev/null 2>&1 || die "softhsm2-util --init-token"
for key in rsa ec; do
	softhsm2-util --import $key.p8 --token imad --label $key --id $([ $key = rsa ] && echo 01 || echo 02) --pin 123456 >/dev/null || die "softhsm2-util --import"
	sign -k "pkcs11:token=imad;object=$key?pin-value=123456" --cert $key.pem; signed_by $key.pem
	IMACTL_KEY_PASSWORD=123456 sign -k "pkcs11:token=imad;object=$key"; signed_by $key.pem
	sign -k "pkcs11:token=imad;object=$key" --pass-file <(echo 123456); signed_by $key.pem
	sign -k "pkcs11:token=imad;object=$key?module-path=/usr/lib/softhsm%2flibsofthsm2.so&pin-value=123456"; signed_by $key.pem
done
IMACTL_KEY_PASSWORD=999999 refused "PIN or password" -k "pkcs11:token=imad;object=rsa"
IMACTL_KEY_PASSWORD=123456 refused "PIN or password" -k "pkcs11:token=imad;object=none"
refused "pkcs11:token=none: " -k "pkcs11:token=none?pin-value=123456"
! grep -q 123456 "$work/said" || die "the PIN was shown"
ask '123456\n' 0 "$imactl" sign --user -k "pkcs11:token=imad;object=rsa" f
signed_by rsa.pem
mkdir tree; for i in $(seq 100); do echo "$i" >tree/$i; done
"$imactl" sign -r --user -k "pkcs11:token=imad;object=ec?pin-value=123456" tree >/dev/null || die "a tree with a token's key"
"$imactl" verify -r -q --user --signature -k ec.der tree || die "what a token signed on several threads"

# a TPM's keys: persistent, and wrapped in a file
mkdir "$work/tpm"
swtpm_setup --tpm2 --tpmstate "$work/tpm" >"$work/setup" 2>&1 || die "swtpm_setup: $(cat "$work/setup")"
swtpm socket --tpm2 --tpmstate dir="$work/tpm" --server type=unixio,path="$work/tpm.sock" --ctrl type=unixio,path="$work/tpm.sock.ctrl" --flags startup-clear >/dev/null 2>&1 &
swtpm_pid=$!
for _ in $(seq 100); do [ -S "$work/tpm.sock" ] && break; sleep 0.05; done
export TPM2TOOLS_TCTI=swtpm:path=$work/tpm.sock TPM2OPENSSL_TCTI=swtpm:path=$work/tpm.sock TSS2_LOG=all+none
{
	tpm2_createprimary -C o -G ecc -c "$work/primary" && tpm2_flushcontext -t &&
		tpm2_create -C "$work/primary" -G rsa2048:rsassa:null -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign' -u "$work/u" -r "$work/r" -c "$work/k" &&
		tpm2_flushcontext -t && tpm2_evictcontrol -C o -c "$work/k" 0x81000001 && tpm2_flushcontext -t &&
		openssl genpkey -provider tpm2 -algorithm EC -pkeyopt group:P-256 -out tpm.key
} >"$work/setup" 2>&1 || die "making the TPM's keys: $(cat "$work/setup")"
for key in tpm.key handle:0x81000001; do
	openssl req -x509 -provider tpm2 -provider default -key $key -subj /CN=tpm -addext subjectKeyIdentifier=hash -out tpm.pem || die "openssl req with the TPM"
	sign -k $key; signed_by tpm.pem
done
refused "no such private key" -k handle:0x81000009
TPM2OPENSSL_TCTI=swtpm:path=$work/none refused "cannot be reached" -k tpm.key
TPM2OPENSSL_TCTI=swtpm:path=$work/none refused "cannot be reached" -k handle:0x81000001
cd /
