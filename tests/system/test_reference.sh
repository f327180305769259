# SPDX-License-Identifier: BSD-2-Clause
# Reference values: what is taken of trees, packages, repositories, images and lists is what sha256sum sees of them; in every other form they are the
# same values; what is damaged or cannot be said is named, counted, and nothing else is lost.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/../keys.sh"
here=$(cd "$(dirname "$0")" && pwd)
vectors=$here/../vectors
for tool in openssl tar python3 dpkg-deb jq xz; do command -v $tool >/dev/null || skip "$tool is missing"; done
cd "$work"
mkdir keys; make_key keys ec ec -pkeyopt ec_paramgen_curve:P-256; make_key keys rsa rsa:2048
ref() { "$imactl" reference "$@"; }
fails() { # fails STATUS TEXT COMMAND...: one line on stderr that has TEXT
	local want=$1 text=$2 s=0
	shift 2
	timeout 60 "$@" >"$work/out" 2>"$work/said" || s=$?
	[ $s = "$want" ] && [ "$(wc -l <"$work/said")" = 1 ] && grep -q "$text" "$work/said" || die "$*: status $s, not $want with \"$text\": $(cat "$work/said")"
}
sums() { ref convert --to sums "$1" 2>/dev/null | sort; }
# a tree as sha256sum sees it below a name: blanks are underscores, as in lists
listed() { (cd "$1" && find . -path ./DEBIAN -prune -o -type f -print0 | xargs -0 sha256sum) | sed "s,  \./,  $2/," | sed -E 's/^(\\?[0-9a-f]+)  /\1\t/; s/ /_/g; s/\t/  /' | sort; }
is() { cmp "$1" "$2" || die "$3: $(diff "$1" "$2" | head -n 5)"; }

# trees: as they are called here, and as the root of another system
mkdir -p root/usr/bin "root/etc/a b" root/proc root/usr/lib
printf 'sh\n' >root/usr/bin/sh; ln -s usr/bin root/bin; ln root/usr/bin/sh root/usr/bin/dash; printf 'c\n' >"root/etc/a b/c d"; : >root/empty; printf 'p\n' >root/proc/no; mkfifo root/etc/pipe
listed root "$work/root" >want; ref create -q -o tree.db -r root || die "create -r"; sums tree.db >got; is want got "a tree"
listed root "" | grep -v '  /proc/' >want; ref create -q -o root.db --root root/ || die "create --root"; sums root.db >got; is want got "a root"
fails 3 "tree.db: it is there already" "$imactl" reference create -q -o tree.db -r root
before=$(sha256sum tree.db); ref create -q --force -o tree.db -r root --threads 7; [ "$(sha256sum tree.db)" = "$before" ] || die "the same tree, another database"
printf '\0\1' >none; mkdir nothing; for i in none nothing; do fails 1 "$i" "$imactl" reference create -q -o x.db $i; [ ! -e x.db ] || die "a database of what could not be read"; done
fails 2 "an empty path" "$imactl" reference query tree.db ""
fails 3 "nowhere" "$imactl" reference create -q -o x.db -r nowhere; [ ! -e x.db ] || die "a database of nothing"
ref create -q -o some.db -r root --exclude etc -a sha512 || die "create --exclude -a"; [ "$(ref convert --to sums some.db | cut -d' ' -f1 | awk '{print length}' | sort -u)" = 128 ] || die "-a sha512"

# names that are no text, and what each form says of them
mkdir -p odd/usr; printf '1' >odd/usr/$'new\nline'; printf '2' >odd/usr/$'b\\s'; printf '3' >odd/usr/$'\xff\xfe'; printf '4' >odd/usr/ümlaut
listed odd "" >want; ref create -q -o odd.db --root odd || die "odd names"; sums odd.db >got; is want got "odd names"
s=0; ref convert --to keylime -o odd.json odd.db 2>said || s=$?
[ $s = 1 ] && [ "$(wc -l <said)" = 2 ] && LC_ALL=C grep -aq 'usr/.*left out: its path is not UTF-8' said && grep -q '^imactl: 1 values cannot be said in the form keylime' said || die "a path that is not UTF-8: $s, $(cat said)"
[ "$(jq '.digests | length' odd.json)" = 3 ] || die "the others are not there: $(cat odd.json)"
ref query --json odd.db $'/usr/\xff\xfe' | jq -e '.path_hex == "2f7573722ffffe"' >/dev/null || die "query of odd names"

