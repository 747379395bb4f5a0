import { randomBytes } from 'node:crypto'
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Terminal } from '@seamark/cli'
import { listens, nodeTerminal, readEnvironment, readServiceFile } from '@seamark/cli'
import type { VerifyReport } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { sandboxAvailable } from '@seamark/server'
import { agentPart, plantKey } from './agent/agent-demo.ts'
import { scriptedModel } from './agent/model.ts'
import type { Model } from './agent/model.ts'
import { small } from './agent/program.ts'
import type { Program } from './agent/program.ts'
import { scriptFor } from './agent/script.ts'
import { commands } from './commands.ts'
import type { Commands } from './commands.ts'
import { exported, verified } from './evidence.ts'
import { isOwnRepository, planFor } from './place.ts'
import { excerpt, statOf } from './stat.ts'
import { flipByte, forge } from './tamper.ts'

const run = 'items'
const items = ['contents', 'inventory', 'licences', 'manifests', 'links', 'integrate']

export interface DemoOptions {
  /** The agent of the second part, which needs a sandbox. Default: a small one of ours, with a scripted model. */
  readonly agent?: Program
  /** Its model; it is told the planted key's path as one word of a line. Default: Anthropic's, with the key in `ANTHROPIC_API_KEY`. */
  readonly model?: (plantedKey: string) => Promise<Model>
}

/**
 * Runs the demo of a checkout; resolves with an exit code: 0 where everything came out as it must. Errors: those of
 * `sandboxAvailable` where an agent is named and there is no sandbox.
 */
export async function demo(root: string, options: DemoOptions = {}): Promise<number> {
  const folder = join(root, '.seamark', 'demo')
  const io = nodeTerminal({ stdout: process.stdout, stderr: process.stderr, noColor: readEnvironment().noColor })
  const { bold, dim, red, green, yellow } = io.style
  const say = (text = '') => io.out(`${text}\n`)
  const shown = (path: string) => relative(root, path)
  const available = await sandboxAvailable()
  if (options.agent !== undefined && !available.ok)
    throw new SeamError(available.problem.code, available.problem.message, { problems: [available.problem] })
  await startAfresh(folder)

  const own = isOwnRepository(root)
  const plan = join(folder, 'plan.yaml')
  writeFileSync(plan, planFor(root, { own, sandbox: available.ok }))
  await say(
    bold(
      `Six items over ${own ? 'this repository' : 'a repository that is shipped as a git bundle'}, ${available.ok ? 'each in its own sandbox' : 'in plain processes'}`,
    ),
  )
  if (!available.ok) {
    await say(yellow(`  Nothing is isolated here: ${available.problem.message}`))
    await say(yellow(`  ${available.problem.remedy ?? ''}`))
  }

  const seamark = commands(root, join(folder, 'data'), io)
  await say(dim(`$ seamark run ${shown(plan)} --id ${run}`))
  const code = await seamark.show('run', plan, '--id', run)
  if (code !== 0) return code

  await say(`\n${bold('What they changed')}, and all of it merged and tested by integrate`)
  for (const item of items) {
    const { files, added, removed } = statOf((await seamark.ask('patch', run, item)).out.toString('utf8'))
    const some = files.slice(0, 2).join(', ')
    await say(
      `  ${item.padEnd(10)} ${String(files.length).padStart(3)} files  ${green(`+${added}`)} ${red(`-${removed}`)}  ${dim(`${some}${files.length > 2 ? ', …' : ''}`)}`,
    )
  }
  const merged = (await seamark.ask('patch', run, 'integrate')).out.toString('utf8')
  for (const line of excerpt(merged, /package\.json$/, 7))
    await say(`    ${line.startsWith('+') ? green(line) : line.startsWith('-') ? red(line) : dim(line)}`)
  const tested = (await seamark.ask('logs', run, 'integrate')).out.toString('utf8')
  await say(
    `  tests of the merged result: ${/^# pass (\d+)$/m.exec(tested)?.[1] ?? '0'} passed, ${/^# fail (\d+)$/m.exec(tested)?.[1] ?? '?'} failed`,
  )

  await say(`\n${bold('Evidence')}, verified against a trust file, then tampered with on copies`)
  const good = join(folder, 'evidence.tar')
  const verdicts = [
    { what: 'as exported', report: await exported(seamark, folder, run, good), wanted: 0 },
    { what: 'one bit flipped', report: await verified(seamark, flipped(good, folder), folder), wanted: 10 },
    await forged(seamark, folder),
  ]
  for (const { what, report } of verdicts) {
    const failed = report.checks.filter(({ status }) => status === 'fail').slice(0, 2)
    const sign = report.exitCode === 0 ? green('✓ verified') : red(`✗ ${report.verdict}`)
    const why = failed.length === 0 ? report.statement : failed.map(({ id, code }) => `${id} ${code ?? ''}`).join(', ')
    await say(`  ${sign}  ${what}: ${why} ${dim(`(exit code ${report.exitCode})`)}`)
  }

  const held = available.ok ? await withAgent(options, { root, folder, seamark, io }) : undefined
  if (!available.ok) {
    await say(
      yellow(`\nLeft out: an agent that works in its sandbox, as there is none. ${available.problem.remedy ?? ''}`),
    )
  }

  const pages = [...(available.ok ? ['agent'] : []), run].map((id, index) => {
    return { id, path: join(folder, index === 0 ? 'report.html' : `report-${id}.html`) }
  })
  for (const { id, path } of pages) {
    const { code: made, err } = await seamark.ask('report', id, '-o', path)
    if (made !== 0) throw new Error(`seamark report failed: ${err}`)
  }
  await say(`\n${bold('Look at it')} in a browser`)
  for (const { id, path } of pages) await say(`  ${shown(path)}  ${dim(`the run ${id}`)}`)

  const base = dim('npm run seamark --')
  await say(`\n${bold('Next')}, with ${dim('SEAMARK_DATA=.seamark/demo/data')}`)
  await say(`  ${base} status ${run}         ${base} patch ${run} integrate`)
  await say(
    `  ${base} logs ${run} contents  ${base} verify ${shown(good)} --trust ${shown(join(folder, 'trust.json'))}`,
  )
  return held !== false && verdicts.every(({ report, wanted }) => report.exitCode === wanted) ? 0 : 1
}

