# SPDX-License-Identifier: BSD-2-Clause
# What Keylime needs of a host: templates that it parses, or a warning; a list that a descriptor from before still reads after privileges are gone; and a
# one-shot request that a checker written from the documented format alone accepts, and refuses as soon as a file is not in the policy.
. "$(dirname "$0")/lib.sh"
here=$(cd "$(dirname "$0")" && pwd)
make_mount
cp /bin/true "$work/mnt/known"
cp /bin/echo "$work/mnt/also known"
printf 'measure func=FILE_CHECK mask=MAY_READ uid=0 pcr=11\nmeasure func=BPRM_CHECK template=ima-sigv2\n' >"$work/rules"

# warnings STATUS-OF-GREP OPTION...: how often imad warns when it starts so
warnings() {
	rm -rf "$work/state" && mkdir "$work/state"
	start_imad "$@"
	stop_imad
	grep -c "Keylime's verifiers" "$work/messages" || :
}
[ "$(warnings)" = 0 ] || die "a warning about the default template"
for template in ima-ng ima-sig; do [ "$(warnings ima_template=$template)" = 0 ] || die "a warning about $template"; done
for template in ima-ngv2 ima-sigv2 ima-modsig evm-sig; do
	[ "$(warnings ima_template=$template)" = 1 ] && grep -q "template $template: Keylime" "$work/messages" || die "$template: $(cat "$work/messages")"
done
[ "$(warnings 'ima_template_fmt=d-ng|n-ng|sig|imode')" = 1 ] || die "no warning about a format"
mkdir -p "$work/policy"
cp "$work/rules" "$work/policy/ima-policy"
[ "$(warnings --policy "$work/policy/ima-policy")" = 2 ] || die "rules: $(cat "$work/messages")"
grep -q 'PCR 11: Keylime' "$work/messages" && grep -q 'template ima-sigv2: Keylime' "$work/messages" || die "rules: $(cat "$work/messages")"

rm -rf "$work/state" && mkdir "$work/state"
start_imad
# as an agent: opened by root, read by somebody else, again after it grew
exec 7<"$work/view/ima/ascii_runtime_measurements"
before=$(setpriv --reuid=65534 --regid=65534 --clear-groups cat <&7 | wc -l)
"$work/mnt/known"
"$work/mnt/also known" >/dev/null
after=$(setpriv --reuid=65534 --regid=65534 --clear-groups cat <&7)
exec 7<&-
[ "$before" = 1 ] && [ "$(printf '%s\n' "$after" | wc -l)" = 2 ] && printf '%s\n' "$after" | grep -q "also_known" || die "a descriptor from before: $before, then: $after"
iconv -f utf-8 -t utf-8 "$work/view/ima/ascii_runtime_measurements" >/dev/null || die "the list is no UTF-8"

"$imactl" ak create "$work/ak" >/dev/null || die "ak create"
"$imactl" list --format binary >"$work/list"
"$imactl" reference create -o "$work/golden.db" -q --list "$work/list" || die "reference create"
"$imactl" reference convert --to keylime -o "$work/policy.json" "$work/golden.db" || die "reference convert"
python3 "$here/keylime_rules.py" check "$work/policy.json" || die "the policy"
"$imactl" evidence create --ak "$work/ak" --no-eventlog --format keylime --nonce-text abc123 --runtime-policy "$work/policy.json" --out "$work/good" || die "evidence create"
cp /bin/cat "$work/mnt/unknown"
"$work/mnt/unknown" </dev/null
"$imactl" evidence create --ak "$work/ak" --no-eventlog --format keylime --nonce-text abc123 --runtime-policy "$work/policy.json" --out "$work/bad" || die "evidence create"
stop_imad

cat >"$work/check.py" <<'PY'
# one request, checked step by step as the format is documented; prints what is wrong and ends with 1
import base64, hashlib, json, struct, subprocess, sys
work, name, nonce = sys.argv[1:]
request = json.load(open(f"{work}/{name}"))
assert request["type"] == "tpm"
d = request["data"]
wrong = []
assert d["nonce"] == nonce and d["hash_alg"] == "sha256"
assert d["quote"][0] == "r"
message, signature, pcrs = (base64.b64decode(p, validate=True) for p in d["quote"][1:].split(":"))
for part, data in (("msg", message), ("sig", signature), ("pcrs", pcrs), ("ak", base64.b64decode(d["tpm_ak"], validate=True))):
    open(f"{work}/k.{part}", "wb").write(data)
