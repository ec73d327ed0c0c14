# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: Apache-2.0
# Sourced by conf/quickstart and tests/run: the Debian packages each needs, and how the missing ones are installed. Those
# that bring a daemon are kept from starting it while they are installed.

packages_build="gcc libc6-dev cmake ninja-build pkg-config libcyaml-dev libyaml-dev libldns-dev libsodium-dev nettle-dev libssl-dev
	libuv1-dev libjansson-dev libcurl4-openssl-dev libzstd-dev libnghttp2-dev libsystemd-dev libcap-ng-dev libllhttp-dev|node-llhttp"
packages_try="bind9-dnsutils curl python3"
packages_test="bird2 frr clang libclang-rt-dev libcmocka-dev python3-dnspython xz-utils iproute2 util-linux mandoc openssl knot-dnsutils
	faketime python3-cryptography zstd"

# What asks the redirect service as its users do, a browser and an ACME client among them; content servers and a certificate
# authority for it.
packages_front="nginx-light|nginx curl wget aria2 nghttp2-client wrk python3-h2 python3-hyperframe chromium certbot pebble"

# The peers that tests/interop asks the same questions, and what signs and validates its zones.
packages_interop="nsd knot bind9 bind9-utils ldnsutils python3-cryptography"

# What tests/lab makes its network of.
packages_lab="bird2 frr nginx-light|nginx iproute2 ldnsutils curl bind9-dnsutils"

package_installed() {
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# a|b is satisfied by either; when neither is there, the first one this distribution knows is taken.
packages_missing() {
	local entry package found missing=""
	for entry in "$@"; do
		found=""
		for package in ${entry//|/ }; do
			if package_installed "$package"; then found=1; fi
		done
		[ -n "$found" ] || missing="$missing $entry"
	done
	echo $missing
}

packages_choose() {
	local entry package
	for entry in "$@"; do
		for package in ${entry//|/ }; do
			if apt-cache show "$package" >/dev/null 2>&1; then break; fi
		done
		echo "$package"
	done
}

# packages_install PACKAGE...: installs what is missing, through sudo when not root, and says so.
packages_install() {
	local missing sudo=""
	if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
		echo "Not a Debian system: these packages are expected to be here: $*" >&2
		return 0
	fi
	missing=$(packages_missing "$@")
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" -ne 0 ]; then
		if ! command -v sudo >/dev/null; then
			echo "Missing packages: $missing. Install them as root, or install sudo." >&2
			return 1
		fi
		sudo=sudo
	fi
	echo "Installing with apt-get${sudo:+ through sudo}: $missing"
	$sudo apt-get -qq update || return 1
	missing=$(packages_choose $missing)
	services_may_not_start "$sudo"
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
		-o Dpkg::Use-Pty=0 install $missing >/dev/null
	local status=$?
	services_may_start "$sudo"
	return $status
}

# Debian starts what it installs, unless this file says no; one that is there already has its reasons and stays.
services_may_not_start() {
	made_policy=""
	if [ ! -e /usr/sbin/policy-rc.d ]; then
		printf '#!/bin/sh\nexit 101\n' | $1 tee /usr/sbin/policy-rc.d >/dev/null && $1 chmod 755 /usr/sbin/policy-rc.d
		made_policy=1
	fi
}

services_may_start() {
	[ -z "$made_policy" ] || $1 rm -f /usr/sbin/policy-rc.d
}
