import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkSecretName, checkSecretValue, redactionTable, redactStream, streamRedactor } from '../src/index.ts'
import type { KnownSecret, RedactionTable } from '../src/index.ts'

const known = (name: string, value: string | Uint8Array): KnownSecret => ({ name, value: Buffer.from(value) })
const code = (expected: string) => expect.objectContaining({ code: expected })

function whole(table: RedactionTable, text: Uint8Array): Buffer {
  const redact = streamRedactor(table)
  return Buffer.concat([redact.push(text), redact.end()])
}

const shown = (secrets: readonly KnownSecret[], text: string) =>
  whole(redactionTable(secrets), Buffer.from(text)).toString()

/** A stream cut at these places, counted round the length. */
function cut(text: Uint8Array, places: readonly number[]): readonly Uint8Array[] {
  const at = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b)
  return [0, ...at].map((from, index) => text.subarray(from, at[index] ?? text.length))
}

const hex = (text: string) => Buffer.from(text).toString('hex')
const escapedAll = (text: string) => hex(text).replace(/../g, '%$&')
const encodings: Record<string, (secret: string) => string> = {
  plain: (secret) => secret,
  base64: (secret) => Buffer.from(secret).toString('base64'),
  base64url: (secret) => Buffer.from(secret).toString('base64url'),
  hex,
  HEX: (secret) => hex(secret).toUpperCase(),
  percent: encodeURIComponent,
  'percent, lower case': (secret) => encodeURIComponent(secret).replace(/%../g, (part) => part.toLowerCase()),
  'percent of every byte': escapedAll,
  'a form': (secret) => new URLSearchParams([['', secret]]).toString().slice(1),
  JSON: (secret) => JSON.stringify(secret).slice(1, -1),
  'ASCII JSON': (secret) =>
    JSON.stringify(secret)
      .slice(1, -1)
      .replace(/[\u0080-\uFFFF]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
}

const secretText = fc
  .string({ minLength: 8, maxLength: 60, unit: 'grapheme' })
  .filter(
    (text) => Array.from(text).length >= 8 && new Set(Buffer.from(text)).size >= 4 && !'[redacted:a]'.includes(text),
  )
// No character of it is in any encoding of a value, so that all of it has to be left.
const filler = fc.string({ unit: fc.constantFrom('\u0001', '\u0002', '\u0003'), maxLength: 50 })
const places = fc.array(fc.nat(2_000), { maxLength: 30 })

describe('a redactor of streams', () => {
  it.each(Object.keys(encodings))('leaves no byte of a secret in %s, and all else', (name) => {
    fc.assert(
      fc.property(secretText, filler, filler, filler, places, (value, before, between, after, cuts) => {
        const planted = encodings[name]!(value)
        fc.pre(!/[\u0001-\u0003]/.test(value))
        const text = Buffer.from(`${before}${planted}${between}${planted}${after}`)
        const redact = streamRedactor(redactionTable([known('a', value)]))
        const out = Buffer.concat([...cut(text, cuts).map((piece) => redact.push(piece)), redact.end()]).toString()
        const bare = (left: string) => left.replaceAll('[redacted:a]', '')
        expect(bare(out)).toBe(before + between + after)
        expect(out.startsWith(`${before}[redacted:a]`)).toBe(true)
      }),
    )
  })

  it('gives the same for any split of any stream', () => {
    // A small alphabet, so that secrets overlap each other and themselves and begin again and again.
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd'), minLength: 8, maxLength: 12 })
    const values = fc.uniqueArray(
      letters.filter((text) => new Set(text).size === 4),
      { minLength: 1, maxLength: 8 },
    )
    const part = fc.oneof(fc.nat(7), fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd'), maxLength: 20 }))
    fc.assert(
      fc.property(values, fc.array(part, { maxLength: 12 }), places, (secrets, parts, cuts) => {
        const text = Buffer.from(
          parts
            .map((one) => (typeof one === 'number' ? (secrets[one % secrets.length] ?? '').slice(one % 3) : one))
            .join(''),
        )
        const table = redactionTable(secrets.map((value, index) => known(`s${index}`, value)))
        const expected = whole(table, text).toString()
        for (const pieces of [cut(text, cuts), Array.from(text, (byte) => Uint8Array.of(byte))]) {
          const redact = streamRedactor(table)
          expect(Buffer.concat([...pieces.map((piece) => redact.push(piece)), redact.end()]).toString()).toBe(expected)
        }
        // By hand: every place that any occurrence covers is covered, and nothing else.
        const covered = new Set<number>()
        for (const value of secrets)
          for (let at = text.indexOf(value); at !== -1; at = text.indexOf(value, at + 1))
            for (let place = at; place < at + value.length; place++) covered.add(place)
        const left = Array.from(text.toString())
          .filter((_, place) => !covered.has(place))
          .join('')
        expect(expected.replaceAll(/\[redacted:s\d\]/g, '')).toBe(left)
      }),
      { numRuns: 500 },
    )
  })

  it('does not change text without a secret, whatever its bytes', () => {
    const secrets = [known('a', 'sk-live-0123456789abcdef'), known('b', Buffer.from('ff00fe01fd02fc03fb04', 'hex'))]
    const table = redactionTable(secrets)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), places, (text, cuts) => {
        const redact = streamRedactor(table)
        const out = Buffer.concat([...cut(text, cuts).map((piece) => redact.push(piece)), redact.end()])
        expect(out.equals(text)).toBe(true)
      }),
    )
    expect(whole(redactionTable([]), Buffer.from('any')).toString()).toBe('any')
  })

  it('finds a value that is no text, in each encoding of bytes', () => {
    const value = Buffer.from('ff00fe01fd02fc03fb04', 'hex')
    const secrets = [known('key', value)]
    expect(whole(redactionTable(secrets), Buffer.concat([Buffer.from('<'), value, Buffer.from('>')])).toString()).toBe(
      '<[redacted:key]>',
    )
    for (const form of ['base64', 'base64url', 'hex'] as const)
      expect(shown(secrets, `<${value.toString(form)}>`)).toBe('<[redacted:key]>')
  })

  it('sees a secret inside a longer base64 value, at each alignment', () => {
    const secret = 'sk-live-0123456789abcdef'
    for (const user of ['', 'u', 'us', 'use', 'user:']) {
      for (const form of ['base64', 'base64url'] as const) {
        const out = shown([known('a', secret)], Buffer.from(`${user}${secret}:more`).toString(form))
        expect(out).toContain('[redacted:a]')
        expect(Buffer.from(out.replace('[redacted:a]', ''), form).toString('latin1')).not.toMatch(/sk-|live|def/)
      }
    }
  })

  it('covers secrets that overlap with one marker, and each of two in a row with its own', () => {
    const secrets = [known('one', 'abcdefgh-1234'), known('two', '1234-stuvwxyz'), known('long', 'abcdefgh-1234-st')]
    expect(shown(secrets, '<abcdefgh-1234-stuvwxyz>')).toBe('<[redacted:long]>')
    expect(shown(secrets, '<abcdefgh-1234abcdefgh-1234>')).toBe('<[redacted:one][redacted:one]>')
    expect(shown([...secrets, known('inner', 'cdefgh-1')], '<abcdefgh-1234>')).toBe('<[redacted:one]>')
    expect(shown(secrets, 'abcdefgh-123')).toBe('abcdefgh-123')
  })

  it('never writes the value of one secret as the name of another', () => {
    const secrets = [known('hunter2-hunter2', 'another-value'), known('b', 'hunter2-hunter2')]
    expect(shown(secrets, 'x another-value y')).toBe('x [redacted] y')
  })

  it('holds back nothing that is not the beginning of a secret, as the stream may fall silent', () => {
    const redact = streamRedactor(redactionTable([{ name: 'key', value: Buffer.from('Zq8-0123456789') }]))
    expect(Buffer.from(redact.push(Buffer.from('data: one\n\n'))).toString()).toBe('data: one\n\n')
    expect(Buffer.from(redact.push(Buffer.from('x Zq8-'))).toString()).toBe('x ')
    expect(Buffer.from(redact.push(Buffer.from('y'))).toString()).toBe('Zq8-y')
  })

  it('holds back less than the longest encoding, also of a stream without end', () => {
    const value = 'a-secret-value-0123456789'
    const table = redactionTable([known('a', value)])
    const redact = streamRedactor(table)
    let given = 0
    let seen = 0
    for (let round = 0; round < 2_000; round++) {
      const piece = Buffer.from(`noise ${round} a-secret-value-01234567`)
      given += piece.length
      seen += redact.push(piece).length
      expect(given - seen).toBeLessThan(value.length * 3)
    }
    expect(seen + redact.end().length).toBe(given)
  })

  it('works on iterables, and does not keep the buffer of a piece', async () => {
    const buffer = Buffer.alloc(4)
    async function* body() {
      for (const part of ['<sec', 'ret-', '0123', '4567', '890>']) {
        buffer.write(part)
        yield buffer
      }
    }
    const pieces: Uint8Array[] = []
    for await (const piece of redactStream(body(), redactionTable([known('a', 'secret-01234567890')])))
      pieces.push(piece)
    expect(Buffer.concat(pieces).toString()).toBe('<[redacted:a]>')
  })
})

describe('values and names', () => {
  it.each(['', 'short', '1234567', 'aaaaaaaaaaaa', 'ababababab', '√√√√√√√', 'redacted', '[redacted:a]', 'redacted:a'])(
    'refuses %j, and does not repeat it',
    (value) => {
      expect(() => checkSecretValue('a', Buffer.from(value))).toThrow(code('INVALID_INPUT'))
      expect(() => redactionTable([known('a', value)])).toThrow(code('INVALID_INPUT'))
    },
  )

  it('takes the shortest and the longest, and no longer one', () => {
    checkSecretValue('a', Buffer.from('12345678'))
    const long = Buffer.alloc(65_536, 'abcdefg')
    checkSecretValue('a', long)
    expect(() => checkSecretValue('a', Buffer.concat([long, long]))).toThrow(code('LIMIT_EXCEEDED'))
  })

  it('takes names of one pattern', () => {
    for (const name of ['a', 'API_KEY', '1.b-c_D', 'x'.repeat(63)]) checkSecretName(name)
    for (const name of ['', '.', '..', '-a', 'a/b', 'a b', 'ä', 'a\n', 'x'.repeat(64), '[a]'])
      expect(() => checkSecretName(name), name).toThrow(code('INVALID_INPUT'))
  })
})