# packages: usr-merge, links, names and versions, an apt repository with its index, damage
mkdir -p pkg/DEBIAN pkg/usr/bin pkg/bin; printf 'Package: t\nVersion: 1:2-3\nArchitecture: all\nMaintainer: t <t@t.example>\nDescription: t\n a folded\n' >pkg/DEBIAN/control
printf 'deb\n' >pkg/usr/bin/d; printf 'merged\n' >pkg/bin/m; ln pkg/usr/bin/d pkg/usr/bin/e; chmod 755 pkg/usr/bin/d
mkdir -p repo/pool/main repo/dists/stable/main/binary-all
for z in xz zstd gzip; do dpkg-deb -Z$z -b pkg repo/pool/main/t_$z.deb >/dev/null 2>&1 || die "dpkg-deb -Z$z"; done
listed pkg "" | sed 's,  /bin/,  /usr/bin/,' | sort >want
ref create -q -o deb.db repo/pool/main/t_xz.deb || die "a .deb"; sums deb.db >got; is want got "a .deb"
ref create -q -o deb2.db repo/pool || die "a folder of .debs"; sums deb2.db >got; is want got "a folder of .debs"
ref create -q --force -o deb2.db --no-merge-usr repo/pool/main/t_gzip.deb; ref query deb2.db /bin/m | grep -q ' /bin/m t 1:2-3$' || die "--no-merge-usr"
{ for z in xz zstd; do f=pool/main/t_$z.deb; printf 'Package: t\nVersion: 1:2-3\nFilename: %s\nSize: %s\nSHA256: %s\nDescription: t\n more\n\n' $f "$(stat -c %s repo/$f)" "$(sha256sum <repo/$f | cut -d' ' -f1)"; done; } >p
xz -c p >repo/dists/stable/main/binary-all/Packages.xz
ref create -o apt.db --repository Example --expires 2030-01-02 repo/ 2>said || die "a repository: $(cat said)"; grep -q '2 packages, 1 skipped' said || die "a package that no index lists: $(cat said)"
ref query --json apt.db /usr/bin/e | jq -e '.package == "t" and .version == "1:2-3" and .repository == "Example stable/main" and .expires == "2030-01-02T23:59:59Z" and .size == 4' >/dev/null || die "provenance: $(ref query --json apt.db /usr/bin/e)"
[ "$(ref query apt.db "$(printf 'deb\n' | sha256sum | cut -d' ' -f1)" | wc -l)" = 2 ] || die "query by digest"
fails 1 "/no: not known" "$imactl" reference query apt.db /no
printf 'x' >>repo/pool/main/t_xz.deb; head -c -9 repo/pool/main/t_zstd.deb >z; mv z repo/pool/main/t_zstd.deb
s=0; ref create -o bad.db repo 2>said || s=$?; [ $s = 1 ] && [ "$(grep -c 'another size than the repository' said)" = 2 ] || die "packages that are not the index's: $s, $(cat said)"
[ ! -e bad.db ] || die "a database without a value"
rm -r repo/dists; s=0; ref create -o bad.db repo 2>said || s=$?
[ $s = 1 ] && grep -q 't_zstd.deb: ' said && grep -q ' 1 failed' said || die "a cut .deb: $s, $(cat said)"
sums bad.db >got; is want got "the packages beside a cut one"
printf '!<arch>\nnonsense' >x.deb; fails 1 "x.deb: " "$imactl" reference create -q -o x.db x.deb
printf 'Filename: a\nSize: x\n' >repo/Packages; fails 3 "Packages: offset .*no stanza" "$imactl" reference create -q -o y.db repo; [ ! -e y.db ] || die "a damaged index"
rm repo/Packages

