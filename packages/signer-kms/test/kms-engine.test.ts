import type { AnyRecord } from '@seamark/core'
import { allowLocal, hasCode, SeamError } from '@seamark/kit'
import { createEngine } from '@seamark/orchestrator'
import type { EngineOptions } from '@seamark/orchestrator'
import { instantHands, instantItem, memoryJournal } from '@seamark/testing'
import { startKms } from '@seamark/testing-aws'
import { expect, it, onTestFinished } from 'vitest'
import { kmsSigner } from '../src/index.ts'
import { accessTo, freshKms } from './support.ts'

function engineOn(signer: EngineOptions['signer']) {
  const notices: Error[] = []
  const options: EngineOptions = {
    ns: 'default',
    ...memoryJournal(),
    ...instantHands(),
    runtimes: ['command'],
    authorizer: allowLocal(),
    signer,
    queues: { default: { concurrency: 4 } },
    newOrigin: () => `seamark.invalid/${'0'.repeat(32)}`,
    version: '0.0.0',
    holder: 'test',
    onNotice: (error) => notices.push(error),
  }
  const engine = createEngine(options)
  const principal = { id: 'local:1000' }
  return {
    engine,
    notices,
    submit: (run: string) =>
      engine.submit(principal, {
        run,
        plan: 'a'.repeat(64),
        spec: { workspace: { type: 'empty' } },
        items: [instantItem('one')],
      }),
    async records(): Promise<readonly AnyRecord[]> {
      const found: AnyRecord[] = []
      for await (const { header } of options.journal.read('default', 0))
        found.push(JSON.parse(Buffer.from(header).toString('utf8')))
      return found
    },
    signedSize: async () => (await options.journal.head('default')).checkpoint?.size ?? 0,
  }
}

const until = (happened: () => Promise<boolean>) => expect.poll(happened, { timeout: 20_000, interval: 20 }).toBe(true)

it('goes on while KMS is away: the checkpoint waits and says so, and is signed when it is back', async () => {
  const kms = await freshKms()
  const arn = kms.createKey('ECC_NIST_EDWARDS25519')
  const { engine, notices, submit, records, signedSize } = engineOn(
    kmsSigner({ ...accessTo(kms, arn, { attempts: 2 }), role: 'log' }),
  )
  await engine.start()
  onTestFinished(() => engine.stop())
  await submit('before')
  const sealedAt = async (run: string) =>
    (await records()).find(({ kind, run: of }) => kind === 'run.sealed' && of === run)?.seq
  await until(async () => (await signedSize()) > ((await sealedAt('before')) ?? Infinity))

  const back = kms.fail({ kind: 'reset', times: Infinity })
  const signed = await signedSize()
  for (const run of ['during-1', 'during-2', 'during-3']) await submit(run)
  await until(async () => (await sealedAt('during-3')) !== undefined)
  await until(async () => notices.some((error) => hasCode(error, 'UNAVAILABLE')))
  expect(await signedSize()).toBe(signed)
  back()
  kms.run('DisableKey', { KeyId: arn })
  await until(async () =>
    notices.some(({ cause }) => cause instanceof Error && 'name' in cause && cause.name === 'DisabledException'),
  )
  await submit('while-disabled')
  await until(async () => (await sealedAt('while-disabled')) !== undefined)
  expect(await signedSize()).toBe(signed)

  kms.run('EnableKey', { KeyId: arn })
  await until(async () => (await signedSize()) > ((await sealedAt('while-disabled')) ?? Infinity))
  const all = await records()
  const settled = all.filter(({ kind }) => kind === 'item.settled').map(({ run }) => run)
  expect(settled).toEqual(['before', 'during-1', 'during-2', 'during-3', 'while-disabled'])
  expect(all.map(({ seq }) => seq)).toEqual(all.map((_, index) => index))
})

it('starts while KMS is away, and not with a key that it may not use or that is of another kind', async () => {
  const kms = await freshKms()
  const arn = kms.createKey('ECC_NIST_EDWARDS25519')
  const away = await startKms()
  const { endpoint } = away
  await away.close()
  const waiting = engineOn(kmsSigner({ ...accessTo(kms, arn, { endpoint, attempts: 1 }), role: 'log' }))
  await waiting.engine.start()
  expect(waiting.notices.some((error) => hasCode(error, 'UNAVAILABLE'))).toBe(true)
  await waiting.engine.stop()

  kms.deny({ key: arn })
  for (const [key, code] of [
    [arn, 'FORBIDDEN'],
    [kms.createKey('ECC_NIST_P256'), 'INVALID_INPUT'],
    [arn.replace(/.{12}$/, '0'.repeat(12)), 'NOT_FOUND'],
  ] as const) {
    const refused = engineOn(kmsSigner({ ...accessTo(kms, key), role: 'log' }))
    const error: unknown = await refused.engine.start().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(SeamError)
    expect(hasCode(error, code)).toBe(true)
  }
})
