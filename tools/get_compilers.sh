#!/usr/bin/env bash
# Get the compilers and emulators of benchmarks/chips.py: Debian's, for ARM, RISC-V and AVR, and
# clang; and Node.js, which runs the page. Without them their tests are skipped.
set -euo pipefail
programs=(clang arm-none-eabi-gcc qemu-system-arm riscv64-unknown-elf-gcc qemu-system-riscv32
  avr-gcc simavr node)
[ "$(command -v "${programs[@]}" | wc -l)" = "${#programs[@]}" ] && exit 0
command -v apt-get > /dev/null || { echo "get_compilers: no apt-get; install them yourself" >&2; exit 1; }
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
  clang gcc-arm-none-eabi picolibc-arm-none-eabi qemu-system-arm \
  gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf qemu-system-misc \
  gcc-avr avr-libc binutils-avr simavr nodejs