if command -v rpmbuild >/dev/null && command -v evmctl >/dev/null; then
	printf '%s\n' 'Name: r' 'Version: 1' 'Release: 2' 'Epoch: 7' 'Summary: t' 'License: BSD' 'BuildArch: noarch' '%description' t '%install' 'mkdir -p %{buildroot}/bin %{buildroot}/etc %{buildroot}/var' \
		'echo hello >%{buildroot}/bin/a' 'ln -s a %{buildroot}/bin/l' 'echo conf >%{buildroot}/etc/r.conf' 'echo g >%{buildroot}/var/ghost' '%files' /bin/a /bin/l /etc/r.conf '%ghost /var/ghost' >r.spec
	HOME=$work rpmbuild -bb --quiet --define "_topdir $work/rpm" --define "_build_id_links none" r.spec >rpm.log 2>&1 || die "rpmbuild: $(tail -n 3 rpm.log)"
	rpm=$(find rpm -name '*.rpm')
	printf '%s  /etc/r.conf\n%s  /usr/bin/a\n' "$(echo conf | sha256sum | cut -d' ' -f1)" "$(echo hello | sha256sum | cut -d' ' -f1)" | sort >want
	ref create -q -o rpm.db "$rpm" || die "an .rpm"; sums rpm.db >got; is want got "an .rpm"
	ref query --json rpm.db /usr/bin/a | jq -e '.package == "r" and .version == "7:1-2" and .size == 6' >/dev/null || die "provenance of an RPM: $(ref query --json rpm.db /usr/bin/a)"
	# the header alone is read: a payload that is cut does no harm, unless it has to be unpacked
	head -c -60 "$rpm" >cut.rpm; ref create -q -o cut.db cut.rpm || die "the header alone"; fails 1 "cut.rpm" "$imactl" reference create -q -a sha512 -o x.db --force cut.rpm
	printf 'conf\n' >s1; printf 'hello\n' >s2
	for f in s1 s2; do evmctl ima_sign -a sha256 --key keys/rsa.key -f $f >/dev/null 2>&1 || die "evmctl ima_sign"; done
	hex1=$(xxd -p s1.sig | tr -d '\n'); hex2=$(xxd -p s2.sig | tr -d '\n')
	"$here/make-image" rpm-signatures "$rpm" signed.rpm "$hex2" "" "$hex1" ""
	ref create -q -o signed.db -k keys/rsa.der signed.rpm || die "signatures of an RPM"; ref query --json signed.db /etc/r.conf | jq -e .signed >/dev/null || die "a signature is not kept"
	"$here/make-image" rpm-signatures "$rpm" wrong.rpm "$hex2" "" "$hex2" ""
	s=0; ref create -q -o wrong.db -k keys/rsa.der wrong.rpm 2>said || s=$?; [ $s = 1 ] && grep -q 'wrong.rpm: /etc/r.conf: its signature is not that of its content' said || die "a wrong signature: $s, $(cat said)"
	ref query -q wrong.db /usr/bin/a >/dev/null || die "the file with a good signature is lost"
	head -c 300 "$rpm" >cut.rpm; fails 1 "cut off in its header" "$imactl" reference create -q --force -o x.db cut.rpm
fi

# images: what the highest layer leaves to see; /bin is what the image says it is
"$here/make-image" images images
ref create -q -o oci.db images/oci || die "an OCI layout"; ref create -q -o docker.db images/docker.tar || die "a docker-archive"
ref diff -q oci.db docker.db || die "the same image in two forms"; [ "$(ref query oci.db /usr/bin/replaced | cut -c1-71)" = "sha256:$(printf 'new\n' | sha256sum | cut -d' ' -f1)" ] || die "an upper layer"
mkdir -p plain/bin; printf m >plain/bin/m; tar -C plain -cf plain.tar .; rm -r plain/bin; mkdir -p plain/usr/bin; ln -s usr/bin plain/bin; tar -C plain -cf two.tar ./bin; mkdir x; mkdir x/bin; printf m >x/bin/m; tar -C x -rf two.tar ./bin/m
ref create -q -o plain.db plain.tar && ref query -q plain.db /bin/m >/dev/null || die "a tar whose /bin is a folder"
ref create -q --force -o plain.db two.tar && ref query -q plain.db /usr/bin/m >/dev/null || die "a tar whose /bin is a link"
python3 -c 'import io,tarfile,sys
t=tarfile.open("hostile.tar","w")
for n in ("../../etc/passwd","good"):
    i=tarfile.TarInfo(n); i.size=1; t.addfile(i,io.BytesIO(b"x"))
