import { createHash } from 'node:crypto'
import type { Journal, JournalBatch, Lease, StoredRecord } from '@seamark/core'
import { emptyFrontier, leafHash } from '@seamark/log'
import type { Frontier } from '@seamark/log'
import { memoryJournal } from '@seamark/testing'
import { describe, expect, it } from 'vitest'
import { encryptedJournal } from '../src/index.ts'
import { code, freshKeys } from './support.ts'

const secret = Buffer.from('a prompt that nobody else may read')
const salt = Buffer.alloc(32, 7)
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

function batchOf(frontier: Frontier, runs: readonly string[]): JournalBatch {
  const nodes: JournalBatch['nodes'][number][] = []
  const records = runs.map((run) => {
    const seq = frontier.size
    const header = Buffer.from(`{"seq":${seq}}`)
    const leaf = leafHash(header)
    frontier.append(leaf, nodes)
    return { seq, header, leaf, run }
  })
  return { records, nodes, changes: [], payloads: records.map(({ seq }) => ({ seq, salt, bytes: secret })) }
}

async function recordsOf(journal: Journal): Promise<readonly StoredRecord[]> {
  const found: StoredRecord[] = []
  for await (const record of journal.read('default', 0, { payloads: true })) found.push(record)
  return found
}

/** The journal below, that gives out what `change` makes of it. */
function tampered(inner: Journal, change: Partial<Journal>): Journal {
  return { ...inner, ...change }
}

async function* altered(
  records: AsyncIterable<StoredRecord>,
  change: (all: StoredRecord[]) => readonly StoredRecord[],
) {
  const all: StoredRecord[] = []
  for await (const record of records) all.push(record)
  yield* change(all)
}

async function written(journal: Journal): Promise<Lease> {
  const lease = await journal.acquire('default', 'test')
  const frontier = emptyFrontier()
  await journal.append(lease, 0, batchOf(frontier, ['one', 'one', 'two']))
  const bytes = Buffer.from('a state with a secret prompt')
  await journal.saveState(lease, { size: 2, foldVersion: 1, sha256: sha256(bytes), bytes })
  return lease
}

