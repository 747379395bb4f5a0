#!/bin/sh
# Builds the programs of this folder into bin/ of their packages with Debian's gcc and gcc-aarch64-linux-gnu, byte for byte the
# same each time: build.sh [PROGRAM [FOLDER]]. Without a program: all of them.
set -eu
cd "$(dirname "$0")"
flags="-std=c11 -Os -Wall -Wextra -Werror -ffreestanding -fno-builtin -fno-stack-protector -fno-pie
  -fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns -fno-ident -static -nostdlib -no-pie -s
  -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,noseparate-code"

package_of() {
  case $1 in
    seamark-beside) echo worker ;;
    seamark-first) echo executor-sandbox ;;
    seamark-forward) echo forwarder ;;
    seamark-keep) echo executor-docker ;;
    seamark-serve) echo worker ;;
    *) echo "There is no program $1 here." >&2; exit 2 ;;
  esac
}
build() { # PROGRAM FOLDER
  # shellcheck disable=SC2086
  x86_64-linux-gnu-gcc $flags -fcf-protection=none -o "$2/$1-x64" "$1.c"
  # shellcheck disable=SC2086
  aarch64-linux-gnu-gcc $flags -mno-outline-atomics -o "$2/$1-arm64" "$1.c"
  chmod 755 "$2/$1-x64" "$2/$1-arm64"
}

[ $# -gt 0 ] || set -- seamark-beside seamark-first seamark-forward seamark-keep seamark-serve
if [ $# -eq 2 ]; then
  package_of "$1" > /dev/null
  build "$1" "$2"
else
  for program in "$@"; do
    package=$(package_of "$program")
    build "$program" "../packages/$package/bin"
  done
fi
