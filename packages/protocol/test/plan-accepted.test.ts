import { describe, expect, test } from 'vitest'
import { accepted, items } from './deployment.ts'

describe('an accepted plan', () => {
  test('has every default applied', () => {
    expect(accepted(items('  - { id: a, run: "true" }'))).toEqual({
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      workspace: {},
      items: [
        {
          id: 'a',
          run: 'true',
          needs: [],
          locks: [],
          gates: [],
          outputs: [],
          effects: 'write-impure',
          runtime: 'command',
          executor: 'sandbox',
          queue: 'default',
          priority: 0,
          timeoutMs: 3_600_000,
          retries: { max: 0, minDelayMs: 1_000, maxDelayMs: 300_000 },
          env: {},
          keepWorkspace: true,
        },
      ],
    })
  })

  test('has the agents of its items, or that of its defaults', () => {
    const two = '[{ id: a, run: x }, { id: b, run: x, agent: reader }]'
    const agents = (head: string) => accepted(`version: 1\n${head}items: ${two}`).items.map(({ agent }) => agent)
    expect(agents('')).toEqual([undefined, 'reader'])
    expect(agents('defaults: { agent: writer }\n')).toEqual(['writer', 'reader'])
  })

  test('has what it says, in the terms of the engine', () => {
    const plan = accepted(`
version: 1
name: fix
workspace: { git: ., ref: main, submodules: true, lfs: true, history: none, setup: { run: npm ci, key: [./package.json], paths: [node_modules], timeout: 90s } }
defaults: { executor: process, timeout: 20m, retries: { max: 2, minDelay: 500ms }, env: { A: a, B: b } }
budget: { wallClock: 1d }
queue: slow
items:
  - id: lint
    run: x
    locks: ["src/**", "./src//**", "name:deploy", "**", ./a//b, "name:deploy"]
    gates: [{ run: npm test, protect: ["test/**"] }, { run: y, timeout: 2h }]
    outputs: [{ path: ./reports/junit.xml, kind: junit }, { path: r.json, schema: &s { type: array } }, { path: ./r.json, schema: *s }]
    env: { B: c }
    priority: -100
  - id: all
    needs: { a: { from: lint, select: patch }, o: { from: lint, select: { output: reports/junit.xml } }, w: { from: lint, select: workspace } }
    run: y
    retries: { maxDelay: 2s }
    queue: default
  - { id: order, needs: [lint, all, lint], run: z, keepWorkspace: false, patch: required }
`)
    expect(plan).toMatchObject({
      name: 'fix',
      timeoutMs: 86_400_000,
      workspace: { git: '.', ref: 'main', submodules: true, lfs: true, history: 'none' },
      setup: { run: 'npm ci', key: ['package.json'], paths: ['node_modules'], timeoutMs: 90_000 },
    })
    const [lint, all, order] = plan.items
    expect(lint).toMatchObject({
      locks: [
        { type: 'tree', path: 'src' },
        { type: 'name', name: 'deploy' },
        { type: 'tree', path: '' },
        { type: 'path', path: 'a/b' },
      ],
      gates: [
        { run: 'npm test', protect: [{ type: 'tree', path: 'test' }], timeoutMs: 1_200_000 },
        { run: 'y', protect: [], timeoutMs: 7_200_000 },
      ],
      outputs: [
        { path: 'reports/junit.xml', kind: 'junit' },
        { path: 'r.json', schema: { type: 'array' } },
      ],
      env: { A: 'a', B: 'c' },
      priority: -100,
      queue: 'slow',
      executor: 'process',
      retries: { max: 2, minDelayMs: 500, maxDelayMs: 300_000 },
    })
    expect(all).toMatchObject({
      needs: [
        { name: 'a', from: 0, select: 'patch' },
        { name: 'o', from: 0, select: { output: 'reports/junit.xml' } },
        { name: 'w', from: 0, select: 'workspace' },
      ],
      queue: 'default',
      retries: { max: 2, minDelayMs: 500, maxDelayMs: 2_000 },
    })
    expect(order).toMatchObject({ needs: [{ from: 0 }, { from: 1 }], keepWorkspace: false, patch: 'required' })
  })

  test('has one digest, however it is written', () => {
    const yaml = accepted('{ version: 1, items: [{ run: "true", id: a }] }', 'yaml')
    const json = accepted('{"items":[{"id":"a","run":"true"}],"version":1.0}')
    const alias = accepted('version: 1\nitems:\n  - id: &x a\n    run: "true"\n')
    expect(yaml.digest).toBe(json.digest)
    expect(alias.digest).toBe(json.digest)
    // printf '{"items":[{"id":"a","run":"true"}],"version":1}' | sha256sum
    expect(json.digest).toBe('b97f9f4d3d3d06d0823e1648cfde12c3835adfbf90f20524030cf3a3e8a19686')
    expect(accepted(items('  - { id: a, run: "true", queue: default }')).digest).not.toBe(json.digest)
  })

  test('may use aliases, tags of the core schema, a byte order mark and CRLF', () => {
    const plan = accepted(
      '\uFEFFversion: 1\r\nitems:\r\n  - &a { id: a, run: !!str 5, env: &e { X: "1" } }\r\n  - { id: b, run: x, env: *e }\r\n',
    )
    expect(plan.items.map(({ run, env }) => [run, env['X']])).toEqual([
      ['5', '1'],
      ['x', '1'],
    ])
  })
})