/** The second part, with the model that it is to have. */
async function withAgent(
  { agent, model }: DemoOptions,
  place: { root: string; folder: string; seamark: Commands; io: Terminal },
): Promise<boolean> {
  const planted = plantKey(place.folder)
  const program = agent ?? small
  const started = await (model ?? (agent === undefined ? ownModel : anthropic))(planted.word)
  try {
    return await agentPart({ ...place, program, planted, model: started })
  } finally {
    await started.close()
  }
}

const variable = 'SEAMARK_DEMO_MODEL_KEY'

function ownModel(plantedKey: string): Promise<Model> {
  process.env[variable] = randomBytes(24).toString('base64url')
  return scriptedModel(scriptFor(small, plantedKey), variable)
}

const anthropic = async (): Promise<Model> => ({
  host: 'api.anthropic.com',
  port: 443,
  scripted: false,
  variable: 'ANTHROPIC_API_KEY',
  close: async () => undefined,
})

/** An empty folder. Refuses to take it from a service that runs on it. */
async function startAfresh(folder: string): Promise<void> {
  const service = await readServiceFile(join(folder, 'data'))
  if (service !== undefined && (await listens(service.socket)))
    throw new Error(`A service (process ${service.pid}) is running on ${folder}. Stop it first: kill ${service.pid}`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true, mode: 0o700 })
}

function flipped(tar: string, folder: string): string {
  const copy = join(folder, 'flipped.tar')
  cpSync(tar, copy)
  flipByte(copy)
  return copy
}

async function forged(
  seamark: Commands,
  folder: string,
): Promise<{ what: string; report: VerifyReport; wanted: number }> {
  const copy = join(folder, 'forged')
  await seamark.ask('evidence', 'export', run, '-o', `${copy}/`)
  const edited = await forge(copy)
  const what = `${edited}, tree rebuilt, signed with another key`
  return { what, report: await verified(seamark, copy, folder), wanted: 10 }
}
