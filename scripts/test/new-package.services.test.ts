import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KINDS, newPackage } from '../new-package.ts'
import { runProgram } from '../run-step.ts'
import { checkoutIn } from './checkout.ts'

// A copy of the checkout, where `npm run new` makes one package, and the packages of the other kinds are beside it.
const root = mkdtempSync(join(tmpdir(), 'seamark-new-'))
const made = newPackage('executor', 'nomad')
const others = KINDS.filter((kind) => kind !== 'executor').map((kind) => newPackage(kind, 'green-field'))
const folders = [made, ...others].map(({ folder }) => folder)

async function must(...argv: readonly string[]): Promise<string> {
  const { ok, output } = await runProgram(argv, root)
  if (!ok) throw new Error(`${argv.join(' ')}\n${output}`)
  return output
}

beforeAll(async () => {
  // Vitest's own settings are not those of a checkout.
  delete process.env['NODE_OPTIONS']
  checkoutIn(root)
  expect(await must('node', 'scripts/run.mjs', 'new', 'executor', 'nomad')).toContain(made.adapter)
  for (const [path, text] of others.flatMap(({ files }) => Object.entries(files))) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  await must('prettier', '--write', '--log-level', 'warn', ...folders)
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  await must('npx', '-y', packageManager, 'install', '--no-frozen-lockfile', '--prefer-offline')
}, 600_000)

afterAll(() => rmSync(root, { recursive: true, force: true }), 60_000)

describe('a new package', () => {
  it('is as the repository formats and lints, and its types hold', async () => {
    await must('prettier', '--check', ...folders)
    await must('oxlint', '--type-aware', '--deny-warnings', ...folders)
    const include = folders.flatMap((folder) => [`${folder}/src`, `${folder}/test`])
    writeFileSync(join(root, 'tsconfig.new.json'), JSON.stringify({ extends: './tsconfig.json', include }))
    const published = { extends: './tsconfig.published.json', include: folders.map((folder) => `${folder}/src`) }
    writeFileSync(join(root, 'tsconfig.new-published.json'), JSON.stringify(published))
    await must('tsc', '--noEmit', '-p', 'tsconfig.new.json')
    await must('tsc', '--noEmit', '-p', 'tsconfig.new-published.json')
  })

  it('passes every other check', async () => {
    const steps = ['directions', 'unused', 'file length', 'nothing unfinished', 'links', 'lockfile', 'reference', 'changesets'] // prettier-ignore
    await must('node', '--conditions=source', 'scripts/check.ts', ...steps)
    const program = `
      import { apiReport } from './scripts/api-report.ts'
      import { packed } from './scripts/packed.ts'
      const folders = ['${made.folder}']
      console.log(JSON.stringify([apiReport(folders), await packed(folders)]))`
    const output = await must('node', '--conditions=source', '--input-type=module-typescript', '-e', program)
    expect(JSON.parse(output)).toEqual([expect.objectContaining({ ok: true }), { ok: true, output: '' }])
  })

  it('fails only in cases of its suite that call what is not written', () => {
    const argv = ['run', '--project', 'plain', '--reporter', 'json', ...folders]
    const { stdout } = spawnSync('vitest', argv, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 })
    const { testResults } = JSON.parse(stdout.slice(stdout.indexOf('{"')))
    expect(testResults).toHaveLength(folders.length)
    for (const { assertionResults } of testResults) {
      const failed = assertionResults.filter(({ status }: { readonly status: string }) => status === 'failed')
      expect(failed.length).toBeGreaterThan(0)
      expect(assertionResults.some(({ status }: { readonly status: string }) => status === 'passed')).toBe(true)
      for (const { fullName } of failed) expect(fullName).toMatch(/^(?:conformance|saboteurs) /)
    }
    const names: string = JSON.stringify(testResults)
    // A journal is nothing without what its transactions write.
    for (const spec of ['journal/v1', 'projections/v1']) expect(names).toContain(`conformance ${spec} `)
  })

  it.each([
    { argv: ['executor', 'nomad'], status: 5 },
    { argv: ['database', '../nomad'], status: 2 },
    { argv: ['executor'], status: 2 },
  ])('is refused, and nothing is changed: $argv', ({ argv, status }) => {
    const before = spawnSync('git', ['status', '--porcelain'], { cwd: root }).stdout.toString()
    const result = spawnSync('node', ['--conditions=source', 'scripts/new.ts', ...argv], { cwd: root })
    expect(result.status).toBe(status)
    expect(spawnSync('git', ['status', '--porcelain'], { cwd: root }).stdout.toString()).toBe(before)
  })
})
