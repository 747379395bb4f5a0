import type { LaunchSpec, Problem } from '@seamark/core'
import { isAbsolute, normalize } from 'node:path'
import { SeamError } from './errors.ts'
import { ITEM_ID, SERVICES_PER_ITEM } from './names.ts'
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

  checkProgram(spec, '', wrong)
  if (!isPath(spec.cwd)) wrong('/cwd', 'The working folder is not an absolute path.')
  if (!isCount(spec.timeoutMs, 1)) wrong('/timeoutMs', 'The limit is not a whole number of milliseconds from 1.')
  if (!isCount(spec.maxOutputBytes, 0)) wrong('/maxOutputBytes', 'The limit is not a whole number of bytes.')
  const { companions = [] } = spec
  if (companions.length > SERVICES_PER_ITEM)
    wrong('/companions', `There are more than ${SERVICES_PER_ITEM} companions.`)
  companions.forEach((companion, i) => {
    if (!ITEM_ID.test(companion.name) || companions.findIndex(({ name }) => name === companion.name) !== i)
      wrong(`/companions/${i}/name`, 'The name is none, or another companion has it.')
    checkProgram(companion, `/companions/${i}`, wrong)
  })
  more?.(wrong)

  const [first] = problems
  if (first !== undefined) throw new SeamError('INVALID_INPUT', first.message, { problems })
}

function checkProgram(
  { argv, env, mounts }: Pick<LaunchSpec, 'argv' | 'env' | 'mounts'>,
  at: string,
  wrong: TellProblem,
): void {
  if (argv.length === 0 || argv[0] === '') wrong(`${at}/argv`, 'There is no program.')
  argv.forEach((argument, i) => {
    if (!isPlain(argument))
      wrong(`${at}/argv/${i}`, 'The argument holds a NUL or a lone surrogate, which no program can be given.')
  })
  for (const [name, value] of Object.entries(env)) {
    if (name === '' || name.includes('=') || !isPlain(name))
      wrong(`${at}/env`, `${JSON.stringify(name)} is no name of a variable.`)
    if (!isPlain(value)) wrong(`${at}/env`, `The variable ${JSON.stringify(name)} holds a NUL or a lone surrogate.`)
  }
  mounts.forEach(({ source, target }, i) => {
    if (!isPath(source)) wrong(`${at}/mounts/${i}/source`, 'The source is not an absolute path.')
    if (!isPath(target)) wrong(`${at}/mounts/${i}/target`, 'The target is not an absolute path.')
    if (mounts.findIndex((other) => trimmed(other.target) === trimmed(target)) !== i)
      wrong(`${at}/mounts/${i}/target`, `Two mounts have the target ${target}.`)
  })
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
