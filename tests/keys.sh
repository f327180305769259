# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# append_signature CONTENT MESSAGE OUT: as the kernel's build appends signatures to modules
append_signature() {
	{
		cat "$1" "$2"
		# shellcheck disable=SC2059
		printf '\0\0\2\0\0\0\0\0'"$(printf '%08x' "$(stat -c %s "$2")" | sed 's/../\\x&/g')"'~Module signature appended~\n'
	} >"$3"
}

# make_key DIR NAME [openssl options]: DIR/NAME.key, .pem and .der, a throw-away signing key and its certificate
make_key() {
	local dir=$1 name=$2
	shift 2
	openssl req -x509 -nodes -newkey "$@" -keyout "$dir/$name.key" -out "$dir/$name.pem" -days 30 -subj "/CN=$name" \
		-addext keyUsage=digitalSignature -addext subjectKeyIdentifier=hash 2>/dev/null &&
		openssl x509 -in "$dir/$name.pem" -outform der -out "$dir/$name.der" || die "openssl req $name"
}
