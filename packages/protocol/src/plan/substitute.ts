import type { Json } from '@seamark/core'
import { meant, shellLine } from '@seamark/kit'
import type { Faults, Path } from './fault.ts'
import { madeReserved, misread } from './in-line.ts'
import { isMap } from './json-value.ts'
import { PLAN_LIMITS } from './limits.ts'
import { setMember } from './source.ts'
import type { VariableValue } from './variables.ts'

/** What references stand for, by the word before the point. */
export type Scope = Readonly<Record<string, ReadonlyMap<string, VariableValue | undefined>>>

/** `$${{` is `${{` itself; a reference is short, so that looking for its end is too. */
const references = /\$\$\{\{|\$\{\{([^{}]{0,200})\}\}|\$\{\{/g
const whole = /^\$\{\{([^{}]{0,200})\}\}$/
const form = /^\s*([a-z]+)\.([A-Za-z][A-Za-z0-9_-]{0,62})\s*$/

/** Command lines, where the shell reads what is put in. */
const lines = new Set([
  'items.#.run',
  'items.#.gates.#.run',
  'items.#.services.#.run',
  'items.#.services.#.ready.run',
  'workspace.setup.run',
])

/** Fields that take a number, or true or false. */
const typedFields = new Set<string | number>([
  'priority',
  'keepWorkspace',
  'max',
  'depth',
  'usd',
  'tokens',
  'cpu',
  'pids',
  'port',
])

/** Data of its own, in which values have their types. */
function isData([top, , field, at, inside]: Path): boolean {
  if (top !== 'items') return false
  return (
    field === 'input' || field === 'matrix' || (field === 'outputs' && typeof at === 'number' && inside === 'schema')
  )
}

function isTyped(path: Path): boolean {
  return isData(path) || (typedFields.has(path.at(-1) ?? '') && path.at(-2) !== 'env')
}

/** Puts values in the place of references. */
export interface Substitution {
  /** A part of a plan at this path, with values in the texts in it and never in keys. */
  of(value: Json, path: Path, scope: Scope): Json
}

export function substitution(faults: Faults): Substitution {
  let bytes = 0
  let over = false

  function valueOf(inside: string | undefined, path: Path, scope: Scope): VariableValue | undefined {
    const found = form.exec(inside ?? '')
    const refuse = (message: string, remedy: string) => {
      faults.add({ code: 'INVALID_INPUT', message, remedy, path })
      return undefined
    }
    const [, group = '', name = ''] = found ?? []
    const values = Object.hasOwn(scope, group) ? scope[group] : undefined
    if (found === null || values === undefined) {
      const known = Object.keys(scope).map((one) => `\${{ ${one}.NAME }}`)
      return refuse(
        'There is a "${{" that begins no reference here.',
        `Write ${known.join(' or ')}, or $\${{ for the text itself.`,
      )
    }
    if (values.has(name)) return values.get(name)
    const guess = meant(name, [...values.keys()])
    return refuse(
      `There is no ${group}.${name} here.`,
      guess === undefined ? `Declare it, or write $\${{ for the text itself.` : `Did you mean "${group}.${guess}"?`,
    )
  }

  /** A field that is only the value of a variable of which something is wrong, and has been told. */
  function isFaulty(member: Json, path: Path, scope: Scope): boolean {
    const inside = typeof member === 'string' && isTyped(path) ? whole.exec(member)?.[1] : undefined
    const [, group = '', name = ''] = form.exec(inside ?? '') ?? []
    const values = Object.hasOwn(scope, group) ? scope[group] : undefined
    return values !== undefined && values.has(name) && values.get(name) === undefined
  }

  function count(put: VariableValue, path: Path): void {
    bytes += Buffer.byteLength(String(put))
    if (bytes <= PLAN_LIMITS.jsonBytes || over) return
    over = true
    const message = `With its references written out the plan holds more than ${PLAN_LIMITS.jsonBytes} bytes.`
    faults.add({ code: 'LIMIT_EXCEEDED', message, remedy: 'Use shorter values, or fewer.', path })
  }

  function text(written: string, path: Path, scope: Scope, line: boolean): Json {
    if (!written.includes('${{') || over) return written
    const only = isTyped(path) ? whole.exec(written) : null
    if (only !== null) {
      const value = valueOf(only[1], path, scope) ?? written
      count(value, path)
      return value
    }
    const unfit = (what: string) => {
      const message = `${what}.`
      const remedy = 'Write run as a list of words, or give the value to the command in env.'
      faults.add({ code: 'INVALID_INPUT', message, remedy, path })
    }
    const made = written.replaceAll(references, (match, inside: string | undefined, at: number) => {
      if (match === '$${{') return '${{'
      const value = valueOf(inside, path, scope)
      if (value === undefined) return match
      const put = String(value)
      if (line) {
        const end = at + match.length
        const why = misread(put, written.slice(Math.max(0, at - 100), at), written.slice(end, end + 1))
        if (why !== undefined) unfit(`The value of ${(inside ?? '').trim()} ${why}`)
      }
      count(put, path)
      return over ? '' : put
    })
    if (line && !over && madeReserved(made, written)) unfit('With its values the line has a reserved word of the shell')
    return made
  }

  function of(value: Json, path: Path, scope: Scope): Json {
    if (typeof value === 'string') return text(value, path, scope, isLine(path))
    if (Array.isArray(value)) {
      const list: readonly Json[] = value
      return list.map((entry, at) => of(entry, [...path, at], scope))
    }
    if (!isMap(value)) return value
    const made: Record<string, Json> = {}
    for (const [key, member] of Object.entries(value)) {
      // What an item is called is no matter of values.
      const fixed = path.length === 2 && path[0] === 'items' && key === 'id'
      if (!fixed && isFaulty(member, [...path, key], scope)) continue
      setMember(made, key, fixed ? member : of(member, [...path, key], scope), () => undefined)
    }
    return made
  }
  return { of }
}

function isLine(path: Path): boolean {
  return lines.has(path.map((step) => (typeof step === 'number' ? '#' : step)).join('.'))
}

/** A plan with command lines in the place of lists of words: each word is one argument, whatever is in it. */
export function linesOfWords(value: Json, path: Path): Json {
  const words = isLine(path)
  if (Array.isArray(value)) {
    const list: readonly Json[] = value
    if (words && list.length > 0 && list.every((word) => typeof word === 'string')) return shellLine(list)
    let same = true
    const made = list.map((entry, at) => {
      const one = linesOfWords(entry, [...path, at])
      same &&= one === entry
      return one
    })
    return same ? list : made
  }
  if (!isMap(value)) return value
  let made: Record<string, Json> | undefined
  for (const field of ['items', 'workspace', 'setup', 'gates', 'services', 'ready', 'run']) {
    const member = value[field]
    if (member === undefined) continue
    const one = linesOfWords(member, [...path, field])
    if (one !== member) made = { ...(made ?? value), [field]: one }
  }
  return made ?? value
}
