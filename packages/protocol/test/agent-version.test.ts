import type { AgentDefinition, AgentFile } from '@seamark/core'
import { describe, expect, it } from 'vitest'
import { checkAgentDefinition, parsePlan, writeManifest } from '../src/index.ts'
import type { PlanAgent, PlanDeployment, PlanResult } from '../src/index.ts'
import { deployment } from './deployment.ts'

const file = (path: string): AgentFile => ({ path, sha256: 'c'.repeat(64), size: 1 })

function version(definition: AgentDefinition, ...paths: readonly string[]): PlanAgent {
  const result = checkAgentDefinition(definition)
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  const files = paths.map(file)
  const { bytes, digest } = writeManifest(definition, files)
  return { manifest: { sha256: digest, size: bytes.byteLength }, files, ...result.agent }
}

const writer = version(
  {
    name: 'docs-writer',
    version: 3,
    runtime: 'agent',
    model: 'm-1',
    input: { type: 'object', properties: { page: { type: 'string' } }, required: ['page'] },
    outputs: [{ path: 'report.json', schema: { type: 'object' } }],
    policy: { tools: { deny: ['curl *'] } },
  },
  'AGENTS.md',
  'skills/style/SKILL.md',
  'skills/style/words.txt',
)
const bare = version({ name: 'bare', version: 1 })
const digest = `sha256:${writer.manifest.sha256}`

const known: PlanDeployment = {
  ...deployment,
  executors: [
    {
      name: 'sandbox',
      holds: {
        filesystem: 'private',
        network: 'none',
        limits: { cpu: 'none', memory: 'none', pids: 'none', disk: 'none', idle: 'none' },
      },
    },
  ],
  runtimes: ['command', 'agent', 'plain'],
  promptRuntimes: ['agent', 'plain'],
  askingRuntimes: ['agent', 'plain'],
  lineRuntimes: ['command'],
  agentRuntimes: {
    command: ['instructions', 'skills', 'mcpServers'],
    agent: ['instructions', 'skills'],
    plain: ['instructions'],
  },
  versions: { 'docs-writer@3': writer, [digest]: writer, 'bare@1': bare, 'gone@1': null },
}

function parse(item: Readonly<Record<string, unknown>>, more: Partial<PlanDeployment> = {}): PlanResult {
  const plan = { version: 1, items: [{ id: 'a', ...item }] }
  return parsePlan(JSON.stringify(plan), { deployment: { ...known, ...more } })
}

function itemOf(result: PlanResult) {
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result.plan.items[0]
}

function places(result: PlanResult): unknown[] {
  return result.ok ? [] : result.problems.map(({ code, place }) => [code, place?.pointer])
}

const input = { page: 'install' }

