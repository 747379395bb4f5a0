import type { LaunchSpec } from '@seamark/core'
import { launchId, sleep } from '@seamark/kit'
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { openConnection } from '../../src/connection.ts'
import { layoutOf } from '../../src/paths.ts'

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'seamark-supervisor-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

export const idOf = (text: string): string => launchId('test', 'run', text, 1, 'main')

export function shell(script: string, ...args: string[]): LaunchSpec {
  const path = 'PATH=/usr/local/bin:/usr/bin:/bin; '
  return { argv: ['/bin/sh', '-c', path + script, 'sh', ...args], env: {}, cwd: '/', mounts: [] }
}

/** The process id of the supervisor that now serves a data folder. */
export async function supervisorPid(dir: string): Promise<number> {
  const connection = await openConnection(layoutOf(dir).folder, 'observer')
  const { pid } = connection.hello
  connection.close()
  return pid
}

/** Process ids whose command line holds a text. */
export function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      if (!Number.isInteger(pid) || pid === process.pid) return false
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text)
      } catch {
        return false
      }
    })
}

export async function until(test: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const end = Date.now() + 15_000; Date.now() < end; await sleep(10)) if (await test()) return
  throw new Error(`never: ${what}`)
}
