import type { WorkspacesSubject } from '@seamark/conformance/workspaces'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { emptyWorkspaces, gitWorkspaces } from '../src/index.ts'
import { repository } from './repository.ts'

const files = { 'a.txt': 'one\n', 'b/c.txt': 'two\n' }

export async function git(): Promise<WorkspacesSubject> {
  const dir = await mkdtemp(join(tmpdir(), 'seamark-worker-'))
  repository(join(dir, 'base'), files)
  const open = () => gitWorkspaces({ dir: join(dir, 'worker') })
  const dispose = () => rm(dir, { recursive: true, force: true })
  return { seam: open(), reopen: async () => open(), source: { git: 'base', from: dir }, files, dispose }
}

export async function empty(): Promise<WorkspacesSubject> {
  const dir = await mkdtemp(join(tmpdir(), 'seamark-worker-'))
  const open = () => emptyWorkspaces({ dir: join(dir, 'worker') })
  const dispose = () => rm(dir, { recursive: true, force: true })
  return { seam: open(), reopen: async () => open(), source: { from: dir }, files: {}, dispose }
}
