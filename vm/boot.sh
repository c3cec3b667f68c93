# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# DOC: boot the stack, watch it, judge it
#
# The kernel's console goes to a file of its own; the command's stdout and
# stderr come out of two virtio ports into files that tail(1) follows. Files,
# not pipes: whoever reads our output may stop reading without stopping the
# guest, and nothing the guest wrote before it died is lost.
#
# A guest that was given a screen (SCREEN) has a picture of it taken from outside by
# writing a name to a port; QEMU leaves NAME.png in the share. No program of the
# guest's, figment's neither, has a part in that.
#
# A guest lives as long as it writes to its heartbeat port. One that stops is
# sent an NMI, on which its kernel panics, so that the log shows where it was.
#
# QEMU's emulation has a race that the kernel's live patching of its own code
# can lose: one CPU translates a breakpoint byte that another is just replacing,
# and keeps the translation. The kernel patches itself most while it boots, so
# it boots on one CPU and figment-init starts the others. A guest that dies
# before figment is loaded, of this or of anything else, is booted again.
#
# Sourced by vm/run.
# shellcheck disable=SC2054 # the commas are QEMU's

# accelerator: KVM if a guest was seen to boot on it since this machine was
# booted, else emulation. That /dev/kvm opens says little: nested, it may hang.
accelerator() {
	local verdict word
	verdict=$CACHE/kvm-$(cat /proc/sys/kernel/random/boot_id)
	if [ ! -s "$verdict" ]; then
		word=tcg
		if [ -r /dev/kvm ] && [ -w /dev/kvm ]; then
			say "trying whether a guest boots on KVM"
			timeout -k 1 15 qemu-system-x86_64 -accel kvm -cpu host -M q35 -m 512 \
				-nodefaults -no-user-config -display none -no-reboot \
				-serial "file:$WORK/probe" -kernel "$VMLINUX" -initrd "$INITRD" \
				-append "console=ttyS0 panic=-1 figment.probe" </dev/null >/dev/null 2>&1
			! grep -qs 'figment: the guest boots' "$WORK/probe" || word=kvm
			[ $word = kvm ] || say "none does: emulating"
		fi
		rm -f "$CACHE"/kvm-*
		echo $word >"$verdict.$$" && mv "$verdict.$$" "$verdict"
	fi
	cat "$verdict"
}

# Leaves the command in args.
qemu_command() {
	local layer n=0 cmdline=(console=ttyS0 mitigations=off tsc=reliable
		maxcpus=1 noreplace-smp no_timer_check
		# What the run would fail for anyway ends it at once: -no-reboot
		# turns the reboot after a panic into an exit.
		panic=-1 oops=panic unknown_nmi_panic=1 softlockup_panic=1 hung_task_panic=1
		sysctl.kernel.panic_on_rcu_stall=1 sysctl.kernel.watchdog_thresh=20
		# A busy machine is not a stalled guest.
		rcupdate.rcu_cpu_stall_timeout=40
		printk.devkmsg=on)
	accel=$(if [ -n "${ICOUNT:-}" ]; then echo icount; else accelerator; fi)
	args=(qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot
		-M q35 -smp "${CPUS:-2}" -m "${MEMORY:-4G}"
		-kernel "$VMLINUX" -initrd "$INITRD"
		-append "${cmdline[*]} ${APPEND:-}"
		-serial "file:$WORK/console"
		-chardev "pipe,id=monitor,path=$WORK/monitor" -mon monitor
		-device virtio-serial-pci,max_ports=16
		-fw_cfg "name=opt/figment/run,file=$WORK/run")
	case $accel in
	kvm) args+=(-accel kvm -cpu host) ;;
	# Time is what has been executed, at 2 ns an instruction, and a CPU that
	# waits skips to when it is woken: the same code takes the same time.
	icount) args+=(-accel tcg,thread=single -cpu "${CPU:-Nehalem}" -smp 1
		-icount shift=1,sleep=off -rtc clock=vm) ;;
	# Measured: emulated AVX makes lavapipe draw four times slower, and
	# emulated ERMS makes the kernel copy and clear five times slower, than
	# the plain SSE of a CPU that has neither.
	*) args+=(-accel tcg,thread=multi -cpu "${CPU:-Nehalem${DEBUG:+,smep=on,smap=on}}") ;;
	esac
	for layer in "${STACK[@]}"; do
		args+=(-drive "if=none,id=layer$n,format=raw,readonly=on,file=$layer/image"
			-device "virtio-blk-pci,drive=layer$n")
		n=$((n + 1))
	done
	for n in beat status stdout stderr; do
		args+=(-chardev "file,id=$n,path=$WORK/$n"
			-device "virtserialport,chardev=$n,name=figment.$n")
	done
	if [ -n "${SHARE:-}" ]; then
		args+=(-virtfs "local,path=${SHARE//,/,,},mount_tag=share,security_model=none,multidevs=remap"
			-fw_cfg name=opt/figment/share,string=yes)
	fi
	if [ "${SCREEN:-}" ]; then
		args+=(-device "$SCREEN" -chardev "file,id=screen,path=$WORK/screen"
			-device "virtserialport,chardev=screen,name=figment.screen")
	fi
	if [ -z "${RUN:-}" ]; then
		args+=(-chardev stdio,id=tty,signal=off -device virtconsole,chardev=tty
			-fw_cfg "name=opt/figment/shell,string=${TERM:-linux} $(stty size)")
	fi
}

