# SPDX-License-Identifier: BSD-2-Clause
# Appraisal without the gate, on a mount of its own: what is not signed is refused, what is signed runs, what was changed since is refused;
# labels follow what is written; signatures by evmctl.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/../keys.sh"
for tool in openssl evmctl setfattr getfattr setpriv; do command -v $tool >/dev/null || skip "$tool is missing"; done

key() { # NAME [openssl options]: only the certificate goes among imad's
	make_key "$work" "$@"
	cp "$work/$1.der" "$work/keys/"
}
sign() { evmctl ima_sign -a "${3:-sha256}" --key "$work/$2.key" "$1" >/dev/null 2>&1 || die "evmctl ima_sign $1"; }
label() { getfattr -n security.ima -e hex "$1" 2>/dev/null | sed -n 's/^security.ima=//p'; }

mkdir -m 755 "$work/keys"
key rsa rsa:2048
key ec ec -pkeyopt ec_paramgen_curve:P-256
key big ec -pkeyopt ec_paramgen_curve:P-384
key other rsa:2048
rm "$work/keys/other.der"
printf 'junk' >"$work/keys/junk.der"
cp "$work/keys/rsa.der" "$work/keys/writable.der"
chmod 666 "$work/keys/writable.der"

make_mount
cd "$work/mnt"
for f in unsigned signed ec big other changed resigned; do cp /bin/true $f; done
sign signed rsa; sign ec ec; sign big big sha384; sign other other; sign changed rsa; sign resigned rsa
printf x >>changed
printf 'data\n' >plain; evmctl ima_hash -a sha256 plain >/dev/null 2>&1
printf 'data\n' >stale; evmctl ima_hash -a sha256 stale >/dev/null 2>&1; printf x >>stale
printf 'data\n' >nolabel
cp plain sealed; sign sealed rsa
chown 1234 plain stale nolabel sealed
mkdir home; chown 1234 home
cat >"$work/policy" <<'P'
appraise func=BPRM_CHECK fowner=0 appraise_type=imasig
appraise func=FILE_CHECK fowner=1234
measure func=FILE_CHECK mask=MAY_READ fowner=1234
P
# nothing is cached, however slow the machine is: a label that changes on a cached file is not seen in this tier
start_imad --policy "$work/policy" --tier fanotify --keys "$work/keys" --settle-ms 600000 ima_appraise=enforce
grep -q "junk.der: not an X.509" "$work/messages" || die "a bad certificate is not named"
grep -q "writable.der: others than its owner" "$work/messages" || die "a certificate that anybody can write is used"

runs() { ./"$1" 2>/dev/null || die "$1 is refused"; }
# records are written a little later
audited() { for _ in $(seq 50); do ! grep -q "$1" "$work/messages" || return 0; sleep 0.1; done; return 1; }
refused() { # FILE CAUSE
	./"$1" 2>/dev/null && die "$1 runs"
	audited "op=appraise_data cause=$2 .*name=\"$work/mnt/$1\"" || die "$1: no audit record with cause $2"
}
readable() { cat "$1" >/dev/null 2>&1 || die "$1 cannot be read"; }
unreadable() { cat "$1" >/dev/null 2>&1 && die "$1 can be read"; audited "cause=$2 .*name=\"$work/mnt/$1\"" || die "$1: no audit record with cause $2"; }

runs signed; runs ec; runs big
refused unsigned IMA-signature-required
refused other invalid-signature
refused changed invalid-signature
runs resigned; printf x >>resigned; refused resigned invalid-signature
sign resigned rsa; runs resigned
setfattr -x security.ima signed; refused signed IMA-signature-required
evmctl ima_hash -a sha256 ec >/dev/null 2>&1; refused ec IMA-signature-required

readable plain
unreadable stale invalid-hash
unreadable nolabel missing-hash
readable sealed
(: >>sealed) 2>/dev/null && die "a signed file is opened for writing"

# who opens a file while it is hashed for somebody else waits for the same answer
truncate -s 1G slow; chown 1234 slow; setfattr -n security.ima -v "0x0404$(printf '00%.0s' $(seq 32))" slow
sleep 2.5
readers=()
for _ in 1 2 3 4; do head -c 1 slow >/dev/null 2>&1 & readers+=($!); done
for p in "${readers[@]}"; do wait "$p" && die "a file that is being hashed is read before the hash is known to be wrong"; done
rm slow

