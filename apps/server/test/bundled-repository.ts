import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PORTS } from './tide.ts'
import type { Place } from './seamark.ts'

const bundle = join(import.meta.dirname, '../../../examples/demo/repository.bundle')

/** File, text before and after. */
export type Change = readonly [path: string, before: string, after: string]

/** What makes its tests pass: entry points say their licence, and a file that is hard to keep as it is has the right latitude. */
export const BUNDLED_CHANGES: readonly [Change, Change, Change] = [
  ['docs/ports.csv', 'Ålesund;62°N', 'Ålesund;62°28′N'],
  licensed('packages/core/src/index.ts', "export type * from './anchor.ts'"),
  licensed('packages/kit/src/index.ts', '/**\n * The little runtime that an implementor of a seam may import.'),
]

function licensed(path: string, first: string): Change {
  return [path, first, `// SPDX-License-Identifier: Apache-2.0\n${first}`]
}

/** Those that fail before and pass after, and one of a module that is left as it is. */
export const BUNDLED_TESTS: string =
  'node --test examples/demo/checks/sources.test.mjs examples/demo/checks/kit.test.mjs test/ports.test.mjs'

const ports = `import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import assert from 'node:assert'
test('Ålesund', () => assert.match(readFileSync('docs/ports.csv', 'utf8'), /^Port;Breite\\r\\nÅlesund;62°28′N\\r\\n那覇;26°N$/))
`

/** A repository `repo` with the files and the history that the demo ships, and a commit with these besides. */
export function bundledRepository({ dir }: Place, more: Readonly<Record<string, string>>): void {
  const path = join(dir, 'repo')
  const git = (...args: readonly string[]): unknown =>
    execFileSync('git', ['-c', 'core.autocrlf=false', ...args], { stdio: 'pipe' })
  git('clone', '-q', bundle, path)
  const files = { 'docs/ports.csv': PORTS, 'test/ports.test.mjs': ports, ...more }
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), text)
  }
  git('-C', path, 'add', '.')
  git('-C', path, '-c', 'user.name=t', '-c', 'user.email=t@t', 'commit', '-q', '-m', 'Add ports')
}

/** The files that are meant, each whole: what was there with the one text in the place of the other. */
export function bundledWanted({ dir }: Place): Readonly<Record<string, string>> {
  const wanted = BUNDLED_CHANGES.map(([path, before, after]) => {
    const text = readFileSync(join(dir, 'repo', path), 'utf8')
    if (text.split(before).length !== 2) throw new Error(`${path} does not have once: ${before}`)
    return [path, text.replace(before, after)] as const
  })
  return Object.fromEntries(wanted)
}
