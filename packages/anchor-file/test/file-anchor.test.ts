import type { AnchorReceipt, Checkpoint, TrustFile } from '@seamark/core'
import { formatCheckpoint, signNote, verifierKey } from '@seamark/log'
import { generateKeyPairSync, sign } from 'node:crypto'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fileAnchor } from '../src/index.ts'

const origin = `seamark.invalid/${'a1'.repeat(16)}`
const rootOf = (digit: string) => digit.repeat(64)
const code = (expected: string) => expect.objectContaining({ code: expected })

function newKey() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const key = new Uint8Array(Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'))
  return { key, sign: async (bytes: Uint8Array) => new Uint8Array(sign(null, bytes, privateKey)) }
}

const log = newKey()

async function checkpoint(size: number, root = rootOf('1'), of = origin, by = log): Promise<Checkpoint> {
  const note = await signNote(formatCheckpoint({ origin: of, size, root }), { name: of, ...by })
  return { origin: of, size, root, note }
}

function trusting(key: Uint8Array, more: Partial<TrustFile['keys'][number]> = {}): TrustFile {
  const trusted = { origin, role: 'log' as const, key: verifierKey(origin, key), ...more }
  return { version: 1, keys: [trusted], witnesses: [], tsaRoots: [], required: [] }
}

const trust = trusting(log.key)
let dir: string

/** The one note that is there. */
async function notePath(): Promise<string> {
  const [folder = ''] = await readdir(dir)
  const [file = ''] = await readdir(join(dir, folder))
  return join(dir, folder, file)
}

async function rewrite(text: string): Promise<void> {
  const path = await notePath()
  await chmod(path, 0o600)
  await writeFile(path, text)
}

beforeEach(async () => {
  dir = join(await mkdtemp(join(tmpdir(), 'seamark-anchor-')), 'anchor')
})
afterEach(() => rm(join(dir, '..'), { recursive: true, force: true }))

