#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# DOC: where is the kernel's kselftest harness?
#
#	fetch-harness.sh DIRECTORY
#
# Prints the root of a tree that has tools/testing/selftests with the harness,
# lib.mk and what they need: /usr/src/linux-kselftest where somebody put it, else
# DIRECTORY, into which it is extracted from the linux-source package, that of
# this machine or one that is downloaded for it.
set -eu

dest=$1
part=tools/testing/selftests

has() { [ -e "$1/$part/lib.mk" ] && [ -e "$1/$part/kselftest_harness.h" ]; }

for tree in ${KSELFTEST:+"$KSELFTEST"} /usr/src/linux-kselftest "$dest"; do
	! has "$tree" || { echo "$tree"; exit; }
done

work=$(mktemp -d "${TMPDIR:-/tmp}/figment-kselftest.XXXXXX")
trap 'rm -rf "$work"' EXIT

tarball() { find "$1" -maxdepth 1 -name 'linux-source-*.tar.xz' 2>/dev/null | sort -V | tail -n 1; }

source=$(tarball /usr/src)
if [ -z "$source" ]; then
	package=$(apt-cache depends linux-source | sed -n 's/.*Depends: //p')
	[ -n "$package" ] || { echo "apt knows no linux-source package" >&2; exit 1; }
	(cd "$work" && apt-get -q download "$package" >&2)
	dpkg-deb --fsys-tarfile "$work/$package"_*.deb |
		tar -xC "$work" --wildcards './usr/src/linux-source-*.tar.xz'
	source=$(tarball "$work/usr/src")
fi

mkdir -p "$work/tree"
tar -C "$work/tree" -xJf "$source" --strip-components=1 --wildcards \
	"*/$part/kselftest*" "*/$part/lib.mk" "*/$part/run_kselftest.sh" \
	'*/tools/scripts/Makefile.*' '*/tools/build/Build.include' '*/scripts/subarch.include'
mkdir -p "${dest%/*}"
rm -rf "$dest"
mv "$work/tree" "$dest"
has "$dest" || { echo "$source has no kselftest harness" >&2; exit 1; }
echo "$dest"
