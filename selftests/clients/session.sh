# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# DOC: what the client tests share; each starts with: . "${0%/*}/session.sh"
#
# A test is one client, or a compositor and its clients, in a session of its own:
# XDG_RUNTIME_DIR is a temporary directory, every process is ended when the test
# ends, and each one's output is in $dir/NAME.log, whose end is shown if something
# failed. With FIGMENT_KEEP=DIR all of it is copied there.
#
# TCG makes these programs slow: everything is waited for, nothing is timed.

here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
PATH=$here/bin:$PATH
dir=$(mktemp -d "${TMPDIR:-/tmp}/figment-client.XXXXXX") || exit 1
export XDG_RUNTIME_DIR=$dir/run
mkdir -m 700 "$XDG_RUNTIME_DIR"
# No input devices, and no surprises from whoever runs this.
export WLR_LIBINPUT_NO_DEVICES=1
unset WAYLAND_DISPLAY DISPLAY SWAYSOCK VK_DRIVER_FILES
tests=0 failures=0
pids=()

node=$(figment info 2>/dev/null | sed -n '1s/^figment0 \([^ ]*\).*/\1/p')
export WLR_RENDER_DRM_DEVICE=$node

leave() {
	local i log
	for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
		kill "${pids[i]}" 2>/dev/null
	done
	for i in "${pids[@]}"; do
		for _ in $(seq 50); do
			kill -0 "$i" 2>/dev/null || break
			sleep 0.1
		done
		kill -KILL "$i" 2>/dev/null
	done
	if [ "$failures" != 0 ]; then
		for log in "$dir"/*.log; do
			echo "# the end of ${log##*/}:"
			tail -n 25 "$log" | cut -c1-300 | sed 's/^/#   /'
		done
	fi
	[ -z "${FIGMENT_KEEP:-}" ] || {
		mkdir -p "$FIGMENT_KEEP/${0##*/}"
		cp "$dir"/*.* "$FIGMENT_KEEP/${0##*/}/"
	}
	rm -rf "$dir"
}
trap leave EXIT
trap 'exit 1' INT TERM HUP

# need PROGRAM=PACKAGE...: or the whole test is skipped.
need() {
	local word
	for word; do
		command -v "${word%%=*}" >/dev/null || {
			echo "1..0 # SKIP there is no ${word%%=*} (package ${word#*=})"
			exit 4
		}
	done
}

skip_all() {
	echo "1..0 # SKIP $*"
	exit 4
}

# ok TEXT COMMAND...: a case that passes if the command does
ok() {
	local text=$1
	shift
	tests=$((tests + 1))
	if "$@" >"$dir/ok.log" 2>&1; then
		echo "ok $tests $text"
	else
		tail -n 5 "$dir/ok.log" | sed 's/^/# /'
		echo "not ok $tests $text"
		failures=$((failures + 1))
		return 1
	fi
}

# skip TEXT REASON: a case that cannot be
skip() {
	tests=$((tests + 1))
	echo "ok $tests $1 # SKIP $2"
}

finish() {
	echo "1..$tests"
	exit $((failures != 0))
}

# eventually SECONDS COMMAND...: whether it succeeds in time
eventually() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return
		sleep 0.5
	done
}

# start NAME COMMAND...: in the background
start() {
	local name=$1
	shift
	"$@" >"$dir/$name.log" 2>&1 </dev/null &
	pids+=($!)
}

said() { grep -Eq -- "$2" "$dir/$1.log"; }

# stop: ends what was started last
stop() {
	local pid=${pids[-1]}
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	unset 'pids[-1]'
}

sockets() { (cd "$XDG_RUNTIME_DIR" && printf '%s\n' wayland-* | grep -v -e '\.lock$' -e '\*'); }

# compositor NAME COMMAND...: starts it, and leaves its socket in WAYLAND_DISPLAY
compositor() {
	local name=$1 before
	before=$(sockets)
	start "$@"
	for _ in $(seq 600); do
		WAYLAND_DISPLAY=$(sockets | grep -vxF "$before")
		[ -z "$WAYLAND_DISPLAY" ] || break
		kill -0 "${pids[-1]}" 2>/dev/null || break
		sleep 0.1
	done
	export WAYLAND_DISPLAY
	[ -n "$WAYLAND_DISPLAY" ] || echo "# $name did not come up"
	[ -n "$WAYLAND_DISPLAY" ]
}

# sway NAME WxH RRGGBB [LINE...]: sway with the Vulkan renderer, headless or within
# another; its outputs have that size and colour. Leaves its socket in SWAYSOCK.
sway_on() {
	local name=$1 size=$2 colour=$3 backend=headless resolution=" resolution $2" pid
	shift 3
	[ -z "${WAYLAND_DISPLAY:-}" ] || backend=wayland
	[ "$size" != - ] || resolution=
	printf '%s\n' "output *$resolution bg #$colour solid_color" 'default_border none' \
		'xwayland disable' 'for_window [app_id=figment-painter] floating enable' \
		"$@" >"$dir/$name.conf"
	WLR_BACKENDS=$backend WLR_RENDERER=${WLR_RENDERER:-vulkan} \
		compositor "$name" sway -d -c "$dir/$name.conf" || return
	pid=${pids[-1]}
	SWAYSOCK=$(echo "$XDG_RUNTIME_DIR"/sway-ipc.*."$pid".sock)
	export SWAYSOCK
}

shot() { timeout 60 grim -l 1 "$dir/$1.png"; }

# seen NAME WHERE [COUNT=]COLOUR ...: takes a picture and looks; see figment-pixels
seen() {
	local name=$1 count=all where colour
	shift
	shot "$name" || return
	while [ $# -gt 0 ]; do
		where=$1 colour=$2 count=all
		case $colour in *=*) count=${colour%%=*} colour=${colour#*=} ;; esac
		figment-pixels "$dir/$name.png" "$count" "$where" "$colour" || return
		shift 2
	done
}
