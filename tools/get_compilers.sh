#!/usr/bin/env bash
# Get the compilers and emulators of benchmarks/chips.py: Debian's, for ARM, RISC-V and AVR, and clang.
# Without them its tests are skipped.
set -euo pipefail
command -v apt-get > /dev/null || { echo "get_compilers: no apt-get; install them yourself" >&2; exit 1; }
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
  clang gcc-arm-none-eabi picolibc-arm-none-eabi qemu-system-arm \
  gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf qemu-system-misc \
  gcc-avr avr-libc binutils-avr simavr
