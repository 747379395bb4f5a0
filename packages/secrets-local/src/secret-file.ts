import { SeamError, SECRET_NAME, sha256Hex } from '@seamark/kit'

/** What the first line of a secret's file says, for all who can read the file. */
export interface SecretHeader {
  readonly name: string
  /** Drawn at random for each value. */
  readonly version: string
  /** Epoch milliseconds. */
  readonly createdAt: number
  /** Epoch milliseconds of this value. */
  readonly updatedAt: number
  /** Epoch milliseconds. */
  readonly expiresAt?: number
  /** How the second line holds the value. */
  readonly sealed: 'plain' | 'age'
}

const format = 'seamark-secret/v1'
const keys = ['createdAt', 'expiresAt', 'format', 'name', 'sealed', 'updatedAt', 'version']

/** The first line, in the one way that it is written. */
export function headerLine({ name, version, createdAt, updatedAt, expiresAt, sealed }: SecretHeader): string {
  return JSON.stringify({ format, name, version, createdAt, updatedAt, expiresAt, sealed })
}

/** A file of three lines: the header, the body in base64, and the SHA-256 of both lines in hex. */
export function writeSecretFile(header: SecretHeader, body: Uint8Array): Buffer {
  const text = `${headerLine(header)}\n${Buffer.from(body).toString('base64')}\n`
  return Buffer.from(`${text}${sha256Hex(Buffer.from(text))}\n`)
}

/**
 * The inverse of `writeSecretFile`. Errors: `INTEGRITY` with the line, for a file that was cut, changed or is another
 * secret's; `UNSUPPORTED` for a format that is newer. They quote nothing of the file.
 */
export function parseSecretFile(
  file: Uint8Array,
  name: string,
  path: string,
): { readonly header: SecretHeader; readonly body: Uint8Array } {
  const damaged = (line: number, what: string): SeamError =>
    new SeamError('INTEGRITY', `The file ${path} is damaged in line ${line}: ${what}.`, {
      place: { pointer: '', line },
      remedy: 'Restore it from a backup, or remove the secret and set it again. Other secrets are not touched.',
    })
  const text = Buffer.from(file).toString('latin1')
  const [first = '', second = '', third = '', ...rest] = text.split('\n')
  const lines = text.split('\n').length
  if (lines < 4) throw damaged(lines, 'it is cut short')
  if (lines > 4 || rest[0] !== '') throw damaged(4, 'something follows')
  if (third !== sha256Hex(Buffer.from(`${first}\n${second}\n`, 'latin1'))) throw damaged(3, 'the digest is another one')
  const parsed = headerOf(first)
  if (parsed === 'newer')
    throw new SeamError('UNSUPPORTED', `The file ${path} was written by a newer Seamark.`, { remedy: 'Use that one.' })
  if (parsed === undefined) throw damaged(1, 'it is no header')
  if (parsed.name !== name) throw damaged(1, 'it is the file of another secret')
  const body = Buffer.from(second, 'base64')
  if (body.toString('base64') !== second) throw damaged(2, 'it is no base64')
  return { header: parsed, body }
}

function headerOf(line: string): SecretHeader | 'newer' | undefined {
  let found: unknown
  try {
    found = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof found !== 'object' || found === null || !('format' in found)) return undefined
  if (found.format !== format)
    return typeof found.format === 'string' && found.format.startsWith('seamark-secret/') ? 'newer' : undefined
  if (!('name' in found && 'version' in found && 'createdAt' in found && 'updatedAt' in found && 'sealed' in found))
    return undefined
  if (Object.keys(found).some((key) => !keys.includes(key))) return undefined
  const { name, version, createdAt, updatedAt, sealed } = found
  const expiresAt = 'expiresAt' in found ? found.expiresAt : undefined
  if (typeof name !== 'string' || !SECRET_NAME.test(name)) return undefined
  if (typeof version !== 'string' || !/^[0-9a-f]{24}$/.test(version)) return undefined
  if (!isTime(createdAt) || !isTime(updatedAt)) return undefined
  if (expiresAt !== undefined && !isTime(expiresAt)) return undefined
  if (sealed !== 'plain' && sealed !== 'age') return undefined
  return { name, version, createdAt, updatedAt, ...(expiresAt !== undefined && { expiresAt }), sealed }
}

/** Whether it is a time in epoch milliseconds that a date can have. */
export function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 8.64e15
}

const suffix = '.secret'

/** The file of a secret. Capital letters are marked, so that names stay apart where the case of file names does not count. */
export function fileNameOf(name: string): string {
  return `${name.replace(/[A-Z]/g, (letter) => `=${letter.toLowerCase()}`)}${suffix}`
}

/** The inverse of `fileNameOf`; `undefined` for another file. */
export function nameOfFile(file: string): string | undefined {
  if (!file.endsWith(suffix)) return undefined
  const name = file.slice(0, -suffix.length).replace(/=([a-z])/g, (_, letter: string) => letter.toUpperCase())
  return SECRET_NAME.test(name) && fileNameOf(name) === file ? name : undefined
}
