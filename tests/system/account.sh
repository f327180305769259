# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Running the workload and holding the list against its account.

# run_workload PROGRAMS OPENS: leaves $work/account and $work/longest_ms
run_workload() {
	cp "$build/tests/system/nothing" "$work/mnt/nothing"
	"$build/tests/system/workload" "$work/mnt" "$work/mnt/nothing" "$1" "$2" 4 "$work/account" >"$work/longest_ms" || die "the workload failed"
	cat "$work"/account.? >"$work/account"
}

# check_account: every file of the account is listed once with the digest of its own bytes; nothing twice; replay matches
check_account() {
	"$imactl" list >"$work/list" || die "the list cannot be read"
	python3 - "$work/account" "$work/list" "$work/mnt/nothing" <<'P' || die "the list is not what ran"
import hashlib, re, sys
want = set()
program = open(sys.argv[3], "rb").read()
for path in open(sys.argv[1]):
    path = path.rstrip("\n")
    kind, job, n = re.search(r"/([pd])-(\d+)-(\d+)$", path).groups()
    data = program + b"program %s %s\n" % (job.encode(), n.encode()) if kind == "p" else b"data %s %s\n" % (job.encode(), n.encode())
    want.add(("sha256:" + hashlib.sha256(data).hexdigest(), path))
have, twice = {}, 0
for line in open(sys.argv[2], errors="surrogateescape"):
    f = line.split(" ")
    key = (f[3], f[4])
    have[key] = have.get(key, 0) + 1
twice = [k for k, n in have.items() if n > 1 and set(k[0].split(":")[1]) != {"0"}]
missing = [k for k in want if k not in have]
print("%d files used, %d listed, %d missing, %d listed twice" % (len(want), len(want) - len(missing), len(missing), len(twice)))
for k in missing[:5]: print("  missing", *k)
for k in twice[:5]: print("  twice", *k)
sys.exit(1 if missing or twice else 0)
P
	"$imactl" replay >"$work/replay" || die "replay: $(cat "$work/replay")"
}