describe('an encrypted journal', () => {
  it('keeps payloads, salts and snapshots from whoever reads the one below; headers and hashes stay', async () => {
    const { kms, keys } = await freshKeys()
    const { journal: inner } = memoryJournal()
    const journal = encryptedJournal(inner, { keys })
    await written(journal)
    const below = await recordsOf(inner)
    const above = await recordsOf(journal)
    for (const { payload } of below) {
      expect(Buffer.from(payload?.bytes ?? []).includes('prompt')).toBe(false)
      expect(Buffer.from(payload?.bytes ?? []).includes(salt)).toBe(false)
      expect(Buffer.from(payload?.salt ?? []).equals(salt)).toBe(false)
    }
    expect(above.map(({ payload }) => payload && [sha256(payload.salt), sha256(payload.bytes)])).toEqual(
      above.map(() => [sha256(salt), sha256(secret)]),
    )
    expect(above.map(({ header, leaf }) => [header, leaf])).toEqual(below.map(({ header, leaf }) => [header, leaf]))
    const state = await inner.loadState('default', 1)
    expect(Buffer.from(state?.bytes ?? []).includes('prompt')).toBe(false)
    expect(Buffer.from((await journal.loadState('default', 1))?.bytes ?? []).toString()).toContain('prompt')
    expect(kms.calls.map(({ operation, context }) => [operation, context?.['seamark:purpose']])).toEqual([
      ['GenerateDataKey', 'payload'],
      ['Decrypt', 'payload'],
      ['GenerateDataKey', 'state'],
    ])
  })

  it('opens after a restart, and after a rotation in KMS', async () => {
    const { kms, arn, keys } = await freshKeys()
    const memory = memoryJournal()
    const before = encryptedJournal(memory.journal, { keys })
    await written(before)
    kms.run('RotateKeyOnDemand', { KeyId: arn })
    const after = encryptedJournal(memory.reopen().journal, { keys })
    expect((await recordsOf(after)).map(({ payload }) => sha256(payload?.bytes ?? Buffer.of()))).toEqual(
      [1, 2, 3].map(() => sha256(secret)),
    )
    expect((await after.loadState('default', 1))?.size).toBe(2)
  })

  it('finds payloads that were changed, exchanged or moved to another run', async () => {
    const { keys } = await freshKeys()
    const { journal: inner } = memoryJournal()
    await written(encryptedJournal(inner, { keys }))
    const through = (change: (all: StoredRecord[]) => readonly StoredRecord[]) =>
      recordsOf(
        encryptedJournal(
          tampered(inner, { read: (ns, from, options) => altered(inner.read(ns, from, options), change) }),
          { keys },
        ),
      )
    const withPayload = (record: StoredRecord, payload: StoredRecord['payload']): StoredRecord => ({
      ...record,
      ...(payload && { payload }),
    })
    await expect(through((all) => all)).resolves.toHaveLength(3)
    await expect(
      through((all) => all.map((record, index) => withPayload(record, all[(index + 1) % 3]?.payload))),
    ).rejects.toEqual(code('INTEGRITY'))
    await expect(through((all) => all.map((record) => ({ ...record, run: 'two' })))).rejects.toEqual(code('INTEGRITY'))
    await expect(through((all) => all.map((record) => withPayload(record, { salt, bytes: secret })))).rejects.toEqual(
      code('INTEGRITY'),
    )
    for (const at of [0, 1, 2, 3, 50, -1])
      await expect(
        through((all) =>
          all.map((record) => {
            const bytes = Buffer.from(record.payload?.bytes ?? [])
            bytes[at < 0 ? bytes.length - 1 : at]! ^= 1
            return withPayload(record, { salt: record.payload?.salt ?? salt, bytes })
          }),
        ),
        `byte ${at}`,
      ).rejects.toEqual(code('INTEGRITY'))
  })

  it('finds snapshots that were changed or are of another size or namespace', async () => {
    const { keys } = await freshKeys()
    const { journal: inner } = memoryJournal()
    await written(encryptedJournal(inner, { keys }))
    const found = (await inner.loadState('default', 1)) ?? expect.fail('no snapshot')
    const load = (change: object, ns = 'default') =>
      encryptedJournal(tampered(inner, { loadState: async () => ({ ...found, ...change }) }), { keys }).loadState(ns, 1)
    await expect(load({})).resolves.toBeDefined()
    await expect(load({ size: 3 })).rejects.toEqual(code('INTEGRITY'))
    await expect(load({}, 'other')).rejects.toEqual(code('INTEGRITY'))
    await expect(load({ bytes: found.bytes.subarray(0, 20) })).rejects.toEqual(code('INTEGRITY'))
    await expect(load({ bytes: Buffer.from('{"plain":"text"}'.repeat(10)) })).rejects.toEqual(code('INTEGRITY'))
  })

  it('stores nothing while KMS is away, and goes on after', async () => {
    const { kms, keys } = await freshKeys()
    const { journal: inner } = memoryJournal()
    const back = kms.fail({ kind: 'throttle', times: Infinity })
    const journal = encryptedJournal(inner, { keys })
    const lease = await journal.acquire('default', 'test')
    const batch = batchOf(emptyFrontier(), ['one'])
    await expect(journal.append(lease, 0, batch)).rejects.toEqual(code('UNAVAILABLE'))
    expect((await journal.head('default')).size).toBe(0)
    back()
    await journal.append(lease, 0, batch)
    expect((await journal.head('default')).size).toBe(1)
  })

  it('gives no lease where it will never get a key', async () => {
    const { kms, keys } = await freshKeys()
    const { journal: inner } = memoryJournal()
    const journal = encryptedJournal(inner, { keys })
    for (const operation of ['GenerateDataKey', 'Decrypt']) {
      const undo = kms.deny({ operation })
      await expect(journal.acquire('default', 'test')).rejects.toEqual(code('FORBIDDEN'))
      undo()
    }
    await expect(journal.acquire('default', 'test')).resolves.toBeDefined()
  })
})
