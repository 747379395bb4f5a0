#!/bin/sh
# Builds bin/seamark-first-* with Debian's gcc and gcc-aarch64-linux-gnu, byte for byte the same each time; a folder may be
# named instead.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/../bin}
flags="-std=c11 -Os -Wall -Wextra -Werror -ffreestanding -fno-builtin -fno-stack-protector -fno-pie
  -fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns -fno-ident
  -static -nostdlib -no-pie -s -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,noseparate-code"
# shellcheck disable=SC2086
(cd "$here" && x86_64-linux-gnu-gcc $flags -fcf-protection=none -o "$out/seamark-first-x64" seamark-first.c)
# shellcheck disable=SC2086
(cd "$here" && aarch64-linux-gnu-gcc $flags -mno-outline-atomics -o "$out/seamark-first-arm64" seamark-first.c)
chmod 755 "$out/seamark-first-x64" "$out/seamark-first-arm64"