describe('an item that names a version of an agent', () => {
  it('is pinned to its manifest, and is what both say', () => {
    for (const agent of ['docs-writer@3', digest]) {
      const result = parse({ agent, input, outputs: [{ path: 'more.txt' }] })
      expect(itemOf(result)).toMatchObject({
        agent: 'docs-writer',
        agentVersion: {
          version: 3,
          manifest: writer.manifest,
          instructions: [
            { path: 'AGENTS.md', sha256: 'c'.repeat(64) },
            { path: 'skills/style/SKILL.md', sha256: 'c'.repeat(64) },
          ],
        },
        run: '',
        runtime: 'agent',
        model: 'm-1',
        input,
        outputs: [{ path: 'report.json', schema: { type: 'object' } }, { path: 'more.txt' }],
        policy: { policy: { tools: { deny: ['curl *'] } } },
      })
      expect(result.ok && result.plan.policies?.versions).toEqual({ [writer.manifest.sha256]: writer.policy })
    }
  })

  it('may say what the version leaves open, and not otherwise what it says', () => {
    expect(itemOf(parse({ agent: 'docs-writer@3', input, effort: 'low', model: 'm-1' }))).toMatchObject({
      effort: 'low',
    })
    expect(places(parse({ agent: 'docs-writer@3', input, model: 'm-2', runtime: 'plain' }))).toEqual([
      ['FORBIDDEN', '/items/0/model'],
      ['FORBIDDEN', '/items/0/runtime'],
    ])
    expect(places(parse({ agent: 'docs-writer@3', input, outputs: [{ path: 'report.json' }] }))).toEqual([
      ['INVALID_INPUT', '/items/0/outputs/0'],
    ])
    expect(itemOf(parse({ agent: 'bare@1', run: 'true' }))).toMatchObject({ run: 'true', runtime: 'command' })
  })

  it('is held to the schema of its input, in its place', () => {
    const agent = 'docs-writer@3'
    expect(places(parse({ agent, prompt: 'Do.' }))).toEqual([['INVALID_INPUT', '/items/0']])
    expect(places(parse({ agent, input: { page: 7 } }))).toEqual([['INVALID_INPUT', '/items/0/input/page']])
    expect(places(parse({ agent, input: {} }))).toEqual([['INVALID_INPUT', '/items/0/input']])
    expect(places(parse({ agent, input: { page: 'x'.repeat(130_000) } }))).toEqual([
      ['LIMIT_EXCEEDED', '/items/0/input'],
    ])
    expect(places(parse({ agent: 'bare@1', run: 'true', input }))).toEqual([['INVALID_INPUT', '/items/0/input']])
    expect(places(parse({ run: 'true', input }))).toEqual([['UNSUPPORTED', '/items/0/input']])
    expect(places(parse({ agent: 'bare@1', runtime: 'agent' }))).toEqual([['INVALID_INPUT', '/items/0']])
  })

  it('is refused where its runtime can not give its program all of it', () => {
    const skilled = version({ name: 'skilled', version: 1 }, 'AGENTS.md', 'skills/s/SKILL.md', '.mcp.json')
    const versions = { 'skilled@1': skilled }
    for (const [runtime, refused] of [
      ['agent', 1],
      ['plain', 2],
    ] as const)
      expect(places(parse({ agent: 'skilled@1', runtime, prompt: 'Do.' }, { versions }))).toEqual(
        Array.from({ length: refused }, () => ['UNSUPPORTED', '/items/0/agent']),
      )
    expect(places(parse({ agent: 'skilled@1', run: 'true' }, { versions }))).toEqual([])
  })

  it('is refused where the version is none, or asks for more than is above it', () => {
    for (const agent of ['gone@1', 'docs-writer@03', 'Docs@1', 'sha256:x', '@1'])
      expect(places(parse({ agent, run: 'true' })), agent).toEqual([['INVALID_INPUT', '/items/0/agent']])
    const wide = version({ name: 'wide', version: 1, policy: { tools: { shell: ['git *', 'curl *'] } } })
    const above = { versions: { 'wide@1': wide }, policies: { deployment: { tools: { shell: ['git *'] } } } }
    expect(places(parse({ agent: 'wide@1', run: 'git status' }, above))).toEqual([['FORBIDDEN', '/items/0']])
  })

  it('says which versions are to be looked up, each once', () => {
    const items = ['new@1', 'new@1', 'gone@1', 'docs-writer@3', 'new@2'].map((agent, n) => ({
      id: `i${n}`,
      agent,
      input,
    }))
    const result = parsePlan(JSON.stringify({ version: 1, items }), { deployment: known })
    expect(result).toMatchObject({ ok: false, versions: ['new@1', 'new@2'] })
    expect(parse({ agent: 'gone@1', run: 'true' })).not.toHaveProperty('versions')
    const many = Array.from({ length: 102 }, (_, n) => ({ id: `i${n}`, run: 'x', agent: `a@${n + 1}` }))
    const over = parsePlan(JSON.stringify({ version: 1, items: many }), { deployment: known })
    expect(!over.ok && over.versions?.length).toBe(100)
    expect(places(over).slice(-2)).toEqual([
      ['LIMIT_EXCEEDED', '/items/100/agent'],
      ['LIMIT_EXCEEDED', '/items/101/agent'],
    ])
  })
})
