# SPDX-License-Identifier: MIT
#
# DOC: the fuzzer and the stress test, for as long as somebody has time

SECONDS ?= 60

# The shell has a variable of that name, which counts.
## make fuzz SECONDS=n    fuzz the driver, guided by coverage, in a guest with the debug kernel
fuzz:
	@env -u SECONDS selftests/fuzz/run-in-vm fuzz $(SECONDS)
## make stress SECONDS=n  clients that share, wait and get killed, likewise
stress:
	@env -u SECONDS selftests/fuzz/run-in-vm stress $(SECONDS)

.PHONY: fuzz stress
