import type { LaunchSpec, Problem } from '@seamark/core'
import { isAbsolute, normalize } from 'node:path'
import { SeamError } from './errors.ts'
import { isCount, type TellProblem } from './launch-limits.ts'

const LAUNCH_ID = /^sm[a-z2-7]{32}$/

/** Whether a text is a launch id: `sm` and 32 lower-case base32 characters. */
export function isLaunchId(text: string): boolean {
  return LAUNCH_ID.test(text)
}

/** Refuses what is no launch id with `INVALID_INPUT`. */
export function checkLaunchId(launchId: string): void {
  if (isLaunchId(launchId)) return
  throw new SeamError('INVALID_INPUT', 'A launch id is "sm" and 32 lower-case base32 characters.', {
    remedy: 'Make it with launchId() of @seamark/kit.',
  })
}

/**
 * Refuses a spec that no executor can honour with `INVALID_INPUT`; all that is wrong is in `problems`. `more` adds what
 * one executor does not honour. Pure.
 */
export function checkLaunchSpec(spec: LaunchSpec, more?: (wrong: TellProblem) => void): void {
  const problems: Problem[] = []
  const wrong: TellProblem = (pointer, message) =>
    void problems.push({ code: 'INVALID_INPUT', message, place: { pointer } })

  if (spec.argv.length === 0 || spec.argv[0] === '') wrong('/argv', 'There is no program.')
  spec.argv.forEach((argument, i) => {
    if (!isPlain(argument))
      wrong(`/argv/${i}`, 'The argument holds a NUL or a lone surrogate, which no program can be given.')
  })
  for (const [name, value] of Object.entries(spec.env)) {
    if (name === '' || name.includes('=') || !isPlain(name))
      wrong('/env', `${JSON.stringify(name)} is no name of a variable.`)
    if (!isPlain(value)) wrong('/env', `The variable ${JSON.stringify(name)} holds a NUL or a lone surrogate.`)
  }
  if (!isPath(spec.cwd)) wrong('/cwd', 'The working folder is not an absolute path.')
  spec.mounts.forEach(({ source, target }, i) => {
    if (!isPath(source)) wrong(`/mounts/${i}/source`, 'The source is not an absolute path.')
    if (!isPath(target)) wrong(`/mounts/${i}/target`, 'The target is not an absolute path.')
    if (spec.mounts.findIndex((other) => trimmed(other.target) === trimmed(target)) !== i)
      wrong(`/mounts/${i}/target`, `Two mounts have the target ${target}.`)
  })
  if (!isCount(spec.timeoutMs, 1)) wrong('/timeoutMs', 'The limit is not a whole number of milliseconds from 1.')
  if (!isCount(spec.maxOutputBytes, 0)) wrong('/maxOutputBytes', 'The limit is not a whole number of bytes.')
  more?.(wrong)

  const [first] = problems
  if (first !== undefined) throw new SeamError('INVALID_INPUT', first.message, { problems })
}

function isPlain(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}

function isPath(path: string): boolean {
  return isAbsolute(path) && isPlain(path) && trimmed(normalize(path)) === trimmed(path)
}

function trimmed(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}
