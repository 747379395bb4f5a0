#!/bin/sh
# Makes an image of programs of this machine, without a registry: make-image.sh TAG [PROGRAM...]
# Each program is copied with the libraries that it is linked with. Prints the id of the image.
# The engine is the one that `docker` finds: DOCKER_HOST names another.
set -eu
[ $# -gt 0 ] || { echo 'usage: make-image.sh TAG [PROGRAM...]' >&2; exit 2; }
tag=$1
shift
[ $# -gt 0 ] || set -- sh env cat cp mv rm ls mkdir rmdir ln chmod touch pwd id uname date true false test sleep echo printf \
  head tail tr wc sort uniq cut tee sed grep find xargs diff dirname basename mktemp mkfifo setsid node git

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$root"
for folder in usr/bin usr/lib usr/lib64 usr/local/bin etc tmp proc sys dev workspace; do mkdir -p "$root/$folder"; done
# As on the machine, where /bin is a part of /usr.
for folder in bin lib lib64; do ln -s "usr/$folder" "$root/$folder"; done
echo 'root:x:0:0:root:/:/bin/sh' > "$root/etc/passwd"
echo 'root:x:0:' > "$root/etc/group"

libraries() {
  # A static program has none, and ldd says so with its exit code.
  { ldd "$1" 2> /dev/null || true; } | sed -n 's/^[^/]*\(\/[^ ]*\) (0x.*$/\1/p'
}
add() { # SOURCE TARGET
  mkdir -p "$root$(dirname "$2")"
  [ -e "$root$2" ] || cp -L "$1" "$root$2"
}
for program in "$@"; do
  path=$(command -v "$program") || { echo "There is no program $program here." >&2; exit 1; }
  case $path in
    /*) ;;
    # Built into this shell; the program of that name is meant.
    *) path=$(env which "$program") || { echo "There is no program $program here." >&2; exit 1; } ;;
  esac
  name=$(basename "$program")
  case $path in
    /bin/* | /usr/bin/* | /usr/local/bin/*) target=$(dirname "$path")/$name ;;
    *) target=/usr/local/bin/$name ;;
  esac
  add "$path" "$target"
  for library in $(libraries "$path"); do add "$library" "$library"; done
done
tar --sort=name --mtime=@0 --numeric-owner --owner=0 --group=0 -C "$root" -cf - . |
  docker import --change 'ENV PATH=/usr/local/bin:/usr/bin:/bin' - "$tag"
