import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AnyRecord, RecordData } from '@seamark/core'
import { sqliteJournal } from '@seamark/journal-sqlite'
import { ROUTES } from '@seamark/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { serviceHost } from '../src/index.ts'

// Loaded into this process, so that the test knows how many requests have come to be decided.
const ASKED = 'asked of the authorizer that denies all'
const CONFIG = `export default {
  authorizer: {
    spec: 'authorizer/v1', kind: 'nobody', name: 'nobody', guarantees: {},
    authorize: async () => {
      globalThis[${JSON.stringify(ASKED)}] = (globalThis[${JSON.stringify(ASKED)}] ?? 0) + 1
      return { allowed: false, policy: 'nobody', reasons: ['Nobody may do anything.'] }
    },
  },
}
`
const GUARDED = Object.values(ROUTES).filter(({ action }) => action !== undefined)

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'seamark-denied-'))
  writeFileSync(join(dir, 'seamark.config.ts'), CONFIG)
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const host = () => serviceHost({ path: process.env['PATH'], git: {} })
const place = () => ({
  dataDir: join(dir, 'data'),
  cwd: dir,
  configFile: join(dir, 'seamark.config.ts'),
  onNotice: () => undefined,
})

function codeOf(socketPath: string, { method, path }: (typeof GUARDED)[number]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const url = path.replaceAll('{run}', 'r1').replaceAll('{item}', 'a').replaceAll('{agent}', 'a@1')
    const sent = request({ socketPath, method, path: url, headers: { 'content-type': 'text/plain' } }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      answer.on('end', () => {
        const { code }: { code?: unknown } = JSON.parse(text)
        resolve(code)
      })
    })
    sent.on('error', reject)
    sent.end(method === 'POST' ? 'what is no body of any route' : undefined)
  })
}

async function denied(): Promise<RecordData['command.denied'][]> {
  const { journal } = sqliteJournal({ dir: join(dir, 'data/journal'), readOnly: true })
  const found: RecordData['command.denied'][] = []
  for await (const { header } of journal.read('default', 0)) {
    const record: AnyRecord = JSON.parse(Buffer.from(header).toString('utf8'))
    if (record.kind === 'command.denied') found.push(record.data)
  }
  await journal.close()
  return found
}

it('every route with an action is FORBIDDEN before its body is looked at, and each denial is in the log', async () => {
  const service = await host().serve(place())
  const answers: unknown[] = []
  const asked = GUARDED.map((route) => codeOf(service.socketPath, route).then((code) => answers.push(code)))
  await expect
    .poll(() => [Reflect.get(globalThis, ASKED), answers.length], { timeout: 10_000 })
    .toEqual([GUARDED.length, 10])
  await service.stop()
  await Promise.all(asked)
  expect(answers).toEqual(GUARDED.map(() => 'FORBIDDEN'))
  const log = await denied()
  expect(log.reduce((sum, { count = 1 }) => sum + count, 0)).toBe(GUARDED.length)
  expect(new Set(log.map(({ action }) => action))).toEqual(new Set(GUARDED.map(({ action }) => action)))
  expect(new Set(log.map(({ policy }) => policy))).toEqual(new Set(['nobody']))
}, 30_000)

it('where nothing can be recorded, a question that is denied is UNAVAILABLE', async () => {
  await (await host().serve(place())).stop()
  const service = await host().startInProcess({ ...place(), engine: false })
  expect(await codeOf(service.socketPath, ROUTES.runs)).toBe('UNAVAILABLE')
  await service.stop()
  expect(await denied()).toEqual([])
}, 30_000)

it('what its policy denies a plan at submit is in the log, with its first place and nothing of the plan', async () => {
  writeFileSync(join(dir, 'seamark.config.ts'), "export default { policy: { tools: { deny: ['git push*'] } } }")
  const service = await host().serve(place())
  const submit = (plan: string, path = '/v1/runs') =>
    new Promise<unknown>((resolve, reject) => {
      const headers = { 'content-type': 'application/yaml' }
      const sent = request({ socketPath: service.socketPath, method: 'POST', path, headers }, (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        answer.on('end', () => resolve(JSON.parse(text)))
      })
      sent.on('error', reject)
      sent.end(plan)
    })
  const plan = (...lines: readonly string[]) =>
    `version: 1\ndefaults: { executor: process }\nitems:\n${lines.map((run, at) => `  - { id: i${at}, run: '${run}' }\n`).join('')}`
  const pushes = plan('echo canary', 'git push origin', 'git push --force')
  expect(await submit(pushes)).toMatchObject({ code: 'FORBIDDEN' })
  expect(await submit(plan('git push'))).toMatchObject({ code: 'FORBIDDEN' })
  // What is only looked at asks for nothing, and what is no plan is none.
  expect(await submit(pushes, ROUTES.checkPlan.path)).toMatchObject({ code: 'FORBIDDEN' })
  expect(await submit('version: 9')).toMatchObject({ code: expect.not.stringMatching('FORBIDDEN') })
  await service.stop()
  expect(await denied()).toEqual([
    { action: 'run.submit', policy: 'plan', target: '/items/1/run', count: 2 },
    { action: 'run.submit', policy: 'plan', target: '/items/0/run' },
  ])
}, 60_000)
