# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# In a guest: `. /opt/imad/ready.sh`. It waits without starting processes: emulated, each takes from imad what that needs to start, and where a gate has closed
# none can be started.
[ -p /run/never ] || mkfifo /run/never
exec 9<>/run/never
rest() { read -rt "$1" -u 9 || :; } # SECONDS

# wait_ready [TIMES [LOG]]: until imad has said so that often in its log, which is shown when two minutes were not enough
wait_ready() {
	local log=${2:-/run/imad.log} lines=() line said n
	for ((n = 0; n < 600; n++)); do
		said=0
		[ ! -e "$log" ] || mapfile -t lines <"$log"
		for line in "${lines[@]}"; do [[ $line != *"imad: ready"* ]] || said=$((said + 1)); done
		[ "$said" -lt "${1:-1}" ] || return 0
		rest 0.2
	done
	printf '%s\n' "${lines[@]}"
	return 1
}