# a new file gets its label when it is closed; one with a good label keeps a good one
as() { setpriv --reuid 1234 --clear-groups "$@"; }
as sh -c 'echo one > home/new' || die "a new file cannot be made"
for _ in $(seq 50); do [ -n "$(label home/new)" ] && break; sleep 0.1; done
[ "$(label home/new)" = "0x0404$(sha256sum <home/new | cut -d' ' -f1)" ] || die "the new file's label: $(label home/new)"
readable home/new
as sh -c 'echo two >> home/new; cat home/new' >/dev/null || die "a file cannot be read right after it was written"
[ "$(label home/new)" = "0x0404$(sha256sum <home/new | cut -d' ' -f1)" ] || die "the label does not follow the content"
as sh -c 'for i in 1 2 3 4 5 6 7 8; do echo $i > home/f$i; cat home/f$i; done' >/dev/null || die "new files cannot be read at once"

# writer_outlives FILE COMMAND: a writer outlives the worker, or the imad, that saw its open
writer_outlives() {
	local writer
	as bash -c 'exec 3>>$0 && echo one >&3 && mkdir $0.open && until [ -e $0.go ]; do sleep 0.1; done && echo two >&3' "$1" &
	writer=$!
	for _ in $(seq 50); do [ ! -d "$1.open" ] || break; sleep 0.1; done
	"$2"
	mkdir "$1.go"
	wait "$writer" || die "the writer of a file that was new before $2 fails"
	for _ in $(seq 50); do [ -n "$(label "$1")" ] && break; sleep 0.1; done
	[ "$(label "$1")" = "0x0404$(sha256sum <"$1" | cut -d' ' -f1)" ] || die "a label does not follow what was written over $2: $(label "$1")"
	[ "$(cat "$1")" = "one
two" ] || die "what was written over $2"
}
kill_worker() {
	local restarts
	restarts=$(status_number .worker.restarts)
	kill -KILL "$(status_number .worker.pid)"
	for _ in $(seq 50); do [ "$(status_number .worker.restarts 2>/dev/null)" = $((restarts + 1)) ] && break; sleep 0.1; done
}
hand_over() { "$imactl" restart >/dev/null || die "restart"; }
unmount_another() { mkdir -p "$work/other"; mount -t tmpfs other "$work/other"; sleep 1; umount "$work/other"; sleep 1; }
writer_outlives home/held kill_worker
writer_outlives home/held-on unmount_another
writer_outlives home/held-longer hand_over
stop_and_start() { stop_imad; start_imad --policy "$work/policy" --tier fanotify --keys "$work/keys" ima_appraise=enforce; }
writer_outlives home/held-over stop_and_start
[ ! -e "$work/run/known" ] || die "what an imad left was not taken"

# the label names sha1, the new one the default; the rule that measures reads the content by the old label first
old=0x01$(printf 'data\n' | sha1sum | cut -d' ' -f1)
for i in $(seq 40); do printf 'data\n' >home/old$i; setfattr -n security.ima -v "$old" home/old$i; chown 1234 home/old$i; done
as bash -c 'for f in home/old*; do read x <$f && echo more >>$f && echo again >>$f && read x <$f || exit 1; done' || die "a file with a sha1 label cannot be read after it was written"

# offline changes are found
stop_imad
printf x >>home/new
# nothing is cached, however slow the machine is: a label that changes on a cached file is not seen in this tier
start_imad --policy "$work/policy" --tier fanotify --keys "$work/keys" --settle-ms 600000 ima_appraise=enforce
cat home/new >/dev/null 2>&1 && die "a file that was changed without imad is read"
stop_imad

# log refuses nothing, fix repairs
start_imad --policy "$work/policy" --tier fanotify --keys "$work/keys" ima_appraise=log
readable stale; ./unsigned || die "log refuses"
grep -q "cause=invalid-hash .*name=\"$work/mnt/stale\"" "$work/messages" || die "log does not audit"
stop_imad
start_imad --policy "$work/policy" --tier fanotify --keys "$work/keys" ima_appraise=fix
readable stale; ./unsigned || die "fix refuses"
[ "$(label stale)" = "0x0404$(sha256sum <stale | cut -d' ' -f1)" ] || die "fix did not write the label: $(label stale)"
case $(label changed) in 0x0302*) ;; *) die "fix replaced a signature" ;; esac
stop_imad
# nothing is cached, however slow the machine is: a label that changes on a cached file is not seen in this tier
start_imad --policy "$work/policy" --tier fanotify --keys "$work/keys" --settle-ms 600000 ima_appraise=enforce
readable stale
stop_imad

