import type { AgentDefinition, AgentFile, JsonObject } from '@seamark/core'
import { sha256Hex } from '@seamark/kit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import {
  AGENT_LIMITS,
  importClaudeAgent,
  agentReference,
  checkAgentFiles,
  parseAgent,
  parseMcpServers,
  writeManifest,
} from '../src/index.ts'

const DEFINITION: JsonObject = {
  name: 'docs-writer',
  version: 3,
  description: 'Writes what the code does.',
  runtime: 'claude-code',
  model: 'm-1',
  effort: 'low',
  input: { type: 'object', properties: { page: { type: 'string' } }, required: ['page'] },
  outputs: [{ path: 'out/report.json', schema: { type: 'object' } }],
  policy: { limits: { cpu: 0.5, memory: '1GiB' }, tools: { deny: ['curl *'] } },
}

const parse = (value: JsonObject, style: { flow?: boolean } = {}) =>
  parseAgent(Buffer.from(stringify(value, style.flow === true ? { collectionStyle: 'flow' } : {})))
function definitionOf(value: JsonObject, flow = false): AgentDefinition {
  const result = parse(value, { flow })
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result.agent.definition
}
const file = fc.record({
  path: fc.stringMatching(/^skills\/[a-z]{1,8}\/[a-z]{1,8}\.md$/),
  sha256: fc.stringMatching(/^[0-9a-f]{64}$/),
  size: fc.nat(),
})
const files = fc.uniqueArray(file, { selector: ({ path }) => path, maxLength: 8 })

describe('the digest of an agent', () => {
  const digestOf = (definition: AgentDefinition, list: readonly AgentFile[]) => writeManifest(definition, list).digest
  const written = definitionOf(DEFINITION)

  it('does not depend on the order of its files, nor on how agent.yaml is laid out', () => {
    const laidOut = definitionOf(Object.fromEntries(Object.entries(DEFINITION).toReversed()), true)
    const shuffled = files.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    )
    fc.assert(
      fc.property(shuffled, ([list, other]) => {
        expect(digestOf(laidOut, other)).toBe(digestOf(written, list))
      }),
    )
  })

  it('depends on every byte, name and word', () => {
    const later = definitionOf({ ...DEFINITION, version: 4 })
    const another = definitionOf({ ...DEFINITION, description: 'Another.' })
    fc.assert(
      fc.property(files, (list) => {
        const all = new Set([
          digestOf(written, list),
          digestOf(later, list),
          digestOf(another, list),
          ...list.map((_, at) => digestOf(written, list.toSpliced(at, 1))),
          ...list.map((one, at) => digestOf(written, list.with(at, { ...one, sha256: sha256Hex(one.sha256) }))),
          ...list.map((one, at) => digestOf(written, list.with(at, { ...one, path: `${one.path}x` }))),
        ])
        expect(all.size).toBe(3 + 3 * list.length)
      }),
    )
  })

  it('is that of the bytes that are stored', () => {
    const result = parse(DEFINITION)
    if (!result.ok) throw new Error('refused')
    const { bytes, digest } = writeManifest(result.agent.definition, [])
    expect(sha256Hex(bytes)).toBe(digest)
    expect(JSON.parse(Buffer.from(bytes).toString())).toEqual({ v: 1, definition: DEFINITION, files: [] })
  })
})

describe('agent.yaml', () => {
  const problems = (text: string) => {
    const result = parseAgent(Buffer.from(text))
    return result.ok ? [] : result.problems.map(({ code, place }) => [code, place?.pointer, place?.line])
  }

  it('is refused with all problems at once, each in its place', () => {
    expect(problems('name: Docs Writer\nversion: 0\nrole: x\nmodel: -x\n')).toEqual([
      ['INVALID_INPUT', '/name', 1],
      ['INVALID_INPUT', '/version', 2],
      ['INVALID_INPUT', '/role', 3],
    ])
    expect(
      problems(
        'name: a\nversion: 1\nmodel: "-x"\ninput:\n  type: strin\noutputs:\n  - path: /abs\npolicy:\n  tools:\n    deny: [""]\n',
      ),
    ).toEqual([
      ['INVALID_INPUT', '/model', 3],
      ['INVALID_INPUT', '/input/type', 5],
      ['INVALID_INPUT', '/outputs/0', 7],
      ['INVALID_INPUT', '/policy/tools/deny/0', 10],
    ])
    expect(problems('name: a\nversion: 1\npolicy:\n  limit: {}\n')).toEqual([['INVALID_INPUT', '/policy/limit', 4]])
  })

  it('is refused where it is no map, no YAML, no UTF-8 or too long', () => {
    for (const text of ['', '- a', 'name: [', 'a: 1\na: 2', '---\nname: a\n---\nname: b\n'])
      expect(problems(text).length, text).toBeGreaterThan(0)
    expect(parseAgent(Buffer.from([0xff]))).toMatchObject({ ok: false, problems: [{ code: 'INVALID_INPUT' }] })
    const long = `name: a\nversion: 1\n${'#'.repeat(AGENT_LIMITS.definitionBytes)}`
    expect(problems(long)).toEqual([['LIMIT_EXCEEDED', '', undefined]])
  })
})

