import { systemCode } from '@seamark/kit'
import { readFileSync } from 'node:fs'

/** What bubblewrap wrote with `--json-status-fd`. */
export interface BubblewrapStatus {
  /** The host's process id of the first process of the sandbox's process namespace. */
  readonly childPid?: number
  /** There only if the program was started: 128 + n stands for an end by signal n. */
  readonly exitCode?: number
}

export function readStatus(path: string): BubblewrapStatus {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return {}
    throw error
  }
  const childPid = /"child-pid": (\d+)/.exec(text)?.[1]
  const exitCode = /"exit-code": (\d+)/.exec(text)?.[1]
  return {
    ...(childPid !== undefined && { childPid: Number(childPid) }),
    ...(exitCode !== undefined && { exitCode: Number(exitCode) }),
  }
}