i=tarfile.TarInfo("lost"); i.type=tarfile.LNKTYPE; i.linkname="nowhere"; t.addfile(i); t.close()'
s=0; ref create -q -o hostile.db hostile.tar 2>said || s=$?
[ $s = 1 ] && grep -q 'a name that leaves the archive: left out' said && grep -q '/lost: a hard link to a file that the archive does not show' said && grep -q '^imactl: 2 files were left out' said && ref query -q hostile.db /good >/dev/null || die "hostile names: $s, $(cat said)"

# a golden run of a real kernel, with its boot aggregate
head -n 48 "$vectors/6.12-tcb/ascii_runtime_measurements" >list
s=0; ref create -q -o golden.db --list list 2>said || s=$?; [ $s -le 1 ] || die "a list: $(cat said)"
awk -F'[ ]' '$2 !~ /^0+$/ && $3 ~ /^ima-(ng|sig)$/ {split($4, d, ":"); print d[2] "  " $5}' list | sort -u >want; sums golden.db | sort -u >got; [ -s want ] && is want got "a list"
ref query -q golden.db boot_aggregate >/dev/null || die "no boot_aggregate"

# other forms: what goes there comes back
for form in sums fapolicyd keylime cyclonedx spdx coswid corim; do
	SOURCE_DATE_EPOCH=1700000000 ref convert --to $form -o apt.$form apt.db || die "convert --to $form"
	ref convert -q --to database -o back.$form.db apt.$form || die "convert from $form"
	ref diff -q apt.db back.$form.db || die "the values of $form"
	SOURCE_DATE_EPOCH=1700000000 ref convert --to $form back.$form.db | cmp - apt.$form || [ $form = cyclonedx ] || [ $form = fapolicyd ] || die "$form of $form"
done
for form in cyclonedx spdx corim; do ref query back.$form.db /usr/bin/d | grep -q 't 1:2-3 (Example stable/main)$' || die "the provenance in $form"; done
jq -e '.bomFormat == "CycloneDX" and (.components[0].components | length) == 3 and .components[0].components[0].hashes[0].alg == "SHA-256"' apt.cyclonedx >/dev/null || die "CycloneDX"
jq -e '.spdxVersion == "SPDX-2.3" and (.files | length) == 3 and (.relationships | length) == 3 and .files[0].fileName == "./usr/bin/d"' apt.spdx >/dev/null || die "SPDX"
awk '{print $3 "  " $1}' apt.fapolicyd | sort >got; sums apt.db >want; is want got "fapolicyd"; grep -q '^/usr/bin/d 4 ' apt.fapolicyd || die "sizes"
ref convert --to fapolicyd golden.db >out 2>said && die "trust without sizes"; grep -q 'its size is not known' said || die "sizes: $(tail -n 1 said)"