describe('the files of an agent', () => {
  const codes = (...paths: string[]) =>
    checkAgentFiles(paths.map((path) => ({ path, size: 1 }))).map(({ code }) => code)

  it('are instructions, skills and MCP servers', () => {
    expect(codes('AGENTS.md', '.mcp.json', 'skills/a/SKILL.md', 'skills/a/scripts/x.sh')).toEqual([])
    expect(codes('CLAUDE.md')).toEqual([])
    expect(codes()).toEqual([])
  })

  it('have no other name, no second spelling and no way out', () => {
    for (const path of [
      'README.md',
      '../AGENTS.md',
      '/etc/passwd',
      'skills/../AGENTS.md',
      'skills//a',
      'skills/a b/SKILL.md',
      'a\\b',
      'skills/x',
    ])
      expect(codes(path).length, path).toBeGreaterThan(0)
    expect(codes('AGENTS.md', 'CLAUDE.md')).toEqual(['INVALID_INPUT'])
    expect(codes('skills/a/SKILL.md', 'skills/a/x', 'skills/a/X')).toEqual(['INVALID_INPUT'])
    expect(codes('skills/a/SKILL.md', 'skills/a/x', 'skills/a/x/y')).toEqual(['INVALID_INPUT'])
    expect(codes('skills/a/readme')).toEqual(['INVALID_INPUT'])
    expect(codes('AGENTS.md', 'AGENTS.md')).toEqual(['INVALID_INPUT'])
  })

  it('are bounded', () => {
    const { fileBytes, files: most, parts, textBytes, totalBytes } = AGENT_LIMITS
    const size = (path: string, bytes: number) => checkAgentFiles([{ path, size: bytes }]).map(({ code }) => code)
    expect(size('AGENTS.md', textBytes)).toEqual([])
    expect(size('AGENTS.md', textBytes + 1)).toEqual(['LIMIT_EXCEEDED'])
    const skill = { path: 'skills/a/SKILL.md', size: 1 }
    const big = [1, 2, 3, 4].map((n) => ({ path: `skills/a/${n}`, size: fileBytes }))
    expect(checkAgentFiles([skill, { path: 'skills/a/x', size: fileBytes + 1 }]).length).toBe(1)
    expect(4 * fileBytes).toBe(totalBytes)
    expect(checkAgentFiles([skill, ...big]).map(({ code }) => code)).toEqual(['LIMIT_EXCEEDED'])
    const many = Array.from({ length: most + 1 }, (_, n) => ({ path: `skills/a/${n}`, size: 0 }))
    expect(checkAgentFiles(many).map(({ code }) => code)).toEqual(['LIMIT_EXCEEDED'])
    const skills = Array.from({ length: parts + 1 }, (_, n) => ({ path: `skills/s${n}/SKILL.md`, size: 0 }))
    expect(checkAgentFiles(skills).map(({ code }) => code)).toEqual(['LIMIT_EXCEEDED'])
  })
})

