# SPDX-License-Identifier: BSD-2-Clause
# What imactl writes: a file is whole or not there, whatever ends the program; a device or pipe is written to and never replaced; a message is one line that
# begins with the program's name, whatever the names in it are; what standard output does not take is an error.
. "$(dirname "$0")/lib.sh"
command -v jq >/dev/null || skip "jq is missing"
cd "$work"
umask 022
# says STATUS TEXT COMMAND...: status, and one line on standard error, which has TEXT
says() {
	local want=$1 text=$2 s=0
	shift 2
	"$@" >"$work/out" 2>"$work/said" </dev/null || s=$?
	[ $s = "$want" ] && [ "$(wc -l <"$work/said")" = 1 ] && grep -qF -- "$text" "$work/said" || die "$*: status $s, not $want with one line \"$text\": $(cat -v "$work/said")"
}
"$imactl" keys generate --no-passphrase --kind p256 keys >/dev/null || die "keys generate"
k=$PWD/keys/privkey_ima.key c=$PWD/keys/x509_ima.der

# getopt's messages are the program's own
for command in hash sign verify clear label "keys list" "keys id" "keys import" "keys generate" "ak create" "ak enroll" "ak activate" quote "evidence create" \
	"evidence verify" report "reference create" "reference merge" "reference diff" "reference query" "reference convert" list replay eventlog boot-aggregate run status \
	"policy check" "evm-key seal"; do
	s=0; "$imactl" $command --no-such-option x >out 2>said || s=$?
	[ $s = 2 ] && [ "$(head -n 1 said)" = "imactl: $command: unrecognized option '--no-such-option'" ] || die "$command --no-such-option: status $s: $(cat said)"
	"$imactl" $command --help >help || die "$command --help"
	[ "$command" = run ] || "$imactl" $command x --help | cmp - help || die "$command x --help"
done
s=0; "$imactl" evmctl --no-such-option 2>said || s=$?
[ $s = 1 ] && [ "$(cat said)" = "evmctl: unrecognized option '--no-such-option'" ] || die "evmctl's: $(cat said)"

# a full standard output, for every way of asking what there is
for words in --help help --version "keys --help" "hash --help" "list --help" "keys id $c"; do
	s=0; "$imactl" $words >/dev/full 2>said || s=$?
	[ $s = 3 ] && grep -q '^imactl: standard output: ' said && [ "$(wc -l <said)" = 1 ] || die "$words >/dev/full: status $s: $(cat said)"
done

# names that would be lines, or would steer a terminal
mkdir tree
bad=$'tree/a: pass (signature)\ntree \x1b[2Jb\xc2\x9b\\'
shown='tree/a: pass (signature)\x0atree \x1b[2Jb\xc2\x9b'
printf 'x\n' >"$bad"
for words in "hash -n" "hash" "sign -k $k" "verify -k $c" "clear"; do
	"$imactl" $words "$bad" >out 2>said || die "$words: $(cat said)"
	[ "$(wc -l <out)" = 1 ] && grep -qF -- "$shown\\x5c" out && ! grep -q $'[\x01-\x09\x0b-\x1f]' out || die "$words: $(cat -v out)"
done
says 1 "$shown" "$imactl" verify -k "$c" "$bad/x"
says 3 "$shown" "$imactl" sign -k "$bad" tree
says 3 "$shown" "$imactl" list "$bad"
says 1 "$shown" "$imactl" sign -r -q -k "$k" "$bad/x"

# devices and pipes
mknod null c 1 3; mknod full c 1 7; mkfifo pipe
sha256sum /bin/sh >sums
"$imactl" reference convert --to spdx -o null --force sums && [ -c null ] || die "convert -o null"
says 3 "full: No space left on device" "$imactl" reference convert --to spdx -o full --force sums
"$imactl" run --quiet --evidence null -- true && [ -c null ] || die "run --evidence null: $(ls -l null)"
s=0; "$imactl" run --quiet --evidence full -- true 2>said || s=$?
[ $s = 3 ] && [ -c full ] && grep -q "full: No space left on device" said || die "run --evidence full: status $s: $(cat said)"
"$imactl" run --quiet --evidence - -- true >piped && "$imactl" run --quiet --evidence file -- true && [ "$(tar -tf piped)" = "$(tar -tf file)" ] && [ ! -e ./- ] || die "--evidence -"
[ "$(stat -c %a file)" = 644 ] || die "mode of an evidence: $(stat -c %a file)"
timeout 20 cat pipe >piped & "$imactl" run --quiet --evidence pipe -- true; wait $!
[ "$(tar -tf piped)" = "$(tar -tf file)" ] || die "an evidence through a pipe"
says 2 "a database is a file" "$imactl" reference create -o - sums
[ ! -e ./- ] || die "a file named -"
(umask 077; "$imactl" reference convert --to sums -o private sums) && [ "$(stat -c %a private)" = 600 ] || die "umask: $(stat -c %a private)"

