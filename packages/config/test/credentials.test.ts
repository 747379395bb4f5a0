import { describe, expect, it } from 'vitest'
import { configProblems } from '../src/shape.ts'

const problemsOf = (way: unknown) => configProblems({ egress: { credentials: { key: way } } })

const oauth2 = { way: 'oauth2', tokenEndpoint: 'https://auth.example/token', clientId: 'a' }
const app = { way: 'github-app', appId: 'Iv23abc', installationId: 1, permissions: { contents: 'read' } }
const sigv4 = { way: 'sigv4', region: 'eu-central-1', service: 's3' }

describe('ways to add a credential', () => {
  it.each([
    oauth2,
    { ...oauth2, clientSecret: 'b', clientAuth: 'post', scope: 'read write' },
    app,
    { ...app, repositories: ['a'], added: 'basic', apiUrl: 'https://forge.example/api/v3' },
    sigv4,
    { ...sigv4, payload: 'unsigned' },
  ])('are taken: %j', (way) => {
    expect(problemsOf(way)).toEqual([])
  })

  it.each([
    [{ ...oauth2, tokenEndpoint: 'http://auth.example/token' }, 'tokenEndpoint'],
    [{ ...oauth2, refreshToken: 'a-value-in-the-wrong-place' }, 'refreshToken'],
    [{ ...app, apiUrl: 'file:///etc/passwd' }, 'apiUrl'],
    [{ ...app, permissions: { contents: 'everything' } }, 'permissions/contents'],
    [{ ...app, installationId: '1' }, 'installationId'],
    [{ ...sigv4, secretAccessKey: 'a-value-in-the-wrong-place' }, 'secretAccessKey'],
    [{ ...sigv4, payload: 'none' }, 'payload'],
  ])('are refused with their place: %j', (way, at) => {
    const problems = problemsOf(way)
    expect(problems).toMatchObject([{ code: 'INVALID_INPUT', place: { pointer: `/egress/credentials/key/${at}` } }])
    expect(JSON.stringify(problems)).not.toContain('a-value-in-the-wrong-place')
  })
})
