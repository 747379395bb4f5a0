import type { RuntimeAdapter, RuntimeTask } from '@seamark/core'
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { liveRuntime } from './live-runtime.ts'
import type { LivedRuntime } from './live-runtime.ts'

/**
 * Attempts of one item, one after the other, without a sandbox. Each has a home of its own below `place`, with the files that the
 * runtime prepares and nothing besides but what it keeps of the attempt before.
 */
export function liveAttempts(
  runtime: RuntimeAdapter,
  place: string,
  timeoutMs: number,
): (task: RuntimeTask) => Promise<LivedRuntime> {
  let before: string | undefined
  return async (task) => {
    const home = mkdtempSync(join(place, 'home-'))
    const asked = { ...task, env: { ...task.env, HOME: home } }
    const { files, keeps = [] } = await runtime.prepare(asked)
    if (before !== undefined)
      for (const path of keeps) cpSync(join(before, path), join(home, path), { recursive: true })
    for (const { path, bytes } of files) {
      mkdirSync(dirname(join(home, path)), { recursive: true })
      writeFileSync(join(home, path), bytes)
    }
    before = home
    return liveRuntime(runtime, asked, timeoutMs)
  }
}
