# SPDX-License-Identifier: BSD-2-Clause
# A report over evidence of a host with hostile file names: Python's HTML parser finds one script and nothing that is fetched; headless Chromium shows it,
# searches it through the page's own search, and runs nothing that a host wrote. Without scripts every entry is in the table.
. "$(dirname "$0")/lib.sh"
command -v dpkg-deb >/dev/null || skip "dpkg-deb is missing"
make_mount

# a package whose files are run, so that the report can name it
mkdir -p "$work/pkg/DEBIAN" "$work/pkg$work/mnt/bin"
printf 'Package: greeter\nVersion: 1.2-3\nArchitecture: all\nMaintainer: Nobody <nobody@example.org>\nDescription: test\n' >"$work/pkg/DEBIAN/control"
for name in true echo cat; do cp "/bin/$name" "$work/pkg$work/mnt/bin/$name"; done
cp "$(ldd /bin/true | awk '/libc\.so/ {print $3}')" "$work/pkg$work/mnt/bin/libc-copy"
chmod 755 "$work/pkg" "$work/pkg$work" "$work/pkg$work/mnt"
dpkg-deb --root-owner-group -b "$work/pkg" "$work/greeter_1.2-3_all.deb" >/dev/null 2>&1 || die "dpkg-deb"
cp -r "$work/pkg$work/mnt/bin" "$work/mnt/bin"
"$imactl" reference create -o "$work/reference.db" --repository "stable & <main>" -q "$work/greeter_1.2-3_all.deb" || die "reference create"

start_imad
"$imactl" ak create "$work/ak" --alg ecc >/dev/null || die "ak create"
for name in true echo cat; do "$work/mnt/bin/$name" </dev/null >/dev/null; done
hostile="$work/mnt/<script>document.body.id='owned'<"
mkdir -p "$hostile" "$work/mnt/<img src=x onerror=document.body.id='owned'>" "$work/mnt/"$'\xe2\x80\xae'"gpj"
for path in "$hostile/script>" "$work/mnt/<img src=x onerror=document.body.id='owned'>/\"><b>&amp;" "$work/mnt/"$'\xe2\x80\xae'"gpj/bad"$'\xff\x1b'"[31m"; do
	printf '#!/bin/true\n# %s\n' "$RANDOM$RANDOM" >"$path"
	chmod +x "$path"
	"$path" || :
done
"$imactl" evidence create --ak "$work/ak" --no-eventlog --nonce aa01 --out "$work/web1.evidence" || die "evidence create"
echo hello >"$work/web2.evidence"
n=$("$imactl" list | wc -l)
stop_imad

options=(--nonce aa01 --ak "$work/ak/ak.pub" --reference "$work/reference.db" --skip event-log)
r=0; "$imactl" report "${options[@]}" -o "$work/one.html" "$work/web1.evidence" || r=$?
[ $r = 1 ] || die "report: status $r"
r=0; "$imactl" report "${options[@]}" -o "$work/two.html" "$work/web1.evidence" "$work/web2.evidence" || r=$?
[ $r = 1 ] || die "report of two: status $r"
r=0; "$imactl" report "${options[@]}" --entries 2 -o "$work/few.html" "$work/web1.evidence" || r=$?
[ $r = 1 ] && grep -q "The first 2 of $n" "$work/few.html" || die "--entries: status $r"
r=0; "$imactl" report "${options[@]}" -o "$work/none.html" "$work/missing" 2>/dev/null || r=$?
[ $r = 3 ] && [ ! -e "$work/none.html" ] || die "without evidence: status $r"
r=0; "$imactl" report "${options[@]}" "$work/web1.evidence" 2>/dev/null || r=$?
[ $r = 2 ] || die "without -o: status $r"
r=0; "$imactl" report "${options[@]}" -o /dev/full/x "$work/web1.evidence" 2>/dev/null || r=$?
[ $r = 3 ] || die "a place that is none: status $r"

# what another parser makes of it
python3 - "$work/one.html" "$n" "$work" <<'PY' || die "the HTML is not as it should be"
import base64, hashlib, html.parser, re, sys
path, n, work = sys.argv[1], int(sys.argv[2]), sys.argv[3]
text = open(path, encoding="utf-8").read()          # strict: a byte that is no UTF-8 ends the test
class P(html.parser.HTMLParser):
    void = {"meta", "br", "img", "link", "input", "hr"}
    def __init__(self):
        super().__init__(); self.tags = {}; self.attrs = []; self.stack = []; self.script = ""; self.rows = []; self.table = None; self.cell = False
    def handle_starttag(self, tag, attrs):
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.attrs += [(tag, a, v) for a, v in attrs]
        if tag == "table": self.table = dict(attrs).get("class")
        if tag == "tr" and self.table == "entries": self.rows.append("")
        if tag not in self.void: self.stack.append(tag)
    def handle_startendtag(self, tag, attrs): self.attrs += [(tag, a, v) for a, v in attrs]; self.tags[tag] = self.tags.get(tag, 0) + 1
    def handle_endtag(self, tag):
        assert self.stack and self.stack.pop() == tag, f"</{tag}> closes nothing of its kind"
        if tag == "table": self.table = None
    def handle_data(self, data):
        if self.stack and self.stack[-1] == "script": self.script += data
        if self.table == "entries" and self.rows: self.rows[-1] += data
