# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# DOC: the layer store
#
# The guest is a stack of read-only layers, as a container image is. A layer
# is a directory $CACHE/layers/NAME-KEY whose KEY is a hash of all that went
# into it: its build script, its inputs and the keys of its parents. So there
# is nothing to invalidate: a layer either exists and is right, or it does not
# exist. It holds
#
#	tree/	what the layer adds to its parents, in overlayfs's own format
#	image	the same packed as erofs, which is what the guest mounts
#	out/	anything else a later step needs (a kernel, a version, packages)
#
# vm/build makes one layer, as root; this file names layers and decides which
# are missing. Every run holds a shared lock on each layer of its stack while
# it lives; whoever builds or removes a layer holds it exclusively.
#
# Sourced by vm/run, which sets VM (this directory) and CACHE.

say() { printf 'vm: %s\n' "$*" >&2; }
die() { say "$*"; exit 126; }

# The one place where privilege is taken; QEMU itself never needs it.
as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo -- "$@"; fi
}

# need COMMAND PACKAGE: a tool of the host's, installed when it is missing.
need() {
	command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ] && return
	say "installing $2 on this machine (for $1)"
	as_root apt-get -qq -o DPkg::Lock::Timeout=300 install -y \
		--no-install-recommends "$2" >&2 ||
		{ as_root apt-get -qq update && as_root apt-get -qq install -y \
			--no-install-recommends "$2"; } >&2 ||
		die "cannot install $2"
}

# The mirrors are this machine's own, as apt itself resolved them, whichever
# file format they were written in. Prints one-line sources for the guest.
apt_sources() {
	local list main security comps key=/usr/share/keyrings/debian-archive-keyring.gpg
	# shellcheck disable=SC2016 # these are apt's variables
	list=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Identifier: Packages' 2>/dev/null | sed 's,/ , ,')
	local code='(bullseye|bookworm|trixie|forky|duke|sid|(old)*stable|testing|unstable)'
	main=${FIGMENT_MIRROR:-$(awk -v c="^$code\$" \
		'$2 ~ c && $3 == "main" { print $1; exit }' <<<"$list")}
	security=${FIGMENT_SECURITY_MIRROR:-$(awk -v c="^$code(-security|/updates)\$" \
		'$2 ~ c && $3 == "main" { print $1; exit }' <<<"$list")}
	comps=$(awk -v m="$main" '$1 == m && !seen[$3]++ { printf "%s ", $3 }' <<<"$list")
	[ -n "$main" ] || die "apt here knows no Debian mirror: set FIGMENT_MIRROR"
	[ -n "$security" ] || say "no security mirror in apt's sources: going without"
	local s
	for s in trixie trixie-updates trixie-backports bookworm; do
		echo "deb [signed-by=$key] $main $s ${comps:-main}"
	done
	[ -z "$security" ] || for s in trixie-security bookworm-security; do
		echo "deb [signed-by=$key] $security $s ${comps:-main}"
	done
}

# layer NAME INPUT PARENT... <KEY-TEXT: make sure the layer exists, hold it,
# and leave its directory in LAYER. Its script is vm/layers/NAME up to the
# first dash. INPUT is a directory the script sees as /run/figment/in.
layer() {
	local name=$1 input=$2 script key fd started=$SECONDS
	shift 2
	script=$VM/layers/${name%%-*}
	key=$({ cat; cat "$script"; printf '%s\n' "${@##*/}"; } | sha256sum | cut -c1-16)
	LAYER=$CACHE/layers/$name-$key
	exec {fd}>>"$CACHE/locks/$name-$key"
	until flock -s "$fd" && [ -d "$LAYER" ]; do
		flock -u "$fd"
		for tool in 'mmdebstrap mmdebstrap' 'mkfs.erofs erofs-utils' 'unshare util-linux'; do
			# shellcheck disable=SC2086 # a command and its package
			need $tool
		done
		say "building layer $name"
		# Nothing of the caller's environment (a make's, often) gets in.
		as_root env -i PATH="$PATH" HOME="$HOME" FIGMENT_CACHE="$CACHE" \
			http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" \
			KERNEL="$KERNEL" KVER="${KVER:-}" PACKAGES="$PACKAGES" SANITIZE="$SANITIZE" MUTANTS="$MUTANTS" \
			"$VM/build" "$LAYER" "$script" "$input" "$@" >&2 &
		BUILDER=$!
		wait $BUILDER || die "layer $name could not be built"
		BUILDER=
		say "layer $name is ready ($((SECONDS - started)) s)"
	done
	touch "$CACHE/locks/$name-$key" # age, for pruning
}

# snapshot SOURCE DIRECTORY: the project's files as they are now, tracked or
# not yet, without what the guest does not need (of vm, the fuzzer needs trouble).
# Copied before they are hashed, so that what is hashed is what is built even while
# people edit.
snapshot() {
	local src=$1 to=$2
	mkdir -p "$to"
	{
		if git -C "$src" rev-parse --show-toplevel >/dev/null 2>&1; then
			git -C "$src" ls-files -z -co --exclude-standard
		else
			(cd "$src" && find . -type f -o -type l) | sed 's,^\./,,' | tr '\n' '\0'
		fi
	} | { grep -zvE '^(vm|docs|\.ci|\.git)(/|$)'; printf 'vm/trouble\0'; } | sort -zu |
		(cd "$src" && while IFS= read -r -d '' f; do
			[ ! -e "$f" ] && [ ! -L "$f" ] || printf '%s\0' "$f"
		done) |
		tar -C "$src" --null -T - --mtime=@0 --owner=0 --group=0 -cf - |
		tar -C "$to" -xf -
}

# A hash of a directory's contents: names, modes and bytes.
tree_hash() {
	(cd "$1" && find . -printf '%p %m %l\n' | sort && find . -type f -print0 |
		sort -z | xargs -0r sha256sum) | sha256sum
}
