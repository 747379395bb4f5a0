import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { egressGateway } from '@seamark/gateway'
import { authorityFrom, hostFrom } from '../src/names.ts'
import { isPathPattern, pathMatches, targetFrom } from '../src/path.ts'
import { addressFilter } from '../src/ranges.ts'
import { checkRules } from '../src/rules.ts'
import { needlesOf, scrubber } from '../src/scrub.ts'

describe('scrubber', () => {
  // Ends as it begins: its end is held back as what may be the beginning of another.
  const secret = 'aab-SECRET/aab+SECRET?aab'
  const needles = needlesOf([Buffer.from(secret)])

  it('answers alike however a stream is cut, with the same length, and never with the secret', () => {
    const parts = fc.array(
      fc.oneof(
        fc.constantFrom(secret, secret.slice(0, 9), secret.slice(3), Buffer.from(secret).toString('base64')),
        fc.string(),
      ),
      { maxLength: 8 },
    )
    fc.assert(
      fc.property(parts, fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 40 }), (texts, sizes) => {
        const bytes = Buffer.from(texts.join(''))
        const whole = scrubber(needles)
        const expected = Buffer.concat([whole.push(bytes), whole.end()])
        const pieces = scrubber(needles)
        const out: Buffer[] = []
        let at = 0
        for (const size of [...sizes, bytes.length])
          out.push(Buffer.from(pieces.push(bytes.subarray(at, (at += size)))))
        out.push(pieces.end())
        expect(Buffer.concat(out).toString('latin1')).toBe(expected.toString('latin1'))
        expect(expected).toHaveLength(bytes.length)
        for (const needle of needles) expect(expected.includes(needle)).toBe(false)
      }),
      { numRuns: 1_000 },
    )
  })

  it('changes nothing else, and holds back only what may be the beginning of a secret', () => {
    const scrub = scrubber(needles)
    expect(scrub.push(Buffer.from('plain text aab')).toString()).toBe('plain text ')
    expect(scrub.push(Buffer.from('-x')).toString()).toBe('aab-x')
    expect(scrub.end()).toHaveLength(0)
  })

  it('finds base64 of the secret within longer values of any alignment', () => {
    for (const before of ['', 'u', 'us', 'use', 'user:']) {
      const scrub = scrubber(needles)
      const text = Buffer.from(`${before}${secret}after`).toString('base64')
      const out = Buffer.concat([scrub.push(Buffer.from(text)), scrub.end()]).toString()
      expect(Buffer.from(out.replaceAll('*', 'A'), 'base64').toString('latin1')).not.toContain('SECRET')
    }
  })
})

describe('names', () => {
  it.each([
    '0x7f.1',
    '0x7f000001',
    '127.1',
    '017700000001',
    '2130706433',
    '1.2.3.4.5',
    'a.0x',
    'a..b',
    '.a',
    'a.',
    '-a.b',
    'a b',
    'bücher.example',
    '',
    '*',
    '[::1',
    '[fe80::1%1]',
    'a'.repeat(64),
  ])('takes %j for no host', (text) => expect(hostFrom(text)).toBeUndefined())
  it('gives each host one spelling', () => {
    expect(hostFrom('API.Example')).toBe('api.example')
    expect(hostFrom('[2001:DB8:0:0::1]')).toBe('2001:db8::1')
    expect(authorityFrom('[::1]:443')).toEqual({ host: '::1', port: 443 })
    expect(authorityFrom('a.example:65536')).toBeUndefined()
    expect(authorityFrom('a.example:+1')).toBeUndefined()
  })
})

