import type { AnyRecord, Journal } from '@seamark/core'
import { allowLocal, hasCode } from '@seamark/kit'
import { commitPayload } from '@seamark/log'
import { createEngine } from '@seamark/orchestrator'
import type { EngineOptions } from '@seamark/orchestrator'
import { instantHands, instantItem, memoryJournal, memorySigner } from '@seamark/testing'
import type { MemoryJournal } from '@seamark/testing'
import { expect, it } from 'vitest'
import { encryptedJournal } from '../src/index.ts'
import type { EncryptionOptions } from '../src/index.ts'
import { freshKeys } from './support.ts'

function engineOn(memory: MemoryJournal, encryption: EncryptionOptions, hands: ReturnType<typeof instantHands>) {
  const notices: Error[] = []
  const journal = encryptedJournal(memory.journal, encryption)
  const options: EngineOptions = {
    ns: 'default',
    journal,
    projections: memory.projections,
    ...hands,
    runtimes: ['command'],
    authorizer: allowLocal(),
    signer: memorySigner(),
    queues: { default: { concurrency: 4 } },
    newOrigin: () => `seamark.invalid/${'0'.repeat(32)}`,
    version: '0.0.0',
    holder: 'test',
    recordsPerSnapshot: 5,
    onNotice: (error) => notices.push(error),
  }
  const engine = createEngine(options)
  return {
    engine,
    journal,
    notices,
    submit: (run: string) =>
      engine.submit(
        { id: 'local:1000' },
        {
          run,
          plan: 'a'.repeat(64),
          spec: { workspace: { type: 'empty' } },
          items: [{ ...instantItem('one'), run: 'echo a-secret' }],
        },
      ),
  }
}

async function stored(journal: Journal) {
  const found: { readonly record: AnyRecord; readonly payload: { salt: Uint8Array; bytes: Uint8Array } | undefined }[] =
    []
  for await (const { header, payload } of journal.read('default', 0, { payloads: true }))
    found.push({ record: JSON.parse(Buffer.from(header).toString('utf8')), payload })
  return found
}

const until = (happened: () => Promise<boolean>) => expect.poll(happened, { timeout: 20_000, interval: 20 }).toBe(true)

it('runs on an encrypted journal, waits while KMS is away, and commits to the plaintext', async () => {
  const { kms, keys } = await freshKeys()
  const memory = memoryJournal()
  // Keys are let go of after a second, so that a run soon needs KMS again.
  const { engine, journal, notices, submit } = engineOn(memory, { keys, keepMs: 1_000 }, instantHands())
  await engine.start()
  await submit('before')
  const sealed = async (run: string) =>
    (await stored(memory.journal)).some(({ record }) => record.kind === 'run.sealed' && record.run === run)
  await until(() => sealed('before'))

  await new Promise((resolve) => setTimeout(resolve, 1_050))
  const back = kms.fail({ kind: 'reset', times: Infinity })
  let answered = false
  const waiting = submit('during').finally(() => {
    answered = true
  })
  await until(async () => notices.some((error) => hasCode(error, 'UNAVAILABLE')))
  expect(answered).toBe(false)
  back()
  await expect(waiting).resolves.toEqual({ run: 'during', created: true })
  await until(() => sealed('during'))

  const all = await stored(journal)
  const withPayload = all.filter(({ payload }) => payload !== undefined)
  expect(withPayload.some(({ payload }) => Buffer.from(payload?.bytes ?? []).includes('a-secret'))).toBe(true)
  for (const { record, payload } of withPayload)
    expect(record.payload?.hmac).toBe(payload && commitPayload(payload.salt, payload.bytes))
  for (const { payload } of await stored(memory.journal))
    expect(Buffer.from(payload?.bytes ?? []).includes('a-secret')).toBe(false)
  const version = (await versionOf(journal)) ?? expect.fail('no snapshot was saved')
  expect(Buffer.from((await journal.loadState('default', version))?.bytes ?? []).includes('"ledger"')).toBe(true)
  expect(Buffer.from((await memory.journal.loadState('default', version))?.bytes ?? []).includes('"ledger"')).toBe(
    false,
  )
  await engine.stop()
})

it('recovers runs that were under way, with the payloads and snapshots of before', async () => {
  const { keys } = await freshKeys()
  const memory = memoryJournal()
  const first = engineOn(memory, { keys }, instantHands({ hold: true }))
  await first.engine.start()
  for (const run of ['one', 'two', 'three']) await first.submit(run)
  const again = memory.reopen()
  const second = engineOn(again, { keys }, instantHands({ hold: true }))
  await second.engine.start()
  expect((await stored(second.journal)).filter(({ record }) => record.kind === 'run.submitted')).toHaveLength(3)
  await second.engine.stop()
})

/** The fold version that snapshots were saved with. */
async function versionOf(journal: Journal): Promise<number | undefined> {
  for (let version = 1; version < 50; version++)
    if ((await journal.loadState('default', version)) !== undefined) return version
  return undefined
}
