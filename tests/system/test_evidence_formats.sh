# SPDX-License-Identifier: BSD-2-Clause
# Results for other programs: an EAR token whose signature openssl verifies and whose claims Python reads, and SARIF with every member that its schema asks for.
. "$(dirname "$0")/lib.sh"
cp /bin/true "$work/known"
cp /bin/echo "$work/un known%"
"$imactl" run --list "$work/list" --evidence "$work/good.evidence" --nonce 00112233445566778899 --quiet -- "$work/known" || skip "imactl run does not work here"
"$imactl" run --list "$work/list2" --evidence "$work/bad evidence" --nonce 00112233445566778899 --quiet -- "$work/un known%" >/dev/null || die "the second run"
"$imactl" reference create -o "$work/reference" -q --list "$work/list" || die "reference create"
mkdir "$work/aks"
for e in good.evidence "bad evidence"; do
	mkdir "$work/x-$e"
	tar -C "$work/x-$e" -xf "$work/$e"
	cp "$work/x-$e/ak.pub" "$work/aks/${e%% *}.pub"
done
openssl ecparam -name prime256v1 -genkey -noout -out "$work/ear.key" 2>/dev/null
openssl ec -in "$work/ear.key" -pubout -out "$work/ear.pub" 2>/dev/null
openssl ecparam -name secp384r1 -genkey -noout -out "$work/p384.key" 2>/dev/null
openssl genrsa -out "$work/rsa.key" 2048 2>/dev/null
printf '{"version": 1, "skip": ["event-log"]}' >"$work/rules"
options=(--nonce 00112233445566778899 --ak "$work/aks" --reference "$work/reference" --rules "$work/rules")

# verify STATUS OUT OPTION...
verify() {
	local want=$1 out=$2 r=0
	shift 2
	"$imactl" evidence verify "${options[@]}" "$@" >"$out" 2>"$work/err" || r=$?
	[ $r = "$want" ] || die "evidence verify $*: status $r, not $want: $(cat "$work/err" "$out" | head -n 20)"
}
cd "$work"
for i in 1 2 3 4 5 6 7 8; do # signatures have leading zeros now and then
	verify 0 "$work/ear" --format ear --ear-key "$work/ear.key" good.evidence
	python3 - "$work/ear" "$work/signed" "$work/der" <<'PY' || die "the token is no JWT"
import base64, sys
def b64(s): assert "=" not in s; return base64.urlsafe_b64decode(s + "=" * (-len(s) % 4))
token = open(sys.argv[1]).read()
assert token.endswith("\n") and token.count("\n") == 1
head, body, sig = token.strip().split(".")
open(sys.argv[2], "w").write(head + "." + body)
raw = b64(sig); assert len(raw) == 64, len(raw)
def integer(b): b = b.lstrip(b"\0") or b"\0"; b = (b"\0" + b) if b[0] & 0x80 else b; return b"\x02" + bytes([len(b)]) + b
seq = integer(raw[:32]) + integer(raw[32:])
open(sys.argv[3], "wb").write(b"\x30" + bytes([len(seq)]) + seq)
PY
	openssl dgst -sha256 -verify "$work/ear.pub" -signature "$work/der" "$work/signed" >"$work/out" 2>&1 || die "openssl does not take the signature: $(cat "$work/out")"
done
printf x >>"$work/signed"
openssl dgst -sha256 -verify "$work/ear.pub" -signature "$work/der" "$work/signed" >/dev/null 2>&1 && die "a changed token verifies"

verify 1 "$work/ear2" --format ear --ear-key "$work/ear.key" good.evidence "bad evidence"
"$imactl" evidence verify --nonce 99 --ak "$work/aks" --reference "$work/reference" --rules "$work/rules" --format ear --ear-key "$work/ear.key" good.evidence >"$work/ear3" || :
"$imactl" evidence verify --nonce 00112233445566778899 --reference "$work/reference" --format ear --ear-key "$work/ear.key" good.evidence >"$work/ear4" || :
verify 0 "$work/ear5" --skip files --format ear --ear-key "$work/ear.key" good.evidence
head -c 100 good.evidence >cut
verify 1 "$work/ear6" --format ear --ear-key "$work/ear.key" cut
printf 'good.evidence 00112233445566778899\nbad evidence 99887766554433221100\n' >"$work/nonces"
r=0; "$imactl" evidence verify --nonces "$work/nonces" --ak "$work/aks" --reference "$work/reference" --rules "$work/rules" --format ear --ear-key "$work/ear.key" \
	good.evidence "bad evidence" >"$work/ear7" || r=$?
