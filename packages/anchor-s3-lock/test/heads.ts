import type { AnchorReceipt, Checkpoint, TrustFile } from '@seamark/core'
import { formatCheckpoint, signNote, verifierKey } from '@seamark/log'
import type { S3Access } from '@seamark/testing-services'
import { generateKeyPairSync, sign } from 'node:crypto'
import type { S3LockAnchorOptions } from '../src/index.ts'

export const origin: string = `seamark.invalid/${'a1'.repeat(16)}`
export const dayMs = 86_400_000
const log = newKey()
/** Trusts the key that signs what `checkpoint` makes. */
export const trust: TrustFile = {
  version: 1,
  keys: [{ origin, role: 'log', key: verifierKey(origin, log.key) }],
  witnesses: [],
  tsaRoots: [],
  required: [],
}

export function newKey() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const key = new Uint8Array(Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'))
  return { key, sign: async (bytes: Uint8Array) => new Uint8Array(sign(null, bytes, privateKey)) }
}

/** A signed head whose root is one digit throughout. */
export async function checkpoint(size: number, digit = '1', by = log): Promise<Checkpoint> {
  const root = digit.repeat(64)
  return { origin, size, root, note: await signNote(formatCheckpoint({ origin, size, root }), { name: origin, ...by }) }
}

/** Where a receipt says that its note is. */
export function placeOf({ body }: AnchorReceipt): { bucket: string; key: string; versionId: string } {
  const field = (name: string): string =>
    String(typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined)
  return { bucket: field('bucket'), key: field('key'), versionId: field('versionId') }
}

/** Options of an anchor on a server of the suite. */
export const on = (access: S3Access, bucket: string, more: Partial<S3LockAnchorOptions> = {}): S3LockAnchorOptions => ({
  bucket,
  retentionDays: 30,
  endpoint: access.endpoint,
  region: access.region,
  credentials: { accessKeyId: access.accessKeyId, secretAccessKey: access.secretAccessKey },
  pathStyle: true,
  ...more,
})
