# SPDX-License-Identifier: BSD-2-Clause
# What bash offers on the Tab key: commands, second words, options, words of an option, files, the commands of another program after "--".
. "$(dirname "$0")/lib.sh"
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/dist/imactl.bash-completion"

# offers WORD...: the last word is being written; the answers on one line
offers() {
	COMP_WORDS=("$imactl" "$@")
	COMP_CWORD=$#
	_imactl "$imactl" "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}"
	echo "${COMPREPLY[*]-}"
}
is() { local want=$1; shift; [ "$(offers "$@")" = "$want" ] || die "imactl $*: \"$(offers "$@")\", not \"$want\""; }
complete -p imactl >/dev/null || die "bash was told of nothing"
is "status" stat
is "evm-key evmctl" evm
is "seal check" evm-key ""
is "list id import generate" keys ""
is "generate" keys g
is "--keyid" sign --keyi
is "--nonce --nonce-text --nonces" evidence verify --nonce
is "portable immutable" sign --evm ""
is "sarif" evidence verify --format s
cd "$work"
: >label.one
is "label.one" verify -q label.o
is "sha256sum" run -- sha256su
is "" nonsense --x
