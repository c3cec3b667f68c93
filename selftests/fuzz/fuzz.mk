# SPDX-License-Identifier: MIT
#
# DOC: the fuzzer, for as long as somebody has time

SECONDS ?= 60

# The shell has a variable of that name, which counts.
## make fuzz SECONDS=n    fuzz the driver, guided by coverage, in a guest with the debug kernel
fuzz:
	@env -u SECONDS selftests/fuzz/run-in-vm fuzz $(SECONDS)

.PHONY: fuzz