describe('paths', () => {
  it('never matches a pattern with a path that resolves outside of it', () => {
    const piece = fc.constantFrom(
      'v1',
      '.',
      '..',
      '/',
      '//',
      '%2e',
      '%2E',
      '%2f',
      '%5c',
      ';',
      '..;',
      '%25',
      'x',
      '%76',
      '%00',
      '\\',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
        const target = targetFrom(`/v1/${pieces.join('')}`)
        if (target === undefined || target.ambiguous || !pathMatches('/v1/*', target.path)) return
        // What a server makes of it that decodes twice, turns backslashes and drops parameters.
        const decoded = decodeURIComponent(decodeURIComponent(target.path))
          .replaceAll('\\', '/')
          .replace(/;[^/]*/g, '')
        expect(new URL(decoded, 'http://a').pathname.startsWith('/v1/')).toBe(true)
      }),
      { numRuns: 3_000 },
    )
  })
  it('takes patterns with one star at the end', () => {
    for (const good of ['/', '/*', '/v1/messages*', '/v1/a-b']) expect(isPathPattern(good)).toBe(true)
    for (const bad of ['', '*', 'v1', '/a*b', '/**', '/../x', '/a?b', '/%2e', '/a//b', '/%76'])
      expect(isPathPattern(bad)).toBe(false)
  })
})

describe('addresses', () => {
  it('knows public ones', () => {
    const allowed = addressFilter([])
    for (const address of ['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1', '2a00:1450::1'])
      expect(allowed(address)).toBe(true)
  })
  it('grants what the deployment grants and no more', () => {
    const allowed = addressFilter(['10.20.0.0/16', 'fd12::/16'])
    expect(['10.20.1.1', 'fd12::1', '10.21.0.1', 'fd13::1', '::ffff:10.20.1.1'].map(allowed)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ])
  })
  it.each(['10.0.0.0', '10.0.0.0/33', 'x/8', '::/129', '10.0.0.0/8/8', '', '10.0.0.0/'])(
    'refuses the range %j',
    (range) => {
      expect(() => addressFilter([range])).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
    },
  )
})

describe('rules', () => {
  it.each([
    [{ host: 'API.example', mode: 'endpoint' }, '/rules/0/host'],
    [{ host: '*.example', mode: 'endpoint' }, '/rules/0/host'],
    [{ host: 'a.example', port: 0, mode: 'endpoint' }, '/rules/0/port'],
    [{ host: 'a.example', mode: 'tunnel', methods: ['GET'] }, '/rules/0/mode'],
    [{ host: 'a.example', mode: 'tunnel', inject: 'key', paths: ['/*'] }, '/rules/0/mode'],
    [{ host: 'a.example', mode: 'endpoint', methods: ['get'] }, '/rules/0/methods'],
    [{ host: 'a.example', mode: 'endpoint', paths: ['/a*b'] }, '/rules/0/paths'],
    [{ host: 'a.example', mode: 'endpoint', inject: 'key' }, '/rules/0/paths'],
    [{ host: 'a.example', mode: 'endpoint', inject: 'nokey', paths: ['/*'] }, '/rules/0/inject'],
  ] as const)('refuses %j', (rule, pointer) => {
    expect(() => checkRules([rule], new Set(['key']))).toThrow(
      expect.objectContaining({
        code: 'INVALID_INPUT',
        problems: expect.arrayContaining([expect.objectContaining({ place: { pointer } })]),
      }),
    )
  })
  it('refuses a host that is both a tunnel and intercepted', () => {
    const rules = [
      { host: 'a.example', mode: 'tunnel' },
      { host: 'a.example', mode: 'intercept' },
    ] as const
    expect(() => checkRules(rules, new Set())).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })
})

describe('options', () => {
  const decided = (): Promise<void> => Promise.resolve()
  it.each([
    { limits: { idleMs: 0 } },
    { limits: { maxHeaders: 1.5 } },
    { credentials: { a: { way: 'header', header: 'Host' } } },
    { credentials: { a: { way: 'header', header: 'a b' } } },
    { credentials: { a: { way: 'basic', user: 'a:b' } } },
  ] as const)('refuses %j', (options) => {
    expect(() => egressGateway({ decided, ...options })).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })
})
