import type { EgressRule } from '@seamark/core'
import { describe, expect, test } from 'vitest'
import { checkPolicy, egressMatcher, matchEgress } from '../src/index.ts'
import type { EgressRequest } from '../src/index.ts'

const policy = {
  network: {
    allow: [
      {
        host: 'api.example',
        mode: 'endpoint',
        methods: ['POST'],
        paths: ['/v1/messages*', '/v1/count'],
        inject: 'key',
        meter: 'tokens',
      },
      { host: 'api.example', mode: 'endpoint', methods: ['GET'], paths: ['/v1/models'], inject: 'other' },
      { host: 'registry.example', mode: 'intercept', methods: ['GET'] },
      { host: 'mirror.example', mode: 'tunnel', port: 8443 },
      { host: '10.0.0.1', mode: 'intercept', paths: ['/*'] },
    ] satisfies EgressRule[],
  },
}
const { match, modes } = egressMatcher(policy)
const api = { host: 'api.example', port: 443, mode: 'endpoint', method: 'POST', path: '/v1/messages' } as const

describe('a request', () => {
  const allowed: [string, EgressRequest, number][] = [
    ['that a rule names', api, 0],
    ['with a query', { ...api, path: '/v1/messages?a=../..' }, 0],
    ['with more than a prefix', { ...api, path: '/v1/messages/batches' }, 0],
    ['with letters encoded', { ...api, path: '/v1/%6Dessages' }, 0],
    ['to a host in another spelling', { ...api, host: 'API.example.' }, 0],
    ['by another rule', { ...api, method: 'GET', path: '/v1/models' }, 1],
    [
      'where any path is allowed',
      { host: 'registry.example', port: 443, mode: 'intercept', method: 'GET', path: '/@a%2fb' },
      2,
    ],
    ['in a tunnel', { host: 'mirror.example', port: 8443, mode: 'tunnel' }, 3],
    ['to an address in an odd spelling', { host: '0xa.1', port: 443, mode: 'intercept', method: 'PUT', path: '/x' }, 4],
  ]
  test.each(allowed)('%s is allowed', (_, request, index) => {
    expect(match(request)).toMatchObject({ allowed: true, index })
  })

  const refused: [string, EgressRequest, string][] = [
    ['to another host', { ...api, host: 'api.example.evil' }, 'host'],
    ['to a host below', { ...api, host: 'x.api.example' }, 'host'],
    ['to a host with a hidden character', { ...api, host: 'api.exam\u00adple' }, 'unclear-host'],
    ['to a host with a NUL', { ...api, host: 'api.example\0.evil' }, 'unclear-host'],
    ['to another port', { ...api, port: 80 }, 'port'],
    ['in another mode', { ...api, mode: 'intercept' }, 'mode'],
    ['in a tunnel around a secret', { host: 'api.example', port: 443, mode: 'tunnel' }, 'mode'],
    ['with another method', { ...api, method: 'DELETE' }, 'method'],
    ['with a method in lower case', { ...api, method: 'post' }, 'method'],
    ['with CONNECT', { host: '10.0.0.1', port: 443, mode: 'intercept', method: 'CONNECT', path: '/' }, 'method'],
    ['with the method of another rule', { ...api, method: 'GET' }, 'path'],
    ['to another path', { ...api, path: '/v1/files' }, 'path'],
    ['to a literal path and more', { ...api, path: '/v1/count/x' }, 'path'],
    ['that goes up', { ...api, path: '/v1/messages/../files' }, 'unclear-path'],
    ['that goes up, encoded', { ...api, path: '/v1/messages/%2e%2e/files' }, 'unclear-path'],
    ['that goes up with a parameter', { ...api, path: '/v1/messages/..;/files' }, 'unclear-path'],
    ['with an encoded slash', { ...api, path: '/v1/messages%2f..%2ffiles' }, 'unclear-path'],
    ['with a backslash', { ...api, path: '/v1/messages\\..\\files' }, 'unclear-path'],
    ['with an encoded NUL', { ...api, path: '/v1/messages%00' }, 'unclear-path'],
    ['in absolute form', { ...api, path: 'http://api.example/v1/messages' }, 'unclear-path'],
    ['without a path', { ...api, path: '' }, 'unclear-path'],
  ]
  test.each(refused)('%s is refused', (_, request, reason) => {
    expect(match(request)).toEqual({ allowed: false, reason })
  })

  test('is refused where there are no rules', () => {
    expect(matchEgress({}, api)).toEqual({ allowed: false, reason: 'host' })
    expect(matchEgress({ network: { allow: [] } }, api)).toEqual({ allowed: false, reason: 'host' })
  })

  test('may come only in modes that a rule has', () => {
    expect(modes('API.EXAMPLE', 443)).toEqual(['endpoint'])
    expect(modes('mirror.example', 8443)).toEqual(['tunnel'])
    expect(modes('mirror.example', 443)).toEqual([])
    expect(modes('a b', 443)).toEqual([])
  })
})

