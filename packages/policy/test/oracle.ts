import type { EgressRule, Policy } from '@seamark/core'
import type { EgressRequest } from '../src/index.ts'

// A second reading of what one level says, made of regular expressions, for requests that are already in one spelling.

function toRegExp(glob: string): RegExp {
  return new RegExp(`^${glob.replaceAll(/[.+?^${}()|[\]\\/]/g, '\\$&').replace(/\*$/, '.*')}$`)
}

function ruleTakes(rule: EgressRule, request: EgressRequest): boolean {
  if (rule.host !== request.host || (rule.port ?? 443) !== request.port || rule.mode !== request.mode) return false
  if (request.mode === 'tunnel') return true
  const methods = rule.methods ?? [request.method]
  const paths = rule.paths ?? [request.path]
  return methods.some((m) => m === request.method) && paths.some((p) => toRegExp(p).test(request.path))
}

/** The rules of one level that take a request; `undefined` where it says nothing of the network. */
export function rulesFor(policy: Policy, request: EgressRequest): readonly EgressRule[] | undefined {
  return policy.network?.allow.filter((rule) => ruleTakes(rule, request))
}

/** Whether one level lets a file be written. */
export function mayWrite({ filesystem }: Policy, path: string): boolean {
  const write = filesystem?.write ?? ['workspace']
  return write.some((scope) => scope === 'workspace' || toRegExp(scope.replace('**', '*')).test(path))
}

function commandTaken(pattern: string, argv: readonly string[]): boolean {
  // Arguments of the tests hold no comma. A last word with a star leaves the rest open.
  const words = pattern.split(' ')
  const last = words.pop() ?? ''
  const inner = words.map((word) => word.replaceAll(/[.]/g, '\\.').replace('*', '[^,]*'))
  const end = last === '*' ? '(,.*)?' : last.endsWith('*') ? `,${last.slice(0, -1)}.*` : `,${last}`
  return new RegExp(`^${inner.map((word) => `,${word}`).join('')}${end}$`).test(`,${argv.join(',')}`)
}

/** Whether one level lets a command of a plain program run: at least what its patterns say word by word. */
export function mayRun({ tools }: Policy, argv: readonly string[]): boolean {
  if (tools?.deny?.some((pattern) => commandTaken(pattern, argv)) === true) return false
  return tools?.shell === undefined || tools.shell.some((pattern) => commandTaken(pattern, argv))
}
