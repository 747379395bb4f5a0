import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Place } from './seamark.ts'
import { begin, NODE, place } from './seamark.ts'

let here: Place
beforeEach(() => {
  here = place()
})
afterEach(() => here.remove())

/** Runs a command on a pseudo-terminal. What is typed is in no argument of it. */
async function typed(pairs: readonly (readonly [string, string])[], ...argv: string[]): Promise<string> {
  const line = ['python3', '-B', join(import.meta.dirname, 'type.py'), JSON.stringify(pairs), ...NODE, ...argv]
  return (await begin(here.dir, line).ended).out
}

const stored = () => {
  const [, body = ''] = readFileSync(join(here.data, 'secrets/a.secret'), 'latin1').split('\n')
  return Buffer.from(body, 'base64').toString()
}

describe('at a terminal', { timeout: 120_000 }, () => {
  it('a value is asked for and not shown, and may be corrected while it is typed', async () => {
    const out = await typed([['Value of a: ', 'wrong\u0015canary-01ä\u007F2345x\u007F\r']], 'secrets', 'set', 'a')
    expect(out).toContain('exit 0')
    expect(out).not.toMatch(/canary|wrong|2345/)
    expect(stored()).toBe('canary-012345')
  })

  it.each([
    ['Ctrl-C', 'canary-012345\u0003', 8],
    ['several lines', 'canary-012345\rcanary-second-line\r', 2],
    ['an arrow', 'canary-012345\u001B[D\r', 2],
    ['a short value', 'canary\r', 2],
  ])('%s changes nothing and shows nothing', async (_, keys, code) => {
    const out = await typed([['Value of a: ', keys]], 'secrets', 'set', 'a')
    expect(out).toContain(`exit ${code}`)
    expect(out).not.toContain('canary')
    expect((await here.seamark('secrets', 'list', '--json')).out).toBe('{"secrets":[]}\n')
  })

  it('a passphrase is asked for twice to set and once to test, and another one opens nothing', async () => {
    const set = (again: string) =>
      typed(
        [
          ['Value of a: ', 'canary-012345\r'],
          ['Passphrase: ', 'four-random-words\r'],
          ['again: ', `${again}\r`],
        ],
        'secrets',
        'set',
        'a',
        '--passphrase',
      )
    expect(await set('four-random-birds')).toContain('exit 2')
    expect(await set('four-random-words')).toContain('exit 0')
    expect(stored()).toContain('age-encryption.org/v1')
    const test = (passphrase: string) =>
      typed([['Passphrase: ', `${passphrase}\r`]], 'secrets', 'test', 'a', '--passphrase')
    const [good, bad] = [await test('four-random-words'), await test('four-random-birds')]
    expect(good).toContain('exit 0')
    expect(bad).toContain('exit 3')
    expect(good + bad).not.toMatch(/canary|random/)
  })
})
