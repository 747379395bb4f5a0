import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Ended, Place } from './seamark.ts'
import { begin, NODE, place } from './seamark.ts'

let here: Place
beforeEach(() => {
  here = place()
})
afterEach(() => here.remove())

const plan = 'version: 1\nitems: [{ id: a, run: "true", executor: process }]\n'
const errorOf = ({ err }: Ended): unknown => JSON.parse(err).error

/** A clone of a repository with these files, in which commands are run. */
function cloned(files: Readonly<Record<string, string>>) {
  const origin = join(here.dir, 'origin')
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(origin, path, '..'), { recursive: true })
    writeFileSync(join(origin, path), text)
  }
  const git = (cwd: string, ...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd, stdio: 'pipe' })
  git(here.dir, 'init', '-q', '-b', 'main', origin)
  git(origin, 'add', '-f', '.')
  git(origin, 'commit', '-q', '-m', 'x')
  const dir = join(here.dir, 'clone')
  git(here.dir, 'clone', '-q', origin, dir)
  return {
    dir,
    seamark: (argv: readonly string[], env: Readonly<Record<string, string>> = {}) =>
      begin(dir, [...NODE, ...argv], env).ended,
  }
}

describe('a configuration in a repository of somebody else', { timeout: 90_000 }, () => {
  const files = (mark: string) => ({
    'plan.yaml': plan,
    'sub/file': '',
    'seamark.config.ts': `import { writeFileSync } from 'node:fs'
writeFileSync(${JSON.stringify(mark)}, '')
export default { dataDir: 'named' }
`,
  })

  it('is run by no command, and none passes over it', async () => {
    const mark = join(here.dir, 'ran')
    const { seamark } = cloned(files(mark))
    const lines = [
      ['run', 'plan.yaml'],
      ['submit', 'plan.yaml'],
      ['status'],
      ['logs', 'last', 'a'],
      ['cancel', 'last'],
      ['patch', 'last', 'a'],
      ['evidence', 'export', 'last'],
      ['keys', 'export'],
      ['serve'],
      ['doctor'],
      ['run', 'plan.yaml', '--data', 'data'],
    ]
    for (const line of lines) {
      const ended = await seamark([...line, '--json'])
      expect(ended.code, line.join(' ')).toBe(3)
      expect(errorOf(ended)).toMatchObject({
        code: 'FORBIDDEN',
        message: expect.stringContaining('clone/seamark.config.ts'),
        problems: [{ remedy: expect.stringContaining('--config') }],
      })
    }
    expect(existsSync(mark)).toBe(false)
  })

  it('is run where it is named, or done without where that is said', async () => {
    const mark = join(here.dir, 'ran')
    const { dir, seamark } = cloned(files(mark))
    expect((await seamark(['run', 'plan.yaml', '--config', 'none'])).code).toBe(0)
    expect([existsSync(mark), existsSync(join(dir, '.seamark'))]).toEqual([false, true])
    expect((await seamark(['run', 'plan.yaml', '--config', 'seamark.config.ts'])).code).toBe(0)
    expect([existsSync(mark), existsSync(join(dir, 'named'))]).toEqual([true, true])
    const status = await seamark(['status', '--json'], { SEAMARK_CONFIG: join(dir, 'seamark.config.ts') })
    expect(JSON.parse(status.out).runs).toHaveLength(1)
    const relative = await seamark(['status', '--json'], { SEAMARK_CONFIG: 'seamark.config.ts' })
    expect(errorOf(relative)).toMatchObject({ code: 'INVALID_INPUT' })
  })
})

describe('a data folder in a repository of somebody else', { timeout: 90_000 }, () => {
  it('is used by no command', async () => {
    const { dir, seamark } = cloned({
      'plan.yaml': plan,
      '.seamark/service.json': '{"version":1,"pid":1,"socket":"/tmp/x","as":"seamark serve"}',
    })
    for (const line of [['run', 'plan.yaml'], ['status'], ['keys', 'export'], ['serve'], ['doctor']]) {
      const ended = await seamark([...line, '--json'])
      expect({ line, code: ended.code, error: errorOf(ended) }).toMatchObject({ code: 3, error: { code: 'FORBIDDEN' } })
    }
    symlinkSync(join(dir, '.seamark'), join(here.dir, 'link'))
    expect((await seamark(['status', '--data', join(here.dir, 'link')])).code).toBe(3)
    expect((await seamark(['run', 'plan.yaml', '--data', join(here.dir, 'mine')])).code).toBe(0)
  })

  it('does not come about by committing all that is there', async () => {
    const { dir, seamark } = cloned({ 'plan.yaml': plan })
    expect((await seamark(['run', 'plan.yaml'])).code).toBe(0)
    execFileSync('git', ['add', '-A'], { cwd: dir })
    expect(execFileSync('git', ['status', '--porcelain'], { cwd: dir, encoding: 'utf8' })).toBe('')
    expect((await seamark(['status'])).code).toBe(0)
  })

  it('is not found above the repository, nor in a folder that everybody may write', async () => {
    const { seamark } = cloned({ 'plan.yaml': plan })
    mkdirSync(here.data, { mode: 0o700 })
    expect(JSON.parse((await seamark(['status', '--json'])).err).error).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('clone/.seamark'),
    })
    rmSync(here.data, { recursive: true })
  })
})

describe('a data folder that can not be', () => {
  it.each(['/proc/nope', '/dev/null', '/dev/null/x', ''])('%j is INVALID_INPUT, and says what to do', async (data) => {
    here.write('plan.yaml', plan)
    for (const line of [['run', 'plan.yaml'], ['serve']]) {
      const ended = await here.seamark(...line, '--data', data, '--json')
      expect({ line, code: ended.code, error: errorOf(ended) }).toMatchObject({
        code: 2,
        error: {
          code: 'INVALID_INPUT',
          message: expect.stringContaining(data === '' ? '--data' : data),
          problems: [{ remedy: expect.stringMatching(/./) }],
        },
      })
    }
  })

  it('answers a question as one that is not there, or is no folder', async () => {
    expect((await here.seamark('status', '--data', '/proc/nope')).code).toBe(4)
    expect((await here.seamark('status', '--data', '/dev/null')).code).toBe(2)
  })
})
