import type { AuditAnchor, CallOptions, PublicKey, Signer } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { memoryJournal, memoryStorage } from '@seamark/testing'
import { expect, it } from 'vitest'
import { requireReady } from '../src/ready.ts'
import { anchorWith } from './anchor.ts'

type Ready = (options?: CallOptions) => Promise<void>

const unused = (): never => {
  throw new Error('Only ready is asked.')
}
const unusedKey = async (): Promise<PublicKey> => ({ algorithm: 'ed25519', bytes: new Uint8Array(32), keyId: 'k' })
const anchor = (name: string, ready?: Ready) => anchorWith(name, ready === undefined ? {} : { ready })
const signer = (role: 'log' | 'export', publicKey: Signer['publicKey'] = unusedKey): Signer => ({
  spec: 'signer/v1',
  kind: 'test',
  name: role,
  role,
  guarantees: { keyConfined: { value: true, proof: 'tested' } },
  sign: unused,
  publicKey,
})
const parts = (ready: { journal?: Ready; storage?: Ready }, ...anchors: AuditAnchor[]) => ({
  journal: { ...memoryJournal().journal, ...(ready.journal && { ready: ready.journal }) },
  storage: { ...memoryStorage(), ...(ready.storage && { ready: ready.storage }) },
  anchors,
  signer: signer('log'),
  exportSigner: signer('export'),
})
const failing =
  (error: SeamError): Ready =>
  () =>
    Promise.reject(error)

it('asks every part that has something to find out, and passes over the others', async () => {
  const asked: string[] = []
  const ready =
    (name: string): Ready =>
    async () =>
      void asked.push(name)
  const all = parts(
    { journal: ready('journal'), storage: ready('storage') },
    anchor('a'),
    anchor('b', ready('anchors/1')),
  )
  await requireReady(all, () => expect.unreachable())
  expect(new Set(asked)).toEqual(new Set(['journal', 'storage', 'anchors/1']))
})

it('throws every problem at once, each with its place', async () => {
  const all = parts(
    {
      journal: failing(new SeamError('UNSUPPORTED', 'no')),
      storage: failing(new SeamError('UNSUPPORTED', 'no', { place: { pointer: '/encryption' } })),
    },
    anchor('a'),
    anchor('b', failing(new SeamError('NOT_FOUND', 'no bucket', { remedy: 'Make it.' }))),
  )
  const exportSigner = signer('export', () => Promise.reject(new SeamError('FORBIDDEN', 'no')))
  await expect(requireReady({ ...all, exportSigner }, () => expect.unreachable())).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    problems: [
      { code: 'UNSUPPORTED', place: { pointer: '/journal' } },
      { code: 'UNSUPPORTED', place: { pointer: '/storage/encryption' } },
      { code: 'NOT_FOUND', place: { pointer: '/anchors/1' }, remedy: 'Make it.' },
      { code: 'FORBIDDEN', place: { pointer: '/exportSigner' } },
    ],
  })
})

it('goes on without what may come back, and says so', async () => {
  const notices: Error[] = []
  const away = failing(new SeamError('UNAVAILABLE', 'away'))
  const log = signer('log', () => Promise.reject(new SeamError('UNAVAILABLE', 'away')))
  await requireReady({ ...parts({ storage: away }, anchor('a', away)), signer: log }, (error) => notices.push(error))
  expect(notices).toMatchObject([{ code: 'UNAVAILABLE' }, { code: 'UNAVAILABLE' }, { code: 'UNAVAILABLE' }])
})
