import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { gitWorkspaces } from '../src/index.ts'
import { refusal, repository, sh, temporary, write } from './repository.ts'

const dir = temporary()
let n = 0
const fresh = (name: string) => join(dir, `${name}${n++}`)

/** A source with three commits, and a clone of it that is made and configured as hostile as it can be. */
function cloneOf(options: string): { readonly source: string; readonly clone: string; readonly marker: string } {
  const source = repository(fresh('source'), { 'a.txt': 'one\n', 'sub/b.txt': 'b\n' })
  for (const text of ['two', 'three']) {
    write(source, { 'a.txt': `${text}\n` })
    sh(source, `git commit -qam ${text}`)
  }
  sh(source, 'git config uploadpack.allowFilter true; git config uploadpack.allowAnySHA1InWant true')
  const clone = fresh('clone')
  const marker = fresh('marker')
  sh(dir, `git clone -q --no-local ${options} 'file://${source}' '${clone}'`)
  for (const [key, value] of [
    ['remote.origin.uploadpack', `touch ${marker}; git-upload-pack`],
    ['uploadpack.packObjectsHook', `touch ${marker}; "$@"`],
    ['core.fsmonitor', `touch ${marker}`],
    ['core.sshCommand', `touch ${marker}`],
    ['core.hooksPath', join(clone, 'hooks')],
  ] as const)
    sh(clone, `git config '${key}' '${value}'`)
  for (const hook of ['post-checkout', 'reference-transaction', 'post-index-change', 'pre-auto-gc'])
    write(clone, { [`hooks/${hook}`]: `#!/bin/sh\ntouch ${marker}\n` })
  sh(clone, 'chmod +x hooks/*; echo hooks > .git/info/exclude')
  return { source, clone, marker }
}

/** As its owner does, whose git may fetch. */
const own = (clone: string, line: string) =>
  sh(
    clone,
    `git -c core.fsmonitor=false -c core.hooksPath=/dev/null -c remote.origin.uploadpack=git-upload-pack ${line}`,
  )

const play = async (workspaces: ReturnType<typeof gitWorkspaces>, clone: string) => {
  const workspace = await workspaces.resolve({ git: clone, from: '/' })
  if (workspace.type !== 'git') throw new Error(workspace.type)
  const into = fresh('attempt')
  await workspaces.materialize(workspace, into)
  write(into, { 'new.txt': 'new\n' })
  const diff = await workspaces.diff(workspace, into)
  expect(diff?.files.map(({ path }) => path)).toEqual(['new.txt'])
  // What is there of the history is whole.
  expect(sh(into, 'git fsck --strict 2>&1')).toBe('')
  return { workspace, into }
}

describe('a clone that is not whole', () => {
  it.each([
    ['partial', '--filter=blob:none'],
    ['shallow', '--depth=1'],
    ['partial and shallow', '--depth=1 --filter=blob:none'],
  ])('works where it is %s and has the commit, also when it moved, and runs nothing of its own', async (_, options) => {
    const { source, clone, marker } = cloneOf(options)
    const workspaces = gitWorkspaces({ dir: fresh('worker') })
    const first = await play(workspaces, clone)
    expect(sh(first.into, 'cat a.txt')).toBe('three\n')
    for (const text of ['four', 'five']) {
      write(source, { 'a.txt': `${text}\n` })
      sh(source, `git commit -qam ${text}`)
    }
    expect(existsSync(marker)).toBe(false)
    own(clone, options.includes('depth') ? 'fetch -q --depth=1' : 'fetch -q')
    own(clone, 'reset -q --hard origin/main')
    rmSync(marker, { force: true })
    const second = await play(workspaces, clone)
    expect(sh(second.into, 'cat a.txt')).toBe('five\n')
    // The first commit is still to be had, without its source.
    rmSync(clone, { recursive: true })
    await workspaces.materialize(first.workspace, fresh('attempt'))
    expect(existsSync(marker)).toBe(false)
  })

  it.each([
    ['--filter=blob:none --no-checkout', 'HEAD'],
    ['--filter=tree:0 --no-checkout', 'HEAD'],
    ['--filter=blob:none', 'HEAD~1'],
  ])('is refused where it lacks files of the commit (%s, %s), and nothing is fetched', async (options, ref) => {
    const { clone, marker } = cloneOf(options)
    const missing = () => own(clone, `rev-list --objects --all --missing=print`).split('\n?').length
    const before = options.includes('tree:0') ? 0 : missing()
    const workspaces = gitWorkspaces({ dir: fresh('worker') })
    expect(await refusal(workspaces.resolve({ git: clone, ref, from: '/' }))).toMatchObject({
      code: 'NOT_FOUND',
      remedy: expect.stringContaining('remote') as string,
    })
    if (before > 0) expect(missing()).toBe(before)
    expect(existsSync(marker)).toBe(false)
  })
})
