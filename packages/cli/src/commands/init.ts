import { open, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fromSystemError, systemCode } from '@seamark/kit'
import type { Command } from '../command.ts'
import { command } from '../define.ts'
import { exists } from '../exists.ts'
import { planSchemaText, SCHEMA_FILE } from '../plan-schema.ts'
import { starterPlan } from '../starter-plan.ts'

export const init: Command = command({
  name: 'init',
  summary: 'Writes a first plan to start from',
  args: {
    file: { type: 'positional', required: false, description: 'File to write. Default: seamark.yaml' },
  },
  examples: [
    { line: 'seamark init', says: 'then: seamark run seamark.yaml' },
    { line: 'seamark init plans/nightly.yaml', says: 'the same elsewhere; nothing that is there is changed' },
  ],
  notes: [
    `Writes ${SCHEMA_FILE} beside it, with which editors complete and check the plan.`,
    'Adds .seamark/ to .gitignore in a repository.',
    '--json gives { created: [path], kept: [path] }.',
  ],
  async run({ cwd, io }, args) {
    const file = args.file ?? 'seamark.yaml'
    const created: string[] = []
    const kept: string[] = []
    const inRepository = await exists(join(cwd, '.git'))
    ;((await createNew(resolve(cwd, file), starterPlan(inRepository))) ? created : kept).push(file)
    const schema = join(dirname(file), SCHEMA_FILE)
    ;((await createNew(resolve(cwd, schema), planSchemaText())) ? created : kept).push(schema)
    if (inRepository) ((await ignoreData(join(cwd, '.gitignore'))) ? created : kept).push('.gitignore')
    if (args.json === true) await io.out(`${JSON.stringify({ created, kept })}\n`)
    else {
      for (const path of created) await io.out(`${io.style.green('wrote')} ${path}\n`)
      for (const path of kept) await io.out(`${io.style.yellow('kept')}  ${path}, which was there\n`)
      await io.out(`Next: seamark run ${file}\n`)
    }
    return 0
  },
})

/** `false` where there is a file already, which is left as it is. */
async function createNew(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: 'wx' })
    return true
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    throw fromSystemError(error, `Writing ${path}`)
  }
}

/** Adds the data folder to an ignore file; `false` where it is in it. */
async function ignoreData(path: string): Promise<boolean> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return ''
    throw fromSystemError(error, `Reading ${path}`)
  })
  if (text.split(/\r?\n/).some((line) => /^\/?\.seamark\/?$/.test(line.trim()))) return false
  try {
    await using handle = await open(path, 'a')
    await handle.appendFile(`${text === '' || text.endsWith('\n') ? '' : '\n'}.seamark/\n`)
    return true
  } catch (error) {
    throw fromSystemError(error, `Writing ${path}`)
  }
}