[ $r = 1 ] || die "an EAR of two nonces: status $r"
rules_digest=$(sha256sum "$work/rules" | cut -c 1-64)
python3 - "$work" "$rules_digest" <<'PY' || die "the claims are not right"
import base64, json, sys, time
work, rules = sys.argv[1:]
def claims(name):
    head, body, _ = open(f"{work}/{name}").read().strip().split(".")
    dec = lambda s: json.loads(base64.urlsafe_b64decode(s + "=" * (-len(s) % 4)))
    assert dec(head) == {"alg": "ES256", "typ": "JWT"}
    return dec(body)
def vector(submod): return submod["ear.trustworthiness-vector"]
c = claims("ear")
assert c["eat_profile"] == "tag:github.com,2023:veraison/ear"
assert abs(c["iat"] - time.time()) < 600 and isinstance(c["iat"], int)
assert set(c["ear.verifier-id"]) == {"developer", "build"}
assert base64.urlsafe_b64decode(c["eat_nonce"] + "==") == bytes.fromhex("00112233445566778899")
s = c["submods"]["good.evidence"]
assert s["ear.status"] == "affirming", s
assert s["ear.appraisal-policy-id"] == "urn:imad:rules:sha256:" + rules, s
v = vector(s)
assert set(v) == {"instance-identity", "configuration", "executables", "file-system", "hardware", "runtime-opaque", "storage-opaque", "sourced-data"}
assert v["instance-identity"] == 2 and v["executables"] == 2 and v["configuration"] == 2 and v["hardware"] == 0 and v["file-system"] == 0, v
assert s["eat_nonce"] == c["eat_nonce"]
assert s["ear.imad.checks"]["replay"] == "pass" and len(s["ear.imad.checks"]) == 20
s = claims("ear2")["submods"]
assert s["good.evidence"]["ear.status"] == "affirming" and s["bad evidence"]["ear.status"] == "contraindicated"
assert vector(s["bad evidence"])["executables"] == 33 and vector(s["bad evidence"])["instance-identity"] == 2, s
c = claims("ear7"); s = c["submods"]                     # each has its own; the other quote was made for another
assert "eat_nonce" not in c and base64.urlsafe_b64decode(s["good.evidence"]["eat_nonce"] + "==") == bytes.fromhex("00112233445566778899")
assert "eat_nonce" not in s["bad evidence"] and vector(s["bad evidence"])["instance-identity"] == 99, s
s = claims("ear3"); assert "eat_nonce" not in s; s = s["submods"]["good.evidence"]
assert s["ear.status"] == "contraindicated" and vector(s)["instance-identity"] == 99, s
s = claims("ear4")["submods"]["good.evidence"]           # no key is trusted: not checked, so no claim
assert s["ear.status"] == "none" and vector(s)["instance-identity"] == 0, s
s = claims("ear5")["submods"]["good.evidence"]           # the rules leave the files out: no better than a warning
assert s["ear.status"] == "warning" and vector(s)["executables"] == 0, s
assert s["ear.appraisal-policy-id"].endswith(":changed")
s = claims("ear6")["submods"]["cut"]
assert s["ear.status"] == "contraindicated" and vector(s)["instance-identity"] == 99 and vector(s)["executables"] in (0, 99), s
PY

for key in p384.key rsa.key missing.key; do
	r=0; "$imactl" evidence verify "${options[@]}" --format ear --ear-key "$work/$key" good.evidence >"$work/out" 2>&1 || r=$?
	[ $r = 3 ] && ! grep -q '^ey' "$work/out" || die "a key that does not do, $key: status $r"
done
r=0; "$imactl" evidence verify "${options[@]}" --format ear good.evidence 2>/dev/null || r=$?
[ $r = 2 ] || die "EAR without a key: status $r"

