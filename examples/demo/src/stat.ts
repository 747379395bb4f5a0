/** How much a patch changes. */
export interface PatchStat {
  readonly files: readonly string[]
  readonly added: number
  readonly removed: number
}

/** Counts a patch in git's format. */
export function statOf(patch: string): PatchStat {
  const files: string[] = []
  let added = 0
  let removed = 0
  for (const line of patch.split('\n')) {
    const file = /^diff --git a\/.+ b\/(.+)$/.exec(line)?.[1]
    if (file !== undefined) files.push(file)
    else if (/^\+(?!\+\+ )/.test(line)) added++
    else if (/^-(?!-- )/.test(line)) removed++
  }
  return { files, added, removed }
}

/** The first few lines of the first hunk whose file a pattern matches. */
export function excerpt(patch: string, file: RegExp, lines: number): string[] {
  const part = patch.split(/^(?=diff --git )/m).find((text) => file.test(text.split('\n')[0] ?? ''))
  const body = part?.split('\n') ?? []
  const start = body.findIndex((line) => line.startsWith('@@'))
  return start === -1 ? [] : body.slice(start, start + lines)
}