# Keylime: every rule of its policies, by a checker of its own; each of them broken is refused by name
ref convert --to keylime -o golden.json golden.db || die "convert --to keylime"
python3 "$here/keylime_rules.py" check golden.json || die "a policy that Keylime would refuse"
jq -r '.digests | to_entries[] | .key as $p | .value[] | . + "  " + $p' golden.json | sort -u >got; sums golden.db | awk '$2 ~ /\// || $2 ~ /^boot_aggregate/' | sort -u >want; is want got "the digests of a policy"
jq -e '.digests.boot_aggregate | length == 1' golden.json >/dev/null || die "the policy's boot_aggregate"
mkdir broken; n=$(python3 "$here/keylime_rules.py" breaks apt.keylime broken) || die "$n"
for f in broken/*.json; do s=0; ref convert --to sums "$f" >out 2>said || s=$?; [ $s = 3 ] && [ "$(wc -l <said)" = 1 ] && [ ! -s out ] || die "$f is taken: $s, $(cat said)"; done
[ "$n" -gt 30 ] && [ "$(ls broken | wc -l)" = "$n" ] || die "$n policies"

# signed: openssl finds the signature good over what the protocol says is signed; an envelope is believed only with its key
ref convert --to dsse --sign keys/ec.key -o policy.dsse apt.db || die "convert --to dsse"
jq -r .payload policy.dsse | base64 -d >payload; jq -r '.signatures[0].sig' policy.dsse | base64 -d >sig
{ printf 'DSSEv1 %s %s %s ' 28 application/vnd.keylime+json "$(stat -c %s payload)"; cat payload; } >pae
openssl x509 -in keys/ec.pem -pubkey -noout >ec.pub; openssl dgst -sha256 -verify ec.pub -signature sig pae >/dev/null || die "openssl refuses the envelope's signature"
python3 "$here/keylime_rules.py" check payload || die "the payload"
ref convert --to sums -k keys/ec.pem policy.dsse | sort >got; sums apt.db >want; is want got "an envelope"
fails 3 "no key is given" "$imactl" reference convert --to sums policy.dsse
fails 3 "none of the given keys" "$imactl" reference convert --to sums -k keys/rsa.pem policy.dsse
jq -c ".payload = \"$(sed 's/usr/srv/' payload | base64 -w0)\"" policy.dsse >forged.dsse; fails 3 "none of the given keys" "$imactl" reference convert --to sums -k keys/ec.pem forged.dsse
fails 2 "goes with --sign" "$imactl" reference convert --to dsse apt.db

# an update in flight: both sides are good until the day, then the new one alone
mkdir -p v1/usr v2/usr; printf 1 >v1/usr/a; printf 1 >v1/usr/same; printf 1 >v1/usr/gone; printf 2 >v2/usr/a; printf 1 >v2/usr/same; printf 2 >v2/usr/new
ref create -q -o v1.db --root v1; ref create -q -o v2.db --root v2
s=0; ref diff v1.db v2.db >out 2>said || s=$?; [ $s = 1 ] && [ "$(cut -c1-11 out | tr '\n' ';')" = "~ /usr/a sh;- /usr/gone;+ /usr/new ;" ] && grep -q '1 added, 1 removed, 1 changed' said || die "diff: $s, $(cat out said)"
ref diff v1.db v1.db 2>/dev/null || die "no difference"
ref merge -q -o both.db --expires-old 2030-06-01 v1.db v2.db || die "merge"
[ "$(ref query both.db /usr/a | wc -l)" = 2 ] && ref query both.db /usr/a | grep -q 'expires 2030-06-01T23:59:59Z$' && ref query both.db /usr/gone | grep -q 'expires' || die "merge: $(ref query both.db /usr/a)"
ref query both.db /usr/same | grep -q expires && die "what both have expires"
[ "$(SOURCE_DATE_EPOCH=1900000000 ref convert --to keylime both.db 2>/dev/null | jq '.digests["/usr/a"] | length')" = 2 ] && [ "$(SOURCE_DATE_EPOCH=1910000000 ref convert --to keylime both.db 2>said | jq '.digests["/usr/a"] | length')" = 1 ] || die "expiry"
grep -q '2 values that have expired' said || die "what expired is not counted: $(cat said)"
fails 2 "a date as" "$imactl" reference merge -o x --expires-old soon v1.db v2.db

# damage: one line each
head -c 3000 apt.db >cut.db2; fails 3 "cut.db2: " "$imactl" reference convert --to sums cut.db2
python3 - <<'P'
d = bytearray(open("apt.db", "rb").read())
for i in range(4096, 4120): d[i] ^= 0x5a
open("hurt.db", "wb").write(d)
P
fails 3 "hurt.db: " "$imactl" reference convert --to sums hurt.db
printf 'SQLite format 3\0' >s.db; fails 3 "s.db: " "$imactl" reference convert --to sums s.db; printf 'no sums\n' >s; fails 3 "s:1:" "$imactl" reference convert --to keylime s
for f in coswid corim; do head -c -3 apt.$f >cut; fails 3 "cut: offset [0-9]*: " "$imactl" reference convert --to sums cut; done
printf '/a 5 zz\n' >f; fails 3 "f:1: .*path, size and sha256" "$imactl" reference convert --to sums f
printf '{"digests": ' >j; fails 3 "^imactl: j:1:" "$imactl" reference convert --to sums j
printf '{"x": 1}' >j; fails 3 "none of: a Keylime policy" "$imactl" reference convert --to sums j
fails 2 "not one of" "$imactl" reference convert --to nonsense apt.db
fails 3 "none.db" "$imactl" reference query none.db /a
printf 'references: trees, packages, repositories, images, lists; seven forms and back; %s broken policies refused\n' "$n"
