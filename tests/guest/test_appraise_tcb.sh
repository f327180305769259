#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# A whole root under policy appraise_tcb, labelled by imactl: what it needs goes on working, a program that was planted while imad did not run is
# refused, a changed one too, a signed one is not opened for writing; and enforcing that nobody confirms ends by itself.
# KERNELS="6.1 6.12" chooses.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"

openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout "$work/ec.key" -out "$work/ec.pem" -days 30 -subj /CN=root \
	-addext keyUsage=digitalSignature -addext subjectKeyIdentifier=hash 2>/dev/null || die "openssl req"
openssl x509 -in "$work/ec.pem" -outform der -out "$work/ec.der"

job() {
	cat <<'J'
cd /opt/imad
modprobe fuse
mkdir -p /etc/keys/ima /var/lib/service
cp ec.der /etc/keys/ima/
echo settings >/etc/service.conf
./imactl hash -r -x / >/dev/null || exit 1
# everything that is not written to is signed
./imactl sign -r -x -k ec.key /usr /opt /etc >/run/signed || exit 1
cp /usr/bin/true /usr/local/bin/planted
cp /usr/bin/true /usr/local/bin/changed; ./imactl sign -k ec.key /usr/local/bin/changed >/dev/null; printf x >>/usr/local/bin/changed
cp /usr/bin/false /usr/local/bin/good; ./imactl sign -k ec.key /usr/local/bin/good >/dev/null
cat >/usr/local/bin/service <<'S'
#!/usr/bin/python3
import ssl, json, subprocess, sys
open("/var/lib/service/state", "a").write("started\n")
assert "settings" in open("/etc/service.conf").read()
print(json.dumps({"ok": subprocess.run(["/usr/bin/id", "-u"], capture_output=True, text=True).stdout.strip()}))
S
chmod 755 /usr/local/bin/service; ./imactl sign -k ec.key /usr/local/bin/service >/dev/null
rm -f ec.key
say() { local s=0; "${@:2}" >/run/said 2>&1 || s=$?; echo "$1: $s" >>/run/result; }
./imad --config /dev/null --tpm none --mount-point none --tier gate --settle-ms 0 --grace 40 --state-dir /run/state --allow-kernel-ima 1 ima_policy=appraise_tcb ima_appraise=enforce >/run/imad.log 2>&1 &
for ((i = 0; i < 600; i++)); do [[ $(</run/imad.log) == *"imad: ready"* ]] && break; sleep 0.1; done
say service /usr/local/bin/service
say service_again /usr/local/bin/service
say programs bash -c 'ls -l /etc /usr/bin >/dev/null && find /usr/share -name "*.py" >/dev/null && keyctl show >/dev/null && ps ax >/dev/null'
say libraries python3 -c 'import sqlite3, socket, ctypes'
say new_file bash -c 'echo one >/var/lib/service/new && echo two >>/var/lib/service/new && cat /var/lib/service/new'
say good /usr/local/bin/good
say planted /usr/local/bin/planted
say changed /usr/local/bin/changed
say planted_script bash -c '. /usr/local/bin/planted'
say write_to_signed bash -c ': >>/usr/bin/id'
say replaced bash -c 'cp /usr/bin/id /var/lib/service/id && /var/lib/service/id -u'
cp /run/imad.log /run/imad-before.log
for ((i = 0; i < 900; i++)); do [[ $(</run/imad.log) == *"nobody confirmed"* ]] && break; sleep 0.1; done
say planted_after_the_trial /usr/local/bin/planted
cp /run/result /run/host/result; cp /run/imad.log /run/host/imad.log; wc -l </run/signed >/run/host/signed
kill -TERM "$(</run/imad/lock)"; wait
exit 0
J
}

cat >"$work/want" <<'W'
service: 0
service_again: 0
programs: 0
libraries: 0
new_file: 0
good: 1
planted: 126
changed: 126
planted_script: 1
write_to_signed: 1
replaced: 0
planted_after_the_trial: 0
W
status=0
for k in ${KERNELS:-6.1 6.12}; do
	out=$work/$k
	put_programs "$out"
	cp "$work/ec.key" "$work/ec.der" "$out/share/opt/"
	job >"$out/share/job.sh"
	GUEST_SECONDS=500 boot_guest "$k" "$out" ""
	if diff "$work/want" "$out/share/result"; then
		echo "$k: $(cat "$out/share/signed") files signed, $(wc -l <"$work/want") outcomes as documented"
	else
		status=1
		grep cause= "$out/share/imad.log" | tail -n 20
		cat "$out/share/out.txt"
	fi
done
exit "$status"
