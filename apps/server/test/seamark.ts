import type { ChildProcess } from 'node:child_process'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export const MAIN: string = join(import.meta.dirname, '../src/main.ts')
export const NODE: readonly [string, string, string] = [process.execPath, '--conditions=source', MAIN]

/** How a command ended and what it wrote. */
export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** A folder of its own, with real commands in it. */
export interface Place {
  readonly dir: string
  readonly data: string
  seamark(...argv: string[]): Promise<Ended>
  start(...argv: string[]): Started
  write(name: string, text: string): string
  /** A git repository with one commit. */
  repository(name: string, files: Readonly<Record<string, string>>): string
  remove(): void
}

export interface Started {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves once standard output holds a text; rejects when the command ends before. */
  saw(text: string): Promise<void>
}

export function place(): Place {
  const dir = mkdtempSync(join(tmpdir(), 'seamark-cli-'))
  const data = join(dir, '.seamark')
  const start = (...argv: string[]): Started => begin(dir, [...NODE, ...argv])
  return {
    dir,
    data,
    start,
    seamark: (...argv) => start(...argv).ended,
    write(name, text) {
      writeFileSync(join(dir, name), text)
      return name
    },
    repository(name, files) {
      const path = join(dir, name)
      execFileSync('git', ['init', '-q', '-b', 'main', path])
      for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text)
      const git = (...args: string[]) =>
        execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: path })
      git('add', '.')
      git('commit', '-q', '-m', 'first')
      return path
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  }
}

export function begin(
  cwd: string,
  [program = '', ...argv]: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Started {
  const { SEAMARK_DATA: _, SEAMARK_CONFIG: __, NODE_OPTIONS: ___, ...env } = process.env
  const child = spawn(program, argv, { cwd, env: { ...env, ...more }, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  const watchers = new Set<() => void>()
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    for (const watch of watchers) watch()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, out, err }))
  })
  return {
    child,
    ended,
    saw: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!out.includes(text)) return
          watchers.delete(look)
          resolve()
        }
        watchers.add(look)
        look()
        void ended.then(() => reject(new Error(`Ended without ${text}:\n${out}\n${err}`)))
      }),
  }
}

/** Whether a process with this text in its command line is there, but for those that are ending. */
export function runs(text: string): boolean {
  const pids = execFileSync('sh', ['-c', 'ls /proc | grep -E "^[0-9]+$"'], { encoding: 'utf8' }).trim().split('\n')
  return pids.some((pid) => {
    try {
      return Number(pid) !== process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text)
    } catch {
      return false
    }
  })
}

export async function until(what: () => boolean | Promise<boolean>, ms = 60_000): Promise<void> {
  for (const end = Date.now() + ms; !(await what()); await sleep(50))
    if (Date.now() > end) throw new Error('It did not come to pass in time.')
}
