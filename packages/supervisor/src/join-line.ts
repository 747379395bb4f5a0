/**
 * A shell's program that joins control groups and then becomes the command in its arguments: the groups' files are the
 * descriptors from `first` on, at most up to number 9, and are closed by then. It ends with a failure where it may not join.
 */
export function joinLine(first: number, count: number): string {
  const descriptors = Array.from({ length: count }, (_, n) => first + n)
  return [...descriptors.map((fd) => `echo 0 >&${fd}`), ...descriptors.map((fd) => `exec ${fd}>&-`), 'exec "$@"'].join(
    ' && ',
  )
}
