import { SeamError } from '@seamark/kit'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  colonPath,
  errorCode,
  fromProblemDocument,
  httpStatus,
  newRunId,
  openApiDocument,
  planJsonSchema,
  problemDocument,
  ROUTES,
  runEvent,
  toProblemDocument,
} from '../src/index.ts'
import { ERRORS } from '@seamark/kit'

const reference = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../docs/reference/${name}`, import.meta.url), 'utf8'))

describe('what is published', () => {
  test('is up to date (npm run format writes it)', () => {
    expect(reference('plan.schema.json')).toEqual(planJsonSchema())
    expect(reference('openapi.json')).toEqual(openApiDocument())
  })

  test('names every route and every field of a plan', () => {
    const { paths } = reference('openapi.json')
    for (const { id, method, path } of Object.values({ ...ROUTES }))
      expect(paths[path][method.toLowerCase()].operationId).toBe(id)
    expect(planJsonSchema()).toMatchObject({ required: ['version', 'items'], additionalProperties: false })
  })
})

describe('routes', () => {
  test('have a name of their own, and an address of their own', () => {
    const routes = Object.entries({ ...ROUTES })
    for (const [name, { id }] of routes) expect(id).toBe(name)
    expect(new Set(routes.map(([, { method, path }]) => `${method} ${path}`)).size).toBe(routes.length)
    expect(colonPath(ROUTES.item.path)).toBe('/v1/runs/:run/items/:item')
  })

  test('take their query as text', () => {
    expect(ROUTES.logs.query.parse({ from: '12', follow: 'true', attempt: '2', step: 'gate:1' })).toEqual({
      stream: 'stdout',
      from: 12,
      follow: true,
      attempt: 2,
      step: 'gate:1',
    })
    expect(ROUTES.runs.query.parse({})).toEqual({ limit: 100 })
    for (const bad of [
      { from: '-1' },
      { from: 'x' },
      { from: '1.5' },
      { follow: 'yes' },
      { step: 'gate:x' },
      { step: 'gate:-1' },
      { odd: '1' },
    ])
      expect(ROUTES.logs.query.safeParse(bad).success).toBe(false)
    for (const limit of ['0', '1001', 'all']) expect(ROUTES.items.query.safeParse({ limit }).success).toBe(false)
  })

  test('refuse ids that are no ids', () => {
    for (const run of ['..', 'a/b', 'A', '', '.', 'x'.repeat(64)])
      expect(ROUTES.run.params.safeParse({ run }).success).toBe(false)
    expect(ROUTES.run.params.safeParse({ run: newRunId() }).success).toBe(true)
  })
})

describe('problem documents', () => {
  test('keep code, problems and delay, and never the cause', () => {
    const problems = [{ code: 'LIMIT_EXCEEDED' as const, message: 'x', place: { pointer: '/a', line: 1, column: 2 } }]
    const error = new SeamError('LIMIT_EXCEEDED', 'Later.', { problems, retryAfterMs: 5, cause: new Error('secret') })
    const document: unknown = JSON.parse(JSON.stringify(toProblemDocument(error, 'r-1')))
    expect(document).toMatchObject({ type: 'urn:seamark:error:LIMIT_EXCEEDED', status: 429, requestId: 'r-1' })
    expect(JSON.stringify(document)).not.toContain('secret')
    expect(problemDocument.safeParse(document).success).toBe(true)
    expect(fromProblemDocument(document)).toMatchObject({ code: 'LIMIT_EXCEEDED', problems, retryAfterMs: 5 })
  })

  test('have the status of the table, and 413 where waiting does not help', () => {
    expect(httpStatus({ code: 'LIMIT_EXCEEDED' })).toBe(413)
    expect(httpStatus({ code: 'CONFLICT' })).toBe(409)
  })

  test.each([undefined, null, 5, {}, { type: 'about:blank', status: 400 }, { code: 'NEW' }])('%j is none', (value) => {
    expect(fromProblemDocument(value)).toBeUndefined()
  })

  test('know every code', () => {
    for (const code of Object.keys(ERRORS)) expect(errorCode.safeParse(code).success).toBe(true)
  })
})

test('run ids ascend with time and differ', async () => {
  const ids = new Set(Array.from({ length: 100 }, newRunId))
  expect(ids.size).toBe(100)
  const [first = ''] = ids
  await new Promise((resolve) => setTimeout(resolve, 3))
  expect(newRunId() > first).toBe(true)
})

test('an event of a newer service is taken', () => {
  const event = { type: 'record', seq: 1, at: 1, kind: 'intent.proposed', actor: 'engine', data: { a: [1] }, later: 1 }
  expect(runEvent.parse(event)).toMatchObject({ kind: 'intent.proposed' })
})
