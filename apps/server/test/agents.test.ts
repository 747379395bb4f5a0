import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seamarkClient } from '@seamark/sdk'
import { socketIn } from '../src/socket.ts'
import type { Ended, Started } from './seamark.ts'
import { place, until } from './seamark.ts'

const here = place()
const json = ({ out }: Ended): unknown => JSON.parse(out)
const client = () => seamarkClient({ socketPath: socketIn(here.data) })

function folder(name: string, files: Readonly<Record<string, string>>): string {
  rmSync(join(here.dir, name), { recursive: true, force: true })
  for (const [path, text] of Object.entries({ '.': '', ...files })) {
    if (path === '.') mkdirSync(join(here.dir, name), { recursive: true })
    else {
      mkdirSync(dirname(join(here.dir, name, path)), { recursive: true })
      writeFileSync(join(here.dir, name, path), text)
    }
  }
  return name
}

async function serve(): Promise<Started> {
  const service = here.start('serve')
  await service.saw('socket').catch(() => undefined)
  await until(async () => {
    const asked = client()
    try {
      await asked.health()
      return true
    } catch {
      return false
    } finally {
      await asked.close()
    }
  }, 60_000)
  return service
}

const agent = { 'agent.yaml': 'name: writer\nversion: 1\n', 'AGENTS.md': 'Write.\n', 'skills/s/SKILL.md': 'Style.\n' }
let service: Started
const stop = async () => {
  service.child.kill('SIGTERM')
  await service.ended
}

beforeAll(async () => {
  service = await serve()
}, 90_000)
afterAll(async () => {
  await stop()
  here.remove()
}, 60_000)

describe('an agent that is pushed', () => {
  it('is listed and shown, is the same when it is pushed again, and is there after a restart', async () => {
    const pushed = json(await here.seamark('agent', 'push', folder('writer', agent), '--json'))
    expect(pushed).toMatchObject({ name: 'writer', version: 1, files: 2, size: 14, created: true })
    expect(json(await here.seamark('agent', 'push', 'writer', '--json'))).toMatchObject({ created: false })
    const listed = json(await here.seamark('agent', 'list', '--json'))
    await stop()
    service = await serve()
    expect(json(await here.seamark('agent', 'list', '--json'))).toEqual(listed)
    const { created: _, ...same } = Object(pushed)
    expect(listed).toEqual({ agents: [same] })
    for (const name of ['writer', 'writer@1', `sha256:${same.digest}`])
      expect(json(await here.seamark('agent', 'show', name, '--json'))).toMatchObject({
        digest: same.digest,
        definition: { name: 'writer', version: 1 },
        files: [
          { path: 'AGENTS.md', size: 7 },
          { path: 'skills/s/SKILL.md', size: 7 },
        ],
      })
  }, 120_000)

  it('keeps its content under its version, and takes a new one', async () => {
    folder('writer', { ...agent, 'AGENTS.md': 'Write it all.\n' })
    const { code, err } = await here.seamark('agent', 'push', 'writer', '--json')
    expect([code === 0, JSON.parse(err)]).toMatchObject([false, { error: { code: 'CONFLICT' } }])
    folder('writer', { ...agent, 'agent.yaml': 'name: writer\nversion: 2\n' })
    expect(json(await here.seamark('agent', 'push', 'writer', '--json'))).toMatchObject({ version: 2, created: true })
    expect(json(await here.seamark('agent', 'show', 'writer', '--json'))).toMatchObject({ version: 2 })
  }, 60_000)

  it('is removed one version at a time', async () => {
    expect((await here.seamark('agent', 'rm', 'writer')).code).not.toBe(0)
    expect(json(await here.seamark('agent', 'rm', 'writer@2', '--json'))).toEqual({ removed: true })
    expect(json(await here.seamark('agent', 'rm', 'writer@2', '--json'))).toEqual({ removed: false })
    expect(json(await here.seamark('agent', 'show', 'writer', '--json'))).toMatchObject({ version: 1 })
    const missing = await here.seamark('agent', 'show', 'reader', '--json')
    expect(JSON.parse(missing.err)).toMatchObject({ error: { code: 'NOT_FOUND' } })
  }, 60_000)
})

describe('two agents', () => {
  it('differ in fields and files, whether they are versions or folders', async () => {
    const before = {
      'agent.yaml': 'name: pair\nversion: 1\nmodel: a\n',
      'AGENTS.md': 'One.\n',
      'skills/s/SKILL.md': 'S\n',
    }
    await here.seamark('agent', 'push', folder('pair', before))
    const after = {
      'agent.yaml': 'name: pair\nversion: 2\neffort: low\n',
      'AGENTS.md': 'Two.\n',
      'skills/t/SKILL.md': 'S\n',
    }
    folder('pair', after)
    const difference = json(await here.seamark('agent', 'diff', 'pair@1', './pair', '--json'))
    expect(difference).toMatchObject({
      definition: [
        { field: 'effort', to: 'low' },
        { field: 'model', from: 'a' },
        { field: 'version', from: 1, to: 2 },
      ],
      files: [{ path: 'AGENTS.md' }, { path: 'skills/s/SKILL.md' }, { path: 'skills/t/SKILL.md' }],
    })
    await here.seamark('agent', 'push', 'pair')
    expect(json(await here.seamark('agent', 'diff', 'pair@1', 'pair', '--json'))).toEqual(difference)
    expect(json(await here.seamark('agent', 'diff', 'pair', './pair', '--json'))).toEqual({ definition: [], files: [] })
  }, 60_000)
})