verify 1 "$work/sarif" --format sarif good.evidence "bad evidence"
r=0; "$imactl" evidence verify "${options[@]}" --format sarif "bad evidence" /dev/null/none >"$work/sarif2" 2>/dev/null || r=$?
[ $r = 3 ] || die "SARIF of what is not there: status $r"
"$imactl" evidence verify --nonce 00112233445566778899 --reference "$work/reference" --format sarif "$work/good.evidence" >"$work/sarif3" || :
python3 - "$work" <<'PY' || die "SARIF is not as it should be"
import json, sys, urllib.parse
work = sys.argv[1]
def check(name):
    log = json.load(open(f"{work}/{name}"))
    assert log["version"] == "2.1.0" and len(log["runs"]) == 1
    run = log["runs"][0]
    driver = run["tool"]["driver"]; assert driver["name"] and driver["version"]
    ids = [r["id"] for r in driver["rules"]]; assert len(ids) == len(set(ids)) and all(r["shortDescription"]["text"] for r in driver["rules"])
    for r in run["results"]:
        assert r["ruleId"] in ids and r["level"] in ("error", "warning", "note") and r["message"]["text"]
        for l in r["locations"]:
            uri = l["physicalLocation"]["artifactLocation"]["uri"]
            assert all(c.isalnum() or c in "-._~/%:" for c in uri), uri
            assert l["physicalLocation"].get("region", {"startLine": 1})["startLine"] >= 1
        assert all(isinstance(v, str) for v in r.get("partialFingerprints", {}).values())
    assert isinstance(run["invocations"][0]["executionSuccessful"], bool)
    return run
run = check("sarif")
of = lambda run, rule: [r for r in run["results"] if r["ruleId"] == rule]
assert len(of(run, "check/files")) == 1
bad = [r for r in of(run, "entry/unknown") if r["properties"]["name"] == f"{work}/un_known%"]
assert len(bad) == 1 and bad[0]["level"] == "error", run["results"]
place = bad[0]["locations"][0]["physicalLocation"]
assert urllib.parse.unquote(place["artifactLocation"]["uri"]) == "bad evidence"
line = open(f"{work}/list2", "rb").read()
assert place["region"]["startLine"] > 1
assert run["invocations"][0]["executionSuccessful"] is True and run["invocations"][0]["exitCode"] == 1
PY
n=$("$imactl" list "$work/list2" | grep -n "$work/un_known%" | cut -d: -f1)
[ "$(jq --arg n "$work/un_known%" '.runs[0].results[] | select(.properties.name == $n) | .locations[0].physicalLocation.region.startLine' "$work/sarif")" = "$n" ] || die "the place is not entry $n"
jq -e '.runs[0].results[] | select(.ruleId == "check/ak" and .level == "warning")' "$work/sarif3" >/dev/null || die "a check that was not made is no warning"
jq -e '.runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri | startswith("file:///")' "$work/sarif3" >/dev/null || die "an absolute path"
"$imactl" evidence verify "${options[@]}" --format sarif good.evidence >"$work/sarif4" || die "SARIF of good evidence"
"$imactl" evidence verify "${options[@]}" --format sarif cut >"$work/sarif5" && die "SARIF of a cut archive"
# what the checker itself must refuse
python3 - "$work" <<'PY' || die "no tokens to refuse"
import base64, json, sys
work = sys.argv[1]
head, body, sig = open(f"{work}/ear").read().strip().split(".")
claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
def write(n, c):
    text = c if isinstance(c, str) else json.dumps(c)
    open(f"{work}/wrong{n}", "w").write(".".join([head, base64.urlsafe_b64encode(text.encode()).decode().rstrip("="), sig]))
def change(n, f):
    c = json.loads(json.dumps(claims)); f(c, c["submods"]["good.evidence"]); write(n, c)
changes = [
    lambda c, s: c.update(eat_nonce=[c["eat_nonce"], "AAAAAAAAAAA"]), lambda c, s: c.update(eat_nonce="AAAAAAAAAA"), lambda c, s: c.update(iat=1.5),
    lambda c, s: c.pop("iat"), lambda c, s: c.update(submods={}), lambda c, s: c.pop("ear.verifier-id"), lambda c, s: c.update(eat_profile="ear"),
    lambda c, s: s.update({"ear.status": "good"}), lambda c, s: s.pop("ear.trustworthiness-vector"), lambda c, s: c.update(other=1),
    lambda c, s: s["ear.trustworthiness-vector"].update(executables=33), lambda c, s: s["ear.trustworthiness-vector"].update(executables=128),
    lambda c, s: s["ear.trustworthiness-vector"].update(firmware=2),
]
for n, f in enumerate(changes): change(n, f)
write(len(changes), json.dumps(claims)[:-1] + ', "iat": 1}')
PY
for wrong in "$work"/wrong*; do
	by_schema ear_check.py ear/ear.schema.json "$wrong" >/dev/null && die "the checker takes $wrong"
done
is_ear "$work"/ear "$work"/ear[2-7]
is_sarif "$work"/sarif "$work"/sarif3 "$work"/sarif4 "$work"/sarif5
