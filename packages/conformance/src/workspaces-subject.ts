import type { ResolvedWorkspace, Workspaces, WorkspaceSource } from '@seamark/core'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { fail, within } from './check.ts'
import type { Subject } from './suite.ts'

/** Workspaces under test with a source that they can resolve. */
export interface WorkspacesSubject extends Subject<Workspaces> {
  readonly source: WorkspaceSource
  /** The text of every file of the source by its path; none where workspaces begin empty. */
  readonly files: Readonly<Record<string, string>>
}

function isWorkspacesSubject(subject: Subject<Workspaces>): subject is WorkspacesSubject {
  return 'source' in subject && 'files' in subject
}

export function sourced(subject: Subject<Workspaces>): WorkspacesSubject {
  if (!isWorkspacesSubject(subject)) fail('workspaces need a subject with source and files')
  return subject
}

/** The part of a folder that an attempt sees: git's own folder is not a file of the workspace. */
export const OWN = '.git'

/** Runs with folders of its own, which are removed afterwards. */
export async function withFolder<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'seamark-workspaces-'))
  try {
    return await work(dir)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

export interface Made {
  readonly workspace: ResolvedWorkspace
  /** The folder that was filled. */
  readonly into: string
}

export async function made(subject: WorkspacesSubject, dir: string, name = 'one'): Promise<Made> {
  const workspace = await within(subject.seam.resolve(subject.source), 'resolve', 60_000)
  const into = join(dir, name)
  await mkdir(into, { recursive: true })
  await within(subject.seam.materialize(workspace, into), 'materialize', 60_000)
  return { workspace, into }
}

/** Every regular file below a folder with its text, but what is git's own. */
export async function filesIn(dir: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true })
  const out: [string, string][] = []
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name).slice(dir.length + 1)
    if (entry.isFile() && path.split('/')[0] !== OWN) out.push([path, await readFile(join(dir, path), 'utf8')])
  }
  return Object.fromEntries(out.sort(([a], [b]) => (a < b ? -1 : 1)))
}

export async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

interface TarEntry {
  readonly path: string
  readonly type: string
  readonly body: string
}

/** The entries of a tar whose names have at most 100 characters. */
export function entriesOf(tar: Buffer): readonly TarEntry[] {
  const out: TarEntry[] = []
  const text = (from: number, to: number): string => tar.toString('latin1', from, to).split('\0')[0] ?? ''
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0;) {
    const size = Number.parseInt(text(at + 124, at + 136), 8)
    if (!Number.isSafeInteger(size)) fail('a header of the tar has no size')
    const prefix = text(at + 345, at + 500)
    const path = `${prefix === '' ? '' : `${prefix}/`}${text(at, at + 100)}`
    const type = text(at + 156, at + 157)
    out.push({ path: path.replace(/^\.\//, ''), type, body: tar.toString('utf8', at + 512, at + 512 + size) })
    at += 512 + Math.ceil(size / 512) * 512
  }
  return out
}

const run = promisify(execFile)

/** Applies a patch with git, as whoever takes a product does. */
export async function apply(patch: Uint8Array, dir: string): Promise<void> {
  const file = join(dirname(dir), 'conformance.patch')
  await writeFile(file, patch)
  await run('git', ['apply', '--whitespace=nowarn', file], { cwd: dir })
}
