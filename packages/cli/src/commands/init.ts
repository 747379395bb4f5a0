import { constants, open, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { findConfig } from '@seamark/config/find'
import { fromSystemError, shellLine, systemCode } from '@seamark/kit'
import type { Command } from '../command.ts'
import { command } from '../define.ts'
import { exists } from '../exists.ts'
import { planSchemaText, SCHEMA_FILE } from '../plan-schema.ts'
import { configText } from '../first-plan/config-text.ts'
import { planText } from '../first-plan/plan-text.ts'
import { detectProjects } from '../first-plan/project.ts'
import type { DetectedProject } from '../first-plan/project.ts'

const CONFIG_FILE = 'seamark.config.mjs'

export const init: Command = command({
  name: 'init',
  args: {
    file: { type: 'positional', required: false, description: 'File to write. Default: seamark.yaml' },
  },
  examples: [
    { line: 'seamark init', says: 'then: seamark run seamark.yaml' },
    { line: 'seamark init plans/nightly.yaml', says: 'the same elsewhere; nothing that is there is changed' },
  ],
  notes: [
    'In a repository it looks for package.json, pyproject.toml, requirements.txt, go.mod, Cargo.toml and a Makefile, and the plan',
    `runs their tests. Where these need packages of npm, pnpm, bun, Yarn 1 or pip, it also writes ${CONFIG_FILE}, by which`,
    'set-ups may read from the registry. No file that is there is changed, and nothing of the repository is run.',
    `Writes ${SCHEMA_FILE} beside it, with which editors complete and check the plan.`,
    'Adds .seamark/ to .gitignore in a repository.',
    '--json gives { created: [path], kept: [path], projects }.',
  ],
  async run({ cwd, io }, args) {
    const file = args.file ?? 'seamark.yaml'
    const created: string[] = []
    const kept: string[] = []
    const inRepository = await exists(join(cwd, '.git'))
    const projects = inRepository ? await detectProjects(cwd) : []
    const tested = projects.filter(({ test, missing }) => test !== undefined && missing === undefined)
    const config = configText(tested)
    const itsOwn = await findConfig(cwd)
    const configured = config === undefined ? [] : ['--config', relative(cwd, itsOwn ?? join(cwd, CONFIG_FILE))]
    const line = shellLine(['seamark', 'run', file, ...configured])
    const plan = planText({ command: line, inRepository, projects })
    ;((await createNew(resolve(cwd, file), plan)) ? created : kept).push(file)
    const schema = join(dirname(file), SCHEMA_FILE)
    ;((await createNew(resolve(cwd, schema), planSchemaText())) ? created : kept).push(schema)
    if (config !== undefined)
      if (itsOwn === undefined && (await createNew(join(cwd, CONFIG_FILE), config))) created.push(CONFIG_FILE)
      else kept.push(relative(cwd, itsOwn ?? join(cwd, CONFIG_FILE)))
    if (inRepository) ((await ignoreData(join(cwd, '.gitignore'))) ? created : kept).push('.gitignore')
    if (args.json === true) await io.out(`${JSON.stringify({ created, kept, projects })}\n`)
    else {
      for (const project of projects) await io.out(`${io.style.green('found')} ${inWords(project)}\n`)
      for (const path of created) await io.out(`${io.style.green('wrote')} ${path}\n`)
      for (const path of kept) await io.out(`${io.style.yellow('kept')}  ${path}, which was there\n`)
      if (config !== undefined && itsOwn !== undefined) await io.out(mayRead(tested))
      await io.out(`Next: ${line}\n`)
    }
    return 0
  },
})

function inWords({ language, because, test, missing }: DetectedProject): string {
  const found = `${language} (${because.join(', ')})`
  if (missing !== undefined) return `${found}; its tests are left out, since ${missing}`
  return test === undefined ? `${found}, without tests` : `${found}, tested by ${test}`
}

/** What a configuration that is there already has to say. */
function mayRead(projects: readonly DetectedProject[]): string {
  const hosts = projects.flatMap(({ setup }) => setup?.hosts ?? [])
  return `The set-up reads from ${hosts.join(', ')}: your configuration has to allow it in setup.policy.network.\n`
}

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

/** Adds the data folder to an ignore file; `false` where it is in it. A link is not followed: a repository may have one to a file elsewhere. */
async function ignoreData(path: string): Promise<boolean> {
  const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants
  try {
    await using file = await open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK)
    const text = await file.readFile('utf8')
    if (text.split(/\r?\n/).some((line) => /^\/?\.seamark\/?$/.test(line.trim()))) return false
    await file.appendFile(`${text === '' || text.endsWith('\n') ? '' : '\n'}.seamark/\n`)
    return true
  } catch (error) {
    throw fromSystemError(error, `Adding .seamark/ to ${path}`)
  }
}