describe('a rule with a secret for every path', () => {
  const { match } = egressMatcher({
    network: {
      allow: [
        { host: 'npm.example', mode: 'intercept', paths: ['/*'], inject: 'token' },
        { host: 'part.example', mode: 'intercept', paths: ['/@a*'], inject: 'token' },
      ],
    },
  })
  const get = { host: 'npm.example', port: 443, mode: 'intercept', method: 'GET' } as const
  test.each(['/@a%2fb', '/x/../y', '/x%00'])('takes %s, which servers read in different ways', (path) => {
    expect(match({ ...get, path })).toMatchObject({ allowed: true, index: 0 })
  })
  test.each(['', '*', 'http://npm.example/', '/a\\b', '/a b'])('does not take %j, which is no path', (path) => {
    expect(match({ ...get, path })).toEqual({ allowed: false, reason: 'unclear-path' })
  })
  test('is the only one that does', () => {
    expect(match({ ...get, host: 'part.example', path: '/@a%2fb' })).toEqual({ allowed: false, reason: 'unclear-path' })
  })
})

describe('rules that can not be enforced as written', () => {
  const a = { host: 'a.example', mode: 'endpoint' } as const
  const cases: [string, EgressRule[], string[]][] = [
    ['a secret in a tunnel', [{ ...a, mode: 'tunnel', inject: 'k' }], ['/network/allow/0/inject']],
    ['methods in a tunnel', [{ ...a, mode: 'tunnel', methods: ['GET'] }], ['/network/allow/0/methods']],
    ['paths in a tunnel', [{ ...a, mode: 'tunnel', paths: ['/'] }], ['/network/allow/0/paths']],
    ['a meter in a tunnel', [{ ...a, mode: 'tunnel', meter: 'm' }], ['/network/allow/0/meter']],
    [
      'everything at once',
      [{ host: '*', port: 0, mode: 'tunnel', methods: ['get'], paths: ['/../*'], inject: 'K', meter: '' }],
      ['host', 'port', 'methods/0', 'paths/0', 'inject', 'meter', 'methods', 'paths', 'inject', 'meter'].map(
        (field) => `/network/allow/0/${field}`,
      ),
    ],
    ['a secret without paths', [{ ...a, inject: 'k' }], ['/network/allow/0/inject']],
    [
      'a tunnel around a secret',
      [
        { ...a, inject: 'k', paths: ['/a'] },
        { ...a, mode: 'tunnel' },
      ],
      ['/network/allow/1/mode'],
    ],
    [
      'a tunnel around a meter',
      [
        { ...a, mode: 'tunnel' },
        { ...a, meter: 'm' },
      ],
      ['/network/allow/0/mode'],
    ],
    [
      'a tunnel around an interception',
      [
        { ...a, mode: 'tunnel' },
        { ...a, mode: 'intercept' },
      ],
      ['/network/allow/0/mode'],
    ],
    [
      'a way to a host with a secret, without paths',
      [
        { ...a, inject: 'k', paths: ['/a'] },
        { ...a, methods: ['PUT'] },
      ],
      ['/network/allow/1'],
    ],
    [
      'two secrets for one request',
      [
        { ...a, inject: 'k', paths: ['/a*'] },
        { ...a, inject: 'l', paths: ['/a/b'] },
      ],
      ['/network/allow/1'],
    ],
    [
      'two spellings of a host',
      [
        { ...a, inject: 'k', paths: ['/a*'] },
        { ...a, host: 'A.example.', inject: 'l', paths: ['/a'], port: 443 },
      ],
      ['/network/allow/1'],
    ],
    ['a meter for some of the same requests', [a, { ...a, paths: ['/a'], meter: 'm' }], ['/network/allow/1']],
    ['CONNECT', [{ ...a, methods: ['CONNECT'] }], ['/network/allow/0/methods/0']],
    ['no methods', [{ ...a, methods: [] }], ['/network/allow/0/methods']],
    ['no paths', [{ ...a, paths: [] }], ['/network/allow/0/paths']],
    ['a star inside a path', [{ ...a, paths: ['/a/*/b'] }], ['/network/allow/0/paths/0']],
    ['a query in a path', [{ ...a, paths: ['/a?b=*'] }], ['/network/allow/0/paths/0']],
    ['half an encoding in a path', [{ ...a, paths: ['/a%4*'] }], ['/network/allow/0/paths/0']],
  ]
  test.each(cases)('%s', (_, allow, pointers) => {
    const problems = checkPolicy({ network: { allow } })
    expect(problems.map(({ place }) => place?.pointer)).toEqual(pointers)
    for (const { code, remedy } of problems) {
      expect(code).toBe('INVALID_INPUT')
      expect(remedy).toBeTruthy()
    }
    expect(() => egressMatcher({ network: { allow } })).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })

  test('two secrets for different requests are fine', () => {
    const allow: EgressRule[] = [
      { ...a, inject: 'k', paths: ['/a'] },
      { ...a, inject: 'l', paths: ['/b'] },
      { ...a, paths: ['/c'] },
      { ...a, inject: 'l', paths: ['/a'], port: 80 },
    ]
    expect(checkPolicy({ network: { allow } })).toEqual([])
  })
})
