import { describe, expect, it } from 'vitest'
import { systemClock } from '@seamark/kit'
import { egressGateway } from '@seamark/gateway'
import { metersOf } from '../src/meters.ts'
import { authorityFrom } from '../src/names.ts'
import { addressFilter } from '../src/ranges.ts'
import { checkRules } from '../src/rules.ts'
import { targetFrom } from '../src/target.ts'

describe('names', () => {
  it.each([
    'a..b',
    '.a',
    '-a.b',
    'a b',
    'bücher.example',
    '',
    '*',
    '[::1',
    '[fe80::1%1]',
    'u@a.example',
    'a.example:65536',
    'a.example:+1',
    'a.0x',
    'a'.repeat(64),
  ])('takes %j for no host', (text) => expect(authorityFrom(text, 443)).toBeUndefined())
  it.each([
    ['API.Example', 'api.example'],
    ['api.example.', 'api.example'],
    ['0x7f.1', '127.0.0.1'],
    ['2130706433', '127.0.0.1'],
    ['[::ffff:127.0.0.1]', '127.0.0.1'],
    ['[2001:DB8:0:0::1]', '2001:db8::1'],
  ])('gives %j one spelling', (text, host) => {
    expect(authorityFrom(`${text}:8443`)).toEqual({ host, port: 8_443 })
    expect(authorityFrom(text, 443)).toEqual({ host, port: 443 })
  })
})

describe('targets', () => {
  it('keeps one that is unclear as it came, and gives others one spelling', () => {
    expect(targetFrom('/%76%31/x?a=%2e')).toEqual({ path: '/v1/x', query: '?a=%2e' })
    expect(targetFrom('/@scope%2fname')).toEqual({ path: '/@scope%2fname', query: '' })
  })
  it.each(['', '*', 'v1', '/a b', '/%zz', '/a\\b', '/a?b c'])('takes %j for none', (text) => {
    expect(targetFrom(text)).toBeUndefined()
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

const meters = metersOf({ own: { hosts: { 'models.example': 'openai', '::1': 'anthropic' } } }, systemClock)

describe('rules', () => {
  it.each([
    [{ host: '*.example', mode: 'endpoint' }, '/rules/0/host'],
    [{ host: 'a.example', port: 0, mode: 'endpoint' }, '/rules/0/port'],
    [{ host: 'a.example', mode: 'tunnel', methods: ['GET'] }, '/rules/0/methods'],
    [{ host: 'a.example', mode: 'tunnel', inject: 'key', paths: ['/*'] }, '/rules/0/inject'],
    [{ host: 'a.example', mode: 'endpoint', methods: ['get'] }, '/rules/0/methods/0'],
    [{ host: 'a.example', mode: 'endpoint', paths: ['/a*b'] }, '/rules/0/paths/0'],
    [{ host: 'a.example', mode: 'endpoint', inject: 'key' }, '/rules/0/inject'],
    [{ host: 'a.example', mode: 'endpoint', inject: 'nokey', paths: ['/*'] }, '/rules/0/inject'],
    [{ host: 'api.anthropic.com', mode: 'endpoint', meter: 'nobody' }, '/rules/0/meter'],
    [{ host: 'a.example', mode: 'endpoint', meter: 'model' }, '/rules/0/meter'],
    [{ host: 'models.example', mode: 'endpoint', meter: 'model' }, '/rules/0/meter'],
    [{ host: 'api.openai.com', mode: 'tunnel', meter: 'model' }, '/rules/0/meter'],
  ] as const)('refuses %j', (rule, pointer) => {
    expect(() => checkRules([rule], new Set(['key']), meters)).toThrow(
      expect.objectContaining({
        code: 'INVALID_INPUT',
        problems: expect.arrayContaining([expect.objectContaining({ place: { pointer } })]),
      }),
    )
  })
  it.each([
    { host: 'API.Anthropic.com.', mode: 'endpoint', meter: 'model' },
    { host: 'bedrock-runtime.eu-west-1.amazonaws.com', mode: 'intercept', meter: 'model' },
    { host: 'models.example', mode: 'intercept', meter: 'own' },
    { host: '[::1]', mode: 'endpoint', meter: 'own' },
  ] as const)('take %j, whose calls a meter reads', (rule) => {
    expect(checkRules([rule], new Set(), meters).hosts(rule.mode)).toHaveLength(1)
  })
  it('refuses a host that is both a tunnel and intercepted', () => {
    const rules = [
      { host: 'a.example', mode: 'tunnel' },
      { host: 'a.example', mode: 'intercept' },
    ] as const
    expect(() => checkRules(rules, new Set(), meters)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })
})

describe('options', () => {
  it.each([
    { limits: { idleMs: 0 } },
    { limits: { maxHeaders: 1.5 } },
    { credentials: { a: { way: 'header', header: 'Host' } } },
    { credentials: { a: { way: 'header', header: 'a b' } } },
    { credentials: { a: { way: 'basic', user: 'a:b' } } },
  ] as const)('refuses %j', (options) => {
    expect(() => egressGateway(options)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })

  const price = { from: '2026-01-01', source: 'https://a.example/', nanoUsdPerToken: { input: 1, output: 1.5 } }
  it.each([
    [{ 'a/b': { maxOutputTokens: 0 } }, '/meters/a~1b/maxOutputTokens'],
    [{ m: { hosts: { 'A.example': 'openai' } } }, '/meters/m/hosts/A.example'],
    [
      { m: { prices: [{ provider: 'openai', model: 'x', prices: [price] }] } },
      '/meters/m/prices/0/prices/0/nanoUsdPerToken/output',
    ],
  ] as const)('refuses the meters %j with their place', (given, pointer) => {
    expect(() => egressGateway({ meters: given })).toThrow(
      expect.objectContaining({
        code: 'INVALID_INPUT',
        problems: [expect.objectContaining({ place: { pointer } })],
      }),
    )
  })
})
