import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Place } from './seamark.ts'

/** Characters of more bytes than one. */
const tide = `// Wasserstände, in Zentimetern über Kartennull.
export const height = (metres) => \`\${metres * 10} cm — für Ålesund\`
`
/** Lines that end as on another system, and no end of the last. */
export const PORTS = 'Port;Breite\r\nÅlesund;62°N\r\n那覇;26°N'

/** What makes the tests pass. */
export const WANTED = {
  'ports.csv': PORTS.replace('62°N', '62°28′N'),
  'tide.mjs': tide.replace('metres * 10', 'metres * 100'),
}

const secondLine = (text: string): string => text.split('\n')[1] ?? ''
/** File, text before and after: a whole line of the one file, a part of a line of the other. */
export const CHANGES = {
  tide: ['tide.mjs', secondLine(tide), secondLine(WANTED['tide.mjs'])],
  ports: ['ports.csv', 'Ålesund;62°N', 'Ålesund;62°28′N'],
} as const

const tests = `import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import assert from 'node:assert'
import { height } from '../tide.mjs'
test('a metre', () => assert.equal(height(1), '100 cm — für Ålesund'))
test('Ålesund', () => assert.match(readFileSync('ports.csv', 'utf8'), /^Port;Breite\\r\\nÅlesund;62°28′N\\r\\n那覇;26°N$/))
`

const gitIn = (cwd: string, ...args: readonly string[]): string =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', '-c', 'core.autocrlf=false', ...args], {
    cwd,
    encoding: 'utf8',
  })

/** A repository `repo` with a history and tests that fail. */
export function tideRepository(here: Place, more: Readonly<Record<string, string>> = {}): void {
  const path = here.repository('repo', { 'tide.mjs': tide })
  writeFileSync(join(path, 'ports.csv'), PORTS)
  gitIn(path, 'add', '.')
  gitIn(path, 'commit', '-q', '-m', 'Add ports')
  mkdirSync(join(path, 'test'))
  writeFileSync(join(path, 'test/tide.test.mjs'), tests)
  for (const [name, text] of Object.entries(more)) writeFileSync(join(path, name), text)
  gitIn(path, 'add', '.')
  gitIn(path, 'commit', '-q', '-m', 'Add tests')
}

function cloneIn({ dir }: Place): string {
  const clone = join(dir, `clone-${randomBytes(4).toString('hex')}`)
  execFileSync('git', ['clone', '-q', join(dir, 'repo'), clone])
  return clone
}

/** The patch from the head to these files, as git writes it. */
export function patchTo(here: Place, files: Readonly<Record<string, string>>): string {
  const clone = cloneIn(here)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(clone, name), text)
  gitIn(clone, 'add', '.')
  return gitIn(clone, 'diff', '--cached', '--binary', '--full-index', '--no-renames', '--no-color')
}

/** Files of the head to which a patch was applied. */
export function applied(here: Place, patch: string, names: readonly string[]): Readonly<Record<string, string>> {
  const clone = cloneIn(here)
  execFileSync('git', ['apply', '--binary', '-'], { cwd: clone, input: patch, stdio: 'pipe' })
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(clone, name), 'utf8')]))
}
