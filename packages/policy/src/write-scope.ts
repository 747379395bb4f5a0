import type { Policy } from '@seamark/core'
import { wrong } from './checked.ts'
import type { Checked } from './checked.ts'
import type { Stem } from './stem.ts'

const remedy = 'Write workspace, a path relative to its top, or such a path and /**.'

/** An entry of `filesystem.write`: `workspace`, a literal path below it, or such a path and `/**`. */
export function writeScope(text: string): Checked<Stem> {
  if (text === 'workspace' || text === '**') return { ok: true, value: { text: '', open: true } }
  const open = text.endsWith('/**')
  const path = (open ? text.slice(0, -3) : text).replace(/^(?:\.\/)+/, '')
  if (/[\p{C}\p{Zl}\p{Zp}]/u.test(path)) return wrong('The path holds a hidden character.', remedy)
  if (/[*?[\]{}\\]/.test(path)) return wrong('The path is a pattern.', remedy)
  const segments = path.split('/')
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..'))
    return wrong('The path is absolute, goes up, or has an empty segment.', remedy)
  if (segments[0]?.toLowerCase() === '.git')
    return wrong("The path is in the repository's own folder.", 'Name files of the tree.')
  return { ok: true, value: { text: open ? `${path}/` : path, open } }
}

/** A file of the workspace, or with `tree` a folder and all below it. */
export interface WritePath {
  readonly path: string
  readonly tree: boolean
}

/** Where an effective policy lets an attempt write in its workspace; `undefined` for all of it. */
export function writePaths({ filesystem }: Policy): readonly WritePath[] | undefined {
  const paths = (filesystem?.write ?? ['workspace']).flatMap((text): readonly WritePath[] => {
    const scope = writeScope(text)
    if (!scope.ok) return []
    const { text: path, open } = scope.value
    return [{ path: open ? path.slice(0, -1) : path, tree: open }]
  })
  return paths.some(({ path, tree }) => tree && path === '') ? undefined : paths
}

export function writeScopeText({ text, open }: Stem): string {
  if (text === '') return 'workspace'
  return open ? `${text}**` : text
}
