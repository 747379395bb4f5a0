import type { AnchorReceipt, AuditAnchor, Checkpoint, TrustedKey, TrustFile } from '@seamark/core'
import { formatCheckpoint, signNote, verifierKey } from '@seamark/log'
import { generateKeyPairSync, sign } from 'node:crypto'
import { fail } from './check.ts'
import type { Subject } from './suite.ts'

/** An anchor under test. One that does not claim `beyondOperator` can have what it holds changed behind its back. */
export interface AnchorSubject extends Subject<AuditAnchor> {
  /** Changes at least one byte of what was left for a receipt. */
  damage?(receipt: AnchorReceipt): Promise<void>
  /** Takes away what was left for a receipt. */
  remove?(receipt: AnchorReceipt): Promise<void>
}

type AttackedSubject = AnchorSubject & Required<Pick<AnchorSubject, 'damage' | 'remove'>>

export function attackable(subject: Subject<AuditAnchor>): AttackedSubject {
  const attacked: AnchorSubject = subject
  if (!canAttack(attacked)) fail('an anchor that is not beyond its operator needs a subject with damage and remove')
  return attacked
}

function canAttack(subject: AnchorSubject): subject is AttackedSubject {
  return 'damage' in subject && 'remove' in subject
}

export const origin: string = `seamark.invalid/${'a1'.repeat(16)}`
export const otherOrigin: string = `seamark.invalid/${'b2'.repeat(16)}`

interface Key {
  readonly key: Uint8Array
  readonly sign: (bytes: Uint8Array) => Promise<Uint8Array>
}

export function newKey(): Key {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const key = Uint8Array.from(Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'))
  return { key, sign: async (bytes) => Uint8Array.from(sign(null, bytes, privateKey)) }
}

/** A log's key and what it signs: heads whose root is one hex digit throughout. */
export interface Log {
  head(size: number, digit?: string): Promise<Checkpoint>
  trust(more?: Partial<TrustedKey>): TrustFile
}

export function log(name: string = origin): Log {
  const key = newKey()
  return {
    async head(size, digit = '1') {
      const root = digit.repeat(64)
      return {
        origin: name,
        size,
        root,
        note: await signNote(formatCheckpoint({ origin: name, size, root }), { name, ...key }),
      }
    },
    trust: (more = {}) => trusting([{ origin: name, role: 'log', key: verifierKey(name, key.key), ...more }]),
  }
}

export function trusting(keys: readonly TrustedKey[]): TrustFile {
  return { version: 1, keys, witnesses: [], tsaRoots: [], required: [] }
}
