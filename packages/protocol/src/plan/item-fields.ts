import { durationMs } from './duration.ts'
import type { Faults, Path } from './fault.ts'
import { checkGivenText } from './given-text.ts'
import type { GivenText } from './given-text.ts'
import { PLAN_LIMITS } from './limits.ts'

export type Env = Readonly<Record<string, string>>

export const COMMAND: GivenText = {
  what: 'A command',
  maxBytes: PLAN_LIMITS.runBytes,
  remedy: 'Put it into a script in the workspace.',
}
const ENV_VALUE: GivenText = {
  what: 'A value of env',
  maxBytes: PLAN_LIMITS.envValueBytes,
  remedy: 'Put it into a file of the workspace.',
}

/** Milliseconds of a duration whose form the schema has checked. */
export function duration(text: string | undefined, path: Path, faults: Faults): number | undefined {
  if (text === undefined) return undefined
  const ms = durationMs(text)
  if (ms === undefined) faults.add({ code: 'LIMIT_EXCEEDED', message: 'A duration is longer than 365 days.', path })
  return ms
}

/** Checks names and values of one `env`. */
export function checkEnv(env: Env | undefined, path: Path, faults: Faults): void {
  const entries = Object.entries(env ?? {})
  if (entries.length > PLAN_LIMITS.env)
    faults.add({ code: 'LIMIT_EXCEEDED', message: `env has more than ${PLAN_LIMITS.env} names.`, path })
  for (const [name, value] of entries) {
    const place = [...path, name]
    if (name.startsWith('SEAMARK_'))
      faults.add({
        code: 'INVALID_INPUT',
        message: 'Names that begin with SEAMARK_ are set by Seamark.',
        remedy: 'Use another name.',
        path: place,
        part: 'key',
      })
    checkGivenText(value, ENV_VALUE, place, faults)
  }
}
