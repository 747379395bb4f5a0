import { spawn } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { SeamError, systemCode } from '@seamark/kit'
import type { CliContext } from './command.ts'
import { onInterrupt } from './interrupt.ts'

/** Writes text that may be long, and waits while the reader is slower. */
export type Out = (bytes: string | Uint8Array) => Promise<void>

/**
 * Has `write` write to the pager where standard output is a terminal: `SEAMARK_PAGER`, `PAGER`, or `less` where there is one;
 * otherwise to standard output. Whoever leaves the pager early has seen enough. Errors: `UNAVAILABLE` for a pager that is not there.
 */
export async function paged(context: CliContext, write: (out: Out) => Promise<void>): Promise<void> {
  const { io, env } = context
  const pager = io.interactive && !env.dumb ? (env.pager ?? (await defaultPager(env.path))) : undefined
  if (pager === undefined || pager === '' || pager === 'cat') return write((bytes) => io.out(bytes))
  // Quits where all fits the terminal, shows colours, leaves what it showed; who set LESS knows better.
  const line = `LESS="\${LESS-FRX}"; LV="\${LV--c}"; export LESS LV; ${pager}`
  const child = spawn('/bin/sh', ['-c', line], { stdio: ['pipe', 'inherit', 'inherit'] })
  const closed = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve))
  // Ctrl-C is for the pager, which stops what it does; we go when it goes.
  const offInterrupt = onInterrupt((_, signal) => void (signal !== 'SIGINT' && child.kill(signal)))
  let gone = false
  child.stdin.on('error', () => (gone = true))
  // Its stdin is destroyed then, without an error of its own: only the next write would tell.
  child.on('exit', () => (gone = true))
  const out: Out = (bytes) =>
    new Promise((resolve, reject) => {
      if (gone) return reject(new LeftPager())
      child.stdin.write(bytes, (error) => {
        if (error === null || error === undefined) resolve()
        else reject(gone || systemCode(error) === 'EPIPE' ? new LeftPager() : error)
      })
    })
  // What went wrong is told once the terminal is free.
  const [written, ended] = await Promise.allSettled([write(out).finally(() => child.stdin.end()), closed])
  offInterrupt()
  if (ended.status === 'rejected') throw ended.reason
  if (ended.value === 126 || ended.value === 127)
    throw new SeamError('UNAVAILABLE', `The pager ${JSON.stringify(pager)} could not be started.`, {
      remedy: 'Set PAGER to a program that is there, or to cat for none.',
    })
  if (written.status === 'rejected' && !(written.reason instanceof LeftPager)) throw written.reason
}

class LeftPager extends Error {}

async function defaultPager(path: string | undefined): Promise<string | undefined> {
  for (const folder of (path ?? '').split(delimiter)) {
    if (folder === '') continue
    try {
      await access(join(folder, 'less'), constants.X_OK)
      return 'less'
    } catch {
      // Not in this folder.
    }
  }
  return undefined
}
