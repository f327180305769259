# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Guest tests: `bash NAME.sh BUILD_DIR`; exit 0 passed, 77 skipped with the reason as last line, anything else failed.
# The laboratory stays in IMA_GUEST_LAB (default /var/tmp/imad-guest) for the next test.
set -eu

build=$(realpath "${1:?the build folder is missing}")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lab=${IMA_GUEST_LAB:-/var/tmp/imad-guest}
skip() { printf 'skipped: %s\n' "$*"; exit 77; }
die() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

[ "$(id -u)" = 0 ] || skip "needs root"
mkdir -p "$lab"
flock "$lab/lock" bash "$here/prepare" "$lab" || { [ $? = 77 ] && exit 77; die "the laboratory could not be made"; }
work=$(mktemp -d /var/tmp/imad-guest-run.XXXXXX)
[ -n "${IMA_GUEST_KEEP:-}" ] || trap 'rm -rf "$work"' EXIT

# put_programs OUT: what a guest needs of ours, with libraries that the image lacks or has another build of
put_programs() {
	local opt=$1/share/opt f
	mkdir -p "$opt/lib"
	cp "$build/imad" "$build/imactl" "$build/tests/guest/helper" "$opt/"
	for f in $(ldd "$build/imad" "$build/imactl" | awk '$2 == "=>" { print $3 }' | sort -u); do
		case $f in */libc.so* | */libm.so* | */ld-linux*) continue ;; esac
		cmp -s "$f" "$lab/root/usr/lib/x86_64-linux-gnu/${f##*/}" || cp -L "$f" "$opt/lib/"
	done
	cp "$here/workload.sh" "$here/ready.sh" "$opt/"
}

# nobody attacks the processor here, and what the kernel does against that costs a tenth of the time
quick="mitigations=off"

# boot_guest KERNEL OUT COMMAND-LINE: runs OUT/share/job.sh; its status must be 0
boot_guest() {
	bash "$here/boot" "$lab" "$1" "$2" "$quick $3" || die "the guest ($1) did not end: $(tail -n 3 "$2/console.log" 2>/dev/null)"
	[ "$(cat "$2/share/status" 2>/dev/null)" = 0 ] || die "the job in the guest ($1) failed: $(tail -n 15 "$2/share/out.txt" 2>/dev/null)"
}

# side_by_side FUNCTION "WORDS"...: a call of it with each of them, one more at once than there are processors, since every guest sleeps at times, two to
# five: the longest first, and none of them waits for another. 1: one failed
side_by_side() {
	local call=$1 most n=0 bad=0 words
	most=$(($(nproc) + 1))
	[ "$most" -le 5 ] || most=5
	shift
	for words in "$@"; do
		[ "$n" -lt "$most" ] || { wait -n || bad=1; n=$((n - 1)); }
		# shellcheck disable=SC2086
		"$call" $words &
		n=$((n + 1))
	done
	for (( ; n > 0; n--)); do wait -n || bad=1; done
	return "$bad"
}
