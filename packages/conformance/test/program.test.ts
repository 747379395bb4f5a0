import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

const dir = mkdtempSync(join(tmpdir(), 'seamark-conformance-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
const program = join(import.meta.dirname, '../src/program/main.ts')
// Resolves what the tests resolve, from wherever the module is.
const here = (path: string) => JSON.stringify(join(import.meta.dirname, path))

const good = `import { memorySigner } from ${here('../../testing/src/index.ts')}
export const subject = async () => ({ seam: memorySigner(), dispose: async () => undefined })
export const another = 7
`
const bad = `${good}
export async function broken() {
  const right = memorySigner()
  return {
    seam: { ...right, sign: async (bytes) => {
      const signed = await right.sign(bytes)
      return { ...signed, keyId: 'an\\u001b[31mother' }
    } },
    dispose: async () => undefined,
  }
}
export async function hanging() {
  return { seam: { ...memorySigner(), publicKey: () => new Promise(() => setInterval(() => {}, 1000)) }, dispose: async () => undefined }
}
export async function unmade() { throw new Error('no service there') }
export const stateful = async () => {
  const right = memorySigner()
  class Signer { spec = right.spec; kind = 'class'; name = 'n'; role = right.role; guarantees = right.guarantees
    #right = right
    sign(bytes, options) { return this.#right.sign(bytes, options) }
    publicKey(options) { return this.#right.publicKey(options) } }
  return { seam: new Signer(), dispose: async () => undefined }
}
`
const file = (name: string, text: string) => {
  writeFileSync(join(dir, name), text)
  return join(dir, name)
}
const goodFile = file('good.mjs', good)
const badFile = file('bad.mjs', bad)

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=source', program, ...args], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  return { status, stdout, stderr }
}
const signer = (...args: string[]) => run(...args, '--seam', 'signer')

describe('seamark-conformance', () => {
  it('passes a right signer, with a row for each case and a report', () => {
    const report = join(dir, 'report.json')
    const { status, stdout, stderr } = signer(goodFile, '--report', report)
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout.match(/^ok {5}/gm)).toHaveLength(9)
    const found = JSON.parse(readFileSync(report, 'utf8'))
    expect(found).toMatchObject({ v: 1, spec: 'signer/v1', kind: 'memory', passed: 9, failed: 0, skipped: 0 })
    expect(found.cases.map(({ outcome }: { outcome: string }) => outcome)).toEqual(Array(9).fill('passed'))
  })

  it('names what fails, ends with 11, and prints nothing that a terminal obeys', () => {
    const report = join(dir, 'bad.json')
    const { status, stdout } = signer(badFile, '--export', 'broken', '--report', report)
    expect(status).toBe(11)
    expect(stdout).toMatch(/^FAILED {2}signer\/verifies /m)
    expect(stdout).not.toContain('\u001b')
    const { cases } = JSON.parse(readFileSync(report, 'utf8'))
    const verifies = cases.find(({ id }: { id: string }) => id === 'signer/verifies')
    expect(verifies).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('algorithm and key') })
  })

  it('takes a hang and a subject that can not be made for failures', () => {
    const hung = signer(badFile, '--export', 'hanging', '--timeout', '0.5', '--case', 'signer/stable-key')
    expect([hung.status, hung.stdout.includes('0 passed, 1 failed')]).toEqual([11, true])
    expect(signer(badFile, '--export', 'unmade')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('no service'),
    })
  })

  it('runs each case under each trait, and finds what depends on its object', () => {
    expect(signer(goodFile, '--traits').status).toBe(0)
    expect(signer(badFile, '--export', 'stateful').status).toBe(0)
    const { status, stdout } = signer(badFile, '--export', 'stateful', '--traits', '--case', 'signer/verifies')
    expect(status).toBe(11)
    expect(stdout).toMatch(/^FAILED {2}signer\/verifies\+detached/m)
    expect(stdout).toMatch(/^ok {6}signer\/verifies\+at-once/m)
    expect(stdout).toMatch(/^skipped signer\/verifies\+reopened/m)
  })

  it.each([
    ['nothing', [], 2],
    ['no seam', [goodFile], 2],
    ['another seam', [goodFile, '--seam', 'motor'], 2],
    ['no such option', [goodFile, '--seam', 'signer', '--fast'], 2],
    ['no such case', [goodFile, '--seam', 'signer', '--case', 'signer/none'], 2],
    ['no time', [goodFile, '--seam', 'signer', '--timeout', '-1'], 2],
    ['no such file', [join(dir, 'none.mjs'), '--seam', 'signer'], 4],
    ['a folder', [dir, '--seam', 'signer'], 4],
    ['a module that is none', [file('syntax.mjs', 'export const ='), '--seam', 'signer'], 2],
    ['a module that throws', [file('throws.mjs', 'throw new Error("no")'), '--seam', 'signer'], 2],
    ['no such export', [goodFile, '--seam', 'signer', '--export', 'none'], 2],
    ['an export that is no function', [goodFile, '--seam', 'signer', '--export', 'another'], 2],
    ['an implementation of another seam', [goodFile, '--seam', 'storage'], 2],
    ['a report in no folder', [goodFile, '--seam', 'signer', '--report', join(dir, 'none', 'report.json')], 2],
  ])('refuses %s', (_, args, exit) => {
    const { status, stdout, stderr } = run(...args)
    expect([status, stdout]).toEqual([exit, ''])
    // What is wrong, and below it what to do.
    expect(stderr).toMatch(/^[A-Z_]+: .+\n {2}\S/)
  })

  it('tells all that is wrong at once', () => {
    const { stderr } = run('--seam', 'motor', '--timeout', 'soon')
    expect(stderr.match(/^INVALID_INPUT/gm)).toHaveLength(3)
  })

  it('explains itself', () => {
    expect(run('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('--seam SEAM') })
  })
})
