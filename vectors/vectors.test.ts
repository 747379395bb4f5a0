import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parseTrust, readTar, verify } from '../packages/evidence/src/index.ts'
import { bundleCases } from './bundles.ts'
import { generate } from './generate.ts'
import { published } from './log.ts'

const folder = fileURLToPath(new URL('.', import.meta.url))
const file = (path: string): Buffer => readFileSync(folder + path)
const vectors = await generate()

test('generating gives the committed bytes, and no file is left over', () => {
  // On a difference: node --conditions=source vectors/generate.ts
  for (const [path, bytes] of vectors) expect(Buffer.compare(file(path), bytes), path).toBe(0)
  const kept = readdirSync(folder, { recursive: true }).map(String)
  // Outcomes are written by hand.
  const data = kept.filter((path) => /\.(?:json|tar)$/.test(path) && !path.startsWith('outcomes/'))
  expect(data.toSorted()).toEqual([...vectors.keys()].toSorted())
})

test('the tree has the roots that others publish', () => {
  const tree: unknown = JSON.parse(file('tree.json').toString('utf8'))
  expect(tree).toMatchObject(published)
})

const cases = await bundleCases()

test.each(cases.map((entry) => [entry.name, entry] as const))('bundle %s', async (_, expected) => {
  const trust =
    expected.trust === undefined
      ? undefined
      : parseTrust(JSON.parse(file(`trust/${expected.trust}.json`).toString('utf8')))
  const archive = (async function* () {
    yield file(expected.path)
  })()
  const report = await verify(readTar(archive), trust, { now: Date.parse('2030-01-01T00:00:00Z') })
  expect(report.verdict).toBe(expected.verdict)
  const failed = report.checks.filter(({ status }) => status === 'fail').map(({ id }) => id)
  for (const id of expected.failed ?? []) expect(failed).toContain(id)
  if (expected.verdict !== 'tampered') expect(failed).toEqual([])
})

test('an independent program agrees with every vector', () => {
  expect(existsSync(folder + 'verify.py')).toBe(true)
  const output = execFileSync('python3', [folder + 'verify.py'], { encoding: 'utf8' })
  expect(output).toMatch(/^[1-9]\d* passed, 0 failed\n$/)
})
