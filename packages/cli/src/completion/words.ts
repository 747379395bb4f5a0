import { optionsOf } from '../arguments.ts'
import type { Command, CommandEntry } from '../command.ts'
import { COMMON } from '../command.ts'

/** What may stand where the cursor is. */
export type Wanted =
  | { readonly kind: 'words'; readonly words: readonly Word[] }
  | { readonly kind: 'runs' }
  /** Items of a run, as it is written in the line; without one of the newest. */
  | { readonly kind: 'items'; readonly run?: string }
  | { readonly kind: 'agents' }
  | { readonly kind: 'files' }

export interface Word {
  readonly text: string
  readonly says: string
}

/** Words that an option or argument of this name takes. */
export type Values = Readonly<Record<string, () => Promise<readonly string[]>>>

/** What the last of `words` may become. They are those after `seamark`; the last one may be empty. */
export async function wanted(
  commands: readonly CommandEntry[],
  values: Values,
  words: readonly string[],
): Promise<Wanted> {
  const line = joined(words)
  const current = line.at(-1) ?? ''
  const before = line.slice(0, -1)
  const command = await entryOf(commands, before)?.load()
  if (command === undefined) return { kind: 'words', words: nextWords(commands, before) }
  const given = before.slice(command.name.split(' ').length)
  const { positionals, chosen, open } = read(command, given)
  const [, inline] = /^--([a-z-]+)=/.exec(current) ?? []
  const option = inline ?? open
  if (option !== undefined) {
    const found = await valuesOf(command, option, values, positionals, chosen)
    if (inline === undefined || found.kind !== 'words') return found
    return { kind: 'words', words: found.words.map(({ text, says }) => ({ text: `--${inline}=${text}`, says })) }
  }
  if (current.startsWith('-') && !given.includes('--')) return { kind: 'words', words: optionWords(command, given) }
  const taken = Object.keys(command.args).filter((each) => command.args[each]?.type === 'positional')
  const name = taken[positionals.length] ?? (command.takesMore ? taken.at(-1) : undefined)
  if (name === undefined) {
    // `gc` is a command, and begins others too.
    const more = before.length === 1 ? nextWords(commands, before) : []
    return { kind: 'words', words: [...more, ...optionWords(command, given)] }
  }
  return valuesOf(command, name, values, positionals, chosen)
}

/** Bash hands over `--output=js` as three words. */
function joined(words: readonly string[]): string[] {
  const line: string[] = []
  for (const [at, word] of words.entries()) {
    const last = line.at(-1)
    const continues =
      last !== undefined && last.startsWith('--') && (word === '=' || (last.endsWith('=') && words[at - 1] === '='))
    if (continues) line[line.length - 1] = `${last}${word}`
    else line.push(word)
  }
  return line
}

function entryOf(commands: readonly CommandEntry[], words: readonly string[]): CommandEntry | undefined {
  const [first = '', second = ''] = words
  return (
    commands.find(({ name }) => name === `${first} ${second}`) ??
    commands.find(({ name }) => words.length > 0 && name === first)
  )
}

function nextWords(commands: readonly CommandEntry[], before: readonly string[]): Word[] {
  const [first] = before
  const after = first === undefined || first === 'help' ? '' : `${first} `
  const words = new Map<string, string>()
  for (const { name, summary } of commands) {
    if (!name.startsWith(after)) continue
    const [text = '', second] = name.slice(after.length).split(' ')
    const others = words.has(text) || second !== undefined
    words.set(text, others ? `${text} …` : summary)
  }
  if (first === undefined) words.set('help', 'Shows a command')
  if (before.length > 1) return []
  return [...words].map(([text, says]) => ({ text, says }))
}

/** What stands before the cursor: arguments, values of options, and the option whose value is still to come. */
function read(
  command: Command,
  words: readonly string[],
): { readonly positionals: readonly string[]; readonly chosen: ReadonlyMap<string, string>; readonly open?: string } {
  const options = optionsOf(command.args)
  const positionals: string[] = []
  const chosen = new Map<string, string>()
  let open: string | undefined
  for (const word of words) {
    if (open !== undefined) {
      chosen.set(open, word)
      open = undefined
      continue
    }
    const [, long, , value] = /^--([a-z-]+)(=(.*))?$/.exec(word) ?? []
    const short = /^-[a-zA-Z]$/.test(word) ? word.slice(1) : undefined
    const name =
      long ?? Object.entries(options).find(([, option]) => short !== undefined && option.short === short)?.[0]
    if (name === undefined) {
      if (word !== '--') positionals.push(word)
    } else if (value !== undefined) chosen.set(name, value)
    else if (options[name]?.type === 'string') open = name
  }
  return { positionals, chosen, ...(open !== undefined && { open }) }
}

async function valuesOf(
  command: Command,
  name: string,
  values: Values,
  positionals: readonly string[],
  chosen: ReadonlyMap<string, string>,
): Promise<Wanted> {
  const def = command.args[name]
  const hint = def !== undefined && 'valueHint' in def ? def.valueHint : undefined
  if (hint !== undefined && /\b(?:FILE|DIR)\b/.test(hint)) return { kind: 'files' }
  const isFile = name === 'output' && def !== COMMON.output
  const words = isFile || !Object.hasOwn(values, name) ? undefined : values[name]
  if (words !== undefined) return { kind: 'words', words: (await words()).map((text) => ({ text, says: '' })) }
  if (name === 'run') return { kind: 'runs' }
  if (name === 'agent' || name === 'from' || name === 'to') return { kind: 'agents' }
  if (name === 'item') {
    const first = Object.keys(command.args)[0] === 'run' ? positionals[0] : undefined
    const run = first ?? chosen.get('run')
    return { kind: 'items', ...(run !== undefined && { run }) }
  }
  return def?.type === 'positional' ? { kind: 'files' } : { kind: 'words', words: [] }
}

function optionWords(command: Command, given: readonly string[]): Word[] {
  return Object.entries(command.args)
    .filter(([name, { type }]) => type !== 'positional' && !given.includes(`--${name}`))
    .map(([name, { description = '' }]) => ({ text: `--${name}`, says: description }))
}
