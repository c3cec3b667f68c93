#!/bin/bash
# SPDX-License-Identifier: MIT
#
# DOC: tests of the runner itself
#
#	[KERNEL=..] [DEBUG=1] vm/selftest.sh [NAME...]
#
# A runner that says "passed" of a guest that oopsed is worse than none, so
# most of these are guests that must fail. The module is a stand-in (selftest/)
# that warns, hangs, leaks and clings on request. Output is TAP.
# shellcheck disable=SC2317 # the tests are called by name
set -u

vm=$(cd "${0%/*}" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export FIGMENT_SRC=$vm/selftest LOG=$tmp/log
provoke=/sys/module/figment/parameters/provoke

# guest STATUS COMMAND: whether the run exits so. Its output is in $tmp.
guest() {
	RUN=$2 "$vm/run" >"$tmp/out" 2>"$tmp/err"
	local got=$?
	[ "$got" = "$1" ] || { echo "# exited $got, not $1"; sed 's/^/# /' "$tmp/err"; return 1; }
}

said() { grep -q -- "$1" "$tmp/err" || { echo "# did not say: $1"; sed 's/^/# /' "$tmp/err"; return 1; }; }

t_status() { guest 3 'exit 3'; }
t_signal() { guest 143 "kill \$\$"; }

t_output() {
	guest 0 'printf "a\r\nb\0c"; echo no >&2; echo d >/dev/stdout; ls /dev/dri >/dev/null || :' &&
		printf 'a\r\nb\0cd\n' | cmp - "$tmp/out" && said '^no$'
}

t_much_output() { guest 0 'seq 200000' && seq 200000 | cmp - "$tmp/out"; }

t_reader_gone() {
	[ "$(RUN='seq 100000' timeout 120 "$vm/run" 2>/dev/null | head -n 1)" = 1 ]
}

t_share() {
	mkdir "$tmp/share" && echo to >"$tmp/share/to"
	SHARE=$tmp/share guest 0 'cat /mnt/share/to && echo from >/mnt/share/from' &&
		[ "$(cat "$tmp/out" "$tmp/share/from")" = $'to\nfrom' ]
}

t_stragglers() { guest 5 'sleep 1000 & (trap "" TERM; sleep 1000) & exit 5'; }
t_warning() { guest 125 "echo warn >$provoke" && said 'told to warn'; }
t_oops() { guest 125 "echo oops >$provoke; sleep 5" && said 'NULL pointer'; }
t_panic() { guest 125 'echo c >/proc/sysrq-trigger' && said 'sysrq triggered crash'; }
t_report() { guest 125 "echo report >$provoke" && said 'objects leaked'; }
t_pinned() { guest 125 "echo pin >$provoke" && said 'does not unload'; }
t_powered_off() { guest 125 '/run/figment/busybox poweroff -f' && said 'died before'; }
t_late() { TIMEOUT=20 guest 124 'sleep 1000' && said '20 s'; }

t_hang() {
	HEARTBEAT=10 guest 125 "echo hang >$provoke" &&
		said 'no sign of life' && grep -q NMI "$LOG"
}

t_lockup() { guest 125 "echo lockup >$provoke" && said 'stall\|lockup'; }

t_leak() {
	[ -n "${DEBUG:-}" ] || { echo '# needs DEBUG=1'; return; }
	guest 125 "echo leak >$provoke" && said kmemleak
}

t_together() {
	local pids=() i
	for i in 7 8 9; do
		(LOG='' RUN="exit $i" "$vm/run" 2>/dev/null; [ $? = "$i" ]) & pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i" || return; done
}

# A build that is killed leaves nothing that looks like a layer, no mount and
# no process; the directory it leaves goes with the next build.
t_killed_build() {
	local run cache=${FIGMENT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/figment}
	export FIGMENT_SRC=$tmp/slow
	cp -r "$vm/selftest" "$tmp/slow"
	sed -i "s|^guest-install:|&\n\techo $tmp; sleep 1000|" "$tmp/slow/Makefile"
	"$vm/run" --prepare 2>/dev/null &
	run=$!
	for _ in $(seq 30); do
		grep -qs "$tmp" "$cache"/log/figment-* && break
		sleep 1
	done
	grep -lqs "$tmp" "$cache"/log/figment-* || { echo '# was not building'; return 1; }
	name=$(basename "$(grep -ls "$tmp" "$cache"/log/figment-*)" .log)
	local build
	build=$(pgrep -of "vm/build $cache/layers/$name")
	kill -KILL "$run" "$build"
	sleep 1
	[ ! -e "$cache/layers/$name" ] && ! grep -q "$name" /proc/mounts &&
		! pgrep -f "$tmp; sleep 1000" >/dev/null || return
	sed -i 's/sleep 1000/true/' "$tmp/slow/Makefile"
	"$vm/run" --prepare 2>/dev/null && [ ! -e "$cache/tmp/$name" ]
}

[ $# -gt 0 ] || eval "$(declare -F | sed -n 's/.* t_\(.*\)/set -- "$@" \1/p')"
"$vm/run" --prepare || exit
echo "1..$#"
n=0 failed=0
for name; do
	n=$((n + 1))
	if (t_"$name"); then echo "ok $n $name"; else echo "not ok $n $name"; failed=1; fi
done
exit $failed
