# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# make_key DIR NAME [openssl options]: DIR/NAME.key, .pem and .der, a throw-away signing key and its certificate
make_key() {
	local dir=$1 name=$2
	shift 2
	openssl req -x509 -nodes -newkey "$@" -keyout "$dir/$name.key" -out "$dir/$name.pem" -days 30 -subj "/CN=$name" \
		-addext keyUsage=digitalSignature -addext subjectKeyIdentifier=hash 2>/dev/null &&
		openssl x509 -in "$dir/$name.pem" -outform der -out "$dir/$name.der" || die "openssl req $name"
}