describe('.mcp.json', () => {
  const ok = (value: unknown) => parseMcpServers(Buffer.from(JSON.stringify(value))).ok
  it('names servers that are started or reached from inside', () => {
    expect(ok({ mcpServers: { a: { command: 'node', args: ['x'], env: { A: '1' } } } })).toBe(true)
    expect(ok({ mcpServers: { a: { type: 'http', url: 'https://mcp.example/x', headers: { accept: '*/*' } } } })).toBe(
      true,
    )
  })
  const problemsOf = (mcpServers: unknown) => {
    const result = parseMcpServers(Buffer.from(JSON.stringify({ mcpServers })))
    return result.ok ? [] : result.problems
  }
  it('has no credential in an address or a header, and tells of each without its value', () => {
    const headers = {
      Authorization: 's3cr3t', 'X-Auth-Token': 's3cr3t', 'PRIVATE-TOKEN': 's3cr3t', 'x-api-key': 's3cr3t', Cookie: 's3cr3t',
      'X-Client-Secret': 's3cr3t', 'X-Amz-Credential': 's3cr3t', Accept: 's3cr3t', 'Mcp-Protocol-Version': 's3cr3t',
    } // prettier-ignore
    const problems = problemsOf({
      a: { type: 'http', url: 'https://mcp.example', headers },
      b: { type: 'sse', url: 'https://user:s3cr3t@mcp.example' },
      c: { type: 'http', url: 'https://s3cr3t@mcp.example' },
    })
    expect(problems.map(({ code }) => code)).toEqual(Array.from({ length: 9 }, () => 'INVALID_INPUT'))
    expect(JSON.stringify(problems)).not.toContain('s3cr3t')
  })
  it('leaves the name of our own server to it', () => {
    for (const name of ['seamark', 'Seamark'])
      expect(problemsOf({ [name]: { command: 'x' } }).map(({ code }) => code)).toEqual(['INVALID_INPUT'])
    expect(problemsOf({ 'seamark-docs': { command: 'x' } })).toEqual([])
  })
  it('holds nothing to fill in and nothing else', () => {
    for (const server of [
      { type: 'http', url: 'file:///etc/passwd' },
      { command: 'x', env: { TOKEN: '${TOKEN}' } },
      { command: '' },
      { command: 'x', cwd: '/' },
      {},
    ])
      expect(ok({ mcpServers: { a: server } }), JSON.stringify(server)).toBe(false)
    expect(ok({ mcpServers: { 'a b': { command: 'x' } } })).toBe(false)
    expect(ok({ servers: {} })).toBe(false)
    expect(parseMcpServers(Buffer.from('{')).ok).toBe(false)
  })
})

describe('a subagent of Claude Code', () => {
  const imported = (text: string) => importClaudeAgent(Buffer.from(text))

  it('becomes the first version of an agent, and what is not taken over is named', () => {
    const text =
      '---\nname: reviewer\ndescription: "Reads: all of it."\nmodel: sonnet\ntools: Read, Grep\ncolor: red\n---\n\nReview.\n\n---\nmore\n'
    expect(imported(text)).toEqual({
      ok: true,
      agent: {
        definition: {
          name: 'reviewer',
          version: 1,
          runtime: 'claude-code',
          description: 'Reads: all of it.',
          model: 'sonnet',
        },
        instructions: 'Review.\n\n---\nmore\n',
        left: ['color', 'tools'],
      },
    })
    expect(imported('---\r\nname: a\r\nmodel: inherit\r\n---\r\n')).toMatchObject({
      agent: { definition: { name: 'a', version: 1 }, instructions: '', left: [] },
    })
  })

  it('is refused where it is none', () => {
    for (const text of [
      '',
      'Review.',
      '---\n---\n',
      '---\nname: A B\n---\n',
      '---\nname: [\n---\n',
      '---\nname: a\nname: b\n---\n',
      '---\nname: 7\n---\n',
      '---\nname: a\n',
    ])
      expect(imported(text).ok, text).toBe(false)
    expect(imported(`---\nname: a\n---\n${'x'.repeat(70_000)}`)).toMatchObject({
      problems: [{ code: 'LIMIT_EXCEEDED' }],
    })
    expect(importClaudeAgent(Buffer.from([0xff, 0xfe])).ok).toBe(false)
  })
})

it('a version is named in one way', () => {
  expect(agentReference('docs-writer@3')).toEqual({ name: 'docs-writer', version: 3 })
  expect(agentReference(`sha256:${'a'.repeat(64)}`)).toEqual({ digest: 'a'.repeat(64) })
  for (const text of ['docs-writer', 'docs-writer@03', 'docs-writer@0', 'a@1@2', '@1', 'sha256:x', 'A@1'])
    expect(agentReference(text), text).toBeUndefined()
})
