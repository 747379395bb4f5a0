import { mkdir, readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { expect, it } from 'vitest'
import type { AttemptFact, EgressSpec, StepTask, UsageRequest } from '@seamark/core'
import { redactionTable } from '@seamark/kit'
import { egressWays } from '../src/egress.ts'
import type { AttemptLayout } from '../src/layout.ts'
import { redactedPort } from '../src/redacted-port.ts'
import { temporary } from './repository.ts'

it('places certificates each time that the way out has new ones, and is told what is added', async () => {
  const folder = join(temporary(), 'egress')
  await mkdir(folder)
  const specs: EgressSpec[] = []
  const added: unknown[] = []
  const ways = egressWays(
    {
      async open(spec) {
        specs.push(spec)
        await spec.renewed?.(['first'])
        return { cas: ['first'], endpoints: [], close: () => Promise.resolve() }
      },
    },
    { add: (...told) => void added.push(told), of: () => undefined, learn: () => Promise.resolve(redactionTable([])) },
  )
  const task = {
    launchId: 'sm1',
    step: 'run',
    item: { policy: { policy: { network: { allow: [{ host: 'a.example', mode: 'intercept' }] } } } },
  } as unknown as StepTask
  const layout = { egress: folder } as AttemptLayout
  await ways.reopen(task, layout, { port: { note: () => Promise.resolve() } })
  const placed = () => readFile(join(folder, 'authority.pem'), 'utf8')
  expect(await placed()).toBe('first\n')
  await specs[0]?.renewed?.(['second'])
  expect(await placed()).toBe('second\n')
  const all = await readFile(join(folder, 'certificates.pem'), 'utf8')
  expect(all).toContain(rootCertificates[0])
  expect(all.endsWith('\nsecond\n') && !all.includes('first')).toBe(true)
  expect(await readdir(folder)).toEqual(['authority.pem', 'certificates.p12', 'certificates.pem'])
  specs[0]?.used?.('key', Buffer.from('value'))
  expect(added).toEqual([['sm1', 'key', Buffer.from('value')]])
  await ways.close('sm1')
})

const value = 'Sk-Canary-0123456789Zq8'
const forms = {
  plain: value,
  base64url: Buffer.from(value).toString('base64url'),
  hex: Buffer.from(value).toString('hex'),
  percent: Array.from(Buffer.from(value), (byte) => `%${byte.toString(16).toUpperCase()}`).join(''),
}

/** A decision as its record is told. */
async function told(asked: { readonly host?: string; readonly path?: string }) {
  const noted: AttemptFact[] = []
  const table = redactionTable([{ name: 'canary', value: Buffer.from(value) }])
  const port = redactedPort({ note: async (facts) => void noted.push(...facts) }, async () => table)
  await port.note([
    { kind: 'egress.decided', data: { outcome: 'refused', reason: 'not-listed', count: 1, first: 0, ...asked } },
  ])
  const [fact] = noted
  return fact?.kind === 'egress.decided' ? fact.data : undefined
}

it.each(Object.entries(forms))('tells no secret of a path and a host in %s', async (_form, form) => {
  expect(await told({ path: `/v1/${form}/end` })).toMatchObject({ path: '/v1/[redacted:canary]/end' })
  // As the gateway tells it: a name has no case.
  const host = `a.${form.toLowerCase()}.b.example`
  expect(await told({ host })).toMatchObject({ host: 'a.[redacted:canary].b.example' })
})

it('tells nothing of a secret that the end of a long path cut, and other paths as they are', async () => {
  for (let shown = 1; shown < value.length; shown++) {
    const path = `/${'a'.repeat(1_023 - shown)}${value.slice(0, shown)}`
    expect(await told({ path })).toMatchObject({ path: path.slice(0, 1_024 - shown) })
  }
  const path = `/${'b'.repeat(1_023)}`
  expect(await told({ path, host: 'c.example' })).toMatchObject({ path, host: 'c.example' })
  expect(await told({ path: '/Sk-Canary-01', host: 'sk-canary-01.example' })).toMatchObject({
    path: '/Sk-Canary-01',
    host: 'sk-canary-01.example',
  })
})

it('tells no secret as the model of a call, and nothing at all where what is known can not be had', async () => {
  const asked: UsageRequest[] = []
  const table = redactionTable([{ name: 'canary', value: Buffer.from(value) }])
  const usage = {
    reserve: async (request: UsageRequest) => {
      asked.push(request)
      return { ok: true } as const
    },
    settle: () => Promise.resolve(),
  }
  const noted: unknown[] = []
  const note = async (facts: readonly unknown[]) => void noted.push(...facts)
  const request = { id: '1', provider: 'openai', model: `m-${value}`, worst: {} }
  await redactedPort({ note, usage }, async () => table).usage?.reserve(request)
  expect(asked).toEqual([{ ...request, model: 'm-[redacted:canary]' }])
  const away = redactedPort({ note, usage }, () => Promise.reject(new Error('away')))
  await expect(away.note([])).rejects.toThrow('away')
  await expect(away.usage?.reserve(request)).rejects.toThrow('away')
  expect([asked.length, noted]).toEqual([1, []])
})
