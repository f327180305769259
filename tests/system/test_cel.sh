#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Every recorded list as a Canonical Event Log and back, to the byte; what is in between is read by Python, which finds each digest to be that of its data and
# that the digests lead to the PCRs that the TPM had. Logs that are nearly right are refused, with their offset and record. Needs no root, no daemon.
set -eu
imactl=${1:?the build folder is missing}/imactl
vectors=$(cd "$(dirname "$0")/../vectors" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/imactl-cel.XXXXXX")
trap 'rm -rf "$work"' EXIT
export IMAD_CONTROL=$work/no-daemon
die() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

cat >"$work/read.py" <<'PY'
import hashlib, json, struct, sys
def cbor(b, i):
    t, n = b[i] >> 5, b[i] & 31; i += 1
    if n >= 24: w = 1 << (n - 24); assert n < 28; n = int.from_bytes(b[i:i + w], "big"); i += w
    if t == 0: return n, i
    if t in (2, 3): v = bytes(b[i:i + n]); assert len(v) == n; return (v if t == 2 else v.decode()), i + n
    if t == 4:
        out = []
        for _ in range(n): v, i = cbor(b, i); out.append(v)
        return out, i
    if t == 5:
        out = {}
        for _ in range(n): k, i = cbor(b, i); v, i = cbor(b, i); assert k not in out; out[k] = v
        return out, i
    raise SystemExit("CBOR of a kind that no log has")
def load(path):
    raw = open(path, "rb").read()
    if raw[:1] == b"[":
        for r in json.loads(raw):
            assert list(r) == ["recnum", "pcr", "digests", "content_type", "content"] and r["content_type"] == "ima_template", r
            yield r["recnum"], r["pcr"], {d["hashAlg"]: bytes.fromhex(d["digest"]) for d in r["digests"]}, r["content"]["template_name"], bytes.fromhex(r["content"]["template_data"])
    else:
        log, end = cbor(raw, 0); assert end == len(raw)
        for r in log:
            assert set(r) == {0, 1, 3, 9, 10} and r[9] == 7, r
            yield r[0], r[1], {{4: "sha1", 11: "sha256", 12: "sha384", 13: "sha512"}[d[0]]: d[1] for d in r[3]}, r[10][0], r[10][1]
path, pcrs, want, end = sys.argv[1:5]
seen, values, n, hit, last = {}, {}, 0, {}, 0
target = {}
for line in open(pcrs):
    w = line.split()
    if len(w) >= 3 and w[0] in ("sha1", "sha256"): target[(w[0], int(w[1]))] = bytes.fromhex(w[-1])
for recnum, pcr, digests, name, data in load(path):
    n += 1
    assert recnum == seen.get(pcr, 0); seen[pcr] = recnum + 1
    for alg, d in digests.items():
        assert d in (hashlib.new(alg, data).digest(), b"\xff" * len(d)), (n, alg)
        v = values.get((alg, pcr), bytes(len(d)))
        values[(alg, pcr)] = hashlib.new(alg, v + d).digest()
        if values[(alg, pcr)] == target.get((alg, pcr)): hit[(alg, pcr)] = n
assert n == int(want), (n, want)
print(" ".join("%s:%d=%d" % (a, p, hit.get((a, p), -1)) for a, p in sorted(values)))
PY
for dir in "$vectors"/6.*/; do
	for list in "$dir"binary_runtime_measurements*; do
		n=$("$imactl" list "$list" --json | wc -l)
		for form in cel-json cel-cbor; do
			"$imactl" list "$list" --format $form >"$work/log" || die "$list as $form"
			"$imactl" list "$work/log" --from $form --format binary | cmp - "$list" || die "$list as $form and back"
			"$imactl" list "$work/log" --format binary | cmp - "$list" || die "$list as $form and back, unnamed"
			"$imactl" list "$work/log" --format $form | cmp - "$work/log" || die "$form from $form"
			python3 "$work/read.py" "$work/log" /dev/null "$n" "" >/dev/null || die "$list as $form: read by Python"
		done
	done
	list=${dir}binary_runtime_measurements
	[ -e "$list" ] || list=${list}_sha1
	n=$("$imactl" list "$list" --json | wc -l)
	"$imactl" list "$list" --format cel-cbor --bank sha256 >"$work/log" || die "$list with sha256"
	hits=$(python3 "$work/read.py" "$work/log" "${dir}pcrs" "$n" "") || die "$list with sha256: read by Python"
	printf '%-24s %5s entries  %s\n' "$(basename "$dir")" "$n" "$hits"
	for bank in sha1 sha256; do
		at=$(printf '%s\n' "$hits" | tr ' ' '\n' | sed -n "s/^$bank:10=//p")
		[ "${at:--1}" -ge $((n - 2)) ] || die "$list: the log's $bank digests lead to no PCR 10: $hits"
	done
	"$imactl" list "$work/log" --format binary | cmp - "$list" || die "$list with two digests and back"
done

# what is nearly right
D=$(printf 'hello' | sha1sum | cut -d' ' -f1)
good='{"recnum":0,"pcr":10,"digests":[{"hashAlg":"sha1","digest":"'$D'"}],"content_type":"ima_template","content":{"template_name":"ima-ng","template_data":"1a000000736861313a00'$D'020000006100"}}'
second=${good/'"recnum":0'/'"recnum":1'}
list_of() { printf '%s' "$1" >"$work/one"; "$imactl" list "$work/one" --from cel-json --format text >"$work/out" 2>"$work/err"; }
for text in "[$good]" "$good" "$good"$'\n'"$second" "$(printf '\036%s\n\036%s\n' "$good" "$second")" "[ $good , $second ]" "[]" "${good/'"recnum":0'/'"recnum":7'}"; do
	list_of "$text" || die "refused: $text: $(cat "$work/err")"
done
[ "$(wc -l <"$work/out")" = 1 ] || die "one record is $(wc -l <"$work/out") lines"
# refused PATTERN TEXT: status 3, nothing on standard output
refused() {
	local r=0
	list_of "$2" || r=$?
	[ $r = 3 ] && [ ! -s "$work/out" ] && grep -q "offset [0-9]*: .*$1" "$work/err" || die "status $r, not refused by \"$1\": $2: $(cat "$work/err")"
}
refused 'record 2: recnum 0 of PCR 10, not 1' "[$good,$good]"
refused 'record 2: recnum 0 of PCR 10, not 1' "$good$good"
refused 'record 1: .*cut off' "[$good"
refused 'record 1: a comma' "[$good $second]"
refused 'record 2: JSON' "[$good,]"
refused 'record 1: something follows' "[$good] x"
refused 'record 1: JSON' "{"
refused 'record 1: JSON' "[${good/'"pcr":10,'/'"pcr":10,"pcr":10,'}]"
refused 'record 1: it is not' "[${good/'"pcr":10,'/'"pcr":10,"x":1,'}]"
refused 'record 1: it is not' "[[]]"
refused 'record 1: JSON' "[17]"
refused 'record 1: there is no PCR 24' "[${good/'"pcr":10'/'"pcr":24'}]"
refused 'record 1: pcr is not' "[${good/'"pcr":10'/'"pcr":-1'}]"
refused 'record 1: recnum is not' "[${good/'"recnum":0'/'"recnum":"0"'}]"
refused 'record 1: recnum is not' "[${good/'"recnum":0'/'"recnum":0.5'}]"
refused 'record 1: content_type' "[${good/ima_template/pcclient_std}]"
refused 'record 1: digest 1' "[${good/sha1/sha256}]"
refused 'record 1: digest 1' "[${good/sha1/sha9}]"
refused 'record 1: digest 1' "[${good/$D/${D:1}}]"
refused 'record 1: digest 2' "[${good/\}]/\},\{\"hashAlg\":\"sha1\",\"digest\":\"$D\"\}]}]"
refused 'record 1: digests' "[${good/\[\{\"hashAlg\":\"sha1\",\"digest\":\"$D\"\}]/[]}]"
refused 'record 1: unknown template' "[${good/ima-ng/ima-x}]"
refused 'record 1: template_data is not of' "[${good/1a000000/1b000000}]"
refused 'record 1: template_data is not hex' "[${good/1a000000/1g000000}]"
refused 'record 1: template_data of template ima' "[${good/ima-ng/ima}]"
printf '%s' "$good" | head -c 100 >"$work/one"
r=0; "$imactl" list "$work/one" >"$work/out" 2>"$work/err" || r=$?
[ $r = 3 ] && [ ! -s "$work/out" ] || die "a log that is cut off: status $r"

# CBOR: every place where it can be cut, and every byte that makes it another record
"$imactl" list "$work/none" 2>/dev/null && die "a file that is not there"
printf '[%s,%s]' "$good" "$second" >"$work/two"
"$imactl" list "$work/two" --format cel-cbor >"$work/two.cbor"
"$imactl" list "$work/two" --format binary >"$work/two.list"
python3 - "$imactl" "$work" <<'PY' || die "CBOR"
import subprocess, sys
imactl, work = sys.argv[1:]
raw = open(work + "/two.cbor", "rb").read()
want = open(work + "/two.list", "rb").read()
def run(b):
    open(work + "/c", "wb").write(b)
    return subprocess.run([imactl, "list", work + "/c", "--from", "cel-cbor", "--format", "binary"], capture_output=True)
assert run(raw).stdout == want
assert run(raw[1:]).stdout == want                    # a sequence: without the array's head
for n in list(range(1, len(raw) - 1, 3)):
    r = run(raw[:n]); assert r.returncode == 3 and not r.stdout and b"offset " in r.stderr and b"record " in r.stderr, (n, r)
for bad in (b"\x9f" + raw[1:] + b"\xff", b"\x83" + raw[1:], raw + b"\x00", b"\x82" + raw[1:] + raw[1:], b"\xa0", b"\x9b" + b"\xff" * 8, b"\x81" * 64):
    r = run(bad); assert r.returncode == 3 and not r.stdout and b"record " in r.stderr, (bad[:20], r)
same = 0
for i in range(len(raw)):
    b = bytearray(raw); b[i] ^= 0x80
    r = run(bytes(b)); assert r.returncode in (0, 3), (i, r)
    same += r.stdout == want
assert same == 0, "%d changed bytes that mean nothing" % same
PY
