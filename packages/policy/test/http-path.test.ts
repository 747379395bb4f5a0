import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalPath } from '../src/index.ts'

describe('the path of a request', () => {
  test.each([
    ['/', '/'],
    ['/v1/messages', '/v1/messages'],
    ['/v1/', '/v1/'],
    ['/v1/%6dessages', '/v1/messages'],
    ['/v1/%7Ea%2d', '/v1/~a-'],
    ['/a%3ab%20c', '/a%3Ab%20c'],
    ['/a;x=1/b', '/a;x=1/b'],
    ['/.well-known/x', '/.well-known/x'],
    ['/a..b/...c', '/a..b/...c'],
    ['/@scope/name', '/@scope/name'],
  ])('%s is %s', (text, path) => {
    expect(canonicalPath(text)).toEqual({ ok: true, value: path })
  })

  test.each([
    '',
    'v1',
    '*',
    'http://host/v1',
    '//v1',
    '/v1//messages',
    '/v1/./messages',
    '/v1/../admin',
    '/..',
    '/v1/.',
    '/v1/..;/admin',
    '/v1/..;x=1/admin',
    '/;/admin',
    '/v1/.%20/x',
    '/v1/..%20/x',
    '/v1/.../x',
    '/v1/%2e%2e/admin',
    '/v1/%2E/admin',
    '/v1/.%2e/admin',
    '/v1%2fadmin',
    '/v1%2Fadmin',
    '/v1%5cadmin',
    '/v1\\..\\admin',
    '/v1/%00',
    '/v1/%0a',
    '/v1/%7f',
    '/v1/%252e%252e/admin',
    '/v1/%25',
    '/v1/..%3b/admin',
    '/v1/%c0%ae%c0%ae/admin',
    '/v1/%c0%af',
    '/v1/%ef%bc%8f',
    '/v1/%e2%88%95',
    '/v1/%2',
    '/v1/%zz',
    '/v1/%u002e',
    '/v1/\0',
    '/v1/a b',
    '/v1/a\tb',
    '/v1/é',
    '/v1?x',
    '/v1#x',
    `/${'a'.repeat(20_000)}`,
  ])('%j is refused', (text) => {
    expect(canonicalPath(text)).toMatchObject({ ok: false })
  })

  test('has one spelling, and no server that decodes, folds or resolves it leaves its prefix', () => {
    const piece = fc.constantFrom(
      ...'a./\\;%~'.split(''),
      '..',
      '%2e',
      '%2F',
      '%5c',
      '%61',
      '%25',
      '%00',
      '%C3%A9',
      ' ',
      '..;',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = `/v1/${pieces.join('')}`
        const found = canonicalPath(text)
        if (!found.ok) return
        expect(canonicalPath(found.value)).toEqual(found)
        const once = decodeURIComponent(text)
        for (const read of [
          text,
          once,
          decodeURIComponent(once),
          once.replaceAll('\\', '/'),
          once.replaceAll(/;[^/]*/g, ''),
        ])
          expect(new URL(read, 'http://host').pathname.startsWith('/v1/')).toBe(true)
        expect(new URL(text, 'http://host').pathname.split('/').length).toBe(once.split('/').length)
      }),
      { numRuns: 5_000 },
    )
  })
})
