import { parseArgs } from 'node:util'
import { SeamError } from '@seamark/kit'
import { optionsOf } from './arguments.ts'
import type { Command } from './command.ts'

/**
 * The same command, which refuses everything on its command line that may be the value of a secret before anything of it
 * is repeated in an error: arguments too many, options that it has not, and values of flags.
 */
export function withoutValues(command: Command): Command {
  return {
    ...command,
    run: (context, rawArgs) => {
      refuseValues(command, rawArgs)
      return command.run(context, rawArgs)
    },
  }
}

function refuseValues({ name, args }: Command, rawArgs: readonly string[]): void {
  const options = optionsOf(args)
  const names = Object.values(args).filter(({ type }) => type === 'positional').length
  const given = parseArgs({ args: [...rawArgs], options, strict: false, allowPositionals: true, tokens: true })
  const stray = given.tokens.some(
    (token) =>
      token.kind === 'option' &&
      (options[token.name] === undefined || (options[token.name]?.type === 'boolean' && token.value !== undefined)),
  )
  if (!stray && given.positionals.length <= names) return
  throw new SeamError('INVALID_INPUT', `seamark ${name} was given more than it takes. A value is never an argument.`, {
    remedy:
      'If that was a secret, it is in the history of the shell and others could see it: have it issued anew. ' +
      'Then run seamark secrets set NAME and type the value when asked, or give it on standard input.',
  })
}
