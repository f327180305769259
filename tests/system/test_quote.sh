# SPDX-License-Identifier: BSD-2-Clause
# Attestation keys and quotes: tpm2_checkquote accepts them from a software TPM and from imad's own; a challenge is answered by the right TPM
# only; imad hands nothing through that could change what the list is anchored in.
. "$(dirname "$0")/lib.sh"
for p in swtpm tpm2_checkquote tpm2_makecredential; do command -v $p >/dev/null || skip "$p is missing"; done
tpm=swtpm:path=$work/tpm.sock
mkdir "$work/tpm"
swtpm_setup --tpm2 --tpmstate "$work/tpm" --pcr-banks sha1,sha256 >"$work/setup" 2>&1 || die "swtpm_setup: $(cat "$work/setup")"
swtpm socket --tpm2 --tpmstate dir="$work/tpm" --server type=unixio,path="$work/tpm.sock" --ctrl type=unixio,path="$work/tpm.sock.ctrl" \
	--flags not-need-init,startup-clear &
tpm_pid=$!
trap 'kill $tpm_pid 2>/dev/null || :; cleanup' EXIT
for _ in $(seq 50); do [ -S "$work/tpm.sock" ] && break; sleep 0.1; done

# check_quote KEY-FOLDER QUOTE-FOLDER NONCE
check_quote() {
	tpm2_checkquote -u "$1/ak.pem" -m "$2/quote.msg" -s "$2/quote.sig" -f "$2/quote.pcrs" -g sha256 -q "$3" >"$work/out" 2>&1 || die "tpm2_checkquote: $(cat "$work/out")"
	! tpm2_checkquote -u "$1/ak.pem" -m "$2/quote.msg" -s "$2/quote.sig" -f "$2/quote.pcrs" -g sha256 -q "00$3" >"$work/out" 2>&1 || die "another nonce was accepted"
}

for alg in rsa ecc; do
	"$imactl" ak create "$work/ak-$alg" --alg $alg --tpm "$tpm" >"$work/out" || die "ak create $alg: $(cat "$work/out")"
	"$imactl" quote --nonce 0011aabb --ak "$work/ak-$alg" --pcrs 0-7,10,16 --out "$work/q-$alg" --tpm "$tpm" || die "quote $alg"
	check_quote "$work/ak-$alg" "$work/q-$alg" 0011aabb
	# Keylime's string decodes to the three parts, and tpm2_checkquote accepts those as well
	"$imactl" quote --nonce-text abc --ak "$work/ak-$alg" --format keylime --tpm "$tpm" >"$work/keylime" || die "quote --format keylime"
	mkdir "$work/k-$alg"
	python3 - "$work/keylime" "$work/k-$alg" <<'P' || die "the string does not decode"
import base64, sys
s = open(sys.argv[1]).read().strip()
assert s[0] == "r"
parts = s[1:].split(":")
assert len(parts) == 3
for name, b in zip(("quote.msg", "quote.sig", "quote.pcrs"), parts):
    open(sys.argv[2] + "/" + name, "wb").write(base64.b64decode(b, validate=True))
P
	check_quote "$work/ak-$alg" "$work/k-$alg" 616263
done

