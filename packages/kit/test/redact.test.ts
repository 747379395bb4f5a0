import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { redactor } from '../src/index.ts'

const encodings: Record<string, (secret: string) => string> = {
  plain: (secret) => secret,
  base64: (secret) => Buffer.from(secret).toString('base64'),
  base64url: (secret) => Buffer.from(secret).toString('base64url'),
  hex: (secret) => Buffer.from(secret).toString('hex'),
  HEX: (secret) => Buffer.from(secret).toString('hex').toUpperCase(),
  percent: (secret) => encodeURIComponent(secret),
  JSON: (secret) => JSON.stringify(secret),
}

describe('a redactor', () => {
  it.each(Object.keys(encodings))('removes every occurrence in %s', (name) => {
    const secret = fc.string({ minLength: 6, maxLength: 60, unit: 'grapheme' }).filter((text) => text.length >= 6)
    fc.assert(
      fc.property(secret, fc.string(), (value, around) => {
        const encoded = encodings[name]!(value)
        const text = `${around}|${encoded}|${encoded}|`
        expect(redactor([value])(text)).toContain('[redacted]')
        expect(redactor([value])(text)).not.toContain(encoded)
      }),
    )
  })

  it('sees a secret inside a longer base64 value', () => {
    const secret = 'sk-live-0123456789abcdef'
    for (const user of ['', 'u', 'us', 'use', 'user', 'user:']) {
      for (const form of ['base64', 'base64url'] as const) {
        const header = Buffer.from(`${user}${secret}:more`).toString(form)
        const shown = redactor([secret])(`Authorization: Basic ${header}`)
        expect(shown).toContain('[redacted]')
        const left = Buffer.from(
          shown.replace('Authorization: Basic ', '').split('[redacted]').join(''),
          form,
        ).toString('latin1')
        expect(left).not.toContain('live')
      }
    }
  })

  it('removes the longest of several secrets that overlap', () => {
    const redact = redactor(['password', 'password-and-more'])
    expect(redact('x password-and-more y password z')).toBe('x [redacted] y [redacted] z')
  })

  it('leaves ordinary text and short values alone', () => {
    const text = 'a short text, twice: a short text'
    expect(redactor(['short', '', 'never there'])(text)).toBe(text)
    expect(redactor([])(text)).toBe(text)
  })
})
