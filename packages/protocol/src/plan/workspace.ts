import type { Plan, SetupSpec, WorkspaceSource } from '@seamark/core'
import { DEFAULT_TIMEOUT_MS } from './defaults.ts'
import { durationMs } from './duration.ts'
import type { Faults, Path } from './fault.ts'
import { PLAN_LIMITS } from './limits.ts'
import { literalPath } from './paths.ts'

const schemes = /^(?:https?|ssh|git|file):\/\//i

/** Whether an address carries a password, which would end up in the log. */
function holdsSecret(git: string): boolean {
  if (!schemes.test(git) || !URL.canParse(git)) return false
  const url = new URL(git)
  return url.password !== '' || (url.username !== '' && url.protocol.startsWith('http'))
}

/** Where the files come from; the submitter's folder is added by who knows it. */
export function checkWorkspace(plan: Omit<Plan, 'items'>, faults: Faults): Omit<WorkspaceSource, 'from'> {
  const { git, ref, setup, submodules, lfs, history } = plan.workspace ?? {}
  const wrong = (field: string, message: string, remedy: string) =>
    faults.add({ code: 'INVALID_INPUT', message, remedy, path: ['workspace', field] })
  if (git === undefined) {
    if (ref !== undefined) wrong('ref', 'There is a ref and no repository.', 'Add git, or take out ref.')
    if (submodules !== undefined)
      wrong('submodules', 'submodules needs a git workspace.', 'Add git, or take out submodules.')
    if (lfs !== undefined) wrong('lfs', 'lfs needs a git workspace.', 'Add git, or take out lfs.')
    if (history !== undefined) wrong('history', 'history needs a git workspace.', 'Add git, or take out history.')
    if (setup !== undefined) wrong('setup', 'setup needs a git workspace.', 'Add git, or take out setup.')
    return {}
  }
  for (const [field, value] of [
    ['git', git],
    ['ref', ref ?? 'HEAD'],
  ] as const) {
    if (/\p{Cc}/u.test(value)) wrong(field, `${field} holds a control character.`, 'Take it out.')
    if (value.startsWith('-')) wrong(field, `${field} begins with "-".`, 'Git would take it for an option.')
    if (Buffer.byteLength(value) > PLAN_LIMITS.pathBytes)
      wrong(field, `${field} is longer than ${PLAN_LIMITS.pathBytes} bytes.`, 'Write a shorter one.')
  }
  if (/^[a-z0-9+.-]+::/i.test(git))
    wrong('git', 'git names a remote helper.', 'Use a path, a bundle, or an https, ssh, git or file address.')
  else if (/^[a-z][a-z0-9+.-]*:\/\//i.test(git) && !schemes.test(git))
    wrong(
      'git',
      'git has a scheme that is not supported.',
      'Use a path, a bundle, or an https, ssh, git or file address.',
    )
  if (holdsSecret(git))
    wrong('git', 'git holds a credential.', 'Take it out: a plan is kept in the log. Set it up for git on the worker.')
  return {
    git,
    ref: ref ?? 'HEAD',
    ...(submodules !== undefined && { submodules }),
    ...(lfs !== undefined && { lfs }),
    ...(history !== undefined && { history }),
  }
}

/** The setup layer with paths normalised. */
export function checkSetup(plan: Omit<Plan, 'items'>, faults: Faults): SetupSpec | undefined {
  const setup = plan.workspace?.setup
  if (setup === undefined) return undefined
  const base: Path = ['workspace', 'setup']
  const paths = (field: 'key' | 'paths') => {
    const seen = new Set<string>()
    if (setup[field].length > PLAN_LIMITS.paths)
      faults.add({
        code: 'LIMIT_EXCEEDED',
        message: `setup.${field} has more than ${PLAN_LIMITS.paths} paths.`,
        path: [...base, field],
      })
    for (const [at, path] of setup[field].entries()) {
      const checked = literalPath(path)
      if (checked.ok) seen.add(checked.value)
      else
        faults.add({
          code: 'INVALID_INPUT',
          message: checked.message,
          remedy: checked.remedy,
          path: [...base, field, at],
        })
    }
    return [...seen]
  }
  const key = paths('key')
  const left = paths('paths')
  const inner = left.find((path) => left.some((other) => path.startsWith(`${other}/`)))
  if (inner !== undefined)
    faults.add({
      code: 'INVALID_INPUT',
      message: 'One of setup.paths is inside another.',
      remedy: 'Keep the outer one.',
      path: [...base, 'paths', setup.paths.findIndex((path) => literalPath(path).ok && path.includes(inner))],
    })
  const timeout = setup.timeout ?? plan.defaults?.timeout
  return {
    run: setup.run,
    key,
    paths: left,
    timeoutMs: (timeout === undefined ? undefined : durationMs(timeout)) ?? DEFAULT_TIMEOUT_MS,
  }
}
