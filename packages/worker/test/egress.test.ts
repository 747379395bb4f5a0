import { mkdir, readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { expect, it } from 'vitest'
import type { EgressSpec, StepTask } from '@seamark/core'
import { egressWays } from '../src/egress.ts'
import type { AttemptLayout } from '../src/layout.ts'
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
    (...told) => added.push(told),
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