# only what a trusted certificate signed may verify
openssl req -x509 -nodes -newkey rsa:2048 -keyout "$work/ca.key" -out "$work/ca.pem" -days 30 -subj "/CN=ca" 2>/dev/null
mkdir -m 755 "$work/cas"; cp "$work/ca.pem" "$work/cas/"
openssl req -new -nodes -newkey rsa:2048 -keyout "$work/leaf.key" -out "$work/leaf.csr" -subj /CN=leaf 2>/dev/null
printf 'keyUsage=digitalSignature\nsubjectKeyIdentifier=hash\nbasicConstraints=CA:FALSE\n' >"$work/ext"
openssl x509 -req -in "$work/leaf.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 30 -extfile "$work/ext" -outform der -out "$work/keys/leaf.der" 2>/dev/null
cp /bin/true trusted; cp "$work/leaf.key" "$work/leafonly.key"
openssl x509 -in "$work/keys/leaf.der" -inform der -out "$work/leaf.pem"; cat "$work/leaf.pem" >>"$work/leaf.key"
sign trusted leaf
start_imad --policy "$work/policy" --tier fanotify --keys "$work/keys" --trusted-keys "$work/cas" ima_appraise=enforce
runs trusted
refused big invalid-signature
grep -q "rsa.der: no trusted certificate signed it" "$work/messages" || die "a certificate that nobody signed is used"
stop_imad

rm "$work/keys/junk.der" "$work/keys/writable.der"
# what would be refused is said before anything is
"$imactl" appraise plan -r "$work/mnt" --policy "$work/policy" -k "$work/keys" >"$work/plan" 2>"$work/counts" && die "the plan sees nothing to refuse"
grep -q '^/unsigned: IMA-signature-required$' "$work/plan" || die "the plan leaves a file out: $(cat "$work/plan")"
grep -q '^/other: invalid-signature$' "$work/plan" || die "the plan leaves an unknown key out: $(cat "$work/plan")"
grep -q '^/home/new: invalid-hash$' "$work/plan" || die "the plan leaves a changed file out: $(cat "$work/plan")"
grep -q '^/\(resigned\|plain\|trusted\):' "$work/plan" && die "the plan refuses what is good: $(cat "$work/plan")"

# enforcing begins on trial, and ends by itself; what was confirmed once needs no second time, other rules do
start_imad --policy "$work/policy" --tier fanotify --keys "$work/keys" --grace 3 ima_appraise=enforce
[ "$(status_number .appraisal.confirm_within_s)" -gt 0 ] || die "no trial: $("$imactl" status --json)"
./unsigned 2>/dev/null && die "nothing is refused on trial"
for _ in $(seq 80); do [ "$(status_number .appraisal.reverted)" = true ] && break; sleep 0.1; done
./unsigned || die "the trial ended, and an unsigned program is still refused"
[ "$(status_number .appraisal.mode)" = '"log"' ] || die "the trial ended, and the mode is $(status_number .appraisal.mode)"
s=0; "$imactl" appraise confirm 2>"$work/said" || s=$?
[ $s = 1 ] && grep -q "too late" "$work/said" || die "a late confirmation: $s $(cat "$work/said")"
kill -KILL "$(pgrep -f 'imad-worker' -P "$imad_pid" || pgrep -P "$imad_pid" | head -n 1)"; sleep 1
./unsigned || die "a new worker enforces again"
stop_imad
start_imad --policy "$work/policy" --tier fanotify --keys "$work/keys" --grace 3 ima_appraise=enforce
"$imactl" appraise confirm >/dev/null || die "confirm"
sleep 4
./unsigned 2>/dev/null && die "confirmed, and an unsigned program runs"
stop_imad
start_imad --policy "$work/policy" --tier fanotify --keys "$work/keys" --grace 3 ima_appraise=enforce
[ "$(status_number .appraisal.confirm_within_s)" = 0 ] || die "what was confirmed is on trial again"
./unsigned 2>/dev/null && die "confirmed before, and an unsigned program runs"
[ "$("$imactl" appraise confirm)" = "nothing is on trial" ] || die "confirming again"
echo 'appraise func=MMAP_CHECK fowner=4321' >>"$work/policy"
stop_imad
start_imad --policy "$work/policy" --tier fanotify --keys "$work/keys" --grace 3 ima_appraise=enforce
[ "$(status_number .appraisal.confirm_within_s)" -gt 0 ] || die "other rules are not on trial"
stop_imad
cd /
