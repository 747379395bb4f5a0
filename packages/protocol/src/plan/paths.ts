import type { LockSpec } from '@seamark/core'
import { NAME } from '@seamark/kit'
import { PLAN_LIMITS } from './limits.ts'
import { quoted } from './quoted.ts'

/** A value, or what is wrong with what was written and what to write. */
export type Checked<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string; readonly remedy: string }

function wrong(message: string, remedy: string): Checked<never> {
  return { ok: false, message, remedy }
}

const relative = 'Write a path relative to the top of the workspace, such as src/main.ts.'

/**
 * One literal path in the workspace: no pattern, not absolute, without `..`, not in `.git`. `./` and
 * `//` are taken out. Paths are bytes and are compared exactly.
 */
export function literalPath(text: string): Checked<string> {
  if (text === '') return wrong('The path is empty.', relative)
  if (Buffer.byteLength(text) > PLAN_LIMITS.pathBytes)
    return wrong(`The path is longer than ${PLAN_LIMITS.pathBytes} bytes.`, 'Lock or name a folder above it.')
  if (/\p{Cc}/u.test(text)) return wrong(`The path ${quoted(text)} holds a control character.`, relative)
  if (/[*?[\]{}\\]/.test(text))
    return wrong(
      `The path ${quoted(text)} is a pattern.`,
      'Write a literal path, or where a whole folder is meant its path and /** at the end.',
    )
  if (text.startsWith('/')) return wrong(`The path ${quoted(text)} is absolute.`, relative)
  if (text.endsWith('/'))
    return wrong(`The path ${quoted(text)} ends with a slash.`, 'Write the folder and /** for everything in it.')
  const segments = text.split('/').filter((segment) => segment !== '' && segment !== '.')
  if (segments.length === 0) return wrong(`The path ${quoted(text)} names the workspace itself.`, relative)
  if (segments.includes('..')) return wrong(`The path ${quoted(text)} goes up with "..".`, relative)
  if (segments[0]?.toLowerCase() === '.git')
    return wrong(`The path ${quoted(text)} is in the repository's own folder.`, relative)
  return { ok: true, value: segments.join('/') }
}

/** A literal path, or a prefix and `/**`; `**` alone is the whole workspace. */
export function pathLock(text: string): Checked<LockSpec> {
  if (text === '**' || text === './**') return { ok: true, value: { type: 'tree', path: '' } }
  const tree = text.endsWith('/**')
  const path = literalPath(tree ? text.slice(0, -3).replace(/\/+$/, '') : text)
  return path.ok ? { ok: true, value: { type: tree ? 'tree' : 'path', path: path.value } } : path
}

/** A path lock, or `name:` and a name. */
export function lock(text: string): Checked<LockSpec> {
  if (!text.startsWith('name:')) return pathLock(text)
  const name = text.slice(5)
  if (NAME.test(name)) return { ok: true, value: { type: 'name', name } }
  return wrong(
    `${quoted(name)} is no name of a lock.`,
    'Use 1 to 63 of a-z, 0-9, ".", "_" and "-", beginning with a letter or digit.',
  )
}