describe('a file anchor', () => {
  it('leaves the note as it is, read-only, and gives a receipt that passes', async () => {
    const anchor = fileAnchor({ dir, clock: { now: () => 1234, at: () => () => undefined } })
    const head = await checkpoint(7)
    const receipt = await anchor.anchor(head)
    expect(receipt).toMatchObject({ v: 1, kind: 'file', name: 'file', origin, size: 7, root: head.root, at: 1234 })
    const path = await notePath()
    expect(path).toMatch(/\/[0-9a-f]{32}\/0000000000000007\.note$/)
    expect(await readFile(path, 'utf8')).toBe(head.note)
    expect((await stat(path)).mode & 0o777).toBe(0o400)
    expect(await fileAnchor({ dir }).check(receipt, trust)).toEqual({ status: 'pass' })
  })

  it('is idempotent', async () => {
    const anchor = fileAnchor({ dir })
    const first = await anchor.anchor(await checkpoint(7))
    const again = await Promise.all(Array.from({ length: 8 }, async () => anchor.anchor(await checkpoint(7))))
    for (const receipt of again) expect(receipt.body).toEqual(first.body)
  })

  it('refuses another head of the same size, and keeps the first', async () => {
    const anchor = fileAnchor({ dir })
    const receipt = await anchor.anchor(await checkpoint(7))
    await expect(anchor.anchor(await checkpoint(7, rootOf('2')))).rejects.toEqual(code('INTEGRITY'))
    expect(await anchor.check(receipt, trust)).toEqual({ status: 'pass' })
  })

  it('of two forks at once takes exactly one', async () => {
    const heads = await Promise.all(['1', '2', '3', '4'].map((digit) => checkpoint(7, rootOf(digit))))
    const outcomes = await Promise.allSettled(heads.map((head) => fileAnchor({ dir }).anchor(head)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('knows the newest of each log by number, not by text', async () => {
    const anchor = fileAnchor({ dir })
    expect(await anchor.latest(origin)).toBeUndefined()
    for (const size of [9, 10, 1_000_000, 99]) await anchor.anchor(await checkpoint(size))
    const other = `seamark.invalid/${'b2'.repeat(16)}`
    await anchor.anchor(await checkpoint(5, rootOf('5'), other))
    expect(await fileAnchor({ dir }).latest(origin)).toEqual(await checkpoint(1_000_000))
    expect((await anchor.latest(other))?.size).toBe(5)
  })

  it('refuses a note that states something else', async () => {
    const head = await checkpoint(7)
    for (const wrong of [
      { size: 8 },
      { root: rootOf('2') },
      { origin: `other.invalid/${'c3'.repeat(16)}` },
      { note: 'x' },
    ])
      await expect(fileAnchor({ dir }).anchor({ ...head, ...wrong })).rejects.toEqual(code('INVALID_INPUT'))
  })

  it('does not take a damaged newest note for none', async () => {
    const anchor = fileAnchor({ dir })
    const head = await checkpoint(7)
    await anchor.anchor(head)
    for (const text of ['', 'x', head.note.replace('\n7\n', '\n8\n'), head.note.slice(0, 80)]) {
      await rewrite(text)
      await expect(anchor.latest(origin)).rejects.toEqual(code('INTEGRITY'))
      await expect(anchor.anchor(head)).rejects.toEqual(code('INTEGRITY'))
    }
  })
})

describe('check', () => {
  let receipt: AnchorReceipt
  let head: Checkpoint
  const check = (of: AnchorReceipt = receipt, by: TrustFile = trust) => fileAnchor({ dir }).check(of, by)
  const failed = (reason: string) => ({ status: 'fail', reason })

  beforeEach(async () => {
    head = await checkpoint(7)
    receipt = await fileAnchor({ dir }).anchor(head)
  })

  it('sees that the note is gone', async () => {
    await rm(await notePath(), { force: true })
    expect(await check()).toEqual(failed('gone'))
  })

  it('sees every changed byte', async () => {
    const bytes = Buffer.from(head.note)
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 1
      await rewrite(changed.toString('latin1'))
      expect(await check()).toEqual(failed('changed'))
    }
  })

  it('sees a receipt for another checkpoint', async () => {
    expect(await check({ ...receipt, root: rootOf('2') })).toEqual(failed('other-checkpoint'))
    expect(await check({ ...receipt, size: 8 })).toEqual(failed('gone'))
    const forked = await checkpoint(7, rootOf('2'))
    await rewrite(forked.note)
    expect(await check()).toEqual(failed('changed'))
  })

  it('sees a note by another key, also under the name of the log', async () => {
    expect(await check(receipt, trusting(newKey().key))).toEqual(failed('not-signed-by-trusted-key'))
  })

  it('sees a signature that does not verify, also where the receipt was made for it', async () => {
    const fork = await checkpoint(9, rootOf('2'))
    const [text = ''] = fork.note.split('\n\n')
    const forged = `${text}\n\n${head.note.split('\n\n')[1] ?? ''}`
    const wrong = await fileAnchor({ dir }).anchor({ ...fork, note: forged })
    expect(await check(wrong)).toEqual(failed('bad-signature'))
  })

  it('counts no key that is compromised', async () => {
    expect(await check(receipt, trusting(log.key, { compromisedSince: '2026-01-01T00:00:00Z' }))).toEqual(
      failed('key-compromised'),
    )
  })

  it('says what it did not check', async () => {
    const unchecked = (reason: string) => ({ status: 'not-checked', reason })
    expect(await check(receipt, { ...trust, keys: [] })).toEqual(unchecked('no-trusted-key'))
    expect(await check(receipt, trusting(log.key, { role: 'witness' }))).toEqual(unchecked('no-trusted-key'))
    expect(await check({ ...receipt, kind: 'rfc3161' })).toEqual(unchecked('other-anchor'))
    expect(await check({ ...receipt, name: 'elsewhere' })).toEqual(unchecked('other-anchor'))
    expect(await check(receipt, trusting(log.key, { key: 'nonsense' }))).toEqual(unchecked('malformed-trust'))
    await rm(dir, { recursive: true })
    await writeFile(dir, 'a file where the folder was')
    expect(await check()).toEqual(unchecked('unreadable'))
  })

  it('refuses receipts that are not its own form', async () => {
    for (const body of [null, 'x', {}, { sha256: 5 }, []])
      expect(await check({ ...receipt, body })).toEqual(failed('malformed-receipt'))
    expect(await check({ ...receipt, size: -1 })).toEqual(failed('malformed-receipt'))
  })
})