describe('subagents of Claude Code', () => {
  it('are imported as folders that can be pushed, all or none', async () => {
    const one = '---\nname: reviewer\ndescription: Reads.\ntools: Read\n---\nReview.\n'
    folder('claude', { 'one.md': one, 'two.md': '---\nname: tester\n---\nTest.\n', 'notes.txt': '' })
    expect(json(await here.seamark('agent', 'import', 'claude', '--output', 'made', '--json'))).toEqual({
      agents: [
        { name: 'reviewer', folder: 'made/reviewer', left: ['tools'] },
        { name: 'tester', folder: 'made/tester', left: [] },
      ],
      skipped: ['notes.txt'],
    })
    const pushed = json(await here.seamark('agent', 'push', 'made/reviewer', '--json'))
    expect(pushed).toMatchObject({ name: 'reviewer', version: 1, files: 1 })
    const again = await here.seamark('agent', 'import', 'claude', '--output', 'made', '--json')
    expect(JSON.parse(again.err)).toMatchObject({ error: { problems: [{ code: 'CONFLICT' }, { code: 'CONFLICT' }] } })
    folder('claude', { 'one.md': one, 'two.md': one, 'three.md': 'No front matter.\n' })
    const refused = await here.seamark('agent', 'import', 'claude', '--output', 'other', '--json')
    expect(JSON.parse(refused.err).error.problems.length).toBe(2)
    expect(existsSync(join(here.dir, 'other'))).toBe(false)
    folder('claude', { 'one.md': one, 'two.md': '---\nname: tester\n---\nTest.\n' })
    mkdirSync(join(here.dir, 'elsewhere'))
    mkdirSync(join(here.dir, 'partly'))
    symlinkSync('elsewhere', join(here.dir, 'linked'))
    symlinkSync('../elsewhere/new', join(here.dir, 'partly/reviewer'))
    for (const output of ['linked', 'linked/deeper', 'partly']) {
      const { err } = await here.seamark('agent', 'import', 'claude', '--output', output, '--json')
      expect(JSON.parse(err)).toMatchObject({ error: { problems: [{ code: 'INVALID_INPUT' }] } })
    }
    expect(readdirSync(join(here.dir, 'elsewhere'))).toEqual([])
    expect(readdirSync(join(here.dir, 'partly'))).toEqual(['reviewer'])
  }, 60_000)
})

describe('a folder that is no agent', () => {
  const problems = async (name: string): Promise<unknown[]> => {
    const { code, err } = await here.seamark('agent', 'push', name, '--json')
    expect(code).not.toBe(0)
    const { error } = JSON.parse(err)
    return error.problems.map((problem: { code: string; place?: { line?: number } }) => problem.code)
  }

  it('is refused by name: links, pipes, what is no part of it, too many and too large files, bad YAML', async () => {
    folder('odd', agent)
    symlinkSync('/etc/passwd', join(here.dir, 'odd/skills/s/link'))
    expect(await problems('odd')).toEqual(['INVALID_INPUT'])
    folder('odd', { 'agent.yaml': agent['agent.yaml'] })
    symlinkSync('/etc', join(here.dir, 'odd/skills'))
    expect(await problems('odd')).toEqual(['INVALID_INPUT'])
    folder('odd', {})
    execFileSync('mkfifo', [join(here.dir, 'odd/agent.yaml')])
    expect(await problems('odd')).toEqual(['INVALID_INPUT'])
    folder('odd', { ...agent, 'notes.txt': '', '../odd/.git/config': '' })
    expect((await problems('odd')).length).toBe(2)
    folder('odd', agent)
    for (let n = 0; n < 600; n++) writeFileSync(join(here.dir, `odd/skills/s/${n}`), '')
    expect(await problems('odd')).toEqual(['LIMIT_EXCEEDED'])
    folder('odd', { ...agent, 'skills/s/large': 'x'.repeat(5 * 1024 * 1024) })
    expect(await problems('odd')).toEqual(['LIMIT_EXCEEDED'])
    folder('odd', { ...agent, 'agent.yaml': 'name: [\n' })
    expect((await problems('odd')).length).toBeGreaterThan(0)
    folder('odd', { 'agent.yaml': 'name: A\nversion: 0\nrole: x\n', 'AGENTS.md': '', 'CLAUDE.md': 'x' })
    expect((await problems('odd')).length).toBe(4)
    expect(await problems('missing')).toEqual(['NOT_FOUND'])
  }, 120_000)

  it('is refused by the service too, with all problems', async () => {
    const asked = client()
    const push = (files: Readonly<Record<string, string>>, definition = { name: 'x', version: 1 }) =>
      asked.pushAgent({
        definition,
        files: Object.entries(files).map(([path, text]) => ({ path, base64: Buffer.from(text).toString('base64') })),
      })
    const places = (list: readonly string[]) => ({ problems: list.map((pointer) => ({ place: { pointer } })) })
    await expect(
      push({ '../AGENTS.md': 'x', 'skills/a/SKILL.md': ' ', '.mcp.json': '{}' }, { name: 'X', version: 0 }),
    ).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      ...places(['/name', '/version', '/files/..~1AGENTS.md', '/files/skills~1a~1SKILL.md', '/files/.mcp.json']),
    })
    await expect(push({ 'AGENTS.md': '\0' })).rejects.toMatchObject(places(['/files/AGENTS.md']))
    await expect(push({ 'skills/a/SKILL.md': 'a', 'skills/a/b': 'x'.repeat(9_000_000) })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    })
    expect((await asked.agents()).map(({ name }) => name)).not.toContain('x')
    await asked.close()
  }, 60_000)
})
