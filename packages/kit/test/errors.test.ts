import type { ErrorCode } from '@seamark/core'
import { describe, expect, it } from 'vitest'
import type * as Errors from '../src/errors.ts'
import { ERRORS, fromSystemError, hasCode, isSeamError, SeamError, systemCode, toSeamError } from '../src/index.ts'

// The table of the architecture: HTTP status, exit code.
const table: Record<ErrorCode, readonly [number, number]> = {
  INVALID_INPUT: [400, 2],
  UNAUTHENTICATED: [401, 3],
  FORBIDDEN: [403, 3],
  NOT_FOUND: [404, 4],
  CONFLICT: [409, 5],
  LIMIT_EXCEEDED: [429, 6],
  UNSUPPORTED: [501, 7],
  ABORTED: [499, 8],
  TIMEOUT: [504, 8],
  UNAVAILABLE: [503, 9],
  INTEGRITY: [500, 10],
  INTERNAL: [500, 1],
}

describe('the table of errors', () => {
  it('is the documented one', () => {
    expect(Object.fromEntries(Object.entries(ERRORS).map(([code, { http, exit }]) => [code, [http, exit]]))).toEqual(
      table,
    )
  })

  it('lets exactly what may pass be tried again, and stops where going on would harm', () => {
    const having = (consequence: string) =>
      Object.entries(ERRORS).flatMap(([code, entry]) => (entry.consequence === consequence ? [code] : []))
    expect(having('retry')).toEqual(['LIMIT_EXCEEDED', 'TIMEOUT', 'UNAVAILABLE'])
    expect(having('stop')).toEqual(['INTEGRITY', 'INTERNAL'])
  })
})

describe('a SeamError', () => {
  it('is one problem, or carries all of them', () => {
    const one = new SeamError('CONFLICT', 'what', { remedy: 'do', place: { pointer: '/items/0', line: 3 } })
    expect(one.problems).toEqual([
      { code: 'CONFLICT', message: 'what', remedy: 'do', place: { pointer: '/items/0', line: 3 } },
    ])
    const problems = [
      { code: 'INVALID_INPUT' as const, message: 'a' },
      { code: 'NOT_FOUND' as const, message: 'b' },
    ]
    expect(new SeamError('INVALID_INPUT', 'two', { problems }).problems).toEqual(problems)
    expect(one.consequence).toBe('terminal')
    expect(new SeamError('CONFLICT', 'x', { cause: one }).cause).toBe(one)
    expect('cause' in new SeamError('CONFLICT', 'x')).toBe(false)
  })

  it('is recognised across two copies of the package, and nothing else is', async () => {
    const copy: typeof Errors = await import(`../src/errors.ts${'?copy'}`)
    const foreign = new copy.SeamError('TIMEOUT', 'x')
    expect(copy.SeamError).not.toBe(SeamError)
    expect(isSeamError(foreign)).toBe(true)
    expect(hasCode(foreign, 'TIMEOUT')).toBe(true)
    expect(hasCode(foreign, 'CONFLICT')).toBe(false)
    expect(toSeamError(foreign)).toBe(foreign)
    for (const other of [new Error('x'), { code: 'TIMEOUT' }, null, undefined, 'TIMEOUT', 7])
      expect(isSeamError(other)).toBe(false)
  })
})

describe('other errors', () => {
  it('become INTERNAL, and aborts ABORTED', () => {
    expect(toSeamError(new Error('x')).code).toBe('INTERNAL')
    expect(toSeamError('x').code).toBe('INTERNAL')
    expect(toSeamError(new DOMException('x', 'AbortError')).code).toBe('ABORTED')
  })

  it.each([
    ['ENOSPC', 'LIMIT_EXCEEDED'],
    ['EDQUOT', 'LIMIT_EXCEEDED'],
    ['EFBIG', 'LIMIT_EXCEEDED'],
    ['EACCES', 'FORBIDDEN'],
    ['EPERM', 'FORBIDDEN'],
    ['EROFS', 'FORBIDDEN'],
    ['ENOENT', 'NOT_FOUND'],
    ['ENAMETOOLONG', 'INVALID_INPUT'],
    ['ENOTDIR', 'INVALID_INPUT'],
    ['EISDIR', 'INVALID_INPUT'],
    ['ELOOP', 'INVALID_INPUT'],
    ['EMFILE', 'UNAVAILABLE'],
    ['EIO', 'UNAVAILABLE'],
    ['EWHATEVER', 'INTERNAL'],
    ['constructor', 'INTERNAL'],
  ])('of the system: %s is %s', (system, code) => {
    const error = Object.assign(new Error('said the system'), { code: system })
    expect(systemCode(error)).toBe(system)
    expect(fromSystemError(error, 'Writing /x')).toMatchObject({ code, cause: error })
  })

  it('of the system leave a SeamError as it is', () => {
    const error = new SeamError('CONFLICT', 'x')
    expect(fromSystemError(error, 'Writing /x')).toBe(error)
    expect(systemCode('x')).toBeUndefined()
  })
})