# signals: stopped in the midst by each, nothing is left
mkdir out.d many
head -c 300000000 /dev/zero >many/zeros
tar -cf big.tar many
for signal in INT TERM HUP PIPE KILL; do
	for words in "sign --archive big.tar -k $k -o out.d/x.tar" "hash --manifest out.d/manifest many" "reference create -q -o out.d/db -r many"; do
		s=0
		"$build/tests/system/ended_by" $signal rchar "$imactl" $words >out 2>said || s=$?
		[ $s -gt 128 ] && [ -z "$(ls -A out.d)" ] || die "$words ended by $signal: status $s, $(ls -A out.d), $(cat said)"
	done
done
# a database has a name while it is written: it is finished first
awk 'BEGIN { for (i = 0; i < 60000; i++) printf "%064x  /usr/lib/file%d\n", i, i }' >many.sums
for signal in INT TERM HUP; do
	s=0; "$build/tests/system/ended_by" $signal wchar "$imactl" reference convert --to database -q -o out.d/db many.sums >out 2>said || s=$?
	[ $s -gt 128 ] && [ "$(ls -A out.d)" = db ] && "$imactl" reference query out.d/db /usr/lib/file59999 >out || die "a database ended by $signal: status $s, $(ls -A out.d), $(cat said)"
	rm out.d/db
done
# nothing beside an output that is done
"$imactl" sign --archive big.tar -k "$k" -o out.d/x.tar && [ "$(ls -A out.d)" = x.tar ] || die "what is left beside the output: $(ls -A out.d)"
rm -rf out.d
says 3 "no-folder/x: No such file or directory" "$imactl" reference convert --to sums -o no-folder/x sums

# what belongs to another option is not passed over
says 2 "-0 goes with --files-from" "$imactl" hash -n -0 keys
says 2 "--block-size goes with --verity" "$imactl" hash -n --block-size 4096 sums
says 2 "--cert and --keyid" "$imactl" sign -n -k "$k" --cert "$c" --keyid 12 sums
says 2 "-f and --detached" "$imactl" sign -k "$k" -f --detached sums
says 2 "--pass-file and --pass-fd" "$imactl" sign -n -k "$k" --pass-file sums --pass-fd 0 sums
says 2 "--engine and --provider" "$imactl" sign -n -k "$k" --engine a --provider b sums
says 2 "two places" "$imactl" sign -k "$k" --archive big.tar -o - --manifest -
says 2 "two places" "$imactl" sign -k "$k" --archive big.tar -o one --manifest one
says 2 "--from foo: not one of text, binary, kexec, journal, cel-json, cel-cbor" "$imactl" list --from foo sums
says 3 "many: Is a directory" "$imactl" label --manifest many many
says 3 "no/ak.pub: there is no attestation key" "$imactl" run --evidence file2 --ak no -- touch ran
says 2 "needs a TPM" "$imactl" run --evidence file2 --tpm none -- touch ran
says 3 "no TPM at swtpm:path=$work/nowhere" "$imactl" ak create --tpm "swtpm:path=$work/nowhere" new-folder
[ ! -e new-folder ] || die "an empty folder was left"
[ ! -e ran ] || die "the command ran without the key that its evidence needs"
says 2 "go with --sign" "$imactl" reference convert --to sums --pass-file sums sums

# standard input where a set of values is read
"$imactl" reference convert --to sums - <sums | cmp - sums || die "convert -"
cat sums | "$imactl" reference diff sums - || die "diff with standard input"
says 2 "from a file" "$imactl" reference query - /bin/sh
"$imactl" reference create -o empty.db --list /dev/null 2>said && die "a database of nothing"
[ ! -e empty.db ] && grep -q "nothing in it" said || die "a database of nothing: $(cat said)"

# names that are no UTF-8, in JSON
mkdir odd && printf x >odd/$'a\xff\nb' && tar -cf odd.tar odd
for words in "hash --json --archive odd.tar" "verify --json --archive odd.tar" "hash -n --json -r odd"; do
	"$imactl" $words >out 2>said || [ "${words%% *}" = verify ] || die "$words: $(cat said)"
	jq -r .path_hex out | grep -q "$(printf 'odd/a\xff\nb' | od -An -tx1 | tr -d ' ')\$" || die "$words: $(cat out)"
done
# numbers are digits
says 2 "a number from 1 to 64" "$imactl" hash -n --threads -18446744073709551615 sums
says 2 "hex digits" "$imactl" sign -n -k "$k" --keyid -fffffffffffffff0 sums
