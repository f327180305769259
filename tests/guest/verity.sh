# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Parts of test_appraise.sh: files that the root file system, given that feature, keeps fs-verity digests of, and messages in PKCS#7, which the kernel verifies for
# fs-verity with the code that it has for modules.

# verity_files OPT KERNEL: what goes into the share beside imad
verity_files() {
	local f
	f=$(find "$lab/kernel-$2/lib/modules" -name 'dummy.ko*')
	case $f in *.xz) xz -dc "$f" ;; *) cat "$f" ;; esac >"$1/dummy.ko"
	kernel_certificate "$lab/kernel-$2/boot/vmlinuz" "$1/debian.der" || die "no certificate in the kernel $2"
	cp "$(command -v fsverity)" "$1/fsverity.bin"
	cp -L "$(ldd "$(command -v fsverity)" | awk '/libfsverity/ { print $3 }')" "$1/lib/"
	cp -r "$work/messages" "$1/"
}

# make_messages DIR: once, before the guests: a file, messages over what fs-verity lets sign of it, the same appended to that
make_messages() {
	local d=$1 name
	mkdir -p "$d"
	head -c 5000 /dev/zero | tr '\0' a >"$d/payload"
	# shellcheck disable=SC2059
	printf "$(fsverity digest --for-builtin-sig --compact "$d/payload" | sed 's/../\\x&/g')" >"$d/content"
	bash "$here/../vectors/modsig/make" "$d"
	for name in "$d"/*.p7s; do
		append_signature "$d/content" "$name" "${name%.p7s}.appended"
	done
	for name in rsa rsa4096 ec other; do
		openssl x509 -in "$keys/$name.pem" -noout -ext subjectKeyIdentifier | tail -n 1 | tr -d ' :\n' | tail -c 8 >"$keys/$name.keyid"
	done
}

# the label by openssl alone: what is signed is the digest of type, algorithm and digest
verity_sign() { # FILE KEY [ALGORITHM]
	local algorithm=${3:-sha256} id=04
	[ "$algorithm" = sha256 ] || id=06
	# shellcheck disable=SC2059
	printf "\\x06\\x$id$(fsverity digest --compact --hash-alg="$algorithm" "$1" | sed 's/../\\x&/g')" | openssl dgst "-$algorithm" -sign "$keys/$2.key" -out "$work/s"
	set_label "$1" "0x0603$id$(cat "$keys/$2.keyid")$(printf %04x "$(stat -c %s "$work/s")")$(od -An -tx1 -v "$work/s" | tr -d ' \n')"
}

# make_verity: $work/v.tar, files for /root/v. Owners: 1010 the rule wants an fs-verity signature, 1011 measured by that digest, 1012 any label will do
make_verity() {
	local f
	mkdir -p "$work/labelled-verity"
	cd "$work/labelled-verity"
	for f in none sig sig-sha512 sig-rsa4096 sig-ec sig-other sig-imasig sig-hash sig-of-another sig-long sig-v2 ours no-verity measured measured-no-verity any-sig any-hash any-imasig; do
		cp "$program" v-$f
		printf '%s' "$f" >>v-$f
		case $f in
		none | ours | no-verity | measured* | sig-of-another) ;;
		*imasig) sign v-$f sha256 rsa ;;
		*hash) hash v-$f sha256 ;;
		*sha512) verity_sign v-$f rsa sha512 ;;
		sig-rsa4096 | sig-ec | sig-other) verity_sign v-$f ${f#sig-} ;;
		*) verity_sign v-$f rsa ;;
		esac
		case $f in measured*) chown 1011 v-$f ;; any*) chown 1012 v-$f ;; *) chown 1010 v-$f ;; esac
		chmod 755 v-$f
	done
	for f in no-verity sig-of-another; do set_label v-$f "$(get_label v-sig)"; done
	set_label v-sig-long "$(get_label v-sig-long)00"
	set_label v-sig-v2 "0x0602$(get_label v-sig-v2 | cut -c7-)"
	pack "$work/labelled-verity" "$work/v.tar"
	cd "$OLDPWD"
}

# verity_prepare: in the guest, whose file system has the feature
verity_prepare() {
	cat <<'J'
fsverity() { /opt/imad/fsverity.bin "$@"; }
unpack v; cd /root/v
for f in v-*; do
	case $f in
	*no-verity) ;;
	*sha512) fsverity enable $f --hash-alg=sha512 || echo "$f: no fs-verity" ;;
	*) fsverity enable $f || echo "$f: no fs-verity" ;;
	esac
done
/opt/imad/imactl sign --verity -k $keys/rsa.key v-ours >/dev/null || echo "v-ours cannot be signed"
getfattr -d -m security.ima -e hex v-* >/run/host/verity-xattrs 2>/dev/null
cat >>/run/rules <<'P'
appraise func=BPRM_CHECK fowner=1010 digest_type=verity appraise_type=sigv3
measure func=BPRM_CHECK fowner=1010 digest_type=verity template=ima-sigv2
measure func=BPRM_CHECK fowner=1011 digest_type=verity template=ima-ngv2
appraise func=BPRM_CHECK fowner=1012
P
cd /root/a
J
}

# verity_kernel: in a guest whose kernel decides: messages over the digest of one file, and what imactl says of the same
verity_kernel() {
	cat <<'J'
messages=/opt/imad/messages
ring=%:.fs-verity
for k in rsa ca; do keyctl padd asymmetric $k $ring <$messages/$k.der >/dev/null || echo "$k: .fs-verity does not take it"; done
mkdir -p /root/v/m /run/ring
cp $messages/rsa.der $messages/ca.der /run/ring/
for m in $messages/*.p7s; do
	n=$(basename ${m%.p7s})
	cp $messages/payload /root/v/m/$n
	fsverity enable /root/v/m/$n --signature=$m >/tmp/said 2>&1 && said=good || said=bad
	/opt/imad/imactl verify --modsig -k /run/ring $messages/$n.appended >/tmp/ours 2>&1 && ours=good || ours=bad
	echo "$n kernel $said imactl $ours: $(tail -n 1 /tmp/said | sed 's/.*: //') $(sed 's/.*: //' /tmp/ours)"
done >/run/host/messages
# signed attributes of modules are refused before anybody looks for the key
strip_module() { # OUT: a module without its signature
	local f=/opt/imad/dummy.ko
	head -c $(($(stat -c %s $f) - 40 - 0x$(tail -c 32 $f | head -c 4 | od -An -tx1 | tr -d ' \n'))) $f >$1
}
strip_module /run/plain.ko
openssl req -x509 -nodes -newkey rsa:2048 -keyout /run/k.pem -out /run/c.pem -subj /CN=nobody 2>/dev/null
for n in noattr attr; do
	openssl cms -sign -binary -in /run/plain.ko -outform DER -out /run/$n.p7s -signer /run/c.pem -inkey /run/k.pem -nocerts -md sha256 $([ $n = attr ] || echo -noattr)
	{ cat /run/plain.ko /run/$n.p7s; printf '\0\0\2\0\0\0\0\0'"$(printf '%08x' $(stat -c %s /run/$n.p7s) | sed 's/../\\x&/g')"'~Module signature appended~\n'; } >/run/$n.ko
	insmod /run/$n.ko >/tmp/said 2>&1; echo "module $n: $? $(cat /tmp/said)"
	rmmod dummy 2>/dev/null
done >>/run/host/messages
J
}

# modsig_imad: in a guest whose gate decides: a module of Debian's with the certificate of its kernel
modsig_imad() { # KERNEL
	cat <<J
version=$1
J
	cat <<'J'
mkdir -p /run/modkeys /root/m; cd /root/m
cp /opt/imad/dummy.ko m-signed.ko
len=$((0x$(tail -c 32 m-signed.ko | head -c 4 | od -An -tx1 | tr -d ' \n')))
size=$(($(stat -c %s m-signed.ko) - 40 - len))
head -c $size m-signed.ko >m-plain.ko
head -c $size m-signed.ko | sha256sum | cut -d' ' -f1 >/run/host/module-digest
tail -c $((len + 40)) m-signed.ko | head -c $len | od -An -tx1 -v | tr -d ' \n' >/run/host/module-message
cp m-signed.ko m-changed.ko; printf '\1' | dd of=m-changed.ko bs=1 seek=$((size - 1)) conv=notrunc 2>/dev/null
cp m-signed.ko m-tail.ko; printf '\1' | dd of=m-tail.ko bs=1 seek=$((size + len)) conv=notrunc 2>/dev/null
cp m-signed.ko m-hash.ko; evmctl ima_hash -a sha256 m-hash.ko >/dev/null 2>&1
cp m-plain.ko m-imasig.ko; evmctl ima_sign -a sha256 --key /opt/imad/keys/rsa.key m-imasig.ko >/dev/null 2>&1
cp m-signed.ko m-unknown.ko; evmctl ima_sign -a sha256 --key /opt/imad/keys/other.key m-unknown.ko >/dev/null 2>&1
printf 'appraise func=MODULE_CHECK appraise_type=imasig|modsig%s\nmeasure func=MODULE_CHECK template=ima-modsig\n' "$([ $version != 6.1 ] || echo ' appraise_flag=check_blacklist')" >/run/rules
cp /opt/imad/keys/rsa.der /run/modkeys/; cp /opt/imad/debian.der /run/modkeys/ 2>/dev/null
cd /opt/imad
all() { for f in /root/m/*.ko; do try "$1" load $f dummy; done; }
start --behaviour $version --keys /run/modkeys ima_appraise=enforce
all debian >>/run/host/modsig
./imactl list >/run/host/modsig-list
stop
rm /run/modkeys/debian.der
start --behaviour $version --keys /run/modkeys ima_appraise=enforce
all nokey >>/run/host/modsig
stop
cp /opt/imad/debian.der /run/modkeys/
sed 's/$/ dummy.ko/' /run/host/module-digest >/run/revoked
start --behaviour $version --keys /run/modkeys revoked_hashes=/run/revoked ima_appraise=enforce
all revoked >>/run/host/modsig
./imactl list | grep blacklisted-hash >/run/host/modsig-revoked
stop
J
}

# kernel_certificate KERNEL-IMAGE OUT: the certificate that the modules of this build are signed with
kernel_certificate() {
	python3 - "$1" "$2" <<'P'
import lzma, re, subprocess, sys, zlib
image = open(sys.argv[1], 'rb').read()
def unpacked():
    for magic, unpack in ((b'\xfd7zXZ\0', lambda b: lzma.LZMADecompressor().decompress(b)),
                          (b'\x1f\x8b\x08', lambda b: zlib.decompressobj(31).decompress(b)),
                          (b'\x28\xb5\x2f\xfd', lambda b: subprocess.run(['zstd', '-dcq'], input=b, capture_output=True).stdout)):
        for m in re.finditer(re.escape(magic), image):
            try:
                out = unpack(image[m.start():])
            except Exception:
                continue
            if len(out) > 10 << 20:
                return out
    sys.exit('no kernel in the image')
kernel = unpacked()
for m in re.finditer(b'Build time autogenerated kernel key', kernel):
    for at in range(m.start(), m.start() - 200, -1):
        if kernel[at:at + 2] == b'\x30\x82':
            der = kernel[at:at + 4 + int.from_bytes(kernel[at + 2:at + 4], 'big')]
            if len(der) > 200 and not subprocess.run(['openssl', 'x509', '-inform', 'DER', '-noout'], input=der, capture_output=True).returncode:
                open(sys.argv[2], 'wb').write(der)
                sys.exit()
sys.exit('no certificate in the kernel')
P
}
