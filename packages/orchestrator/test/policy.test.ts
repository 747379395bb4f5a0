import type { ItemPolicy } from '@seamark/core'
import { sha256Hex } from '@seamark/kit'
import { jcsText } from '@seamark/log'
import { expect, it } from 'vitest'
import { engineWith, fakeHands, item, LOCAL, records, submission } from './harness.ts'
import { only } from './records.ts'

function held(limits: NonNullable<ItemPolicy['policy']['limits']>): ItemPolicy {
  const policy = { limits }
  return { policy, digest: sha256Hex(jcsText(policy)) }
}
const setup = { run: 'x', key: ['k'], paths: ['p'], timeoutMs: 1e5 }
const layers = { fake: { digest: 'b'.repeat(64), ready: false } }

it('is named by its digest in the record of each launch, and given to the worker whole', async () => {
  const hands = fakeHands()
  const { engine, options } = await engineWith(hands)
  const [policy, ofSetup] = [held({ cpu: 1.5, pids: 9 }), held({ cpu: 2.25 })]
  const gates = [{ run: 'true', protect: [], timeoutMs: 1e5 }]
  const spec = {
    workspace: { type: 'empty' as const },
    setup: { ...setup, policy: ofSetup },
    policies: { deployment: ofSetup.policy },
  }
  await engine.submit(LOCAL, submission('r1', [item('a', { policy, gates }), item('b')], { spec, layers }))
  await engine.sealed('r1')
  await engine.stop()
  const log = await records(options)
  expect(only(log, 'layer.launched').map(({ data }) => data.policy)).toEqual([ofSetup.digest])
  expect(only(log, 'item.launched').map(({ item: id, data }) => [id, data.step, data.policy])).toEqual([
    ['a', 'main', policy.digest],
    ['b', 'main', undefined],
    ['a', 'gate:0', policy.digest],
  ])
  const tasks = [...hands.tasks.values()]
  expect(tasks.find(({ step }) => step === 'main')?.item?.policy).toEqual(policy)
  expect(tasks.find(({ step }) => step === 'setup')?.setup?.policy).toEqual(ofSetup)
})

it('is refused under the digest of another', async () => {
  const { engine } = await engineWith(fakeHands())
  const policy = { ...held({ cpu: 1 }), digest: held({ cpu: 2 }).digest }
  await expect(engine.submit(LOCAL, submission('r1', [item('a'), item('b', { policy })]))).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    problems: [{ place: { pointer: '/items/1/policy' } }],
  })
  const spec = { workspace: { type: 'empty' as const }, setup: { ...setup, policy } }
  await expect(engine.submit(LOCAL, submission('r2', [item('a')], { spec, layers }))).rejects.toMatchObject({
    problems: [{ place: { pointer: '/spec/setup/policy' } }],
  })
  await engine.stop()
})
