# SPDX-License-Identifier: BSD-2-Clause
# Taking records off the list: export and delete, staged lists, restarts of the worker and of the daemon, duplicates stay out,
# the exported list and what is left replay to the TPM's values.
. "$(dirname "$0")/lib.sh"

make_mount
cp /bin/cat "$work/mnt/reader"
files() { # FIRST LAST: one record each
	local i
	for i in $(seq "$1" "$2"); do echo "$i" >"$work/mnt/f$i"; done
	sleep 0.05
	for i in $(seq "$1" "$2"); do "$work/mnt/reader" "$work/mnt/f$i" >/dev/null; done
}
files 1 1
sleep 2.2
start_imad
ima=$work/view/ima
count() { cat "$ima/runtime_measurements_count"; }
files 1 50
[ "$(count)" = 52 ] || die "52 records were expected: $(count)" # boot_aggregate, the reader, 50 files
"$imactl" list --format binary >"$work/all"
whole() { # exported files in order, then the live list: does it lead to the TPM's values?
	cat "$@" >"$work/joined"
	"$imactl" list --format binary >>"$work/joined"
	"$imactl" replay "$work/joined" >"$work/replay" || die "replay of the joined list: $(cat "$work/replay")"
}
before=$("$imactl" status --json | jq .violations)

# a number deletes at once, from the front
[ "$(stat -c %a "$ima/binary_runtime_measurements_sha1")" = 660 ] || die "mode of the list files"
head=$("$imactl" list | sed -n '11,52p')
"$imactl" list --format binary >"$work/copy"
echo 10 >"$ima/binary_runtime_measurements_sha1" || die "deleting ten"
[ "$(count)" = 42 ] || die "42 records were expected: $(count)"
[ "$(cat "$ima/ascii_runtime_measurements")" = "$head" ] || die "not the first ten are gone"
[ "$("$imactl" list)" = "$head" ] || die "imactl sees another list"
[ "$("$imactl" status --json | jq .deleted)" = 10 ] || die "the counter of deleted records"
r=0; "$imactl" replay >"$work/out" || r=$?
[ $r = 3 ] || die "a list without its beginning must not be judged: status $r"
grep -q '10 older records were deleted' "$work/out" || die "replay does not say what is missing: $(cat "$work/out")"
# what was deleted is not listed again, and new files are
"$work/mnt/reader" "$work/mnt/f1" >/dev/null
touch "$work/mnt/f2"; "$work/mnt/reader" "$work/mnt/f2" >/dev/null
[ "$(count)" = 42 ] || die "a deleted record came back"
files 51 52
[ "$(count)" = 44 ] || die "new records after a deletion: $(count)"
python3 - "$work/copy" "$work/first10" <<'P'
import struct, sys
b, at = open(sys.argv[1], "rb").read(), 0
for _ in range(10):
    n = struct.unpack_from("<I", b, at + 24)[0]
    at += 28 + n
    at += 4 + struct.unpack_from("<I", b, at)[0]
open(sys.argv[2], "wb").write(b[:at])
P
whole "$work/first10"

# wrong commands change nothing
for bad in 0 -1 x 99999999999999999999 ' 1' A D; do
	if echo "$bad" >"$ima/ascii_runtime_measurements_sha1" 2>/dev/null; then die "\"$bad\" was taken"; fi
done
if echo 45 >"$ima/ascii_runtime_measurements_sha1" 2>"$work/err"; then die "more than there are"; fi
grep -q 'No such file' "$work/err" || die "more than there are: $(cat "$work/err")"
for bad in 1 B a; do
	if echo "$bad" >"$ima/ascii_runtime_measurements_sha1_staged" 2>/dev/null; then die "staged: \"$bad\" was taken"; fi
done
if echo D >"$ima/binary_runtime_measurements_staged" 2>/dev/null; then die "nothing was staged"; fi
exec 7<"$ima/ascii_runtime_measurements"
if { echo 1 >"$ima/ascii_runtime_measurements"; } 2>"$work/err"; then die "deleted under a reader"; fi
grep -q busy "$work/err" || die "under a reader: $(cat "$work/err")"
exec 7<&-
[ "$(count)" = 44 ] || die "a wrong command deleted something"

