import { meant, SeamError } from '@seamark/kit'
import type { Command, CommandEntry } from '../command.ts'
import { SCRIPTS, SHELLS } from '../completion/scripts.ts'
import { wanted } from '../completion/words.ts'
import type { Values } from '../completion/words.ts'
import { command } from '../define.ts'
import { FORMATS } from '../output-format.ts'

// Whoever pressed a key waits: what talks to a service is loaded where it is asked.
const VALUES: Values = {
  status: async () => (await import('./list.ts')).STATUSES,
  output: async () => FORMATS,
  shell: async () => SHELLS,
  by: async () => (await import('./usage.ts')).SUMMED_BY,
}

/** The command that completes the others. */
export function completion(commands: readonly CommandEntry[]): Command {
  const shells = command({
    name: 'completion',
    args: { shell: { type: 'positional', required: true, description: SHELLS.join(', ') } },
    examples: [
      { line: 'source <(seamark completion bash)', says: 'in ~/.bashrc; the same for zsh, in ~/.zshrc after compinit' },
      { line: 'seamark completion fish | source', says: 'in ~/.config/fish/config.fish' },
    ],
    notes: ['Runs, items and agents are completed too, from the service that runs on the data folder.'],
    async run({ io }, args) {
      if (args.json === true)
        throw new SeamError('INVALID_INPUT', 'What a shell reads has one form.', {
          remedy: 'Leave out --json and --output.',
        })
      const shell = SHELLS.find((known) => known === args.shell)
      if (shell !== undefined) {
        await io.out(SCRIPTS[shell])
        return 0
      }
      const guess = meant(args.shell, SHELLS)
      throw new SeamError('INVALID_INPUT', `There is no completion for ${JSON.stringify(args.shell.slice(0, 40))}.`, {
        remedy: guess === undefined ? `Use ${SHELLS.join(', ')}.` : `Did you mean ${guess}?`,
      })
    },
  })
  return {
    ...shells,
    async run(context, rawArgs) {
      // What the scripts ask; words of a line that is being written are no arguments of this command.
      if (rawArgs[0] !== 'words' || rawArgs[1] !== '--') return shells.run(context, rawArgs)
      const found = await wanted(commands, VALUES, rawArgs.slice(2))
      if (found.kind === 'files') await context.io.out(':files\n')
      else {
        const words =
          found.kind === 'words' ? found.words : await (await import('../completion/names.ts')).namesOf(context, found)
        await context.io.out(words.map(({ text, says }) => `${text}\t${says}\n`).join(''))
      }
      return 0
    },
  }
}
