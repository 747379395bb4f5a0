import type { LaunchSpec, Problem } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { isAbsolute, normalize } from 'node:path'

const LAUNCH_ID = /^sm[a-z2-7]{32}$/

/** Refuses what is no launch id with `INVALID_INPUT`. */
export function checkLaunchId(launchId: string): void {
  if (isLaunchId(launchId)) return
  throw new SeamError('INVALID_INPUT', 'A launch id is "sm" and 32 lower-case base32 characters.', {
    remedy: 'Make it with launchId() of @seamark/kit.',
  })
}

export function isLaunchId(text: string): boolean {
  return LAUNCH_ID.test(text)
}

/** Places that the engine fills with what belongs to the kernel. */
const TAKEN = ['/proc', '/sys', '/dev']

/** Refuses a spec that no container can honour with `INVALID_INPUT`; all that is wrong is in `problems`. Pure. */
export function checkSpec(spec: LaunchSpec): void {
  const problems: Problem[] = []
  const wrong = (pointer: string, message: string) =>
    problems.push({ code: 'INVALID_INPUT', message, place: { pointer } })

  if (spec.argv.length === 0 || spec.argv[0] === '') wrong('/argv', 'There is no program.')
  spec.argv.forEach((argument, i) => {
    if (!isPlain(argument)) wrong(`/argv/${i}`, 'The argument holds a NUL or a lone surrogate.')
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
    if (target === '/' || TAKEN.some((path) => isBelow(target, path)))
      wrong(`/mounts/${i}/target`, `A mount can not cover the container's own ${target}.`)
    if (spec.mounts.findIndex((other) => trimmed(other.target) === trimmed(target)) !== i)
      wrong(`/mounts/${i}/target`, `Two mounts have the target ${target}.`)
  })
  if (spec.stdin === 'pipe') wrong('/stdin', 'This executor gives no input to an attempt.')
  if (!isCount(spec.timeoutMs, 1)) wrong('/timeoutMs', 'The limit is not a whole number of milliseconds from 1.')
  if (!isCount(spec.maxOutputBytes, 0)) wrong('/maxOutputBytes', 'The limit is not a whole number of bytes.')

  const [first] = problems
  if (first !== undefined) throw new SeamError('INVALID_INPUT', first.message, { problems })
}

export function isBelow(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(folder + '/')
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

function isCount(value: number | undefined, least: number): boolean {
  return value === undefined || (Number.isSafeInteger(value) && value >= least)
}
