import { parseArgs } from 'node:util'
import type { ParseArgsOptionsConfig } from 'node:util'
import { meant, SeamError } from '@seamark/kit'
import type { ArgDef, ArgsDef } from 'citty'

/**
 * Refuses what the parser would let pass: unknown options, values where none belong, options
 * without their value, too few or too many arguments. Errors: `INVALID_INPUT` with a suggestion.
 */
export function checkArguments(command: string, args: ArgsDef, rawArgs: readonly string[], takesMore = false): void {
  const options = optionsOf(args)
  const positionals = Object.entries(args).filter(([, def]) => def.type === 'positional')
  const given = parseArgs({ args: [...rawArgs], options, strict: false, allowPositionals: true, tokens: true })
  for (const token of given.tokens) {
    if (token.kind !== 'option') continue
    const option = options[token.name]
    if (option === undefined) throw unknownOption(command, token.rawName, Object.keys(options))
    const valued = option.type === 'string'
    if (
      valued &&
      (token.value === undefined ||
        token.value === '' ||
        (!token.inlineValue && token.value.startsWith('-') && token.value !== '-'))
    )
      throw usage(command, `${token.rawName} needs a value.`)
    if (!valued && token.value !== undefined) throw usage(command, `${token.rawName} takes no value.`)
  }
  const extra = given.positionals[positionals.length]
  if (extra !== undefined && !takesMore)
    throw usage(command, `There is an argument too many: ${JSON.stringify(extra)}.`)
  const missing = positionals[given.positionals.length]
  if (missing !== undefined && missing[1].required !== false)
    throw usage(command, `${missing[0].toUpperCase()} is missing.`)
}

/** The options among the arguments, as `parseArgs` of Node wants them. */
export function optionsOf(args: ArgsDef): ParseArgsOptionsConfig {
  const options: ParseArgsOptionsConfig = {}
  for (const [name, def] of Object.entries(args)) {
    if (def.type === 'positional') continue
    const short = aliasOf(def)
    options[name] = { type: def.type === 'boolean' ? 'boolean' : 'string', ...(short !== undefined && { short }) }
  }
  return options
}

/** The one-letter form of an option. */
export function aliasOf(def: ArgDef): string | undefined {
  if (!('alias' in def)) return undefined
  return Array.isArray(def.alias) ? def.alias[0] : def.alias
}

function unknownOption(command: string, option: string, known: readonly string[]): SeamError {
  const guess = meant(option.replace(/^-+/, ''), known)
  return new SeamError('INVALID_INPUT', `seamark ${command} has no option ${option}.`, {
    remedy: guess === undefined ? seeHelp(command) : `Did you mean --${guess}?`,
  })
}

function usage(command: string, message: string): SeamError {
  return new SeamError('INVALID_INPUT', message, { remedy: seeHelp(command) })
}

function seeHelp(command: string): string {
  return `See seamark ${command} --help.`
}
