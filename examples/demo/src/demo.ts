import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { listens, nodeTerminal, readEnvironment, readServiceFile } from '@seamark/cli'
import type { VerifyReport } from '@seamark/core'
import { sandboxAvailable } from '@seamark/server'
import { commands } from './commands.ts'
import type { Commands } from './commands.ts'
import { isOwnRepository, planFor } from './place.ts'
import { excerpt, statOf } from './stat.ts'
import { flipByte, forge } from './tamper.ts'

const items = ['contents', 'inventory', 'licences', 'manifests', 'links', 'integrate']

/** Runs the demo of a checkout; resolves with an exit code: 0 where everything came out as it must. */
export async function demo(root: string): Promise<number> {
  const folder = join(root, '.seamark', 'demo')
  const io = nodeTerminal({ stdout: process.stdout, stderr: process.stderr, noColor: readEnvironment().noColor })
  const { bold, dim, red, green, yellow } = io.style
  const say = (text = '') => io.out(`${text}\n`)
  const shown = (path: string) => relative(root, path)
  await startAfresh(folder)

  const available = await sandboxAvailable()
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
  await say(dim(`$ seamark run ${shown(plan)}`))
  const code = await seamark.show('run', plan)
  if (code !== 0) return code

  await say(`\n${bold('What they changed')}, and all of it merged and tested by integrate`)
  for (const item of items) {
    const { files, added, removed } = statOf((await seamark.ask('patch', 'last', item)).out.toString('utf8'))
    const some = files.slice(0, 2).join(', ')
    await say(
      `  ${item.padEnd(10)} ${String(files.length).padStart(3)} files  ${green(`+${added}`)} ${red(`-${removed}`)}  ${dim(`${some}${files.length > 2 ? ', …' : ''}`)}`,
    )
  }
  const merged = (await seamark.ask('patch', 'last', 'integrate')).out.toString('utf8')
  for (const line of excerpt(merged, /package\.json$/, 7))
    await say(`    ${line.startsWith('+') ? green(line) : line.startsWith('-') ? red(line) : dim(line)}`)
  const tested = (await seamark.ask('logs', 'last', 'integrate')).out.toString('utf8')
  await say(
    `  tests of the merged result: ${/^# pass (\d+)$/m.exec(tested)?.[1] ?? '0'} passed, ${/^# fail (\d+)$/m.exec(tested)?.[1] ?? '?'} failed`,
  )

  await say(`\n${bold('Evidence')}, verified against a trust file, then tampered with on copies`)
  const good = await evidence(seamark, folder)
  const verdicts = [
    { what: 'as exported', report: await verified(seamark, good, folder), wanted: 0 },
    { what: 'one bit flipped', report: await verified(seamark, flipped(good, folder), folder), wanted: 10 },
    await forged(seamark, folder),
  ]
  for (const { what, report } of verdicts) {
    const failed = report.checks.filter(({ status }) => status === 'fail').slice(0, 2)
    const sign = report.exitCode === 0 ? green('✓ verified') : red(`✗ ${report.verdict}`)
    const why = failed.length === 0 ? report.statement : failed.map(({ id, code }) => `${id} ${code ?? ''}`).join(', ')
    await say(`  ${sign}  ${what}: ${why} ${dim(`(exit code ${report.exitCode})`)}`)
  }

  const base = dim('npm run seamark --')
  await say(`\n${bold('Next')}, with ${dim('SEAMARK_DATA=.seamark/demo/data')}`)
  await say(`  ${base} status last          ${base} patch last integrate`)
  await say(`  ${base} logs last contents   ${base} verify ${shown(good)} --trust ${shown(join(folder, 'trust.json'))}`)
  return verdicts.every(({ report, wanted }) => report.exitCode === wanted) ? 0 : 1
}

/** An empty folder. Refuses to take it from a service that runs on it. */
async function startAfresh(folder: string): Promise<void> {
  const service = await readServiceFile(join(folder, 'data'))
  if (service !== undefined && (await listens(service.socket)))
    throw new Error(`A service (process ${service.pid}) is running on ${folder}. Stop it first: kill ${service.pid}`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true, mode: 0o700 })
}

async function evidence(seamark: Commands, folder: string): Promise<string> {
  const tar = join(folder, 'evidence.tar')
  for (const argv of [
    ['keys', 'export', '-o', join(folder, 'trust.json')],
    ['evidence', 'export', 'last', '-o', tar],
  ]) {
    const { code, err } = await seamark.ask(...argv)
    if (code !== 0) throw new Error(`seamark ${argv.join(' ')} failed: ${err}`)
  }
  return tar
}

async function verified(seamark: Commands, bundle: string, folder: string): Promise<VerifyReport> {
  const { out } = await seamark.ask('verify', bundle, '--trust', join(folder, 'trust.json'), '--json')
  const report: unknown = JSON.parse(out.toString('utf8'))
  if (!isReport(report)) throw new Error('seamark verify --json did not write a report.')
  return report
}

function isReport(value: unknown): value is VerifyReport {
  return typeof value === 'object' && value !== null && 'verdict' in value && 'checks' in value && 'exitCode' in value
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
  await seamark.ask('evidence', 'export', 'last', '-o', `${copy}/`)
  const edited = await forge(copy)
  const what = `${edited}, tree rebuilt, signed with another key`
  return { what, report: await verified(seamark, copy, folder), wanted: 10 }
}