# in two steps: staged, exported, deleted; what comes in between is current
text=$("$imactl" list)
echo A >"$ima/ascii_runtime_measurements_sha256_staged" || die "staging"
[ "$(count)" = 0 ] || die "the current list should be empty"
[ -z "$(cat "$ima/ascii_runtime_measurements")" ] || die "the current list shows staged records"
[ "$(cat "$ima/ascii_runtime_measurements_staged")" = "$text" ] || die "the staged list"
if echo A >"$ima/ascii_runtime_measurements_sha1_staged" 2>"$work/err"; then die "staged twice"; fi
grep -q exists "$work/err" || die "staged twice: $(cat "$work/err")"
files 53 54
[ "$(count)" = 2 ] || die "current beside staged: $(count)"
[ "$(wc -l <"$ima/ascii_runtime_measurements")" = 2 ] || die "the current list beside a staged one"
[ "$(cat "$ima/ascii_runtime_measurements_staged")" = "$text" ] || die "the staged list grew"
cp "$ima/binary_runtime_measurements_staged" "$work/staged"
echo D >"$ima/binary_runtime_measurements_sha1_staged" || die "deleting what is staged"
[ "$(count)" = 2 ] || die "after deleting what was staged: $(count)"
[ -z "$(cat "$ima/ascii_runtime_measurements_staged")" ] || die "something is still staged"
whole "$work/first10" "$work/staged"

# a worker that dies, and a daemon that is started again, go on with what is left
kill -KILL "$("$imactl" status --json | jq .worker.pid)"
for _ in $(seq 100); do "$imactl" status >/dev/null 2>&1 && break; sleep 0.1; done
files 55 56
[ "$(count)" = 4 ] || die "after a new worker: $(count)"
whole "$work/first10" "$work/staged"
"$imactl" trim --export "$work/third" >"$work/out" || die "trim: $(cat "$work/out")"
[ "$(count)" = 0 ] || die "after trim: $(count)"
r=0; "$imactl" trim --export "$work/third" 2>"$work/err" || r=$?
[ $r = 3 ] || die "an export over an existing file: status $r"
whole "$work/first10" "$work/staged" "$work/third"
size=$(du -k "$work/state"/*/journal | cut -f1)
stop_imad
start_imad
"$work/mnt/reader" "$work/mnt/f1" >/dev/null
touch "$work/mnt/f3"; "$work/mnt/reader" "$work/mnt/f3" >/dev/null
[ "$(count)" = 1 ] || die "after a restart only the gap is new: $("$imactl" list)"
[ "$("$imactl" status --json | jq .violations)" = $((before + 1)) ] || die "the counter of violations"
whole "$work/first10" "$work/staged" "$work/third"
[ "$size" -le 64 ] || die "the journal still takes $size KiB"

# a deletion that was interrupted is finished by the next worker
files 57 90
"$imactl" list --format binary >"$work/fourth"
n=$(count)
journal=$(ls "$work/state"/*/journal)
stop_imad
cp "$journal" "$work/journal-copy"
start_imad
echo $((n + 1)) >"$ima/binary_runtime_measurements_sha1" || die "deleting all"
stop_imad
# the base that was written, as a redo file beside the journal of before
python3 - "$journal" "$journal.trim" <<'P'
import struct, sys
b = open(sys.argv[1], "rb").read()
at = struct.unpack_from("<I", b, 12)[0]
assert struct.unpack_from("<I", b, at)[0] == 0xfffffffe
open(sys.argv[2], "wb").write(b[at:at + struct.unpack_from("<I", b, at + 4)[0]])
P
start_imad
[ ! -e "$journal.trim" ] || die "the redo file is still there"
"$imactl" list >/dev/null || die "the list after a redo"
stop_imad

# with ima_flush_htable what was deleted is listed again when it is used again
rm -rf "$work/state"; mkdir -m 700 "$work/state"
start_imad ima_flush_htable
"$work/mnt/reader" "$work/mnt/f1" >/dev/null
if { echo 1 >"$ima/binary_runtime_measurements_sha1"; } 2>/dev/null; then die "deleted at once with ima_flush_htable"; fi
echo A >"$ima/binary_runtime_measurements_staged"
echo D >"$ima/binary_runtime_measurements_staged" || die "staging with ima_flush_htable"
[ "$(count)" = 0 ] || die "the list should be empty"
rm "$work/mnt/f1"; echo 1 >"$work/mnt/f1" # another inode with the same name and content
"$work/mnt/reader" "$work/mnt/f1" >/dev/null
"$imactl" list | grep -q "$work/mnt/f1 " || die "a deleted record was not listed again: $("$imactl" list)"
stop_imad
exit 0
