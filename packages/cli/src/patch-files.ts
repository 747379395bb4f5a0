/** What a patch does to one file. */
export interface PatchedFile {
  /** As the patch writes it: git quotes names with other characters than ASCII. */
  readonly path: string
  readonly change: 'added' | 'changed' | 'deleted' | 'renamed'
  /** Lines; 0 of a binary file. */
  readonly added: number
  readonly removed: number
  readonly binary: boolean
}

/** The files of a patch in git's format. What is in a hunk is counted by what its head says, so no line of a file is taken for one of the patch. */
export function patchFiles(patch: string): PatchedFile[] {
  const files: { -readonly [K in keyof PatchedFile]: PatchedFile[K] }[] = []
  let [before, after] = [0, 0]
  for (const line of patch.split('\n')) {
    const file = files.at(-1)
    if (before > 0 || after > 0) {
      if (file === undefined || line.startsWith('\\')) continue
      if (line.startsWith('+')) file.added++
      if (line.startsWith('-')) file.removed++
      if (!line.startsWith('+')) before--
      if (!line.startsWith('-')) after--
      continue
    }
    if (line.startsWith('diff --git ')) {
      files.push({ path: pathOf(line.slice(11)), change: 'changed', added: 0, removed: 0, binary: false })
      continue
    }
    if (file === undefined) continue
    const [, removed, from = '1', to = '1'] = /^@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(line) ?? []
    if (removed !== undefined) [before, after] = [Number(from), Number(to)]
    else if (line.startsWith('new file')) file.change = 'added'
    else if (line.startsWith('deleted file')) file.change = 'deleted'
    else if (line.startsWith('rename to ')) {
      file.change = 'renamed'
      file.path = line.slice(10)
    } else if (line.startsWith('GIT binary patch') || line.startsWith('Binary files ')) file.binary = true
  }
  return files
}

/** The second name of `a/NAME b/NAME`: of one that has ` b/` in it, the half. */
function pathOf(names: string): string {
  if (names.startsWith('"')) return /"b\/((?:[^"\\]|\\.)*)"$/.exec(names)?.[1] ?? names
  const half = (names.length - 1) / 2
  const same = names.slice(2, half) === names.slice(half + 3)
  return same ? names.slice(2, half) : (/ b\/(.*)$/.exec(names)?.[1] ?? names)
}