p = P(); p.feed(text); p.close()
assert not p.stack, p.stack
assert p.tags["script"] == 1, "scripts: %d" % p.tags["script"]
for tag in ("img", "link", "iframe", "object", "embed", "b", "form"): assert tag not in p.tags, tag
for tag, a, v in p.attrs:
    assert not a.startswith("on") and a not in ("src", "action", "style", "xlink:href"), (tag, a, v)
    assert a != "href" or v.startswith("#"), (tag, a, v)
assert "url(" not in text.split("</style>")[0] and "@import" not in text and "://" not in text, "something is fetched"
csp = [v for t, a, v in p.attrs if t == "meta" and a == "content"][0]
want = base64.b64encode(hashlib.sha256(p.script.encode()).digest()).decode()
assert f"script-src 'sha256-{want}'" in csp and "default-src 'none'" in csp, csp
rows = p.rows[1:]
assert len(rows) == n, (len(rows), n)
assert sum("greeter 1.2-3" in r for r in rows) >= 3, rows
assert sum("<script>document.body.id='owned'</script>" in r for r in rows) == 1
assert sum("\\u{202e}gpj/bad\\xff\\u{1b}[31m" in r for r in rows) == 1, rows[-1]
assert "\u202e" not in text
PY
grep -q 'stable &amp; &lt;main&gt;' "$work/one.html" || die "the repository is not named"

command -v chromium >/dev/null || skip "chromium is missing: only the bytes were checked"
# browse OUTPUT-OPTION URL
browse() {
	rm -rf "$work/profile"
	timeout -k 5 90 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
		--disable-component-update --disable-sync --disable-dev-shm-usage --user-data-dir="$work/profile" "$@" 2>"$work/browser"
}
# count DOM: entries that are seen
seen() { python3 -c '
import re, sys
table = re.search(r"<table class=\"entries\">.*?</table>", open(sys.argv[1], encoding="utf-8").read(), re.S).group(0)
print(sum("hidden" not in tag for tag in re.findall(r"<tr (data-v[^>]*)>", table)))' "$1"; }
browse --dump-dom "file://$work/one.html" >"$work/dom" || die "chromium: $(tail -n 3 "$work/browser")"
grep -q 'id="owned"' "$work/dom" && die "the host's script ran"
grep -q "$n of $n entries" "$work/dom" && [ "$(seen "$work/dom")" = "$n" ] || die "the page's script did not run: $(grep -o 'id="shown"[^/]*' "$work/dom")"
grep -qi 'content security policy' "$work/browser" && die "the policy stops the page itself: $(cat "$work/browser")"
browse --dump-dom "file://$work/one.html#q=GREETER%20echo" >"$work/dom" || die "chromium, a search"
[ "$(seen "$work/dom")" = 1 ] && grep -q "1 of $n entries" "$work/dom" || die "a search shows $(seen "$work/dom") entries"
browse --dump-dom "file://$work/one.html#v=unknown" >"$work/dom" || die "chromium, a verdict"
want=$(grep -c '^<tr data-v="unknown">' "$work/one.html")
[ "$(seen "$work/dom")" = $((want / 2)) ] && [ "$want" -ge 6 ] || die "a verdict shows $(seen "$work/dom") entries of $want rows"
browse --dump-dom "file://$work/one.html#q=no-such-thing" >"$work/dom" || die "chromium, nothing"
[ "$(seen "$work/dom")" = 0 ] || die "what is not there is found"
browse --screenshot="$work/one.png" --window-size=1200,1600 "file://$work/two.html" >/dev/null || die "chromium, a picture"
[ "$(stat -c %s "$work/one.png")" -gt 20000 ] || die "the picture is empty"
browse --print-to-pdf="$work/one.pdf" "file://$work/one.html" >/dev/null || die "chromium, print"
[ "$(head -c 4 "$work/one.pdf")" = "%PDF" ] || die "no print"
[ -z "${IMA_KEEP_REPORT:-}" ] || cp "$work/one.html" "$work/two.html" "$work/one.png" "$work/one.pdf" "$IMA_KEEP_REPORT/"
