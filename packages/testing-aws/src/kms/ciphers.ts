import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { invalid, wireError } from '../wire-error.ts'
import { dryRun } from './dry-run.ts'
import type { Input } from './input.ts'
import type { KmsKey, Material } from './key.ts'
import type { Operation } from './operation.ts'
import type { KmsStore } from './store.ts'

// A blob: one byte of version, the key's UUID, the material's id, 12 bytes of nonce, ciphertext and tag of AES-256-GCM.
const VERSION = 1
const HEADER = 1 + 16 + 32 + 12
const TAG = 16
/** Most bytes that `Encrypt` takes with a symmetric key. */
const MAX_PLAINTEXT = 4096
const MAX_BLOB = 6144

const damaged = (): Error => wireError('InvalidCiphertextException', '')

/** What is authenticated beside the ciphertext: the context, whatever the order of its pairs. */
function aad(header: Uint8Array, context: Readonly<Record<string, string>>): Buffer {
  const pairs = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))
  return Buffer.concat([header, Buffer.from(JSON.stringify(pairs), 'utf8')])
}

function seal(key: KmsKey, plaintext: Uint8Array, context: Readonly<Record<string, string>>) {
  const material = key.materials.at(-1)
  if (material === undefined) throw wireError('InvalidKeyUsageException', `${key.arn} key usage is ${key.usage}`)
  const nonce = randomBytes(12)
  const header = Buffer.concat([
    Buffer.of(VERSION),
    Buffer.from(key.id.replaceAll('-', ''), 'hex'),
    Buffer.from(material.id, 'hex'),
    nonce,
  ])
  const cipher = createCipheriv('aes-256-gcm', material.secret, nonce).setAAD(aad(header, context))
  const body = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
  return { blob: Buffer.concat([header, body]), material }
}

/** The id of the key that a request's blob names, if it is a blob of ours. */
export function keyOfBlob(input: Input): string | undefined {
  const blob = input.blob('CiphertextBlob', 1, MAX_BLOB)
  if (blob[0] !== VERSION || blob.length < HEADER + TAG) return undefined
  return blob.toString('hex', 1, 17).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

function open(
  store: KmsStore,
  input: Input,
  names: { readonly key: string; readonly context: string },
): { readonly key: KmsKey; readonly material: Material; readonly plaintext: Buffer } {
  const blob = input.blob('CiphertextBlob', 1, MAX_BLOB)
  const stated = input.optionalText(names.key)
  const wanted = stated === undefined ? undefined : symmetric(store, stated)
  const id = keyOfBlob(input)
  if (id === undefined) throw damaged()
  if (wanted !== undefined && wanted.id !== id)
    throw wireError(
      'IncorrectKeyException',
      'The key ID in the request does not identify a CMK that can perform this operation.',
    )
  if (!store.keys.has(id)) throw damaged()
  const key = symmetric(store, id)
  const material = key.materials.find((one) => one.id === blob.toString('hex', 17, 49))
  if (material === undefined) throw damaged()
  const decipher = createDecipheriv('aes-256-gcm', material.secret, blob.subarray(49, HEADER), { authTagLength: TAG })
  decipher.setAAD(aad(blob.subarray(0, HEADER), contextOf(input, names.context)))
  decipher.setAuthTag(blob.subarray(-TAG))
  try {
    return { key, material, plaintext: Buffer.concat([decipher.update(blob.subarray(HEADER, -TAG)), decipher.final()]) }
  } catch {
    throw damaged()
  }
}

function symmetric(store: KmsStore, reference: string): KmsKey {
  const key = store.usable(reference)
  if (key.usage !== 'ENCRYPT_DECRYPT')
    throw wireError(
      'InvalidKeyUsageException',
      `${key.arn} key usage is ${key.usage} which is not valid for this operation.`,
    )
  return key
}

function contextOf(input: Input, name: string): Readonly<Record<string, string>> {
  const context = input.pairs(name)
  if (Object.entries(context).some(([key, value]) => key === '' || value === ''))
    throw invalid('Encryption context keys and values can not be empty.')
  if (Buffer.byteLength(JSON.stringify(context)) > 8192) throw invalid('Encryption context is too large.')
  return context
}

function checkAlgorithm(input: Input, name = 'EncryptionAlgorithm'): void {
  const algorithm = input.optionalText(name) ?? 'SYMMETRIC_DEFAULT'
  if (algorithm !== 'SYMMETRIC_DEFAULT')
    throw wireError(
      'InvalidKeyUsageException',
      `Algorithm ${algorithm} is incompatible with key spec SYMMETRIC_DEFAULT.`,
    )
}

function dataKeyBytes(input: Input): number {
  const spec = input.optionalText('KeySpec')
  if ((spec !== undefined) === input.has('NumberOfBytes'))
    throw invalid('Please specify either number of bytes or key spec.')
  if (spec === undefined) return input.integer('NumberOfBytes', 0, 1, 1024)
  const bytes = { AES_128: 16, AES_256: 32 }[spec]
  if (bytes === undefined) throw invalid(`KeySpec ${spec} is not a spec of a data key.`)
  return bytes
}

function dataKey(store: KmsStore, input: Input) {
  const key = symmetric(store, input.text('KeyId'))
  const plaintext = randomBytes(dataKeyBytes(input))
  const { blob, material } = seal(key, plaintext, contextOf(input, 'EncryptionContext'))
  dryRun(input)
  return { answer: { CiphertextBlob: blob.toString('base64'), KeyId: key.arn, KeyMaterialId: material.id }, plaintext }
}

/** Encryption with symmetric keys, and data keys. */
export const cipherOperations: Readonly<Record<string, Operation>> = {
  Encrypt(store, input) {
    const key = symmetric(store, input.text('KeyId'))
    checkAlgorithm(input)
    const plaintext = input.blob('Plaintext', 1, MAX_PLAINTEXT)
    const { blob } = seal(key, plaintext, contextOf(input, 'EncryptionContext'))
    dryRun(input)
    return { CiphertextBlob: blob.toString('base64'), EncryptionAlgorithm: 'SYMMETRIC_DEFAULT', KeyId: key.arn }
  },
  Decrypt(store, input) {
    checkAlgorithm(input)
    const { key, material, plaintext } = open(store, input, { key: 'KeyId', context: 'EncryptionContext' })
    dryRun(input)
    return {
      EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      KeyId: key.arn,
      KeyMaterialId: material.id,
      Plaintext: plaintext.toString('base64'),
    }
  },
  ReEncrypt(store, input) {
    checkAlgorithm(input, 'SourceEncryptionAlgorithm')
    checkAlgorithm(input, 'DestinationEncryptionAlgorithm')
    const source = open(store, input, { key: 'SourceKeyId', context: 'SourceEncryptionContext' })
    const key = symmetric(store, input.text('DestinationKeyId'))
    const { blob, material } = seal(key, source.plaintext, contextOf(input, 'DestinationEncryptionContext'))
    dryRun(input)
    return {
      CiphertextBlob: blob.toString('base64'),
      DestinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      DestinationKeyMaterialId: material.id,
      KeyId: key.arn,
      SourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      SourceKeyId: source.key.arn,
      SourceKeyMaterialId: source.material.id,
    }
  },
  GenerateDataKey(store, input) {
    const { answer, plaintext } = dataKey(store, input)
    return { ...answer, Plaintext: plaintext.toString('base64') }
  },
  GenerateDataKeyWithoutPlaintext: (store, input) => dataKey(store, input).answer,
  GenerateRandom: (_store, input) => ({
    Plaintext: randomBytes(input.integer('NumberOfBytes', 0, 1, 1024)).toString('base64'),
  }),
}
