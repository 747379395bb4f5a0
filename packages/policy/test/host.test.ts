import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalHost } from '../src/index.ts'

describe('a host', () => {
  test.each([
    ['api.example.com', 'api.example.com'],
    ['API.Example.COM', 'api.example.com'],
    ['api.example.com.', 'api.example.com'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['ｅｘａｍｐｌｅ．com', 'example.com'],
    ['example。com', 'example.com'],
    ['_dmarc.example', '_dmarc.example'],
    ['localhost', 'localhost'],
    ['127.0.0.1', '127.0.0.1'],
    ['127.1', '127.0.0.1'],
    ['0x7f.1', '127.0.0.1'],
    ['0177.0.0.1', '127.0.0.1'],
    ['2130706433', '127.0.0.1'],
    ['0x7f000001', '127.0.0.1'],
    ['127.0.0.1.', '127.0.0.1'],
    ['１２７.0.0.1', '127.0.0.1'],
    ['[::1]', '::1'],
    ['::1', '::1'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['2001:DB8::0:1', '2001:db8::1'],
    ['[::ffff:127.0.0.1]', '127.0.0.1'],
    ['::ffff:7f00:1', '127.0.0.1'],
    ['::FFFF:169.254.169.254', '169.254.169.254'],
  ])('%s is %s', (text, host) => {
    expect(canonicalHost(text)).toEqual({ ok: true, value: host })
  })

  test.each([
    '',
    '.',
    '..',
    'a..b',
    '.example.com',
    'example.com..',
    '*.example.com',
    '*',
    'example.com:443',
    'user@example.com',
    'https://example.com',
    'example.com/x',
    'example.com\\x',
    'example.com#x',
    'example.com?x',
    'exa mple.com',
    'example.com\n',
    'example.com\0',
    'exam\u00adple.com',
    'exam\u200bple.com',
    '\u202eexample.com',
    '%65xample.com',
    'example%2ecom',
    '-a.example',
    'a-.example',
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(130)}example`,
    '256.1.1.1',
    '1.2.3.4.5',
    '0x7f.0x0.0x0.0x100',
    'example.1',
    'fe80::1%eth0',
    '[fe80::1%25eth0]',
    '[::1',
    '::1]',
    '[127.0.0.1]',
    ':::',
    '1::2::3',
    'a:b',
    'ex<ample',
    "ex'ample",
    'ex"ample',
  ])('%j is refused', (text) => {
    expect(canonicalHost(text)).toMatchObject({ ok: false })
  })

  test('has one spelling: that of an answer is itself', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.domain(),
      fc.ipV4Extended(),
      fc.ipV6(),
      fc.ipV6().map((text) => `[${text}]`),
    )
    fc.assert(
      fc.property(texts, (text) => {
        const found = canonicalHost(text)
        if (!found.ok) return
        expect(found.value).toMatch(/^[a-z0-9._:-]+$/)
        expect(canonicalHost(found.value)).toEqual(found)
      }),
      { numRuns: 2_000 },
    )
  })

  test('every spelling of an IPv4 address is the address', () => {
    const number = fc.integer({ min: 0, max: 255 })
    const spelled = (n: number, way: number) => [String(n), `0x${n.toString(16)}`, `0${n.toString(8)}`][way] ?? ''
    fc.assert(
      fc.property(fc.tuple(number, number, number, number), fc.array(fc.nat(2), { minLength: 4 }), (address, ways) => {
        const [a, b, c, d] = address
        const value = address.join('.')
        const whole = ((a * 256 + b) * 256 + c) * 256 + d
        const spellings = [
          address.map((n, at) => spelled(n, ways[at] ?? 0)).join('.'),
          spelled(whole, ways[0] ?? 0),
          `${a}.${(b * 256 + c) * 256 + d}`,
          `::ffff:${value}`,
        ]
        for (const spelling of spellings) expect(canonicalHost(spelling)).toEqual({ ok: true, value })
      }),
    )
  })
})