# a challenge by each side's tools
"$imactl" ak enroll "$work/en" --ak "$work/ak-ecc/ak.pub" --ek "$work/ak-ecc/ek.pub" >/dev/null || die "enroll"
"$imactl" ak activate "$work/ak-ecc" --challenge "$work/en/challenge" --out "$work/answer" --tpm "$tpm" || die "activate"
r=0; "$imactl" ak activate "$work/ak-rsa" --challenge "$work/en/challenge" --tpm "$tpm" 2>"$work/err" || r=$?
[ $r = 1 ] || die "a challenge for another key: status $r"
grep -q 'was not made for this TPM and key' "$work/err" || die "a challenge for another key: $(cat "$work/err")"
sed 's/^./0/; s/^0\(.\)./0\10/' "$work/answer" >"$work/wrong"
cmp -s "$work/answer" "$work/wrong" && printf '%064d\n' 0 >"$work/wrong"
r=0; "$imactl" ak enroll "$work/en" --answer "$work/wrong" 2>"$work/err" || r=$?
[ $r = 1 ] && grep -q 'the wrong answer' "$work/err" || die "a wrong answer: status $r, $(cat "$work/err")"
[ ! -e "$work/en/trusted.pub" ] || die "a wrong answer made the key trusted"
"$imactl" ak enroll "$work/en" --answer "$work/answer" >/dev/null || die "the right answer"
cmp "$work/en/trusted.pub" "$work/ak-ecc/ak.pub" || die "trusted.pub"
[ ! -e "$work/en/secret" ] || die "the secret is left"
# tpm2_makecredential's challenge is answered
head -c 32 /dev/urandom >"$work/secret"
name=$(python3 - "$work/ak-rsa/ak.pub" <<'P'
import hashlib, sys
print("000b" + hashlib.sha256(open(sys.argv[1], "rb").read()[2:]).hexdigest())
P
)
tpm2_makecredential -T none -Q -u "$work/ak-rsa/ek.pub" -s "$work/secret" -n "$name" -o "$work/cred" || die "tpm2_makecredential"
[ "$("$imactl" ak activate "$work/ak-rsa" --challenge "$work/cred" --tpm "$tpm")" = "$(xxd -p -c 64 "$work/secret")" ] || die "tpm2_makecredential's secret"
# a key that is not restricted may sign anything: refused before a challenge is made
export TPM2TOOLS_TCTI=$tpm
tpm2_createprimary -Q -C e -c "$work/p.ctx" && tpm2_create -Q -C "$work/p.ctx" -G ecc -u "$work/free.pub" -r "$work/free.priv" || die "tpm2_create"
tpm2_flushcontext -t
r=0; "$imactl" ak enroll "$work/en2" --ak "$work/free.pub" --ek "$work/ak-ecc/ek.pub" 2>"$work/err" || r=$?
[ $r = 1 ] && grep -q 'not a restricted signing key' "$work/err" || die "an unrestricted key: status $r, $(cat "$work/err")"
# nothing of ours stays in the TPM
[ -z "$(tpm2_getcap handles-transient)$(tpm2_getcap handles-loaded-session)" ] || die "handles are left"
unset TPM2TOOLS_TCTI

# imad's own TPM, through the daemon
make_mount
start_imad
"$imactl" ak create "$work/ak-imad" >/dev/null || die "ak create with imad's TPM: $(cat "$work/messages")"
"$imactl" quote --nonce beef --ak "$work/ak-imad" --out "$work/q-imad" || die "quote with imad's TPM"
check_quote "$work/ak-imad" "$work/q-imad" beef
r=0; "$imactl" quote --nonce beef --ak "$work/ak-rsa" --out "$work/q" 2>"$work/err" || r=$?
[ $r = 3 ] && grep -q 'not of this TPM' "$work/err" || die "a key of another TPM: status $r, $(cat "$work/err")"
python3 - "$IMAD_CONTROL" <<'P' || die "what is handed through"
import json, socket, struct, sys
def connect():
    s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); return s, s.makefile("rw")
def ask(f, command):
    f.write(json.dumps({"op": "tpm", "command": command}) + "\n"); f.flush()
    return json.loads(f.readline())
def cmd(code, rest): return (struct.pack(">HII", 0x8001, 10 + len(rest), code) + rest).hex()
s, f = connect()
caps = cmd(0x17a, struct.pack(">III", 1, 0x80000000, 20))
assert ask(f, caps)["ok"]
for code in (0x182, 0x13d, 0x126, 0x145, 0x12b, 0x121, 0x15b, 0x137, 0x120):
    a = ask(f, cmd(code, bytes(40)))
    assert not a["ok"] and a["errno"] == 1, (hex(code), a)
for bad in ("", "8001", "zz" * 10, "80" * 5000):
    assert not ask(f, bad)["ok"], bad
# one connection at a time; what it left is removed when it is gone
nonce = struct.pack(">H", 16) + bytes(16)
start = struct.pack(">II", 0x40000007, 0x40000007) + nonce + struct.pack(">HBHH", 0, 1, 0x10, 0xb)
a = ask(f, cmd(0x176, start)); assert a["ok"] and a["response"][12:20] == "00000000", a
s2, f2 = connect()
b = ask(f2, caps); assert not b["ok"] and b["errno"] == 16, b
f.close(); s.close()
import time
for _ in range(50):
    b = ask(f2, cmd(0x17a, struct.pack(">III", 1, 0x02000000, 20)))
    if b["ok"]: break
    time.sleep(0.1)
assert b["ok"] and b["response"].endswith("00000000"), b
P
[ "$(status_number .gaps)" = 0 ] || die "the worker was replaced meanwhile"
"$imactl" replay >/dev/null || die "replay"
stop_imad
