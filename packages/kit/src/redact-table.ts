import { SeamError } from './errors.ts'
import { encodedForms, textForms } from './redact-forms.ts'
import { checkSecretName, checkSecretValue, secretText } from './secret-value.ts'

/** A value to be kept out of a stream, under the name that takes its place. */
export interface KnownSecret {
  readonly name: string
  readonly value: Uint8Array
}

interface Needle {
  /** Of the secret. */
  readonly name: string
  readonly bytes: Uint8Array
  readonly marker: Uint8Array
}

/** What to look for, made once and used for any number of streams. It holds the values. */
export interface RedactionTable {
  /** Length of the shortest needle: the window that is slid over a text. 0 where there is none. */
  readonly window: number
  /** By the hash of a window's last three bytes: how far the window may be moved without missing a needle. */
  readonly shifts: Uint8Array
  /** By the same hash: needles whose window ends so, the longest first. */
  readonly needles: ReadonlyMap<number, readonly Needle[]>
  /** By the first byte: what the end of a piece may be the beginning of. */
  readonly beginnings: ReadonlyMap<number, readonly Needle[]>
}

const bits = 17
const widestWindow = 32

/** Hash of three bytes, below 2^17. */
export function hashOf(a: number, b: number, c: number): number {
  return Math.imul(a | (b << 8) | (c << 16), 0x9e37_79b1) >>> (32 - bits)
}

/**
 * Prepares the search for secrets and their encodings: base64 and base64url in each alignment, hex of both cases,
 * percent-encodings and JSON escapes. The search is that of Wu and Manber (TR 94-17, University of Arizona).
 *
 * Errors: `INVALID_INPUT` for a name or a value that `checkSecretName` and `checkSecretValue` refuse; nothing is skipped.
 */
export function redactionTable(secrets: Iterable<KnownSecret>): RedactionTable {
  const needles = needlesOf([...secrets])
  const window = needles.reduce((least, { bytes }) => Math.min(least, bytes.length), needles.length && widestWindow)
  const shifts = new Uint8Array(1 << bits).fill(Math.max(1, window - 2))
  const byHash = new Map<number, Needle[]>()
  for (const needle of needles) {
    for (let end = 2; end < window; end++) {
      const hash = hashOf(needle.bytes[end - 2] ?? 0, needle.bytes[end - 1] ?? 0, needle.bytes[end] ?? 0)
      shifts[hash] = Math.min(shifts[hash] ?? 0, window - 1 - end)
      if (end < window - 1) continue
      const same = byHash.get(hash)
      if (same === undefined) byHash.set(hash, [needle])
      else same.push(needle)
    }
  }
  return { window, shifts, needles: byHash, beginnings: Map.groupBy(needles, ({ bytes }) => bytes[0] ?? 0) }
}

function needlesOf(secrets: readonly KnownSecret[]): readonly Needle[] {
  const found = new Map<string, readonly [Uint8Array, string]>()
  for (const { name, value } of secrets) {
    checkSecretName(name)
    checkSecretValue(name, value)
    for (const bytes of formsOf(value)) {
      const key = Buffer.from(bytes).toString('latin1')
      if (!found.has(key)) found.set(key, [bytes, name])
    }
  }
  const texts = [...found.keys()]
  if (texts.some((text) => '[redacted]'.includes(text)))
    throw new SeamError('INVALID_INPUT', 'A value is a part of the marker that would take its place.', {
      remedy: 'Have another one issued.',
    })
  // A name may hold the value of another secret.
  const marker = (name: string) => {
    const named = `[redacted:${name}]`
    return Buffer.from(texts.some((text) => named.includes(text)) ? '[redacted]' : named)
  }
  const markers = new Map(secrets.map(({ name }) => [name, marker(name)]))
  return [...found.values()]
    .map(([bytes, name]) => ({ name, bytes, marker: markers.get(name) ?? Buffer.from('[redacted]') }))
    .sort((a, b) => b.bytes.length - a.bytes.length)
}

function formsOf(value: Uint8Array): readonly Uint8Array[] {
  const text = secretText(value)
  const forms = text === undefined ? encodedForms(value) : textForms(text)
  return [Uint8Array.from(value), ...forms.map((form) => Buffer.from(form, 'utf8'))]
}
