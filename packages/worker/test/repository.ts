import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll } from 'vitest'
import { removeTree } from '../src/remove-tree.ts'

/** A folder that is removed after the file's tests. */
export function temporary(): string {
  const dir = mkdtempSync(join(tmpdir(), 'seamark-worker-'))
  afterAll(() => removeTree(dir))
  return dir
}

/** Runs a shell line as a user of git would, with no configuration of this machine. */
export function sh(cwd: string, line: string, env: Record<string, string> = {}): string {
  return execFileSync('/bin/sh', ['-c', line], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      HOME: '/nonexistent',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'a',
      GIT_AUTHOR_EMAIL: 'a@example.invalid',
      GIT_COMMITTER_NAME: 'a',
      GIT_COMMITTER_EMAIL: 'a@example.invalid',
      GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z',
      GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z',
      LC_ALL: 'C',
      ...env,
    },
  })
}

export function write(dir: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), content)
  }
}

/** A repository with one commit of these files. */
export function repository(dir: string, files: Readonly<Record<string, string | Uint8Array>>): string {
  mkdirSync(dir, { recursive: true })
  sh(dir, 'git init -q -b main .')
  write(dir, files)
  sh(dir, 'git add -A -f && git commit -q -m base')
  return dir
}

export async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** The code of the error that a promise rejects with, and its message. */
export async function refusal(promise: Promise<unknown>): Promise<{ code: string; message: string; remedy: string }> {
  try {
    await promise
  } catch (error) {
    const { code, message, problems } = error as { code: string; message: string; problems?: { remedy?: string }[] }
    return { code, message, remedy: problems?.[0]?.remedy ?? '' }
  }
  throw new Error('it did not fail')
}