policy = d["runtime_policy"]
policy = json.loads(policy) if isinstance(policy, str) else policy
# PCR values: a count, 16 selections of 8 bytes, a count, then 8 values of 2 + 64 bytes behind each count
n, = struct.unpack_from("<I", pcrs, 0)
selected = []
for i in range(n):
    alg, size, *mask = struct.unpack_from("<HB3B", pcrs, 4 + 8 * i)
    selected += [(alg, p) for p in range(24) if mask[p // 8] >> p % 8 & 1]
at, values = 4 + 16 * 8, []
lists, = struct.unpack_from("<I", pcrs, at); at += 4
for _ in range(lists):
    count, = struct.unpack_from("<I", pcrs, at)
    for k in range(8):
        size, = struct.unpack_from("<H", pcrs, at + 4 + 66 * k)
        if k < count: values.append(pcrs[at + 6 + 66 * k:at + 6 + 66 * k + size])
    at += 4 + 8 * 66
assert at == len(pcrs), (at, len(pcrs))
want = dict(zip(selected, values))[(0x0b, 10)]
def field(b): return struct.pack("<I", len(b)) + b
pcr, reached, lines = bytes(32), False, d["ima_measurement_list"].split("\n")
for number, line in enumerate((l for l in lines if l), 1):
    tokens = line.split(" ", 4)
    assert tokens[0] == "10", line
    template = tokens[2]
    if template not in ("ima", "ima-ng", "ima-sig", "ima-buf"): wrong.append(f"parser: {line}"); continue
    assert template == "ima-sig", "this test's host makes no other"
    rest = (tokens[3] + " " + tokens[4]).split(" ")
    alg, hexd = rest[0].rsplit(":", 1)
    path, sig = rest[1], rest[2] if len(rest) > 2 else ""
    data = field(alg.encode() + b":\0" + bytes.fromhex(hexd)) + field(path.encode() + b"\0") + field(bytes.fromhex(sig))
    if hashlib.sha1(data).hexdigest() != tokens[1]: wrong.append(f"ima_hash: {line}")
    pcr = hashlib.sha256(pcr + hashlib.sha256(data).digest()).digest()
    reached |= pcr == want
    if hexd not in policy["digests"].get(path, []): wrong.append(f"not in the policy: {path}")
if not reached: wrong.append("pcr_mismatch")
print("\n".join(wrong))
sys.exit(bool(wrong))
PY
python3 "$work/check.py" "$work" good abc123 >"$work/out" || die "the request: $(cat "$work/out")"
if command -v tpm2_checkquote >/dev/null; then
	tpm2_print -t TPM2B_PUBLIC -f pem "$work/k.ak" >"$work/k.pem" 2>/dev/null || cp "$work/ak/ak.pem" "$work/k.pem"
	tpm2_checkquote -u "$work/k.pem" -m "$work/k.msg" -s "$work/k.sig" -f "$work/k.pcrs" -g sha256 -q "$(printf abc123 | xxd -p)" >"$work/out" 2>&1 || die "tpm2_checkquote: $(cat "$work/out")"
fi
r=0; python3 "$work/check.py" "$work" bad abc123 >"$work/out" || r=$?
[ $r = 1 ] && [ "$(cat "$work/out")" = "not in the policy: $work/mnt/unknown" ] || die "a file that is not in the policy: $r, $(cat "$work/out")"
jq -c '.data.ima_measurement_list |= sub("mnt/known"; "mnt/knowm")' "$work/good" >"$work/changed"
r=0; python3 "$work/check.py" "$work" changed abc123 >"$work/out" || r=$?
[ $r = 1 ] && grep -q pcr_mismatch "$work/out" || die "a changed list: $(cat "$work/out")"