# dump_screen: takes the pictures that the guest has asked for since.
dump_screen() {
	local name
	while read -r name <&6; do
		case $name in *[!a-z0-9-]* | '') continue ;; esac
		echo "screendump \"${SHARE:-$WORK}/$name.png\" -f png" >"$WORK/monitor.in"
	done
}

# watch PID: kills the guest when its heart stops or its time is up.
watch() {
	local beats=-1 now last=$SECONDS
	exec 6<"$WORK/screen"
	while sleep 0.5 && kill -0 "$1" 2>/dev/null; do
		dump_screen
		now=$(stat -c %s "$WORK/beat" 2>/dev/null || echo 0)
		[ "$now" = "$beats" ] || { beats=$now last=$SECONDS; }
		# Before its first beat the guest is still booting.
		if [ $((SECONDS - last)) -gt $((beats > 0 ? HEARTBEAT : HEARTBEAT * 3)) ]; then
			echo "hang no sign of life for $((SECONDS - last)) s" >"$WORK/verdict"
		elif [ -n "${RUN:-}" ] && [ "$SECONDS" -gt "$TIMEOUT" ]; then
			echo "late the guest was still running after $TIMEOUT s" >"$WORK/verdict"
		else
			continue
		fi
		echo nmi >"$WORK/monitor.in"
		sleep 5
		kill -KILL "$1" 2>/dev/null
		return
	done
}

boot() {
	local args accel n
	HEARTBEAT=${HEARTBEAT:-${DEBUG:+180}} HEARTBEAT=${HEARTBEAT:-60} TIMEOUT=${TIMEOUT:-3600}
	need qemu-system-x86_64 qemu-system-x86
	[ -z "${SHARE:-}" ] || SHARE=$(cd "$SHARE" && pwd) || die "SHARE is no directory"
	printf %s "${RUN:-true}" >"$WORK/run"
	mkfifo "$WORK"/monitor.{in,out}
	qemu_command
	SECONDS=0
	start
	# Not figment's fault, if it was not there yet.
	for _ in 1 2; do
		grep -q '^up' "$WORK/status" || [ ! -s "$WORK/console" ] || {
			say 'the guest died before figment was loaded: booting again'
			rm -f "$WORK/verdict"
			start
		}
	done
	[ -n "${RUN:-}" ] || stty sane
	judge
}

# tripped: whether the race described above ended the guest.
tripped() { [ "$accel" = tcg ] && grep -q 'int3: 0000 \[' "$WORK/console"; }

# start: one guest, from power-on to power-off.
start() {
	local helpers followers=()
	for n in stdout stderr console status beat screen; do
		: >"$WORK/$n"
	done
	if [ -n "${RUN:-}" ]; then
		setpriv --pdeathsig KILL "${args[@]}" </dev/null >"$WORK/qemu" 2>&1 &
		QEMU=$!
		tail -qf -n +1 -s 0.1 --pid=$QEMU "$WORK/stdout" 2>/dev/null & followers+=($!)
		tail -qf -n +1 -s 0.1 --pid=$QEMU "$WORK/stderr" >&2 2>/dev/null & followers+=($!)
	else
		setpriv --pdeathsig KILL "${args[@]}" <&0 2>"$WORK/qemu" &
		QEMU=$!
	fi
	# What QEMU's monitor says interests nobody, but must go somewhere.
	cat "$WORK/monitor.out" >/dev/null 2>&1 & helpers=($!)
	watch $QEMU >/dev/null 2>&1 & helpers+=($!)
	wait $QEMU
	QEMU=
	wait "${followers[@]}"
	kill "${helpers[@]}" 2>/dev/null
}

# judge: exits with what the run is worth.
judge() {
	local exit failed='' code=125 log trouble
	exit=$(sed -n 's/^exit //p' "$WORK/status")
	trouble=$(grep -nE -f <(grep '^[^#!]' "$VM/trouble") "$WORK/console" |
		grep -vE -f <(sed -n 's/^!//p' "$VM/trouble"))

	if [ ! -s "$WORK/console" ] && [ -s "$WORK/qemu" ]; then
		failed="QEMU did not start: $(cat "$WORK/qemu")" code=126
	elif tripped; then
		failed='the emulator tripped over self-modifying code: run it again' code=126
	elif [ -s "$WORK/verdict" ]; then
		failed=$(cut -d' ' -f2- "$WORK/verdict")
		! grep -q ^late "$WORK/verdict" || code=124
	elif ! grep -q '^done$' "$WORK/status"; then
		failed="the guest died$([ -n "$exit" ] || echo ' before the command ended')"
	elif grep -q '^fail ' "$WORK/status"; then
		failed=$(sed -n 's/^fail //p' "$WORK/status")
	elif [ -n "$trouble" ]; then
		failed="the kernel complained"
	fi
	[ -z "${LOG:-}" ] || cp "$WORK/console" "$LOG"
	[ -n "$failed" ] || exit "$exit"

	log=${LOG:-$CACHE/log/console-$(date +%Y%m%d-%H%M%S)-$$}
	[ -n "${LOG:-}" ] || cp "$WORK/console" "$log"
	say "FAILED: $failed${exit:+ (the command returned $exit)}"
	if [ -n "$trouble" ]; then
		say "$(wc -l <<<"$trouble") suspicious line(s) in the kernel log; from the first one:"
		tail -n "+$(((n = ${trouble%%:*} - 3) > 0 ? n : 1))" "$log" | head -n 60 >&2
	else
		say "the end of the kernel log:"
		tail -n 25 "$log" >&2
	fi
	say "kernel log: $log"
	find "$CACHE/log" -name 'console-*' -mtime +7 -delete
	exit $code
}
